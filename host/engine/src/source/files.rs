//! A row per file, whatever is in it.
//!
//! Columns: `path`; `bytes`, the file's length; `text`, its content, null where that is not UTF-8; and one per named group
//! of the `capture` expression, null where the path does not match. Many small files are one piece.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use regex::Regex;

use super::paths::unreadable;
use super::{MAX_ROW_BYTES, Source, SourceOptions, Work};
use crate::error::SourceError;

/// A source of whole files.
pub(super) struct Files {
    paths: std::vec::IntoIter<Arc<Path>>,
    /// The next file and its length, where it did not fit the piece before.
    ahead: Option<(Arc<Path>, u64)>,
    columns: Arc<Columns>,
    batch_rows: usize,
    batch_bytes: u64,
    done: u64,
}

struct Columns {
    schema: SchemaRef,
    capture: Option<Regex>,
}

impl Files {
    pub(super) fn open(paths: Vec<Arc<Path>>, options: &SourceOptions) -> Result<Self, SourceError> {
        let columns = Arc::new(Columns::new(options.capture.as_deref())?);
        let (batch_rows, batch_bytes) = (options.batch_rows.max(1), options.batch_bytes as u64);
        Ok(Self { paths: paths.into_iter(), ahead: None, columns, batch_rows, batch_bytes, done: 0 })
    }

    fn file(&mut self) -> Result<Option<(Arc<Path>, u64)>, SourceError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(path) = self.paths.next() else { return Ok(None) };
        let length = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
        if length > MAX_ROW_BYTES as u64 {
            let message = format!("a file of more than {} MiB cannot be one row", MAX_ROW_BYTES >> 20);
            return Err(SourceError::new(&*path, message));
        }
        Ok(Some((path, length)))
    }
}

impl Source for Files {
    fn schema(&self) -> SchemaRef {
        self.columns.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        let (mut group, mut bytes) = (Vec::new(), 0);
        while let Some((path, length)) = self.file()? {
            if !group.is_empty() && bytes + length > self.batch_bytes {
                self.ahead = Some((path, length));
                break;
            }
            bytes += length;
            group.push(path);
            if group.len() == self.batch_rows {
                break;
            }
        }
        self.done += bytes;
        let columns = self.columns.clone();
        Ok((!group.is_empty()).then(|| Box::new(move || columns.read(&group, bytes as usize)) as Work))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.done, None)
    }
}

impl Columns {
    fn new(capture: Option<&str>) -> Result<Self, SourceError> {
        let wrong = |message: String| SourceError {
            help: Some("a named group is written `(?<name>...)`".into()),
            ..SourceError::new(capture.unwrap_or_default(), message)
        };
        let mut fields = vec![
            Field::new("path", DataType::Utf8, false),
            Field::new("bytes", DataType::Int64, false),
            Field::new("text", DataType::Utf8, true),
        ];
        let capture =
            capture.map(Regex::new).transpose().map_err(|error| wrong(format!("not a regular expression: {error}")))?;
        for name in capture.iter().flat_map(Regex::capture_names).flatten() {
            if fields.iter().any(|field| field.name() == name) {
                return Err(wrong(format!("the group `{name}` has the name of another column")));
            }
            fields.push(Field::new(name, DataType::Utf8, true));
        }
        match capture.is_some() && fields.len() == 3 {
            true => Err(wrong("`capture` has no named group".into())),
            false => Ok(Self { schema: Arc::new(Schema::new(fields)), capture }),
        }
    }

    fn read(&self, paths: &[Arc<Path>], bytes: usize) -> Result<Vec<RecordBatch>, SourceError> {
        let (mut names, mut lengths) = (StringBuilder::new(), Int64Builder::with_capacity(paths.len()));
        let mut texts = StringBuilder::with_capacity(paths.len(), bytes);
        for path in paths {
            let content = fs::read(path).map_err(|error| unreadable(path, &error))?;
            if content.len() > MAX_ROW_BYTES {
                return Err(SourceError::new(&**path, "has grown too large for a row"));
            }
            names.append_value(path.to_string_lossy());
            lengths.append_value(content.len() as i64);
            texts.append_option(std::str::from_utf8(&content).ok());
        }
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(names.finish()), Arc::new(lengths.finish()), Arc::new(texts.finish())];
        columns.extend(self.captured(paths));
        let batch = RecordBatch::try_new(self.schema.clone(), columns);
        batch.map(|batch| vec![batch]).map_err(|error| SourceError::new(&*paths[0], error.to_string()))
    }

    /// The columns of the named groups.
    fn captured(&self, paths: &[Arc<Path>]) -> Vec<ArrayRef> {
        let Some(capture) = &self.capture else { return Vec::new() };
        let mut columns: Vec<_> =
            self.schema.fields()[3..].iter().map(|field| (field.name(), StringBuilder::new())).collect();
        for path in paths {
            let path = path.to_string_lossy();
            let found = capture.captures(&path);
            for (name, column) in &mut columns {
                column.append_option(found.as_ref().and_then(|found| found.name(name)).map(|group| group.as_str()));
            }
        }
        columns.into_iter().map(|(_, mut column)| Arc::new(column.finish()) as ArrayRef).collect()
    }
}
