//! What the tests of hostile guests share.

use std::time::Duration;

use miette::Diagnostic;
use stillroom::pipeline::{LimitsSpec, OnError};
use stillroom::{Error, Plan, Report, RunOptions};
use stillroom_tests::{BUILTINS, Bench, engine};

/// Longest that a message may be, in bytes.
const MOST: usize = 8 << 10;

/// What a hostile guest may take. Its lies are made to be just beyond.
pub(crate) fn limits() -> LimitsSpec {
    LimitsSpec {
        memory: Some(64 << 20),
        output: Some(8 << 20),
        output_rows: Some(50_000),
        table_elements: Some(1000),
        ..LimitsSpec::default()
    }
}

/// A pipeline of 50 rows with one step of a plugin in the middle.
pub(crate) fn pipeline(uses: &str, with: &str) -> String {
    format!(
        "
name: hostile
steps:
  - {{ id: count, use: GUESTS/kinds.wasm/count, with: {{ rows: 50 }} }}
  - {{ id: guest, use: {uses}, with: {{ {with} }}, columns: {{ n: n }} }}
  - {{ id: write, sink: DIR/out.jsonl }}
"
    )
}

/// Runs a pipeline within the limits, on the engine that all tests of this process share.
pub(crate) fn run(bench: &Bench, text: &str, time: Option<Duration>, on_error: OnError) -> Result<Report, Error> {
    let mut pipeline = bench.pipeline(text)?;
    pipeline.limits = LimitsSpec { time, ..limits() };
    pipeline.on_error = on_error;
    Plan::new(engine(2), &pipeline, BUILTINS)?.run(RunOptions::default())
}

/// The engine that a hostile guest has just been in answers a good batch with a good step.
#[track_caller]
pub(crate) fn goes_on(after: &str) {
    let bench = Bench::default();
    let report = run(&bench, &pipeline("GUESTS/hostile.wasm/act", ""), None, OnError::Fail);
    let report = report.unwrap_or_else(|error| panic!("after {after} a good step fails: {error}"));
    assert_eq!((report.rows_in, report.rows_out), (50, 50), "after {after}");
    assert_eq!(bench.read("out.jsonl").lines().nth(7), Some("{\"n\":7,\"text\":\"é\"}"), "after {after}");
}

/// A message is bounded and does nothing to a terminal.
#[track_caller]
pub(crate) fn is_clean(of: &str, error: &Error) {
    let help = error.help().map(|help| help.to_string()).unwrap_or_default();
    for said in [error.to_string(), help] {
        assert!(said.len() < MOST, "{of}: {} bytes: {:.200}", said.len(), said);
        let odd = said.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(odd, None, "{of}: {said:?}");
    }
    if let Error::Step(step) = error {
        let odd = |frame: &String| frame.len() > 1000 || frame.chars().any(char::is_control);
        assert!(step.backtrace.len() < 100 && !step.backtrace.iter().any(odd), "{of}: {:?}", step.backtrace);
    }
}

#[track_caller]
pub(crate) fn says(of: &str, error: &Error, words: &str) {
    let said = error.to_string();
    assert!(said.to_lowercase().contains(&words.to_lowercase()), "{of}: `{words}` is not in: {said:.2000}");
}
