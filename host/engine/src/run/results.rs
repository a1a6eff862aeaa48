//! Which steps' results are kept between runs, and whether it is worth it.
//!
//! A result costs something to keep: its input is digested, itself compressed and written. Where a step is about as fast
//! as that, it is quicker to do its work again. So by default a step's results are kept once computing them has been seen
//! to cost [`WORTH`] times what keeping them does: keeping then takes a tenth of the step's own time at most. A step whose
//! results are there from an earlier run is looked up from its first batch on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow_array::{Array, ArrayRef};

use crate::cache::{About, Expected, InputKey, Kept, ResultCache, StepKey, digest_columns};
use crate::contract::VERSIONS;
use crate::instance::{Answer, Spent};
use crate::pipeline::Pipeline;
use crate::plan::Call;

/// How many times dearer than keeping a result its making must be.
const WORTH: f64 = 10.0;

/// What keeping costs, in nanoseconds: a byte of input to digest, a byte of the result to compress and write, and each file
/// by itself. Measured on two cores (cache/tests/measure.rs), rounded up.
const DIGEST_BYTE: f64 = 0.7;
const KEEP_BYTE: f64 = 6.0;
const KEEP_FILE: f64 = 150_000.0;

/// Time that a step must have taken before it is judged.
const LOOK_AT: Duration = Duration::from_millis(20);

/// Results kept between runs.
#[derive(Debug, Clone)]
pub struct Results {
    /// Where they are kept.
    pub cache: Arc<ResultCache>,
    /// Keeps the results of every step that can be kept; otherwise of those that are worth it and those that the pipeline
    /// names (`cache: true`).
    pub always: bool,
}

/// The results of one step.
pub(crate) struct Keep {
    cache: Arc<ResultCache>,
    key: StepKey,
    about: About,
    /// Whether they are kept whatever that costs.
    is_always: bool,
    /// Whether some are there from before.
    is_known: bool,
    /// Nanoseconds that computing took, and that keeping would have.
    computing: AtomicU64,
    keeping: AtomicU64,
}

/// What was found for an input.
pub(crate) enum Found {
    /// The results of this step are not looked up.
    Unwanted,
    /// None: it is to be kept under this key.
    Nothing(InputKey),
    Answer(Box<Answer>),
}

impl Keep {
    /// The results of a step; none where they are not to be kept.
    pub(crate) fn new(results: &Results, call: &Call, pipeline: &Pipeline) -> Option<Self> {
        let (opening, opened) = (&call.opening, &call.opened);
        // What it answers may hang on a file, a server or the time of day: somebody has to say that it does not.
        let is_wanted = call.cache.unwrap_or_else(|| opening.plugin.is_pure());
        if !is_wanted {
            return None;
        }
        // A step is shown the names and types of all columns that it may sign for: what it answers may hang on them.
        let inputs = format!("{:?} {:?}", opening.fields, opened.inputs);
        let outputs = format!("{:?} {}", opened.outputs, opened.any_rows);
        let contract = VERSIONS.join(" ");
        let seed = if opening.plugin.code().hangs_on_seed { opening.seed.to_string() } else { String::new() };
        // A variable that is granted no longer must not come out of what was kept.
        let grants = match opening.plugin.is_pure() {
            true => String::new(),
            false => {
                let grants = opening.plugin.grants();
                format!("{grants:?} {:?}", grants.env.as_ref().map(|env| &env.0))
            }
        };
        let parts = [
            grants.as_bytes(),
            opening.plugin.digest().as_bytes(),
            contract.as_bytes(),
            opening.step.as_bytes(),
            opening.params.as_bytes(),
            inputs.as_bytes(),
            outputs.as_bytes(),
            seed.as_bytes(),
        ];
        let key = results.cache.step(&parts);
        let params = pipeline.redact(&opening.params).into_owned();
        let about = About {
            step: opening.step.clone(),
            plugin: opening.plugin.name().to_owned(),
            digest: opening.plugin.digest().to_owned(),
            contract,
            params: serde_json::from_str(&params).unwrap_or_default(),
            created: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |time| time.as_secs()),
        };
        Some(Self {
            is_known: results.cache.knows(&key),
            cache: results.cache.clone(),
            key,
            about,
            is_always: results.always || call.cache == Some(true),
            computing: AtomicU64::new(0),
            keeping: AtomicU64::new(0),
        })
    }

    /// Looks for the answer to these columns.
    pub(crate) fn find(&self, call: &Call, rows: usize, columns: &[ArrayRef], before: Option<&InputKey>) -> Found {
        if !self.is_wanted() {
            return Found::Unwanted;
        }
        match digest_columns(rows, columns, before) {
            Ok(input) => self.get(call, rows, input),
            Err(error) => {
                tracing::debug!(%error, "an input that has no digest");
                Found::Unwanted
            }
        }
    }

    /// Looks for the answer to an input that has been digested, over so many rows.
    pub(crate) fn get(&self, call: &Call, rows: usize, input: InputKey) -> Found {
        let expected = Expected { fields: &call.opened.outputs, rows_in: rows };
        match self.cache.get(&self.key, &input, expected) {
            None => Found::Nothing(input),
            Some(Kept { columns, rows, origins, rejected, .. }) => {
                Found::Answer(Box::new(Answer { columns, rows, origins, rejected, spent: Spent::default() }))
            }
        }
    }

    /// Whether results are looked up and kept now.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_always || self.is_known || self.is_worth_it()
    }

    fn is_worth_it(&self) -> bool {
        let computing = self.computing.load(Ordering::Relaxed);
        computing as u128 >= LOOK_AT.as_nanos()
            && computing as f64 >= WORTH * self.keeping.load(Ordering::Relaxed) as f64
    }

    /// Whether an answer of so many bytes that took so long to compute is worth keeping.
    pub(crate) fn is_worth_keeping(&self, bytes: u64, took: Duration) -> bool {
        let keeping = KEEP_FILE + KEEP_BYTE * bytes as f64;
        self.is_always || (took >= LOOK_AT && took.as_nanos() as f64 >= WORTH * keeping)
    }

    /// Keeps an answer that was computed since `start`, where it has a key; or notes what that took.
    pub(crate) fn keep(
        &self,
        call: &Call,
        columns: &[ArrayRef],
        answer: &Answer,
        key: Option<InputKey>,
        start: Instant,
    ) {
        let Some(input) = key else {
            let keeping = DIGEST_BYTE * bytes(columns) + KEEP_BYTE * bytes(&answer.columns) + KEEP_FILE;
            self.computing.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
            self.keeping.fetch_add(keeping as u64, Ordering::Relaxed);
            return;
        };
        let kept = Kept {
            columns: answer.columns.clone(),
            fields: call.opened.outputs.clone(),
            rows: answer.rows,
            origins: answer.origins.clone(),
            rejected: answer.rejected.clone(),
        };
        self.put(&input, &kept);
    }

    /// Keeps a result.
    pub(crate) fn put(&self, input: &InputKey, kept: &Kept) {
        match self.cache.put(&self.key, input, kept) {
            Ok(0) => {}
            Ok(_) => self.cache.describe(&self.key, &self.about),
            Err(error) => tracing::debug!(%error, "a result cannot be kept"),
        }
    }
}

fn bytes(columns: &[ArrayRef]) -> f64 {
    columns.iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0) as f64).sum()
}
