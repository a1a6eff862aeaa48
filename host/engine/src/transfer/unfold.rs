//! What an answer comes to when every value is written out. A dictionary's value may stand for a million rows, views may all
//! show the same bytes, and what is nested may be nothing a billion times: a few bytes of a guest would be gigabytes of the
//! host's, in the first output or cast that spells them out.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::ArrowNativeType;
use arrow_data::ArrayData;
use arrow_schema::DataType;

/// What a value that is counted takes while it is counted, in bytes.
const COUNTER: u64 = 8;

/// Whether the columns' values come to more than `most` bytes. Takes time and memory in proportion to what the guest sent.
pub(crate) fn unfolds_beyond(columns: &[ArrayRef], most: usize) -> bool {
    let most = most as u64;
    let mut sum = 0_u64;
    columns.iter().filter(|column| may_unfold(column.data_type())).any(|column| {
        sum = sum.saturating_add(unfolded(column, most.saturating_sub(sum)));
        sum > most
    })
}

/// Whether values of this type may be more than the bytes they are in.
fn may_unfold(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8View | DataType::BinaryView | DataType::Dictionary(..) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_nothing(item.data_type()) || may_unfold(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| may_unfold(field.data_type())),
        _ => false,
    }
}

/// Whether values of this type take no bytes.
fn is_nothing(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::FixedSizeBinary(0) | DataType::FixedSizeList(_, 0) => true,
        DataType::FixedSizeList(item, _) => is_nothing(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_nothing(field.data_type())),
        _ => false,
    }
}

fn unfolded(column: &ArrayRef, most: u64) -> u64 {
    match column.data_type() {
        // The usual ones by a short way.
        DataType::Utf8View => column.as_string_view().lengths().map(u64::from).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(u64::from).sum(),
        _ => {
            let data = column.to_data();
            // A counter a value must not itself be what is guarded against.
            if values(&data).saturating_mul(COUNTER) > most.max(1 << 20) {
                return u64::MAX;
            }
            weigh(&data, &vec![1; data.len()])
        }
    }
}

/// All values, nested ones too.
fn values(data: &ArrayData) -> u64 {
    data.child_data().iter().map(values).fold(data.len() as u64, u64::saturating_add)
}

/// Bytes of all values when each is written as often as `times` says; one at least for each.
fn weigh(data: &ArrayData, times: &[u64]) -> u64 {
    let all = times.iter().fold(0, |sum: u64, times| sum.saturating_add(*times));
    let of_lengths = |length: &dyn Fn(usize) -> u64| {
        let bytes = times.iter().enumerate().map(|(i, times)| length(i).saturating_mul(*times));
        bytes.fold(all, u64::saturating_add)
    };
    match data.data_type() {
        DataType::Utf8 | DataType::Binary => of_lengths(&|i| span::<i32>(data, i).len() as u64),
        DataType::LargeUtf8 | DataType::LargeBinary => of_lengths(&|i| span::<i64>(data, i).len() as u64),
        DataType::Utf8View | DataType::BinaryView => {
            let views = data.buffer::<u128>(0);
            of_lengths(&|i| u64::from(views[i] as u32))
        }
        DataType::List(_) => all.saturating_add(weigh_items(data, times, |i| span::<i32>(data, i))),
        DataType::LargeList(_) => all.saturating_add(weigh_items(data, times, |i| span::<i64>(data, i))),
        DataType::FixedSizeList(_, size) => {
            let size = size.as_usize();
            all.saturating_add(weigh_items(data, times, |i| i * size..(i + 1) * size))
        }
        DataType::Struct(_) => data.child_data().iter().map(|child| weigh(child, times)).fold(all, u64::saturating_add),
        DataType::Dictionary(key, _) => weigh_values(data, key, times),
        other => all.saturating_mul(other.primitive_width().unwrap_or(1) as u64),
    }
}

fn weigh_items(data: &ArrayData, times: &[u64], items: impl Fn(usize) -> std::ops::Range<usize>) -> u64 {
    let child = &data.child_data()[0];
    let mut item_times = vec![0; child.len()];
    for (i, times) in times.iter().enumerate() {
        item_times[items(i)].fill(*times);
    }
    weigh(child, &item_times)
}

fn weigh_values(data: &ArrayData, key: &DataType, times: &[u64]) -> u64 {
    let child = &data.child_data()[0];
    let width = key.primitive_width().unwrap_or(1);
    let mut value_times = vec![0_u64; child.len()];
    let mut nulls = 0_u64;
    for ((i, times), key) in times.iter().enumerate().zip(data.buffers()[0].chunks_exact(width)) {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(key);
        match value_times.get_mut(usize::try_from(u64::from_le_bytes(wide)).unwrap_or(usize::MAX)) {
            Some(value) if data.is_valid(i) => *value = value.saturating_add(*times),
            _ => nulls = nulls.saturating_add(*times),
        }
    }
    weigh(child, &value_times).saturating_add(nulls)
}

/// Where value `i` is among the bytes or items.
fn span<O: ArrowNativeType>(data: &ArrayData, i: usize) -> std::ops::Range<usize> {
    let offsets = data.buffer::<O>(0);
    offsets[i].as_usize()..offsets[i + 1].as_usize()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{DictionaryArray, ListArray, NullArray, StringArray, StringViewArray};
    use arrow_buffer::{OffsetBuffer, ScalarBuffer};
    use arrow_schema::Field;

    use super::*;

    fn beyond(column: impl Array + 'static, most: usize) -> bool {
        unfolds_beyond(&[Arc::new(column)], most)
    }

    #[test]
    fn a_dictionary_weighs_what_its_rows_do() {
        let values = Arc::new(StringArray::from(vec!["x".repeat(1000), String::new()]));
        let keys = |key: i32| arrow_array::Int32Array::from(vec![key; 5000]);
        let rows = |key| DictionaryArray::<Int32Type>::new(keys(key), values.clone());
        assert!(beyond(rows(0), 4_999_999) && !beyond(rows(0), 6_000_000));
        assert!(!beyond(rows(1), 2_000_000));
        // Dictionaries of dictionaries multiply.
        let outer = DictionaryArray::<Int32Type>::new(keys(7), Arc::new(rows(0)));
        assert!(!beyond(outer, 6_000_000), "one value, a thousand bytes, five thousand times");
    }

    #[test]
    fn views_of_the_same_bytes_weigh_each() {
        let text = "y".repeat(10_000);
        let one = StringViewArray::from(vec![text.as_str()]);
        let views = ScalarBuffer::from(vec![one.views()[0]; 1000]);
        let all = StringViewArray::new(views, one.data_buffers().to_vec(), None);
        assert!(beyond(all.clone(), 9_999_999) && !beyond(all, 10_000_000));
    }

    #[test]
    fn nothing_a_billion_times_is_too_much() {
        let list = |count: usize| {
            let item = Arc::new(Field::new_list_field(DataType::Null, true));
            let offsets = OffsetBuffer::new(vec![0, i32::try_from(count).unwrap()].into());
            ListArray::new(item, offsets, Arc::new(NullArray::new(count)), None)
        };
        assert!(beyond(list(1 << 30), 512 << 20));
        assert!(!beyond(list(1 << 10), 512 << 20));
    }
}
