//! Against a plain list of batches, and against damage.

pub(crate) mod make;
mod measure;

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;

use self::make::{Rng, batch, schema};
use super::codec::Codec;
use super::take::pick;
use super::*;

/// What is right: all rows in memory, picked one by one.
fn reference(batches: &[RecordBatch], rows: &[u32], schema: &SchemaRef) -> RecordBatch {
    let all: Vec<(usize, usize)> =
        batches.iter().enumerate().flat_map(|(at, batch)| (0..batch.num_rows()).map(move |row| (at, row))).collect();
    let picked = rows.iter().map(|row| all[*row as usize]).collect();
    pick(schema, batches, picked).unwrap()
}

fn filled(rng: &mut Rng, schema: &SchemaRef, spool: &mut Spool) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    for _ in 0..rng.below(12) {
        let rows = rng.below(60);
        let batch = batch(rng, schema, rows);
        spool.push(batch.clone()).unwrap();
        batches.extend((rows > 0).then_some(batch));
    }
    batches
}

fn all_of(spool: &mut Spool) -> Vec<RecordBatch> {
    (0..spool.batches()).map(|at| spool.batch(at).unwrap()).collect()
}

fn order(rng: &mut Rng, rows: u64) -> Vec<u32> {
    let len = if rows == 0 { 0 } else { rng.below(2 * rows as usize) };
    (0..len).map(|_| rng.below(rows as usize) as u32).collect()
}

fn check_as_a_list(seed: u64, limit: u64) {
    let rng = &mut Rng(seed);
    let (schema, budget, folder) = (schema(rng), Budget::new(limit), tempfile::tempdir().unwrap());
    let mut spool = Spool::new(schema.clone(), budget.clone(), Place::Temporary(folder.path().join("made")));
    let batches = filled(rng, &schema, &mut spool);
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!((spool.rows(), spool.batches()), (rows as u64, batches.len()));
    assert_eq!(spool.bytes(), batches.iter().map(|batch| batch_bytes(batch) as u64).sum::<u64>());
    assert_eq!(all_of(&mut spool), batches);
    for _ in 0..3 {
        let order = order(rng, spool.rows());
        assert_eq!(spool.take(&order).unwrap(), reference(&batches, &order, &schema));
    }
    let order = order(rng, spool.rows());
    let mut permuted = spool.permuted(&order).unwrap();
    let in_order: Vec<u32> = (0..order.len() as u32).collect();
    assert_eq!(permuted.rows(), order.len() as u64);
    assert_eq!(permuted.take(&in_order).unwrap(), reference(&batches, &order, &schema));
    drop((spool, permuted));
    assert_eq!(budget.used(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn a_spool_is_a_list_of_batches(seed: u64, limit in prop_oneof![Just(0), 1u64..10_000, Just(u64::MAX)]) {
        check_as_a_list(seed, limit);
    }

    #[test]
    fn a_kept_spool_goes_on_where_it_was(seed: u64, limit in prop_oneof![Just(0), 1u64..10_000, Just(u64::MAX)]) {
        let rng = &mut Rng(seed);
        let (schema, folder) = (schema(rng), tempfile::tempdir().unwrap());
        let path = folder.path().join("deep").join("kept");
        let mut spool = Spool::new(schema.clone(), Budget::new(limit), Place::Kept(path.clone()));
        let (mut batches, mut marks) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            batches.extend(filled(rng, &schema, &mut spool));
            marks.push(spool.mark().unwrap());
            let now = (spool.rows(), spool.batches(), spool.bytes());
            filled(rng, &schema, &mut spool);
            drop(spool);
            let (again, holds, warning) = Spool::reopen(schema.clone(), Budget::new(limit), path.clone(), &marks).unwrap();
            prop_assert_eq!((holds, warning), (marks.len(), None));
            prop_assert_eq!((again.rows(), again.batches(), again.bytes()), now);
            spool = again;
            prop_assert_eq!(&all_of(&mut spool), &batches);
        }
    }
}

#[test]
fn every_type_survives_exactly() {
    for data_type in make::types() {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("c", data_type.clone(), true)]));
        for seed in 0..30 {
            let rng = &mut Rng(seed);
            let batch = batch(rng, &schema, 1 + seed as usize);
            let codec = Codec::new(&schema).unwrap();
            let bytes = Buffer::from_vec(codec.encode(&batch).unwrap());
            let back = codec.decode(&bytes, batch.num_rows() as u64).unwrap();
            assert_eq!(back, batch, "{data_type}");
            assert_eq!(back.schema(), batch.schema());
            back.column(0).to_data().validate_full().unwrap();
        }
    }
}

#[test]
fn a_slice_does_not_write_its_parent() {
    for data_type in make::types() {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("c", data_type.clone(), true)]));
        let rng = &mut Rng(5);
        let large = RecordBatch::try_new(schema.clone(), vec![make::array(rng, &data_type, 20_000, true)]).unwrap();
        let written = Codec::new(&schema).unwrap().encode(&large.slice(10_000, 3)).unwrap();
        assert!(written.len() < 2_500, "{data_type}: {}", written.len());
    }
}

#[test]
fn a_large_dictionary_is_cut_to_its_slice() {
    let values: ArrayRef = Arc::new(StringArray::from_iter_values((0..50_000).map(|at| format!("value {at}"))));
    let keys = arrow_array::Int32Array::from_iter_values(0..50_000);
    let column = arrow_array::DictionaryArray::new(keys, values);
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("c", column.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(column)]).unwrap().slice(40_000, 2);
    let codec = Codec::new(&schema).unwrap();
    let written = codec.encode(&batch).unwrap();
    assert!(written.len() < 2_000);
    assert_eq!(codec.decode(&Buffer::from_vec(written), 2).unwrap(), batch);
}

fn texts(first: u64, rows: usize) -> RecordBatch {
    let ids = UInt64Array::from_iter_values(first..first + rows as u64);
    let texts =
        StringArray::from_iter_values(ids.values().iter().map(|id| format!("{id} {}", "x".repeat(*id as usize % 100))));
    RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef), ("text", Arc::new(texts) as ArrayRef)]).unwrap()
}

/// A kept spool of four marks with two batches each.
fn kept(path: &Path) -> (SchemaRef, Vec<Mark>) {
    let schema = texts(0, 1).schema();
    let mut spool = Spool::new(schema.clone(), Budget::new(0), Place::Kept(path.to_path_buf()));
    let mut marks = vec![spool.mark().unwrap()];
    for mark in 0..4 {
        spool.push(texts(mark * 100, 50)).unwrap();
        spool.push(texts(mark * 100 + 50, 50)).unwrap();
        marks.push(spool.mark().unwrap());
    }
    (schema, marks)
}

/// Opens what is there now, checks that it is sound up to the mark, and goes on with it.
fn check_damaged(path: &Path, schema: &SchemaRef, marks: &[Mark], sound: usize) {
    let (mut spool, holds, warning) = Spool::reopen(schema.clone(), Budget::new(0), path.into(), marks).unwrap();
    assert_eq!(holds, sound);
    let warning = warning.unwrap_or_default();
    assert_eq!(warning.contains(&path.display().to_string()) && warning.contains("block "), holds < marks.len());
    assert_eq!(spool.rows(), marks[..holds].last().map_or(0, |mark| mark.rows));
    let rows: Vec<u32> = (0..spool.rows() as u32).collect();
    let taken = spool.take(&rows).unwrap();
    assert!(
        taken
            .column(0)
            .as_primitive::<arrow_array::types::UInt64Type>()
            .values()
            .iter()
            .eq(&(0..spool.rows()).collect::<Vec<_>>())
    );
    spool.push(texts(7, 3)).unwrap();
    let again = [&marks[..holds], &[spool.mark().unwrap()]].concat();
    let (mut spool, holds, warning) = Spool::reopen(schema.clone(), Budget::new(0), path.into(), &again).unwrap();
    assert_eq!((holds, warning), (again.len(), None));
    assert_eq!(spool.batch(spool.batches() - 1).unwrap(), texts(7, 3));
}

#[test]
fn damage_goes_back_to_the_mark_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let (schema, marks) = kept(&path);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole.len() as u64, marks[4].file_bytes);
    for at in (0..whole.len()).step_by(61) {
        let sound = marks.iter().filter(|mark| mark.file_bytes <= at as u64).count();
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).unwrap();
        check_damaged(&path, &schema, &marks, sound);
        std::fs::write(&path, &whole[..at]).unwrap();
        check_damaged(&path, &schema, &marks, sound);
    }
    std::fs::remove_file(&path).unwrap();
    check_damaged(&path, &schema, &marks, 1);
}

#[test]
fn marks_of_another_file_do_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let (schema, mut marks) = kept(&path);
    marks[2].rows += 1;
    check_damaged(&path, &schema, &marks, 2);
}

#[test]
fn damage_in_use_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let (schema, marks) = kept(&path);
    let (mut spool, ..) = Spool::reopen(schema, Budget::new(0), path.clone(), &marks).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = spool.batch(0).unwrap_err().to_string();
    assert!(error.contains("the block at byte 0 is damaged: its checksum does not fit"), "{error}");
}

#[test]
fn memory_stays_within_the_budget_and_a_block() {
    let (budget, folder) = (Budget::new(2 << 20), tempfile::tempdir().unwrap());
    let block = batch_bytes(&texts(0, 2000)) as u64;
    let mut spools: Vec<Spool> = (0..2)
        .map(|_| Spool::new(texts(0, 1).schema(), budget.clone(), Place::Temporary(folder.path().to_path_buf())))
        .collect();
    for at in 0..60 {
        spools.iter_mut().for_each(|spool| spool.push(texts(at * 2000, 2000)).unwrap());
    }
    assert!(spools[0].bytes() + spools[1].bytes() > 4 * budget.limit());
    assert!(budget.peak() <= budget.limit(), "pushing: {}", budget.peak());
    let rng = &mut Rng(3);
    let order: Vec<u32> = (0..120_000).map(|_| rng.below(120_000) as u32).collect();
    assert!(!spools[0].is_local(&order));
    assert!(spools[0].is_local(&(0..120_000).collect::<Vec<_>>()));
    order.chunks(5000).take(2).for_each(|rows| assert_eq!(spools[0].take(rows).unwrap().num_rows(), 5000));
    assert!(budget.peak() <= budget.limit() + 2 * block, "taking: {}", budget.peak());
    drop(spools.pop());
    let permuted = spools[0].permuted(&order).unwrap();
    // Half of it waits, a bucket is a quarter or a megabyte.
    assert!(budget.peak() <= 2 * budget.limit() + 2 * block, "permuting: {}", budget.peak());
    drop((spools, permuted));
    assert_eq!(budget.used(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_called_that() {
    let mut spool = Spool::new(texts(0, 1).schema(), Budget::new(0), Place::Kept("/dev/full".into()));
    assert_eq!(spool.push(texts(0, 10)).unwrap_err().to_string(), "/dev/full: the disk is full");
}

#[test]
fn rows_and_types_that_are_not_there_are_errors() {
    let mut spool = Spool::new(texts(0, 1).schema(), Budget::new(0), Place::Temporary(std::env::temp_dir()));
    spool.push(texts(0, 10)).unwrap();
    assert!(spool.take(&[3, 10]).is_err());
    assert!(spool.permuted(&[10]).is_err() && spool.batch(1).is_err());
    let other = RecordBatch::try_from_iter([("id", Arc::new(StringArray::from(vec!["1"])) as ArrayRef)]).unwrap();
    assert!(spool.push(other).is_err());
    let nested = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let nested = DataType::Dictionary(Box::new(DataType::Int8), Box::new(nested));
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("c", nested.clone(), true)]));
    let batch = RecordBatch::try_new(schema.clone(), vec![arrow_array::new_null_array(&nested, 2)]).unwrap();
    assert!(Spool::new(schema, Budget::new(0), Place::Temporary(std::env::temp_dir())).push(batch).is_err());
}
