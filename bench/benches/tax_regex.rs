//! As `tax`, for the regular expressions.

use arrow_array::Array;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use regex_steps::{compile, extract, matches, replace};
use stillroom_bench::{BATCH, column, open, plugin, texts};

fn main() {
    divan::main();
}

/// The expression of all three: a word with a capital, and the one behind it.
const PATTERN: &str = r"\b([A-Z]\w+) (\w+)";

fn sandboxed(bencher: Bencher, step: &str, params: &str) {
    let texts = texts(BATCH);
    let column = column(&texts);
    let mut session = open(&plugin("regex"), step, params, &column);
    let counter = BytesCount::new(texts.value_data().len());
    bencher
        .counter(counter)
        .bench_local(|| session.call(column.len(), std::slice::from_ref(&column)).expect("answers"));
}

mod matching {
    use super::*;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        let (texts, regex) = (texts(BATCH), compile(PATTERN, false).expect("compiles"));
        bencher
            .counter(BytesCount::new(texts.value_data().len()))
            .bench_local(|| matches(&regex, black_box(&texts).iter()));
    }

    #[divan::bench]
    fn sandboxed(bencher: Bencher) {
        super::sandboxed(bencher, "match", r#"{"pattern":"\\b([A-Z]\\w+) (\\w+)"}"#);
    }
}

mod extracting {
    use super::*;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        let (texts, regex) = (texts(BATCH), compile(PATTERN, false).expect("compiles"));
        bencher
            .counter(BytesCount::new(texts.value_data().len()))
            .bench_local(|| extract(&regex, 2, black_box(&texts).iter()));
    }

    #[divan::bench]
    fn sandboxed(bencher: Bencher) {
        super::sandboxed(bencher, "extract", r#"{"pattern":"\\b([A-Z]\\w+) (\\w+)","group":2}"#);
    }
}

mod replacing {
    use super::*;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        let (texts, regex) = (texts(BATCH), compile(PATTERN, false).expect("compiles"));
        bencher
            .counter(BytesCount::new(texts.value_data().len()))
            .bench_local(|| replace(&regex, "$2 $1", 0, black_box(&texts).iter()));
    }

    #[divan::bench]
    fn sandboxed(bencher: Bencher) {
        super::sandboxed(bencher, "replace", r#"{"pattern":"\\b([A-Z]\\w+) (\\w+)","replacement":"$2 $1"}"#);
    }
}
