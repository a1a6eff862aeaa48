//! What is not as it was the time before.

use serde_json::Value;
use stillroom::SeenStep;

use super::Seen;
use crate::show::{number, text};

/// Differences that are shown of a step; the others are counted.
const MOST: usize = 20;

/// The most of a value that is shown.
const WIDE: usize = 60;

/// The differences, step by step.
pub(super) fn shown(before: &Seen, now: &Seen) -> String {
    let mut lines = Vec::new();
    for step in &now.steps {
        let same = |other: &&SeenStep| other.id == step.id && other.branch == step.branch;
        match before.steps.iter().find(same) {
            None => lines.push(format!("{} was not there before", step.id)),
            Some(before) => lines.extend(bounded(&step.id, differences(before, step))),
        }
    }
    let gone = before.steps.iter().filter(|step| !now.steps.iter().any(|other| other.id == step.id));
    lines.extend(gone.map(|step| format!("{} is gone", step.id)));
    let only = |a: &Seen, b: &Seen, word: &str| {
        let gone = a.rejected.iter().filter(|one| !b.rejected.contains(one)).take(MOST);
        gone.map(|(step, reason)| format!("{step}: a row {word}: {}", cut(reason))).collect::<Vec<_>>()
    };
    lines.extend(only(before, now, "is no longer rejected"));
    lines.extend(only(now, before, "is rejected now"));
    match lines.is_empty() {
        true => "all as it was the time before\n".to_owned(),
        false => format!("changed since the time before:\n  {}\n", lines.join("\n  ")),
    }
}

fn bounded(id: &str, mut differences: Vec<String>) -> Vec<String> {
    if differences.len() > MOST {
        let more = differences.len() - MOST;
        differences.truncate(MOST);
        differences.push(format!("and {}", number::counted(more as u64, "more difference")));
    }
    differences.into_iter().map(|line| format!("{id}: {line}")).collect()
}

fn differences(before: &SeenStep, now: &SeenStep) -> Vec<String> {
    let mut lines = Vec::new();
    let column = |name: &String| format!("column `{}`", text::escape_line(name));
    let gone = before.columns.iter().filter(|name| !now.columns.contains(name));
    lines.extend(gone.map(|name| format!("{} is gone", column(name))));
    let new = now.columns.iter().filter(|name| !before.columns.contains(name));
    lines.extend(new.map(|name| format!("{} is new", column(name))));
    if before.rows != now.rows {
        lines.push(format!("{}, and {} before", number::counted(now.rows, "row"), number::count(before.rows)));
    }
    let shared: Vec<&String> = now.columns.iter().filter(|name| before.columns.contains(name)).collect();
    for (row, (old, new)) in before.samples.iter().zip(&now.samples).enumerate() {
        let values = shared.iter().map(|name| (name, &old[name.as_str()], &new[name.as_str()]));
        let changed = values.filter(|(_, old, new)| old != new);
        lines.extend(
            changed.map(|(name, old, new)| format!("row {row}, {}: {} -> {}", column(name), cell(old), cell(new))),
        );
    }
    lines
}

fn cell(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(words: &str) -> String {
    text::clip(words, WIDE, "...")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(columns: &[&str], rows: Vec<Value>, rejected: &[&str]) -> Seen {
        let step = SeenStep {
            id: "a".to_owned(),
            branch: String::new(),
            kind: "transform",
            uses: String::new(),
            rows: rows.len() as u64,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            samples: rows,
        };
        let rejected = rejected.iter().map(|reason| ("a".to_owned(), (*reason).to_owned())).collect();
        Seen { steps: vec![step], rejected }
    }

    #[test]
    fn rows_columns_and_reasons_are_compared() {
        let first = seen(&["n", "t"], vec![json!({"n": 9007199254740993_i64, "t": "a"})], &["odd"]);
        assert_eq!(shown(&first, &first), "all as it was the time before\n");
        let next = seen(&["n", "x"], vec![json!({"n": 9007199254740992_i64, "x": 1}), json!({})], &["even"]);
        let expected = [
            "changed since the time before:",
            "  a: column `t` is gone",
            "  a: column `x` is new",
            "  a: 2 rows, and 1 before",
            "  a: row 0, column `n`: 9007199254740993 -> 9007199254740992",
            "  a: a row is no longer rejected: odd",
            "  a: a row is rejected now: even",
        ];
        assert_eq!(shown(&first, &next).lines().collect::<Vec<_>>(), expected);
    }
}
