//! Batches of one file as batches of the source: columns matched by name, sizes bounded.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use crate::error::SourceError;

/// How one file's columns lie, against the columns of the source.
#[derive(Debug)]
pub(super) struct Arrange {
    source: SchemaRef,
    /// For each column of the source, its place in the file.
    places: Vec<Option<usize>>,
}

impl Arrange {
    pub(super) fn new(source: &SchemaRef, file: &Schema) -> Self {
        let places = source.fields().iter().map(|field| file.index_of(field.name()).ok()).collect();
        Self { source: source.clone(), places }
    }

    /// The columns of `batch` in the source's order; those that the file lacks are null.
    pub(super) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let rows = batch.num_rows();
        let columns = self.places.iter().zip(self.source.fields()).map(|(place, field)| match place {
            Some(place) => batch.column(*place).clone(),
            None => new_null_array(field.data_type(), rows),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.source.clone(), columns.collect(), &options)
    }
}

/// The columns of several files: the union by name, in the order of first appearance.
pub(super) fn union<'a>(files: impl IntoIterator<Item = (&'a Path, SchemaRef)>) -> Result<SchemaRef, SourceError> {
    let mut files = files.into_iter();
    let Some((_, first)) = files.next() else { return Ok(Arc::new(Schema::empty())) };
    let mut fields: Vec<Arc<Field>> = first.fields().iter().cloned().collect();
    for (path, schema) in files {
        for field in &mut fields {
            match schema.field_with_name(field.name()) {
                Ok(other) if other.data_type() == field.data_type() && other.is_nullable() <= field.is_nullable() => {}
                Ok(other) if other.data_type() == field.data_type() => *field = nullable(field),
                Ok(other) => return Err(disagree(path, field, other)),
                Err(_) => *field = nullable(field),
            }
        }
        let known = fields.len();
        let new = |field: &&Arc<Field>| fields[..known].iter().all(|other| other.name() != field.name());
        let new: Vec<_> = schema.fields().iter().filter(new).map(|field| nullable(field)).collect();
        fields.extend(new);
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, first.metadata().clone())))
}

fn nullable(field: &Field) -> Arc<Field> {
    Arc::new(field.clone().with_nullable(true))
}

fn disagree(path: &Path, field: &Field, other: &Field) -> SourceError {
    let message = format!("is {} here and {} in the files before", other.data_type(), field.data_type());
    SourceError {
        column: Some(format!("`{}`", field.name())),
        help: Some("the files of one source have one type per column: read them as two sources".into()),
        ..SourceError::new(path, message)
    }
}

/// `batch`, or slices of it, of at most `rows` rows and about `bytes` bytes; a row that is larger stands alone.
pub(crate) fn bounded(batch: RecordBatch, rows: usize, bytes: usize, into: &mut Vec<RecordBatch>) {
    let length = batch.num_rows();
    if length > rows {
        for start in (0..length).step_by(rows) {
            bounded(batch.slice(start, rows.min(length - start)), rows, bytes, into);
        }
    } else if length > 1 && size(&batch) > 2 * bytes {
        bounded(batch.slice(0, length / 2), rows, bytes, into);
        bounded(batch.slice(length / 2, length - length / 2), rows, bytes, into);
    } else if length > 0 {
        into.push(batch);
    }
}

fn size(batch: &RecordBatch) -> usize {
    let sizes = batch.columns().iter().map(|array| array.to_data().get_slice_memory_size());
    sizes.map(|size| size.unwrap_or(0)).sum()
}

/// Runs what reads a file's structure. The libraries take a damaged file for granted in places: a panic is an error.
pub(crate) fn guarded<T, E: ToString>(read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the data contradict themselves".into()),
    }
}
