//! What is wrong with what a step answers.

use crate::cases::Case;
use crate::exports::stillroom::step::step::{Batch, Output, Rejection};
use crate::stillroom::step::data::Array;

/// The type that the step signs for.
pub(crate) fn data_type(case: Case) -> &'static str {
    match case {
        Case::ListFallingOffsets | Case::ListShortChild | Case::ListWithoutChild => "list<int64>",
        Case::UnfoldingNulls => "list<null>",
        Case::UnfoldingStructs => "list<struct<>>",
        Case::StructShortMember => "struct<a: int64, b: utf8>",
        Case::FixedListShort => "fixed-size-list<int64, 4>",
        Case::FixedListOverflow => {
            "fixed-size-list<fixed-size-list<fixed-size-list<null, 2147483647>, 2147483647>, 2147483647>"
        }
        Case::ZeroWidth => "fixed-size-binary<0>",
        Case::ViewPastEnd | Case::ViewOfNoBuffer | Case::ViewWrongPrefix | Case::UnfoldingViews => "utf8-view",
        Case::DictionaryPastEnd | Case::DictionaryNegative | Case::UnfoldingDictionary => "dictionary<int8, utf8>",
        Case::DecimalTooWide => "decimal128<2, 0>",
        Case::WrongType => "int64",
        _ => "utf8",
    }
}

/// Whether the step signs for any number of rows, and so says which they are.
pub(crate) fn needs_rows(case: Case) -> bool {
    matches!(case, Case::RowsOutOfRange | Case::RowsOddBytes | Case::RejectAndAnswer | Case::RowsWithoutEnd)
}

/// What a global step answers to a batch.
pub(crate) fn nothing() -> Output {
    Output { columns: Batch { length: 0, arrays: Vec::new() }, rows: None, rejected: Vec::new() }
}

/// An answer that nobody can find fault with.
pub(crate) fn truth(data_type: &str, rows: u32, any: bool) -> Output {
    let columns = Batch { length: rows, arrays: arrays(data_type, rows) };
    Output { columns, rows: any.then(|| numbers(0..rows)), rejected: Vec::new() }
}

fn arrays(data_type: &str, rows: u32) -> Vec<Array> {
    let wide = |bytes: u32| array(rows, vec![zeros(rows * bytes)]);
    match data_type {
        "list<int64>" => vec![array(rows, vec![zeros(rows * 4 + 4)]), array(0, vec![Vec::new()])],
        "list<null>" => vec![array(rows, vec![zeros(rows * 4 + 4)]), nulls(0)],
        "list<struct<>>" => vec![array(rows, vec![zeros(rows * 4 + 4)]), array(0, Vec::new())],
        "struct<a: int64, b: utf8>" => vec![array(rows, Vec::new()), wide(8), texts(rows)],
        "fixed-size-list<int64, 4>" => vec![array(rows, Vec::new()), array(rows * 4, vec![zeros(rows * 32)])],
        "fixed-size-binary<0>" => vec![array(rows, vec![Vec::new()])],
        "utf8-view" | "decimal128<2, 0>" => vec![wide(16)],
        "dictionary<int8, utf8>" => vec![wide(1), texts(1)],
        "int64" => vec![wide(8)],
        "utf8" => vec![texts(rows)],
        _ => (0..3).map(|_| array(rows, Vec::new())).chain([nulls(u32::MAX)]).collect(),
    }
}

/// `buffers` after a validity that has no nulls.
fn array(length: u32, mut buffers: Vec<Vec<u8>>) -> Array {
    buffers.insert(0, Vec::new());
    Array { length, null_count: 0, buffers }
}

fn nulls(length: u32) -> Array {
    Array { length, null_count: 0, buffers: Vec::new() }
}

/// `rows` times "é".
fn texts(rows: u32) -> Array {
    array(rows, vec![numbers((0..=rows).map(|row| row * 2)), "é".repeat(rows as usize).into_bytes()])
}

fn zeros(bytes: u32) -> Vec<u8> {
    vec![0; bytes as usize]
}

fn numbers(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Makes the answer what the case is.
pub(crate) fn lie(case: Case, output: &mut Output, rows: u32) {
    in_text(case, &mut output.columns.arrays, rows);
    in_others(case, &mut output.columns.arrays, rows);
    around(case, output, rows);
}

fn in_text(case: Case, arrays: &mut Vec<Array>, rows: u32) {
    let bitmap = || vec![0; rows.div_ceil(8) as usize];
    let Some(array) = arrays.first_mut() else { return };
    let Some(offsets) = array.buffers.get_mut(1).filter(|offsets| offsets.len() >= 8) else { return };
    let last = offsets.len() - 4;
    match case {
        Case::ShortOffsets => offsets.truncate(last),
        Case::LongOffsets => offsets.extend([0; 4]),
        Case::FallingOffsets => {
            offsets[..4].copy_from_slice(&2_u32.to_le_bytes());
            offsets[last..].copy_from_slice(&[0; 4]);
        }
        Case::OffsetPastEnd => offsets[last..].copy_from_slice(&(rows * 2 + 1).to_le_bytes()),
        Case::NegativeOffset => offsets[..4].copy_from_slice(&(-8_i32).to_le_bytes()),
        Case::BadUtf8 => array.buffers[2][0] = 0xff,
        Case::SplitCharacter => offsets[4..8].copy_from_slice(&1_u32.to_le_bytes()),
        Case::NoValidity => drop(array.buffers.remove(0)),
        Case::ShortBitmap => array.null_count = 1,
        Case::WrongNullCount => (array.null_count, array.buffers[0]) = (rows + 1, bitmap()),
        Case::NullWhereNever => (array.null_count, array.buffers[0]) = (rows, bitmap()),
        Case::NoBuffers => array.buffers.clear(),
        Case::ManyBuffers => array.buffers.extend(vec![Vec::new(); 1000]),
        Case::NoArrays => arrays.clear(),
        Case::TwoArrays => arrays.push(texts(rows)),
        Case::ManyArrays => arrays.extend((0..50_000).map(|_| nulls(0))),
        Case::ShortArray => array.length = rows - 1,
        Case::WrongType => *array = texts(rows),
        Case::HugeOutput => array.buffers[2] = vec![b'a'; 16 << 20],
        _ => {}
    }
}

fn in_others(case: Case, arrays: &mut Vec<Array>, rows: u32) {
    let end = rows as usize * 4;
    match case {
        Case::ListFallingOffsets => {
            arrays[0].buffers[1][..4].copy_from_slice(&1_u32.to_le_bytes());
            arrays[1] = array(1, vec![zeros(8)]);
        }
        Case::ListShortChild => arrays[0].buffers[1][end..].copy_from_slice(&7_u32.to_le_bytes()),
        Case::ListWithoutChild => drop(arrays.pop()),
        Case::StructShortMember => arrays[1] = array(rows - 1, vec![zeros(rows * 8 - 8)]),
        Case::FixedListShort => arrays[1] = array(rows * 4 - 1, vec![zeros(rows * 32 - 8)]),
        Case::ViewPastEnd => view(arrays, 100, [1000, 0], vec![b'a'; 64]),
        Case::ViewOfNoBuffer => view(arrays, 100, [7, 0], Vec::new()),
        Case::ViewWrongPrefix => view(arrays, 64, [0, 0], vec![b'b'; 64]),
        Case::DictionaryPastEnd => arrays[0].buffers[1][0] = 100,
        Case::DictionaryNegative => arrays[0].buffers[1][0] = 0xff,
        Case::DecimalTooWide => arrays[0].buffers[1][..16].copy_from_slice(&i128::MAX.to_le_bytes()),
        Case::UnfoldingNulls | Case::UnfoldingStructs => {
            arrays[0].buffers[1][end..].copy_from_slice(&i32::MAX.to_le_bytes());
            arrays[1].length = i32::MAX as u32;
        }
        Case::UnfoldingViews => {
            let size = 7 << 20;
            let one: Vec<u8> =
                [size, u32::from_le_bytes(*b"aaaa"), 0, 0].iter().flat_map(|n| n.to_le_bytes()).collect();
            arrays[0].buffers[1] = one.repeat(rows as usize);
            arrays[0].buffers.push(vec![b'a'; size as usize]);
        }
        Case::UnfoldingDictionary => {
            let size = 7_u32 << 20;
            arrays[1] = array(1, vec![numbers([0, size]), vec![b'a'; size as usize]]);
        }
        _ => {}
    }
}

/// The first value is a view of `length` bytes that begin with "aaaa".
fn view(arrays: &mut [Array], length: u32, [buffer, offset]: [u32; 2], bytes: Vec<u8>) {
    let view = numbers([length, u32::from_le_bytes(*b"aaaa"), buffer, offset]);
    arrays[0].buffers[1][..16].copy_from_slice(&view);
    arrays[0].buffers.push(bytes);
}

fn around(case: Case, output: &mut Output, rows: u32) {
    let reject = |row| Rejection { row, reason: "no".into() };
    let reason = |reason: String| Rejection { row: 0, reason };
    match case {
        Case::TooFewRows => *output = truth("utf8", rows - 1, false),
        Case::TooManyRows => *output = truth("utf8", rows + 1, false),
        Case::HugeLength => (output.columns.length, output.columns.arrays[0].length) = (u32::MAX, u32::MAX),
        Case::RowsUnasked => output.rows = Some(numbers(0..rows)),
        Case::RowsOutOfRange => output.rows = Some(numbers(1..=rows)),
        Case::RowsOddBytes => output.rows = Some(zeros(rows * 4 - 1)),
        Case::RowsMissing => *output = truth("utf8", rows - 1, false),
        Case::RowsWithoutEnd => {
            *output = truth("utf8", 100_000, true);
            output.rows = Some(zeros(400_000));
        }
        Case::RejectOutOfRange => output.rejected.push(reject(rows)),
        Case::RejectTwice => output.rejected.extend([reject(0), reject(0)]),
        Case::RejectAndAnswer => output.rejected.push(reject(0)),
        Case::LongReason => without_first(output, rows, reason("a".repeat(4 << 20))),
        Case::ControlReason => without_first(output, rows, reason("\u{1b}[2Jcleared\u{7}".into())),
        Case::HugeReasons => output.rejected.extend((0..16).map(|_| reason("a".repeat(1 << 20)))),
        _ => {}
    }
}

/// The first row is rejected; where `rows` says which rows these are, it is left out.
fn without_first(output: &mut Output, rows: u32, rejection: Rejection) {
    if output.rows.is_some() {
        output.columns = Batch { length: rows - 1, arrays: vec![texts(rows - 1)] };
        output.rows = Some(numbers(1..rows));
    }
    output.rejected.push(rejection);
}
