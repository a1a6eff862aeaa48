//! From a piece of CSV to batches. `arrow-csv` reads; where it fails, a slow second pass finds the place.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_csv::ReaderBuilder;
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};

use super::infer::wrong_count;
use super::records::{Record, Records, wrong};
use crate::error::SourceError;
use crate::source::NOT_UTF8;
use crate::source::arrange::Arrange;
use crate::source::pieces::Piece;

/// How one file's columns lie.
pub(super) struct Layout {
    /// In the file's order, with the source's types.
    file: SchemaRef,
    arrange: Arrange,
}

impl Layout {
    /// The layout of a file without columns.
    pub(super) fn empty(source: &SchemaRef) -> Self {
        let file = Arc::new(Schema::empty());
        Self { arrange: Arrange::new(source, &file), file }
    }

    /// The layout of a file whose columns are `names`.
    pub(super) fn new(source: &SchemaRef, names: &[String], piece: &Piece) -> Result<Self, SourceError> {
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            let Some((_, field)) = source.fields().find(name) else {
                let help =
                    format!("name it in the source, `types: {{ {name}: utf8 }}` (or its type), or raise `sample-rows`");
                let error = wrong(piece, 0, Some(name), "a column that the sampled files do not have");
                return Err(SourceError { help: Some(help), ..error });
            };
            fields.push(field.clone());
        }
        let file = Arc::new(Schema::new(fields));
        Ok(Self { arrange: Arrange::new(source, &file), file })
    }
}

/// The batches of `piece` from byte `start`, of at most `batch_rows` rows each.
pub(super) fn decode(
    layout: &Layout,
    piece: &Piece,
    start: usize,
    delimiter: u8,
    batch_rows: usize,
) -> Result<Vec<RecordBatch>, SourceError> {
    let reader = ReaderBuilder::new(layout.file.clone()).with_delimiter(delimiter).with_batch_size(batch_rows);
    read(reader, &piece.bytes[start..])
        .and_then(|batches| batches.iter().map(|batch| layout.arrange.apply(batch)).collect())
        .map_err(|error| Search { layout, piece, start, delimiter }.find(&error))
}

fn read(reader: ReaderBuilder, mut bytes: &[u8]) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut decoder = reader.build_decoder();
    let mut batches = Vec::new();
    loop {
        let read = decoder.decode(bytes)?; // with nothing left to read, ends the last row
        bytes = &bytes[read..];
        if read == 0 || decoder.capacity() == 0 {
            match decoder.flush()? {
                Some(batch) => batches.push(batch),
                None => return Ok(batches),
            }
        }
    }
}

/// Where an error is.
struct Search<'a> {
    layout: &'a Layout,
    piece: &'a Piece,
    start: usize,
    delimiter: u8,
}

impl Search<'_> {
    fn find(&self, error: &ArrowError) -> SourceError {
        let found =
            Records::new(&self.piece.bytes[self.start..], self.delimiter).find_map(|record| self.record(record));
        found.unwrap_or_else(|| wrong(self.piece, self.start, None, error.to_string()))
    }

    /// What is wrong with the record, if anything is.
    fn record(&self, mut record: Record) -> Option<SourceError> {
        let bytes = &self.piece.bytes[self.start + record.start..self.start + record.end];
        record.start += self.start;
        let fields = self.layout.file.fields();
        if record.len() != fields.len() {
            return Some(wrong_count(self.piece, &record, fields.len()));
        }
        if let Some((field, _)) =
            fields.iter().zip(record.fields()).find(|(_, value)| std::str::from_utf8(value).is_err())
        {
            let error = wrong(self.piece, record.start, Some(field.name()), "invalid UTF-8");
            return Some(SourceError { help: Some(NOT_UTF8.into()), ..error });
        }
        let unfit = |index: usize| fields[index].data_type() != &DataType::Utf8 && !self.reads(index, bytes);
        let index = (0..fields.len()).find(|&index| unfit(index))?;
        let (field, value) = (&fields[index], record.fields().nth(index).unwrap_or_default());
        let shown: String = String::from_utf8_lossy(value).chars().take(40).collect();
        let message = format!("`{shown}` is not {}", field.data_type());
        let help = format!("name another type, such as `types: {{ {}: utf8 }}`, or raise `sample-rows`", field.name());
        Some(SourceError { help: Some(help), ..wrong(self.piece, record.start, Some(field.name()), message) })
    }

    fn reads(&self, index: usize, bytes: &[u8]) -> bool {
        let reader = ReaderBuilder::new(self.layout.file.clone()).with_delimiter(self.delimiter);
        read(reader.with_projection(vec![index]).with_batch_size(2), bytes).is_ok()
    }
}
