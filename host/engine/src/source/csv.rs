//! Comma-separated values, or whatever else separates them.
//!
//! Quotes as RFC 4180 has them: a quoted field may hold delimiters, line ends and doubled quotes. An empty field is null,
//! in every type. Types are inferred from a bounded sample: `int64`, `float64` and `bool` where every value is one and
//! would be written so again (`007` is text), `utf8` for everything else, dates too; [`types`](super::SourceOptions::types)
//! has the last word. Of several files each has its own header; columns are matched by name.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use self::decode::Layout;
use self::records::{Dialect, Records};
use super::pieces::{Piece, Pieces};
use super::{MAX_SAMPLE_BYTES, Sampled, Source, SourceOptions, Work};
use crate::error::SourceError;

mod cut;
mod decode;
mod infer;
mod records;

/// A source of CSV.
pub(super) struct Csv {
    pieces: Pieces<cut::Quoted>,
    sampled: Sampled<Piece>,
    dialect: Dialect,
    schema: SchemaRef,
    layout: Arc<Layout>,
    /// The file that the layout is of.
    file: Option<usize>,
    batch_rows: usize,
}

impl Csv {
    pub(super) fn open(paths: Vec<Arc<Path>>, options: &SourceOptions) -> Result<Self, SourceError> {
        let dialect = Dialect::new(options);
        let mut pieces = Pieces::new(paths, cut::Quoted::new(dialect.delimiter), options);
        let mut sampled = Sampled::new();
        let mut sample = infer::Sample::new(options);
        let mut bytes = 0;
        while !sample.is_full() && bytes < MAX_SAMPLE_BYTES {
            let Some(piece) = pieces.next()? else { break };
            bytes += piece.bytes.len();
            sample.add(&piece)?;
            sampled.push_back(piece);
        }
        let schema = sample.schema()?;
        let layout = Arc::new(Layout::empty(&schema));
        Ok(Self { pieces, sampled, dialect, schema, layout, file: None, batch_rows: options.batch_rows.max(1) })
    }

    /// Where `piece` is the first of its file: reads the header, and answers where the rows begin.
    fn begin(&mut self, piece: &Piece) -> Result<usize, SourceError> {
        if self.file == Some(piece.file) {
            return Ok(0);
        }
        let mut records = Records::new(&piece.bytes, self.dialect.delimiter);
        let Some(first) = records.next() else { return Ok(piece.bytes.len()) }; // blank lines
        self.file = Some(piece.file);
        let names = first.names(piece, self.dialect.header)?;
        self.layout = Arc::new(Layout::new(&self.schema, &names, piece)?);
        Ok(if self.dialect.header { first.end } else { 0 })
    }
}

impl Source for Csv {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        let piece = match self.sampled.pop_front() {
            Some(piece) => piece,
            None => match self.pieces.next()? {
                Some(piece) => piece,
                None => return Ok(None),
            },
        };
        let start = self.begin(&piece)?;
        let (layout, delimiter, batch_rows) = (self.layout.clone(), self.dialect.delimiter, self.batch_rows);
        Ok(Some(Box::new(move || decode::decode(&layout, &piece, start, delimiter, batch_rows))))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        self.pieces.progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::pieces::Cut as _;

    #[test]
    fn rows_end_where_the_parser_says() {
        for text in
            ["a,b\nc,d\n", "\"a\nb\",c\nd\n", "5\" pipe,\"x\"\"\n\",y\nz", "\"\"\"\n\"\n,x\n", "a\"b\"\n\"c\"d\n", ""]
        {
            let bytes = text.as_bytes();
            let mut cut = cut::Quoted::new(b',');
            let ends: Vec<usize> = Records::new(bytes, b',').map(|record| record.end).collect();
            let first = ends.first().copied().filter(|&end| bytes[..end].ends_with(b"\n"));
            let last = ends.iter().copied().rfind(|&end| bytes[..end].ends_with(b"\n"));
            assert_eq!(cut.scan(bytes, false), last, "last of {text:?}");
            cut.reset();
            assert_eq!(cut.scan(bytes, true), first, "first of {text:?}");
        }
    }
}
