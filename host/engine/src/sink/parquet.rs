//! Apache Parquet, compressed by Zstandard at level 3 unless told otherwise.
//!
//! Row groups end after a million rows or 64 MiB, whichever comes first: by what was written, never by when or by whom.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression as Codec;
use parquet::basic::ZstdLevel;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::target::Target;
use super::{Compression, Encode, Encoded, Sink, SinkOptions, Whole};
use crate::error::SinkError;

/// The most rows of a row group.
const GROUP_ROWS: usize = 1 << 20;

/// About the most bytes of a row group, encoded: they are held in memory until it ends.
const GROUP_BYTES: usize = 64 << 20;

/// A sink of Parquet.
pub(super) struct Parquet {
    writer: ArrowWriter<Target>,
    closed: bool,
}

impl Parquet {
    pub(super) fn create(options: &SinkOptions, schema: SchemaRef) -> Result<Self, SinkError> {
        let failed = |error: ParquetError| SinkError::new(&options.path, error);
        let codec = match options.compression.unwrap_or(Compression::Zstd) {
            Compression::None => Codec::UNCOMPRESSED,
            Compression::Gzip => Codec::GZIP(Default::default()),
            Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(3).map_err(failed)?),
            Compression::Lz4 => Codec::LZ4_RAW,
            Compression::Snappy => Codec::SNAPPY,
        };
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .build();
        let target = Target::create(&options.path)?;
        let writer = ArrowWriter::try_new(target, schema, Some(properties)).map_err(failed)?;
        Ok(Self { writer, closed: false })
    }

    fn done<T>(&mut self, result: Result<T, ParquetError>) -> Result<(), SinkError> {
        result.map(drop).map_err(|error| self.writer.inner_mut().error(error))
    }
}

impl Sink for Parquet {
    fn encoder(&self) -> Arc<dyn Encode> {
        Arc::new(Whole)
    }

    fn write(&mut self, piece: Encoded) -> Result<(), SinkError> {
        let Encoded::Batch(batch) = piece else { return Ok(()) };
        let result = self.writer.write(&batch);
        self.done(result)
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if !std::mem::replace(&mut self.closed, true) {
            let result = self.writer.finish();
            self.done(result)?;
            self.writer.inner_mut().close()?;
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<u64, SinkError> {
        self.close()?;
        self.writer.inner_mut().commit()
    }
}
