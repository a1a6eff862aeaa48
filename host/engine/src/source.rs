//! Reading: files and standard input, in five formats, as pieces that are found serially and decoded in parallel.
//!
//! A [`Source`] is asked for one [`Work`] after another by one thread; each may be called on any thread. Where a piece
//! ends depends on the input and the options alone, so the batches are the same for 1 or N threads. Nothing is skipped
//! or guessed silently: what does not fit the schema is an error that names file, line and column.

use std::collections::VecDeque;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use indexmap::IndexMap;

use crate::error::SourceError;
pub(crate) use crate::pipeline::Format;
pub(crate) use arrange::{bounded, guarded};
pub(crate) use paths::expand;

mod arrange;
mod arrow;
mod csv;
mod files;
mod input;
pub(crate) mod jsonl;
mod parquet;
mod paths;
mod pieces;
mod rows;

/// The most that one row may take in a text format. A line without an end is an error, not an empty memory.
pub(crate) const MAX_ROW_BYTES: usize = 1 << 30;

/// The most that is read of the input to infer its types, whatever [`SourceOptions::sample_rows`] says.
const MAX_SAMPLE_BYTES: usize = 16 << 20;

/// What to do about text that is not UTF-8.
const NOT_UTF8: &str = "the file is not UTF-8: convert it, for example with `iconv -t utf-8`";

/// One piece of the input, read but not decoded: call it on any thread.
pub(crate) type Work = Box<dyn FnOnce() -> Result<Vec<RecordBatch>, SourceError> + Send>;

/// An input that is read piece by piece.
pub(crate) trait Source: Send {
    /// The columns of every batch.
    fn schema(&self) -> SchemaRef;

    /// The next piece in input order; `None` at the end. Cheap: it finds where a piece ends and does not parse.
    fn next(&mut self) -> Result<Option<Work>, SourceError>;

    /// Bytes read so far, and bytes in all where that is known. Compressed files count as they lie on disk.
    fn progress(&self) -> (u64, Option<u64>);
}

/// What to read and how.
#[derive(Debug, Clone)]
pub(crate) struct SourceOptions {
    /// Files, globs, or `-` for standard input. The files of a glob are read in the order of their names.
    pub paths: Vec<String>,
    /// The format; by default what the first file's name says.
    pub format: Option<Format>,
    /// Types of columns that are not to be inferred (JSON lines, CSV). A column that the sample lacks is added.
    pub types: IndexMap<String, DataType>,
    /// How many rows are looked at to infer types.
    pub sample_rows: usize,
    /// CSV: what separates fields.
    pub delimiter: u8,
    /// CSV: whether the first line names the columns; otherwise they are `column_1`, `column_2`, ...
    pub header: bool,
    /// `files`: a regular expression over the path; each named group becomes a column.
    pub capture: Option<String>,
    /// The rows themselves, an object each, instead of files.
    pub rows: Option<Vec<serde_json::Value>>,
    /// The most rows in a batch.
    pub batch_rows: usize,
    /// About how many bytes a batch has. A row that is larger is a batch of its own.
    pub batch_bytes: usize,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            format: None,
            types: IndexMap::new(),
            sample_rows: 1000,
            delimiter: b',',
            header: true,
            capture: None,
            rows: None,
            batch_rows: 8192,
            batch_bytes: 1 << 20,
        }
    }
}

/// Opens the input: finds the files, infers the columns.
pub(crate) fn open(options: &SourceOptions) -> Result<Box<dyn Source>, SourceError> {
    if let Some(rows) = &options.rows {
        return Ok(Box::new(rows::Rows::open(rows, options)?));
    }
    let paths = paths::expand(&options.paths)?;
    let format = match options.format {
        Some(format) => format,
        None => Format::of_path(&paths[0].to_string_lossy()).ok_or_else(|| unknown_format(&paths[0]))?,
    };
    match format {
        Format::Jsonl => Ok(Box::new(jsonl::Jsonl::open(paths, options)?)),
        Format::Csv => Ok(Box::new(csv::Csv::open(paths, options)?)),
        Format::Parquet => Ok(Box::new(parquet::Parquet::open(paths, options)?)),
        Format::Arrow => Ok(Box::new(arrow::Arrow::open(paths, options)?)),
        Format::Files => Ok(Box::new(files::Files::open(paths, options)?)),
    }
}

fn unknown_format(path: &Path) -> SourceError {
    let message = if path == Path::new("-") {
        "standard input has no name that tells its format"
    } else {
        "the file's name does not tell its format"
    };
    SourceError {
        help: Some("say `format: jsonl`, `csv`, `parquet` or `arrow`".into()),
        ..SourceError::new(path, message)
    }
}

/// Pieces that the sample took and that are still to be read.
type Sampled<T> = VecDeque<T>;

#[cfg(test)]
mod tests;
