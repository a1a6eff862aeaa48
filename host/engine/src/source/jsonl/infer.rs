//! Which columns JSON lines have, from a sample of them.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};
use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::SourceError;
use crate::source::pieces::Piece;
use crate::source::{NOT_UTF8, SourceOptions};

/// The rows looked at so far.
pub(super) struct Sample<'o> {
    types: &'o IndexMap<String, DataType>,
    shapes: IndexMap<String, Shape>,
    rows: usize,
    wanted: usize,
}

/// What a value, or several of one column, look like.
#[derive(Debug, Clone, Default, PartialEq)]
enum Shape {
    #[default]
    Null,
    Bool,
    /// Whether one is negative, and whether one is over what `int64` holds.
    Int {
        negative: bool,
        large: bool,
    },
    Float,
    Text,
    List(Box<Shape>),
    Object(IndexMap<String, Shape>),
}

impl<'o> Sample<'o> {
    pub(super) fn new(options: &'o SourceOptions) -> Self {
        Self { types: &options.types, shapes: IndexMap::new(), rows: 0, wanted: options.sample_rows.max(1) }
    }

    /// Whether enough rows were seen.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.wanted
    }

    /// Looks at the rows of `piece`, or as many as are wanted.
    pub(super) fn add(&mut self, piece: &Piece) -> Result<(), SourceError> {
        for (line, row) in (piece.first_line..).zip(piece.bytes.split(|&byte| byte == b'\n')) {
            if self.is_full() {
                break;
            }
            if row.trim_ascii().is_empty() {
                continue;
            }
            self.row(row).map_err(|error| at(piece, line, error))?;
            self.rows += 1;
        }
        Ok(())
    }

    fn row(&mut self, row: &[u8]) -> Result<(), Wrong> {
        if row.trim_ascii_start()[0] != b'{' {
            return Err(Wrong::not_an_object(row));
        }
        if let Err(error) = std::str::from_utf8(row) {
            return Err(Wrong::not_utf8(error.valid_up_to()));
        }
        let mut conflict = None;
        let mut reader = serde_json::Deserializer::from_slice(row);
        let read =
            Row { types: self.types, shapes: &mut self.shapes, conflict: &mut conflict }.deserialize(&mut reader);
        if let Some((column, kinds)) = conflict {
            return Err(Wrong::conflict(column, &kinds));
        }
        read.and_then(|()| reader.end()).map_err(|error| Wrong::syntax(&error))
    }

    /// The columns: those of the sample in the order of first appearance, then those that only `types` names.
    pub(super) fn fields(self) -> Fields {
        let types = self.types;
        let mut shapes = self.shapes;
        for name in types.keys() {
            shapes.entry(name.clone()).or_default();
        }
        let field = |(name, shape): (String, Shape)| {
            let data_type = types.get(&name).cloned().unwrap_or_else(|| shape.data_type());
            Field::new(name, data_type, true)
        };
        shapes.into_iter().map(field).collect()
    }
}

impl Shape {
    fn data_type(&self) -> DataType {
        match self {
            Self::Null | Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int { large: false, .. } => DataType::Int64,
            Self::Int { large: true, .. } => DataType::UInt64,
            Self::Float => DataType::Float64,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(), true))),
            Self::Object(keys) => {
                DataType::Struct(keys.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect())
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Int { large: true, .. } => "integers over 2^63",
            Self::Int { .. } => "integers",
            Self::Float => "numbers",
            Self::Text => "strings",
            Self::List(_) => "arrays",
            Self::Object(_) => "objects",
        }
    }

    /// Widens `self` to take `other` too; the names of the two where nothing takes both.
    fn merge(&mut self, other: Self) -> Result<(), [&'static str; 2]> {
        let names = [self.name(), other.name()];
        match (&mut *self, other) {
            (_, Self::Null) => {}
            (this @ Self::Null, other) => *this = other,
            (Self::Int { negative, large }, Self::Int { negative: n, large: l }) => {
                (*negative, *large) = (*negative || n, *large || l);
                if *negative && *large {
                    return Err(["negative integers", "integers over 2^63"]);
                }
            }
            (this @ (Self::Int { .. } | Self::Float), Self::Int { .. } | Self::Float) => *this = Self::Float,
            (Self::List(item), Self::List(other)) => item.merge(*other)?,
            (Self::Object(keys), Self::Object(others)) => {
                for (name, shape) in others {
                    keys.entry(name).or_default().merge(shape)?;
                }
            }
            (this, other) if *this == other => {}
            _ => return Err(names),
        }
        Ok(())
    }
}

/// Reads one row into the columns' shapes.
struct Row<'a> {
    types: &'a IndexMap<String, DataType>,
    shapes: &'a mut IndexMap<String, Shape>,
    conflict: &'a mut Option<(String, [&'static str; 2])>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.types.contains_key(&name) {
                map.next_value::<IgnoredAny>()?;
                self.shapes.entry(name).or_default();
                continue;
            }
            let shape = map.next_value_seed(Value)?;
            if let Err(kinds) = self.shapes.entry(name.clone()).or_default().merge(shape) {
                *self.conflict = Some((name, kinds));
                return Err(A::Error::custom("conflict"));
            }
        }
        Ok(())
    }
}

/// Reads one value for its shape.
struct Value;

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Shape, E> {
        Ok(Shape::Int { negative: number < 0, large: false })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Shape, E> {
        Ok(Shape::Int { negative: false, large: i64::try_from(number).is_err() })
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Float)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut all = Shape::Null;
        while let Some(item) = items.next_element_seed(Value)? {
            all.merge(item).map_err(|[a, b]| A::Error::custom(format!("an array of both {a} and {b}")))?;
        }
        Ok(Shape::List(Box::new(all)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut keys = IndexMap::new();
        while let Some(name) = map.next_key::<String>()? {
            keys.insert(name, map.next_value_seed(Value)?);
        }
        Ok(Shape::Object(keys))
    }
}

/// What is wrong with a row of the sample.
struct Wrong {
    column: Option<String>,
    message: String,
    help: Option<String>,
}

impl Wrong {
    fn not_an_object(row: &[u8]) -> Self {
        let help = match row.trim_ascii_start().first() {
            Some(b'[') => "a file that is one JSON array becomes JSON lines by `jq -c '.[]'`",
            _ => "JSON lines have one object per line, such as {\"text\": \"...\"}",
        };
        Self { column: None, message: "the row is not an object".into(), help: Some(help.into()) }
    }

    fn not_utf8(at: usize) -> Self {
        Self {
            column: None,
            message: format!("invalid UTF-8 at byte {} of the line", at + 1),
            help: Some(NOT_UTF8.into()),
        }
    }

    fn conflict(column: String, [a, b]: &[&str; 2]) -> Self {
        let help = format!("`types: {{ {column}: utf8 }}` takes every value as its text");
        Self {
            message: format!("the column has both {a} and {b}"),
            column: Some(format!("`{column}`")),
            help: Some(help),
        }
    }

    fn syntax(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
        Self { column: Some(error.column().to_string()), message: format!("not valid JSON: {message}"), help: None }
    }
}

fn at(piece: &Piece, line: u64, wrong: Wrong) -> SourceError {
    let Wrong { column, message, help } = wrong;
    SourceError { path: piece.path.to_path_buf(), line: Some(line), column, message, help }
}
