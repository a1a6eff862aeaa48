//! Ordered and global steps that fail on rows: another instance takes the place of the one that failed, is given again all
//! that it had seen, and the rows that are to blame are left out.

#![allow(clippy::panic)] // in what the tests share

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stillroom::{Checkpoint, Progress, Report, RunOptions, StepReport};
use stillroom_tests::{Bench, explain};

const STEPS: [(&str, bool); 4] =
    [("shaky-total", false), ("shaky-total", true), ("shaky-sum", false), ("shaky-sum", true)];

fn pipeline(rows: usize, step: &str, with: &str, more: &str) -> String {
    format!(
        "name: shaky
batch-rows: 1000
steps:
  - {{ id: read, use: GUESTS/kinds.wasm/count, with: {{ rows: {rows} }} }}
  - {{ id: key, compute: {{ k: n % 7 }} }}
  - {{ id: left, where: LEFT }}
  - {{ id: shaky, use: GUESTS/kinds.wasm/{step}, with: {{ {with} }}, {more} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    )
}

fn run(bench: &Bench, threads: usize, text: &str) -> Report {
    let report = bench.run_on(threads, &text.replace("LEFT", "true"));
    let report = report.unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert!(report.is_balanced(), "{:#?}", report.steps);
    report
}

fn shaky(report: &Report) -> &StepReport {
    report.steps.iter().find(|step| step.id == "shaky").expect("the step")
}

/// What comes out where these rows never came to the step.
fn without(rows: usize, step: &str, with: &str, bad: &[i64]) -> String {
    let left: Vec<String> = bad.iter().map(|n| format!("n != {n}")).collect();
    let bench = Bench::default();
    bench.run(&pipeline(rows, step, with, "").replace("LEFT", &left.join(" and "))).expect("runs");
    bench.read("out.jsonl")
}

/// The quarantine's lines; of a panic's message what it said, without where.
fn set_aside(bench: &Bench) -> Vec<Value> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("a JSON line");
        let reason = line["reason"].as_str().and_then(|reason| reason.lines().last()).map(str::to_owned);
        line["reason"] = json!(reason);
        line
    };
    bench.read("shaky.quarantine.jsonl").lines().map(line).collect()
}

fn line(n: i64) -> Value {
    let reason = format!("cannot go on at n = {n}");
    json!({ "step": "shaky", "cause": "plugin", "reason": reason, "row": { "n": n, "k": n % 7 } })
}

#[test]
fn one_bad_row_in_ten_thousand_costs_one_row() {
    for (step, keyed) in STEPS {
        let expected = without(10_000, step, &format!("keyed: {keyed}"), &[6_543]);
        assert_eq!(expected.lines().count(), 9_999);
        let text = pipeline(10_000, step, &format!("keyed: {keyed}, at: [6543]"), "on-error: quarantine");
        for threads in [1, 4] {
            let bench = Bench::default();
            let report = run(&bench, threads, &text);
            assert!(bench.read("out.jsonl") == expected, "{step}, keyed: {keyed}, {threads} threads");
            assert_eq!(set_aside(&bench), [line(6_543)], "{step}, keyed: {keyed}, {threads} threads");
            let step = shaky(&report);
            assert_eq!((step.rows_in, step.rows_out, step.dropped), (10_000, 9_999, 0));
            assert_eq!((step.rejected, step.failed, step.skipped), (1, 1, 0));
        }
    }
}

#[test]
fn several_bad_rows_over_several_batches() {
    // The first and the last row of all, neighbours, and the first and last of a batch.
    let bad = [0, 999, 1_000, 2_345, 2_346, 4_999];
    for (step, keyed) in STEPS {
        let expected = without(5_000, step, &format!("keyed: {keyed}"), &bad);
        let text = pipeline(5_000, step, &format!("keyed: {keyed}, at: {bad:?}"), "on-error: quarantine");
        for threads in [1, 4] {
            let bench = Bench::default();
            let report = run(&bench, threads, &text);
            assert!(bench.read("out.jsonl") == expected, "{step}, keyed: {keyed}, {threads} threads");
            assert_eq!(set_aside(&bench), bad.map(line), "{step}, keyed: {keyed}, {threads} threads");
            assert_eq!((shaky(&report).rejected, shaky(&report).failed), (6, 6));
        }
    }
}

#[test]
fn rows_that_the_step_rejects_itself_keep_their_places() {
    for (step, keyed) in STEPS {
        let with = format!("keyed: {keyed}, reject: [10, 1500, 2999]");
        let text = pipeline(3_000, step, &format!("{with}, at: [11, 1499]"), "on-error: quarantine");
        let expected = without(3_000, step, &with, &[11, 1_499]);
        for threads in [1, 4] {
            let bench = Bench::default();
            let report = run(&bench, threads, &text);
            assert!(bench.read("out.jsonl") == expected, "{step}, keyed: {keyed}, {threads} threads");
            let mut causes: Vec<(i64, String)> = set_aside(&bench)
                .iter()
                .map(|line| (line["row"]["n"].as_i64().expect("n"), line["cause"].as_str().expect("cause").to_owned()))
                .collect();
            causes.sort();
            let expected =
                [(10, "rejected"), (11, "plugin"), (1_499, "plugin"), (1_500, "rejected"), (2_999, "rejected")];
            assert_eq!(causes, expected.map(|(n, cause)| (n, cause.to_owned())), "{step}, keyed: {keyed}");
            assert_eq!((shaky(&report).rejected, shaky(&report).failed), (5, 2));
        }
    }
}

#[test]
fn skipped_rows_are_only_counted() {
    for (step, keyed) in STEPS {
        let with = format!("keyed: {keyed}, at: [5, 1234]");
        // As the pipeline says for all steps.
        let text = format!("on-error: skip\n{}", pipeline(2_000, step, &with, ""));
        let bench = Bench::default();
        let report = run(&bench, 2, &text);
        assert!(bench.read("out.jsonl") == without(2_000, step, &format!("keyed: {keyed}"), &[5, 1_234]), "{step}");
        let step = shaky(&report);
        assert_eq!((step.rows_out, step.rejected, step.failed, step.skipped), (1_998, 0, 0, 2));
        assert_eq!(bench.files(), ["out.jsonl"]);
    }
}

#[test]
fn where_every_row_is_bad_none_comes_out() {
    for (step, keyed) in STEPS {
        let bad: Vec<i64> = (0..20).collect();
        let text = pipeline(20, step, &format!("keyed: {keyed}, at: {bad:?}"), "on-error: quarantine");
        let bench = Bench::default();
        let report = run(&bench, 2, &text);
        assert_eq!((report.rows_out, report.rejected), (0, 20), "{step}");
    }
}

#[test]
fn a_batch_is_tried_again_before_it_is_halved() {
    for step in ["shaky-total", "shaky-sum"] {
        let calls = |retries: u32| {
            let bench = Bench::default();
            let more = format!("on-error: quarantine, retries: {retries}");
            let report = run(&bench, 2, &pipeline(4_000, step, "at: [3500]", &more));
            assert_eq!(report.rejected, 1);
            shaky(&report).calls
        };
        // Each time the batch itself, and before it the three that were accepted.
        assert_eq!(calls(2) - calls(0), 2 * (1 + 3), "{step}");
    }
}

#[test]
fn retries_alone_leave_nothing_out() {
    for step in ["shaky-total", "shaky-sum"] {
        let bench = Bench::default();
        let text = pipeline(4_000, step, "tired: 3", "retries: 2").replace("LEFT", "true");
        let said = explain(&bench.run(&text).expect_err("is tired each time"));
        assert!(said.contains("tired at call 3") && said.contains("rows 2000 to 2999"), "{said}");
        assert!(!bench.files().contains(&"out.jsonl".to_owned()));
    }
}

/// A step that hangs on a folder, over commands in batches of so many.
fn resolute(batch: usize, commands: &[&str], more: &str) -> (Bench, String) {
    let bench = Bench::default();
    std::fs::create_dir(bench.path("data")).expect("a folder");
    let rows: String = commands.iter().map(|command| format!("{}\n", json!({ "command": command }))).collect();
    bench.write("in.jsonl", rows);
    let text = format!(
        "batch-rows: {batch}
plugins:
  GUESTS/able.wasm:
    grants: {{ files: {{ write: [DIR/data] }}, log: info, http: [example.com], env: [NONE] }}
steps:
  - {{ id: read, source: DIR/in.jsonl }}
  - {{ id: do, use: GUESTS/able.wasm/resolute, {more} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    );
    (bench, text)
}

#[test]
fn what_fails_once_is_tried_again() {
    // The first time there is no mark yet.
    let commands = ["stat|data|mark", "write|data|mark|x"];
    let (bench, text) = resolute(2, &commands, "retries: 0");
    let said = explain(&bench.run(&text).expect_err("fails"));
    assert!(said.contains("no-entry"), "{said}");
    let (bench, text) = resolute(2, &commands, "retries: 1");
    let report = bench.run(&text).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((report.rows_out, report.rejected, report.steps[1].calls), (2, 0, 2));
}

#[test]
fn a_step_that_cannot_see_again_what_it_saw_ends_the_run() {
    // The third batch fails. What the first one made is there when the fourth one's instance is to make it again.
    let commands = ["mkdir|data|new", "stat|data|new", "stat|data|none", "stat|data|new"];
    let (bench, text) = resolute(1, &commands, "on-error: quarantine");
    let said = explain(&bench.run(&text).expect_err("ends"));
    assert!(said.contains("step `do`") && said.contains("cannot be brought back to where it was"), "{said}");
    assert!(!bench.files().contains(&"out.jsonl".to_owned()));
}

#[test]
fn instances_are_not_replaced_for_ever() {
    for (step, keyed) in STEPS {
        let bad: Vec<i64> = (0..2_000).collect();
        let text = pipeline(2_000, step, &format!("keyed: {keyed}, at: {bad:?}"), "on-error: skip");
        let bench = Bench::default();
        let said = explain(&bench.run(&text.replace("LEFT", "true")).expect_err("ends"));
        assert!(said.contains("step `shaky`") && said.contains("failed more than 1000 times"), "{said}");
        assert!(!bench.files().contains(&"out.jsonl".to_owned()));
    }
}

#[test]
fn rejected_rows_have_an_end() {
    for (step, keyed) in STEPS {
        let text = |most: u32| {
            let more = format!("on-error: quarantine, limits: {{ rejected-rows: {most} }}");
            pipeline(3_000, step, &format!("keyed: {keyed}, at: [1, 1001, 2001]"), &more)
        };
        run(&Bench::default(), 2, &text(3));
        let said = explain(&Bench::default().run(&text(2).replace("LEFT", "true")).expect_err("too many"));
        assert!(said.contains("3 rows are rejected or failed; its limit is 2 a run"), "{said}");
    }
}

#[test]
fn an_end_that_fails_is_no_rows_fault() {
    let bench = Bench::default();
    let text = pipeline(100, "shaky-sum", "ends-badly: true", "on-error: quarantine").replace("LEFT", "true");
    let said = explain(&bench.run(&text).expect_err("fails"));
    assert!(said.contains("nothing comes of it"), "{said}");
}

#[test]
fn a_source_has_no_rows_to_leave_out() {
    for more in ["on-error: skip", "retries: 1"] {
        let bench = Bench::default();
        let source = format!("use: GUESTS/kinds.wasm/count, {more}");
        let text = pipeline(10, "shaky-sum", "", "").replace("LEFT", "true");
        let said = explain(&bench.plan(&text.replace("use: GUESTS/kinds.wasm/count", &source)).err().expect("refused"));
        assert!(said.contains("step `read`") && said.contains("no rows to leave out"), "{said}");
    }
}

#[test]
fn a_resumed_run_fails_on_the_same_rows() {
    let numbers: String = (0..20_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    for (step, keyed) in STEPS {
        let text = pipeline(0, step, &format!("keyed: {keyed}, at: [17, 4321]"), "on-error: quarantine")
            .replace("use: GUESTS/kinds.wasm/count, with: { rows: 0 }", "source: DIR/in.jsonl")
            .replace("batch-rows: 1000", "batch-rows: 100\nbatch-bytes: 1024")
            .replace("LEFT", "true");
        let (bench, whole) = (Bench::default(), Bench::default());
        bench.write("in.jsonl", &numbers);
        whole.write("in.jsonl", &numbers);
        run(&whole, 2, &text);
        let go_on = |resume: bool, until: u64| {
            let progress = Arc::new(Progress::default());
            let checkpoint = Checkpoint { folder: bench.path("run"), interval: Duration::ZERO, resume };
            let options =
                RunOptions { checkpoint: Some(checkpoint), progress: progress.clone(), ..RunOptions::default() };
            let plan = bench.plan(&text).expect("plans");
            let running = std::thread::spawn(move || plan.run(options));
            while progress.rows_read() < until && !running.is_finished() {
                std::thread::yield_now();
            }
            progress.stop();
            running.join().expect("the run")
        };
        // It is stopped in the middle and goes on: wherever that was, it ends as the other one did.
        let stopped = go_on(false, 10_000).or_else(|_| go_on(true, 19_000));
        let report = stopped.or_else(|_| go_on(true, u64::MAX)).unwrap_or_else(|error| panic!("{}", explain(&error)));
        assert_eq!((report.rows_out, report.rejected), (19_998, 2), "{step}, keyed: {keyed}");
        assert!(report.is_balanced(), "{:#?}", report.steps);
        for name in ["out.jsonl", "shaky.quarantine.jsonl"] {
            assert!(bench.read(name) == whole.read(name), "{step}, keyed: {keyed}, {name}");
        }
    }
}
