//! Arrow IPC files: a footer says where each batch lies.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, root_as_footer};
use arrow_schema::{ArrowError, Schema, SchemaRef};

use super::super::arrange::guarded;
use super::{Piece, damaged};
use crate::error::SourceError;

/// The footer's length and the magic after it.
const TRAILER: u64 = 10;

/// An open file.
pub(super) struct IpcFile {
    path: Arc<Path>,
    file: File,
    length: u64,
    decoder: Arc<FileDecoder>,
    schema: SchemaRef,
    blocks: std::vec::IntoIter<Block>,
}

impl IpcFile {
    pub(super) fn open(path: &Arc<Path>, file: File) -> Result<Self, SourceError> {
        guarded(|| Self::read(path, file)).map_err(|message| damaged(path, &message))
    }

    fn read(path: &Arc<Path>, mut file: File) -> Result<Self, ArrowError> {
        let length = file.metadata()?.len();
        let footer = footer(&mut file, length)?;
        let footer = root_as_footer(&footer).map_err(|error| broken(&format!("its footer: {error:?}")))?;
        let schema = footer.schema().map_or_else(|| Ok(Schema::empty()), try_fb_to_schema)?;
        let schema: SchemaRef = Arc::new(schema);
        let mut decoder = FileDecoder::new(schema.clone(), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            decoder.read_dictionary(block, &read_block(&mut file, length, block)?)?;
        }
        let blocks: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        Ok(Self { path: path.clone(), file, length, decoder: Arc::new(decoder), schema, blocks: blocks.into_iter() })
    }

    pub(super) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next batch's bytes; decoding comes later.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, SourceError> {
        let Some(block) = self.blocks.next() else { return Ok(None) };
        let bytes =
            read_block(&mut self.file, self.length, &block).map_err(|error| damaged(&self.path, &error.to_string()))?;
        let (decoder, schema, size) = (self.decoder.clone(), self.schema.clone(), bytes.len() as u64);
        let decode = move || {
            let batch = decoder.read_record_batch(&block, &bytes)?;
            Ok(batch.unwrap_or_else(|| arrow_array::RecordBatch::new_empty(schema)))
        };
        Ok(Some((Box::new(decode), size)))
    }
}

fn footer(file: &mut File, length: u64) -> Result<Vec<u8>, ArrowError> {
    let end = length.checked_sub(TRAILER).ok_or_else(|| broken("too short"))?;
    let mut trailer = [0; TRAILER as usize];
    file.seek(SeekFrom::Start(end))?;
    file.read_exact(&mut trailer)?;
    let size = read_footer_length(trailer)?;
    let start = end.checked_sub(size as u64).ok_or_else(|| broken("a footer longer than the file"))?;
    let mut footer = vec![0; size];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut footer)?;
    Ok(footer)
}

fn read_block(file: &mut File, length: u64, block: &Block) -> Result<Buffer, ArrowError> {
    let size =
        i64::from(block.metaDataLength()).checked_add(block.bodyLength()).and_then(|size| u64::try_from(size).ok());
    let start = u64::try_from(block.offset()).ok();
    let (Some(size), Some(start)) = (size, start) else { return Err(broken("a batch of negative size")) };
    let sound = block.metaDataLength() >= 8 && block.bodyLength() >= 0;
    if !sound || start.checked_add(size).is_none_or(|end| end > length) {
        return Err(broken("a batch beyond the end of the file"));
    }
    let mut buffer = MutableBuffer::from_len_zeroed(size as usize); // aligned as Arrow wants it
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut buffer)?;
    Ok(buffer.into())
}

fn broken(message: &str) -> ArrowError {
    ArrowError::IpcError(message.into())
}
