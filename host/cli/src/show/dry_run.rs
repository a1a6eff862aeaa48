//! A few rows on their way through all steps.

use stillroom::TryOut;

use super::{number, summary, text};
use crate::terminal::Stream;

/// What each step did, and its first rows.
pub(crate) fn show(stream: Stream, tried: &TryOut) -> String {
    let mut lines = Vec::new();
    for seen in &tried.steps {
        let id = if seen.branch.is_empty() { seen.id.clone() } else { format!("{}.{}", seen.id, seen.branch) };
        let what = if seen.uses.is_empty() || seen.uses == seen.kind {
            seen.kind.to_owned()
        } else {
            format!("{} {}", seen.kind, text::escape_line(&seen.uses))
        };
        lines.push(format!("{}  {what}: {}", stream.bold(&id), number::counted(seen.rows, "row")));
        let rows = summary::samples(stream, "", &seen.samples, &seen.columns);
        lines.extend(rows.into_iter().filter(|line| !line.trim().is_empty()).map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    for (step, reason) in &tried.rejected {
        lines.push(format!("`{}` rejected a row: {}", text::escape_line(step), text::escape_line(reason)));
    }
    lines.push("nothing was written".to_owned());
    lines.join("\n") + "\n"
}
