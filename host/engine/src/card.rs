//! The data card: a page beside the data sets that says what is in them and what made them.
//!
//! It begins with the table of data sets in the form that dataset hubs read (YAML between two lines of dashes), so a folder
//! can be put online as it is.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::error::{Result, SinkError};
use crate::pipeline::Pipeline;
use crate::report::{OutputReport, Report};

/// The longest text of a sample that is shown whole, in characters.
const SAMPLE_CHARS: usize = 300;

/// Writes the card into the data sets' folder, where the pipeline has one and wants it.
pub(crate) fn write(pipeline: &Pipeline, report: &Report) -> Result<()> {
    let Some(dataset) = pipeline.dataset.as_ref().filter(|dataset| dataset.card) else { return Ok(()) };
    let folder = Path::new(&dataset.folder.value);
    let path = folder.join("README.md");
    let failed = |error: std::io::Error| SinkError::new(&path, error);
    let text = pipeline.redact(&card(pipeline, report)).into_owned();
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    readable(file.as_file()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A temporary file is for its owner alone; a card is for everybody.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn card(pipeline: &Pipeline, report: &Report) -> String {
    let sets: Vec<&OutputReport> = report.outputs.iter().filter(|output| output.split.is_some()).collect();
    let mut card = front_matter(&sets);
    let _ = write!(card, "\n# {}\n\n", line(&pipeline.name));
    if let Some(description) = &pipeline.description {
        let _ = write!(card, "{}\n\n", description.trim());
    }
    let _ = writeln!(card, "Made by Stillroom {}.\n", env!("CARGO_PKG_VERSION"));
    data_sets(&mut card, &sets);
    for output in sets.iter().filter(|output| output.split.as_deref() == Some("train")) {
        data_set(&mut card, output);
    }
    account(&mut card, report);
    let _ = write!(card, "\n## Pipeline\n\n{}", fenced("yaml", &pipeline.source_text()));
    card
}

fn front_matter(sets: &[&OutputReport]) -> String {
    let mut text = String::from("---\nconfigs:\n");
    let mut name = None;
    for set in sets {
        if name != Some(&set.name) {
            let _ = write!(text, "- config_name: {}\n  data_files:\n", quoted(&set.name));
            name = Some(&set.name);
        }
        let file = Path::new(&set.path).file_name().unwrap_or_default().to_string_lossy();
        let split = set.split.as_deref().unwrap_or("train");
        let _ = write!(text, "  - split: {split}\n    path: {}\n", quoted(&format!("{}/{file}", set.name)));
    }
    text + "---\n"
}

fn data_sets(card: &mut String, sets: &[&OutputReport]) {
    card.push_str("## Data sets\n\n| data set | split | rows | columns |\n|---|---|---:|---|\n");
    for set in sets {
        let columns = set.columns.iter().map(|column| format!("`{}`", cell(column))).collect::<Vec<_>>().join(", ");
        let split = set.split.as_deref().unwrap_or("");
        let _ = writeln!(card, "| {} | {split} | {} | {columns} |", cell(&set.name), set.rows);
    }
}

/// A data set's columns with their types, and its first rows.
fn data_set(card: &mut String, set: &OutputReport) {
    let _ = write!(card, "\n## {}\n\n| column | type |\n|---|---|\n", line(&set.name));
    for (column, data_type) in set.columns.iter().zip(&set.types) {
        let _ = writeln!(card, "| `{}` | {} |", cell(column), cell(data_type));
    }
    if let Some(first) = set.samples.first() {
        let json = serde_json::to_string_pretty(&crate::json::shortened(first, SAMPLE_CHARS)).unwrap_or_default();
        let _ = write!(card, "\nThe first row:\n\n{}", fenced("json", &json));
    }
}

fn account(card: &mut String, report: &Report) {
    card.push_str("\n## Steps\n\nFor each step: rows in + repeated = rows out + dropped + merged + rejected.\n\n");
    card.push_str("| step | what | from | in | out | dropped | repeated | merged | rejected | plugin (SHA-256) |\n");
    card.push_str("|---|---|---|---:|---:|---:|---:|---:|---:|---|\n");
    for step in &report.steps {
        let digest = step.digest.as_deref().map_or(String::new(), |digest| format!("`{digest}`"));
        let _ = writeln!(
            card,
            "| {} | {} {} | {} | {} | {} | {} | {} | {} | {} | {digest} |",
            cell(&step.id),
            step.kind,
            cell(&step.uses),
            cell(&step.inputs.join(", ")),
            step.rows_in,
            step.rows_out,
            step.dropped,
            step.repeated,
            step.merged,
            step.rejected,
        );
    }
}

/// A block of code, whatever stands in it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Text that stays in its cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        assert_eq!(fenced("yaml", "a: ```\n"), "````yaml\na: ```\n````\n");
        assert_eq!(cell("a|b\nc"), "a\\|b c");
        assert_eq!(quoted("a: \"b\""), "\"a: \\\"b\\\"\"");
    }
}
