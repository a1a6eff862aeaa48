//! What rows take in memory.

use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryViewType, ByteViewType, StringViewType};
use arrow_array::{Array, GenericByteViewArray, GenericListArray, OffsetSizeTrait, RecordBatch};
use arrow_schema::DataType;

/// Bytes of a batch's rows, without the rest of the buffers that they share.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum()
}

fn array_bytes(array: &dyn Array) -> usize {
    let nulls = array.nulls().map_or(0, |_| array.len().div_ceil(8));
    nulls + values_bytes(array)
}

fn values_bytes(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => view_bytes::<StringViewType>(array),
        DataType::BinaryView => view_bytes::<BinaryViewType>(array),
        DataType::List(_) => list_bytes(array.as_list::<i32>()),
        DataType::LargeList(_) => list_bytes(array.as_list::<i64>()),
        DataType::Map(..) => {
            let map = array.as_map();
            let offsets = map.value_offsets();
            4 * offsets.len() + slice_bytes(map.entries(), offsets[0] as usize, offsets[map.len()] as usize)
        }
        DataType::FixedSizeList(..) => array_bytes(array.as_fixed_size_list().values().as_ref()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| array_bytes(column.as_ref())).sum(),
        DataType::Dictionary(key, _) => {
            let dictionary = array.as_any_dictionary();
            array.len() * key.primitive_width().unwrap_or(0) + array_bytes(dictionary.values().as_ref())
        }
        DataType::ListView(_) => 8 * array.len() + array_bytes(array.as_list_view::<i32>().values().as_ref()),
        DataType::LargeListView(_) => 16 * array.len() + array_bytes(array.as_list_view::<i64>().values().as_ref()),
        _ => flat_bytes(array),
    }
}

fn list_bytes<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    let offsets = list.value_offsets();
    let (first, last) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
    size_of_val(offsets) + slice_bytes(list.values().as_ref(), first, last)
}

/// No row of the column takes more than this. Of what is fixed in width it is that; of text, bytes and lists the largest value;
/// of lists of these, as if every element of the longest were the largest.
pub(crate) fn largest_row(array: &dyn Array) -> usize {
    if array.is_empty() {
        return 0;
    }
    match array.data_type() {
        DataType::Utf8 => 4 + widest(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => 8 + widest(array.as_string::<i64>().value_offsets()),
        DataType::Binary => 4 + widest(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => 8 + widest(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => largest_view(array.as_byte_view::<StringViewType>()),
        DataType::BinaryView => largest_view(array.as_byte_view::<BinaryViewType>()),
        DataType::List(_) => largest_list(array.as_list::<i32>()),
        DataType::LargeList(_) => largest_list(array.as_list::<i64>()),
        DataType::FixedSizeList(_, len) => {
            let each = largest_row(array.as_fixed_size_list().values().as_ref());
            usize::try_from(*len).unwrap_or(0).saturating_mul(each)
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter().map(|column| largest_row(column.as_ref()));
            columns.fold(0, usize::saturating_add)
        }
        DataType::Dictionary(key, _) => {
            key.primitive_width().unwrap_or(0) + largest_row(array.as_any_dictionary().values().as_ref())
        }
        _ => flat_bytes(array).div_ceil(array.len()),
    }
}

fn largest_list<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    let offsets = list.value_offsets();
    let (first, last) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
    let each = largest_row(list.values().slice(first, last - first).as_ref());
    size_of::<O>() + widest(offsets).saturating_mul(each)
}

fn largest_view<T: ByteViewType>(array: &GenericByteViewArray<T>) -> usize {
    // A view's length is its first four bytes.
    16 + array.views().iter().map(|view| *view as u32 as usize).max().unwrap_or(0)
}

fn widest<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
    offsets.windows(2).map(|pair| pair[1].as_usize() - pair[0].as_usize()).max().unwrap_or(0)
}

fn slice_bytes(array: &dyn Array, first: usize, last: usize) -> usize {
    array_bytes(array.slice(first, last - first).as_ref())
}

/// Short values are in their views; of the buffers behind, what the long ones take, but not more than there is.
fn view_bytes<T: ByteViewType>(array: &dyn Array) -> usize {
    let views = array.as_byte_view::<T>();
    let held: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
    16 * views.len() + views.total_buffer_bytes_used().min(held)
}

fn flat_bytes(array: &dyn Array) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
}
