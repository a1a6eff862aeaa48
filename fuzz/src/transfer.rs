//! A guest's answer, from honest to nonsense. What the host takes must be what it says it is: every value is read, in all the
//! ways in which a run may come to read it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use stillroom::fuzzing::{self, Accepted, Format, GuestOutput, Signed};

use crate::data::Data;
use crate::{damage, make};

/// Most rows of an answer.
const MOST_ROWS: usize = 2000;

/// Most bytes of one.
const MOST_BYTES: usize = 256 << 10;

/// A question and its answer.
struct Case {
    signed: Signed,
    rows_in: usize,
    output: GuestOutput,
    is_honest: bool,
}

/// One answer.
pub fn transfer(data: &[u8]) {
    let data = &mut Data::new(data);
    let uses = data.last();
    let case = Case::new(data);
    let Case { signed, rows_in, output, is_honest } = case;
    let accepted = match fuzzing::lift(output.clone(), &signed, rows_in, MOST_ROWS, MOST_BYTES) {
        Ok(accepted) => accepted,
        Err(why) => {
            assert!(!is_honest, "an honest answer was refused: {why}\n{signed:?}\n{output:?}");
            assert!(!why.is_empty());
            return;
        }
    };
    check(&accepted, &signed, rows_in);
    read(&accepted, &signed, uses);
}

impl Case {
    fn new(data: &mut Data<'_>) -> Self {
        let modes = data.byte();
        let length = data.below(13);
        let fields: Vec<Field> =
            (0..1 + data.below(3)).map(|i| Field::new(format!("c{i}"), make::data_type(data, 0), true)).collect();
        let mut signed = Signed { fields, kind: modes & 3, any_rows: modes & 4 != 0 };
        let mut output = GuestOutput { length: length as u32, ..GuestOutput::default() };
        for field in &signed.fields {
            make::push(data, field.data_type(), length, &mut output.arrays);
        }
        let mut is_honest = true;
        let mut rows_in = length;
        if signed.kind == 2 || (signed.any_rows && signed.kind != 3) {
            rows_in = length + data.below(5);
            let origins = (0..length).flat_map(|_| (data.below(rows_in.max(1)) as u32).to_le_bytes());
            output.rows = Some(origins.collect());
        } else if modes & 8 != 0 && rows_in > 0 {
            output.rejected.push((data.below(rows_in) as u32, "no \u{1b}[31mreason".to_owned()));
        }
        if modes & 0xf0 == 0xf0 {
            damage::nonsense(data, &mut output);
            is_honest = false;
        }
        is_honest &= !damage::damage(data, &mut output, &mut signed);
        Self { signed, rows_in, output, is_honest }
    }
}

/// What is promised of everything that was taken.
fn check(accepted: &Accepted, signed: &Signed, rows_in: usize) {
    let Accepted { columns, rows, origins, rejected } = accepted;
    assert!(*rows <= MOST_ROWS && columns.len() == signed.fields.len());
    for (column, field) in columns.iter().zip(&signed.fields) {
        assert_eq!((column.len(), column.data_type()), (*rows, field.data_type()));
        assert!(field.is_nullable() || column.null_count() == 0);
        column.to_data().validate_full().expect("what was taken is whole");
    }
    if let Some(origins) = origins {
        assert!(origins.len() == *rows && origins.iter().all(|row| (*row as usize) < rows_in));
        assert!(rejected.iter().all(|(row, _)| !origins.contains(row)));
    }
    assert!(rejected.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(rejected.iter().all(|(row, reason)| (*row as usize) < rows_in && !reason.contains('\u{1b}')));
}

/// Everything that a run may do with it; `uses` says which of the slower ways.
fn read(accepted: &Accepted, signed: &Signed, uses: u8) {
    let rows = accepted.rows;
    let batch = batch(&signed.fields, accepted.columns.clone(), rows);
    // What cannot be written is an error; it may not be more than that.
    let text = fuzzing::text(Format::Jsonl, &batch);
    if let Ok(text) = &text {
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), rows);
    }
    match uses % 8 {
        0 => drop(fuzzing::text(Format::Csv, &batch)),
        1 => drop(fuzzing::shown(&batch)),
        2 => crosses_again(accepted, signed),
        3 => spools(&batch),
        4 => assert!(fuzzing::is_digested(rows, &accepted.columns)),
        5 => accepted.columns.iter().for_each(casts),
        _ => accepted.columns.iter().for_each(|column| moves(column, uses)),
    }
}

fn batch(fields: &[Field], columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    RecordBatch::try_new_with_options(schema, columns, &options).expect("columns of the types that were signed")
}

/// The next step is handed what the last one answered.
fn crosses_again(accepted: &Accepted, signed: &Signed) {
    let rows = accepted.rows;
    let skipped = rows / 3;
    for (skip, len) in [(0, rows), (skipped, rows - skipped)] {
        let columns: Vec<ArrayRef> = accepted.columns.iter().map(|column| column.slice(skip, len)).collect();
        let arrays = fuzzing::lower(len as u32, &columns);
        let output = GuestOutput { length: len as u32, arrays, ..GuestOutput::default() };
        let signed = Signed { fields: signed.fields.clone(), ..Signed::default() };
        // Limits do not come in: what was one batch of a guest's may be more when it is written out again.
        let again =
            fuzzing::lift(output, &signed, len, MOST_ROWS, usize::MAX).expect("what the host hands out is sound");
        assert_eq!(again.columns, columns);
    }
}

fn spools(batch: &RecordBatch) {
    assert_eq!(fuzzing::spooled(batch).as_ref(), Ok(batch), "rows that wait are as they were");
}

fn casts(column: &ArrayRef) {
    for wanted in [DataType::Utf8, DataType::Int64, DataType::Float64, DataType::LargeBinary] {
        drop(arrow_cast::cast(column, &wanted));
    }
}

fn moves(column: &ArrayRef, uses: u8) {
    let rows = column.len();
    let back = UInt32Array::from_iter_values((0..rows as u32).rev());
    let taken = arrow_select::take::take(column, &back, None).expect("rows by number");
    let twice = arrow_select::take::take(&taken, &back, None).expect("rows by number");
    assert_eq!(&twice, column);
    let mask = BooleanArray::from_iter((0..rows).map(|row| Some(row % 2 == usize::from(uses & 8 != 0))));
    let kept = arrow_select::filter::filter(column, &mask).expect("rows by truth");
    assert_eq!(kept.len(), mask.true_count());
    let half = rows / 2;
    let parts: [&dyn Array; 2] = [&column.slice(0, half), &column.slice(half, rows - half)];
    // Two dictionaries may be too large for one.
    if let Ok(joined) = arrow_select::concat::concat(&parts) {
        assert_eq!(joined.len(), rows);
    }
    if uses & 16 != 0
        && let Ok(rows) = arrow_row::RowConverter::new(vec![arrow_row::SortField::new(column.data_type().clone())])
    {
        drop(rows.convert_columns(std::slice::from_ref(column)));
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        assert!(texts.iter().flatten().all(|text| text.chars().count() <= text.len()));
    }
}

/// An entry of the result cache, forged.
pub fn cache_entry(data: &[u8]) {
    let data = &mut Data::new(data);
    let Case { signed, rows_in, output, is_honest } = Case::new(data);
    let Ok(accepted) = fuzzing::lift(output, &signed, rows_in, MOST_ROWS, MOST_BYTES) else { return };
    // A source's answers are not kept.
    if accepted.origins.is_none() && accepted.rows != rows_in {
        return;
    }
    let changes = data.last_below(4);
    let forge = |bytes: &mut Vec<u8>| (0..changes).for_each(|_| tamper(data, bytes));
    match fuzzing::forged(&accepted, &signed.fields, rows_in, forge) {
        Ok(kept) if changes == 0 => assert_eq!(kept, accepted),
        Ok(kept) => {
            let signed = Signed { any_rows: true, ..signed };
            assert!(kept.columns.iter().all(|column| column.to_data().validate_full().is_ok()));
            read(&kept, &signed, 7);
        }
        Err(why) => assert!(changes > 0 || !is_honest, "a kept result was lost: {why}"),
    }
}

/// One change, most often of a number.
pub(crate) fn tamper(data: &mut Data<'_>, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = data.last_below(bytes.len().min(60_000));
    match data.last() % 8 {
        0 => bytes.truncate(at),
        1 => bytes[at] = 0xff,
        2 => bytes[at] = 0,
        3 => drop(bytes.splice(at..at, [data.last(); 8])),
        4 | 5 => {
            let number = data.last_number().to_le_bytes();
            let width = if data.last() & 1 == 0 { 4 } else { 8 };
            let at = at / 4 * 4;
            let end = (at + width).min(bytes.len());
            bytes[at..end].copy_from_slice(&number[..end - at]);
        }
        _ => bytes[at] ^= 1 << (data.last() & 7),
    }
}
