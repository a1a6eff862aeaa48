//! What the host checks of an output before it believes it, so that native tests catch the same lies.

use crate::column::{Offset, Type, key_at, numbers};
use crate::data_type::Layout;
use crate::plugin::RawOutput;
use crate::{AnyArray, BinaryView, Bits, DataType, Rows};

/// An array whose lengths are checked already ([`AnyArray::lift`]): its nulls are counted rightly, offsets grow, keys are
/// in range, text is UTF-8, and the same holds for its children.
pub(crate) fn array(array: &AnyArray) -> Result<(), String> {
    nulls(array)?;
    let what = match array.data_type.layout() {
        Layout::Bytes(4) => offsets::<i32>(array),
        Layout::Bytes(_) => offsets::<i64>(array),
        Layout::List(4) => offsets::<i32>(array),
        Layout::List(_) => offsets::<i64>(array),
        Layout::Views => views(array),
        Layout::Dictionary(_) => keys(array),
        _ => Ok(()),
    };
    what.and_then(|()| text(array)).map_err(|what| format!("a {}: {what}", array.data_type))?;
    array.children.iter().try_for_each(self::array)
}

fn nulls(array: &AnyArray) -> Result<(), String> {
    let counted = match array.data_type {
        DataType::Null => array.len,
        _ => array.validity().map_or(0, |bytes| Bits::new(bytes, array.len).count_zeros()),
    };
    match counted == array.nulls {
        true => Ok(()),
        false => Err(format!("a {}: {} nulls are told and {counted} are there", array.data_type, array.nulls)),
    }
}

fn offsets<O: Offset>(array: &AnyArray) -> Result<(), String> {
    let offsets = numbers::<O>(array.bytes(1), array.len + 1);
    match offsets[0].index() == 0 && offsets.is_sorted_by_key(|offset| offset.index()) {
        true => Ok(()),
        false => Err("its offsets do not begin at 0 and grow".to_owned()),
    }
}

fn views(array: &AnyArray) -> Result<(), String> {
    let views: &[[u8; 16]] = bytemuck::cast_slice(&array.bytes(1)[..array.len * 16]);
    let fits = |view: &[u8; 16]| {
        let [len, _, buffer, start] = bytemuck::pod_read_unaligned::<[u32; 4]>(view).map(|part| part as usize);
        let value = || array.buffers.get(2 + buffer)?.as_slice().get(start..start.checked_add(len)?);
        len <= 12 || value().is_some_and(|value| value[..4] == view[4..8])
    };
    match views.iter().all(fits) {
        true => Ok(()),
        false => Err("a view points where nothing lies".to_owned()),
    }
}

fn keys(array: &AnyArray) -> Result<(), String> {
    let valid = |row: &usize| array.validity().is_none_or(|bytes| Bits::new(bytes, array.len).get(*row));
    match (0..array.len).filter(valid).all(|row| key_at(array, row) < array.children[0].len) {
        true => Ok(()),
        false => Err("a key stands for no value".to_owned()),
    }
}

fn text(array: &AnyArray) -> Result<(), String> {
    match array.data_type {
        DataType::Utf8 => text_between::<i32>(array),
        DataType::LargeUtf8 => text_between::<i64>(array),
        DataType::Utf8View => text_of_views(array),
        _ => Ok(()),
    }
}

fn text_between<O: Offset>(array: &AnyArray) -> Result<(), String> {
    let offsets = numbers::<O>(array.bytes(1), array.len + 1);
    let text = std::str::from_utf8(&array.bytes(2)[..offsets[array.len].index()]).map_err(|error| error.to_string())?;
    match offsets.iter().all(|offset| text.is_char_boundary(offset.index())) {
        true => Ok(()),
        false => Err("an offset parts a character".to_owned()),
    }
}

fn text_of_views(array: &AnyArray) -> Result<(), String> {
    let column = BinaryView::view(array);
    (0..array.len).try_for_each(|row| match std::str::from_utf8(column.value(row)) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("row {row}: {error}")),
    })
}

/// An output's row numbers, for an input of so many rows. `one_to_one`: `rows` was not declared to be given.
pub(crate) fn rows(output: &RawOutput, input: usize, rows_any: bool) -> Result<(), String> {
    let inside = |row: u32| (row as usize) < input;
    let origins: Option<Vec<u32>> =
        output.rows.as_deref().map(|bytes| bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect());
    let length = output.length as usize;
    match origins {
        _ if !output.rejected.iter().all(|rejection| inside(rejection.row)) => {
            Err("a row is rejected that is not there")
        }
        None if rows_any => Err("it does not say where its rows come from (`Output::rows`)"),
        None if length != input => Err("it has not one row for each input row, and has not declared `rows_any`"),
        None => Ok(()),
        Some(_) if !rows_any => Err("it says where its rows come from, and has not declared `rows_any`"),
        Some(rows) if rows.len() != length => Err("it does not say of each row where it comes from"),
        Some(rows) if !rows.iter().all(|&row| inside(row)) => Err("a row comes from where no row is"),
        Some(_) => Ok(()),
    }
    .map_err(|what| format!("{what} ({length} rows out of {input})"))
}
