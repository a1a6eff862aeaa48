//! Which types CSV columns have, from a sample of the rows.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use indexmap::IndexMap;

use super::records::{Dialect, Record, Records, wrong};
use crate::error::SourceError;
use crate::source::SourceOptions;
use crate::source::pieces::Piece;

/// The rows looked at so far.
pub(super) struct Sample<'o> {
    options: &'o SourceOptions,
    dialect: Dialect,
    columns: IndexMap<String, Kind>,
    /// The columns of the file at hand, as places in `columns`.
    places: Vec<usize>,
    file: Option<usize>,
    rows: usize,
}

/// What all values of a column so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
}

impl<'o> Sample<'o> {
    pub(super) fn new(options: &'o SourceOptions) -> Self {
        Self {
            options,
            dialect: Dialect::new(options),
            columns: IndexMap::new(),
            places: Vec::new(),
            file: None,
            rows: 0,
        }
    }

    /// Whether enough rows were seen.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.options.sample_rows.max(1)
    }

    /// Looks at the rows of `piece`, or as many as are wanted.
    pub(super) fn add(&mut self, piece: &Piece) -> Result<(), SourceError> {
        for record in Records::new(&piece.bytes, self.dialect.delimiter) {
            if self.file != Some(piece.file) {
                self.begin(piece, &record)?;
                if self.dialect.header {
                    continue;
                }
            }
            if self.is_full() {
                break;
            }
            if record.len() != self.places.len() {
                return Err(wrong_count(piece, &record, self.places.len()));
            }
            for (&place, field) in self.places.iter().zip(record.fields()) {
                self.columns[place] = self.columns[place].and(Kind::of(field));
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn begin(&mut self, piece: &Piece, first: &Record) -> Result<(), SourceError> {
        self.file = Some(piece.file);
        self.places.clear();
        for name in first.names(piece, self.dialect.header)? {
            let entry = self.columns.entry(name);
            self.places.push(entry.index());
            entry.or_insert(Kind::Null);
        }
        Ok(())
    }

    /// The columns of all files of the sample, then those that only `types` names.
    pub(super) fn schema(mut self) -> Result<SchemaRef, SourceError> {
        let types = &self.options.types;
        for (name, data_type) in types {
            if data_type.is_nested()
                || matches!(data_type, DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary)
            {
                let column = Some(format!("`{name}`"));
                let error = SourceError::new(&*self.options.paths[0], format!("CSV cannot be read as {data_type}"));
                return Err(SourceError {
                    column,
                    help: Some("read it as utf8 and turn it in a step".into()),
                    ..error
                });
            }
            self.columns.entry(name.clone()).or_insert(Kind::Null);
        }
        let field = |(name, kind): (String, Kind)| {
            let data_type = types.get(&name).cloned().unwrap_or_else(|| kind.data_type());
            Field::new(name, data_type, true)
        };
        Ok(Arc::new(Schema::new(self.columns.into_iter().map(field).collect::<Vec<_>>())))
    }
}

impl Kind {
    fn of(field: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(field) else { return Self::Text };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        match text {
            "" => Self::Null,
            "true" | "false" | "True" | "False" | "TRUE" | "FALSE" => Self::Bool,
            _ if padded || !digits.starts_with(|first: char| first.is_ascii_digit()) => Self::Text,
            _ if text.parse::<i64>().is_ok() => Self::Int,
            _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => Self::Text, // too long for an integer: an id
            _ if text.parse::<f64>().is_ok_and(f64::is_finite) => Self::Float,
            _ => Self::Text,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, kind) | (kind, Self::Null) => kind,
            (a, b) if a == b => a,
            (Self::Int | Self::Float, Self::Int | Self::Float) => Self::Float,
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Null | Self::Text => DataType::Utf8,
        }
    }
}

/// The error for a row with more or fewer fields than its file has columns.
pub(super) fn wrong_count(piece: &Piece, record: &Record, columns: usize) -> SourceError {
    let message = format!("the row has {} fields, its file {columns} columns", record.len());
    let help = "a field that holds the delimiter or a newline is quoted; another delimiter is named by `delimiter`";
    SourceError { help: Some(help.into()), ..wrong(piece, record.start, None, message) }
}
