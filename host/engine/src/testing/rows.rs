//! Rows that stand in a file: JSON with types, read and written without loss.

use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::build::column;
use super::values::value;
use crate::contract::data_type;
use crate::error::{Result, SourceError};
use crate::source::jsonl;
use crate::worker::arrow;

/// Rows of typed columns. As JSON, integers have all their digits, the floats that JSON lacks are `"NaN"`, `"inf"` and
/// `"-inf"`, binary is in hex, and dates, times and decimals are texts (durations: integers).
#[derive(Debug, Clone, PartialEq)]
pub struct Rows(RecordBatch);

impl Rows {
    /// Reads JSON lines. Columns that `types` does not name have the types that a run would infer; those that it does name
    /// are there also where no row has them. `name` is what errors call the text.
    ///
    /// # Errors
    /// [`SourceError`]: a type that is none, a line that is no object, a value that is not of its column's type.
    pub fn parse(name: &str, text: &str, types: &IndexMap<String, String>) -> Result<Self> {
        let mut known = IndexMap::new();
        for (column, words) in types {
            let parsed = data_type::parse(words).map_err(|why| SourceError {
                column: Some(format!("`{column}`")),
                ..SourceError::new(name, format!("no type: {why}"))
            })?;
            known.insert(column.clone(), parsed);
        }
        // What is not told from the outside is inferred, as it would be in a run.
        let fields = jsonl::fields(name, text, &known)?;
        let lines: Vec<Map<String, Value>> = lines(name, text)?;
        let columns = fields.iter().map(|field| {
            let values: Vec<Option<&Value>> =
                lines.iter().map(|line| line.get(field.name()).filter(|value| !value.is_null())).collect();
            column(&values, field.data_type()).map_err(|(row, why)| SourceError {
                line: Some(row as u64 + 1),
                column: Some(format!("`{}`", field.name())),
                ..SourceError::new(name, why)
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        batch.map(Self).map_err(arrow)
    }

    pub(super) fn of(batch: RecordBatch) -> Self {
        Self(batch)
    }

    pub(super) fn batch(&self) -> &RecordBatch {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.num_rows()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns' names and types in words.
    pub fn columns(&self) -> Vec<(String, String)> {
        let words = |kind: &DataType| data_type::to_text(kind).unwrap_or_else(|| kind.to_string());
        self.0.schema().fields().iter().map(|field| (field.name().clone(), words(field.data_type()))).collect()
    }

    /// Each row as a JSON object.
    ///
    /// # Errors
    /// A value that has no form as text.
    pub fn values(&self) -> Result<Vec<Map<String, Value>>> {
        let schema = self.0.schema();
        let row = |at: usize| {
            let cells = schema.fields().iter().zip(self.0.columns());
            cells.map(|(field, column)| Ok((field.name().clone(), value(column, at).map_err(arrow)?))).collect()
        };
        (0..self.len()).map(row).collect()
    }

    /// A JSON value as [`values`](Self::values) would have it were it one of this column: so that what is the same is written
    /// the same.
    ///
    /// # Errors
    /// Says how it is not of the column's type, or that there is no such column.
    pub fn as_of_column(&self, name: &str, cell: &Value) -> Result<Value, String> {
        let made = self.0.column_by_name(name).ok_or_else(|| format!("there is no column `{name}`"))?;
        if cell.is_null() {
            return Ok(Value::Null);
        }
        let array = column(&[Some(cell)], made.data_type()).map_err(|(_, why)| why)?;
        value(array.as_ref() as &dyn Array, 0).map_err(|error| error.to_string())
    }
}

/// One object a line; empty lines are none.
fn lines(name: &str, text: &str) -> Result<Vec<Map<String, Value>>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| {
            SourceError { line: Some(at as u64 + 1), ..SourceError::new(name, format!("not a JSON object: {error}")) }
                .into()
        })
    });
    parsed.collect()
}
