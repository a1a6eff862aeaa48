//! Arrow types in the contract's words: `utf8`, `list<int64>`, `struct<role: utf8, content: utf8>`; grammar in
//! `sdk/wit/v0.1/step.wit`.

use std::sync::Arc;

use arrow_array::timezone::Tz;
use arrow_schema::{DataType, Field, Fields, TimeUnit};

/// Nesting deeper than this is refused: it would serve nobody, and recursion over it costs stack.
const MAX_DEPTH: usize = 32;

/// Types that are one word on both sides.
const PLAIN: &[(&str, DataType)] = &[
    ("null", DataType::Null),
    ("bool", DataType::Boolean),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float16", DataType::Float16),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("utf8", DataType::Utf8),
    ("large-utf8", DataType::LargeUtf8),
    ("utf8-view", DataType::Utf8View),
    ("binary", DataType::Binary),
    ("large-binary", DataType::LargeBinary),
    ("binary-view", DataType::BinaryView),
    ("date32", DataType::Date32),
    ("date64", DataType::Date64),
];

/// The type in words; `None` for the few that do not cross (maps, unions, run-end encoding, list views,
/// intervals, dictionaries of dictionaries).
pub(crate) fn to_text(data_type: &DataType) -> Option<String> {
    if let Some((word, _)) = PLAIN.iter().find(|(_, plain)| plain == data_type) {
        return Some((*word).to_owned());
    }
    Some(match data_type {
        DataType::FixedSizeBinary(size) if *size > 0 => format!("fixed-size-binary<{size}>"),
        DataType::Time32(unit) => format!("time32<{}>", unit_text(unit)),
        DataType::Time64(unit) => format!("time64<{}>", unit_text(unit)),
        DataType::Duration(unit) => format!("duration<{}>", unit_text(unit)),
        DataType::Timestamp(unit, None) => format!("timestamp<{}>", unit_text(unit)),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp<{}, {zone}>", unit_text(unit)),
        DataType::Decimal128(precision, scale) => format!("decimal128<{precision}, {scale}>"),
        DataType::List(item) => format!("list<{}>", to_text(item.data_type())?),
        DataType::LargeList(item) => format!("large-list<{}>", to_text(item.data_type())?),
        DataType::FixedSizeList(item, size) => format!("fixed-size-list<{}, {size}>", to_text(item.data_type())?),
        DataType::Dictionary(key, value) if !is_dictionary(value) => {
            format!("dictionary<{}, {}>", to_text(key)?, to_text(value)?)
        }
        DataType::Struct(fields) => {
            let members: Option<Vec<String>> = fields
                .iter()
                .map(|field| Some(format!("{}: {}", member_name(field.name()), to_text(field.data_type())?)))
                .collect();
            format!("struct<{}>", members?.join(", "))
        }
        _ => return None,
    })
}

/// The type that the words name. Everything nested is nullable.
///
/// # Errors
/// Says what was not understood, and where.
pub(crate) fn parse(text: &str) -> Result<DataType, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let data_type = parser.data_type()?;
    match parser.rest.trim() {
        "" => Ok(data_type),
        rest => Err(format!("`{rest}` after the end of the type `{text}`")),
    }
}

/// The first word of a type: `list` of `list<utf8>`.
pub(crate) fn head(text: &str) -> &str {
    text.split('<').next().unwrap_or(text).trim()
}

/// Arrow IPC, in which rows wait and results are kept, has no dictionary of dictionaries.
fn is_dictionary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Dictionary(..))
}

fn unit_text(unit: &TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn member_name(name: &str) -> String {
    if is_plain_name(name) { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self) -> Result<DataType, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("a type is nested more than {MAX_DEPTH} deep"));
        }
        let word = self.word();
        let data_type = if self.take('<') { self.with_arguments(word)? } else { plain(word)? };
        self.depth -= 1;
        Ok(data_type)
    }

    fn with_arguments(&mut self, word: &str) -> Result<DataType, String> {
        let data_type = match word {
            "list" => DataType::List(self.item()?),
            "large-list" => DataType::LargeList(self.item()?),
            "fixed-size-list" => {
                let item = self.item()?;
                self.expect(',')?;
                DataType::FixedSizeList(item, self.number()?)
            }
            // Parquet's and other writers divide by it.
            "fixed-size-binary" => match self.number()? {
                0 => return Err("`fixed-size-binary<0>`: the size is 1 at least".to_owned()),
                size => DataType::FixedSizeBinary(size),
            },
            "dictionary" => self.dictionary()?,
            "struct" => DataType::Struct(self.members()?),
            "decimal128" => self.decimal()?,
            "timestamp" => {
                let unit = self.unit()?;
                let zone = if self.take(',') { Some(self.zone()?) } else { None };
                DataType::Timestamp(unit, zone)
            }
            "duration" => DataType::Duration(self.unit()?),
            "time32" => match self.unit()? {
                unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
                _ => return Err("`time32` counts in `s` or `ms`".to_owned()),
            },
            "time64" => match self.unit()? {
                unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond) => DataType::Time64(unit),
                _ => return Err("`time64` counts in `us` or `ns`".to_owned()),
            },
            _ => return Err(format!("`{word}<` is not the beginning of a column type")),
        };
        self.expect('>')?;
        Ok(data_type)
    }

    fn item(&mut self) -> Result<Arc<Field>, String> {
        Ok(Arc::new(Field::new_list_field(self.data_type()?, true)))
    }

    fn dictionary(&mut self) -> Result<DataType, String> {
        let key = self.data_type()?;
        if !key.is_dictionary_key_type() {
            return Err("a dictionary's keys are integers".to_owned());
        }
        self.expect(',')?;
        let value = self.data_type()?;
        match is_dictionary(&value) {
            true => Err("a dictionary's values are no dictionary".to_owned()),
            false => Ok(DataType::Dictionary(Box::new(key), Box::new(value))),
        }
    }

    fn decimal(&mut self) -> Result<DataType, String> {
        let precision: i32 = self.number()?;
        self.expect(',')?;
        let scale: i32 = self.signed()?;
        match (u8::try_from(precision), i8::try_from(scale)) {
            (Ok(precision @ 1..=38), Ok(scale @ -38..=38)) if i32::from(scale) <= i32::from(precision) => {
                Ok(DataType::Decimal128(precision, scale))
            }
            _ => Err(format!("`decimal128<{precision}, {scale}>`: the precision is 1 to 38, the scale at most that")),
        }
    }

    fn members(&mut self) -> Result<Fields, String> {
        let mut members = Vec::new();
        if self.rest.trim_start().starts_with('>') {
            return Ok(Fields::empty());
        }
        loop {
            let name = self.name()?;
            self.expect(':')?;
            members.push(Field::new(name, self.data_type()?, true));
            if !self.take(',') {
                return Ok(members.into());
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with('"') {
            return match self.word() {
                "" => Err(format!("a member's name is missing before `{}`", self.rest)),
                word => Ok(word.to_owned()),
            };
        }
        let mut strings = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let name = strings.next().and_then(Result::ok).ok_or("a member's quoted name does not end")?;
        self.rest = self.rest.get(strings.byte_offset()..).unwrap_or_default();
        Ok(name)
    }

    fn unit(&mut self) -> Result<TimeUnit, String> {
        match self.word() {
            "s" => Ok(TimeUnit::Second),
            "ms" => Ok(TimeUnit::Millisecond),
            "us" => Ok(TimeUnit::Microsecond),
            "ns" => Ok(TimeUnit::Nanosecond),
            word => Err(format!("`{word}` is not a unit of time: `s`, `ms`, `us` or `ns`")),
        }
    }

    fn number(&mut self) -> Result<i32, String> {
        let number = self.signed()?;
        if number < 0 { Err(format!("{number} is not a size")) } else { Ok(number) }
    }

    fn signed(&mut self) -> Result<i32, String> {
        let word = self.word();
        word.parse().map_err(|_| format!("`{word}` is not a number"))
    }

    fn until(&mut self, end: char) -> Result<&'a str, String> {
        let at = self.rest.find(end).ok_or_else(|| format!("`{end}` is missing"))?;
        let (text, rest) = self.rest.split_at(at);
        self.rest = rest;
        Ok(text.trim())
    }

    /// One that the host knows too: or its values could not be written as text.
    fn zone(&mut self) -> Result<Arc<str>, String> {
        let zone = self.until('>')?;
        zone.parse::<Tz>().map_err(|_| format!("`{zone}` is not a time zone"))?;
        Ok(Arc::from(zone))
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.trim_start();
        if let Some(rest) = rest.strip_prefix(wanted) {
            self.rest = rest;
            return true;
        }
        false
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(format!("`{wanted}` is missing before `{}`", self.rest)) }
    }
}

fn plain(word: &str) -> Result<DataType, String> {
    PLAIN
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, data_type)| data_type.clone())
        .ok_or_else(|| format!("`{word}` is not a column type"))
}

#[cfg(test)]
mod tests {
    use super::{parse, to_text};

    #[test]
    fn words_and_types_round_trip() {
        for text in [
            "bool",
            "uint64",
            "utf8-view",
            "fixed-size-binary<16>",
            "timestamp<us>",
            "timestamp<ns, Europe/Berlin>",
            "decimal128<38, -3>",
            "list<list<utf8>>",
            "fixed-size-list<float32, 768>",
            "struct<role: utf8, content: list<int8>>",
            "struct<\"a \\\"b\\\", <c>\": utf8>",
            "struct<>",
            "dictionary<int32, utf8>",
        ] {
            let data_type = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(to_text(&data_type).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_not_a_type_is_refused() {
        let deep = "list<".repeat(100_000);
        for text in [
            "",
            "text",
            "list",
            "list<",
            "list<utf8",
            "utf8>",
            "decimal128<39, 1>",
            "fixed-size-list<utf8, -1>",
            "struct<a utf8>",
            "struct<\"a: utf8>",
            "dictionary<utf8, utf8>",
            "dictionary<int8, dictionary<int8, utf8>>",
            "fixed-size-binary<0>",
            "time32<ns>",
            "timestamp<h>",
            "timestamp<us, Nowhere/At All>",
            "fixed-size-binary<99999999999>",
            &deep,
        ] {
            assert!(parse(text).is_err(), "{}", &text[..text.len().min(40)]);
        }
    }
}
