//! What becomes of rows that a step fails on, and of a host that panics: one bad row costs one row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stillroom::error::Blame;
use stillroom::{Checkpoint, Error, Progress, Report, RunOptions};
use stillroom_tests::{BUILTINS, Bench, engine};

const ROWS: u64 = 5000;

/// `n` from 0 on, through a step that fails.
fn failing(top: &str, how: &str, step: &str) -> String {
    format!(
        "
name: failing
batch-rows: 256
quarantine: DIR/quarantine.jsonl
{top}
steps:
  - {{ id: count, use: GUESTS/kinds.wasm/count, with: {{ rows: {ROWS} }} }}
  - {{ id: fail, use: GUESTS/kinds.wasm/fail, with: {{ {how} }}, {step} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    )
}

fn step<'r>(report: &'r Report, id: &str) -> &'r stillroom::StepReport {
    report.steps.iter().find(|step| step.id == id).expect(id)
}

/// The quarantine, a line a value.
fn quarantine(bench: &Bench) -> Vec<serde_json::Value> {
    bench.read("quarantine.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn one_bad_row_costs_one_row() {
    for (how, cause, words) in [
        ("panic", "plugin", "cannot go on at n = 678"),
        ("fault", "data", "will not work on 678"),
        ("plugin", "plugin", "lost my way"),
        ("memory", "limit", "it asked for more memory than its limit"),
        ("stack", "plugin", "wasm trap: "),
        ("loop", "limit", "took longer than its time limit of 300ms a call"),
        ("reject", "rejected", "678 is not welcome"),
    ] {
        for threads in [1, 4] {
            let bench = Bench::default();
            let top = "limits: { memory: 64 MiB, time: 300 ms }";
            let text = failing(top, &format!("how: {how}, at: 678"), "on-error: quarantine");
            let report = bench.run_on(threads, &text).unwrap_or_else(|error| panic!("{how}: {error}"));
            assert_eq!((report.rows_in, report.rows_out, report.rejected), (ROWS, ROWS - 1, 1), "{how}");
            assert!(report.is_balanced(), "{how}: {:#?}", report.steps);
            let failed = u64::from(how != "reject");
            assert_eq!((step(&report, "fail").failed, step(&report, "fail").skipped), (failed, 0), "{how}");
            let lines = quarantine(&bench);
            assert_eq!(lines.len(), 1, "{how}");
            assert_eq!(lines[0]["row"], serde_json::json!({ "n": 678 }), "{how}: the row as it came");
            assert_eq!((&lines[0]["step"], &lines[0]["cause"]), (&"fail".into(), &cause.into()), "{how}: {}", lines[0]);
            assert!(lines[0]["reason"].as_str().expect("a text").contains(words), "{how}: {}", lines[0]);
            assert!(!bench.read("out.jsonl").contains("\"n\":678}"), "{how}");
        }
    }
}

#[test]
fn many_bad_rows_are_the_same_ones_on_any_threads() {
    let run = |threads: usize| {
        let bench = Bench::default();
        let text = failing("on-error: quarantine", "how: panic, at: 50, every: 100", "");
        let report = bench.run_on(threads, &text).expect("runs");
        assert_eq!((report.rows_out, report.rejected), (ROWS - 50, 50));
        assert!(report.is_balanced());
        (bench.read("out.jsonl"), bench.read("quarantine.jsonl"))
    };
    let one = run(1);
    let bad = one.1.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let bad: Vec<i64> = bad.map(|line| line["row"]["n"].as_i64().expect("a number")).collect();
    assert_eq!(bad, (0..50).map(|at| 50 + 100 * at).collect::<Vec<i64>>());
    assert_eq!(one, run(4));
}

#[test]
fn rows_that_are_skipped_are_counted_and_nowhere_else() {
    let bench = Bench::default();
    let text = failing("on-error: skip", "how: panic, at: 50, every: 1000", "");
    let report = bench.run(&text).expect("runs");
    assert_eq!((report.rows_out, report.rejected, step(&report, "fail").skipped), (ROWS - 5, 0, 5));
    assert!(report.is_balanced(), "{:#?}", report.steps);
    assert_eq!(bench.files(), ["out.jsonl"]);
}

#[test]
fn the_step_has_the_last_word_over_the_pipeline() {
    let text = failing("on-error: quarantine", "how: panic, at: 50", "on-error: fail");
    let error = Bench::default().run(&text).expect_err("fails");
    assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Plugin), "{error:?}");
}

#[test]
fn a_batch_is_tried_again_in_a_fresh_instance() {
    // An instance is tired at its third batch: without a second try the run fails.
    Bench::default().run(&failing("", "how: tired", "")).expect_err("is tired");
    let bench = Bench::default();
    let report = bench.run_on(1, &failing("", "how: tired", "retries: 1")).expect("runs");
    assert_eq!((report.rows_out, report.rejected), (ROWS, 0));
    // 20 batches, every third call of an instance fails and is repeated.
    assert!(step(&report, "fail").calls > 20, "{:?}", step(&report, "fail"));
}

#[test]
fn a_run_ends_where_a_step_rejects_more_than_it_may() {
    for how in ["panic", "reject"] {
        let how = format!("how: {how}, at: 50, every: 300");
        let run = |most: u64| {
            let text = failing("on-error: quarantine", &how, &format!("limits: {{ rejected-rows: {most} }}"));
            Bench::default().run_on(1, &text)
        };
        let error = run(5).expect_err("more than five");
        assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Limit), "{error:?}");
        assert!(error.to_string().contains("its limit is 5 a run"), "{error}");
        run(1000).expect("few enough");
    }
}

/// The limit is one for the whole run, however often it is gone on with.
#[test]
fn a_resumed_run_has_rejected_what_it_had() {
    let bench = Bench::default();
    let lines: String = (0..ROWS).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    bench.write("in.jsonl", lines);
    let text = failing("on-error: quarantine", "how: reject, at: 50, every: 300", "limits: { rejected-rows: 10 }")
        .replace(&format!("use: GUESTS/kinds.wasm/count, with: {{ rows: {ROWS} }}"), "source: DIR/in.jsonl")
        .replace("batch-rows: 256", "batch-rows: 100\nbatch-bytes: 1024");
    let go_on = |resume: bool| {
        let checkpoint = Checkpoint { folder: bench.path("run"), interval: Duration::ZERO, resume };
        let options = RunOptions { checkpoint: Some(checkpoint), ..RunOptions::default() };
        bench.plan(&text).expect("plans").run(options)
    };
    // Seventeen rows are rejected in all.
    for attempt in 0..4 {
        let error = go_on(attempt > 0).expect_err("more than ten");
        assert!(error.to_string().contains("its limit is 10 a run"), "{attempt}: {error}");
        assert!(bench.files().contains(&"run".to_owned()), "there is something to go on with");
    }
}

/// What a step repeats takes the columns with it that are carried along, and waits in memory for its turn.
#[test]
fn what_a_step_repeats_has_an_end() {
    let bench = Bench::default();
    bench.write("in.jsonl", format!("{{\"text\":\"{}\"}}\n", "x".repeat(1 << 20)));
    let text = "
name: repeats
on-error: quarantine
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: again, use: GUESTS/kinds.wasm/repeat, with: { times: 300 } }
  - { id: write, sink: DIR/out.jsonl }
";
    for text in [
        text.to_owned(),
        text.replace(
            "  - { id: write",
            "  - { id: total, use: GUESTS/kinds.wasm/running-total, columns: { n: copy } }\n  - { id: write",
        ),
    ] {
        let error = bench.run(&text).expect_err("more than 256 MiB");
        assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Limit && step.step == "again"), "{error:?}");
        assert!(error.to_string().contains("made more than 256 MiB of one piece of the input"), "{error}");
    }
    let options = RunOptions { memory: Some(1 << 30), ..RunOptions::default() };
    let report = bench.plan(text).expect("plans").run(options).expect("it is allowed more");
    assert_eq!((report.rows_out, bench.path("out.jsonl").metadata().expect("written").len() >> 20), (300, 300));
}

/// It need not make more rows than it gets for that.
#[test]
fn one_row_in_the_place_of_all_others_has_an_end() {
    let bench = Bench::default();
    let row = |n: usize| format!("{{\"text\":\"{}\"}}\n", "x".repeat(if n == 0 { 1 << 20 } else { 1 }));
    bench.write("in.jsonl", (0..400).map(row).collect::<String>());
    let text = "
name: repeats
batch-bytes: 4194304
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: again, use: GUESTS/kinds.wasm/repeat, with: { first: true } }
  - { id: write, sink: DIR/out.jsonl }
";
    let error = bench.run(text).expect_err("400 MiB");
    assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Limit && step.step == "again"), "{error:?}");
}

/// A join multiplies what came of the same row.
#[test]
fn what_a_join_multiplies_has_an_end() {
    let bench = Bench::default();
    bench.write("in.jsonl", format!("{{\"text\":\"{}\"}}\n", "x".repeat(100 << 10)));
    let text = "
name: multiplies
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: left, use: GUESTS/kinds.wasm/repeat, with: { times: 140 } }
  - { id: right, from: read, use: GUESTS/kinds.wasm/repeat, with: { times: 140 }, outputs: { copy: other } }
  - { id: total, from: right, TOTAL }
  - { id: both, from: [left, total], join: inner }
  - { id: write, sink: DIR/out.jsonl }
";
    // In one stretch of steps, and behind an ordered step.
    for total in ["where: true", "use: GUESTS/kinds.wasm/running-total, columns: { n: other }"] {
        let error = bench.run(&text.replace("TOTAL", total)).expect_err("2 GB");
        assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Limit && step.step == "both"), "{error:?}");
    }
}

/// A global step's rows go on in pieces that are small even where all of them are the largest.
#[test]
fn what_a_global_step_repeats_goes_on_in_small_pieces() {
    let bench = Bench::default();
    let row = |n: usize| format!("{{\"n\":{n},\"text\":\"{}\"}}\n", "x".repeat(if n == 7 { 1 << 20 } else { 1 }));
    bench.write("in.jsonl", (0..1000).map(row).collect::<String>());
    let text = "
name: repeats
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: again, use: GUESTS/kinds.wasm/repeat-all, with: { times: 3 } }
  - { id: total, use: GUESTS/kinds.wasm/running-total }
  - { id: write, sink: DIR/out.jsonl }
";
    let report = bench.run(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.rows_out, 3000);
    assert!(step(&report, "total").calls >= 90, "a piece has few rows: {}", step(&report, "total").calls);
}

/// Each half of a batch may be answered within the limit, and both are too much together: no row is to blame for that.
#[test]
fn halves_that_are_too_much_together_end_the_run() {
    let text = failing("on-error: quarantine\nlimits: { output: 16 KiB }", "how: reject, at: 6000", "").replace(
        "  - { id: write",
        "  - { id: again, use: GUESTS/kinds.wasm/repeat, with: { times: 8 } }\n  - { id: write",
    );
    let error = Bench::default().run(&text).expect_err("too much");
    assert!(matches!(&error, Error::Step(step) if step.step == "again" && step.blame == Blame::Limit), "{error:?}");
    assert!(error.to_string().contains("the answers to the halves of its batch pass the limit together"), "{error}");
}

/// Skipped rows are rows that the step failed on.
#[test]
fn a_run_ends_where_a_step_skips_more_than_it_may() {
    let text = failing("on-error: skip", "how: panic, at: 50, every: 300", "limits: { rejected-rows: 5 }");
    let error = Bench::default().run_on(1, &text).expect_err("more than five");
    assert!(error.to_string().contains("its limit is 5 a run"), "{error}");
}

#[test]
fn a_step_may_have_fewer_instances_than_there_are_threads() {
    let read = |limits: &str| {
        let bench = Bench::default();
        let report = bench.run_on(4, &failing("on-error: quarantine", "how: panic, at: 9, every: 500", limits));
        assert_eq!(report.expect("runs").rows_out, ROWS - 10);
        bench.read("out.jsonl")
    };
    assert_eq!(read("limits: { instances: 1 }"), read(""));
}

#[test]
fn a_plugin_may_be_without_a_time_limit_by_name() {
    // 300 million turns of a loop are too many for 10 ms on any machine.
    let limits = "limits: { time: 10 ms }";
    let error = Bench::default().run(&failing(limits, "how: busy, at: 7", "")).expect_err("is interrupted");
    assert!(error.to_string().contains("took longer than its time limit"), "{error}");
    let plugins = format!("plugins: {{ GUESTS/kinds.wasm: {{ limits: {{ time: off }} }} }}\n{limits}");
    let report = Bench::default().run(&failing(&plugins, "how: busy, at: 7", "")).expect("runs");
    assert_eq!(report.rows_out, ROWS);
    let limits = step(&report, "fail").limits.expect("a plugin's step has limits");
    assert_eq!(limits.seconds, None);
}

/// 20 batches that leak 8 MiB each do not fit into 128 MiB, but for an instance that is made anew when it has grown.
#[test]
fn an_instance_that_grows_is_made_anew() {
    let text = failing("limits: { memory: 128 MiB }", "how: leak", "");
    let report = Bench::default().run_on(1, &text).expect("runs");
    assert_eq!(report.rows_out, ROWS);
    let peak = step(&report, "fail").peak;
    assert!((64 << 20..=128 << 20).contains(&peak.memory), "{peak:?}");
}

#[test]
fn the_report_has_limits_and_what_was_used_of_them() {
    let text = failing("limits: { memory: 100 MiB, time: 300 ms }\non-error: quarantine", "how: loop, at: 4000", "");
    let report = Bench::default().run(&text).expect("runs");
    let step = step(&report, "fail");
    let limits = step.limits.expect("limits");
    assert_eq!((limits.memory, limits.seconds), (100 << 20, Some(0.3)));
    assert!(step.peak.memory > 0 && step.peak.memory <= limits.memory, "{:?}", step.peak);
    assert!(step.peak.seconds >= 0.3, "the call that was ended counts: {:?}", step.peak);
}

/// A guest that works for ever is stopped with the run, long before its time is over.
#[test]
fn a_run_is_stopped_in_the_middle_of_a_call() {
    let bench = Bench::default();
    let progress = Arc::new(Progress::default());
    let watched = progress.clone();
    let stopping = std::thread::spawn(move || {
        while watched.rows_read() == 0 {
            std::thread::yield_now();
        }
        watched.stop();
    });
    let text = failing("limits: { time: 10 min }\non-error: quarantine", "how: loop, at: 0", "");
    let error = bench.run_watched(&text, progress).expect_err("stopped");
    assert!(matches!(error, Error::Stopped), "{error:?}");
    stopping.join().expect("it stopped the run");
    assert_eq!(bench.files(), Vec::<String>::new());
}

/// Listens to the log, and panics when it is told to: a panic of the host's own, in the middle of a guest's call.
struct Nervous(AtomicU64);

impl tracing::Subscriber for Nervous {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("stillroom::step")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut said = Said(String::new());
        event.record(&mut said);
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(!said.0.contains("panic, host"), "the listener lost its nerve");
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Said(String);

impl tracing::field::Visit for Said {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{value:?}");
    }
}

#[test]
fn a_panic_of_the_host_is_named_and_kept_to_the_step_that_it_served() {
    let _ = tracing::subscriber::set_global_default(Nervous(AtomicU64::new(0)));
    let text = |on_error: &str| {
        format!(
            "
on-error: {on_error}
quarantine: DIR/quarantine.jsonl
plugins: {{ GUESTS/teller.wasm: {{ grants: {{ log: info }} }} }}
steps:
  - {{ id: rows, source: {{ rows: [{{ text: a }}, {{ text: 'error:panic, host' }}, {{ text: b }}, {{ text: c }}] }} }}
  - {{ id: tell, use: GUESTS/teller.wasm/tell }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
        )
    };
    let bench = Bench::default();
    let other = std::thread::spawn(|| {
        Bench::default().run(&failing("on-error: quarantine", "how: panic, at: 50, every: 100", ""))
    });
    let error = bench.run(&text("fail")).expect_err("the host panics");
    assert!(matches!(&error, Error::Step(step) if step.blame == Blame::Host && step.step == "tell"), "{error:?}");
    assert!(error.to_string().contains("the listener lost its nerve"), "{error}");
    let report = bench.run(&text("quarantine")).expect("runs");
    assert_eq!((report.rows_out, report.rejected), (3, 1));
    assert_eq!(quarantine(&bench)[0]["cause"], "host");
    assert_eq!(other.join().expect("no panic").expect("runs").rows_out, ROWS - 50);
}

/// Ten million rows of which a hundred thousand trap; run by hand: `cargo test --release --workspace --test faults -- --ignored
/// --nocapture`. Prints what it took.
#[test]
#[ignore = "takes minutes"]
fn soak() {
    let bench = Bench::default();
    let rows = 10_000_000_u64;
    let text = failing("on-error: quarantine", "how: panic, at: 50, every: 100", "")
        .replace(&format!("rows: {ROWS}"), &format!("rows: {rows}"))
        .replace("batch-rows: 256\n", "");
    let pipeline = bench.pipeline(&text).expect("a pipeline");
    let progress = Arc::new(Progress::default());
    let watched = progress.clone();
    let watching = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while watched.rows_read() < rows {
            std::thread::sleep(std::time::Duration::from_millis(500));
            seen.push((watched.rows_read(), resident()));
        }
        seen
    });
    let plan = stillroom::Plan::new(engine(2), &pipeline, BUILTINS).expect("a plan");
    let report = plan.run(stillroom::RunOptions { progress, ..Default::default() }).expect("runs");
    let seen = watching.join().expect("it watched");
    for (rows, bytes) in seen.iter().step_by((seen.len() / 10).max(1)) {
        println!("{rows:>9} rows read: {} MB resident", bytes / 1_000_000);
    }
    println!("{:.1} s, {} calls", report.seconds, step(&report, "fail").calls);
    let held = |part: &[(u64, u64)]| part.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
    let (early, late) = seen.split_at(seen.len() / 3);
    assert!(held(late) <= held(early) + (64 << 20), "memory is not flat: {seen:?}");
    assert_eq!((report.rows_in, report.rows_out, report.rejected), (rows, rows - rows / 100, rows / 100));
    assert!(report.is_balanced());
    let written = std::fs::read_to_string(bench.path("quarantine.jsonl")).expect("the quarantine");
    assert_eq!(written.lines().count() as u64, rows / 100);
}

/// Memory of this process, in bytes; 0 where that is not known.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
