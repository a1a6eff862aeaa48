//! Rows that stand in the pipeline file itself.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde_json::Value;

use super::jsonl::decode_text;
use super::{Source, SourceOptions, Work};
use crate::error::SourceError;

/// A source of rows that are there already.
pub(super) struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Rows {
    /// The columns are inferred as those of JSON lines are.
    pub(super) fn open(rows: &[Value], options: &SourceOptions) -> Result<Self, SourceError> {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let path: Arc<Path> = Arc::from(Path::new("rows of the pipeline"));
        let options = SourceOptions { sample_rows: rows.len().max(1), ..options.clone() };
        let (schema, batches) = decode_text(&path, text.into_bytes(), &options)?;
        Ok(Self { schema, batches })
    }
}

impl Source for Rows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        let batches = std::mem::take(&mut self.batches);
        Ok((!batches.is_empty()).then(|| Box::new(move || Ok(batches)) as Work))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (0, None)
    }
}
