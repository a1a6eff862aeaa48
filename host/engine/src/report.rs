//! What a run did: rows, bytes and time per step, and the proof that no row was lost.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::instance::Spent;
use crate::model::Models;

/// What a run did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The pipeline's name.
    pub pipeline: String,
    /// Wall time of the run, in seconds, without planning.
    pub seconds: f64,
    /// Worker threads.
    pub threads: usize,
    /// Rows read.
    pub rows_in: u64,
    /// Rows in the outputs that nothing comes after.
    pub rows_out: u64,
    /// Rows that steps rejected, each in the quarantine with its reason.
    pub rejected: u64,
    /// Whether it went on with a run that was stopped: `seconds` is then of this part, all else of the whole.
    pub resumed: bool,
    /// What was found damaged of the run that it went on with, and made again.
    pub warnings: Vec<String>,
    /// The steps, in the file's order.
    pub steps: Vec<StepReport>,
    /// The files that were written, in the order of their steps.
    pub outputs: Vec<OutputReport>,
    /// The models that steps asked. (Of a run that was gone on with: since then.)
    #[serde(default)]
    pub models: Vec<ModelReport>,
    /// Where the rejected rows are, if there are any.
    pub quarantine: Option<String>,
}

impl Report {
    /// Whether every step's account is even: rows in + repeated = rows out + dropped + merged + rejected + skipped; and whether what
    /// every step took is what those before it passed on.
    pub fn is_balanced(&self) -> bool {
        let is_even = |step: &StepReport| {
            step.rows_in + step.repeated == step.rows_out + step.dropped + step.merged + step.rejected + step.skipped
        };
        let out: HashMap<&str, u64> = self.steps.iter().map(|step| (step.id.as_str(), step.rows_out)).collect();
        // How the rows of a route are spread over its branches is not counted.
        let given =
            |step: &StepReport| step.inputs.iter().map(|input| out.get(input.as_str()).copied()).sum::<Option<u64>>();
        let is_fed = |step: &StepReport| given(step).is_none_or(|given| given == step.rows_in);
        self.steps.iter().all(|step| step.kind == "source" || (is_even(step) && is_fed(step)))
    }
}

/// The limits of a step's calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LimitsReport {
    /// Linear memory of an instance, in bytes.
    pub memory: u64,
    /// Wall time of a call, in seconds; none where it has no end.
    pub seconds: Option<f64>,
    /// Bytes that a call may hand back.
    pub output: u64,
    /// Rows that a call may hand back.
    pub output_rows: u64,
    /// Bytes that a call may say to the log.
    pub log: u64,
    /// Elements of an instance's tables.
    #[serde(default)]
    pub tables: u64,
    /// Instances at once; none where each thread may have one.
    #[serde(default)]
    pub instances: Option<u64>,
    /// Rows that the step may reject or fail on in a run; none where there is no bound.
    #[serde(default)]
    pub rejected_rows: Option<u64>,
    /// The size of the plugin's file, in bytes.
    #[serde(default)]
    pub component: u64,
    /// Wall time of compiling it, in seconds.
    #[serde(default)]
    pub compile_seconds: f64,
}

/// A file that was written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OutputReport {
    /// The sink's id, or the data set's name.
    pub name: String,
    /// `train` or `test`, for data sets.
    pub split: Option<String>,
    /// The file; `-` is standard output.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
    /// Whether no step comes after it.
    pub is_leaf: bool,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Their types, as in `int64`.
    #[serde(default)]
    pub types: Vec<String>,
    /// Its first rows, as JSON objects; at most three, and of long texts the beginning.
    pub samples: Vec<serde_json::Value>,
}

/// What one step did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StepReport {
    /// The step's id.
    pub id: String,
    /// As in [`PlannedStep::kind`](crate::PlannedStep::kind).
    pub kind: String,
    /// Where its rows came from: ids of steps, `id.branch` for branches.
    pub inputs: Vec<String>,
    /// What it uses: `text/normalise`, a path, an expression.
    pub uses: String,
    /// SHA-256 of the plugin's file, for steps that use one.
    pub digest: Option<String>,
    /// Rows that came to it.
    pub rows_in: u64,
    /// Rows that it passed on.
    pub rows_out: u64,
    /// Input rows that no output row came from, by the step's own decision.
    pub dropped: u64,
    /// Output rows beyond the first of their input row.
    pub repeated: u64,
    /// Input rows that became a part of another one's output row, in a join.
    pub merged: u64,
    /// Input rows that it would not answer for, or failed on: they are in the quarantine.
    pub rejected: u64,
    /// How many of them it failed on.
    #[serde(default)]
    pub failed: u64,
    /// Input rows that it failed on and that were left out, as the pipeline says.
    #[serde(default)]
    pub skipped: u64,
    /// What its calls took at most, where it is a plugin's.
    #[serde(default)]
    pub peak: Peak,
    /// What they might have taken.
    #[serde(default)]
    pub limits: Option<LimitsReport>,
    /// Bytes that it said to the log, and those beyond its limit that nobody heard.
    #[serde(default)]
    pub log: (u64, u64),
    /// Bytes that went into the sandbox; of a sink, what it was given to write, before Parquet's and Arrow's own encoding.
    pub bytes_in: u64,
    /// Calls into the sandbox, and answers that were kept from before.
    pub calls: u64,
    /// How many of them were answers kept from before.
    pub cached: u64,
    /// Time in it, all threads together, in seconds.
    pub seconds: f64,
}

/// What one thread counted of a step; added up when the threads are done.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    pub(crate) dropped: u64,
    pub(crate) repeated: u64,
    #[serde(default)]
    pub(crate) merged: u64,
    pub(crate) rejected: u64,
    pub(crate) bytes_in: u64,
    pub(crate) calls: u64,
    #[serde(default)]
    pub(crate) cached: u64,
    pub(crate) time: Duration,
    #[serde(default)]
    pub(crate) failed: u64,
    #[serde(default)]
    pub(crate) skipped: u64,
    #[serde(default)]
    pub(crate) log_bytes: u64,
    #[serde(default)]
    pub(crate) log_dropped: u64,
    /// The most that one call took.
    #[serde(default)]
    pub(crate) peak: Peak,
}

/// A model that steps asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ModelReport {
    /// What the pipeline calls it.
    pub name: String,
    /// What its server calls it.
    pub model: String,
    /// Requests under way; none at the end of a run.
    #[serde(skip)]
    pub in_flight: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Answers that were there from before, and cost nothing.
    pub kept: u64,
    /// Tries that failed and were made again.
    pub retried: u64,
    /// Requests that have no answer.
    pub failed: u64,
    /// Answers that were asked for again because they were not as their schema says.
    pub repaired: u64,
    /// Answers that were not as their schema says in the end.
    pub mismatched: u64,
    /// Tokens of what was asked.
    pub input_tokens: u64,
    /// Tokens of what was answered.
    pub output_tokens: u64,
    /// Of these, how many in a second of the run.
    pub output_tokens_per_second: f64,
    /// What half of the answers took at the most, in milliseconds.
    pub latency_p50_ms: Option<u64>,
    /// What 95 of 100 took at the most.
    pub latency_p95_ms: Option<u64>,
    /// What 99 of 100 took at the most.
    pub latency_p99_ms: Option<u64>,
    /// Money, where the pipeline says prices.
    pub cost: Option<f64>,
}

/// The most that any call into a step took.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Peak {
    /// Linear memory of its instance, in bytes.
    pub memory: u64,
    /// Elements of its tables.
    #[serde(default)]
    pub tables: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// Bytes that it handed back.
    pub output: u64,
    /// Rows that it handed back.
    pub output_rows: u64,
    /// Bytes that it said to the log.
    pub log: u64,
}

impl Peak {
    fn rise(&mut self, other: &Self) {
        self.memory = self.memory.max(other.memory);
        self.tables = self.tables.max(other.tables);
        self.seconds = self.seconds.max(other.seconds);
        self.output = self.output.max(other.output);
        self.output_rows = self.output_rows.max(other.output_rows);
        self.log = self.log.max(other.log);
    }
}

impl Count {
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.dropped += other.dropped;
        self.repeated += other.repeated;
        self.merged += other.merged;
        self.rejected += other.rejected;
        self.bytes_in += other.bytes_in;
        self.calls += other.calls;
        self.cached += other.cached;
        self.time += other.time;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.log_bytes += other.log_bytes;
        self.log_dropped += other.log_dropped;
        self.peak.rise(&other.peak);
    }

    /// Books what a call took that answered with so many rows.
    pub(crate) fn spend(&mut self, spent: &Spent, rows: usize) {
        self.bytes_in += spent.bytes_in as u64;
        self.log_bytes += spent.used.log_bytes;
        self.log_dropped += spent.used.log_dropped;
        self.peak.rise(&Peak {
            memory: spent.memory as u64,
            tables: spent.tables as u64,
            seconds: spent.time.as_secs_f64(),
            output: spent.bytes_out as u64,
            output_rows: rows as u64,
            log: spent.used.log_bytes,
        });
    }
}

/// A run as it goes, to be watched and stopped from other threads.
#[derive(Debug, Default)]
pub struct Progress {
    stop: AtomicBool,
    bytes_read: AtomicU64,
    bytes_total: AtomicU64,
    rows_read: AtomicU64,
    rows_done: AtomicU64,
    kept: AtomicBool,
    /// Not its owner: who watches a run does not hold open what it keeps.
    models: OnceLock<Weak<Models>>,
}

impl Progress {
    /// Asks the run to stop. It ends with [`Error::Stopped`](crate::Error::Stopped) as soon as the batches under way are done; no output appears.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked the run to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Bytes of the input read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes of the input in all, where that is known.
    pub fn bytes_total(&self) -> Option<u64> {
        Some(self.bytes_total.load(Ordering::Relaxed)).filter(|total| *total > 0)
    }

    /// Rows read so far.
    pub fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::Relaxed)
    }

    /// Rows that have come to an end so far.
    pub fn rows_done(&self) -> u64 {
        self.rows_done.load(Ordering::Relaxed)
    }

    /// The models that are asked, and what was answered so far.
    pub fn models(&self) -> Vec<ModelReport> {
        self.models.get().and_then(Weak::upgrade).map(|models| models.report()).unwrap_or_default()
    }

    pub(crate) fn set_models(&self, models: &Arc<Models>) {
        // A run has one pipeline.
        let _ = self.models.set(Arc::downgrade(models));
    }

    /// Whether a run that failed or was stopped left something to go on with.
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    pub(crate) fn set_kept(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_bytes(&self, (read, total): (u64, Option<u64>)) {
        self.bytes_read.store(read, Ordering::Relaxed);
        self.bytes_total.store(total.unwrap_or(0), Ordering::Relaxed);
    }

    pub(crate) fn add_read(&self, rows: u64) {
        self.rows_read.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_done(&self, rows: u64) {
        self.rows_done.fetch_add(rows, Ordering::Relaxed);
    }
}
