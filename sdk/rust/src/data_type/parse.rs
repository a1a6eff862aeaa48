use super::{DataType, TimeUnit, UNITS, WORDS};
use crate::{Fault, Result, Value};

impl std::str::FromStr for DataType {
    type Err = Fault;

    /// Reads the contract's words; anything else is [`Fault::Params`], and says from where on.
    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { rest: text };
        let data_type = parser.data_type(0).filter(|_| parser.rest.trim_ascii().is_empty());
        data_type.ok_or_else(|| Fault::params(format!("`{text}` is no type (read up to `{}`)", parser.rest)))
    }
}

/// Deeper nesting than this is refused: the parser calls itself.
const DEPTH: usize = 64;

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self, depth: usize) -> Option<DataType> {
        let word = self.word()?;
        if let Some((_, simple)) = WORDS.iter().find(|(name, _)| *name == word) {
            return Some(simple.clone());
        }
        self.mark('<').filter(|_| depth < DEPTH)?;
        let data_type = self.parts(word, depth + 1)?;
        self.mark('>').map(|_| data_type)
    }

    /// What stands between `<` and `>`.
    fn parts(&mut self, word: &str, depth: usize) -> Option<DataType> {
        Some(match word {
            "fixed-size-binary" => DataType::FixedSizeBinary(self.number()?),
            "time32" => DataType::Time32(self.unit(&UNITS[..2])?),
            "time64" => DataType::Time64(self.unit(&UNITS[2..])?),
            "timestamp" => DataType::Timestamp(self.unit(&UNITS)?, self.zone()?),
            "duration" => DataType::Duration(self.unit(&UNITS)?),
            "decimal128" => DataType::Decimal128(self.number()?, self.after_comma(|parser| parser.number())?),
            "list" => DataType::List(self.boxed(depth)?),
            "large-list" => DataType::LargeList(self.boxed(depth)?),
            "fixed-size-list" => {
                DataType::FixedSizeList(self.boxed(depth)?, self.after_comma(|parser| parser.number())?)
            }
            "struct" => DataType::Struct(self.members(depth)?),
            "dictionary" => DataType::Dictionary(self.key(depth)?, self.after_comma(|parser| parser.boxed(depth))?),
            _ => return None,
        })
    }

    fn boxed(&mut self, depth: usize) -> Option<Box<DataType>> {
        self.data_type(depth).map(Box::new)
    }

    fn key(&mut self, depth: usize) -> Option<Box<DataType>> {
        self.boxed(depth).filter(|key| key.is_integer())
    }

    fn members(&mut self, depth: usize) -> Option<Vec<(String, DataType)>> {
        let mut members = Vec::new();
        while !self.rest.trim_ascii_start().starts_with('>') {
            if !members.is_empty() {
                self.mark(',')?;
            }
            let name = self.name()?;
            self.mark(':')?;
            members.push((name, self.data_type(depth)?));
        }
        Some(members)
    }

    fn name(&mut self) -> Option<String> {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.starts_with('"') {
            true => self.quoted_name(),
            false => self.word().map(str::to_owned),
        }
    }

    fn quoted_name(&mut self) -> Option<String> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        let name = self.cut(end.0 + 1)?;
        Value::parse(name).ok()?.as_str().map(str::to_owned)
    }

    /// `, zone` or nothing.
    fn zone(&mut self) -> Option<Option<String>> {
        if self.mark(',').is_none() {
            return Some(None);
        }
        let end = self.rest.find('>')?;
        let zone = self.cut(end)?;
        Some(Some(zone.trim_ascii().to_owned()).filter(|zone| !zone.is_empty()))
    }

    fn unit(&mut self, allowed: &[(&str, TimeUnit)]) -> Option<TimeUnit> {
        let word = self.word()?;
        allowed.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit)
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.word()?.parse().ok()
    }

    fn after_comma<T>(&mut self, part: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.mark(',')?;
        part(self)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_ascii_start();
        let end = self.rest.find(is_mark).unwrap_or(self.rest.len());
        self.cut(end).filter(|word| !word.is_empty())
    }

    /// The next so many bytes, which end between characters.
    fn cut(&mut self, end: usize) -> Option<&'a str> {
        let (cut, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(cut)
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.trim_ascii_start().strip_prefix(mark)?;
        Some(())
    }
}

/// What ends a word. More words are read than written: names in letters of any script need no quotes here.
fn is_mark(c: char) -> bool {
    matches!(c, '<' | '>' | ',' | ':' | '"') || c.is_ascii_whitespace()
}
