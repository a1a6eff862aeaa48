//! Files to read, whole, damaged and invented. Every format goes through the engine's own readers, from a file.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use stillroom::fuzzing::{self, Format, GuestOutput, Signed};
use tempfile::NamedTempFile;

use crate::data::Data;
use crate::{make, transfer};

/// What text columns may be told to be.
fn types(which: u8) -> Vec<(String, DataType)> {
    let data_type = match which {
        0 => DataType::Utf8,
        1 => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        2 => DataType::Decimal128(10, 2),
        3 => DataType::Binary,
        4 => DataType::List(Arc::new(Field::new_list_field(DataType::Float32, true))),
        5 => DataType::Date32,
        _ => return Vec::new(),
    };
    vec![("a".to_owned(), data_type)]
}

/// JSON lines, plain, gzip or Zstandard.
pub fn jsonl(data: &[u8]) {
    let data = &mut Data::new(data);
    let modes = data.byte();
    let text = data.rest();
    let packed;
    let bytes = match modes & 3 {
        1 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(text).expect("memory takes all");
            packed = gzip.finish().expect("memory takes all");
            &packed
        }
        2 => {
            packed = zstd::bulk::compress(text, 1).expect("memory takes all");
            &packed
        }
        _ => text, // which may itself begin as a packed file does
    };
    read(bytes, Format::Jsonl, &types(modes >> 3 & 7), modes & 4 != 0);
}

/// Comma-separated values.
pub fn csv(data: &[u8]) {
    let data = &mut Data::new(data);
    let modes = data.byte();
    read(data.rest(), Format::Csv, &types(modes >> 3 & 7), modes & 4 != 0);
}

/// Parquet: bytes as they are, or a whole file that was damaged.
pub fn parquet(data: &[u8]) {
    let write = |batch: &RecordBatch| {
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).ok()?;
        writer.write(batch).ok()?;
        writer.into_inner().ok()
    };
    columnar(data, Format::Parquet, write);
}

/// Arrow IPC, file and stream: bytes as they are, or a whole file that was damaged.
pub fn arrow(data: &[u8]) {
    let is_stream = data.first().is_some_and(|first| first & 2 != 0);
    let write = |batch: &RecordBatch| {
        if is_stream {
            let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).ok()?;
            writer.write(batch).ok()?;
            return writer.into_inner().ok();
        }
        let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).ok()?;
        writer.write(batch).ok()?;
        writer.into_inner().ok()
    };
    columnar(data, Format::Arrow, write);
}

fn columnar(data: &[u8], format: Format, write: impl Fn(&RecordBatch) -> Option<Vec<u8>>) {
    let data = &mut Data::new(data);
    let modes = data.byte();
    if modes & 1 == 0 {
        return read(data.rest(), format, &[], modes & 4 != 0);
    }
    let Some(batch) = some_batch(data) else { return };
    let Some(mut bytes) = write(&batch) else { return };
    for _ in 0..data.last_below(4) {
        transfer::tamper(data, &mut bytes);
    }
    read(&bytes, format, &[], modes & 4 != 0);
}

fn some_batch(data: &mut Data<'_>) -> Option<RecordBatch> {
    let rows = data.below(20);
    let fields: Vec<Field> =
        (0..1 + data.below(3)).map(|i| Field::new(format!("c{i}"), make::data_type(data, 1), true)).collect();
    let mut output = GuestOutput { length: rows as u32, ..GuestOutput::default() };
    fields.iter().for_each(|field| make::push(data, field.data_type(), rows, &mut output.arrays));
    let signed = Signed { fields, ..Signed::default() };
    let accepted = fuzzing::lift(output, &signed, rows, rows, 1 << 20).ok()?;
    RecordBatch::try_new(Arc::new(Schema::new(signed.fields)), accepted.columns).ok()
}

thread_local! {
    static FILE: RefCell<Option<NamedTempFile>> = const { RefCell::new(None) };
}

/// Reads the bytes as a file of that format. An error says something; what is read is whole.
fn read(bytes: &[u8], format: Format, types: &[(String, DataType)], small: bool) {
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(|| new_file().expect("a place for temporary files"));
        std::fs::write(file.path(), bytes).expect("room for a small file");
        match fuzzing::read(file.path(), format, types, small) {
            Err(message) => assert!(!message.is_empty()),
            Ok(batches) => {
                for batch in batches {
                    let whole = |column: &arrow_array::ArrayRef| column.to_data().validate_full().is_ok();
                    assert!(batch.columns().iter().all(whole), "{format:?} gave an array that is not whole");
                }
            }
        }
    });
}

/// In memory, where there is a place for that.
fn new_file() -> std::io::Result<NamedTempFile> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { NamedTempFile::new_in(memory).or_else(|_| NamedTempFile::new()) } else { NamedTempFile::new() }
}
