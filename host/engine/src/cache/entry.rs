//! One result as bytes: a header with keys and checksum, row numbers, reasons, and the columns as an Arrow IPC stream whose
//! buffers are compressed where that makes them smaller. Types are never read from an entry: the caller knows them.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_buffer::Buffer;
use arrow_schema::{Field, Schema, SchemaRef};

use super::types::fields_text;
use super::{Expected, InputKey, Kept, StepKey, hash_part};
use crate::contract::data_type;
use crate::error::Result;
use crate::source::guarded;
use crate::spool::codec::Codec;
use crate::worker::arrow;

/// What an entry begins with; the digit is the format's version.
const MAGIC: &[u8; 8] = b"STILRES1";

/// Magic, checksum of the rest, step, input, digest of the fields, and five numbers.
const HEADER: usize = 8 + 4 * 32 + NUMBERS * 8;

/// Rows; origins and 1, or 0 for none; rejected rows; bytes of what they were rejected for; bytes of the columns.
const NUMBERS: usize = 5;

/// The entry's bytes; `None` where a column is of a type that does not cross to steps, and so is no step's answer.
pub(super) fn encode(step: &StepKey, input: &InputKey, kept: &Kept) -> Result<Option<Vec<u8>>> {
    if !kept.fields.iter().all(|field| data_type::to_text(field.data_type()).is_some()) {
        return Ok(None);
    }
    let schema: SchemaRef = Arc::new(Schema::new(kept.fields.clone()));
    let Ok(codec) = Codec::new(&schema) else { return Ok(None) };
    let options = RecordBatchOptions::new().with_row_count(Some(kept.rows));
    let batch = RecordBatch::try_new_with_options(schema, kept.columns.clone(), &options).map_err(arrow)?;
    let columns = codec.encode(&batch)?;
    let reasons: usize = kept.rejected.iter().map(|(_, reason)| reason.len()).sum();
    let origins = kept.origins.as_ref().map_or(0, |origins| origins.len() + 1);
    let mut bytes = Vec::with_capacity(HEADER + columns.len() + 4 * origins + 8 * kept.rejected.len() + reasons + 8);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; 32]);
    [&step.0, &input.0, &digest_fields(&kept.fields)].into_iter().for_each(|digest| bytes.extend_from_slice(digest));
    for number in [kept.rows, origins, kept.rejected.len(), reasons, columns.len()] {
        bytes.extend_from_slice(&(number as u64).to_le_bytes());
    }
    bytes.extend_from_slice(&columns);
    let words = |bytes: &mut Vec<u8>, word: u32| bytes.extend_from_slice(&word.to_le_bytes());
    kept.origins.iter().flatten().for_each(|row| words(&mut bytes, *row));
    for (row, reason) in &kept.rejected {
        words(&mut bytes, *row);
        words(&mut bytes, u32::try_from(reason.len()).unwrap_or(u32::MAX));
    }
    kept.rejected.iter().for_each(|(_, reason)| bytes.extend_from_slice(reason.as_bytes()));
    seal(&mut bytes);
    Ok(Some(bytes))
}

/// Puts the checksum of the rest into an entry.
pub(super) fn seal(bytes: &mut [u8]) {
    let Some((head, rest)) = bytes.split_at_mut_checked(40) else { return };
    head[8..].copy_from_slice(&checksum(rest));
}

fn checksum(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

fn digest_fields(fields: &[Field]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("stillroom 2026 fields of a result");
    hash_part(&mut hasher, fields_text(fields).as_bytes());
    *hasher.finalize().as_bytes()
}

/// What an entry's header says.
pub(super) struct Head {
    fields: [u8; 32],
    rows: u64,
    origins: u64,
    rejected: u64,
    reasons: u64,
    columns: u64,
}

/// Checks that the entry is whole, and is the one for these keys.
pub(super) fn check(bytes: &[u8], step: &StepKey, input: &InputKey) -> Result<Head, String> {
    let (Some(header), Some(magic)) = (bytes.get(8..HEADER), bytes.first_chunk::<8>()) else {
        return Err("it ends too early".into());
    };
    if magic != MAGIC {
        return Err("it is of another format".into());
    }
    let (digests, numbers) = header.as_chunks::<32>().0.split_at(4);
    let numbers = [numbers.as_flattened(), header.as_chunks::<32>().1].concat();
    let ([sum, of_step, of_input, fields], [rows, origins, rejected, reasons, columns]) =
        (digests, numbers.as_chunks::<8>().0)
    else {
        return Err("it ends too early".into());
    };
    if *sum != checksum(&bytes[40..]) {
        return Err("its checksum does not fit".into());
    }
    if *of_step != step.0 || *of_input != input.0 {
        return Err("it is the result of something else".into());
    }
    let [rows, origins, rejected, reasons, columns] =
        [rows, origins, rejected, reasons, columns].map(|number| u64::from_le_bytes(*number));
    Ok(Head { fields: *fields, rows, origins, rejected, reasons, columns })
}

/// The result in an entry that may come from anywhere.
pub(super) fn decode(bytes: Vec<u8>, step: &StepKey, input: &InputKey, expected: Expected<'_>) -> Result<Kept, String> {
    let head = check(&bytes, step, input)?;
    if head.fields != digest_fields(expected.fields) {
        return Err("its columns are others".into());
    }
    let bytes = Buffer::from_vec(bytes);
    let mut rest = Rest { bytes: &bytes, at: HEADER };
    let columns = rest.next(head.columns, 1)?;
    let origins = match head.origins.checked_sub(1) {
        None => None,
        Some(len) => Some(words(&rest.next(len, 4)?)),
    };
    let rejected = words(&rest.next(head.rejected, 8)?);
    let rejected = with_reasons(&rejected, &rest.next(head.reasons, 1)?)?;
    if rest.at != bytes.len() {
        return Err("it is too long".into());
    }
    check_rows(&head, origins.as_deref(), &rejected, expected.rows_in)?;
    let schema: SchemaRef = Arc::new(Schema::new(expected.fields.to_vec()));
    let codec = Codec::new(&schema).map_err(|error| error.to_string())?;
    // What is forged may be such that arrow takes for granted what is not so.
    let (_, columns, rows) = guarded(|| codec.decode(&columns, head.rows))?.into_parts();
    Ok(Kept { columns, fields: expected.fields.to_vec(), rows, origins, rejected })
}

struct Rest<'a> {
    bytes: &'a Buffer,
    at: usize,
}

impl Rest<'_> {
    fn next(&mut self, count: u64, size: usize) -> Result<Buffer, String> {
        let left = self.bytes.len() - self.at;
        let len = usize::try_from(count).ok().and_then(|count| count.checked_mul(size)).filter(|len| *len <= left);
        let len = len.ok_or("it ends too early")?;
        self.at += len;
        Ok(self.bytes.slice_with_length(self.at - len, len))
    }
}

fn words(bytes: &Buffer) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

fn with_reasons(rejected: &[u32], reasons: &[u8]) -> Result<Vec<(u32, String)>, String> {
    let mut reasons = std::str::from_utf8(reasons).map_err(|error| error.to_string())?;
    let mut all = Vec::with_capacity(rejected.len() / 2);
    for [row, len] in rejected.as_chunks::<2>().0 {
        let (reason, rest) = reasons.split_at_checked(*len as usize).ok_or("a reason ends too early")?;
        all.push((*row, reason.to_owned()));
        reasons = rest;
    }
    if reasons.is_empty() { Ok(all) } else { Err("it has a reason for nothing".into()) }
}

/// The same rules as for what a guest answers.
fn check_rows(head: &Head, origins: Option<&[u32]>, rejected: &[(u32, String)], rows_in: usize) -> Result<(), String> {
    let outside = |row: u32| row as usize >= rows_in;
    let rows = origins.map_or(rows_in, <[u32]>::len);
    if head.rows != rows as u64 || origins.is_some_and(|origins| origins.iter().any(|row| outside(*row))) {
        return Err("its rows are of another input".into());
    }
    let ascending = rejected.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if !ascending || rejected.last().is_some_and(|(row, _)| outside(*row)) {
        return Err("its rejected rows are of another input".into());
    }
    Ok(())
}
