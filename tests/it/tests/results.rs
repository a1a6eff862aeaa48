//! Results of steps that are kept between runs: what has changed is worked out again, and nothing stale is served.

#![allow(missing_docs, clippy::panic)]

use std::sync::Arc;

use stillroom::{Plan, Report, ResultCache, Results, RunOptions};
use stillroom_tests::{BUILTINS, Bench, engine, explain};

const STEPS: &str = "name: kept
batch-rows: 100
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: clean, use: text/normalise, with: { case: lower } }
  - { id: count, use: text/stats }
  - { id: sign, use: dedup/minhash, with: { permutations: 32 } }
  - { id: once, use: dedup/minhash-cluster, with: { threshold: 0.9 } }
  - { id: slim, drop: [signature] }
  - { id: end, use: text/hash }
  - { id: write, sink: DIR/out.jsonl }
";

fn docs(rows: usize) -> String {
    (0..rows).map(|n| format!("{{\"n\":{n},\"text\":\"Row {} of {n} in a still ROOM\"}}\n", n * 7919)).collect()
}

fn run(bench: &Bench, threads: usize, text: &str) -> Report {
    let cache = ResultCache::open(bench.path("results"), 1 << 30).expect("a folder");
    let results = Some(Results { cache: Arc::new(cache), always: true });
    let pipeline = bench.pipeline(text).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let plan = Plan::new(engine(threads), &pipeline, BUILTINS).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let report = plan.run(RunOptions { results, ..RunOptions::default() }).expect("runs");
    assert!(report.is_balanced(), "{:#?}", report.steps);
    report
}

/// Which steps were answered wholly from what was kept, and which not at all.
fn kept(report: &Report) -> Vec<(&str, bool)> {
    let plugins = report.steps.iter().filter(|step| step.digest.is_some());
    plugins
        .map(|step| {
            // A global step's whole answer is one result.
            let all = if step.kind == "global" { 1 } else { step.calls };
            assert!(step.cached == 0 || step.cached == all, "{}: {} of {}", step.id, step.cached, step.calls);
            (step.id.as_str(), step.cached > 0)
        })
        .collect()
}

#[test]
fn a_second_run_computes_nothing_and_writes_the_same() {
    let bench = Bench::default();
    bench.write("in.jsonl", docs(1000));
    let first = run(&bench, 2, STEPS);
    assert!(kept(&first).iter().all(|(_, kept)| !kept), "{:?}", kept(&first));
    let out = bench.read("out.jsonl");
    let second = run(&bench, 1, STEPS);
    assert!(kept(&second).iter().all(|(_, kept)| *kept), "{:?}", kept(&second));
    assert_eq!(bench.read("out.jsonl"), out);
    let rows = |report: &Report| {
        report.steps.iter().map(|step| (step.rows_in, step.rows_out, step.dropped)).collect::<Vec<_>>()
    };
    assert_eq!(rows(&first), rows(&second));
}

/// There: a changed parameter of an earlier step gives an empty result, and a changed body of a step the old one.
#[test]
fn a_changed_parameter_makes_that_step_and_what_follows_anew() {
    let bench = Bench::default();
    bench.write("in.jsonl", docs(1000));
    run(&bench, 2, STEPS);
    let changed = run(&bench, 2, &STEPS.replace("threshold: 0.9", "threshold: 0.4"));
    let expected =
        [("clean", true), ("count", true), ("sign", true), ("once", false), ("end", changed.steps[6].cached > 0)];
    assert_eq!(kept(&changed), expected);
    let plain = Bench::default();
    plain.write("in.jsonl", docs(1000));
    plain.run(&STEPS.replace("threshold: 0.9", "threshold: 0.4")).expect("runs");
    assert_eq!(bench.read("out.jsonl"), plain.read("out.jsonl"));
}

/// There: other data under the same names gives the first data's result.
#[test]
fn changed_input_is_never_answered_with_the_old() {
    let bench = Bench::default();
    bench.write("in.jsonl", docs(1000));
    run(&bench, 2, STEPS);
    bench.write("in.jsonl", docs(1000).replace("still ROOM", "other room"));
    let changed = run(&bench, 2, STEPS);
    assert!(kept(&changed).iter().all(|(_, kept)| !kept), "{:?}", kept(&changed));
    assert!(bench.read("out.jsonl").lines().all(|line| line.contains("other room")));
    // What was appended is computed, what was there is not.
    bench.write("in.jsonl", docs(1500).replace("still ROOM", "other room"));
    let more = run(&bench, 2, STEPS);
    let clean = more.steps.iter().find(|step| step.id == "clean").expect("the step");
    assert!(clean.cached > 0 && clean.cached < clean.calls, "{} of {}", clean.cached, clean.calls);
}

#[test]
fn a_damaged_result_is_computed_again() {
    let bench = Bench::default();
    bench.write("in.jsonl", docs(1000));
    run(&bench, 2, STEPS);
    let out = bench.read("out.jsonl");
    let mut damaged = 0;
    let mut folders = vec![bench.path("results")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_none() {
                let mut bytes = std::fs::read(entry.path()).expect("a result");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(entry.path(), bytes).expect("damages");
                damaged += 1;
            }
        }
    }
    assert!(damaged > 10, "{damaged}");
    let cache = ResultCache::open(bench.path("results"), 1 << 30).expect("a folder");
    assert_eq!(cache.verify(false).expect("reads").len(), damaged);
    let again = run(&bench, 2, STEPS);
    assert!(kept(&again).iter().all(|(_, kept)| !kept), "{:?}", kept(&again));
    assert_eq!(bench.read("out.jsonl"), out);
    assert!(cache.verify(false).expect("reads").is_empty());
}

#[test]
fn a_step_says_that_it_is_not_to_be_kept() {
    let bench = Bench::default();
    bench.write("in.jsonl", docs(300));
    let text = STEPS.replace("with: { case: lower } }", "with: { case: lower }, cache: false }");
    run(&bench, 2, &text);
    let report = run(&bench, 2, &text);
    assert_eq!(kept(&report)[..2], [("clean", false), ("count", true)]);
}

/// A variable that is granted no longer does not come out of what was kept.
#[test]
fn what_a_plugin_was_granted_is_a_part_of_what_it_answered() {
    let bench = Bench::default();
    bench.write("in.jsonl", "{\"command\":\"env\"}\n");
    let text = "name: granted
plugins:
  GUESTS/able.wasm: { grants: { log: error, files: [], http: [], env: NAMES } }
steps:
  - { id: read, source: DIR/in.jsonl }
  - { id: ask, use: GUESTS/able.wasm/able, cache: true }
  - { id: write, sink: DIR/out.jsonl }
";
    let ask = |names: &str| {
        let report = run(&bench, 1, &text.replace("NAMES", names));
        (kept(&report)[0].1, bench.read("out.jsonl").contains("STILLROOM_TEST"))
    };
    assert_eq!(ask("[STILLROOM_TEST]"), (false, true));
    assert_eq!(ask("[STILLROOM_TEST]"), (true, true));
    assert_eq!(ask("[]"), (false, false));
    assert_eq!(ask("[]"), (true, false));
}
