//! The hash of a row's key, by which a keyed step's rows find their instance.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::DataType;
use xxhash_rust::xxh3::xxh3_64;

use super::call::arrow;
use crate::error::Result;

/// Whether equal values of a type have equal hashes, whatever a step holds for equal. To some steps the two zeros are one
/// and so are all that are not numbers: floats are none of these types.
pub(crate) fn is_hashable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => false,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_hashable(item.data_type())
        }
        DataType::Struct(members) => members.iter().all(|member| is_hashable(member.data_type())),
        DataType::Dictionary(_, values) => is_hashable(values),
        DataType::Map(..) | DataType::Union(..) | DataType::RunEndEncoded(..) => false,
        other => RowConverter::supports_fields(&[SortField::new(other.clone())]),
    }
}

/// A hash for each row, over these columns.
pub(super) fn hashes(batch: &RecordBatch, columns: &[usize]) -> Result<ArrayRef> {
    let keys: Vec<ArrayRef> = columns.iter().map(|column| batch.column(*column).clone()).collect();
    let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
    let rows = RowConverter::new(fields).and_then(|converter| converter.convert_columns(&keys)).map_err(arrow)?;
    let hashes: UInt32Array = rows.iter().map(|row| Some(xxh3_64(row.as_ref()) as u32)).collect();
    Ok(Arc::new(hashes))
}
