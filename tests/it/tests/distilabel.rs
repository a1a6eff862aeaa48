//! What went wrong in Distilabel 1.5.3 when it was measured, each as a case that goes right here. Branches that meet are in
//! `graph`, stale caches in `results`. (What needs models comes with them.)

use std::sync::Arc;
use std::time::{Duration, Instant};

use stillroom::{Error, Progress, RunOptions};
use stillroom_tests::{Bench, explain};

fn counting(rows: u64, steps: &str) -> String {
    format!(
        "batch-rows: 10\nplugins: {{ GUESTS/kinds.wasm: {{ columns: [n] }} }}\nsteps:\n  - {{ id: count, use: GUESTS/kinds.wasm/count, with: {{ rows: {rows} }} }}\n{steps}  - {{ id: write, sink: DIR/out.jsonl }}\n"
    )
}

/// There: a step that answers in two halves loses the second one. Here a step may answer with more rows than came, and all go on.
#[test]
fn a_step_may_make_many_rows_of_one() {
    let bench = Bench::default();
    let report = bench
        .run(&counting(30, "  - { id: twice, use: GUESTS/kinds.wasm/repeat, with: { times: 2 } }\n"))
        .expect("runs");
    assert_eq!((report.rows_in, report.rows_out), (30, 60));
}

/// There: a filter whose last batch becomes empty hangs the pipeline for ever, before a normal and a global step alike.
#[test]
fn a_filter_may_empty_the_first_the_last_or_every_batch() {
    for (filter, left) in [("n >= 10", 40), ("n < 40", 40), ("n < 0", 0)] {
        for next in ["echo", "running-total", "reverse"] {
            let bench = Bench::default();
            let steps =
                format!("  - {{ id: keep, where: {filter} }}\n  - {{ id: next, use: GUESTS/kinds.wasm/{next} }}\n");
            let report = bench.run(&counting(50, &steps)).expect("ends");
            let came = report.steps.iter().find(|step| step.id == "next").expect("the step").rows_in;
            assert_eq!(came, left, "{filter}, {next}");
            assert!(report.is_balanced());
        }
    }
}

/// There: one bad row turns its whole batch into nulls, and the run "succeeds".
#[test]
fn a_bad_row_costs_that_row_and_is_counted() {
    let bench = Bench::default();
    let report = bench
        .run(&counting(100, "  - { id: picky, use: GUESTS/kinds.wasm/fail, with: { how: reject, at: 55 } }\n"))
        .expect("runs");
    assert_eq!((report.rows_out, report.rejected), (99, 1));
    assert!(!bench.read("out.jsonl").contains("null"));
    assert!(bench.read("test.quarantine.jsonl").contains("55 is not welcome"));
}

/// There: a global step that raises gives an empty result and exit code 0; a generator that raises, a worker that dies and an
/// output that cannot be pickled hang for ever.
#[test]
fn a_step_that_dies_ends_the_run_with_its_name() {
    for how in ["panic", "memory", "stack", "plugin"] {
        let bench = Bench::default();
        let steps = format!(
            "  - {{ id: dies, use: GUESTS/kinds.wasm/fail, with: {{ how: {how}, at: 55 }} }}\n  - {{ id: all, use: GUESTS/kinds.wasm/reverse }}\n"
        );
        let error = bench.run(&counting(100, &steps)).expect_err(how);
        assert!(explain(&error).contains("step `dies` failed on batch 5"), "{error}");
        assert!(bench.files().is_empty());
    }
}

/// There: an unknown parameter is a warning, and a `batch_size` of a mistyped step is not seen.
#[test]
fn a_mistyped_parameter_is_an_error_before_the_first_row() {
    let bench = Bench::default();
    let error = bench
        .run(&counting(30, "  - { id: twice, use: GUESTS/kinds.wasm/repeat, with: { time: 2 } }\n"))
        .expect_err("unknown");
    assert!(explain(&error).contains("did you mean `times`"), "{}", explain(&error));
}

/// There: what a step declares as its outputs is never checked, and a column that was dropped still counts as there.
#[test]
fn a_column_that_was_dropped_is_not_there() {
    let bench = Bench::default();
    let error = bench
        .run(&counting(30, "  - { id: away, drop: [n] }\n  - { id: sum, use: GUESTS/kinds.wasm/running-total }\n"))
        .expect_err("gone");
    assert!(explain(&error).contains("reads a column `n`, which the data does not have"), "{}", explain(&error));
}

/// There: a type that changes between batches ends in `ArrowInvalid` without a place.
#[test]
fn a_type_that_changes_in_the_middle_is_told_with_its_line() {
    let bench = Bench::default();
    let rows: String =
        (0..3000).map(|n| if n == 2500 { "{\"n\":\"x\"}\n".to_owned() } else { format!("{{\"n\":{n}}}\n") }).collect();
    bench.write("in.jsonl", rows);
    let error = bench
        .run("steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/out.jsonl }\n")
        .expect_err("drifts");
    assert!(explain(&error).contains("in.jsonl:2501"), "{}", explain(&error));
}

/// There: two replicas put the rows out of order.
#[test]
fn threads_keep_the_order() {
    let bench = Bench::default();
    bench.run_on(4, &counting(5000, "  - { id: echo, use: GUESTS/kinds.wasm/echo }\n")).expect("runs");
    let expected: String = (0..5000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    assert_eq!(bench.read("out.jsonl"), expected);
}

/// There: Ctrl-C finishes every queued batch and exits with 0; twice, it deadlocks.
#[test]
fn a_stop_ends_within_a_second_and_leaves_nothing() {
    let bench = Bench::default();
    let progress = Arc::new(Progress::default());
    let watch = progress.clone();
    let stopper = std::thread::spawn(move || {
        while watch.rows_done() == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        watch.stop();
        Instant::now()
    });
    let steps = "  - { id: echo, use: GUESTS/kinds.wasm/echo }\n";
    let error = bench.run_watched(&counting(1_000_000_000_000, steps), progress).expect_err("stops");
    let stopped = stopper.join().expect("the stopper");
    assert!(matches!(error, Error::Stopped), "{error}");
    assert!(stopped.elapsed() < Duration::from_secs(1));
    assert!(bench.files().is_empty());
}

/// There: every step is a process, and a script without a guard dies on macOS and Windows. Here there is one process and no child.
#[test]
#[cfg(target_os = "linux")]
fn a_run_has_no_child_processes() {
    let bench = Bench::default();
    let progress = Arc::new(Progress::default());
    let watch = progress.clone();
    let looker = std::thread::spawn(move || {
        let mut children = String::new();
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(10));
            children += &children_of_all_threads();
        }
        let rows = watch.rows_done();
        watch.stop();
        (children, rows)
    });
    let text = counting(1_000_000_000_000, "  - { id: echo, use: GUESTS/kinds.wasm/echo }\n");
    let ended = bench.plan(&text).expect("plans").run(RunOptions { progress, ..RunOptions::default() });
    let (children, rows) = looker.join().expect("the looker");
    assert!(matches!(ended, Err(Error::Stopped)));
    assert!(rows > 0, "it ran while we looked");
    assert_eq!(children, "");
}

/// The kernel's own list. Tests of this process that mount a disk have children of their own, in another test program.
#[cfg(target_os = "linux")]
fn children_of_all_threads() -> String {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the threads").flatten();
    tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok()).collect()
}

/// Whichever thread is first: of two rows that fail, the earlier one is told, also across an ordered step.
#[test]
fn the_first_failure_in_input_order_is_the_one_that_is_told() {
    let fail = |id: &str, at: u32| {
        format!("  - {{ id: {id}, use: GUESTS/kinds.wasm/fail, with: {{ how: fault, at: {at} }} }}\n")
    };
    let steps = fail("early", 405) + "  - { id: sum, use: GUESTS/kinds.wasm/running-total }\n" + &fail("late", 395);
    for threads in [1, 2, 4] {
        let error = Bench::default().run_on(threads, &counting(2000, &steps)).expect_err("fails");
        let said = explain(&error);
        assert!(said.contains("step `late` failed on batch 39 (rows 390 to 399)"), "{threads} threads: {said}");
    }
}

/// One row of half a megabyte and 8,000 items becomes 8,000 rows: they go on in pieces, and the carried text is not held 8,000 times.
#[test]
fn a_row_that_becomes_many_goes_on_in_pieces() {
    let bench = Bench::default();
    let items = (0..8000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    bench.write(
        "in.jsonl",
        format!("{{\"body\":\"{}\",\"items\":[{items}]}}\n{{\"body\":\"\",\"items\":[1]}}\n", "x".repeat(480_000)),
    );
    let report = bench
        .run("steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: each, use: table/expand, with: { columns: [items] } }\n  - { id: away, drop: [body] }\n  - { id: write, sink: DIR/out.jsonl }\n")
        .expect("runs");
    assert_eq!((report.rows_in, report.rows_out), (2, 8001));
    assert_eq!(bench.read("out.jsonl").lines().nth(7999), Some("{\"items\":7999}"));
}
