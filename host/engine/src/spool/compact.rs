//! Arrays without what their rows do not use. arrow's IPC writer cuts most buffers to the rows; what it does not cut is cut
//! here: buffers behind views, dictionaries, the values of list views and dense unions.

use std::sync::Arc;

use arrow_array::builder::BufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryViewType, ByteViewType, StringViewType};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericListArray, GenericListViewArray, MapArray, OffsetSizeTrait,
    StructArray, make_array,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_data::transform::MutableArrayData;
use arrow_schema::{ArrowError, DataType, FieldRef, UnionMode};
use arrow_select::dictionary::garbage_collect_any_dictionary;

/// The same rows; the same array where nothing is to be gained.
pub(super) fn compact(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !may_gain(array.data_type()) {
        return Ok(array.clone());
    }
    Ok(match array.data_type() {
        DataType::Utf8View => views::<StringViewType>(array),
        DataType::BinaryView => views::<BinaryViewType>(array),
        DataType::Dictionary(..) => dictionary(array)?,
        DataType::List(item) => list::<i32>(array, item)?,
        DataType::LargeList(item) => list::<i64>(array, item)?,
        DataType::ListView(item) => list_view::<i32>(array, item)?,
        DataType::LargeListView(item) => list_view::<i64>(array, item)?,
        DataType::FixedSizeList(item, size) => {
            let values = compact(array.as_fixed_size_list().values())?;
            let nulls = array.nulls().cloned();
            Arc::new(FixedSizeListArray::try_new_with_length(item.clone(), *size, values, nulls, array.len())?)
        }
        DataType::Struct(_) => Arc::new(structure(array.as_struct())?),
        DataType::Map(entries, sorted) => map(array, entries, *sorted)?,
        DataType::Union(_, UnionMode::Dense) => copied(array)?,
        _ => array.clone(),
    })
}

/// Whether arrays of the type can have something that arrow would write though no row uses it.
fn may_gain(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8View | DataType::BinaryView | DataType::Dictionary(..) => true,
        DataType::ListView(_) | DataType::LargeListView(_) | DataType::Union(_, UnionMode::Dense) => true,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => may_gain(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| may_gain(field.data_type())),
        _ => false,
    }
}

fn views<T: ByteViewType>(array: &ArrayRef) -> ArrayRef {
    let views = array.as_byte_view::<T>();
    let held: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
    if held > 2 * views.total_buffer_bytes_used() { Arc::new(views.gc()) } else { array.clone() }
}

/// A dictionary larger than the rows that use it has values that no row does.
fn dictionary(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let array = match array.as_any_dictionary() {
        large if large.values().len() > array.len() => garbage_collect_any_dictionary(large)?,
        _ => array.clone(),
    };
    let dictionary = array.as_any_dictionary();
    let values = compact(dictionary.values())?;
    Ok(if Arc::ptr_eq(&values, dictionary.values()) { array.clone() } else { dictionary.with_values(values) })
}

fn list<O: OffsetSizeTrait>(array: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let list = array.as_list::<O>();
    let (offsets, first, last) = from_zero(list.offsets());
    let values = compact(&list.values().slice(first, last - first))?;
    Ok(Arc::new(GenericListArray::try_new(item.clone(), offsets, values, list.nulls().cloned())?))
}

fn map(array: &ArrayRef, entries: &FieldRef, sorted: bool) -> Result<ArrayRef, ArrowError> {
    let map = array.as_map();
    let (offsets, first, last) = from_zero(map.offsets());
    let values = structure(&map.entries().slice(first, last - first))?;
    Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, values, map.nulls().cloned(), sorted)?))
}

fn structure(array: &StructArray) -> Result<StructArray, ArrowError> {
    let columns = array.columns().iter().map(compact).collect::<Result<Vec<_>, _>>()?;
    StructArray::try_new_with_length(array.fields().clone(), columns, array.nulls().cloned(), array.len())
}

/// Offsets whose first one is 0; and where in the values the rows begin and end.
fn from_zero<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (OffsetBuffer<O>, usize, usize) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let lengths = offsets.lengths();
    let moved = if first == O::zero() { offsets.clone() } else { OffsetBuffer::from_lengths(lengths) };
    (moved, first.as_usize(), last.as_usize())
}

/// A list view's rows may lie anywhere in its values: those between the first and the last one that is used stay.
fn list_view<O: OffsetSizeTrait>(array: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let list = array.as_list_view::<O>();
    let used = || list.offsets().iter().zip(list.sizes().iter()).filter(|(_, size)| **size > O::zero());
    let first = used().map(|(offset, _)| *offset).min().unwrap_or(O::zero());
    let last = used().map(|(offset, size)| *offset + *size).max().unwrap_or(O::zero());
    let mut offsets = BufferBuilder::<O>::new(list.len());
    for (offset, size) in list.offsets().iter().zip(list.sizes().iter()) {
        offsets.append(if *size > O::zero() { *offset - first } else { O::zero() });
    }
    let offsets = ScalarBuffer::new(offsets.finish(), 0, list.len());
    let values = compact(&list.values().slice(first.as_usize(), (last - first).as_usize()))?;
    let (sizes, nulls) = (list.sizes().clone(), list.nulls().cloned());
    Ok(Arc::new(GenericListViewArray::try_new(item.clone(), offsets, sizes, values, nulls)?))
}

fn copied(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data();
    let mut rows = MutableArrayData::new(vec![&data], false, array.len());
    rows.try_extend(0, 0, array.len())?;
    Ok(make_array(rows.freeze()))
}
