//! From a piece of JSON lines to batches: one pass over the bytes, straight into the columns' buffers.
//!
//! Our own, for the errors: `arrow-json`, as fast on long strings, takes 1.5 for the integer 1, the last of two equal keys
//! and a control character in a string, and knows no line. It still reads whatever is not a flat string, number or boolean
//! (where of two equal keys in a nested object the last stands).

use arrow_array::RecordBatch;

use self::build::Building;
use self::cursor::{Cursor, Fault};
use super::columns::{Columns, Kind};
use crate::error::SourceError;
use crate::source::pieces::Piece;

mod build;
mod cursor;
mod other;

/// The batches of `piece`, of at most `batch_rows` rows each.
pub(super) fn decode(columns: &Columns, piece: &Piece, batch_rows: usize) -> Result<Vec<RecordBatch>, SourceError> {
    let mut rows =
        Rows { columns, cursor: Cursor::new(&piece.bytes), building: Building::new(columns, piece.bytes.len()) };
    rows.batches(batch_rows).map_err(|fault| fault.at(columns, piece))
}

/// Reads row after row.
struct Rows<'a> {
    columns: &'a Columns,
    cursor: Cursor<'a>,
    building: Building<'a>,
}

impl Rows<'_> {
    fn batches(&mut self, batch_rows: usize) -> Result<Vec<RecordBatch>, Fault> {
        let mut batches = Vec::with_capacity(1);
        let mut start = 0;
        while self.cursor.skip_to_row() {
            self.row()?;
            if self.building.rows() == batch_rows {
                batches.push(self.building.finish(&self.cursor, start)?);
                start = self.cursor.at();
            }
        }
        if self.building.rows() > 0 {
            batches.push(self.building.finish(&self.cursor, start)?);
        }
        Ok(batches)
    }

    fn row(&mut self) -> Result<(), Fault> {
        self.cursor.open_object()?;
        let mut filled = 0;
        let mut expected = 0;
        let mut more = !self.cursor.take(b'}');
        while more {
            let column = self.key(expected)?;
            self.value(column).map_err(|fault| fault.in_column(column))?;
            filled += 1;
            expected = column + 1;
            more = self.cursor.more()?;
        }
        self.building.end_row(filled);
        self.cursor.end_row()
    }

    /// Reads a key and its colon; the key's column. Most rows have their keys in the columns' order.
    fn key(&mut self, expected: usize) -> Result<usize, Fault> {
        let guess = self.columns.columns.get(expected).filter(|column| self.cursor.take_bytes(&column.quoted));
        let column = match guess {
            Some(_) => expected,
            None => self.other_key()?,
        };
        match self.building.is_filled(column) {
            true => Err(self.cursor.fault("the row has this key twice", None).in_column(column)),
            false => self.cursor.colon().map(|()| column),
        }
    }

    fn other_key(&mut self) -> Result<usize, Fault> {
        let at = self.cursor.at();
        let mut key = Vec::new();
        self.cursor
            .string(&mut key)
            .map_err(|fault| Fault { message: format!("in a key: {}", fault.message), ..fault })?;
        self.columns.find(&key).ok_or_else(|| {
            let key = String::from_utf8_lossy(&key);
            let help = format!(
                "name it in the source, `types: {{ {key}: utf8 }}` (or its type), or raise `sample-rows` until the sample has it"
            );
            Fault { at, column: None, message: format!("key `{key}`, which the sampled rows do not have"), help: Some(help) }
        })
    }

    fn value(&mut self, column: usize) -> Result<(), Fault> {
        let Self { columns, cursor, building } = self;
        if cursor.take_bytes(b"null") {
            building.null(column);
            return Ok(());
        }
        match columns.columns[column].kind {
            Kind::Text => building.text(column).push(|values| cursor.string(values)),
            Kind::AnyText if cursor.peek() == b'"' => building.text(column).push(|values| cursor.string(values)),
            Kind::AnyText => {
                building.text(column).push(|values| cursor.json().map(|json| values.extend_from_slice(json)))
            }
            Kind::Int => building.int(column, cursor.int()?),
            Kind::Float => building.float(column, cursor.float()?),
            Kind::Bool => building.bool(column, cursor.bool()?),
            Kind::Other => building.other(column, cursor.raw()?),
        }
    }
}
