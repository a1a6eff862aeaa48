//! Rows that are expected beside those that came.

use serde_json::{Map, Value};
use stillroom::testing::Rows;

use super::expect::Finding;

/// Differences that are shown; the others are counted.
const MOST: usize = 12;

/// The most characters of a value that are shown.
const WIDE: usize = 160;

/// A row as JSON.
type Row = Map<String, Value>;

/// How rows differ from what is expected of them. `typed` are the rows that came, with their types.
pub(super) fn rows(expected: &[Row], got: &[Row], typed: &Rows) -> Option<Finding> {
    let mut lines = Vec::new();
    if expected.len() == got.len() {
        let pairs = expected.iter().zip(got).enumerate();
        lines.extend(pairs.flat_map(|(at, (expected, got))| row(at, expected, got, typed)));
    } else {
        lines.push(format!("expected {} rows, got {}", expected.len(), got.len()));
        lines.extend(unpaired(expected, got, typed));
    }
    finding("rows", lines)
}

/// How rejected rows differ from what is expected of them; both ascending.
pub(super) fn rejected(expected: &[(u64, String)], got: &[(u64, String)]) -> Option<Finding> {
    let missing = expected.iter().filter(|one| !got.contains(one));
    let extra = got.iter().filter(|one| !expected.contains(one));
    let mut lines: Vec<String> =
        missing.map(|(row, reason)| format!("expected row {row} to be rejected: {}", short(reason))).collect();
    lines.extend(extra.map(|(row, reason)| format!("row {row} is rejected: {}", short(reason))));
    finding("rejected", lines)
}

fn finding(kind: &'static str, mut lines: Vec<String>) -> Option<Finding> {
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    (!lines.is_empty()).then_some(Finding { kind, lines })
}

/// Differences of one row, a line a column.
fn row(at: usize, expected: &Row, got: &Row, typed: &Rows) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in expected {
        let Some(found) = got.get(name) else {
            lines.push(format!("row {at}: there is no column `{name}`"));
            continue;
        };
        match typed.as_of_column(name, value) {
            Ok(meant) if is_same(&meant, found) => {}
            Ok(meant) => {
                lines.push(format!("row {at}, column `{name}`: expected {}, got {}", cell(&meant), cell(found)))
            }
            Err(_) => lines.push(format!(
                "row {at}, column `{name}`: expected {}, got {} of type {}",
                cell(value),
                cell(found),
                type_of(typed, name)
            )),
        }
    }
    let extra = got.iter().filter(|(name, _)| !expected.contains_key(*name));
    lines.extend(extra.map(|(name, found)| {
        format!(
            "row {at}, column `{name}`: got {} of type {}, and nothing is expected",
            cell(found),
            type_of(typed, name)
        )
    }));
    lines
}

/// As text: -0.0 is not 0.0.
fn is_same(a: &Value, b: &Value) -> bool {
    let (a, b) = (a.to_string(), b.to_string());
    a == b
}

/// Rows that have no partner: those before and behind that are the same are left out.
fn unpaired(expected: &[Row], got: &[Row], typed: &Rows) -> Vec<String> {
    let same = |(expected, got): &(&Row, &Row)| row(0, expected, got, typed).is_empty();
    let before = expected.iter().zip(got).take_while(same).count();
    let (expected, got) = (&expected[before..], &got[before..]);
    let behind = expected.iter().rev().zip(got.iter().rev()).take_while(same).count();
    let line = |sign: char, at: usize, row: &Row| {
        format!("{sign} row {}: {}", before + at, short(&Value::Object(row.clone()).to_string()))
    };
    let missing = expected[..expected.len() - behind].iter().enumerate().map(|(at, row)| line('-', at, row));
    let extra = got[..got.len() - behind].iter().enumerate().map(|(at, row)| line('+', at, row));
    missing.chain(extra).collect()
}

fn type_of(typed: &Rows, name: &str) -> String {
    let columns = typed.columns();
    columns.into_iter().find(|(column, _)| column == name).map(|(_, words)| words).unwrap_or_default()
}

fn cell(value: &Value) -> String {
    short(&value.to_string())
}

fn short(text: &str) -> String {
    match text.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn got(lines: &str, types: &[(&str, &str)]) -> Rows {
        let types = types.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect();
        Rows::parse("got", lines, &types).unwrap()
    }

    fn differences(expected: &str, rows_got: &Rows) -> Vec<String> {
        let expected: Vec<Row> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        rows(&expected, &rows_got.values().unwrap(), rows_got).map(|finding| finding.lines).unwrap_or_default()
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        let rows = got("{\"n\": 9007199254740993, \"x\": \"NaN\", \"s\": 0.1}", &[("x", "float64"), ("s", "float32")]);
        assert!(differences("{\"s\": 0.10000000149011612, \"x\": \"NaN\", \"n\": 9007199254740993}", &rows).is_empty());
    }

    #[test]
    fn what_differs_is_told_with_row_column_and_type() {
        let rows = got("{\"n\": 9007199254740993, \"t\": \"5\"}\n{\"n\": 2, \"t\": null}", &[]);
        for (expected, line) in [
            (
                "{\"n\": 9007199254740992, \"t\": \"5\"}\n{\"n\": 2, \"t\": null}",
                "row 0, column `n`: expected 9007199254740992, got 9007199254740993",
            ),
            (
                "{\"n\": 9007199254740993, \"t\": 5}\n{\"n\": 2, \"t\": null}",
                "row 0, column `t`: expected 5, got \"5\" of type utf8",
            ),
            (
                "{\"n\": 9007199254740993, \"t\": \"5\"}\n{\"n\": 2, \"t\": \"\"}",
                "row 1, column `t`: expected \"\", got null",
            ),
            (
                "{\"n\": 9007199254740993, \"t\": \"5\"}\n{\"n\": 2}",
                "row 1, column `t`: got null of type utf8, and nothing is expected",
            ),
            (
                "{\"n\": 9007199254740993, \"t\": \"5\"}\n{\"n\": 2, \"t\": null, \"z\": null}",
                "row 1: there is no column `z`",
            ),
        ] {
            assert_eq!(differences(expected, &rows), [line]);
        }
    }

    #[test]
    fn rows_too_many_and_too_few_stand_alone() {
        let rows = got("{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}", &[]);
        assert_eq!(differences("{\"n\": 1}\n{\"n\": 3}", &rows), ["expected 2 rows, got 3", "+ row 1: {\"n\":2}"]);
        let lines = differences("{\"n\": 1}\n{\"n\": 2}\n{\"n\": 2}\n{\"n\": 3}", &rows);
        assert_eq!(lines, ["expected 4 rows, got 3", "- row 2: {\"n\":2}"]);
    }

    #[test]
    fn rejected_rows_are_compared_with_their_reasons() {
        let one = |row, reason: &str| (row, reason.to_owned());
        assert_eq!(rejected(&[one(1, "odd")], &[one(1, "odd")]), None);
        let lines = rejected(&[one(1, "odd")], &[one(1, "even"), one(2, "odd")]).unwrap().lines;
        assert_eq!(lines, ["expected row 1 to be rejected: odd", "row 1 is rejected: even", "row 2 is rejected: odd"]);
    }
}
