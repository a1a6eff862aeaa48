//! CSV: a header, then a line per row. Fields are quoted where they have to be; null is an empty field, and so is an empty
//! string. Columns of lists, structs or maps are an error.

use std::path::PathBuf;

use arrow_array::RecordBatch;
use arrow_csv::WriterBuilder;
use arrow_schema::{ArrowError, SchemaRef};

use super::SinkOptions;
use super::text::Text;
use crate::error::SinkError;

/// The encoder of a sink of CSV, and the file's first line.
pub(super) fn encoder(options: &SinkOptions, schema: &SchemaRef) -> Result<(Rows, Vec<u8>), SinkError> {
    if let Some(field) = schema.fields().iter().find(|field| field.data_type().is_nested()) {
        return Err(SinkError {
            help: Some("write JSON lines or Parquet, or combine or drop the column before".into()),
            ..SinkError::new(
                &options.path,
                format!("CSV cannot hold column `{}` of {}", field.name(), field.data_type()),
            )
        });
    }
    let rows = Rows { path: options.path.clone() };
    let header = rows.lines(&RecordBatch::new_empty(schema.clone()), true)?;
    Ok((rows, header))
}

/// Rows as lines of CSV.
pub(super) struct Rows {
    path: PathBuf,
}

impl Rows {
    fn lines(&self, batch: &RecordBatch, header: bool) -> Result<Vec<u8>, SinkError> {
        let mut out = Vec::new();
        let written = |error: ArrowError| SinkError::new(&self.path, error);
        WriterBuilder::new().with_header(header).build(&mut out).write(batch).map_err(written)?;
        Ok(out)
    }
}

impl Text for Rows {
    fn text(&self, batch: &RecordBatch) -> Result<Vec<u8>, SinkError> {
        self.lines(batch, false)
    }
}
