//! What a case expects, and what came.

use serde_json::{Map, Value};
use stillroom::testing::{Batching, Outcome, Setup, Subject, Trial};
use stillroom::{Error, Result};

use super::case::{Case, said};
use super::compare;
use super::listen::listen;
use super::vary;

/// Something that a case finds.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    /// `case`, `error`, `rows`, `types`, `rejected`, `log`, `instances` or `batches`.
    pub(super) kind: &'static str,
    pub(super) lines: Vec<String>,
}

impl Finding {
    pub(super) fn new(kind: &'static str, line: impl Into<String>) -> Self {
        Self { kind, lines: vec![line.into()] }
    }
}

/// Runs a case in all ways and holds it against what it expects.
pub(super) fn judge(subject: &Subject, case: &mut Case, bless: bool, blessed: &mut Vec<&'static str>) -> Vec<Finding> {
    let opened = open(subject, case);
    let trial = match opened {
        Ok(trial) => trial,
        Err(error) => return failed(case, &error),
    };
    if let Some(wrong) = unfit(case, &trial) {
        return vec![wrong];
    }
    let batching = Batching { rows: case.written.batch.unwrap_or(usize::MAX), fresh: false };
    let (outcome, log) = listen(|| run(&trial, case, batching));
    let mut findings = match &outcome {
        Ok(outcome) => answered(case, outcome, bless, blessed),
        Err(error) => failed(case, error),
    };
    findings.extend(heard(&case.written.log, &log));
    // Nobody is to be told twice of what fails anyway.
    if outcome.is_ok() || findings.is_empty() {
        // What is said again is not heard again.
        findings.extend(listen(|| vary::vary(&trial, case, batching, &outcome)).0);
    }
    findings
}

fn open(subject: &Subject, case: &Case) -> Result<Trial> {
    let written = &case.written;
    // A line in the log gives a step nothing, and its plugin does not load without: it need not stand in every case.
    let mut grants: Map<String, Value> = [("log".to_owned(), "info".into())].into_iter().collect();
    grants.extend(written.grants.clone());
    let params = if written.params.is_empty() { Value::Null } else { Value::Object(written.params.clone()) };
    let setup = Setup { step: &written.step, params, grants: Value::Object(grants) };
    subject.open(&setup, case.input.as_ref())
}

/// What the case lacks, or has too much, for a step of this kind.
fn unfit(case: &Case, trial: &Trial) -> Option<Finding> {
    let is_source = trial.kind() == "source";
    match (is_source, case.written.rows, case.written.batch) {
        (_, _, Some(0)) => Some(Finding::new("case", "case.yaml: `batch` is at least 1")),
        (true, None, _) => Some(Finding::new("case", "case.yaml: say how many `rows` the step is asked for")),
        (false, Some(_), _) => Some(Finding::new("case", "case.yaml: `rows` is for steps that make rows")),
        _ => None,
    }
}

/// Takes the case's rows through the step; or asks it for rows, where it makes them.
pub(super) fn run(trial: &Trial, case: &Case, batching: Batching) -> Result<Outcome> {
    match (&case.input, case.written.rows) {
        (Some(input), _) => trial.run(input, batching),
        (None, rows) => trial.make(rows.unwrap_or_default(), batching.rows),
    }
}

/// The step failed: as expected, or not.
fn failed(case: &Case, error: &Error) -> Vec<Finding> {
    let said = said(error);
    match &case.written.error {
        Some(part) if said.join("\n").contains(part.as_str()) => Vec::new(),
        Some(part) => {
            let lines = [format!("expected the error: {part}"), format!("got: {}", said[0])].into_iter();
            vec![Finding { kind: "error", lines: lines.chain(said.iter().skip(1).cloned()).collect() }]
        }
        None => vec![Finding { kind: "error", lines: said }],
    }
}

fn answered(case: &mut Case, outcome: &Outcome, bless: bool, blessed: &mut Vec<&'static str>) -> Vec<Finding> {
    if let Some(part) = &case.written.error {
        let rows = outcome.rows.len();
        return vec![Finding::new("error", format!("expected the error: {part}\ngot: no error, and {rows} rows"))];
    }
    let rows = match outcome.rows.values() {
        Ok(rows) => rows,
        Err(error) => return vec![Finding::of_error("rows", &error)],
    };
    let mut rejected = outcome.rejected.clone();
    rejected.sort();
    if bless {
        match case.bless(&rows, &rejected) {
            Ok(changed) => blessed.extend(changed),
            Err(finding) => return vec![finding],
        }
    }
    let mut findings = types(case, outcome);
    match &case.expected {
        None => findings.push(Finding::new("rows", "there is no expected.jsonl; `still test --bless` writes it")),
        Some(expected) => findings.extend(compare::rows(expected, &rows, &outcome.rows)),
    }
    findings.extend(compare::rejected(&case.rejected, &rejected));
    findings
}

fn types(case: &Case, outcome: &Outcome) -> Vec<Finding> {
    let columns = outcome.rows.columns();
    let wrong = case.written.outputs.iter().filter_map(|(name, expected)| {
        match columns.iter().find(|(column, _)| column == name) {
            None => Some(format!("column `{name}`: expected {expected}, but there is no such column")),
            Some((_, found)) if found != expected => Some(format!("column `{name}`: expected {expected}, got {found}")),
            Some(_) => None,
        }
    });
    let lines: Vec<String> = wrong.collect();
    if lines.is_empty() { Vec::new() } else { vec![Finding { kind: "types", lines }] }
}

/// Each expected part is in a line behind that of the part before.
fn heard(expected: &[String], log: &[String]) -> Option<Finding> {
    let mut lines = log.iter();
    let missing = expected.iter().find(|part| !lines.any(|line| line.contains(part.as_str())))?;
    let mut told = vec![format!("log: expected a line with: {missing}")];
    told.extend(if log.is_empty() { vec!["got: nothing".to_owned()] } else { vec!["got:".to_owned()] });
    told.extend(log.iter().map(|line| format!("  {line}")));
    Some(Finding { kind: "log", lines: told })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_log_are_found_in_order() {
        let log = ["info: 3 rows (x)".to_owned(), "warn: no text (y)".to_owned()];
        let parts = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        for (expected, missing) in [
            (parts(&[]), None),
            (parts(&["3 rows", "no text"]), None),
            (parts(&["warn"]), None),
            (parts(&["no text", "3 rows"]), Some("3 rows")),
            (parts(&["3 rows", "3 rows"]), Some("3 rows")),
            (parts(&["error"]), Some("error")),
        ] {
            let found = heard(&expected, &log);
            assert_eq!(found.is_some(), missing.is_some(), "{expected:?}");
            assert!(found.is_none_or(|found| found.lines[0].ends_with(missing.unwrap())));
        }
    }
}
