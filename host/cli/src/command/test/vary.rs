//! The same rows again, in other batches and other instances. A run cuts batches as it likes, and any instance of a transform
//! may get any of them; so what a step answers must hang on neither.

use serde_json::{Map, Value};
use stillroom::Result;
use stillroom::testing::{Batching, Outcome, Trial};

use super::case::{Case, said};
use super::expect::{Finding, run};

/// "Row by row" is in so many batches at most: a case may have a hundred thousand rows.
const MOST_BATCHES: usize = 256;

/// Rows that are named as different.
const MOST_ROWS: usize = 5;

/// Runs a case in other ways, and tells where it answers otherwise than `first`.
pub(super) fn vary(trial: &Trial, case: &Case, batching: Batching, first: &Result<Outcome>) -> Vec<Finding> {
    let rows = case.input.as_ref().map_or(case.written.rows.unwrap_or_default(), |input| input.len());
    let single = Batching { rows: rows.div_ceil(MOST_BATCHES).max(1), fresh: false };
    let again = |batching| run(trial, case, batching);
    let mut findings = Vec::new();
    let fresh = again(Batching { fresh: true, ..batching });
    if let Some(how) = difference(first, &fresh) {
        let why = "another instance answers otherwise: the step hangs on more than its input";
        findings.push(told("instances", why, how));
    }
    if single.rows < rows.min(batching.rows) {
        findings.extend(row_by_row(first, &again(single), &again(Batching { fresh: true, ..single })));
    }
    if batching.rows < rows
        && let Some(how) = difference(first, &again(Batching::whole()))
    {
        findings.push(of_batches("with all rows in one batch", how));
    }
    findings
}

/// `kept`: row by row in one instance; `new`: in a new one for each. A step that counts its rows answers the same together
/// and one after the other, but not where somebody else has had the rows before.
fn row_by_row(first: &Result<Outcome>, kept: &Result<Outcome>, new: &Result<Outcome>) -> Option<Finding> {
    if let Some(how) = difference(kept, new) {
        let why = "row by row another instance for each answers otherwise than one for all: the step keeps something between \
                   batches, and is no transform";
        return Some(told("instances", why, how));
    }
    difference(first, kept).map(|how| of_batches("row by row", how))
}

fn of_batches(way: &str, how: Vec<String>) -> Finding {
    told("batches", &format!("{way} it answers otherwise: the step hangs on how rows come in batches"), how)
}

fn told(kind: &'static str, why: &str, how: Vec<String>) -> Finding {
    Finding {
        kind,
        lines: [why.to_owned()].into_iter().chain(how.into_iter().map(|line| format!("  {line}"))).collect(),
    }
}

/// How two outcomes differ; errors are alike.
fn difference(first: &Result<Outcome>, other: &Result<Outcome>) -> Option<Vec<String>> {
    match (first, other) {
        (Err(_), Err(_)) => None,
        (Err(_), Ok(_)) => Some(vec!["then it does not fail".to_owned()]),
        (Ok(_), Err(error)) => Some(vec![format!("then it fails: {}", said(error).join("\n    "))]),
        (Ok(first), Ok(other)) => {
            let rows = |outcome: &Outcome| outcome.rows.values().unwrap_or_default();
            let mut lines = rows_that_differ(&rows(first), &rows(other));
            if first.rejected != other.rejected {
                let count = |outcome: &Outcome| outcome.rejected.len();
                lines.push(format!("rejected rows: {}, and then {}", count(first), count(other)));
                lines.extend(rejected_that_differ(first, other));
            }
            (!lines.is_empty()).then_some(lines)
        }
    }
}

fn rows_that_differ(first: &[Map<String, Value>], other: &[Map<String, Value>]) -> Vec<String> {
    let mut lines = Vec::new();
    if first.len() != other.len() {
        lines.push(format!("{} rows, and then {}", first.len(), other.len()));
    }
    let text = |row: &Map<String, Value>| Value::Object(row.clone()).to_string();
    let pairs = first.iter().zip(other).enumerate().map(|(at, (a, b))| (at, text(a), text(b)));
    let mut differing = pairs.filter(|(_, a, b)| a != b);
    lines.extend(differing.by_ref().take(MOST_ROWS).map(|(at, a, b)| format!("row {at}: {a}, and then {b}")));
    match differing.count() {
        0 => {}
        more => lines.push(format!("and {more} more rows")),
    }
    lines
}

fn rejected_that_differ(first: &Outcome, other: &Outcome) -> Vec<String> {
    let only = |a: &Outcome, b: &Outcome, word: &str| {
        let gone = a.rejected.iter().filter(|one| !b.rejected.contains(one)).take(MOST_ROWS);
        gone.map(|(row, reason)| format!("row {row} {word}: {reason}")).collect::<Vec<_>>()
    };
    [only(first, other, "is not rejected then"), only(other, first, "is rejected then")].concat()
}
