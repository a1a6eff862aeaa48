//! Writing: batches encoded in parallel, their bytes written in order to a temporary name, renamed when all is there.
//!
//! An output is written item by item, and an item always gives the same bytes. So a run that was ended at any moment can be
//! gone on with: the unfinished file stays (see [`Partial`]), is cut back to the last [`Mark`] that holds, and gets the items
//! that come after it. Its bytes in the end are those of a run that nothing disturbed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::{Deserialize, Serialize};

use self::target::Target;
use crate::error::SinkError;
pub(crate) use crate::pipeline::{Compression, Format};

mod arrow;
mod csv;
pub(crate) mod jsonl;
mod parquet;
mod partial;
mod target;
mod text;

pub(crate) use partial::finish_commit;
pub(crate) use partial::remove as remove_partial;
pub use target::remove_partial_outputs;

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

/// An output. Dropped without [`Sink::commit`], it leaves nothing behind, unless it is told to.
pub(crate) trait Sink: Send {
    /// What encodes batches for this sink.
    fn encoder(&self) -> Arc<dyn Encode>;

    /// Writes the next piece: in order, one caller at a time.
    fn write(&mut self, piece: Encoded) -> Result<(), SinkError>;

    /// All pieces of the items before `items` are written, and none of the others. To be said after every item, for a
    /// format may end a block there.
    fn end_item(&mut self, items: u64) -> Result<(), SinkError>;

    /// Brings to the disk what is whole, and says what it is. None: no more than at the last mark, or an output that cannot
    /// be gone on with (standard output, a device, a pipe).
    fn mark(&mut self) -> Result<Option<Mark>, SinkError>;

    /// Ends the file and brings it to the disk, under the temporary name still.
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
    /// How to go on with it. None: a temporary file with a name of its own, gone if the run does not end well.
    pub partial: Option<Partial>,
}

/// A partial output that survives the program: `.NAME.still-partial` beside its final name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partial {
    /// Whether the file is left behind when the sink is dropped without commit. All outputs of a run share it: false until
    /// the run's first mark is in the journal.
    pub keep: Arc<AtomicBool>,
    /// The marks of the run that is resumed, oldest first. Empty: from the start, whatever is there.
    pub marks: Vec<Mark>,
}

/// What of an output is on the disk.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Items that are wholly in the file.
    pub items: u64,
    /// The bytes they take, from the file's start.
    pub bytes: u64,
    /// The checksum of these bytes: XXH3 of 64 bits, hexadecimal.
    pub sum: String,
    /// Parquet: the row groups since the mark before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// A row group that is wholly in the file: what its footer will say of it.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// Its number, from 0.
    pub at: usize,
    /// Its metadata and page index, as Thrift, compressed, hexadecimal.
    pub about: String,
}

/// An output that was opened.
pub(crate) struct Opened {
    /// What writes it.
    pub sink: Box<dyn Sink>,
    /// The items that are in it: it is to be given those from this number on.
    pub items: u64,
    /// Why that is less than the marks said: which file, and from which byte it is written again.
    pub warning: Option<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("items", &self.items).field("warning", &self.warning).finish_non_exhaustive()
    }
}

/// Opens the output under a temporary name; missing folders are made.
pub(crate) fn create(options: &SinkOptions, schema: SchemaRef) -> Result<Opened, SinkError> {
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
        Format::Parquet => parquet::create(options, schema, parquet::Limits::default()),
        Format::Arrow => arrow::create(options, &schema),
        Format::Files => Err(SinkError {
            help: Some("write JSON lines, CSV, Parquet or Arrow".into()),
            ..SinkError::new(&options.path, "`files` is a format to read, not to write")
        }),
    }
}

/// Opens the output and has `sink` go on with what the marks say is in it; where it cannot, from the start.
fn begin<S: Sink + 'static>(
    options: &SinkOptions,
    sink: impl Fn(Target, &[Mark]) -> Result<S, SinkError>,
) -> Result<Opened, SinkError> {
    let (target, found) = Target::open(options)?;
    match sink(target, &found.marks) {
        Err(error) if !found.marks.is_empty() => {
            let partial = options.partial.clone().map(|partial| Partial { marks: Vec::new(), ..partial });
            let (target, _) = Target::open(&SinkOptions { partial, ..options.clone() })?;
            let name = options.path.with_file_name(partial::name(&options.path).unwrap_or_default());
            let wrong = format!("cannot be gone on with ({})", error.message);
            let warning = Some(partial::again(&options.path, &name, &wrong, 0));
            Ok(Opened { sink: Box::new(sink(target, &[])?), items: 0, warning })
        }
        sink => Ok(Opened { sink: Box::new(sink?), items: found.items(), warning: found.warning }),
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

/// The rows as text, for what is no file.
pub(crate) fn to_text(format: Format, batch: &RecordBatch) -> Result<Vec<u8>, SinkError> {
    use text::Text as _;
    let options = SinkOptions { path: "no file".into(), format: Some(format), compression: None, partial: None };
    match format {
        Format::Csv => csv::encoder(&options, &batch.schema())?.0.text(batch),
        Format::Jsonl => jsonl::encoder(&options, &batch.schema())?.text(batch),
        _ => Err(unpacked(&options, "text")),
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
