//! Rows as they came out of the plugin's steps: a line each.

use serde_json::Value;

use super::Seen;
use crate::show::table::{Side, Table};
use crate::show::{number, text};
use crate::terminal::Stream;

/// Columns that are shown, and the least that each has of a line.
const MAX_COLUMNS: usize = 12;
const MIN_WIDTH: usize = 8;

/// What came out of each step.
pub(super) fn shown(stream: Stream, seen: &Seen) -> String {
    let mut lines = Vec::new();
    for step in &seen.steps {
        let rows = number::counted(step.rows, "row");
        lines.push(format!("{}  {}: {rows}", stream.bold(&step.id), text::escape_line(&step.uses)));
        lines.extend(table(stream, &step.columns, &step.samples));
        let left = step.rows.saturating_sub(step.samples.len() as u64);
        if left > 0 {
            lines.push(format!("  and {}", number::counted(left, "more row")));
        }
        let rejected = seen.rejected.iter().filter(|(id, _)| *id == step.id);
        lines.extend(rejected.map(|(_, reason)| format!("  a row rejected: {}", text::escape_line(reason))));
        lines.push(String::new());
    }
    lines.join("\n") + "\n"
}

fn table(stream: Stream, columns: &[String], rows: &[Value]) -> Vec<String> {
    let shown = &columns[..columns.len().min(MAX_COLUMNS)];
    if rows.is_empty() || shown.is_empty() {
        return Vec::new();
    }
    // Narrow columns leave their room to the others.
    let texts: Vec<Vec<String>> =
        rows.iter().map(|row| shown.iter().map(|name| cell(&row[name.as_str()])).collect()).collect();
    let widths: Vec<usize> = (0..shown.len())
        .map(|at| {
            texts
                .iter()
                .map(|row| text::width(&text::clip(&row[at], 400, "")))
                .max()
                .unwrap_or(0)
                .max(text::width(&shown[at]))
        })
        .collect();
    let room = stream.width().saturating_sub(8 + 2 * shown.len()).max(MIN_WIDTH * shown.len());
    let limit = limit(&widths, room);
    let headings: Vec<String> = shown.iter().map(|name| text::clip(name, limit, stream.ellipsis())).collect();
    let headings = std::iter::once(("row", Side::Right)).chain(headings.iter().map(|name| (name.as_str(), Side::Left)));
    let mut table = Table::new(&headings.collect::<Vec<_>>());
    for (number, row) in texts.iter().enumerate() {
        let cells = row.iter().map(|cell| text::clip(cell, limit, stream.ellipsis()));
        table.push(std::iter::once(number.to_string()).chain(cells).collect());
    }
    let mut lines = table.lines(2);
    if columns.len() > shown.len() {
        lines.push(format!("  and {}", number::counted((columns.len() - shown.len()) as u64, "more column")));
    }
    lines
}

/// The widest that a column may be, so that all of them fit.
fn limit(widths: &[usize], room: usize) -> usize {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    let (mut left, mut columns) = (room, sorted.len());
    for width in sorted {
        if width * columns > left {
            return (left / columns).max(MIN_WIDTH);
        }
        left -= width;
        columns -= 1;
    }
    room
}

/// Texts as they are, all else as JSON.
fn cell(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_columns_leave_their_room_to_others() {
        assert_eq!(limit(&[5, 100], 60), 55);
        assert_eq!(limit(&[5, 10], 60), 60);
        assert_eq!(limit(&[100, 100, 100], 60), 20);
    }

    #[test]
    fn a_row_is_a_line() {
        let rows = [serde_json::json!({"id": 1, "text": "a\nb"}), serde_json::json!({"id": 22, "text": null})];
        let lines = table(Stream::Out, &["id".to_owned(), "text".to_owned()], &rows);
        assert_eq!(lines, ["  row  id  text", "    0  1   a\\nb", "    1  22  null"]);
    }
}
