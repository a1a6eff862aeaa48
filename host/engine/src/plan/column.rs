//! Columns that the host adds for itself. They travel with the rows like any other column, and no plugin, no expression and
//! no output sees them.

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// What their names begin with; no file format gives a column such a name without effort.
const MARK: char = '\0';

/// The column that says which row of a step's output a row came from.
pub(crate) fn origin_name(step: usize) -> String {
    format!("{MARK}origin:{step}")
}

/// The column with the hash of a row's key for a keyed step.
pub(crate) fn key_name(step: usize) -> String {
    format!("{MARK}key:{step}")
}

/// Whether a column is the host's own.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with(MARK)
}

/// The field of [`origin_name`]: the piece of input and the row in it.
pub(crate) fn origin_field(step: usize) -> Field {
    Field::new(origin_name(step), DataType::UInt64, false)
}

/// The field of [`key_name`].
pub(crate) fn key_field(step: usize) -> Field {
    Field::new(key_name(step), DataType::UInt32, false)
}

/// The columns that others see, by their places; `None` where that is all of them.
pub(crate) fn visible(schema: &Schema) -> Option<Vec<usize>> {
    let seen: Vec<usize> = (0..schema.fields().len()).filter(|at| !is_hidden(schema.field(*at).name())).collect();
    (seen.len() < schema.fields().len()).then_some(seen)
}

/// The schema that others see.
pub(crate) fn visible_schema(schema: &SchemaRef) -> SchemaRef {
    match visible(schema) {
        None => schema.clone(),
        Some(columns) => {
            let fields: Vec<_> = columns.into_iter().map(|column| schema.fields()[column].clone()).collect();
            Arc::new(Schema::new(fields))
        }
    }
}
