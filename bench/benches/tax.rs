//! The sandbox's tax: the same Rust function over the same column, called natively and as a step (columns in, columns out,
//! everything checked), over one batch as the host cuts it. One thread.

use arrow_array::{Array, StringArray};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use stillroom_bench::{BATCH, column, open, plugin_of, texts};
use text::column::Texts;

fn main() {
    divan::main();
}

fn of(texts: &StringArray) -> Texts<'_> {
    Texts::new(texts.value_offsets(), texts.value_data())
}

/// With the time limit, and with `time: off` for the plugin.
const TIMES: [&str; 2] = ["limited", "endless"];

fn step(bencher: Bencher, time: &str, step: &str, params: &str) {
    let texts = texts(BATCH);
    let column = column(&texts);
    let mut session = open(&plugin_of("text", time == "endless"), step, params, &column);
    let counter = BytesCount::new(texts.value_data().len());
    bencher
        .counter(counter)
        .bench_local(|| session.call(column.len(), std::slice::from_ref(&column)).expect("answers"));
}

fn native<R>(bencher: Bencher, work: impl Fn(Texts<'_>) -> R) {
    let texts = texts(BATCH);
    bencher.counter(BytesCount::new(texts.value_data().len())).bench_local(|| work(black_box(of(&texts))));
}

mod normalise {
    use super::{Bencher, TIMES, native, step};
    use text::normalise::{Case, Form, NormaliseParams, normalise};

    #[divan::bench]
    fn natively(bencher: Bencher) {
        let params =
            NormaliseParams { form: Form::Nfkc, case: Case::Lower, collapse_whitespace: true, ..Default::default() };
        native(bencher, |texts| normalise(texts, &params));
    }

    #[divan::bench(args = TIMES)]
    fn sandboxed(bencher: Bencher, time: &str) {
        step(bencher, time, "normalise", r#"{"form":"nfkc","case":"lower","collapse-whitespace":true}"#);
    }
}

mod stats_counts {
    use super::{Bencher, TIMES, native, step};
    use text::stats::{Words, count};

    #[divan::bench]
    fn natively(bencher: Bencher) {
        native(bencher, |texts| (count::words(texts, Words::Whitespace), count::chars(texts)));
    }

    #[divan::bench(args = TIMES)]
    fn sandboxed(bencher: Bencher, time: &str) {
        step(bencher, time, "stats", r#"{"metrics":["n-words","n-chars"]}"#);
    }
}

mod stats_quality {
    use super::{Bencher, TIMES, native, step};
    use text::stats::judge;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        native(bencher, judge);
    }

    #[divan::bench(args = TIMES)]
    fn sandboxed(bencher: Bencher, time: &str) {
        step(
            bencher,
            time,
            "stats",
            r#"{"metrics":["mean-word-length","symbol-ratio","stop-words","duplicate-line-ratio"]}"#,
        );
    }
}

mod hash_sha256 {
    use super::{Bencher, TIMES, native, step};
    use text::hash::Algorithm;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        native(bencher, |texts| Algorithm::Sha256.digests(texts));
    }

    #[divan::bench(args = TIMES)]
    fn sandboxed(bencher: Bencher, time: &str) {
        step(bencher, time, "hash", r#"{"algorithm":"sha256","encoding":"binary"}"#);
    }
}

mod hash_xxh3 {
    use super::{Bencher, TIMES, native, step};
    use text::hash::Algorithm;

    #[divan::bench]
    fn natively(bencher: Bencher) {
        native(bencher, |texts| Algorithm::Xxh3.digests(texts));
    }

    #[divan::bench(args = TIMES)]
    fn sandboxed(bencher: Bencher, time: &str) {
        step(bencher, time, "hash", r#"{"algorithm":"xxh3","encoding":"binary"}"#);
    }
}
