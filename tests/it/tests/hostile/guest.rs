//! What the guest of `tests/guests/hostile` does, in every call in which it can.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use stillroom::Error;
use stillroom::error::Blame;
use stillroom::pipeline::OnError;
use stillroom_tests::{Bench, guest};

use crate::cases::{Case, MARKED, MARKER, Phase};
use crate::common::{goes_on, is_clean, pipeline, run, says};
use crate::expect::{Expect, expected};

#[test]
fn in_describe() {
    in_phase(Phase::Describe);
}

#[test]
fn in_open() {
    in_phase(Phase::Open);
}

#[test]
fn in_process() {
    in_phase(Phase::Process);
}

#[test]
fn in_finish() {
    in_phase(Phase::Finish);
}

fn in_phase(phase: Phase) {
    all(Case::ALL.iter().copied().filter(|case| case.phases().contains(&phase)), |case| in_call(case, phase));
}

/// Tries every case, also behind one that fails.
fn all(cases: impl Iterator<Item = Case>, test: impl Fn(Case)) {
    let fails = |case: &Case| catch_unwind(AssertUnwindSafe(|| test(*case))).is_err();
    let failed: Vec<&str> = cases.filter(fails).map(Case::name).collect();
    assert!(failed.is_empty(), "{} cases: {failed:?}", failed.len());
}

fn in_call(case: Case, phase: Phase) {
    let of = format!("{} in {}", case.name(), phase.name());
    let bench = Bench::default();
    let result = patiently(case, phase, |time| run(&bench, &text(&bench, case, phase, ""), time, OnError::Fail));
    match (expected(case), result) {
        (Expect::Harmless, Ok(report)) => assert!(report.is_balanced(), "{of}"),
        (Expect::Harmless, Err(error)) => panic!("{of} is harmless, but: {error:.2000}"),
        (_, Ok(_)) => panic!("{of}: nobody noticed"),
        (Expect::Time, Err(error)) => is_named(&of, phase, &error, Blame::Limit, "took longer than its time limit"),
        (Expect::Fails(blame, words), Err(error)) => is_named(&of, phase, &error, blame, words),
    }
    goes_on(&of);
}

/// One row of fifty is what the guest answers with a lie or a trap; this row alone is lost.
#[test]
fn in_a_quarantine() {
    let cases = Case::ALL.iter().copied().filter(|case| case.phases().contains(&Phase::Process));
    all(cases.filter(|case| is_of_one_row(*case)), one_row_is_lost);
}

fn one_row_is_lost(case: Case) {
    let of = format!("{} of one row", case.name());
    let bench = Bench::default();
    let result = patiently(case, Phase::Process, |time| {
        let text = format!("quarantine: DIR/bad.jsonl{}", text(&bench, case, Phase::Process, ", at: 7"));
        run(&bench, &text, time, OnError::Quarantine)
    });
    let report = result.unwrap_or_else(|error| panic!("{of}: {error:.2000}"));
    assert!(report.is_balanced(), "{of}");
    let blame = match expected(case) {
        Expect::Harmless => {
            assert_eq!(report.rows_out + report.rejected, 50, "{of}");
            return;
        }
        Expect::Time => Blame::Limit,
        Expect::Fails(blame, _) => blame,
    };
    assert_eq!((report.rows_in, report.rows_out), (50, 49), "{of}");
    let bad = bench.read("bad.jsonl");
    assert_eq!(bad.lines().count(), 1, "{of}: {bad:.2000}");
    assert!(bad.contains("\"n\":7") && bad.contains("guest"), "{of}: {bad:.2000}");
    assert!(bad.contains(&format!("\"{}\"", blame.name())), "{of}: {bad:.2000}");
    assert!(bad.len() < 8 << 10 && !bad.contains('\u{1b}'), "{of}: {} bytes", bad.len());
    goes_on(&of);
}

/// Not those that are of a global step, nor whose type has no honest answer, nor who are too large only with others.
fn is_of_one_row(case: Case) -> bool {
    !matches!(case, Case::AnswersTooEarly | Case::FixedListOverflow | Case::UnfoldingViews | Case::UnfoldingDictionary)
}

/// The pipeline in which the guest is hostile in one call.
fn text(bench: &Bench, case: Case, phase: Phase, more: &str) -> String {
    let step = if phase == Phase::Finish || case == Case::AnswersTooEarly { "gather" } else { "act" };
    let (case, with) = (case.name(), format!("case: {}, phase: {}{more}", case.name(), phase.name()));
    if phase == Phase::Describe {
        bench.write("hostile.wasm", marked(case));
        return pipeline("DIR/hostile.wasm/act", "");
    }
    pipeline(&format!("GUESTS/hostile.wasm/{step}"), &with)
}

/// The guest that is hostile in `describe`.
fn marked(case: &str) -> Vec<u8> {
    let mut module = std::fs::read(guest("hostile")).expect("the guest");
    let places: Vec<usize> = (0..module.len()).filter(|at| module[*at..].starts_with(MARKER)).collect();
    let [place] = places[..] else { panic!("the marker is at {places:?}") };
    module[place + MARKED..][..case.len()].copy_from_slice(case.as_bytes());
    module
}

/// A guest that never ends gets little time. On a machine that is busy an honest call may take as long: then more.
fn patiently<T>(case: Case, phase: Phase, attempt: impl Fn(Option<Duration>) -> Result<T, Error>) -> Result<T, Error> {
    if !matches!(expected(case), Expect::Time) {
        return attempt(None);
    }
    let mut time = Duration::from_millis(200);
    loop {
        let result = attempt(Some(time));
        match &result {
            Err(error) if !is_in(phase, error) && time < Duration::from_secs(10) => time *= 4,
            _ => return result,
        }
    }
}

fn is_in(phase: Phase, error: &Error) -> bool {
    match (phase, error) {
        (Phase::Describe, Error::Plugin(error)) => error.plugin.contains("hostile"),
        (Phase::Open, Error::Pipeline(error)) => error.message.contains("step `guest`"),
        (Phase::Process | Phase::Finish, Error::Step(error)) => error.step == "guest",
        _ => false,
    }
}

/// The error is of this call, of this guest, with these words.
fn is_named(of: &str, phase: Phase, error: &Error, blame: Blame, words: &str) {
    assert!(is_in(phase, error), "{of}: {error:.2000}");
    is_clean(of, error);
    says(of, error, words);
    if let Error::Step(step) = error {
        assert_eq!(step.blame, blame, "{of}: {error:.2000}");
    }
}
