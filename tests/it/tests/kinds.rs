//! All four kinds of steps, whole pipelines, any number of threads.

use serde_json::{Value, json};
use stillroom::{Engine, EngineOptions, Limits, Plan, RunOptions};
use stillroom_tests::{BUILTINS, Bench};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

const ALL_KINDS: &str = "
name: kinds
batch-rows: 7
steps:
  - { id: count, use: GUESTS/kinds.wasm/count, with: { rows: 100 } }
  - { id: even, where: n % 2 = 0 }
  - { id: twice, use: GUESTS/kinds.wasm/repeat, with: { times: 2 } }
  - { id: total, use: GUESTS/kinds.wasm/running-total }
  - { id: back, use: GUESTS/kinds.wasm/reverse }
  - { id: write, sink: DIR/out.jsonl }
";

#[test]
fn a_source_a_transform_an_ordered_and_a_global_step() {
    let bench = Bench::default();
    let report = bench.run(ALL_KINDS).expect("runs");
    // 100 rows, 50 even ones, each twice; of 100 rows backwards, row 0, 3, 6 … 99 are left out.
    let expected: Vec<Value> = (0..100_i64)
        .rev()
        .filter(|row| row % 3 != 0)
        .map(|row| {
            let n = row / 2 * 2;
            let before: i64 = (0..=row).map(|row| row / 2 * 2).sum();
            json!({ "n": n, "copy": row % 2, "total": before, "sum": 4900 })
        })
        .collect();
    assert_eq!(lines(&bench.read("out.jsonl")), expected);
    assert_eq!((report.rows_in, report.rows_out), (100, 66));
    assert!(report.is_balanced(), "{:#?}", report.steps);
    let step = |id: &str| report.steps.iter().find(|step| step.id == id).expect("the step");
    assert_eq!((step("even").rows_in, step("even").dropped), (100, 50));
    assert_eq!((step("twice").rows_in, step("twice").repeated, step("twice").rows_out), (50, 50, 100));
    assert_eq!((step("back").rows_in, step("back").dropped, step("back").rows_out), (100, 34, 66));
    assert_eq!(report.outputs[0].samples.len(), 3);
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let one = Bench::default();
    one.run_on(1, ALL_KINDS).expect("runs");
    for threads in 2..=4 {
        let more = Bench::default();
        more.run_on(threads, ALL_KINDS).expect("runs");
        assert_eq!(more.read("out.jsonl"), one.read("out.jsonl"), "{threads} threads");
    }
}

#[test]
fn a_step_that_drops_every_row_ends_well() {
    let bench = Bench::default();
    let report = bench.run(&ALL_KINDS.replace("times: 2", "times: 0")).expect("runs");
    assert_eq!(report.rows_out, 0);
    assert_eq!(bench.read("out.jsonl"), "");
    assert!(report.is_balanced());
}

#[test]
fn a_rejected_row_is_set_aside_with_its_reason_and_the_others_go_on() {
    let bench = Bench::default();
    let report = bench
        .run(
            "
name: picky
batch-rows: 4
steps:
  - { id: count, use: GUESTS/kinds.wasm/count, with: { rows: 10 } }
  - { id: picky, use: GUESTS/kinds.wasm/fail, with: { how: reject, at: 6 } }
  - { id: write, sink: DIR/out.jsonl }
",
        )
        .expect("runs");
    assert_eq!((report.rows_in, report.rows_out, report.rejected), (10, 9, 1));
    assert!(report.is_balanced());
    let kept: Vec<i64> = lines(&bench.read("out.jsonl")).iter().map(|row| row["n"].as_i64().expect("n")).collect();
    assert_eq!(kept, [0, 1, 2, 3, 4, 5, 7, 8, 9]);
    let expected = json!({ "step": "picky", "cause": "rejected", "reason": "6 is not welcome", "row": { "n": 6 } });
    assert_eq!(lines(&bench.read("picky.quarantine.jsonl")), [expected]);
}

#[test]
fn only_what_is_asked_for_is_read() {
    let bench = Bench::default();
    let plan = bench.plan(&ALL_KINDS.replace("rows: 100", "rows: 1000000000000")).expect("plans");
    let report = plan.run(RunOptions { limit: Some(10), ..Default::default() }).expect("runs");
    assert_eq!(report.rows_in, 10);
}

#[test]
fn two_sinks_get_the_rows_as_they_are_at_their_place() {
    let bench = Bench::default();
    bench
        .run(
            "
steps:
  - { id: count, use: GUESTS/kinds.wasm/count, with: { rows: 20 } }
  - { id: all, sink: DIR/all.jsonl }
  - { id: few, where: n < 3 }
  - { id: name, rename: { number: n } }
  - { id: more, compute: { square: number * number } }
  - { id: write, sink: DIR/few.jsonl }
",
        )
        .expect("runs");
    assert_eq!(bench.read("all.jsonl").lines().count(), 20);
    let few = "{\"number\":0,\"square\":0}\n{\"number\":1,\"square\":1}\n{\"number\":2,\"square\":4}\n";
    assert_eq!(bench.read("few.jsonl"), few);
}

/// Small rows around one of 50 MB.
fn fat(bench: &Bench) -> &'static str {
    let row = |n: usize, text: &str| format!("{{\"n\":{n},\"text\":\"{text}\"}}\n");
    let rows = [row(0, "a"), row(1, "b"), row(2, &"x".repeat(50 << 20)), row(3, "c")];
    bench.write("in.jsonl", rows.concat());
    "plugins: { GUESTS/kinds.wasm: { columns: all } }\nsteps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: echo, use: GUESTS/kinds.wasm/echo }\n  - { id: write, sink: DIR/out.jsonl }\n"
}

#[test]
fn a_row_of_50_mb_passes() {
    let bench = Bench::default();
    let report = bench.run(fat(&bench)).expect("runs");
    assert_eq!(report.rows_out, 4);
    assert!(bench.read("out.jsonl") == bench.read("in.jsonl"), "the same rows");
}

#[test]
fn a_row_that_breaks_a_limit_is_a_batch_of_its_own_and_named() {
    let bench = Bench::default();
    let limits = Limits { memory_bytes: 32 << 20, ..Limits::default() };
    let engine = Engine::new(EngineOptions { threads: 2, limits, ..EngineOptions::default() }).expect("an engine");
    let plan = Plan::new(&engine, &bench.pipeline(fat(&bench)).expect("parses"), BUILTINS).expect("plans");
    let error = plan.run(RunOptions::default()).expect_err("too large");
    let said = error.to_string();
    assert!(said.contains("step `echo` failed on batch") && said.contains("(rows 2 to 2)"), "{said}");
    assert!(said.contains("more memory than its limit"), "{said}");
}

/// A file may leave to `--set` what it cannot know.
#[test]
fn values_that_are_set_may_make_a_file_right() {
    let text = "steps:\n  - { id: read, source: \"-\" }\n  - { id: write, sink: \"-\" }\n";
    let sets = ["read.source={path: \"-\", format: jsonl}", "write.sink=out.parquet"];
    assert!(stillroom::Pipeline::parse("p.yaml", text).is_err());
    assert!(stillroom::Pipeline::parse_with("p.yaml", text, sets).is_ok());
    assert!(stillroom::Pipeline::parse_with("p.yaml", text, sets[..1].iter().copied()).is_err());
}
