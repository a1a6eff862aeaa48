//! Columns of any type, row by row, for steps that move values without looking into them.

use crate::bitmap::{Bitmap, Validity};
use crate::build::assemble;
use crate::column::{Bytes, Offset, Type, key_at, numbers};
use crate::data_type::Layout;
use crate::{AnyArray, AnyColumn, BinaryView, Bits, Build, DataType, Fault, Result, Rows, Utf8View, ViewBuilder};

/// The rows of a column at these places, in this order; a place may come twice or not at all. Works for every type.
/// Panics where there is no such row.
pub fn take(column: AnyColumn<'_>, rows: &[u32]) -> AnyArray {
    take_array(column.array(), rows)
}

fn take_array(array: &AnyArray, rows: &[u32]) -> AnyArray {
    assert!(rows.iter().all(|&row| (row as usize) < array.len), "a row was taken that is not there");
    let validity = take_validity(array, rows);
    let (buffers, children) = match array.data_type.layout() {
        Layout::Null => return AnyArray::all_null(array.data_type.clone(), rows.len()),
        Layout::Bits => (vec![take_bits(Bits::new(array.bytes(1), array.len), rows).into_bytes()], vec![]),
        Layout::Fixed(width) => (vec![take_fixed(array.bytes(1), width, rows)], vec![]),
        Layout::Dictionary(width) => (vec![take_fixed(array.bytes(1), width, rows)], array.children.clone()),
        Layout::Bytes(4) => (take_bytes::<i32>(array, rows), vec![]),
        Layout::Bytes(_) => (take_bytes::<i64>(array, rows), vec![]),
        Layout::Views => return take_views(array, rows),
        Layout::List(4) => take_list::<i32>(array, rows),
        Layout::List(_) => take_list::<i64>(array, rows),
        Layout::FixedList(size) => (vec![], vec![take_array(&array.children[0], &items_of(size, rows))]),
        Layout::Struct => (vec![], array.children.iter().map(|child| take_array(child, rows)).collect()),
    };
    assemble(array.data_type.clone(), validity, buffers, children)
}

fn take_validity(array: &AnyArray, rows: &[u32]) -> Validity {
    let bits = array.validity().map(|bytes| take_bits(Bits::new(bytes, array.len), rows));
    Validity::new(bits, rows.len())
}

fn take_bits(bits: Bits<'_>, rows: &[u32]) -> Bitmap {
    rows.iter().map(|&row| bits.get(row as usize)).collect()
}

fn take_fixed(values: &[u8], width: usize, rows: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&row| out.extend_from_slice(&values[row as usize * width..][..width]));
    out
}

fn take_bytes<O: Offset>(array: &AnyArray, rows: &[u32]) -> Vec<Vec<u8>> {
    let (old, values) = (numbers::<O>(array.bytes(1), array.len + 1), array.bytes(2));
    let (mut offsets, mut out) = (vec![O::at(0)], Vec::new());
    for row in rows.iter().map(|&row| row as usize) {
        out.extend_from_slice(&values[old[row].index()..old[row + 1].index()]);
        offsets.push(O::at(out.len()));
    }
    vec![bytemuck::cast_slice(&offsets).to_vec(), out]
}

/// Views are made anew, so that the output holds the bytes of its own rows and no others.
fn take_views(array: &AnyArray, rows: &[u32]) -> AnyArray {
    fn copy<'a, V: Bytes + AsRef<V> + ?Sized>(column: impl Rows<'a, Item = &'a V>, rows: &[u32]) -> AnyArray {
        rows.iter().map(|&row| column.get(row as usize)).collect::<ViewBuilder<V>>().build()
    }
    match array.data_type {
        DataType::Utf8View => copy(Utf8View::view(array), rows),
        _ => copy(BinaryView::view(array), rows),
    }
}

fn take_list<O: Offset>(array: &AnyArray, rows: &[u32]) -> (Vec<Vec<u8>>, Vec<AnyArray>) {
    let old = numbers::<O>(array.bytes(1), array.len + 1);
    let (mut offsets, mut items) = (vec![O::at(0)], Vec::new());
    for row in rows.iter().map(|&row| row as usize) {
        items.extend(old[row].index() as u32..old[row + 1].index() as u32);
        offsets.push(O::at(items.len()));
    }
    (vec![bytemuck::cast_slice(&offsets).to_vec()], vec![take_array(&array.children[0], &items)])
}

/// The items of rows of a fixed-size list.
fn items_of(size: usize, rows: &[u32]) -> Vec<u32> {
    rows.iter().flat_map(|&row| (row as usize * size..(row as usize + 1) * size).map(|item| item as u32)).collect()
}

/// All rows of the first column, then those of the second, and so on. With [`take`] it mixes columns in any way.
///
/// [`Fault::Plugin`] where there is no column, they are not of one type, or the values of several dictionaries are more
/// than their keys can tell apart.
pub fn concat(columns: &[AnyColumn<'_>]) -> Result<AnyArray> {
    let first = columns.first().ok_or_else(|| Fault::plugin("nothing to put behind one another"))?;
    if let Some(other) = columns.iter().find(|column| column.data_type() != first.data_type()) {
        return Err(Fault::plugin(format!("a {} behind a {}", other.data_type(), first.data_type())));
    }
    concat_arrays(&columns.iter().map(|column| column.array()).collect::<Vec<_>>())
}

fn concat_arrays(arrays: &[&AnyArray]) -> Result<AnyArray> {
    let data_type = arrays[0].data_type.clone();
    let len = arrays.iter().map(|array| array.len).sum();
    let layout = data_type.layout();
    let buffers = match layout {
        Layout::Null => return Ok(AnyArray::all_null(data_type, len)),
        Layout::Views => return Ok(concat_views(arrays)),
        Layout::Bits => vec![concat_bits(arrays, |array| Some(array.bytes(1))).into_bytes()],
        Layout::Fixed(width) => vec![concat_bytes(arrays, 1, |array| array.len * width)],
        Layout::Bytes(4) => vec![concat_offsets::<i32>(arrays), concat_bytes(arrays, 2, end_of::<i32>)],
        Layout::Bytes(_) => vec![concat_offsets::<i64>(arrays), concat_bytes(arrays, 2, end_of::<i64>)],
        Layout::List(4) => vec![concat_offsets::<i32>(arrays)],
        Layout::List(_) => vec![concat_offsets::<i64>(arrays)],
        Layout::Dictionary(width) => vec![concat_keys(arrays, width)?],
        Layout::FixedList(_) | Layout::Struct => vec![],
    };
    let children = (0..arrays[0].children.len()).map(|child| concat_children(arrays, child, layout));
    let children = children.collect::<Result<Vec<_>>>()?;
    let bitmap = arrays.iter().any(|array| array.nulls > 0).then(|| concat_bits(arrays, AnyArray::validity));
    Ok(assemble(data_type, Validity::new(bitmap, len), buffers, children))
}

/// The children at a place; of a list's items those that its offsets reach.
fn concat_children(arrays: &[&AnyArray], child: usize, layout: Layout) -> Result<AnyArray> {
    let reached = |array: &&AnyArray| match layout {
        Layout::List(4) => end_of::<i32>(array),
        Layout::List(_) => end_of::<i64>(array),
        _ => array.children[child].len,
    };
    let cut = |array: &&AnyArray| match &array.children[child] {
        whole if whole.len == reached(array) => whole.clone(),
        longer => take_array(longer, &(0..reached(array) as u32).collect::<Vec<_>>()),
    };
    let children: Vec<AnyArray> = arrays.iter().map(cut).collect();
    concat_arrays(&children.iter().collect::<Vec<_>>())
}

fn concat_views(arrays: &[&AnyArray]) -> AnyArray {
    fn copy<'a, V: Bytes + AsRef<V> + ?Sized, C: Rows<'a, Item = &'a V>>(columns: impl Iterator<Item = C>) -> AnyArray {
        columns.flat_map(|column| column.iter()).collect::<ViewBuilder<V>>().build()
    }
    match arrays[0].data_type {
        DataType::Utf8View => copy(arrays.iter().map(|array| Utf8View::view(array))),
        _ => copy(arrays.iter().map(|array| BinaryView::view(array))),
    }
}

/// Bits of all arrays; an array without them has ones.
fn concat_bits<'a>(arrays: &[&'a AnyArray], bytes: impl Fn(&'a AnyArray) -> Option<&'a [u8]>) -> Bitmap {
    let bits = |array: &&'a AnyArray| {
        let (bits, len) = (bytes(array), array.len);
        (0..len).map(move |row| bits.is_none_or(|bits| Bits::new(bits, len).get(row)))
    };
    arrays.iter().flat_map(bits).collect()
}

fn concat_bytes(arrays: &[&AnyArray], buffer: usize, length: impl Fn(&AnyArray) -> usize) -> Vec<u8> {
    arrays.iter().flat_map(|array| &array.bytes(buffer)[..length(array)]).copied().collect()
}

fn concat_offsets<O: Offset>(arrays: &[&AnyArray]) -> Vec<u8> {
    let (mut offsets, mut base) = (vec![O::at(0)], 0);
    for array in arrays {
        let own = &numbers::<O>(array.bytes(1), array.len + 1)[1..];
        offsets.extend(own.iter().map(|offset| O::at(base + offset.index())));
        base += end_of::<O>(array);
    }
    bytemuck::cast_slice(&offsets).to_vec()
}

/// The keys of all arrays, counted on over the dictionaries that lie one behind the other.
fn concat_keys(arrays: &[&AnyArray], width: usize) -> Result<Vec<u8>> {
    let (mut keys, mut base) = (Vec::new(), 0);
    let is_signed = matches!(&arrays[0].data_type, DataType::Dictionary(key, _) if is_signed(key));
    let limit = u64::MAX >> (64 - 8 * width as u32 + u32::from(is_signed));
    for array in arrays {
        for row in 0..array.len {
            let is_null = array.validity().is_some_and(|bytes| !Bits::new(bytes, array.len).get(row));
            let key = if is_null { 0 } else { (base + key_at(array, row)) as u64 };
            keys.extend_from_slice(&key.to_le_bytes()[..width]);
        }
        base += array.children[0].len;
    }
    match base as u64 <= limit {
        true => Ok(keys),
        false => Err(Fault::plugin(format!("{base} values are too many for the keys of a {}", arrays[0].data_type))),
    }
}

fn is_signed(key: &DataType) -> bool {
    matches!(key, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}

/// Where the values or items of an array end.
fn end_of<O: Offset>(array: &AnyArray) -> usize {
    numbers::<O>(array.bytes(1), array.len + 1)[array.len].index()
}
