//! Taking rows through a step.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::rows::Rows;
use crate::component::kind_text;
use crate::contract::v0_1::Kind;
use crate::error::{Blame, Result};
use crate::instance::{Answer, At, Failure, Instance};
use crate::plan::Call;
use crate::run::generate;
use crate::worker::{arrow, inputs, outcome, step_error};

/// An opened step.
pub struct Trial {
    call: Call,
}

/// How rows come to a step.
#[derive(Debug, Clone, Copy)]
pub struct Batching {
    /// The most rows of a batch.
    pub rows: usize,
    /// Whether each batch goes to an instance of its own; transforms only, the others have state.
    pub fresh: bool,
}

/// What came out of a step.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rows behind it, with all their columns.
    pub rows: Rows,
    /// Rows that it rejected, by their places in the input, with the reason.
    pub rejected: Vec<(u64, String)>,
}

impl Batching {
    /// All rows in one batch.
    pub fn whole() -> Self {
        Self { rows: usize::MAX, fresh: false }
    }
}

impl Trial {
    pub(super) fn new(call: Call) -> Self {
        Self { call }
    }

    pub(super) fn call(&self) -> &Call {
        &self.call
    }

    /// `transform`, `ordered`, `global` or `source`.
    pub fn kind(&self) -> &'static str {
        kind_text(self.call.opened.kind)
    }

    /// Takes rows through the step. Where there are none it gets one batch of none.
    ///
    /// # Errors
    /// [`StepError`](crate::error::StepError): what it failed with.
    pub fn run(&self, input: &Rows, batching: Batching) -> Result<Outcome> {
        match self.call.opened.kind {
            Kind::Global => self.consume(input.batch(), batching.rows.max(1)),
            _ => self.stream(input.batch(), batching),
        }
    }

    /// Asks a step that makes rows for so many of them, at most `batch` at once.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn make(&self, rows: usize, batch: usize) -> Result<Outcome> {
        let (mut instance, mut made, mut left) = (None, Vec::new(), rows);
        while left > 0 {
            let wanted = left.min(batch.max(1));
            let Some(rows) = generate(&self.call, &mut instance, wanted, made.len() as u64)? else { break };
            left -= rows.num_rows();
            made.push(rows);
        }
        self.outcome(&made, Vec::new())
    }

    fn stream(&self, input: &RecordBatch, batching: Batching) -> Result<Outcome> {
        let is_fresh = batching.fresh && self.call.opened.kind == Kind::Transform;
        let (mut live, mut made, mut rejected) = (None, Vec::new(), Vec::new());
        for (number, batch) in batches(input, batching.rows.max(1)).enumerate() {
            let first = (number * batching.rows.max(1).min(input.num_rows())) as u64;
            if is_fresh || live.as_ref().is_some_and(|live| self.is_spent(live)) {
                live = None;
            }
            let instance = match &mut live {
                Some(instance) => instance,
                none => none.insert(self.instance()?),
            };
            let answer = self.ask(instance, &batch, number as u64)?;
            rejected.extend(answer.rejected.iter().map(|(row, why)| (first + u64::from(*row), why.clone())));
            self.keep(&batch, answer, &mut made)?;
        }
        self.outcome(&made, rejected)
    }

    fn consume(&self, input: &RecordBatch, size: usize) -> Result<Outcome> {
        let mut instance = self.instance()?;
        for (number, batch) in batches(input, size).enumerate() {
            let answer = self.ask(&mut instance, &batch, number as u64)?;
            if answer.rows > 0 || !answer.rejected.is_empty() {
                let why = Failure::new(Blame::Contract, "a global step answers in `finish`, not in `process`");
                return Err(step_error(&self.call, number as u64, batch.num_rows(), why));
            }
        }
        let (mut made, mut rejected) = (Vec::new(), Vec::new());
        let rows = input.num_rows();
        let fail = |failure| step_error(&self.call, 0, rows, failure);
        while let Some(answer) = instance.finish(rows).map_err(fail)? {
            rejected.extend(answer.rejected.iter().map(|(row, why)| (u64::from(*row), why.clone())));
            self.keep(input, answer, &mut made)?;
        }
        self.outcome(&made, rejected)
    }

    fn instance(&self) -> Result<Instance> {
        Instance::open(&self.call.opening).map_err(|failure| step_error(&self.call, 0, 0, failure))
    }

    /// As in a run: an instance that has grown gets no more batches, unless it has state.
    fn is_spent(&self, instance: &Instance) -> bool {
        self.call.opened.kind == Kind::Transform && instance.is_bloated()
    }

    fn ask(&self, instance: &mut Instance, batch: &RecordBatch, number: u64) -> Result<Answer> {
        let at = At { item: number, first_row: 0 };
        let answer = inputs(&self.call, batch).and_then(|columns| instance.process(batch.num_rows(), &columns, at));
        answer.map_err(|failure| step_error(&self.call, number, batch.num_rows(), failure))
    }

    /// What was carried along stands beside what was made, as in a run.
    fn keep(&self, batch: &RecordBatch, answer: Answer, made: &mut Vec<RecordBatch>) -> Result<()> {
        let mut outcome = outcome(&self.call, batch, answer)?;
        while let Some(piece) = outcome.pieces.next_piece(&self.call, batch)? {
            made.push(piece);
        }
        Ok(())
    }

    fn outcome(&self, made: &[RecordBatch], rejected: Vec<(u64, String)>) -> Result<Outcome> {
        let rows = Rows::of(concat_batches(&self.call.schema, made).map_err(arrow)?);
        Ok(Outcome { rows, rejected })
    }
}

/// The rows in batches; one of no rows where there are none.
pub(super) fn batches(rows: &RecordBatch, size: usize) -> impl Iterator<Item = RecordBatch> {
    let count = rows.num_rows();
    (0..count.max(1)).step_by(size).map(move |start| rows.slice(start, size.min(count - start)))
}
