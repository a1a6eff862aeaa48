//! What one instance does is seen by no other: not by the next run, not by another thread, not by the machine's memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};
use arrow_schema::{DataType, Field, Schema};
use stillroom::pipeline::OnError;
use stillroom::{Plugin, Session};
use stillroom_tests::{Bench, engine, guest};

use crate::cases::Phase;
use crate::common::{goes_on, pipeline, run};
use crate::module::Module;

fn schema() -> Schema {
    Schema::new(vec![Field::new("n", DataType::Int64, true)])
}

fn numbers(rows: i64) -> Vec<ArrayRef> {
    vec![Arc::new(Int64Array::from_iter_values(0..rows))]
}

/// A module that traps in the second call of an instance, by a count that it keeps in a global.
fn counting() -> Vec<u8> {
    let mut module = Module::honest();
    module.fields = "(global $calls (mut i32) (i32.const 0))".into();
    *module.body(Phase::Process) = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.gt_u (global.get $calls) (i32.const 1)) (then unreachable))"
        .into();
    module.bytes()
}

#[test]
fn no_state_goes_from_one_instance_to_another() {
    let plugin = Plugin::from_bytes(engine(2), "counting", &counting()).expect("loads");
    let open = || Session::open(&plugin, "act", "{}", &schema()).expect("opens");
    let (mut one, mut other) = (open(), open());
    one.call(3, &numbers(3)).expect("its first call");
    other.call(3, &numbers(3)).expect("its first call, whatever the other did");
    one.call(3, &numbers(3)).expect_err("its second call");
    open().call(3, &numbers(3)).expect("its first call, in a slot of the pool that was used before");
}

#[test]
fn no_state_goes_from_one_run_to_the_next() {
    let bench = Bench::default();
    bench.write("guest.wasm", counting());
    for _ in 0..5 {
        let report = run(&bench, &pipeline("DIR/guest.wasm/act", ""), None, OnError::Fail);
        assert_eq!(report.unwrap_or_else(|error| panic!("{error}")).rows_out, 50);
    }
}

/// A slot of the pool is used again with nothing of what lay in it.
#[test]
fn no_memory_goes_from_one_instance_to_another() {
    let mut module = Module::honest();
    // It traps where the page holds anything, and else fills it.
    *module.body(Phase::Process) =
        "(if (i32.load (i32.const 0x30000)) (then unreachable)) (memory.fill (i32.const 0x30000) (i32.const 7) (i32.const 4096))"
            .into();
    let plugin = Plugin::from_bytes(engine(2), "leaving", &module.bytes()).expect("loads");
    for _ in 0..600 {
        let mut session = Session::open(&plugin, "act", "{}", &schema()).expect("opens");
        session.call(3, &numbers(3)).expect("finds its memory empty");
        session.call(3, &numbers(3)).expect_err("finds what it left");
    }
}

#[test]
fn an_instance_that_trapped_is_not_entered_again() {
    let plugin = Plugin::from_bytes(engine(2), "counting", &counting()).expect("loads");
    let mut session = Session::open(&plugin, "act", "{}", &schema()).expect("opens");
    session.call(3, &numbers(3)).expect("its first call");
    session.call(3, &numbers(3)).expect_err("its second call");
    for _ in 0..3 {
        let error = session.call(3, &numbers(3)).expect_err("is dead").to_string();
        assert!(error.contains("cannot enter component instance"), "{error}");
    }
    goes_on("a call after a trap");
}

/// Threads that trap, each in its own instance, beside threads that work.
#[test]
fn threads_do_not_feel_one_another() {
    let good = Plugin::from_file(engine(2), &guest("hostile")).expect("loads");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (good, schema) = (&good, schema());
            scope.spawn(move || {
                let params = if thread % 2 == 0 { "{}" } else { r#"{"case":"panic","phase":"process"}"# };
                for _ in 0..50 {
                    let mut session = Session::open(good, "act", params, &schema).expect("opens");
                    let answer = session.call(5, &numbers(5));
                    assert_eq!(answer.is_ok(), thread % 2 == 0);
                    assert!(answer.map_or(true, |answer| answer.rows == 5));
                }
            });
        }
    });
}

/// A panic of the program that calls the engine, while it holds an instance.
#[test]
fn a_panic_beside_an_instance_takes_nothing_along() {
    let plugin = Plugin::from_file(engine(2), &guest("hostile")).expect("loads");
    let panics = AssertUnwindSafe(|| {
        let _session = Session::open(&plugin, "act", "{}", &schema()).expect("opens");
        panic!("the caller's own");
    });
    assert!(catch_unwind(panics).is_err());
    goes_on("a panic");
}

#[test]
#[cfg(target_os = "linux")]
fn ten_thousand_instances_leave_no_memory_behind() {
    let plugin = Plugin::from_bytes(engine(2), "honest", &Module::honest().bytes()).expect("loads");
    let cycle = |times: usize| {
        for _ in 0..times {
            let mut session = Session::open(&plugin, "act", "{}", &schema()).expect("opens");
            session.call(3, &numbers(3)).expect("answers");
        }
    };
    // Once around the pool, so that every slot has been used.
    cycle(2000);
    let before = resident();
    cycle(10_000);
    let grown = resident().saturating_sub(before);
    // The other tests of this process run beside it and hold up to 64 MiB an instance; a leak of one page each would be 40 MB
    // and of one instance each 2.5 GB.
    assert!(grown < 1 << 30, "{grown} bytes");
}

#[cfg(target_os = "linux")]
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    pages.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * 4096
}
