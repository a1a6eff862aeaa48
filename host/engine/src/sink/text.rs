//! What text formats share: bytes are made, and compressed, in parallel, and written one after the other.
//!
//! Each piece is compressed by itself, as a gzip member or Zstandard frame of its own; one after the other they are a
//! valid file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use flate2::write::GzEncoder;

use super::target::Target;
use super::{Compression, Encode, Encoded, Mark, Opened, Sink, SinkOptions, begin, unpacked};
use crate::error::SinkError;

/// Makes text of batches.
pub(super) trait Text: Send + Sync + 'static {
    /// The text of all rows.
    fn text(&self, batch: &RecordBatch) -> Result<Vec<u8>, SinkError>;
}

/// Opens a sink of the text that `text` makes, beginning with `header`.
pub(super) fn create(options: &SinkOptions, text: impl Text, header: Vec<u8>) -> Result<Opened, SinkError> {
    let packing = options.compression.unwrap_or_else(|| named(&options.path));
    if matches!(packing, Compression::Lz4 | Compression::Snappy) {
        return Err(unpacked(options, "text"));
    }
    let encoder = Arc::new(Packed { path: options.path.clone(), text, packing });
    let header = pack(header, packing).map_err(|error| SinkError::new(&options.path, error))?; // for none, an empty frame: an empty file is none
    begin(options, |mut target, marks| {
        if marks.is_empty() {
            target.put(&header)?;
        }
        Ok(TextSink { target, encoder: encoder.clone() })
    })
}

/// What the file's name says of its compression.
fn named(path: &Path) -> Compression {
    let named = |suffix| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix));
    match () {
        () if named("gz") => Compression::Gzip,
        () if named("zst") => Compression::Zstd,
        () => Compression::None,
    }
}

struct TextSink<T> {
    target: Target,
    encoder: Arc<Packed<T>>,
}

impl<T: Text> Sink for TextSink<T> {
    fn encoder(&self) -> Arc<dyn Encode> {
        self.encoder.clone()
    }

    fn write(&mut self, piece: Encoded) -> Result<(), SinkError> {
        match piece {
            Encoded::Bytes(bytes) => self.target.put(&bytes),
            Encoded::Batch(batch) => self.target.put(&self.encoder.bytes(&batch)?),
        }
    }

    fn end_item(&mut self, items: u64) -> Result<(), SinkError> {
        self.target.whole(items);
        Ok(())
    }

    fn mark(&mut self) -> Result<Option<Mark>, SinkError> {
        self.target.mark()
    }

    fn close(&mut self) -> Result<(), SinkError> {
        self.target.close()
    }

    fn commit(mut self: Box<Self>) -> Result<u64, SinkError> {
        self.target.close()?;
        self.target.commit()
    }
}

struct Packed<T> {
    path: PathBuf,
    text: T,
    packing: Compression,
}

impl<T: Text> Packed<T> {
    fn bytes(&self, batch: &RecordBatch) -> Result<Vec<u8>, SinkError> {
        pack(self.text.text(batch)?, self.packing).map_err(|error| SinkError::new(&self.path, error))
    }
}

impl<T: Text> Encode for Packed<T> {
    fn encode(&self, batch: &RecordBatch) -> Result<Encoded, SinkError> {
        if batch.num_rows() == 0 {
            return Ok(Encoded::Bytes(Vec::new()));
        }
        self.bytes(batch).map(Encoded::Bytes)
    }
}

fn pack(bytes: Vec<u8>, packing: Compression) -> std::io::Result<Vec<u8>> {
    match packing {
        Compression::Gzip => {
            let mut gzip = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), flate2::Compression::default());
            gzip.write_all(&bytes)?;
            gzip.finish()
        }
        Compression::Zstd => zstd::bulk::compress(&bytes, zstd::DEFAULT_COMPRESSION_LEVEL),
        _ => Ok(bytes),
    }
}
