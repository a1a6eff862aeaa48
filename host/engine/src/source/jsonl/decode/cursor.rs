//! A place in JSON lines, and the reading of single tokens from there.

use std::str::from_utf8;

use super::super::columns::Columns;
use super::super::scan::plain;
use crate::error::SourceError;
use crate::source::pieces::Piece;

/// A place in the bytes of a piece.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What is wrong, and where in the piece.
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) column: Option<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    /// Names the column, where it is not named yet.
    pub(super) fn in_column(mut self, column: usize) -> Self {
        self.column.get_or_insert(column);
        self
    }

    /// The error, with file, line and column.
    pub(super) fn at(self, columns: &Columns, piece: &Piece) -> SourceError {
        let start = memchr::memrchr(b'\n', &piece.bytes[..self.at]).map_or(0, |at| at + 1);
        let column = match self.column {
            Some(column) => format!("`{}`", columns.columns[column].field.name()),
            None => (self.at - start + 1).to_string(),
        };
        SourceError {
            path: piece.path.to_path_buf(),
            line: Some(piece.line_at(self.at)),
            column: Some(column),
            message: self.message,
            help: self.help,
        }
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The byte here; a newline at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(b'\n')
    }

    /// Takes `byte`, and spaces before it, if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        if self.peek() != byte {
            self.skip_spaces();
            if self.peek() != byte || self.at == self.bytes.len() {
                return false;
            }
        }
        self.at += 1;
        true
    }

    /// Takes `bytes`, without spaces before them, if they are next.
    #[inline]
    pub(super) fn take_bytes(&mut self, bytes: &[u8]) -> bool {
        let next = self.bytes[self.at..].starts_with(bytes);
        self.at += if next { bytes.len() } else { 0 };
        next
    }

    #[inline]
    fn skip_spaces(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    /// Goes to the next row's first byte, over blank lines; false at the end.
    pub(super) fn skip_to_row(&mut self) -> bool {
        while self.at < self.bytes.len() && matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.at < self.bytes.len()
    }

    pub(super) fn open_object(&mut self) -> Result<(), Fault> {
        if self.take(b'{') {
            self.skip_spaces();
            return Ok(());
        }
        let help = match self.peek() {
            b'[' => "a file that is one JSON array becomes JSON lines by `jq -c '.[]'`",
            _ => "JSON lines have one object per line, such as {\"text\": \"...\"}",
        };
        Err(self.fault("the row is not an object", Some(help)))
    }

    pub(super) fn colon(&mut self) -> Result<(), Fault> {
        if !self.take(b':') {
            return Err(self.syntax("a colon after the key"));
        }
        self.skip_spaces();
        Ok(())
    }

    /// After a value: whether another key follows.
    #[inline]
    pub(super) fn more(&mut self) -> Result<bool, Fault> {
        if self.take(b',') {
            self.skip_spaces();
            return Ok(true);
        }
        match self.take(b'}') {
            true => Ok(false),
            false => Err(self.syntax("a comma or the end of the object")),
        }
    }

    pub(super) fn end_row(&mut self) -> Result<(), Fault> {
        self.skip_spaces();
        match self.peek() {
            b'\n' => Ok(()),
            _ => Err(self.fault("more after the end of the row's object", Some("a line holds one row"))),
        }
    }

    /// Appends the string here, unescaped.
    #[inline]
    pub(super) fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.peek() != b'"' {
            return Err(self.unfit("a string", "utf8"));
        }
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let length = plain(rest);
            out.extend_from_slice(&rest[..length]);
            self.at += length;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape(out)?,
                b'\n' => {
                    return Err(
                        self.fault("the line ends within a string", Some("a newline in a string is written \\n"))
                    );
                }
                byte => {
                    return Err(
                        self.fault(format!("control character {byte:#04x} in a string"), Some("escape it as \\u00XX"))
                    );
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let byte = match self.bytes.get(self.at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'u') => return self.unicode(out),
            _ => return Err(self.fault("no such escape in JSON", Some("a backslash in a string is written \\\\"))),
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let (mut code, mut length) = (self.hex(self.at), 6);
        if let (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) = (code, self.hex(self.at + 6)) {
            (code, length) = (Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 12);
        }
        let Some(code) = code else { return Err(self.fault("\\u without four hexadecimal digits", None)) };
        let Some(character) = char::from_u32(code) else {
            return Err(self.fault(format!("\\u{code:04x} is half of a surrogate pair, not a character"), None));
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += length;
        Ok(())
    }

    /// The number in `\uXXXX` at `at`.
    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |number, &digit| Some(number << 4 | char::from(digit).to_digit(16)?))
    }

    #[inline]
    pub(super) fn int(&mut self) -> Result<i64, Fault> {
        let negative = self.peek() == b'-';
        let first = self.at + usize::from(negative);
        let mut end = first;
        let mut number = Some(0_i64);
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(end) {
            let digit = i64::from(digit - b'0');
            number = number
                .and_then(|n| n.checked_mul(10))
                .and_then(|n| if negative { n.checked_sub(digit) } else { n.checked_add(digit) });
            end += 1;
        }
        let leading_zero = self.bytes[first..end].starts_with(b"0") && end - first > 1;
        let ends = !matches!(self.bytes.get(end), Some(b'.' | b'e' | b'E'));
        match number {
            Some(number) if end > first && !leading_zero && ends => {
                self.at = end;
                Ok(number)
            }
            _ => Err(self.unfit("an integer of 64 bits", "int64")),
        }
    }

    pub(super) fn float(&mut self) -> Result<f64, Fault> {
        let number = self.number();
        let parsed = from_utf8(number).ok().and_then(|text| text.parse::<f64>().ok());
        match parsed {
            Some(parsed) if parsed.is_finite() && is_number(number) => {
                self.at += number.len();
                Ok(parsed)
            }
            _ => Err(self.unfit("a number", "float64")),
        }
    }

    fn number(&self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        &rest[..length.unwrap_or(rest.len())]
    }

    pub(super) fn bool(&mut self) -> Result<bool, Fault> {
        if self.take_bytes(b"true") {
            return Ok(true);
        }
        match self.take_bytes(b"false") {
            true => Ok(false),
            false => Err(self.unfit("true or false", "bool")),
        }
    }

    /// Takes a value whatever it is; its JSON text. Only brackets and strings are looked at.
    pub(super) fn raw(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => self.skip_string()?,
                b'{' | b'[' => (depth, self.at) = (depth + 1, self.at + 1),
                b'}' | b']' if depth > 0 => (depth, self.at) = (depth - 1, self.at + 1),
                b'\n' if depth > 0 => {
                    return Err(self.fault("the line ends within a value", Some("a row stands on one line")));
                }
                b'}' | b']' | b',' | b'\n' | b' ' | b'\t' | b'\r' if depth == 0 => break,
                _ => self.at += 1,
            }
        }
        match self.at == start {
            true => Err(self.syntax("a value")),
            false => Ok(&self.bytes[start..self.at]),
        }
    }

    /// As [`Self::raw`], and sure to be valid JSON.
    pub(super) fn json(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        let json = self.raw()?;
        match serde_json::from_slice::<serde::de::IgnoredAny>(json) {
            Ok(_) => Ok(json),
            Err(error) => Err(Fault { at: start, ..self.fault(format!("not valid JSON: {error}"), None) }),
        }
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.peek() {
                b'"' => break,
                b'\\' if self.bytes.get(self.at + 1).is_some_and(|&byte| byte != b'\n') => self.at += 2,
                _ => return Err(self.fault("a string that does not end, or has a control character", None)),
            }
        }
        self.at += 1;
        Ok(())
    }

    pub(super) fn fault(&self, message: impl Into<String>, help: Option<&str>) -> Fault {
        Fault { at: self.at, column: None, message: message.into(), help: help.map(Into::into) }
    }

    fn syntax(&self, wanted: &str) -> Fault {
        let found = match self.bytes.get(self.at) {
            None | Some(b'\n') => "the end of the line".into(),
            Some(byte) => format!("`{}`", byte.escape_ascii()),
        };
        self.fault(format!("not valid JSON: {wanted} is missing before {found}"), None)
    }

    /// A value that is not what the column takes.
    fn unfit(&self, wanted: &str, data_type: &str) -> Fault {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b'\n')).unwrap_or(rest.len());
        let shown = String::from_utf8_lossy(&rest[..end.min(40)]);
        self.fault(
            format!("{shown} is not {wanted}"),
            Some(&format!(
                "the column is {data_type}; name another type in the source's `types`, or raise `sample-rows`"
            )),
        )
    }
}

/// Whether `text`, which parses as a float, is also a number of JSON: no `+1`, `01`, `.5` or `1.`.
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = digits[whole..].strip_prefix(b".");
    whole > 0
        && (whole == 1 || digits[0] != b'0')
        && fraction.is_none_or(|after| after.first().is_some_and(u8::is_ascii_digit))
}
