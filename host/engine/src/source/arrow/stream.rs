//! Arrow IPC streams.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;

use super::super::arrange::guarded;
use super::{Piece, damaged};
use crate::error::SourceError;

/// An open stream.
pub(super) struct IpcStream {
    path: Arc<Path>,
    reader: StreamReader<BufReader<Box<dyn Read + Send>>>,
}

impl IpcStream {
    pub(super) fn open(path: &Arc<Path>, reader: Box<dyn Read + Send>) -> Result<Self, SourceError> {
        let reader =
            guarded(|| StreamReader::try_new_buffered(reader, None)).map_err(|message| damaged(path, &message))?;
        Ok(Self { path: path.clone(), reader })
    }

    pub(super) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }

    /// The next batch. A stream's dictionaries may change on its way, so it is decoded here and in order.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, SourceError> {
        let Some(batch) =
            guarded(|| self.reader.next().transpose()).map_err(|message| damaged(&self.path, &message))?
        else {
            return Ok(None);
        };
        let bytes = batch.get_array_memory_size() as u64;
        Ok(Some((Box::new(move || Ok(batch)), bytes)))
    }
}
