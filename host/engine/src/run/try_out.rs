//! A few rows through the whole graph, looked at after each step.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use serde_json::Value;

use super::RunOptions;
use crate::error::{Error, Result};
use crate::json as rows_json;
use crate::plan::{Plan, visible};
use crate::report::Progress;

/// Rows shown after each step, where nobody says how many.
const SAMPLES: usize = 3;

/// What a few rows did.
#[derive(Debug)]
pub struct TryOut {
    /// What came out of each step, and of each branch of a route.
    pub steps: Vec<SeenStep>,
    /// The rows that steps rejected: the step's id and the reason.
    pub rejected: Vec<(String, String)>,
}

/// What came out of a step.
#[derive(Debug)]
pub struct SeenStep {
    /// The step's id.
    pub id: String,
    /// The branch of a route; empty for other steps.
    pub branch: String,
    /// As in [`PlannedStep::kind`](crate::PlannedStep::kind).
    pub kind: &'static str,
    /// What it uses.
    pub uses: String,
    /// Rows that came out.
    pub rows: u64,
    /// The columns, in order.
    pub columns: Vec<String>,
    /// The first rows, as JSON objects.
    pub samples: Vec<Value>,
}

/// Where threads write down what they see: by step and branch.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The most rows that are kept of each.
    most: usize,
    steps: Mutex<Vec<Vec<Rows>>>,
}

/// How many rows there were, and the first ones.
type Rows = (u64, Vec<Value>);

impl Seen {
    fn new(plan: &Plan, most: usize) -> Self {
        let branches = plan.steps().iter().map(|step| vec![Default::default(); step.branches.len().max(1)]);
        Self { most, steps: Mutex::new(branches.collect()) }
    }

    /// Looks at what came out of a step.
    pub(crate) fn look(&self, step: usize, branch: usize, batch: &RecordBatch) -> Result<()> {
        let mut all = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((rows, samples)) = all.get_mut(step).and_then(|branches| branches.get_mut(branch)) else {
            return Ok(());
        };
        *rows += batch.num_rows() as u64;
        let wanted = batch.num_rows().min(self.most.saturating_sub(samples.len()));
        if wanted > 0 {
            let first = batch.slice(0, wanted);
            let seen = match visible(&first.schema()) {
                None => first,
                Some(columns) => first.project(&columns).map_err(crate::worker::arrow)?,
            };
            samples.extend(rows_json::rows(&seen)?);
        }
        Ok(())
    }
}

impl Plan {
    /// Takes the first `rows` rows of each source through all steps, on one thread. Outputs are encoded and thrown away.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub fn try_out(self, rows: u64, progress: Arc<Progress>) -> Result<TryOut> {
        self.try_out_showing(rows, SAMPLES, progress)
    }

    /// The same with so many rows kept of what came out of each step, at most.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub fn try_out_showing(mut self, rows: u64, most: usize, progress: Arc<Progress>) -> Result<TryOut> {
        let failed = |error: std::io::Error| Error::Engine {
            message: format!("no temporary folder can be made: {error}"),
            help: None,
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        // What models answer is paid for, and kept where the run itself looks for it.
        let answers = Some(self.answers());
        for (number, output) in self.outputs.iter_mut().enumerate() {
            let name = output.options.path.file_name().unwrap_or_default().to_owned();
            output.options.format =
                output.options.format.or_else(|| crate::sink::Format::of_path(&name.to_string_lossy()));
            output.options.path = folder.path().join(format!("{number}-{}", name.to_string_lossy()));
        }
        let quarantine = folder.path().join("quarantine.jsonl");
        self.quarantine = quarantine.to_string_lossy().into_owned();
        self.engine.options.threads = 1;
        self.has_card = false;
        let (steps, seen) = (self.steps().to_vec(), Arc::new(Seen::new(&self, most)));
        self.seen = Some(seen.clone());
        self.run(RunOptions { limit: Some(rows), progress, answers, ..RunOptions::default() })?;
        let mut all = std::mem::take(&mut *seen.steps.lock().unwrap_or_else(PoisonError::into_inner));
        let mut tried = Vec::new();
        for (step, branches) in steps.iter().zip(&mut all) {
            for (branch, (rows, samples)) in branches.iter_mut().enumerate() {
                tried.push(SeenStep {
                    id: step.id.clone(),
                    branch: step.branches.get(branch).cloned().unwrap_or_default(),
                    kind: step.kind,
                    uses: step.uses.clone(),
                    rows: *rows,
                    columns: step.schema.fields().iter().map(|field| field.name().clone()).collect(),
                    samples: std::mem::take(samples),
                });
            }
        }
        Ok(TryOut { steps: tried, rejected: rejected(&quarantine) })
    }
}

fn rejected(quarantine: &std::path::Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(quarantine).unwrap_or_default();
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        Some((value["step"].as_str()?.to_owned(), value["reason"].as_str()?.to_owned()))
    };
    text.lines().filter_map(line).collect()
}
