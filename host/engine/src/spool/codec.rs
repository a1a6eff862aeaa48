//! A record batch as bytes that stand by themselves: an Arrow IPC stream, its buffers compressed with LZ4. Reading trusts
//! nothing: places and lengths are checked here, because arrow's reader would panic over them, and values by arrow.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_buffer::Buffer;
use arrow_ipc::reader::{read_dictionary, read_record_batch};
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, Message, MessageHeader, MetadataVersion, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};

use super::compact::compact;
use crate::error::Result;
use crate::worker::arrow;

/// Buffers begin at multiples of this.
const ALIGNMENT: usize = 16;

/// LZ4 cannot make more of a byte.
const MAX_RATIO: i64 = 256;

/// More rows than any array can honestly have.
const MAX_ROWS: i64 = 1 << 40;

/// Writes and reads batches of one schema.
pub(crate) struct Codec {
    schema: SchemaRef,
    /// The schema with the numbers that IPC gives to dictionaries.
    wire: SchemaRef,
    options: IpcWriteOptions,
}

impl Codec {
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self> {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5).map_err(arrow)?;
        let options = options.try_with_compression(Some(CompressionType::LZ4_FRAME)).map_err(arrow)?;
        let mut numbers = DictionaryTracker::new(false);
        let bytes = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(schema, &mut numbers, &options);
        let message = root_as_message(&bytes.ipc_message).ok().and_then(|message| message.header_as_schema());
        let message = message.ok_or(ArrowError::IpcError("these columns cannot be written".into()));
        let wire = message.and_then(arrow_ipc::convert::try_fb_to_schema).map_err(arrow)?;
        Ok(Self { schema: schema.clone(), wire: Arc::new(wire), options })
    }

    /// The batch's rows, without the rest of the buffers that they share.
    pub(crate) fn encode(&self, batch: &RecordBatch) -> Result<Vec<u8>> {
        let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>, _>>().map_err(arrow)?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &rows).map_err(arrow)?;
        let write = || {
            let mut writer = StreamWriter::try_new_with_options(Vec::new(), &self.schema, self.options.clone())?;
            writer.write(&batch)?;
            writer.into_inner()
        };
        write().map_err(arrow)
    }

    /// The batch that `bytes` hold, of so many rows.
    pub(crate) fn decode(&self, bytes: &Buffer, rows: u64) -> Result<RecordBatch, String> {
        let mut dictionaries = HashMap::new();
        let mut at = 0;
        loop {
            let (metadata, body) = next_message(bytes, &mut at)?;
            let message = root_as_message(&metadata).map_err(|error| error.to_string())?;
            let body = take_body(bytes, &mut at, body)?;
            let (version, said) = (message.version(), |error: ArrowError| error.to_string());
            match message.header_type() {
                MessageHeader::Schema => {}
                MessageHeader::DictionaryBatch => {
                    let batch = message.header_as_dictionary_batch().ok_or("a dictionary is missing")?;
                    check_buffers(batch.data(), &body)?;
                    read_dictionary(&body, batch, &self.wire, &mut dictionaries, &version).map_err(said)?;
                }
                MessageHeader::RecordBatch => {
                    let batch = check_batch(&message, &body, rows)?;
                    let wire = self.wire.clone();
                    let read = read_record_batch(&body, batch, wire, &dictionaries, None, &version).map_err(said)?;
                    return self.rename(read);
                }
                _ => return Err("a message of another kind".into()),
            }
        }
    }

    /// The batch under the schema that was asked for: metadata and order of its fields as they were.
    fn rename(&self, batch: RecordBatch) -> Result<RecordBatch, String> {
        let (_, columns, rows) = batch.into_parts();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(|error| error.to_string())
    }
}

/// The next message's metadata and the length of its body; `at` moves behind the metadata.
fn next_message(bytes: &Buffer, at: &mut usize) -> Result<(Buffer, i64), String> {
    let word = |at: usize| bytes.get(at..)?.first_chunk::<4>().map(|word| i32::from_le_bytes(*word));
    let (Some(-1), Some(len)) = (word(*at), word(*at + 4)) else { return Err("it ends too early".into()) };
    let len = usize::try_from(len).map_err(|_| "a length is negative")?;
    *at += 8;
    if len == 0 || len > bytes.len() - *at {
        return Err("it ends too early".into());
    }
    // A copy, since its numbers must lie where numbers may.
    let metadata = Buffer::from(&bytes[*at..*at + len]);
    *at += len;
    let body = root_as_message(&metadata).map_err(|error| error.to_string())?.bodyLength();
    Ok((metadata, body))
}

fn take_body(bytes: &Buffer, at: &mut usize, len: i64) -> Result<Buffer, String> {
    let left = bytes.len() - *at;
    let len = usize::try_from(len).ok().filter(|len| *len <= left).ok_or("a message ends too early")?;
    let body = bytes.slice_with_length(*at, len);
    *at += len;
    Ok(body)
}

fn check_batch<'a>(message: &Message<'a>, body: &Buffer, rows: u64) -> Result<arrow_ipc::RecordBatch<'a>, String> {
    let batch = message.header_as_record_batch();
    check_buffers(batch, body)?;
    let batch = batch.ok_or("a batch is missing")?;
    if u64::try_from(batch.length()) != Ok(rows) {
        return Err(format!("it has {} rows and not {rows}", batch.length()));
    }
    Ok(batch)
}

/// Every buffer must lie in the body, and not promise to become more than it can.
fn check_buffers(batch: Option<arrow_ipc::RecordBatch<'_>>, body: &Buffer) -> Result<(), String> {
    let batch = batch.ok_or("a batch is missing")?;
    let nodes = batch.nodes().ok_or("its arrays are missing")?;
    if nodes.iter().any(|node| node.length() < 0 || node.length() > MAX_ROWS || node.null_count() < 0) {
        return Err("an array's length is impossible".into());
    }
    let compressed = batch.compression();
    if compressed.is_some_and(|how| how.codec() != CompressionType::LZ4_FRAME) {
        return Err("it is compressed in another way".into());
    }
    let mut promised = 0i64;
    for buffer in batch.buffers().ok_or("its buffers are missing")? {
        let range = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let range = range.and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let bytes = range.and_then(|range| body.get(range)).ok_or("a buffer lies outside")?;
        let prefix = bytes.first_chunk::<8>().filter(|_| compressed.is_some());
        promised = promised.saturating_add(prefix.map_or(0, |len| i64::from_le_bytes(*len).max(0)));
    }
    let most = i64::try_from(body.len()).unwrap_or(i64::MAX).saturating_mul(MAX_RATIO);
    if promised > most { Err("a buffer promises too much".into()) } else { Ok(()) }
}
