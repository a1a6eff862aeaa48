use crate::{Fault, Result};

/// Any JSON. Numbers stay as they are written, so that none loses a digit before its type is known.
///
/// A reader of our own: with `serde_json` and the map that it needs a trivial component is 35 kB larger, for the few
/// parameters that it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Value>),
    /// In the order in which it is written.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads JSON. [`Fault::Params`] says at which byte it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let value = reader.value(0).filter(|_| reader.peek().is_none());
        value.ok_or_else(|| Fault::params(format!("no JSON at byte {}", reader.at)))
    }

    /// The text, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A member, where it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        write(self, &mut out);
        f.write_str(&out)
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::String(text) => super::quote(text, out),
        Value::Array(items) => super::list(items, out, write),
        Value::Object(members) => {
            let mut object = super::Object::new();
            members.iter().for_each(|(name, value)| object.raw(name, &value.to_string()));
            out.push_str(&object.finish());
        }
    }
}

/// Deeper nesting than this is refused: the reader calls itself.
const DEPTH: usize = 128;

/// Its parts answer none where the text is not what they read.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek().filter(|_| depth < DEPTH)? {
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'"' => self.string().map(Value::String),
            b'[' => self.array(depth + 1),
            b'{' => self.object(depth + 1),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        let found = self.text.get(self.at..)?.starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found.then_some(value)
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.items(b'[', b']', |reader| {
            items.push(reader.value(depth)?);
            Some(())
        })?;
        Some(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Vec::new();
        self.items(b'{', b'}', |reader| {
            let name = reader.string()?;
            reader.mark(b':')?;
            members.push((name, reader.value(depth)?));
            Some(())
        })?;
        Some(Value::Object(members))
    }

    /// What stands between two marks, parted by commas.
    fn items(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.mark(open)?;
        if self.mark(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.mark(close).is_some() {
                return Some(());
            }
            self.mark(b',')?;
        }
    }

    /// Digits with at most one sign, point and exponent, as JSON orders them.
    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        self.skip(|byte| byte == b'-', 1);
        let leading_zero = self.text.get(self.at) == Some(&b'0');
        let digits = self.digits()?;
        if self.skip(|byte| byte == b'.', 1) > 0 {
            self.digits()?;
        }
        if self.skip(|byte| matches!(byte, b'e' | b'E'), 1) > 0 {
            self.skip(|byte| matches!(byte, b'+' | b'-'), 1);
            self.digits()?;
        }
        let text = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        (digits == 1 || !leading_zero).then(|| Value::Number(text.to_owned()))
    }

    fn digits(&mut self) -> Option<usize> {
        Some(self.skip(|byte| byte.is_ascii_digit(), usize::MAX)).filter(|&digits| digits > 0)
    }

    fn string(&mut self) -> Option<String> {
        self.mark(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => {
                    let c = self.escape()?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte if byte < b' ' => return None,
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.code_point(),
            byte @ (b'"' | b'\\' | b'/') => byte as char,
            _ => return None,
        })
    }

    /// Four hexadecimal digits, or twice four where the first are half of a character.
    fn code_point(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let second = (self.next()? == b'\\' && self.next()? == b'u').then(|| self.hex())??;
        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |code, _| Some(code * 16 + (self.next()? as char).to_digit(16)?))
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// The byte behind white space.
    fn peek(&mut self) -> Option<u8> {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'), usize::MAX);
        self.text.get(self.at).copied()
    }

    fn mark(&mut self, mark: u8) -> Option<()> {
        let found = self.peek() == Some(mark);
        self.at += usize::from(found);
        found.then_some(())
    }

    /// Passes over bytes, at most so many; says how many.
    fn skip(&mut self, is: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.text[self.at..].iter().take(most).take_while(|&&byte| is(byte)).count();
        self.at += count;
        count
    }
}
