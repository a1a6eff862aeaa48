//! Types, and arrays of them in the contract's form, out of bytes.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use stillroom::fuzzing::Flat;

use crate::data::Data;

const UNITS: [TimeUnit; 4] = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

/// Zones: known, of hours, and unknown.
const ZONES: [&str; 4] = ["UTC", "+05:30", "Europe/Berlin", "America/New_York"];

/// Texts of every length that matters to views, and of characters of every width.
const TEXTS: [&str; 8] =
    ["", "a", "\"\\\n", "äö", "日本語", "twelve bytes", "more than twelve bytes", "🙂 \u{0} \u{ffff} end"];

/// A type that crosses.
pub(crate) fn data_type(data: &mut Data<'_>, depth: usize) -> DataType {
    let plain = 33;
    match data.below(if depth > 3 { plain } else { plain + 7 }) {
        0 => DataType::Utf8,
        1 => DataType::Int64,
        2 => DataType::Boolean,
        3 => DataType::Float64,
        4 => DataType::Null,
        5 => DataType::Int8,
        6 => DataType::Int16,
        7 => DataType::Int32,
        8 => DataType::UInt8,
        9 => DataType::UInt16,
        10 => DataType::UInt32,
        11 => DataType::UInt64,
        12 => DataType::Float16,
        13 => DataType::Float32,
        14 => DataType::LargeUtf8,
        15 | 16 => DataType::Utf8View,
        17 => DataType::Binary,
        18 => DataType::LargeBinary,
        19 | 20 => DataType::BinaryView,
        21 => DataType::Date32,
        22 => DataType::Date64,
        23 => DataType::FixedSizeBinary(1 + data.below(4) as i32),
        24 => DataType::Time32(UNITS[data.below(2)]),
        25 => DataType::Time64(UNITS[2 + data.below(2)]),
        26 => DataType::Duration(UNITS[data.below(4)]),
        27..=29 => DataType::Timestamp(UNITS[data.below(4)], data.is().then(|| ZONES[data.below(4)].into())),
        30..=32 => {
            let precision = 1 + data.below(38) as u8;
            DataType::Decimal128(precision, data.below(39 + usize::from(precision)) as i8 - 38)
        }
        nested => nested_type(nested - plain, data, depth + 1),
    }
}

fn nested_type(which: usize, data: &mut Data<'_>, depth: usize) -> DataType {
    let item = |data: &mut Data<'_>| Arc::new(Field::new_list_field(data_type(data, depth), true));
    match which {
        0 => DataType::List(item(data)),
        1 => DataType::LargeList(item(data)),
        2 => {
            let size = data.below(4) as i32;
            DataType::FixedSizeList(item(data), size)
        }
        3 | 4 => {
            let names = ["a", "b", "a", "with space"];
            let members = (0..data.below(4)).map(|i| Field::new(names[i], data_type(data, depth), true));
            DataType::Struct(members.collect::<Fields>())
        }
        _ => {
            let keys = [DataType::Int8, DataType::Int32, DataType::UInt8, DataType::Int64, DataType::UInt64];
            let key = keys[data.below(keys.len())].clone();
            let value = match data_type(data, depth) {
                DataType::Dictionary(_, value) => value,
                other => other.into(),
            };
            DataType::Dictionary(key.into(), value)
        }
    }
}

/// An honest array of `length` values and its children.
pub(crate) fn push(data: &mut Data<'_>, data_type: &DataType, length: usize, into: &mut Vec<Flat>) {
    let at = into.len();
    into.push(Flat { length: length as u32, ..Flat::default() });
    if *data_type == DataType::Null {
        return;
    }
    let (validity, null_count) = validity(data, length);
    let mut buffers = vec![validity];
    match data_type {
        DataType::Boolean => buffers.push(data.fill(length.div_ceil(8))),
        DataType::Utf8 | DataType::Binary => texts::<4>(data, length, &mut buffers),
        DataType::LargeUtf8 | DataType::LargeBinary => texts::<8>(data, length, &mut buffers),
        DataType::Utf8View | DataType::BinaryView => views(data, length, &mut buffers),
        DataType::List(item) => {
            let items = offsets::<4>(data, length, &mut buffers);
            push(data, item.data_type(), items, into);
        }
        DataType::LargeList(item) => {
            let items = offsets::<8>(data, length, &mut buffers);
            push(data, item.data_type(), items, into);
        }
        DataType::FixedSizeList(item, size) => push(data, item.data_type(), length * *size as usize, into),
        DataType::Struct(fields) => fields.iter().for_each(|field| push(data, field.data_type(), length, into)),
        DataType::Dictionary(key, values) => {
            let count = 1 + data.below(4);
            let width = key.primitive_width().unwrap_or(1);
            buffers.push((0..length).flat_map(|_| wide(data.below(count) as u64, width)).collect());
            push(data, values, count, into);
        }
        DataType::Decimal128(precision, _) => {
            numbers(data, length, 16, &mut buffers);
            let (values, most) = (buffers.last_mut().expect("the numbers"), 10_i128.pow(u32::from(*precision)));
            for value in values.chunks_exact_mut(16) {
                let number = i128::from_le_bytes((&*value).try_into().expect("16 bytes"));
                value.copy_from_slice(&(number % most).to_le_bytes());
            }
        }
        DataType::FixedSizeBinary(size) => buffers.push(data.fill(length * *size as usize)),
        other => numbers(data, length, other.primitive_width().unwrap_or(1), &mut buffers),
    }
    (into[at].buffers, into[at].null_count) = (buffers, null_count);
}

fn validity(data: &mut Data<'_>, length: usize) -> (Vec<u8>, u32) {
    if !data.is() {
        return (Vec::new(), 0);
    }
    let bits = data.fill(length.div_ceil(8));
    let valid = (0..length).filter(|i| bits[i / 8] >> (i % 8) & 1 == 1).count();
    (bits, (length - valid) as u32)
}

fn wide(number: u64, width: usize) -> impl Iterator<Item = u8> {
    number.to_le_bytes().into_iter().take(width)
}

/// Small numbers with large ones among them.
fn numbers(data: &mut Data<'_>, length: usize, width: usize, buffers: &mut Vec<Vec<u8>>) {
    let mut values = Vec::with_capacity(length * width);
    for _ in 0..length {
        match data.byte() {
            small @ 0..=250 => values.extend((0..width).map(|i| if i == 0 { small } else { 0 })),
            251 => values.extend(std::iter::repeat_n(0xff, width)),
            252 => values.extend((0..width).map(|i| if i + 1 == width { 0x80 } else { 0 })),
            253 => values.extend((0..width).map(|i| if i + 1 == width { 0x7f } else { 0xff })),
            _ => values.extend(data.fill(width)),
        }
    }
    buffers.push(values);
}

fn offsets<const WIDTH: usize>(data: &mut Data<'_>, length: usize, buffers: &mut Vec<Vec<u8>>) -> usize {
    let mut end = 0;
    let mut offsets: Vec<u8> = vec![0; WIDTH];
    for _ in 0..length {
        end += data.below(3);
        offsets.extend(wide(end as u64, WIDTH));
    }
    buffers.push(offsets);
    end
}

fn texts<const WIDTH: usize>(data: &mut Data<'_>, length: usize, buffers: &mut Vec<Vec<u8>>) {
    let (mut offsets, mut bytes): (Vec<u8>, Vec<u8>) = (vec![0; WIDTH], Vec::new());
    for _ in 0..length {
        bytes.extend_from_slice(TEXTS[data.below(TEXTS.len())].as_bytes());
        offsets.extend(wide(bytes.len() as u64, WIDTH));
    }
    buffers.extend([offsets, bytes]);
}

fn views(data: &mut Data<'_>, length: usize, buffers: &mut Vec<Vec<u8>>) {
    let (mut views, mut bytes) = (Vec::with_capacity(length * 16), Vec::new());
    for _ in 0..length {
        let text = TEXTS[data.below(TEXTS.len())].as_bytes();
        views.extend((text.len() as u32).to_le_bytes());
        if text.len() <= 12 {
            views.extend(text.iter().copied().chain(std::iter::repeat(0)).take(12));
        } else {
            views.extend_from_slice(&text[..4]);
            views.extend(0_u32.to_le_bytes());
            views.extend((bytes.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text);
        }
    }
    buffers.push(views);
    if !bytes.is_empty() {
        buffers.push(bytes);
    }
}
