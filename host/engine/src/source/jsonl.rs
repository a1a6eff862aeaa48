//! JSON lines: one object per line, its keys the columns.
//!
//! The columns are inferred from a bounded sample, in the order in which their keys first appear. A row may lack keys or
//! have them in another order; it may not have others, and a value has to fit its column. In between:
//! - integers are `int64` (`uint64` where they need it), integers and fractions together `float64`;
//! - a column whose values in the sample are all null is `utf8`;
//! - objects are structs, arrays lists, of the union of what the sample has of them;
//! - a column that [`types`](super::SourceOptions::types) makes `utf8` takes any value: what is not a string comes as its
//!   JSON text. Other types named there are parsed by `arrow-json`: timestamps from RFC 3339, decimals, binary from hex.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use self::columns::Columns;
use super::pieces::{Lines, Piece, Pieces};
use super::{MAX_SAMPLE_BYTES, Sampled, Source, SourceOptions, Work};
use crate::error::SourceError;

mod columns;
mod decode;
mod infer;
pub(crate) mod scan;

/// A source of JSON lines.
pub(super) struct Jsonl {
    pieces: Pieces<Lines>,
    sampled: Sampled<Piece>,
    columns: Arc<Columns>,
    batch_rows: usize,
}

impl Jsonl {
    pub(super) fn open(paths: Vec<Arc<Path>>, options: &SourceOptions) -> Result<Self, SourceError> {
        let mut pieces = Pieces::new(paths, Lines::default(), options);
        let mut sampled = Sampled::new();
        let mut sample = infer::Sample::new(options);
        let mut bytes = 0;
        while !sample.is_full() && bytes < MAX_SAMPLE_BYTES {
            let Some(piece) = pieces.next()? else { break };
            bytes += piece.bytes.len();
            sample.add(&piece)?;
            sampled.push_back(piece);
        }
        let columns = Arc::new(Columns::new(sample.fields(), options));
        Ok(Self { pieces, sampled, columns, batch_rows: options.batch_rows.max(1) })
    }
}

/// The columns of a text that is there already, all of it looked at; those in `types` are of these.
pub(crate) fn fields(
    name: &str,
    text: &str,
    types: &indexmap::IndexMap<String, arrow_schema::DataType>,
) -> Result<arrow_schema::Fields, SourceError> {
    let options = SourceOptions { types: types.clone(), sample_rows: usize::MAX, ..SourceOptions::default() };
    let mut sample = infer::Sample::new(&options);
    sample.add(&Piece { path: Path::new(name).into(), file: 0, first_line: 1, bytes: text.as_bytes().to_vec() })?;
    Ok(sample.fields())
}

/// Decodes a text that is there already.
pub(super) fn decode_text(
    path: &Arc<Path>,
    bytes: Vec<u8>,
    options: &SourceOptions,
) -> Result<(SchemaRef, Vec<arrow_array::RecordBatch>), SourceError> {
    let piece = Piece { path: path.clone(), file: 0, first_line: 1, bytes };
    let mut sample = infer::Sample::new(options);
    sample.add(&piece)?;
    let columns = Columns::new(sample.fields(), options);
    let batches = decode::decode(&columns, &piece, options.batch_rows.max(1))?;
    Ok((columns.schema.clone(), batches))
}

impl Source for Jsonl {
    fn schema(&self) -> SchemaRef {
        self.columns.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        let piece = match self.sampled.pop_front() {
            Some(piece) => Some(piece),
            None => self.pieces.next()?,
        };
        let (columns, batch_rows) = (self.columns.clone(), self.batch_rows);
        Ok(piece.map(|piece| Box::new(move || decode::decode(&columns, &piece, batch_rows)) as Work))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        self.pieces.progress()
    }
}
