//! Doors into the engine for the fuzz targets of `fuzz/`, and for nobody else: they change without notice. Each goes through
//! the very functions that a run goes through.

use std::path::Path;
use std::time::Duration;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};

use crate::cache::{Kept, ResultCache};
use crate::component::{StepInfo, check_manifests};
use crate::contract::data_type;
use crate::contract::v0_1::{
    ArrayResult, BatchResult, Column, FieldResult, Kind, Manifest, Output, Rejection, RowCount, Signature,
};
use crate::instance::{Opened, check_output, check_signature};
use crate::limits::Limits;
use crate::sink;
use crate::source::{self, SourceOptions};
use crate::spool::codec::Codec;
use crate::transfer::Lowered;

pub use crate::pipeline::Format;

/// An array as a guest answers it: without its children, which follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flat {
    /// Values.
    pub length: u32,
    /// Nulls among them.
    pub null_count: u32,
    /// Validity and values.
    pub buffers: Vec<Vec<u8>>,
}

/// A guest's answer.
#[derive(Debug, Clone, Default)]
pub struct GuestOutput {
    /// Rows of the columns.
    pub length: u32,
    /// All columns', depth first.
    pub arrays: Vec<Flat>,
    /// The input row of each output row, as little-endian numbers.
    pub rows: Option<Vec<u8>>,
    /// Row and reason.
    pub rejected: Vec<(u32, String)>,
}

/// What the step signed for.
#[derive(Debug, Clone, Default)]
pub struct Signed {
    /// The columns that it makes.
    pub fields: Vec<Field>,
    /// 0 a transform, 1 ordered, 2 global, else a source.
    pub kind: u8,
    /// Whether it may answer any number of rows.
    pub any_rows: bool,
}

/// An answer that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The columns.
    pub columns: Vec<ArrayRef>,
    /// Their rows.
    pub rows: usize,
    /// The input row of each; none: the same rows.
    pub origins: Option<Vec<u32>>,
    /// Row and reason.
    pub rejected: Vec<(u32, String)>,
}

/// What becomes of a guest's answer.
///
/// # Errors
/// Why it is refused.
pub fn lift(
    output: GuestOutput,
    signed: &Signed,
    rows_in: usize,
    most_rows: usize,
    most_bytes: usize,
) -> Result<Accepted, String> {
    let arrays = output.arrays.into_iter().map(|flat| ArrayResult {
        length: flat.length,
        null_count: flat.null_count,
        buffers: flat.buffers,
    });
    let columns = BatchResult { length: output.length, arrays: arrays.collect() };
    let rejected = output.rejected.into_iter().map(|(row, reason)| Rejection { row, reason }).collect();
    let opened = Opened {
        inputs: Vec::new(),
        outputs: signed.fields.clone(),
        any_rows: signed.any_rows || signed.kind > 1,
        kind: kind(signed.kind),
        key: Vec::new(),
    };
    let limits = Limits { output_rows: most_rows, output_bytes: most_bytes, ..Limits::default() };
    let answer = check_output(Output { columns, rows: output.rows, rejected }, &opened, rows_in, &limits)
        .map_err(|failure| failure.message)?;
    Ok(Accepted { columns: answer.columns, rows: answer.rows, origins: answer.origins, rejected: answer.rejected })
}

/// What a guest is given.
pub fn lower(rows: u32, columns: &[ArrayRef]) -> Vec<Flat> {
    Lowered::new(rows, columns).with(|batch| {
        let flat = batch.arrays.iter().map(|array| Flat {
            length: array.length,
            null_count: array.null_count,
            buffers: array.buffers.iter().map(|buffer| buffer.to_vec()).collect(),
        });
        flat.collect()
    })
}

/// Rows as a sink writes them.
///
/// # Errors
/// Why the format cannot hold them.
pub fn text(format: Format, batch: &RecordBatch) -> Result<Vec<u8>, String> {
    sink::to_text(format, batch).map_err(|error| error.to_string())
}

/// Rows as the program shows them.
///
/// # Errors
/// Why they cannot be shown.
pub fn shown(batch: &RecordBatch) -> Result<usize, String> {
    crate::json::rows(batch).map(|rows| rows.len()).map_err(|error| error.to_string())
}

/// Through the disk and back, as rows that wait.
///
/// # Errors
/// Why they cannot be kept.
pub fn spooled(batch: &RecordBatch) -> Result<RecordBatch, String> {
    let codec = Codec::new(&batch.schema()).map_err(|error| error.to_string())?;
    let bytes = codec.encode(batch).map_err(|error| error.to_string())?;
    codec.decode(&arrow_buffer::Buffer::from_vec(bytes), batch.num_rows() as u64)
}

/// Whether the columns have a digest for the result cache.
pub fn is_digested(rows: usize, columns: &[ArrayRef]) -> bool {
    crate::cache::digest_columns(rows, columns, None).is_ok()
}

/// A kept result that was tampered with in a way that its checksum does not show.
///
/// # Errors
/// Why it is refused.
pub fn forged(
    accepted: &Accepted,
    fields: &[Field],
    rows_in: usize,
    forge: impl FnOnce(&mut Vec<u8>),
) -> Result<Accepted, String> {
    let Accepted { columns, rows, origins, rejected } = accepted.clone();
    let kept = Kept { columns, fields: fields.to_vec(), rows, origins, rejected };
    let kept = ResultCache::forged(&kept, rows_in, forge)?;
    Ok(Accepted { columns: kept.columns, rows: kept.rows, origins: kept.origins, rejected: kept.rejected })
}

/// Whether a journal's line, less the checksum that is made to fit, is a mark.
pub fn is_mark(json: &[u8]) -> bool {
    let mut line = format!("{:016x} ", xxhash_rust::xxh3::xxh3_64(json)).into_bytes();
    line.extend_from_slice(json);
    line.push(b'\n');
    crate::run::mark_of(&line).is_some() | crate::run::mark_of(json).is_some()
}

/// The type that the contract's words name.
///
/// # Errors
/// What is wrong with them.
pub fn parse_type(text: &str) -> Result<DataType, String> {
    data_type::parse(text)
}

/// The contract's words for a type that crosses.
pub fn type_text(data_type: &DataType) -> Option<String> {
    data_type::to_text(data_type)
}

/// What a step of a plugin says of itself.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The step.
    pub name: String,
    /// As in [`Signed`].
    pub kind: u8,
    /// One line.
    pub summary: String,
    /// A JSON Schema.
    pub params: String,
    /// Name, accepted types, summary.
    pub columns: Vec<(String, Vec<String>, String)>,
}

/// What becomes of what a plugin says of its steps.
///
/// # Errors
/// Why it is refused.
pub fn manifests(said: Vec<Said>) -> Result<Vec<StepInfo>, String> {
    let manifest = |said: Said| {
        let column = |(name, data_types, summary)| Column { name, data_types, required: true, summary };
        let columns = said.columns.into_iter().map(column).collect();
        Manifest { name: said.name, kind: kind(said.kind), summary: said.summary, params: said.params, columns }
    };
    let manifests: Vec<Manifest> = said.into_iter().map(manifest).collect();
    check_manifests(&manifests)?;
    Ok(manifests.iter().map(StepInfo::from).collect())
}

/// The columns that a step makes, where it says `inputs`, `outputs` (name and type) and `key` over data with the columns
/// `data` (name and type).
///
/// # Errors
/// Why the signature is refused.
pub fn signature(
    data: &[(String, String, bool)],
    inputs: Vec<String>,
    outputs: Vec<(String, String)>,
    key: Vec<String>,
) -> Result<Vec<Field>, String> {
    let field = |(name, data_type)| FieldResult { name, data_type, nullable: true };
    let outputs = outputs.into_iter().map(field).collect();
    let signature = Signature { inputs, outputs, row_count: RowCount::Same, key };
    check_signature(signature, data, Kind::Transform).map(|opened| opened.outputs)
}

/// Reads a file to its end; the batches of it.
///
/// # Errors
/// What is wrong with it.
pub fn read(
    path: &Path,
    format: Format,
    types: &[(String, DataType)],
    small: bool,
) -> Result<Vec<RecordBatch>, String> {
    let options = SourceOptions {
        paths: vec![path.display().to_string()],
        format: Some(format),
        types: types.iter().cloned().collect(),
        sample_rows: if small { 2 } else { 1000 },
        // Forged files may say that they have 2^24 rows of nothing.
        batch_rows: match (small, format) {
            (true, Format::Jsonl | Format::Csv) => 3,
            (true, _) => 1000,
            (false, _) => 8192,
        },
        batch_bytes: if small { 16 } else { 1 << 20 },
        ..SourceOptions::default()
    };
    let said = |error: crate::error::SourceError| error.to_string();
    let mut source = source::open(&options).map_err(said)?;
    let mut batches = Vec::new();
    while let Some(work) = source.next().map_err(said)? {
        batches.extend(work().map_err(said)?);
    }
    let schema = source.schema();
    match batches.iter().all(|batch| batch.schema().fields() == schema.fields()) {
        true => Ok(batches),
        false => Err("a batch has other columns than its source".to_owned()),
    }
}

/// Limits of loading a stranger's bytes that end soon.
pub fn tight() -> crate::PluginOptions {
    let mut options = crate::PluginOptions::default();
    options.load.compile_time = Duration::from_secs(20);
    options.load.component_bytes = 4 << 20;
    options.limits = Some(Limits {
        memory_bytes: 16 << 20,
        output_bytes: 1 << 20,
        table_elements: 10_000,
        time: Duration::from_millis(200),
        ..Limits::default()
    });
    options
}

fn kind(number: u8) -> Kind {
    match number {
        0 => Kind::Transform,
        1 => Kind::Ordered,
        2 => Kind::Global,
        _ => Kind::Source,
    }
}
