//! How large values are once they are written out. A guest can name one text of a megabyte a thousand times, in views or as a
//! dictionary's, and a null of a list takes no byte at all: what was a small answer would be more than this machine has.

use arrow_data::ArrayData;
use arrow_schema::DataType;

/// Bytes of the values, each where it stands; at least one a value.
pub(crate) fn unfolded(data: &ArrayData) -> usize {
    let (offset, len) = (data.offset(), data.len());
    let child = |from: usize, to: usize| {
        data.child_data().first().map_or(0, |child| unfolded(&child.slice(from, to.saturating_sub(from))))
    };
    let held = match data.data_type() {
        DataType::Utf8View | DataType::BinaryView => {
            let views = bytes(data, 0).chunks_exact(16).skip(offset).take(len);
            views.map(|view| number(&view[..4])).fold(0, usize::saturating_add)
        }
        DataType::Dictionary(key, _) => named(data, key.primitive_width().unwrap_or(1)),
        DataType::Utf8 | DataType::Binary => {
            let [from, to] = ends(data, 4);
            to.saturating_sub(from)
        }
        DataType::LargeUtf8 | DataType::LargeBinary => {
            let [from, to] = ends(data, 8);
            to.saturating_sub(from)
        }
        DataType::List(_) => {
            let [from, to] = ends(data, 4);
            child(from, to)
        }
        DataType::LargeList(_) => {
            let [from, to] = ends(data, 8);
            child(from, to)
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            child(offset.saturating_mul(size), offset.saturating_add(len).saturating_mul(size))
        }
        DataType::Struct(_) => data.child_data().iter().map(unfolded).fold(0, usize::saturating_add),
        DataType::FixedSizeBinary(size) => len.saturating_mul(usize::try_from(*size).unwrap_or(0)),
        other => len.saturating_mul(other.primitive_width().unwrap_or(0)),
    };
    held.max(len)
}

/// What the keys of a dictionary name, each as often as it is named.
fn named(data: &ArrayData, width: usize) -> usize {
    let Some(values) = data.child_data().first() else { return 0 };
    let sizes: Vec<usize> = match values.data_type() {
        DataType::Utf8 | DataType::Binary => gaps(values, 4),
        DataType::LargeUtf8 | DataType::LargeBinary => gaps(values, 8),
        _ => (0..values.len()).map(|at| unfolded(&values.slice(at, 1))).collect(),
    };
    // A null's key may be any number.
    let keys = bytes(data, 0).chunks_exact(width).skip(data.offset()).take(data.len());
    keys.map(|key| sizes.get(number(key)).copied().unwrap_or(0)).fold(0, usize::saturating_add)
}

/// The first and the last offset of the array.
fn ends(data: &ArrayData, width: usize) -> [usize; 2] {
    let offset = |at: usize| bytes(data, 0).get(at * width..(at + 1) * width).map_or(0, number);
    [offset(data.offset()), offset(data.offset() + data.len())]
}

fn gaps(data: &ArrayData, width: usize) -> Vec<usize> {
    let offsets: Vec<usize> =
        bytes(data, 0).chunks_exact(width).skip(data.offset()).take(data.len() + 1).map(number).collect();
    offsets.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

fn bytes(data: &ArrayData, buffer: usize) -> &[u8] {
    data.buffers().get(buffer).map(|buffer| buffer.as_slice()).unwrap_or_default()
}

/// A little-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> usize {
    let mut wide = [0; 8];
    wide.iter_mut().zip(bytes).for_each(|(wide, byte)| *wide = *byte);
    usize::try_from(u64::from_le_bytes(wide)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::StringViewBuilder;
    use arrow_array::types::Int8Type;
    use arrow_array::{Array, ArrayRef, DictionaryArray, Int8Array, Int64Array, ListArray, NullArray, StringArray};
    use arrow_buffer::OffsetBuffer;
    use arrow_schema::{DataType, Field};

    use super::unfolded;

    #[test]
    fn every_value_counts_where_it_stands() {
        let text = "a text that is longer than twelve bytes";
        let mut views = StringViewBuilder::new();
        let block = views.append_block(text.as_bytes().into());
        (0..10).for_each(|_| views.try_append_view(block, 0, text.len() as u32).expect("within the block"));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["é", text]));
        let keys = Int8Array::from(vec![Some(1), None, Some(1), Some(0)]);
        let dictionary = DictionaryArray::<Int8Type>::new(keys, texts.clone());
        let nulls = ListArray::new(
            Arc::new(Field::new_list_field(DataType::Null, true)),
            OffsetBuffer::new(vec![0, 5, 1_000_000].into()),
            Arc::new(NullArray::new(1_000_000)),
            None,
        );
        let cases: [(ArrayRef, usize); 5] = [
            (Arc::new(views.finish()), 10 * text.len()),
            (Arc::new(dictionary), 2 * text.len() + 2 + "é".len()),
            (Arc::new(nulls), 1_000_000),
            (texts, 2 + text.len()),
            (Arc::new(Int64Array::from(vec![1, 2])), 16),
        ];
        for (array, due) in cases {
            assert_eq!(unfolded(&array.to_data()), due, "{}", array.data_type());
        }
    }

    #[test]
    fn a_slice_counts_what_it_shows() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["one", "three", "a"]));
        assert_eq!(unfolded(&texts.slice(1, 1).to_data()), 5);
        let numbers = ListArray::new(
            Arc::new(Field::new_list_field(DataType::Int64, true)),
            OffsetBuffer::new(vec![0, 2, 3].into()),
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            None,
        );
        assert_eq!(unfolded(&numbers.slice(1, 1).to_data()), 8);
    }
}
