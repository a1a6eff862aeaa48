//! Rows as JSON values, for the few that are shown or set aside.

use arrow_array::RecordBatch;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::worker::arrow;

/// Each row as an object.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Value>> {
    let mut lines = Vec::new();
    let mut writer = arrow_json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(std::sync::Arc::new(crate::sink::jsonl::Strings))
        .build::<_, arrow_json::writer::LineDelimited>(&mut lines);
    writer.write(batch).and_then(|()| writer.finish()).map_err(arrow)?;
    serde_json::Deserializer::from_slice(&lines)
        .into_iter()
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::Engine { message: error.to_string(), help: None })
}

/// A value with its texts cut to so many characters.
pub(crate) fn shortened(value: &Value, chars: usize) -> Value {
    match value {
        Value::String(text) if text.chars().nth(chars).is_some() => {
            Value::String(text.chars().take(chars).chain(['…']).collect())
        }
        Value::Array(items) => items.iter().map(|item| shortened(item, chars)).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), shortened(value, chars))).collect(),
        other => other.clone(),
    }
}
