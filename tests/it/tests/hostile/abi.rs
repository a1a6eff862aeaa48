//! Hostile below the contract's types: pointers, lengths, discriminants, `cabi_realloc`, post-returns, start functions,
//! traps. Each case is a core module in the text format and what is to become of it, in one line.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use stillroom::Error;
use stillroom::pipeline::OnError;
use stillroom_tests::Bench;

use crate::cases::Phase;
use crate::common::{goes_on, is_clean, pipeline, run, says};
use crate::module::{ANSWER, FINISHED, FREE, MANIFEST, MANIFESTS, Module, OPENED};

use Phase::{Describe, Open, Process};

/// A hostile module.
pub(crate) struct Abi {
    pub(crate) name: &'static str,
    /// When it ends.
    pub(crate) phase: Phase,
    change: fn(&mut Module),
    /// Words of the error; none where it is harmless.
    pub(crate) words: Option<&'static str>,
}

const fn case(name: &'static str, phase: Phase, change: fn(&mut Module), words: &'static str) -> Abi {
    Abi { name, phase, change, words: Some(words) }
}

const fn harmless(name: &'static str, change: fn(&mut Module)) -> Abi {
    Abi { name, phase: Process, change, words: None }
}

const TIME: &str = "took longer than its time limit";
const MEMORY: &str = "it asked for more memory than its limit";
const FUEL: &str = "8388608 bytes a call";
const LEAVE: &str = "cannot leave component instance";

const LOOP: &str = "(loop $l (br $l))";
const DIVE: &str = "(drop (call $dive (i32.const 0)))";
const GROW: &str = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
const CALL_OUT: &str = "(call $panicked (i32.const 0x100) (i32.const 3))";

/// What `cabi_realloc` does for the arguments of `open`, and for those of `process`.
fn realloc_in_open(module: &mut Module, code: &str) {
    module.realloc = format!("(if (i32.eqz (global.get $opened)) (then {code}))");
}

fn realloc_in_process(module: &mut Module, code: &str) {
    module.realloc = format!("(if (global.get $opened) (then {code}))");
}

/// Something that must not be in a start function, beside what it needs.
fn start(module: &mut Module, code: &str) {
    module.fields = format!("(func $start {code}) (start $start)");
}

/// All of them.
#[rustfmt::skip] // a line a case
pub(crate) const CASES: &[Abi] = &[
    harmless("honest", |_| {}),

    case("start-traps", Describe, |m| start(m, "unreachable"), "unreachable"),
    case("start-loops", Describe, |m| start(m, LOOP), TIME),
    case("start-dives", Describe, |m| start(m, DIVE), "call stack exhausted"),
    case("start-grows", Describe, |m| start(m, GROW), MEMORY),
    // A start function runs before there is anything to call.
    case("start-calls-out", Describe, |m| start(m, CALL_OUT), "uninitialized element"),
    case("initialize-loops", Describe, |m| m.fields = format!("(func (export \"_initialize\") {LOOP})"), TIME),
    case("data-past-end", Describe, |m| m.words(0x7fff_0000, &[1]), "out of bounds memory access"),
    case("elements-past-end", Describe, |m| m.fields = "(table 1 funcref) (elem (i32.const 9) $dive)".into(), "out of bounds table access"),
    case("memory-of-4-gib", Describe, |m| m.memory = "(export \"memory\") 65536".into(), MEMORY),
    case("table-of-a-million", Describe, |m| m.fields = "(table 1000000 funcref)".into(), "table"),
    case("tables", Describe, |m| m.fields = "(table 900 funcref)".repeat(2), "table"),

    case("loop", Process, |m| *m.body(Process) = LOOP.into(), TIME),
    case("dive", Process, |m| *m.body(Process) = DIVE.into(), "call stack exhausted"),
    case("dive-in-open", Open, |m| *m.body(Open) = DIVE.into(), "call stack exhausted"),
    case("dive-in-describe", Describe, |m| *m.body(Describe) = DIVE.into(), "call stack exhausted"),
    case("table-bomb", Process, |m| {
        m.fields = "(table $t 1 funcref)".into();
        *m.body(Process) = "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1)))) unreachable".into();
    }, MEMORY),
    case("divides-by-zero", Process, |m| *m.body(Process) = "(drop (i32.div_u (i32.const 1) (i32.const 0)))".into(), "divide by zero"),
    case("overflows", Process, |m| *m.body(Process) = "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))".into(), "integer overflow"),
    case("truncates-nan", Process, |m| *m.body(Process) = "(drop (i32.trunc_f64_s (f64.const nan)))".into(), "invalid conversion to integer"),
    harmless("reads-null", |m| *m.body(Process) = "(drop (i32.load (i32.const 0)))".into()),
    case("reads-max", Process, |m| *m.body(Process) = "(drop (i32.load (i32.const -1)))".into(), "out of bounds memory access"),
    case("writes-max", Process, |m| *m.body(Process) = "(i32.store (i32.const -4) (i32.const 1))".into(), "out of bounds memory access"),
    case("fills-past-end", Process, |m| *m.body(Process) = "(memory.fill (i32.const 8) (i32.const 1) (i32.const -9))".into(), "out of bounds memory access"),
    case("fills-for-ever", Process, |m| *m.body(Process) = "(loop $l (memory.fill (i32.const 0x1000) (i32.const 0) (i32.const 0x10000)) (br $l))".into(), TIME),
    case("calls-nothing", Process, |m| {
        m.fields = "(table $t 4 funcref)".into();
        *m.body(Process) = "(call_indirect $t (i32.const 1))".into();
    }, "uninitialized element"),
    case("calls-past-end", Process, |m| {
        m.fields = "(table $t 4 funcref)".into();
        *m.body(Process) = "(call_indirect $t (i32.const 99))".into();
    }, "undefined element"),
    case("calls-another-type", Process, |m| {
        m.fields = "(table $t 4 funcref) (elem (table $t) (i32.const 0) func $dive)".into();
        *m.body(Process) = "(call_indirect $t (i32.const 0))".into();
    }, "indirect call type mismatch"),

    case("last-words-past-end", Process, |m| *m.body(Process) = "(call $panicked (i32.const -16) (i32.const 8))".into(), "out of bounds of memory"),
    case("last-words-wrap", Process, |m| *m.body(Process) = "(call $panicked (i32.const -16) (i32.const 32))".into(), "out of bounds of memory"),
    case("last-words-of-4-gib", Process, |m| *m.body(Process) = "(call $panicked (i32.const 0) (i32.const -1))".into(), "out of bounds of memory"),
    case("last-words-no-utf8", Process, |m| {
        m.data.push((FREE, vec![0xff, 0xfe]));
        *m.body(Process) = "(call $panicked (i32.const 0x1000) (i32.const 2))".into();
    }, "utf-8"),

    case("realloc-past-end", Open, |m| realloc_in_open(m, "(return (i32.const 0x7fff0000))"), "beyond end of memory"),
    case("realloc-near-max", Open, |m| realloc_in_open(m, "(return (i32.const -8))"), "beyond end of memory"),
    case("realloc-minus-one", Open, |m| realloc_in_open(m, "(return (i32.const -1))"), "beyond end of memory"),
    case("realloc-misaligned", Open, |m| realloc_in_open(m, "(if (i32.gt_u (local.get $align) (i32.const 1)) (then (return (i32.const 0x20001))))"), "not aligned"),
    case("realloc-traps", Open, |m| realloc_in_open(m, "unreachable"), "unreachable"),
    case("realloc-loops", Open, |m| realloc_in_open(m, LOOP), TIME),
    case("realloc-dives", Open, |m| realloc_in_open(m, DIVE), "call stack exhausted"),
    case("realloc-grows", Open, |m| realloc_in_open(m, GROW), MEMORY),
    case("realloc-calls-out", Open, |m| realloc_in_open(m, CALL_OUT), LEAVE),
    case("realloc-past-end-in-process", Process, |m| realloc_in_process(m, "(return (i32.const 0x7fff0000))"), "beyond end of memory"),
    case("realloc-near-max-in-process", Process, |m| realloc_in_process(m, "(return (i32.const -8))"), "beyond end of memory"),
    case("realloc-misaligned-in-process", Process, |m| realloc_in_process(m, "(return (i32.const 0x20001))"), "not aligned"),
    case("realloc-traps-in-process", Process, |m| realloc_in_process(m, "unreachable"), "unreachable"),
    case("realloc-loops-in-process", Process, |m| realloc_in_process(m, LOOP), TIME),
    case("realloc-dives-in-process", Process, |m| realloc_in_process(m, DIVE), "call stack exhausted"),
    case("realloc-grows-in-process", Process, |m| realloc_in_process(m, GROW), MEMORY),
    case("realloc-calls-out-in-process", Process, |m| realloc_in_process(m, CALL_OUT), LEAVE),
    // It overwrites its own memory, and nobody else's.
    harmless("realloc-overlaps", |m| realloc_in_process(m, "(return (i32.const 0x2000))")),

    case("describes-past-end", Describe, |m| m.answers[0] = 0xffff_fff0, "out of bounds of memory"),
    case("describes-misaligned", Describe, |m| m.answers[0] = MANIFESTS + 1, "not aligned"),
    case("describes-4-gib", Describe, |m| m.words(MANIFESTS, &[MANIFEST, u32::MAX]), "out of bounds of memory"),
    case("describes-a-wrap", Describe, |m| m.words(MANIFESTS, &[MANIFEST, 0x4000_0000]), "out of bounds of memory"),
    case("describes-by-misaligned-list", Describe, |m| m.words(MANIFESTS, &[MANIFEST + 2, 1]), "list pointer is not aligned"),
    case("describes-zeros", Describe, |m| m.words(MANIFESTS, &[FREE, 1000]), "describes 1000 steps"),
    case("describes-a-name-that-wraps", Describe, |m| m.words(MANIFEST, &[0xffff_fff0, 0x20]), "out of bounds of memory"),
    case("describes-a-name-of-4-gib", Describe, |m| m.words(MANIFEST, &[0, u32::MAX]), "out of bounds of memory"),
    case("describes-a-name-no-utf8", Describe, |m| m.data.push((0x100, vec![0xff, 0xfe, 0xfd])), "utf-8"),
    case("describes-no-kind", Describe, |m| m.words(MANIFEST, &[0x100, 3, 9]), "discriminant"),
    harmless("describes-at-the-edge", |m| {
        m.data.push((0x3fffd, b"act".to_vec()));
        m.words(MANIFEST, &[0x3fffd, 3]);
    }),
    case("describes-past-the-edge", Describe, |m| m.words(MANIFEST, &[0x3fffe, 3]), "out of bounds of memory"),
    // A thousand columns whose names are the same 100 kB.
    case("describes-one-text-often", Describe, |m| {
        let columns: Vec<u32> = (0..1000).flat_map(|_| [0x4000, 100_000, 0, 0, 0, 0, 0]).collect();
        m.words(0x30000, &columns);
        m.words(MANIFEST, &[0x100, 3, 0, 0x100, 3, 0x110, 2, 0x30000, 1000]);
    }, FUEL),

    case("opens-past-end", Open, |m| m.answers[1] = 0xffff_fff0, "out of bounds of memory"),
    case("opens-misaligned", Open, |m| m.answers[1] = OPENED + 2, "not aligned"),
    case("opens-no-result", Open, |m| m.words(OPENED, &[7]), "discriminant"),
    case("opens-no-fault", Open, |m| m.words(OPENED, &[1, 9]), "discriminant"),
    case("opens-no-row-count", Open, |m| m.words(OPENED + 20, &[5]), "discriminant"),
    case("opens-inputs-of-4-gib", Open, |m| m.words(OPENED + 4, &[0x280, u32::MAX]), "out of bounds of memory"),
    case("opens-a-wrap", Open, |m| m.words(OPENED + 4, &[0x280, 0x2000_0000]), "out of bounds of memory"),
    case("opens-one-text-often", Open, |m| {
        m.words(0x30000, &[0x4000, 100_000].repeat(1000));
        m.words(OPENED + 4, &[0x30000, 1000]);
    }, FUEL),
    case("faults-past-end", Open, |m| m.words(OPENED, &[1, 0, 0xffff_fff0, 0x20]), "out of bounds of memory"),
    case("faults-no-utf8", Open, |m| {
        m.data.push((FREE, vec![0xff, 0xfe]));
        m.words(OPENED, &[1, 0, FREE, 2]);
    }, "utf-8"),

    case("answers-past-end", Process, |m| m.answers[2] = 0xffff_fff0, "out of bounds of memory"),
    case("answers-misaligned", Process, |m| m.answers[2] = ANSWER + 1, "not aligned"),
    case("answers-no-result", Process, |m| m.words(ANSWER, &[2]), "discriminant"),
    case("answers-no-option", Process, |m| m.words(ANSWER + 16, &[2]), "discriminant"),
    case("answers-no-fault", Process, |m| m.words(ANSWER, &[1, 3]), "discriminant"),
    case("answers-arrays-of-4-gib", Process, |m| m.words(ANSWER + 8, &[FREE, u32::MAX]), "out of bounds of memory"),
    case("answers-a-wrap", Process, |m| m.words(ANSWER + 8, &[FREE, 0x1000_0000]), "out of bounds of memory"),
    case("answers-a-buffer-of-4-gib", Process, |m| {
        m.words(FREE, &[0, 0, FREE + 64, 1]);
        m.words(FREE + 64, &[16, u32::MAX]);
        m.words(ANSWER + 8, &[FREE, 1]);
    }, "out of bounds of memory"),
    case("answers-one-buffer-often", Process, |m| {
        m.words(FREE, &[0, 0, 0x30000, 1000]);
        m.words(0x30000, &[0x4000, 100_000].repeat(1000));
        m.words(ANSWER + 8, &[FREE, 1]);
    }, FUEL),
    case("answers-empty-buffers-often", Process, |m| {
        m.words(FREE, &[0, 0, FREE + 64, 10_000]);
        m.words(ANSWER + 8, &[FREE, 1]);
    }, "1 more arrays than the 0 columns"),
    case("answers-rows-past-end", Process, |m| m.words(ANSWER + 16, &[1, 0xffff_fff0, 0x20]), "out of bounds of memory"),
    case("answers-rejections-of-zeros", Process, |m| m.words(ANSWER + 28, &[FREE, 10]), "rejects a row twice"),

    case("post-traps-in-describe", Describe, |m| m.posts[0] = "unreachable".into(), "unreachable"),
    case("post-loops-in-describe", Describe, |m| m.posts[0] = LOOP.into(), TIME),
    case("post-traps-in-open", Open, |m| m.posts[1] = "unreachable".into(), "unreachable"),
    case("post-loops-in-open", Open, |m| m.posts[1] = LOOP.into(), TIME),
    case("post-traps", Process, |m| m.posts[2] = "unreachable".into(), "unreachable"),
    case("post-loops", Process, |m| m.posts[2] = LOOP.into(), TIME),
    case("post-dives", Process, |m| m.posts[2] = DIVE.into(), "call stack exhausted"),
    case("post-grows", Process, |m| m.posts[2] = GROW.into(), MEMORY),
    case("post-calls-out", Process, |m| m.posts[2] = CALL_OUT.into(), LEAVE),
    // The answer was read before: what the guest does to it afterwards is its own affair.
    harmless("post-scribbles", |m| m.posts[2] = "(memory.fill (i32.const 0x400) (i32.const 255) (i32.const 64))".into()),
];

#[test]
fn every_module_is_contained() {
    let fails = |case: &&Abi| catch_unwind(AssertUnwindSafe(|| contained(case))).is_err();
    let failed: Vec<&str> = CASES.iter().filter(fails).map(|case| case.name).collect();
    assert!(failed.is_empty(), "{} cases: {failed:?}", failed.len());
}

fn contained(case: &Abi) {
    let (of, bench) = (case.name, Bench::default());
    let mut module = Module::honest();
    (case.change)(&mut module);
    bench.write("guest.wasm", module.bytes());
    let text = pipeline("DIR/guest.wasm/act", "");
    let mut time = (case.words == Some(TIME)).then_some(Duration::from_millis(200));
    let result = loop {
        let result = run(&bench, &text, time, OnError::Fail);
        match (&result, time) {
            // On a machine that is busy an honest call may take as long.
            (Err(error), Some(short)) if !is_in(case.phase, error) && short < Duration::from_secs(10) => {
                time = Some(short * 4);
            }
            _ => break result,
        }
    };
    match (case.words, result) {
        (None, Ok(report)) => assert_eq!(report.rows_out, 50, "{of}"),
        (None, Err(error)) => panic!("{of} is harmless, but: {error:.2000}"),
        (Some(_), Ok(_)) => panic!("{of}: nobody noticed"),
        (Some(words), Err(error)) => {
            is_clean(of, &error);
            says(of, &error, words);
            assert!(is_in(case.phase, &error), "{of}: {error:?}");
        }
    }
    goes_on(of);
}

fn is_in(phase: Phase, error: &Error) -> bool {
    match (phase, error) {
        (Phase::Describe, Error::Plugin(error)) => error.plugin.contains("guest.wasm"),
        (Phase::Open, Error::Pipeline(error)) => error.message.contains("step `guest`"),
        (Phase::Process | Phase::Finish, Error::Step(error)) => error.step == "guest",
        _ => false,
    }
}

/// A transform has no `finish`; this one is a global step.
#[test]
fn a_finish_that_is_no_answer_is_contained() {
    let gathers = |change: &dyn Fn(&mut Module)| {
        let bench = Bench::default();
        let mut module = Module::honest();
        module.words(MANIFEST + 8, &[2]);
        change(&mut module);
        bench.write("guest.wasm", module.bytes());
        run(&bench, &pipeline("DIR/guest.wasm/act", ""), None, OnError::Fail)
    };
    assert_eq!(gathers(&|_| {}).expect("an honest one").rows_out, 0);
    type Change<'a> = &'a dyn Fn(&mut Module);
    let cases: [(Change<'_>, &str); 6] = [
        (&|module| module.answers[3] = 0xffff_fff0, "out of bounds of memory"),
        (&|module| module.words(FINISHED, &[9]), "discriminant"),
        (&|module| module.words(FINISHED, &[0, 9]), "discriminant"),
        (&|module| module.words(FINISHED, &[0, 1, 0, FREE, 0x1000_0000]), "out of bounds of memory"),
        (&|module| *module.body(Phase::Finish) = DIVE.into(), "call stack exhausted"),
        (&|module| module.posts[3] = "unreachable".into(), "unreachable"),
    ];
    for (at, (change, words)) in cases.into_iter().enumerate() {
        let of = format!("finish {at}");
        let error = gathers(change).err().unwrap_or_else(|| panic!("{of}: nobody noticed"));
        is_clean(&of, &error);
        says(&of, &error, words);
        assert!(is_in(Phase::Finish, &error), "{of}: {error:?}");
        goes_on(&of);
    }
}
