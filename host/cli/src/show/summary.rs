//! What a run did: a table of its steps, the first rows at the end, and where everything went.

use serde_json::Value;
use stillroom::{Report, StepReport};

use super::table::{Side, Table};
use super::{number, text};
use crate::terminal::Stream;

/// Columns of the table of steps without what each is.
const STEP_COLUMNS: usize = 64;

/// The most columns of the sample rows.
const MAX_SAMPLE_COLUMNS: usize = 30;

/// Everything there is to say after a run.
pub(crate) fn summary(stream: Stream, report: &Report, is_verbose: bool) -> String {
    let mut lines = steps(stream, report);
    if let Some(leaf) = report.outputs.iter().find(|output| output.is_leaf) {
        lines.extend(samples(stream, "first rows", &leaf.samples, &leaf.columns));
    }
    if is_verbose {
        lines.extend(peaks(stream, report));
    }
    lines.extend(models(stream, report));
    lines.push(String::new());
    lines.push(totals(report));
    for output in report.outputs.iter().filter(|output| output.path != "-") {
        lines.push(format!("wrote {} ({})", text::escape_line(&output.path), number::counted(output.rows, "row")));
    }
    lines.join("\n") + "\n"
}

/// What was lost on the way and is not among the rows that came out: a line a step.
pub(crate) fn losses(steps: &[StepReport]) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps {
        let id = text::escape_line(&step.id);
        if step.failed > 0 {
            lines.push(format!("{} failed in step {id}, in quarantine", number::counted(step.failed, "row")));
        }
        if step.skipped > 0 {
            lines.push(format!(
                "{} failed in step {id}, left out (on-error: skip)",
                number::counted(step.skipped, "row")
            ));
        }
        if step.log.1 > 0 {
            let (said, dropped) = (number::bytes(step.log.0), number::bytes(step.log.1));
            lines.push(format!("step {id} said {said} to the log and {dropped} beyond its limit, which nobody heard"));
        }
    }
    lines
}

/// What plugins' steps took at most, beside what they might have taken.
fn peaks(stream: Stream, report: &Report) -> Vec<String> {
    use Side::{Left, Right};
    let headings = ["memory", "of", "longest call", "of", "largest answer", "of"].map(|name| (name, Right));
    let mut table = Table::new(&[&[("peak", Left)], &headings[..]].concat());
    let mut any = false;
    for step in &report.steps {
        let Some(limits) = &step.limits else { continue };
        any = true;
        table.push(vec![
            text::clip(&step.id, 24, stream.ellipsis()),
            number::bytes(step.peak.memory),
            number::size(limits.memory),
            number::seconds(step.peak.seconds),
            limits.seconds.map_or_else(|| "no limit".to_owned(), number::seconds),
            number::bytes(step.peak.output),
            number::size(limits.output),
        ]);
    }
    if !any {
        return Vec::new();
    }
    let mut lines = table.lines(0);
    lines[0] = stream.bold(&lines[0]);
    lines.insert(0, String::new());
    lines
}

/// The models that were asked.
fn models(stream: Stream, report: &Report) -> Vec<String> {
    use Side::{Left, Right};
    let headings = ["answered", "kept", "retried", "failed", "tokens in", "out", "out/s", "p50", "p95", "p99", "cost"];
    let mut table = Table::new(&[&[("model", Left)], &headings.map(|name| (name, Right))[..]].concat());
    for model in report.models.iter().filter(|model| model.answered + model.kept + model.failed > 0) {
        let millis = |millis: Option<u64>| millis.map_or_else(String::new, |ms| number::seconds(ms as f64 / 1e3));
        let count = |count: u64| if count == 0 { String::new() } else { number::count(count) };
        table.push(vec![
            text::clip(&model.name, 24, stream.ellipsis()),
            number::count(model.answered),
            count(model.kept),
            count(model.retried),
            count(model.failed),
            number::count(model.input_tokens),
            number::count(model.output_tokens),
            number::count(model.output_tokens_per_second as u64),
            millis(model.latency_p50_ms),
            millis(model.latency_p95_ms),
            millis(model.latency_p99_ms),
            model.cost.map(|cost| format!("{cost:.4}")).unwrap_or_default(),
        ]);
    }
    table.drop_empty(&["kept", "retried", "failed", "p50", "p95", "p99", "cost"]);
    let mut lines = table.lines(0);
    if lines.len() < 2 {
        return Vec::new();
    }
    lines[0] = stream.bold(&lines[0]);
    lines.insert(0, String::new());
    lines
}

fn totals(report: &Report) -> String {
    let rate = number::rate(report.rows_in, report.seconds);
    format!(
        "{}: {} in, {} out in {} on {}{}",
        text::escape_line(&report.pipeline),
        number::counted(report.rows_in, "row"),
        number::count(report.rows_out),
        number::seconds(report.seconds),
        number::counted(report.threads as u64, "thread"),
        rate.map(|rate| format!(" ({} rows/s)", number::count(rate))).unwrap_or_default(),
    )
}

fn steps(stream: Stream, report: &Report) -> Vec<String> {
    use Side::{Left, Right};
    let mut table = Table::new(&[
        ("step", Left),
        ("what", Left),
        ("rows in", Right),
        ("rows out", Right),
        ("dropped", Right),
        ("repeated", Right),
        ("merged", Right),
        ("rejected", Right),
        ("skipped", Right),
        ("time", Right),
        ("share", Right),
    ]);
    let all: f64 = report.steps.iter().map(|step| step.seconds).sum();
    report.steps.iter().for_each(|step| table.push(row(stream, step, all)));
    table.drop_empty(&["dropped", "repeated", "merged", "rejected", "skipped"]);
    let mut lines = table.lines(0);
    if let Some(heading) = lines.first_mut() {
        *heading = stream.bold(heading);
    }
    lines
}

/// Zeros are left out where they are the rule. Time is that of all threads together, and the share is of that.
fn row(stream: Stream, step: &StepReport, all: f64) -> Vec<String> {
    let unless_zero = |rows: u64| if rows == 0 { String::new() } else { number::count(rows) };
    let rows_in = if step.kind == "source" { String::new() } else { number::count(step.rows_in) };
    vec![
        text::clip(&step.id, 24, stream.ellipsis()),
        text::clip(&what(step), stream.width().saturating_sub(STEP_COLUMNS).clamp(16, 48), stream.ellipsis()),
        rows_in,
        number::count(step.rows_out),
        unless_zero(step.dropped),
        unless_zero(step.repeated),
        unless_zero(step.merged),
        unless_zero(step.rejected),
        unless_zero(step.skipped),
        number::seconds(step.seconds),
        if all > 0.0 { format!("{:.0} %", step.seconds / all * 100.0) } else { String::new() },
    ]
}

/// A plugin's step by its name, the host's own by what they are and what with.
fn what(step: &StepReport) -> String {
    match step.kind.as_str() {
        "transform" | "ordered" | "global" => step.uses.clone(),
        kind if step.uses.is_empty() || step.uses == kind => kind.to_owned(),
        kind => format!("{kind} {}", step.uses),
    }
}

/// The first rows side by side, a line a column: so one sees all columns, and the beginning of long values.
pub(super) fn samples(stream: Stream, title: &str, rows: &[Value], names: &[String]) -> Vec<String> {
    if rows.is_empty() || names.is_empty() {
        return Vec::new();
    }
    let shown = &names[..names.len().min(MAX_SAMPLE_COLUMNS)];
    let name_width = shown.iter().map(|name| text::width(name)).max().unwrap_or(0).min(24);
    let width = stream.width().saturating_sub(name_width + 2 * rows.len()) / rows.len();
    let headings: Vec<String> = (1..=rows.len()).map(|row| format!("row {row}")).collect();
    let columns = std::iter::once(title).chain(headings.iter().map(String::as_str));
    let mut table = Table::new(&columns.map(|heading| (heading, Side::Left)).collect::<Vec<_>>());
    for name in shown {
        let cells = rows.iter().map(|row| text::clip(&value(&row[name.as_str()]), width.max(8), stream.ellipsis()));
        table.push(std::iter::once(text::clip(name, name_width, stream.ellipsis())).chain(cells).collect());
    }
    let mut lines = table.lines(0);
    lines[0] = stream.bold(&lines[0]);
    if names.len() > shown.len() {
        lines.push(format!("and {}", number::counted((names.len() - shown.len()) as u64, "more column")));
    }
    lines.insert(0, String::new());
    lines
}

/// Texts as they are, all else as JSON.
fn value(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_side_by_side() {
        let rows = [serde_json::json!({"id": 1, "text": "a\nb"}), serde_json::json!({"id": 2, "text": null})];
        let expected = ["", "first rows  row 1  row 2", "id          1      2", "text        a\\nb   null"];
        assert_eq!(samples(Stream::Out, "first rows", &rows, &["id".into(), "text".into()]), expected);
        assert!(samples(Stream::Out, "first rows", &[], &["id".into()]).is_empty());
    }

    #[test]
    fn what_was_lost_is_said_by_step() {
        let step =
            |id: &str, failed, skipped, log| StepReport { id: id.into(), failed, skipped, log, ..Default::default() };
        let steps = vec![step("a", 12, 0, (5, 0)), step("b", 0, 1, (0, 2048)), step("c", 0, 0, (9, 0))];
        assert_eq!(
            losses(&steps),
            [
                "12 rows failed in step a, in quarantine",
                "1 row failed in step b, left out (on-error: skip)",
                "step b said 0 B to the log and 2.0 kB beyond its limit, which nobody heard",
            ]
        );
    }

    #[test]
    fn steps_are_called_by_what_they_do() {
        let step =
            |kind: &str, uses: &str| what(&StepReport { kind: kind.into(), uses: uses.into(), ..Default::default() });
        assert_eq!(step("ordered", "table/dedup"), "table/dedup");
        assert_eq!(step("where", "n > 1"), "where n > 1");
        assert_eq!(step("sink", ""), "sink");
    }
}
