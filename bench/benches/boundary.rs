//! What crossing the boundary costs, beside a memcpy of the same bytes in the same run.

use arrow_array::{Array, ArrayRef};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use stillroom_bench::{BYTES, column, open, plugin, texts};

fn main() {
    divan::main();
}

fn bytes() -> Vec<u8> {
    (0..BYTES).map(|at| at as u8).collect()
}

/// One copy, into memory that is there and warm: what the way in does.
#[divan::bench]
fn memcpy(bencher: Bencher) {
    let (from, mut to) = (bytes(), bytes());
    bencher.counter(BytesCount::new(BYTES)).bench_local(|| black_box(&mut to).copy_from_slice(black_box(&from)));
}

/// 4 MB of text into the sandbox, nothing back.
#[divan::bench]
fn into_a_step(bencher: Bencher) {
    let column = column(&texts());
    let mut step = open(&plugin("kinds"), "swallow", "{}", &column);
    let counter = BytesCount::new(column.get_buffer_memory_size());
    bencher.counter(counter).bench_local(|| step.call(column.len(), std::slice::from_ref(&column)).expect("answers"));
}

/// 4 MB of text into the sandbox and the same out again, checked in full.
#[divan::bench]
fn into_a_step_and_back(bencher: Bencher) {
    let column = column(&texts());
    let mut step = open(&plugin("kinds"), "echo", "{}", &column);
    let counter = BytesCount::new(column.get_buffer_memory_size());
    bencher.counter(counter).bench_local(|| step.call(column.len(), std::slice::from_ref(&column)).expect("answers"));
}

/// A call with nothing in it.
#[divan::bench]
fn empty_call(bencher: Bencher) {
    let column: ArrayRef = column(&texts()).slice(0, 0);
    let plugin = plugin("kinds");
    let schema = arrow_schema::Schema::empty();
    let mut step = stillroom::Session::open(&plugin, "swallow", "{}", &schema).expect("opens");
    bencher.bench_local(|| step.call(column.len(), &[]).expect("answers"));
}

/// Instantiate and open a step of the built-in plugin `text`.
#[divan::bench]
fn instantiate_and_open(bencher: Bencher) {
    let column = column(&texts());
    let plugin = plugin("text");
    bencher.bench_local(|| open(&plugin, "normalise", "{}", &column));
}
