//! Figures: `cargo test --release -p stillroom spool::tests::measure -- --ignored --nocapture`.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use super::make::Rng;
use crate::spool::{Budget, Place, Spool};

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0) >> 10
}

#[test]
#[ignore = "5 GB; for figures"]
fn measure() {
    let (budget, folder) = (Budget::new(256 << 20), tempfile::tempdir().unwrap());
    let words: Vec<&str> = include_str!("../../../../../README.md").split_whitespace().collect();
    let rng = &mut Rng(1);
    let mut text = |rows: usize| {
        let mut row = || (0..150).map(|_| words[rng.below(words.len())]).collect::<Vec<_>>().join(" ");
        let texts = StringArray::from_iter_values((0..rows).map(|_| row()));
        RecordBatch::try_from_iter([("text", Arc::new(texts) as ArrayRef)]).unwrap()
    };
    let some: Vec<_> = (0..16).map(|_| text(600)).collect();
    let mut spool = Spool::new(some[0].schema(), budget.clone(), Place::Temporary(folder.path().to_path_buf()));
    let start = std::time::Instant::now();
    let said = |what: &str, bytes: u64, since: std::time::Instant| {
        let rate = bytes as f64 / since.elapsed().as_secs_f64() / 1e6;
        eprintln!(
            "{what}: {rate:.0} MB/s; peak of the budget {} MB, of the process {} MB",
            budget.peak() >> 20,
            resident()
        );
    };
    (0..8500).for_each(|at| spool.push(some[at % 16].clone()).unwrap());
    let bytes = spool.bytes();
    said("push", bytes, start);
    let start = std::time::Instant::now();
    let order: Vec<u32> = (0..spool.rows() as u32).collect();
    order.chunks(600).for_each(|rows| drop(spool.take(rows).unwrap()));
    said("read in order", bytes, start);
    let order: Vec<u32> = (0..spool.rows()).map(|row| (row * 2_654_435_761 % spool.rows()) as u32).collect();
    let start = std::time::Instant::now();
    let permuted = spool.permuted(&order).unwrap();
    said("permute", bytes, start);
    assert_eq!(permuted.rows(), spool.rows());
}
