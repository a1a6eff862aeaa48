//! Figures: `cargo test --release -p stillroom cache::tests::measure -- --ignored --nocapture`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::{DataType, Field};

use super::{Rng, digest, keys};
use crate::cache::{Expected, InputKey, Kept, ResultCache, StepKey};

#[test]
#[ignore = "for figures"]
fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ResultCache::open(folder.path(), 1 << 34).unwrap();
    let words: Vec<&str> = include_str!("../../../../../README.md").split_whitespace().collect();
    let mut rng = Rng(1);
    let mut row = || (0..150).map(|_| words[rng.below(words.len())]).collect::<Vec<_>>().join(" ");
    let fields = vec![Field::new("text", DataType::Utf8, false)];
    let mut batch = || -> ArrayRef { Arc::new(StringArray::from_iter_values((0..560).map(|_| row()))) };
    let all: Vec<ArrayRef> = (0..200).map(|_| batch()).collect();
    let bytes = all.iter().map(|one| one.as_string::<i32>().value_data().len()).sum::<usize>() / 200;
    let numbers: ArrayRef = Arc::new(arrow_array::UInt64Array::from_iter_values(0..65_536));
    let small: ArrayRef = Arc::new(arrow_array::UInt64Array::from_iter_values(0..4096));
    let said = |what: &str, bytes: usize, times: usize, run: &mut dyn FnMut(usize)| {
        let start = std::time::Instant::now();
        (0..times).for_each(&mut *run);
        eprintln!("{what}: {:.0} MB/s", (bytes * times) as f64 / start.elapsed().as_secs_f64() / 1e6);
    };
    let raw = vec![7u8; 1 << 20];
    said("blake3 alone", raw.len(), 500, &mut |_| assert_ne!(blake3::hash(&raw), [0; 32]));
    said("digest text", bytes, 1000, &mut |at| assert_ne!(digest(&all[at % 200]), keys_of_step().1));
    said("digest 512 kB of numbers", 65_536 * 8, 1000, &mut |_| assert_ne!(digest(&numbers), keys_of_step().1));
    said("digest 32 kB of numbers", 4096 * 8, 9000, &mut |_| assert_ne!(digest(&small), keys_of_step().1));
    let kept = |at: usize| Kept {
        columns: vec![all[at].clone()],
        fields: fields.clone(),
        rows: 560,
        origins: None,
        rejected: Vec::new(),
    };
    let keys: Vec<InputKey> = all.iter().map(digest).collect();
    let step = keys_of_step().0;
    said("put", bytes, 200, &mut |at| assert!(cache.put(&step, &keys[at], &kept(at)).unwrap() > 0));
    let expected = Expected { fields: &fields, rows_in: 560 };
    said("get", bytes, 1000, &mut |at| assert!(cache.get(&step, &keys[at % 200], expected).is_some()));
    eprintln!("an entry of {bytes} bytes has {} on disk", cache.list().unwrap()[0].bytes / 200);
}

fn keys_of_step() -> (StepKey, InputKey) {
    keys(1)
}
