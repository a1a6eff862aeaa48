//! What crossing the boundary costs, beside a memcpy of the same bytes in the same run.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BinaryArray};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use stillroom_bench::{BLOB, column, open, plugin, texts};

fn main() {
    divan::main();
}

fn bytes() -> Vec<u8> {
    (0..BLOB).map(|at| at as u8).collect()
}

/// One copy, into memory that is there and warm: what the way in does.
#[divan::bench]
fn memcpy(bencher: Bencher) {
    let (from, mut to) = (bytes(), bytes());
    bencher.counter(BytesCount::new(BLOB)).bench_local(|| black_box(&mut to).copy_from_slice(black_box(&from)));
}

/// 4 MB of bytes into the sandbox, nothing back.
#[divan::bench]
fn into_a_step(bencher: Bencher) {
    cross(bencher, "swallow", blob());
}

/// 4 MB of bytes into the sandbox and the same out again.
#[divan::bench]
fn into_a_step_and_back(bencher: Bencher) {
    cross(bencher, "echo", blob());
}

/// The same with text in 8,000 rows, whose UTF-8 and offsets are checked on the way back.
#[divan::bench]
fn text_into_a_step_and_back(bencher: Bencher) {
    cross(bencher, "echo", column(&texts(BLOB)));
}

/// One value of 4 MiB.
fn blob() -> ArrayRef {
    Arc::new(BinaryArray::from(vec![bytes().as_slice()]))
}

fn cross(bencher: Bencher, step: &str, column: ArrayRef) {
    let mut step = open(&plugin("kinds"), step, "{}", &column);
    let column = std::slice::from_ref(&column);
    bencher.counter(BytesCount::new(BLOB)).bench_local(|| step.call(column[0].len(), column).expect("answers"));
}

/// A call with nothing in it.
#[divan::bench]
fn empty_call(bencher: Bencher) {
    let column: ArrayRef = column(&texts(BLOB)).slice(0, 0);
    let plugin = plugin("kinds");
    let schema = arrow_schema::Schema::empty();
    let mut step = stillroom::Session::open(&plugin, "swallow", "{}", &schema).expect("opens");
    bencher.bench_local(|| step.call(column.len(), &[]).expect("answers"));
}

/// Instantiate and open a step of the built-in plugin `text`.
#[divan::bench]
fn instantiate_and_open(bencher: Bencher) {
    let column = column(&texts(BLOB));
    let plugin = plugin("text");
    bencher.bench_local(|| open(&plugin, "normalise", "{}", &column));
}
