//! Digests against arrow's own idea of equality; entries against damage and forgery; the folder against others.

mod measure;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_array::{Array, ArrayRef, StringArray, UInt32Array};
use arrow_schema::{DataType, Field};
use arrow_select::concat::concat;
use arrow_select::take::take;
use proptest::prelude::*;

use super::*;
use crate::spool::tests::make::{self, Rng};

fn digest(column: &ArrayRef) -> InputKey {
    digest_columns(column.len(), std::slice::from_ref(column), None).unwrap()
}

/// The same rows, somewhere in other arrays.
fn elsewhere(rng: &mut Rng, column: &ArrayRef) -> ArrayRef {
    let (before, behind) = (rng.below(9), rng.below(9));
    let pad = |rng: &mut Rng, len| make::array(rng, column.data_type(), len, true);
    let (first, last) = (pad(rng, before), pad(rng, behind));
    concat(&[&first, column, &last]).unwrap().slice(before, column.len())
}

fn shown(column: &ArrayRef, row: usize) -> String {
    let options = arrow_cast::display::FormatOptions::new().with_null("NULL");
    arrow_cast::display::ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string()
}

fn check_digest(seed: u64) {
    let rng = &mut Rng(seed);
    let types = make::types();
    let data_type = &types[rng.below(types.len())];
    let (first, len) = (rng.below(20), 1 + rng.below(40));
    let nullable = rng.below(2) == 0;
    let column = make::array(rng, data_type, 60, nullable).slice(first, len);
    let before = digest(&column);
    assert_eq!(before, digest(&elsewhere(rng, &column)), "{data_type}: {column:?}");
    let mut rows: Vec<u32> = (0..len as u32).collect();
    let same = take(&column, &UInt32Array::from(rows.clone()), None).unwrap();
    assert_eq!(before, digest(&same), "{data_type}");
    let (at, other) = (rng.below(len), rng.below(len));
    rows[at] = rows[other];
    let changed = take(&column, &UInt32Array::from(rows), None).unwrap();
    let differs = column.slice(at, 1).as_ref() != column.slice(other, 1).as_ref();
    // arrow tells a null key from the key of a null value; they are the same to anybody who looks at the row.
    if !differs || shown(&column, at) != shown(&column, other) {
        assert_eq!(before != digest(&changed), differs, "{data_type}: {column:?} {changed:?}");
    }
    if *data_type != DataType::Null {
        assert_ne!(before, digest(&column.slice(0, len - 1)), "{data_type}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn equal_columns_have_equal_digests_and_others_not(seed: u64) {
        check_digest(seed);
    }

    #[test]
    fn a_forged_entry_is_never_more_than_an_error(seed: u64) {
        check_forged(seed);
    }
}

/// Found by the above: a buffer that begins where none of its type may.
#[test]
fn a_forged_entry_that_made_arrow_panic() {
    check_forged(6_414_409_129_718_202_526);
}

#[test]
fn what_lies_under_a_null_does_not_count() {
    let values = arrow_buffer::ScalarBuffer::from(vec![1, 2, 3]);
    let nulls = arrow_buffer::NullBuffer::from(vec![true, false, true]);
    let one: ArrayRef = Arc::new(arrow_array::Int32Array::new(values, Some(nulls)));
    let other: ArrayRef = Arc::new(arrow_array::Int32Array::from(vec![Some(1), None, Some(3)]));
    assert_eq!(digest(&one), digest(&other));
    assert_ne!(digest(&one), digest(&(Arc::new(arrow_array::Int32Array::from(vec![1, 0, 3])) as ArrayRef)));
}

#[test]
fn types_counts_and_what_came_before_count() {
    let mut keys = Vec::new();
    for data_type in make::types() {
        keys.push(digest(&arrow_array::new_empty_array(&data_type)));
        keys.push(digest(&arrow_array::new_null_array(&data_type, 3)));
    }
    let text = |texts: &[&str]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let (ab, a) = (text(&["ab", "c"]), text(&["a", "bc"]));
    let columns = |columns: &[&ArrayRef], before| {
        let columns: Vec<ArrayRef> = columns.iter().map(|column| Arc::clone(column)).collect();
        digest_columns(2, &columns, before).unwrap()
    };
    let first = columns(&[&ab], None);
    keys.extend([first, columns(&[&a], None), columns(&[&a, &ab], None), columns(&[&ab, &a], None)]);
    keys.extend([columns(&[], None), columns(&[&ab], Some(&first)), columns(&[&ab], Some(&keys[0]))]);
    keys.push(digest_columns(3, &[], None).unwrap());
    let distinct: std::collections::HashSet<InputKey> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn steps_are_told_apart_by_all_of_their_parts() {
    let cache = ResultCache::open("/nowhere/at all", 0).unwrap();
    let keys = [vec![], vec![&b""[..]], vec![b"ab", b"c"], vec![b"a", b"bc"], vec![b"abc"], vec![b"abc", b""]];
    let distinct: std::collections::HashSet<StepKey> = keys.iter().map(|parts| cache.step(parts)).collect();
    assert_eq!(distinct.len(), keys.len());
}

/// A random result for an input of `rows_in` rows, of types that steps can answer.
fn kept(rng: &mut Rng) -> (Kept, usize) {
    let types: Vec<DataType> =
        make::types().into_iter().filter(|one| crate::contract::data_type::to_text(one).is_some()).collect();
    let rows_in = 1 + rng.below(50);
    let rows = if rng.below(2) == 0 { rows_in } else { rng.below(60) };
    let origins =
        (rows != rows_in || rng.below(2) == 0).then(|| (0..rows).map(|_| rng.below(rows_in) as u32).collect());
    let field = |at: usize, rng: &mut Rng| Field::new(format!("c{at}"), types[rng.below(types.len())].clone(), true);
    let fields: Vec<Field> = (0..rng.below(4)).map(|at| field(at, rng)).collect();
    let columns =
        fields.iter().map(|field| make::array(rng, field.data_type(), rows + 3, true).slice(2, rows)).collect();
    let rejected = (0..rows_in as u32).filter(|_| rng.below(9) == 0).map(|row| (row, format!("é{row}"))).collect();
    (Kept { columns, fields, rows, origins, rejected }, rows_in)
}

fn keys(number: u8) -> (StepKey, InputKey) {
    (StepKey([number; 32]), InputKey([number ^ 0x5A; 32]))
}

/// Changes an entry at random, and makes its checksum fit.
fn check_forged(seed: u64) {
    let rng = &mut Rng(seed);
    let ((step, input), (kept, rows_in)) = (keys(1), kept(rng));
    let expected = Expected { fields: &kept.fields, rows_in };
    let mut bytes = entry::encode(&step, &input, &kept).unwrap().unwrap();
    assert_eq!(entry::decode(bytes.clone(), &step, &input, expected).unwrap(), kept);
    for _ in 0..1 + rng.below(3) {
        let at = 136 + rng.below(bytes.len() - 136);
        match rng.below(6) {
            0 => bytes.truncate(at.max(176)),
            1 => bytes[at] = 0xFF,
            2 => bytes[at] = 0,
            3 => drop(bytes.splice(at..at, [0; 8])),
            _ => bytes[at] ^= 1 << rng.below(8),
        }
    }
    let sum = *blake3::hash(&bytes[40..]).as_bytes();
    bytes[8..40].copy_from_slice(&sum);
    if let Ok(forged) = entry::decode(bytes, &step, &input, expected) {
        assert!(forged.fields == kept.fields && forged.columns.len() == kept.columns.len());
        for column in &forged.columns {
            assert_eq!(column.len(), forged.rows);
            column.to_data().validate_full().unwrap();
            digest(column);
        }
    }
}

#[test]
fn a_result_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path().join("made"), 1 << 30).unwrap();
    for seed in 0..200 {
        let (step, input) = keys(seed as u8);
        let (kept, rows_in) = kept(&mut Rng(seed));
        let expected = Expected { fields: &kept.fields, rows_in };
        assert!(!cache.knows(&step) && cache.get(&step, &input, expected).is_none());
        assert!(cache.put(&step, &input, &kept).unwrap() > 0 && cache.knows(&step));
        assert_eq!(cache.get(&step, &input, expected).as_ref(), Some(&kept));
    }
    assert!(cache.verify(false).unwrap().is_empty());
    assert_eq!(cache.list().unwrap().len(), 200);
}

/// A result of a column of text.
fn texts(rows: usize, seed: usize) -> Kept {
    let texts =
        StringArray::from_iter_values((0..rows).map(|row| format!("row {row} of {seed}, {}", row * 7919 % 1000)));
    let fields = vec![Field::new("text", DataType::Utf8, false)];
    Kept { columns: vec![Arc::new(texts)], fields, rows, origins: None, rejected: Vec::new() }
}

#[test]
fn what_is_not_the_answer_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path(), 1 << 30).unwrap();
    let ((step, input), kept) = (keys(1), texts(10, 0));
    let other = [Field::new("text", DataType::LargeUtf8, false)];
    for expected in [
        Expected { fields: &other, rows_in: 10 },
        Expected { fields: &[], rows_in: 10 },
        Expected { fields: &kept.fields, rows_in: 9 },
    ] {
        cache.put(&step, &input, &kept).unwrap();
        assert!(cache.get(&step, &input, expected).is_none());
        assert!(cache.get(&step, &input, Expected { fields: &kept.fields, rows_in: 10 }).is_none(), "it was removed");
    }
    cache.put(&step, &input, &kept).unwrap();
    let (step2, input2) = keys(2);
    std::fs::create_dir_all(cache.path(&step2, &input2).parent().unwrap()).unwrap();
    std::fs::copy(cache.path(&step, &input), cache.path(&step2, &input2)).unwrap();
    assert_eq!(cache.verify(false).unwrap()[0].message, "it is the result of something else");
    assert!(cache.get(&step2, &input2, Expected { fields: &kept.fields, rows_in: 10 }).is_none());
}

#[test]
fn damage_is_found_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path(), 1 << 30).unwrap();
    let ((step, input), kept) = (keys(1), texts(10, 0));
    cache.put(&step, &input, &kept).unwrap();
    let (path, expected) = (cache.path(&step, &input), Expected { fields: &kept.fields, rows_in: 10 });
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        for bytes in [&flipped[..], &whole[..at]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(cache.get(&step, &input, expected).is_none() && !path.exists());
        }
    }
    std::fs::write(&path, &whole[1..]).unwrap();
    assert!(!cache.verify(false).unwrap()[0].removed && path.exists());
    assert!(cache.verify(true).unwrap()[0].removed && !path.exists());
}

fn age(cache: &ResultCache, number: u8, hours: u64) {
    let (step, input) = keys(number);
    let file = std::fs::File::options().write(true).open(cache.path(&step, &input)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path(), 1 << 30).unwrap();
    let mut bytes = 0;
    for number in 0..10 {
        let (step, input) = keys(number);
        bytes = cache.put(&step, &input, &texts(100, 0)).unwrap();
        age(&cache, number, 10 - u64::from(number));
    }
    let is_there = |cache: &ResultCache, number| {
        let (step, input) = keys(number);
        cache.path(&step, &input).exists()
    };
    let (step, input) = keys(0);
    assert!(cache.get(&step, &input, Expected { fields: &texts(1, 0).fields, rows_in: 100 }).is_some());
    let pruned = cache.prune(None, Some(Duration::from_secs(3600 * 8 + 1800))).unwrap();
    assert_eq!(pruned, Pruned { entries: 1, bytes, bytes_left: 9 * bytes }, "of an hour that is not up: 1");
    assert!(is_there(&cache, 0) && !is_there(&cache, 1) && !cache.knows(&keys(1).0));
    assert_eq!(cache.prune(Some(5 * bytes), None).unwrap().entries, 4);
    assert!(is_there(&cache, 0) && !is_there(&cache, 5) && is_there(&cache, 6));
    let smaller = ResultCache::open(folder.path(), 4 * bytes).unwrap();
    assert_eq!(smaller.list().unwrap().len(), 5, "what is there is counted when something is added");
    let (step, input) = keys(77);
    (0..20).for_each(|at| assert!(smaller.put(&step, &InputKey([at; 32]), &texts(100, 0)).unwrap() > 0));
    assert!(smaller.list().unwrap().iter().map(|step| step.bytes).sum::<u64>() <= 4 * bytes);
    assert_eq!(smaller.put(&step, &input, &texts(100_000, 0)).unwrap(), 0, "larger than all that may be");
}

#[test]
fn foreign_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine").join("ab");
    std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
    std::fs::write(&mine, "x").unwrap();
    let cache = ResultCache::open(folder.path(), 0).unwrap();
    assert_eq!(cache.prune(Some(0), Some(Duration::ZERO)).unwrap(), Pruned::default());
    assert!(mine.exists() && cache.list().unwrap().is_empty());
}

#[test]
fn steps_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path(), 1 << 30).unwrap();
    let (step, input) = keys(1);
    let about = About {
        step: "clean".into(),
        plugin: "text".into(),
        digest: "ab".into(),
        contract: "0.1".into(),
        params: serde_json::json!({ "n": 1 }),
        created: 5,
    };
    cache.describe(&step, &about);
    cache.describe(&step, &About { created: 6, ..about.clone() });
    cache.put(&step, &input, &texts(3, 0)).unwrap();
    let listed = cache.list().unwrap();
    assert_eq!((listed[0].about.as_ref(), listed[0].entries, listed.len()), (Some(&about), 1, 1));
    assert!(listed[0].last_used.elapsed().unwrap() < Duration::from_secs(60) && listed[0].bytes > 0);
    assert_eq!(cache.prune(Some(0), None).unwrap().entries, 1);
    assert!(cache.list().unwrap().is_empty() && !cache.knows(&step));
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path().join("file").join("deep"), 1 << 30).unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (step, input) = keys(1);
    assert_eq!(cache.put(&step, &input, &texts(3, 0)).unwrap(), 0);
    assert!(cache.full.load(Ordering::Relaxed));
    std::fs::remove_file(folder.path().join("file")).unwrap();
    assert_eq!(cache.put(&step, &input, &texts(3, 0)).unwrap(), 0, "it stays off");
}

#[test]
fn many_threads_and_two_caches_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let limit = 60 * entry::encode(&keys(1).0, &keys(1).1, &texts(200, 1)).unwrap().unwrap().len() as u64;
    let caches: Vec<ResultCache> = (0..2).map(|_| ResultCache::open(folder.path(), limit).unwrap()).collect();
    let hits = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (cache, hits) = (&caches[thread % 2], &hits);
            scope.spawn(move || {
                let rng = &mut Rng(thread as u64);
                for _ in 0..300 {
                    let seed = rng.below(100);
                    let (step, input) = (keys(seed as u8 % 5).0, InputKey([seed as u8; 32]));
                    let kept = texts(200, seed);
                    let expected = Expected { fields: &kept.fields, rows_in: 200 };
                    match cache.get(&step, &input, expected) {
                        Some(found) => assert_eq!(found, kept),
                        None => assert!(cache.put(&step, &input, &kept).unwrap() > 0),
                    }
                    hits.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(hits.into_inner(), 1800);
    assert!(caches[0].verify(false).unwrap().is_empty());
    assert!(!caches[0].full.load(Ordering::Relaxed) && !caches[1].full.load(Ordering::Relaxed));
    let left: u64 = caches[0].list().unwrap().iter().map(|step| step.bytes).sum();
    assert!(left <= 2 * limit, "each keeps the limit by its own account: {left}");
}
