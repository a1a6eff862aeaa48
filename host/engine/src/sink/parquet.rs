//! Apache Parquet, compressed by Zstandard at level 3 unless told otherwise.
//!
//! A row group ends with the item in which it gets a million rows or 64 MiB, whichever comes first: by what was written,
//! never by when or by whom. (An item that is far larger than that is cut.)
//!
//! The file grows from row group to row group; what its footer will say of them is held in memory. A mark carries that for
//! the row groups that are new. To go on, the file is written once more up to the mark, with the real metadata and no data,
//! into a target that skips what is there: so the writer is in the state that it was in, and nothing is read or copied.
//! Undisturbed runs take their metadata through the same bytes, so neither way can differ from the other.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::errors::{ParquetError, Result as Written};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;

use super::target::Target;
use super::{Compression, Encode, Encoded, Group, Mark, Opened, Sink, SinkOptions, Whole, begin};
use crate::error::SinkError;

mod about;

/// Rows that are encoded at once; the limits are looked at between.
const STRIDE: usize = 8 << 10;

/// When a row group ends. Its encoded bytes are held in memory until then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// With the item, once it has so many rows.
    pub(super) rows: usize,
    /// With the item, once it has about so many bytes, encoded.
    pub(super) bytes: usize,
    /// At once, when there are so many times more: the item is too large to wait for its end.
    pub(super) times: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 1 << 20, bytes: 64 << 20, times: 2 }
    }
}

/// A sink of Parquet.
struct Parquet {
    writer: SerializedFileWriter<Target>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    limits: Limits,
    /// The row group that is being encoded: its columns, and its rows.
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
    /// Whether the item under way was cut.
    cut: bool,
    /// The row groups since the last mark.
    groups: Vec<Group>,
    /// How many of them are of whole items.
    whole: usize,
    closed: bool,
}

/// Opens a sink of Parquet.
pub(super) fn create(options: &SinkOptions, schema: SchemaRef, limits: Limits) -> Result<Opened, SinkError> {
    let failed = |error: ParquetError| SinkError::new(&options.path, error);
    let codec = match options.compression.unwrap_or(Compression::Zstd) {
        Compression::None => Codec::UNCOMPRESSED,
        Compression::Gzip => Codec::GZIP(Default::default()),
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(3).map_err(failed)?),
        Compression::Lz4 => Codec::LZ4_RAW,
        Compression::Snappy => Codec::SNAPPY,
    };
    let properties = WriterProperties::builder().set_compression(codec).build();
    begin(options, |mut target, marks| {
        target.replay();
        let writer = ArrowWriter::try_new(target, schema.clone(), Some(properties.clone()));
        let (writer, factory) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(failed)?;
        let mut parquet = Parquet::new(writer, factory, schema.clone(), limits);
        let replayed = parquet.replay(marks);
        parquet.done(replayed)?;
        Ok(parquet)
    })
}

impl Parquet {
    fn new(
        writer: SerializedFileWriter<Target>,
        factory: ArrowRowGroupWriterFactory,
        schema: SchemaRef,
        limits: Limits,
    ) -> Self {
        let (columns, groups) = (Vec::new(), Vec::new());
        Self { writer, factory, schema, limits, columns, rows: 0, cut: false, groups, whole: 0, closed: false }
    }

    /// Takes over the row groups that the marks speak of.
    fn replay(&mut self, marks: &[Mark]) -> Written<()> {
        let groups: BTreeMap<usize, &Group> =
            marks.iter().flat_map(|mark| &mark.groups).map(|group| (group.at, group)).collect();
        for (at, group) in groups.values().enumerate() {
            if group.at != at {
                return Err(ParquetError::General(format!("nothing is known of row group {at}")));
            }
            let columns = about::unpack(&group.about).and_then(|about| about::read(&about))?;
            let mut writer = self.writer.next_row_group()?;
            columns.into_iter().try_for_each(|column| writer.append_column(&Nothing, column))?;
            writer.close()?;
        }
        self.writer.flush()?;
        let there = marks.last().map_or(self.writer.bytes_written() as u64, |mark| mark.bytes);
        match self.writer.inner().is_replayed() && self.writer.inner().written() == there {
            true => Ok(()),
            false => Err(ParquetError::General("its row groups are not those that were marked".into())),
        }
    }

    fn put(&mut self, batch: &RecordBatch) -> Written<()> {
        let rows = batch.num_rows();
        for at in (0..rows).step_by(STRIDE) {
            self.add(&batch.slice(at, STRIDE.min(rows - at)))?;
            if self.is_full(self.limits.times) {
                self.end_group()?;
                self.cut = true;
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: &RecordBatch) -> Written<()> {
        if self.rows == 0 {
            self.columns = self.factory.create_column_writers(self.writer.flushed_row_groups().len())?;
        }
        self.rows += batch.num_rows();
        let mut columns = self.columns.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            for (leaf, column) in compute_leaves(field, array)?.iter().zip(&mut columns) {
                column.write(leaf)?;
            }
        }
        Ok(())
    }

    fn is_full(&self, times: usize) -> bool {
        let bytes = || self.columns.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum::<usize>();
        self.rows >= self.limits.rows.saturating_mul(times) || bytes() >= self.limits.bytes.saturating_mul(times)
    }

    /// Writes the row group under way, if there is one.
    fn end_group(&mut self) -> Written<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(());
        }
        let columns = std::mem::take(&mut self.columns).into_iter().map(ArrowColumnWriter::close);
        let mut chunks = columns.collect::<Written<Vec<_>>>()?;
        let columns = chunks.iter().map(|chunk| about::in_order(chunk.close())).collect::<Written<Vec<_>>>()?;
        let about = about::write(self.writer.schema_descr(), rows, columns)?;
        let at = self.writer.flushed_row_groups().len();
        let mut writer = self.writer.next_row_group()?;
        for (mut chunk, about) in chunks.drain(..).zip(about::read(&about)?) {
            *chunk.close_mut() = about;
            chunk.append_to_row_group(&mut writer)?;
        }
        writer.close()?;
        if self.writer.inner().is_partial() {
            self.groups.push(Group { at, about: about::pack(&about)? });
        }
        Ok(())
    }

    /// Ends the row group if it is large enough. Where none is under way, all items up to here are whole.
    fn end(&mut self, items: u64) -> Written<()> {
        if std::mem::take(&mut self.cut) || self.is_full(1) {
            self.end_group()?;
        }
        if self.rows == 0 {
            self.writer.flush()?;
            self.writer.inner_mut().whole(items);
            self.whole = self.groups.len();
        }
        Ok(())
    }

    fn finish(&mut self) -> Written<()> {
        self.end_group()?;
        self.writer.finish().map(drop)
    }

    fn done<T>(&mut self, result: Written<T>) -> Result<T, SinkError> {
        result.map_err(|error| self.writer.inner_mut().error(error))
    }
}

impl Sink for Parquet {
    fn encoder(&self) -> Arc<dyn Encode> {
        Arc::new(Whole)
    }

    fn write(&mut self, piece: Encoded) -> Result<(), SinkError> {
        let Encoded::Batch(batch) = piece else { return Ok(()) };
        let result = contained(|| self.put(&batch));
        self.done(result)
    }

    fn end_item(&mut self, items: u64) -> Result<(), SinkError> {
        let result = contained(|| self.end(items));
        self.done(result)
    }

    fn mark(&mut self) -> Result<Option<Mark>, SinkError> {
        let Some(mark) = self.writer.inner_mut().mark()? else { return Ok(None) };
        let groups = self.groups.drain(..std::mem::take(&mut self.whole)).collect();
        Ok(Some(Mark { groups, ..mark }))
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if !std::mem::replace(&mut self.closed, true) {
            let result = contained(|| self.finish());
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

/// The library takes types that it has no page for as a fault of its caller: a panic is an error.
fn contained<T>(write: impl FnOnce() -> Written<T>) -> Written<T> {
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
    written.unwrap_or_else(|_| Err(ParquetError::General("Parquet cannot hold these columns".into())))
}

/// Stands for the data of a row group that is in the file: what is written of it is skipped.
struct Nothing;

impl Length for Nothing {
    fn len(&self) -> u64 {
        u64::MAX
    }
}

impl ChunkReader for Nothing {
    type T = io::Repeat;

    fn get_read(&self, _: u64) -> Written<io::Repeat> {
        Ok(io::repeat(0))
    }

    fn get_bytes(&self, _: u64, length: usize) -> Written<Bytes> {
        Ok(vec![0; length].into())
    }
}
