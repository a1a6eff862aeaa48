//! The columns of a source of JSON lines, and how each is read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_schema::{DataType, FieldRef, Fields, Schema, SchemaRef};

use crate::source::SourceOptions;

/// All columns.
pub(super) struct Columns {
    pub(super) schema: SchemaRef,
    pub(super) columns: Vec<Column>,
    by_name: HashMap<Vec<u8>, usize>,
}

/// One column.
pub(super) struct Column {
    pub(super) field: FieldRef,
    pub(super) kind: Kind,
    /// The key as writers write it, with quotes.
    pub(super) quoted: Vec<u8>,
    /// The most bytes a piece had for this column: what the next one reserves.
    most: AtomicUsize,
}

/// How a column's values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Strings.
    Text,
    /// Strings as they are, other values as their JSON text.
    AnyText,
    Int,
    Float,
    Bool,
    /// Anything else: `arrow-json` reads it.
    Other,
}

impl Columns {
    pub(super) fn new(fields: Fields, options: &SourceOptions) -> Self {
        let columns = fields.iter().map(|field| Column::new(field, options.types.contains_key(field.name()))).collect();
        let by_name = fields.iter().enumerate().map(|(i, field)| (field.name().clone().into_bytes(), i)).collect();
        Self { schema: Arc::new(Schema::new(fields)), columns, by_name }
    }

    /// The place of the column called `name`.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

impl Column {
    fn new(field: &FieldRef, overridden: bool) -> Self {
        let kind = match field.data_type() {
            DataType::Utf8 if overridden => Kind::AnyText,
            DataType::Utf8 => Kind::Text,
            DataType::Int64 => Kind::Int,
            DataType::Float64 => Kind::Float,
            DataType::Boolean => Kind::Bool,
            _ => Kind::Other,
        };
        let quoted = serde_json::to_vec(field.name()).unwrap_or_default();
        Self { field: field.clone(), kind, quoted, most: AtomicUsize::new(0) }
    }

    /// Bytes to reserve for a piece of `length` bytes.
    pub(super) fn reserve(&self, length: usize) -> usize {
        self.most.load(Ordering::Relaxed).min(length)
    }

    /// Remembers what a piece needed.
    pub(super) fn needed(&self, bytes: usize) {
        self.most.fetch_max(bytes + bytes / 16, Ordering::Relaxed);
    }
}
