//! The columns of a batch while its rows are read.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};

use super::super::columns::{Column, Columns, Kind};
use super::cursor::{Cursor, Fault};
use super::other::Other;
use crate::source::NOT_UTF8;

/// All columns of a batch.
pub(super) struct Building<'a> {
    columns: &'a Columns,
    parts: Vec<Part>,
    rows: usize,
}

/// One column of a batch.
enum Part {
    Text(Text),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Other(Other),
}

/// Strings.
pub(super) struct Text {
    offsets: Vec<i32>,
    values: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl<'a> Building<'a> {
    /// For a piece of `length` bytes.
    pub(super) fn new(columns: &'a Columns, length: usize) -> Self {
        let parts = columns.columns.iter().map(|column| Part::new(column, length)).collect();
        Self { columns, parts, rows: 0 }
    }

    /// Whole rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the row at hand has a value for the column already.
    #[inline]
    pub(super) fn is_filled(&self, column: usize) -> bool {
        self.parts[column].len() > self.rows
    }

    /// Ends the row, of which `filled` columns have a value; the others are null.
    pub(super) fn end_row(&mut self, filled: usize) {
        if filled < self.parts.len() {
            for part in self.parts.iter_mut().filter(|part| part.len() == self.rows) {
                part.null();
            }
        }
        self.rows += 1;
    }

    pub(super) fn null(&mut self, column: usize) {
        self.parts[column].null();
    }

    /// The column, which is one of strings.
    #[inline]
    pub(super) fn text(&mut self, column: usize) -> &mut Text {
        match &mut self.parts[column] {
            Part::Text(text) => text,
            _ => unreachable!("a column's part is of its kind"),
        }
    }

    #[inline]
    pub(super) fn int(&mut self, column: usize, value: i64) -> Result<(), Fault> {
        if let Part::Int(ints) = &mut self.parts[column] {
            ints.append_value(value);
        }
        Ok(())
    }

    pub(super) fn float(&mut self, column: usize, value: f64) -> Result<(), Fault> {
        if let Part::Float(floats) = &mut self.parts[column] {
            floats.append_value(value);
        }
        Ok(())
    }

    pub(super) fn bool(&mut self, column: usize, value: bool) -> Result<(), Fault> {
        if let Part::Bool(bools) = &mut self.parts[column] {
            bools.append_value(value);
        }
        Ok(())
    }

    pub(super) fn other(&mut self, column: usize, json: &[u8]) -> Result<(), Fault> {
        if let Part::Other(other) = &mut self.parts[column] {
            other.push(json);
        }
        Ok(())
    }

    /// The batch; then the next one begins. Its rows start at `start` in the piece.
    pub(super) fn finish(&mut self, cursor: &Cursor, start: usize) -> Result<RecordBatch, Fault> {
        let rows = std::mem::take(&mut self.rows);
        let length = cursor.bytes().len() - cursor.at();
        let mut arrays = Vec::with_capacity(self.parts.len());
        for (index, (part, column)) in self.parts.iter_mut().zip(&self.columns.columns).enumerate() {
            let done = std::mem::replace(part, Part::new(column, length));
            let array = done.finish(column).map_err(|unfit| unfit.fault(cursor, start).in_column(index))?;
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.columns.schema.clone(), arrays, &options)
            .map_err(|error| cursor.fault(error.to_string(), None))
    }
}

impl Part {
    fn new(column: &Column, length: usize) -> Self {
        match column.kind {
            Kind::Text | Kind::AnyText => Self::Text(Text::new(column.reserve(length))),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Other => Self::Other(Other::default()),
        }
    }

    #[inline]
    fn len(&self) -> usize {
        use arrow_array::builder::ArrayBuilder as _;
        match self {
            Self::Text(text) => text.offsets.len() - 1,
            Self::Int(ints) => ints.len(),
            Self::Float(floats) => floats.len(),
            Self::Bool(bools) => bools.len(),
            Self::Other(other) => other.len(),
        }
    }

    fn null(&mut self) {
        match self {
            Self::Text(text) => text.end(false),
            Self::Int(ints) => ints.append_null(),
            Self::Float(floats) => floats.append_null(),
            Self::Bool(bools) => bools.append_null(),
            Self::Other(other) => other.push(b"null"),
        }
    }

    fn finish(self, column: &Column) -> Result<ArrayRef, Unfit> {
        Ok(match self {
            Self::Text(text) => {
                column.needed(text.values.len());
                text.finish()?
            }
            Self::Int(mut ints) => Arc::new(ints.finish()),
            Self::Float(mut floats) => Arc::new(floats.finish()),
            Self::Bool(mut bools) => Arc::new(bools.finish()),
            Self::Other(other) => other.finish(&column.field)?,
        })
    }
}

impl Text {
    fn new(reserve: usize) -> Self {
        Self { offsets: vec![0], values: Vec::with_capacity(reserve), nulls: NullBufferBuilder::new(0) }
    }

    /// Adds a value, which `read` appends.
    #[inline]
    pub(super) fn push(&mut self, read: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>) -> Result<(), Fault> {
        read(&mut self.values)?;
        self.end(true);
        Ok(())
    }

    #[inline]
    fn end(&mut self, valid: bool) {
        // A piece has at most MAX_ROW_BYTES and a batch, and no value is longer than its JSON.
        self.offsets.push(self.values.len() as i32);
        self.nulls.append(valid);
    }

    fn finish(mut self) -> Result<ArrayRef, Unfit> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        StringArray::try_new(offsets, Buffer::from_vec(self.values), self.nulls.finish())
            .map(|strings| Arc::new(strings) as ArrayRef)
            .map_err(|_| Unfit::NotUtf8)
    }
}

/// Why a column cannot be finished.
pub(super) enum Unfit {
    NotUtf8,
    Value { row: usize, message: String, data_type: String },
}

impl Unfit {
    /// Finds the place, in a batch whose rows start at `start`.
    fn fault(self, cursor: &Cursor, start: usize) -> Fault {
        let bytes = cursor.bytes();
        match self {
            Self::NotUtf8 => {
                let at =
                    std::str::from_utf8(&bytes[start..]).map_or_else(|error| start + error.valid_up_to(), |_| start);
                let line = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
                let message = format!("invalid UTF-8 at byte {} of the line", at - line + 1);
                Fault { at, column: None, message, help: Some(NOT_UTF8.into()) }
            }
            Self::Value { row, message, data_type } => {
                let mut at = start;
                let mut lines = bytes[start..].split(|&byte| byte == b'\n').filter_map(|line| {
                    let here = at;
                    at += line.len() + 1;
                    (!line.trim_ascii().is_empty()).then_some(here)
                });
                let at = lines.nth(row).unwrap_or(start);
                let help = format!(
                    "the column is {data_type}; name another type in the source's `types`, or raise `sample-rows`"
                );
                Fault { at, column: None, message, help: Some(help) }
            }
        }
    }
}
