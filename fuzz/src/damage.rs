//! An honest answer made dishonest, a few changes at a time.

use arrow_schema::Field;
use stillroom::fuzzing::{Flat, GuestOutput, Signed};

use crate::data::Data;
use crate::make;

/// Most changes to one answer.
const MOST: usize = 5;

/// Changes what the input says; whether there was anything.
pub(crate) fn damage(data: &mut Data<'_>, output: &mut GuestOutput, signed: &mut Signed) -> bool {
    let changes = data.last_below(MOST + 1);
    for _ in 0..changes {
        match data.last_below(20) {
            0 => output.length = data.last_number() as u32,
            1 => output.rejected.push((data.last_number() as u32, "said twice".to_owned())),
            2 => output.rows = (data.last() & 1 == 0).then(Vec::new),
            3 => bytes(data, output.rows.get_or_insert_default()),
            4 => shuffle(data, &mut output.arrays),
            5 => field(data, signed),
            6..=8 => array(data, &mut output.arrays),
            _ => buffer(data, &mut output.arrays),
        }
    }
    changes > 0
}

/// An answer out of nothing but bytes.
pub(crate) fn nonsense(data: &mut Data<'_>, output: &mut GuestOutput) {
    output.arrays.clear();
    for _ in 0..data.below(6) {
        let (length, null_count) = (data.byte().into(), u32::from(data.byte()) >> 5);
        let buffers = (0..data.below(4)).map(|_| {
            let len = data.below(40);
            data.fill(len)
        });
        output.arrays.push(Flat { length, null_count, buffers: buffers.collect() });
    }
}

fn field(data: &mut Data<'_>, signed: &mut Signed) {
    let at = data.last_below(signed.fields.len() + 1);
    let bytes = [data.last(), data.last(), data.last(), data.last()];
    let other = make::data_type(&mut Data::new(&bytes), 2);
    match signed.fields.get_mut(at) {
        Some(field) => *field = Field::new(field.name(), other, data.last() & 1 == 0),
        None => signed.any_rows = !signed.any_rows,
    }
}

fn shuffle(data: &mut Data<'_>, arrays: &mut Vec<Flat>) {
    if arrays.is_empty() {
        return arrays.push(Flat::default());
    }
    let (at, other) = (data.last_below(arrays.len()), data.last_below(arrays.len()));
    match data.last() % 3 {
        0 => arrays.swap(at, other),
        1 => drop(arrays.remove(at)),
        _ => arrays.insert(other, arrays[at].clone()),
    }
}

fn array(data: &mut Data<'_>, arrays: &mut [Flat]) {
    if arrays.is_empty() {
        return;
    }
    let array = &mut arrays[data.last_below(arrays.len())];
    let count = array.buffers.len();
    match data.last() % 6 {
        0 => array.length = data.last_number() as u32,
        1 => array.null_count = data.last_number() as u32,
        2 => array.length = array.length.wrapping_add(1).wrapping_sub(u32::from(data.last() & 3)),
        3 => array.buffers.push(vec![data.last(); data.last_below(40)]),
        4 if count > 0 => drop(array.buffers.remove(data.last_below(count))),
        5 if count > 0 => array.buffers.swap(data.last_below(count), count - 1),
        _ => {}
    }
}

fn buffer(data: &mut Data<'_>, arrays: &mut [Flat]) {
    if arrays.is_empty() {
        return;
    }
    let array = &mut arrays[data.last_below(arrays.len())];
    if !array.buffers.is_empty() {
        let at = data.last_below(array.buffers.len());
        bytes(data, &mut array.buffers[at]);
    }
}

/// Numbers of every width are changed where numbers of that width may be.
fn bytes(data: &mut Data<'_>, bytes: &mut Vec<u8>) {
    let put = |data: &mut Data<'_>, bytes: &mut Vec<u8>, width: usize| {
        let places = bytes.len() / width;
        if places > 0 {
            let at = data.last_below(places) * width;
            bytes[at..at + width].copy_from_slice(&data.last_number().to_le_bytes()[..width]);
        }
    };
    match data.last() % 8 {
        0 | 1 => put(data, bytes, 1),
        2 | 3 => put(data, bytes, 4),
        4 => put(data, bytes, 8),
        5 => bytes.truncate(data.last_below(bytes.len() + 1)),
        6 => bytes.resize(bytes.len() + 1 + data.last_below(16), data.last()),
        _ if !bytes.is_empty() => {
            let at = data.last_below(bytes.len());
            bytes[at] ^= 1 << (data.last() & 7);
        }
        _ => {}
    }
}
