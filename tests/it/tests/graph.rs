//! Every shape of pipeline: branches, routes, streams that meet; what is refused and how it is told.

#![allow(missing_docs, clippy::panic)]

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stillroom::{Checkpoint, Plan, Report, RunOptions};
use stillroom_tests::{BUILTINS, Bench, engine, explain};

/// A pipeline over so many numbers, in batches of ten.
fn counting(rows: usize, steps: &str) -> String {
    format!(
        "batch-rows: 10\nplugins: {{ GUESTS/kinds.wasm: {{ columns: [n] }} }}\nsteps:\n  - {{ id: read, use: GUESTS/kinds.wasm/count, with: {{ rows: {rows} }} }}\n{steps}"
    )
}

fn rows(bench: &Bench, name: &str) -> Vec<Value> {
    bench.read(name).lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

fn numbers(bench: &Bench, name: &str, column: &str) -> Vec<i64> {
    rows(bench, name).iter().map(|row| row[column].as_i64().expect("a number")).collect()
}

fn run(bench: &Bench, text: &str) -> Report {
    let report = bench.run(text).unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert!(report.is_balanced(), "{:#?}", report.steps);
    report
}

fn refused(text: &str) -> String {
    let bench = Bench::default();
    explain(&bench.plan(text).map(drop).expect_err("is refused"))
}

#[test]
fn one_output_feeds_several_steps() {
    let bench = Bench::default();
    run(
        &bench,
        &counting(
            35,
            "
  - { id: even, where: n % 2 = 0 }
  - { id: write-even, sink: DIR/even.jsonl }
  - { id: odd, from: read, where: n % 2 = 1 }
  - { id: write-odd, sink: DIR/odd.jsonl }
",
        ),
    );
    assert_eq!(numbers(&bench, "even.jsonl", "n"), (0..35).step_by(2).collect::<Vec<_>>());
    assert_eq!(numbers(&bench, "odd.jsonl", "n"), (1..35).step_by(2).collect::<Vec<_>>());
}

#[test]
fn what_was_routed_comes_together_in_its_own_order() {
    let steps = "
  - { id: split, route: { where: { low: n < 12, high: n >= 25 }, otherwise: middle } }
  - { id: low, from: split.low, compute: { what: \"'low'\" } }
  - { id: high, from: split.high, compute: { what: \"'high'\" } }
  - { id: all, from: [high, split.middle, low], concat: origin }
  - { id: write, sink: DIR/out.jsonl }
";
    let bench = Bench::default();
    let report = run(&bench, &counting(40, steps));
    assert_eq!(numbers(&bench, "out.jsonl", "n"), (0..40).collect::<Vec<_>>());
    assert_eq!(rows(&bench, "out.jsonl")[11], json!({"n": 11, "what": "low"}));
    assert_eq!(rows(&bench, "out.jsonl")[12], json!({"n": 12, "what": null}));
    assert_eq!(report.steps[1].rows_out, 40);
}

#[test]
fn a_row_may_go_to_several_branches_or_to_the_first_that_fits() {
    for (first, expected) in [("", 9 + 5), (", first: true", 9)] {
        let bench = Bench::default();
        let report = run(
            &bench,
            &counting(
                10,
                &format!(
                    "
  - {{ id: split, route: {{ where: {{ some: n > 0, more: n > 4 }}{first} }} }}
  - {{ id: a, from: split.some, sink: DIR/a.jsonl }}
  - {{ id: b, from: split.more, sink: DIR/b.jsonl }}
"
                ),
            ),
        );
        assert_eq!((report.steps[1].rows_out, report.steps[1].dropped), (expected, 1));
    }
}

#[test]
fn random_and_turns_are_the_same_on_any_number_of_threads() {
    for rule in ["pick: 2, seed: 3", "pick: 1, each: batch", "in-turn: true", "in-turn: true, each: batch"] {
        let steps = format!(
            "
  - {{ id: split, route: {{ branches: [a, b, c], {rule} }} }}
  - {{ id: write-a, from: split.a, sink: DIR/a.jsonl }}
  - {{ id: write-b, from: split.b, sink: DIR/b.jsonl }}
  - {{ id: write-c, from: split.c, sink: DIR/c.jsonl }}
"
        );
        let (one, four) = (Bench::default(), Bench::default());
        one.run_on(1, &counting(3000, &steps)).expect(rule);
        four.run_on(4, &counting(3000, &steps)).expect(rule);
        let mut counts = Vec::new();
        for name in ["a.jsonl", "b.jsonl", "c.jsonl"] {
            assert_eq!(one.read(name), four.read(name), "{rule}");
            counts.push(one.read(name).lines().count());
        }
        let all = if rule.starts_with("pick: 2") { 6000 } else { 3000 };
        assert_eq!(counts.iter().sum::<usize>(), all, "{rule}");
        assert!(counts.iter().all(|count| count.abs_diff(all / 3) < 200), "{rule}: {counts:?}");
    }
}

/// There: branches are zipped by position, and one that drops rows hangs the pipeline for ever.
#[test]
fn a_join_puts_rows_of_one_origin_side_by_side() {
    for (how, expected) in [
        ("inner", vec![(0, Some(0), Some(0)), (12, Some(12), Some(12))]),
        ("left", vec![(0, Some(0), Some(0)), (4, Some(4), None), (8, Some(8), None), (12, Some(12), Some(12))]),
    ] {
        let bench = Bench::default();
        run(
            &bench,
            &counting(
                15,
                &format!(
                    "
  - {{ id: fours, where: n % 4 = 0 }}
  - {{ id: x, compute: {{ x: n }} }}
  - {{ id: sixes, from: read, where: n % 6 = 0 }}
  - {{ id: y, compute: {{ y: n }} }}
  - {{ id: both, from: [x, y], join: {how} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
                ),
            ),
        );
        let found: Vec<_> = rows(&bench, "out.jsonl")
            .iter()
            .map(|row| (row["n"].as_i64().expect("n"), row["x"].as_i64(), row["y"].as_i64()))
            .collect();
        assert_eq!(found, expected, "{how}");
    }
}

#[test]
fn an_outer_join_has_the_rows_of_all() {
    let bench = Bench::default();
    let report = run(
        &bench,
        &counting(
            10,
            "
  - { id: low, where: n < 6 }
  - { id: x, compute: { x: n * 2 } }
  - { id: high, from: read, where: n > 3 }
  - { id: twice, use: GUESTS/kinds.wasm/repeat, with: { times: 2 } }
  - { id: both, from: [x, high, twice], join: outer }
  - { id: write, sink: DIR/out.jsonl }
",
        ),
    );
    assert_eq!(numbers(&bench, "out.jsonl", "n"), [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
    let join = report.steps.iter().find(|step| step.id == "both").expect("the join");
    assert_eq!((join.rows_in, join.rows_out, join.dropped), (6 + 6 + 12, 16, 0));
}

/// The place of a row among those that are not dropped before.
fn place(n: i64) -> i64 {
    (0..n).filter(|n| n % 7 != 3).count() as i64
}

#[test]
fn branches_with_an_ordered_and_with_a_global_step_meet_as_well() {
    for step in ["running-total", "reverse"] {
        let column = if step == "reverse" { "sum" } else { "total" };
        let is_kept = |n: i64| n % 7 != 3 && (step != "reverse" || place(n) % 3 != 0);
        for threads in [1, 4] {
            let bench = Bench::default();
            let text = counting(
                500,
                &format!(
                    "
  - {{ id: some, where: n % 7 != 3 }}
  - {{ id: step, use: GUESTS/kinds.wasm/{step} }}
  - {{ id: slim, drop: [{column}] }}
  - {{ id: x, compute: {{ x: n + 1 }} }}
  - {{ id: y, from: read, compute: {{ y: n + 2 }} }}
  - {{ id: both, from: [y, x], join: left }}
  - {{ id: write, sink: DIR/out.jsonl }}
  - {{ id: every, from: [y, x], concat: origin }}
  - {{ id: write-all, sink: DIR/all.jsonl }}
"
                ),
            );
            let report = bench.run_on(threads, &text).unwrap_or_else(|error| panic!("{}", explain(&error)));
            assert!(report.is_balanced(), "{:#?}", report.steps);
            let expected: Vec<Value> = (0..500)
                .map(|n| json!({"n": n, "y": n + 2, "x": if is_kept(n) { json!(n + 1) } else { Value::Null }}))
                .collect();
            assert_eq!(rows(&bench, "out.jsonl"), expected, "{step}");
            let all = numbers(&bench, "all.jsonl", "n");
            assert!(all.is_sorted(), "{step}");
            assert_eq!(all.len(), 500 + (0..500).filter(|n| is_kept(*n)).count());
        }
    }
}

#[test]
fn two_sources_one_after_the_other() {
    let bench = Bench::default();
    bench.write("a.jsonl", "{\"n\":1,\"a\":1}\n{\"n\":2,\"a\":2}\n");
    bench.write("b.jsonl", "{\"n\":3,\"b\":\"x\"}\n");
    run(
        &bench,
        "
steps:
  - { id: a, source: DIR/a.jsonl }
  - { id: b, source: DIR/b.jsonl }
  - { id: all, from: [b, a], concat: inputs }
  - { id: write, sink: DIR/out.jsonl }
",
    );
    assert_eq!(
        rows(&bench, "out.jsonl"),
        [json!({"n":3,"b":"x","a":null}), json!({"n":1,"b":null,"a":1}), json!({"n":2,"b":null,"a":2})]
    );
}

#[test]
fn a_keyed_step_answers_as_one_instance_does() {
    let steps = "
  - { id: key, compute: { k: cast(n % 97 as text), v: cast(n % 1000 as text) } }
  - { id: once, use: table/distinct, with: { key: [v] } }
  - { id: write, sink: DIR/once.jsonl }
  - { id: best, from: key, use: select/top-k, with: { k: 2, score: n, by: [k] } }
  - { id: write-best, sink: DIR/best.jsonl }
";
    let (one, four) = (Bench::default(), Bench::default());
    one.run_on(1, &counting(5000, steps)).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let report = four.run_on(4, &counting(5000, steps)).expect("runs");
    assert!(report.is_balanced(), "{:#?}", report.steps);
    assert_eq!(numbers(&one, "once.jsonl", "n"), (0..1000).collect::<Vec<_>>());
    assert_eq!(one.read("once.jsonl"), four.read("once.jsonl"));
    assert_eq!(one.read("best.jsonl"), four.read("best.jsonl"));
    assert_eq!(numbers(&one, "best.jsonl", "n").len(), 2 * 97);
}

#[test]
fn leaves_become_data_sets_with_a_card() {
    let bench = Bench::default();
    let text = counting(
        400,
        "
  - { id: split, route: { where: { low: n < 100 }, otherwise: high } }
  - { id: renamed, from: split.low, compute: { text: \"'a | b'\" }, dataset: small }
",
    );
    let report = run(
        &bench,
        &format!(
            "name: numbers\ndescription: Counted.\ndataset: {{ folder: DIR/sets, format: jsonl, test: 0.25, seed: 5 }}\n{text}"
        ),
    );
    let count = |name: &str| bench.read(name).lines().count();
    assert_eq!(count("sets/small/train.jsonl") + count("sets/small/test.jsonl"), 100);
    assert_eq!(count("sets/split-high/train.jsonl") + count("sets/split-high/test.jsonl"), 300);
    assert!(count("sets/split-high/test.jsonl").abs_diff(75) < 30);
    assert_eq!(report.rows_out, 400);
    let card = bench.read("sets/README.md");
    for words in [
        "- config_name: \"small\"",
        "path: \"split-high/test.jsonl\"",
        "# numbers",
        "Counted.",
        "| `n` | int64 |",
        "kinds.wasm/count",
        "rows: 400",
    ] {
        assert!(card.contains(words), "{words} in {card}");
    }
}

#[test]
fn a_parameter_changes_a_pipeline_and_a_secret_stays_one() {
    let bench = Bench::default();
    let text = "
params: { least: 5, word: { type: text, secret: true, env: THE_WORD } }
dataset: DIR/sets
steps:
  - { id: read, source: { rows: [ { n: 3 }, { n: 6 }, { n: 9 } ] } }
  - { id: some, where: n >= $(least) }
  - { id: marked, compute: { is_it: \"'$(word)' = 'x'\" } }
"
    .replace("DIR", &bench.path("").to_string_lossy());
    let env = |name: &str| (name == "THE_WORD").then(|| "hush-hush".to_owned());
    let settings = stillroom::pipeline::Settings { set: vec!["least=7"], env: Some(&env), ..Default::default() };
    let pipeline = stillroom::Pipeline::parse_with_settings("test.yaml", &text, &settings).expect("reads");
    let plan = Plan::new(engine(2), &pipeline, BUILTINS).expect("plans");
    assert!(plan.steps().iter().all(|step| !step.uses.contains("hush")));
    let report = plan.run(RunOptions::default()).expect("runs");
    assert_eq!(report.rows_out, 1);
    assert!(!serde_json::to_string(&report).expect("json").contains("hush"));
    assert!(!bench.read("sets/README.md").contains("hush"));
}

#[test]
fn what_cannot_be_is_refused_with_the_ids() {
    let read = "  - { id: read, use: GUESTS/kinds.wasm/count }\n";
    let cases = [
        ("steps:\n  - { id: read, source: { rows: [ { n: 1 } ] } }\n  - { id: a, from: b, where: n > 1 }\n  - { id: b, from: a, where: n > 1 }\n  - { id: write, from: b, sink: DIR/o.jsonl }\n".to_owned(), "`a`"),
        (format!("steps:\n{read}  - {{ id: a, from: raed, where: n > 1 }}\n"), "raed"),
        (format!("steps:\n{read}  - {{ id: other, use: GUESTS/kinds.wasm/count }}\n  - {{ id: both, from: [read, other], join: inner }}\n  - {{ id: write, sink: DIR/o.jsonl }}\n"), "`read`, `other` have no origin in common"),
        (format!("dataset: DIR/sets\nsteps:\n{read}  - {{ id: a, where: n > 1, dataset: x }}\n  - {{ id: b, from: read, where: n > 1, dataset: x }}\n"), "`a` and `b` are both the data set `x`"),
        (format!("steps:\n{read}  - {{ id: a, where: n > 1 }}\n"), "the rows of `a` would go nowhere"),
        (format!("steps:\n{read}  - {{ id: a, compute: {{ x: n }} }}\n  - {{ id: b, from: read, compute: {{ x: n + 1 }} }}\n  - {{ id: both, from: [a, b], join: inner }}\n  - {{ id: write, sink: DIR/o.jsonl }}\n"), "column `x`"),
        (format!("steps:\n{read}  - {{ id: a, compute: {{ n: cast(n as text) }} }}\n  - {{ id: both, from: [a, read], concat: origin }}\n  - {{ id: write, sink: DIR/o.jsonl }}\n"), "column `n`"),
    ];
    for (text, words) in cases {
        let said = refused(&text);
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn a_thousand_steps_are_checked_in_no_time_and_run() {
    let bench = Bench::default();
    let mut steps = String::new();
    for step in 0..500 {
        steps += &format!("  - {{ id: add-{step}, compute: {{ n: n + 1 }} }}\n");
        steps += &format!("  - {{ id: echo-{step}, use: GUESTS/kinds.wasm/echo }}\n");
    }
    let text = counting(20, &format!("{steps}  - {{ id: write, sink: DIR/out.jsonl }}\n"));
    engine(2);
    bench
        .plan("steps:\n  - { id: read, use: GUESTS/kinds.wasm/count }\n  - { id: write, sink: DIR/x.jsonl }\n")
        .expect("compiles");
    let start = Instant::now();
    let plan = bench.plan(&text).unwrap_or_else(|error| panic!("{}", explain(&error)));
    let time = start.elapsed();
    assert_eq!(plan.steps().len(), 1002);
    plan.run(RunOptions::default()).expect("runs");
    assert_eq!(numbers(&bench, "out.jsonl", "n"), (500..520).collect::<Vec<_>>());
    println!("1,002 steps planned in {time:?}");
}

#[test]
fn rows_that_wait_go_to_disk_past_the_budget() {
    let bench = Bench::default();
    let text = counting(
        20_000,
        "
  - { id: long, compute: { text: \"cast(n as text) || 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'\" } }
  - { id: back, use: GUESTS/kinds.wasm/reverse }
  - { id: write, sink: DIR/out.jsonl }
",
    );
    let plan = Plan::new(engine(2), &bench.pipeline(&text).expect("reads"), BUILTINS).expect("plans");
    plan.run(RunOptions { memory: Some(64 << 10), ..RunOptions::default() }).expect("runs");
    assert_eq!(numbers(&bench, "out.jsonl", "n"), (0..20_000).rev().filter(|n| n % 3 != 0).collect::<Vec<_>>());
    assert_eq!(bench.files(), ["out.jsonl"]);
}

#[test]
fn a_try_out_shows_each_step_and_writes_nothing() {
    let bench = Bench::default();
    let text = counting(
        1000,
        "
  - { id: split, route: { where: { low: n < 2 }, otherwise: high } }
  - { id: twice, from: split.high, use: GUESTS/kinds.wasm/repeat, with: { times: 2 } }
  - { id: all, from: [split.low, twice], concat: origin }
  - { id: write, sink: DIR/out.jsonl }
",
    );
    let tried = bench.plan(&text).expect("plans").try_out(5, Default::default()).expect("runs");
    let seen: Vec<_> = tried.steps.iter().map(|step| (format!("{}.{}", step.id, step.branch), step.rows)).collect();
    let expected = [("read.", 5), ("split.low", 2), ("split.high", 3), ("twice.", 6), ("all.", 8), ("write.", 8)];
    assert_eq!(seen, expected.map(|(id, rows)| (id.to_owned(), rows)));
    assert_eq!(tried.steps[3].samples[1], json!({"n": 2, "copy": 1}));
    assert!(bench.files().is_empty());
}

#[test]
fn a_run_that_fails_is_gone_on_with_and_a_changed_one_is_not() {
    let bench = Bench::default();
    let rows: String = (0..4000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    bench.write("in.jsonl", &rows);
    let text = "name: again\nbatch-rows: 50\nbatch-bytes: 1024\nsteps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: back, use: GUESTS/kinds.wasm/reverse }\n  - { id: fails, use: GUESTS/kinds.wasm/fail, with: { how: AS, at: 1000 } }\n  - { id: write, sink: DIR/out.jsonl }\n";
    let checkpoint = |resume| RunOptions {
        checkpoint: Some(Checkpoint { folder: bench.path("run"), interval: Duration::ZERO, resume }),
        ..RunOptions::default()
    };
    let plan = |text: &str| bench.plan(text);
    let error = plan(&text.replace("AS", "panic")).expect("plans").run(checkpoint(false)).expect_err("fails");
    assert!(explain(&error).contains("step `fails`"), "{}", explain(&error));
    assert!(bench.path("run/journal").exists());
    // Another pipeline.
    let error = plan(&text.replace("AS", "stack")).expect("plans").run(checkpoint(true)).expect_err("changed");
    assert!(explain(&error).contains("the pipeline has changed"), "{}", explain(&error));
    // Another input.
    bench.write("in.jsonl", rows.replace("{\"n\":7}", "{\"n\":77777}"));
    let error = plan(&text.replace("AS", "panic")).expect("plans").run(checkpoint(true)).expect_err("changed");
    assert!(explain(&error).contains("an input has changed"), "{}", explain(&error));
    // From the start, nothing stale is left.
    let report = plan(&text.replace("how: AS, at: 1000", "how: reject, at: 1000"))
        .expect("plans")
        .run(checkpoint(false))
        .expect("runs");
    assert_eq!((report.rows_out, report.rejected), (2665, 1));
    assert_eq!(bench.files(), ["again.quarantine.jsonl", "in.jsonl", "out.jsonl"]);
}

#[test]
fn a_column_of_the_hosts_own_is_refused() {
    let bench = Bench::default();
    bench.write("in.jsonl", "{\"v\":1,\"\\u0000origin:0\":\"boo\"}\n");
    let said = explain(
        &bench
            .plan("steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/out.jsonl }\n")
            .map(drop)
            .expect_err("refused"),
    );
    assert!(said.contains("step `read`: a column cannot be called"), "{said}");
}

#[test]
fn a_join_of_too_many_rows_is_an_error_and_not_the_end_of_the_program() {
    let bench = Bench::default();
    let text = counting(
        1,
        "
  - { id: a, use: GUESTS/kinds.wasm/repeat, with: { times: 60000 }, outputs: { copy: x } }
  - { id: b, from: read, use: GUESTS/kinds.wasm/repeat, with: { times: 60000 }, outputs: { copy: y } }
  - { id: both, from: [a, b], join: inner }
  - { id: write, sink: DIR/out.jsonl }
",
    );
    let said = explain(&bench.run(&text).expect_err("too many"));
    assert!(said.contains("60000 × 60000"), "{said}");
    assert!(bench.files().is_empty());
}

#[test]
fn what_was_made_after_the_ways_parted_is_two_columns() {
    let text = counting(
        3,
        "
  - { id: m, use: GUESTS/kinds.wasm/repeat, with: { times: 2 } }
  - { id: other, from: read, compute: { o: n } }
  - { id: one, from: [m, other], join: inner }
  - { id: mine, from: m, compute: { mine: n } }
  - { id: both, from: [one, mine], join: inner }
  - { id: write, sink: DIR/out.jsonl }
",
    );
    let said = refused(&text);
    assert!(said.contains("column `copy`"), "{said}");
}

/// A run that goes on finds an input that ends early: that is said, and nothing is taken for complete.
#[test]
fn an_input_that_is_damaged_meanwhile_is_told() {
    let bench = Bench::default();
    let rows: String = (0..4000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let path = bench.write("in.jsonl", &rows);
    let text = "batch-bytes: 1024\nsteps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: fails, use: GUESTS/kinds.wasm/fail, with: { how: panic, at: 3000 } }\n  - { id: write, sink: DIR/out.jsonl }\n";
    let options = |resume| RunOptions {
        checkpoint: Some(Checkpoint { folder: bench.path("run"), interval: Duration::ZERO, resume }),
        ..RunOptions::default()
    };
    bench.plan(text).expect("plans").run(options(false)).expect_err("fails");
    let changed = std::fs::metadata(&path).and_then(|about| about.modified()).expect("a time");
    // As long as before, and of the same time: only that it has fewer pieces now tells.
    let whole = rows[..12_000].rfind('\n').expect("a line") + 1;
    let damaged = format!("{}{}\n", &rows[..whole], " ".repeat(rows.len() - whole - 1));
    std::fs::write(&path, &damaged[..]).expect("damages");
    let file = std::fs::File::options().write(true).open(&path).expect("opens");
    file.set_modified(changed).expect("sets the time");
    let said = explain(&bench.plan(text).expect("plans").run(options(true)).expect_err("is told"));
    assert!(said.contains("the input ends before the place where the run was stopped"), "{said}");
    assert!(!bench.files().contains(&"out.jsonl".to_owned()));
}

#[test]
fn one_run_uses_a_run_folder_at_a_time() {
    let bench = Bench::default();
    let progress = std::sync::Arc::new(stillroom::Progress::default());
    let checkpoint =
        || Some(Checkpoint { folder: bench.path("run"), interval: Duration::from_secs(60), resume: false });
    let long = bench.plan(&counting(1_000_000_000_000, "  - { id: write, sink: DIR/a.jsonl }\n")).expect("plans");
    let options = RunOptions { checkpoint: checkpoint(), progress: progress.clone(), ..RunOptions::default() };
    let first = std::thread::spawn(move || long.run(options));
    while progress.rows_done() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = bench.plan(&counting(10, "  - { id: write, sink: DIR/b.jsonl }\n")).expect("plans");
    let said = explain(
        &second.run(RunOptions { checkpoint: checkpoint(), ..RunOptions::default() }).expect_err("is kept out"),
    );
    assert!(said.contains("another run is using the run folder"), "{said}");
    progress.stop();
    first.join().expect("ends").expect_err("is stopped");
    assert!(bench.files().is_empty(), "{:?}", bench.files());
}
