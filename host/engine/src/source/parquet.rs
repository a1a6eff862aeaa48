//! Apache Parquet: slices of row groups, decoded in parallel.
//!
//! A slice has about [`SLICE_BATCHES`] batches, so that a large row group is neither one thread's work nor held in memory
//! as a whole; what a slice skips of its row group is skipped by the page, not decoded.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::arrange::{Arrange, bounded, guarded, union};
use super::paths::unreadable;
use super::{Source, SourceOptions, Work};
use crate::error::SourceError;

/// How many batches a slice has, about.
const SLICE_BATCHES: usize = 8;

/// A source of Parquet files.
pub(super) struct Parquet {
    paths: VecDeque<Arc<Path>>,
    schema: SchemaRef,
    groups: VecDeque<Group>,
    limits: Limits,
    read: u64,
    total: u64,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    rows: usize,
    bytes: usize,
}

/// A row group, and how far it is read.
struct Group {
    file: Arc<Opened>,
    group: usize,
    rows: usize,
    offset: usize,
    /// Rows of a slice.
    step: usize,
    batch_rows: usize,
    bytes: u64,
}

/// Some rows of a row group.
struct Slice {
    file: Arc<Opened>,
    group: usize,
    offset: usize,
    rows: usize,
    batch_rows: usize,
    /// Its share of the row group's bytes.
    bytes: u64,
}

struct Opened {
    path: Arc<Path>,
    metadata: ArrowReaderMetadata,
    arrange: Arrange,
}

impl Parquet {
    pub(super) fn open(paths: Vec<Arc<Path>>, options: &SourceOptions) -> Result<Self, SourceError> {
        let mut schemas = Vec::with_capacity(paths.len());
        let mut total: u64 = 0;
        for path in &paths {
            let metadata = load(path)?;
            let sizes = metadata.metadata().row_groups().iter().map(|group| group.compressed_size().max(0) as u64);
            total = sizes.fold(total, u64::saturating_add);
            schemas.push((&**path, metadata.schema().clone()));
        }
        let schema = union(schemas)?;
        let limits = Limits { rows: options.batch_rows.max(1), bytes: options.batch_bytes.max(1) };
        Ok(Self { paths: paths.into(), schema, groups: VecDeque::new(), limits, read: 0, total })
    }

    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some(path) = self.paths.pop_front() else { return Ok(false) };
        let metadata = load(&path)?;
        let arrange = Arrange::new(&self.schema, metadata.schema());
        let file = Arc::new(Opened { path, metadata, arrange });
        for group in 0..file.metadata.metadata().num_row_groups() {
            self.slice(&file, group);
        }
        Ok(true)
    }

    fn slice(&mut self, file: &Arc<Opened>, group: usize) {
        let metadata = file.metadata.metadata().row_group(group);
        let rows = usize::try_from(metadata.num_rows()).unwrap_or(0);
        // Dictionaries and run lengths make the encoded size a fraction of the decoded one; writers say what texts come to.
        let texts = metadata.columns().iter().filter_map(|column| column.unencoded_byte_array_data_bytes());
        let texts = texts.fold(0, i64::saturating_add);
        let bytes = metadata.total_byte_size().max(texts);
        let row_bytes = (usize::try_from(bytes).unwrap_or(0) / rows.max(1)).max(1);
        let batch_rows = (self.limits.bytes / row_bytes).clamp(1, self.limits.rows);
        let step = batch_rows.saturating_mul(SLICE_BATCHES);
        let bytes = metadata.compressed_size().max(0) as u64;
        self.groups.push_back(Group { file: file.clone(), group, rows, offset: 0, step, batch_rows, bytes });
    }

    /// One after the other: how many there are is what the file says.
    fn next_slice(&mut self) -> Option<Slice> {
        while self.groups.front().is_some_and(|group| group.offset >= group.rows) {
            self.groups.pop_front();
        }
        let Group { file, group, rows, offset, step, batch_rows, bytes } = self.groups.front_mut()?;
        let slice_rows = (*step).min(*rows - *offset);
        let bytes = u128::from(*bytes) * slice_rows as u128 / *rows as u128;
        let slice = Slice {
            file: file.clone(),
            group: *group,
            offset: *offset,
            rows: slice_rows,
            batch_rows: *batch_rows,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        };
        *offset += slice_rows;
        Some(slice)
    }
}

impl Source for Parquet {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        loop {
            if let Some(slice) = self.next_slice() {
                self.read = self.read.saturating_add(slice.bytes);
                let limits = self.limits;
                return Ok(Some(Box::new(move || slice.decode(limits))));
            }
            if !self.open_next()? {
                return Ok(None);
            }
        }
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.read, Some(self.total))
    }
}

impl Slice {
    fn decode(&self, limits: Limits) -> Result<Vec<RecordBatch>, SourceError> {
        let batches = guarded(|| self.read()).map_err(|message| damaged(&self.file.path, &message))?;
        let mut all = Vec::with_capacity(batches.len());
        for batch in batches {
            bounded(batch, limits.rows, limits.bytes, &mut all);
        }
        Ok(all)
    }

    fn read(&self) -> Result<Vec<RecordBatch>, ArrowError> {
        let file = File::open(&self.file.path)?; // its own: a shared one has one position
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.file.metadata.clone())
            .with_row_groups(vec![self.group])
            .with_offset(self.offset)
            .with_limit(self.rows)
            .with_batch_size(self.batch_rows)
            .build()?;
        let batches = reader.map(|batch| self.file.arrange.apply(&batch?)).collect::<Result<Vec<_>, _>>()?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        match rows == self.rows {
            true => Ok(batches),
            false => Err(ArrowError::ParquetError(format!("{rows} rows where its metadata say {}", self.rows))),
        }
    }
}

fn load(path: &Path) -> Result<ArrowReaderMetadata, SourceError> {
    if path == Path::new("-") {
        let help = "Parquet is read from its end: save it to a file first";
        return Err(SourceError {
            help: Some(help.into()),
            ..SourceError::new(path, "Parquet cannot come by standard input")
        });
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    guarded(|| ArrowReaderMetadata::load::<File>(&file, ArrowReaderOptions::new()))
        .map_err(|message: String| damaged(path, &message))
}

fn damaged(path: &Path, message: &str) -> SourceError {
    let message = message.trim_start_matches("Parquet argument error: ").trim_start_matches("Parquet error: ");
    SourceError {
        help: Some("the file is cut off or damaged: fetch or write it again".into()),
        ..SourceError::new(path, format!("not a whole Parquet file: {message}"))
    }
}
