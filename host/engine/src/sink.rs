//! Writing: batches encoded in parallel, their bytes written in order to a temporary name, renamed when all is there.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::error::SinkError;
pub(crate) use crate::pipeline::{Compression, Format};

mod arrow;
mod csv;
mod jsonl;
mod parquet;
mod target;

pub use target::remove_partial_outputs;
mod text;

/// Turns batches into what is written: on any thread, several at once.
pub(crate) trait Encode: Send + Sync {
    /// What to write for `batch`.
    fn encode(&self, batch: &RecordBatch) -> Result<Encoded, SinkError>;
}

/// A batch ready to be written.
#[derive(Debug)]
pub(crate) enum Encoded {
    /// Bytes of the file as they are.
    Bytes(Vec<u8>),
    /// A batch that the sink encodes itself.
    Batch(RecordBatch),
}

/// An output. Dropped without [`Sink::commit`], it leaves nothing behind.
pub(crate) trait Sink: Send {
    /// What encodes batches for this sink.
    fn encoder(&self) -> Arc<dyn Encode>;

    /// Writes the next piece: in order, one caller at a time.
    fn write(&mut self, piece: Encoded) -> Result<(), SinkError>;

    /// Ends the file and gives its bytes to the system, under the temporary name still.
    fn close(&mut self) -> Result<(), SinkError>;

    /// Gives the file its name; the bytes it has. Closes it first where that was not done.
    fn commit(self: Box<Self>) -> Result<u64, SinkError>;
}

/// Where and how to write.
#[derive(Debug, Clone)]
pub(crate) struct SinkOptions {
    /// The file, or `-` for standard output.
    pub path: PathBuf,
    /// The format; by default what the file's name says.
    pub format: Option<Format>,
    /// The compression; by default what the file's name says, and Zstandard for Parquet.
    pub compression: Option<Compression>,
}

/// Opens the output under a temporary name; missing folders are made.
pub(crate) fn create(options: &SinkOptions, schema: SchemaRef) -> Result<Box<dyn Sink>, SinkError> {
    let format = options
        .format
        .or_else(|| Format::of_path(&options.path.to_string_lossy()))
        .ok_or_else(|| unknown_format(options))?;
    match format {
        Format::Jsonl => text::create(options, jsonl::encoder(options, &schema)?, Vec::new()),
        Format::Csv => {
            let (encoder, header) = csv::encoder(options, &schema)?;
            text::create(options, encoder, header)
        }
        Format::Parquet => Ok(Box::new(parquet::Parquet::create(options, schema)?)),
        Format::Arrow => Ok(Box::new(arrow::Arrow::create(options, &schema)?)),
        Format::Files => Err(SinkError {
            help: Some("write JSON lines, CSV, Parquet or Arrow".into()),
            ..SinkError::new(&options.path, "`files` is a format to read, not to write")
        }),
    }
}

/// Whether the format can hold these columns, as [`create`] would find out. Opens nothing.
pub(crate) fn check(options: &SinkOptions, schema: &SchemaRef) -> Result<(), SinkError> {
    match options.format.or_else(|| Format::of_path(&options.path.to_string_lossy())) {
        Some(Format::Jsonl) => jsonl::encoder(options, schema).map(drop),
        Some(Format::Csv) => csv::encoder(options, schema).map(drop),
        _ => Ok(()),
    }
}

/// Hands batches on to a sink that encodes them itself.
struct Whole;

impl Encode for Whole {
    fn encode(&self, batch: &RecordBatch) -> Result<Encoded, SinkError> {
        Ok(Encoded::Batch(batch.clone()))
    }
}

fn unpacked(options: &SinkOptions, format: &str) -> SinkError {
    let compression = options.compression.unwrap_or(Compression::None);
    SinkError::new(&options.path, format!("{format} is not written with the compression {compression:?}"))
}

fn unknown_format(options: &SinkOptions) -> SinkError {
    SinkError {
        help: Some("say `format: jsonl`, `csv`, `parquet` or `arrow`".into()),
        ..SinkError::new(&options.path, "the name does not tell the format")
    }
}

#[cfg(test)]
pub(crate) mod tests;
