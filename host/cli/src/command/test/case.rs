//! A case as its folder has it.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use miette::Diagnostic;
use serde_json::{Map, Value};
use stillroom::Error;
use stillroom::pipeline::document;
use stillroom::testing::Rows;

use super::expect::Finding;

/// `case.yaml`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// What it shows, for those who read it.
    #[serde(default, rename = "summary")]
    _summary: Option<String>,
    pub(super) step: String,
    #[serde(default)]
    pub(super) params: Map<String, Value>,
    /// Types of input columns that are not to be inferred.
    #[serde(default)]
    pub(super) columns: IndexMap<String, String>,
    /// The most rows of a batch; all rows in one where it is left out.
    #[serde(default)]
    pub(super) batch: Option<usize>,
    #[serde(default)]
    pub(super) grants: Map<String, Value>,
    /// How many rows a step is asked for that makes them.
    #[serde(default)]
    pub(super) rows: Option<usize>,
    /// A part of the error with which it is to fail.
    #[serde(default)]
    pub(super) error: Option<String>,
    /// Types of output columns.
    #[serde(default)]
    pub(super) outputs: IndexMap<String, String>,
    /// Parts of lines of the log, in order.
    #[serde(default)]
    pub(super) log: Vec<String>,
}

/// A case.
pub(super) struct Case {
    folder: PathBuf,
    pub(super) written: Written,
    /// None for a step that makes rows.
    pub(super) input: Option<Rows>,
    /// None where the file is not there.
    pub(super) expected: Option<Vec<Map<String, Value>>>,
    /// Row and reason, ascending.
    pub(super) rejected: Vec<(u64, String)>,
}

/// A line of `rejected.jsonl`.
#[derive(Debug, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    row: u64,
    reason: String,
}

const EXPECTED: &str = "expected.jsonl";
const REJECTED: &str = "rejected.jsonl";

impl Case {
    /// Reads a case's folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Finding> {
        let text = |name: &str| match fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Finding::new("case", format!("{name} cannot be read: {error}"))),
        };
        let yaml = text("case.yaml")?.unwrap_or_default();
        let written: Written =
            document("case.yaml", &yaml).map_err(|error| Finding::of_error("case", &Error::from(*error)))?;
        let input = text("input.jsonl")?.map(|text| Rows::parse("input.jsonl", &text, &written.columns));
        let input = input.transpose().map_err(|error| Finding::of_error("case", &error))?;
        let expected = text(EXPECTED)?.map(|text| lines(EXPECTED, &text)).transpose()?;
        let rejected: Vec<Rejected> = text(REJECTED)?.map_or(Ok(Vec::new()), |text| lines(REJECTED, &text))?;
        let mut rejected: Vec<_> = rejected.into_iter().map(|Rejected { row, reason }| (row, reason)).collect();
        rejected.sort();
        Ok(Self { folder: folder.to_owned(), written, input, expected, rejected })
    }

    /// Writes what came out as what is expected; answers the files that were changed.
    pub(super) fn bless(
        &mut self,
        rows: &[Map<String, Value>],
        rejected: &[(u64, String)],
    ) -> Result<Vec<&'static str>, Finding> {
        let mut changed = Vec::new();
        if self.expected.as_deref() != Some(rows) {
            let text: String = rows.iter().map(|row| format!("{}\n", Value::Object(row.clone()))).collect();
            self.write(EXPECTED, &text)?;
            changed.push(EXPECTED);
        }
        if self.rejected != rejected {
            let line = |(row, reason): &(u64, String)| serde_json::json!({ "row": row, "reason": reason });
            let text: String = rejected.iter().map(|one| format!("{}\n", line(one))).collect();
            self.write(REJECTED, &text)?;
            changed.push(REJECTED);
        }
        self.expected = Some(rows.to_vec());
        self.rejected = rejected.to_vec();
        Ok(changed)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Finding> {
        fs::write(self.folder.join(name), text)
            .map_err(|error| Finding::new("case", format!("{name} cannot be written: {error}")))
    }
}

fn lines<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<Vec<T>, Finding> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| Finding::new("case", format!("{name}:{}: {error}", at + 1)))
    });
    parsed.collect()
}

impl Finding {
    /// What the engine says, with what to do.
    pub(super) fn of_error(kind: &'static str, error: &Error) -> Self {
        Self { kind, lines: said(error) }
    }
}

/// An error's message, what to do about it, and the step's stack.
pub(super) fn said(error: &Error) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    lines.extend(error.help().map(|help| help.to_string()));
    if let Error::Step(step) = error {
        lines.extend(step.backtrace.iter().take(8).map(|frame| format!("  at {frame}")));
    }
    lines
}
