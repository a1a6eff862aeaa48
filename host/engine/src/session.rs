//! One step of a plugin, opened and called by hand: for tests and benchmarks, and for programs that have their own batches.

use arrow_array::ArrayRef;
use arrow_schema::{Field, Schema};

use crate::component::Plugin;
use crate::contract::data_type;
use crate::error::{Blame, Error, Result, StepError};
use crate::instance::{Answer, At, Failure, Instance, Opening};
use crate::limits::Brake;

/// A live, opened step. It belongs to one thread.
pub struct Session {
    instance: Instance,
    uses: String,
    calls: u64,
}

/// What a step answered to a batch.
#[derive(Debug)]
pub struct Answered {
    /// The columns it made, as signed.
    pub columns: Vec<ArrayRef>,
    /// How many rows they have.
    pub rows: usize,
    /// The input row of each output row; `None`: the same rows.
    pub origins: Option<Vec<u32>>,
    /// Rejected rows with the reason; where `origins` is none they still have their place in the columns.
    pub rejected: Vec<(u32, String)>,
}

impl Session {
    /// Opens a step with its parameters (a JSON object) over data of this schema.
    ///
    /// # Errors
    /// [`StepError`] with what the step said, or what was wrong with what it said.
    pub fn open(plugin: &Plugin, step: &str, params: &str, schema: &Schema) -> Result<Self> {
        let field =
            |field: &Field| Some((field.name().clone(), data_type::to_text(field.data_type())?, field.is_nullable()));
        let fields = schema.fields().iter().filter_map(|f| field(f)).collect();
        let opening = Opening {
            plugin: plugin.clone(),
            id: step.to_owned(),
            step: step.to_owned(),
            params: params.to_owned(),
            fields,
            limits: plugin.code().engine.options.limits,
            seed: 0,
            models: std::sync::Arc::default(),
            brake: Brake::default(),
            signed: None,
        };
        let uses = format!("{}/{step}", plugin.name());
        let instance = Instance::open(&opening).map_err(|failure| error(&uses, 0, 0, failure))?;
        Ok(Self { instance, uses, calls: 0 })
    }

    /// The input columns that [`call`](Self::call) takes, in order.
    pub fn inputs(&self) -> &[String] {
        &self.instance.opened().inputs
    }

    /// The columns that it makes.
    pub fn outputs(&self) -> &[Field] {
        &self.instance.opened().outputs
    }

    /// One batch of `rows` rows: the columns of [`inputs`](Self::inputs), each of that length.
    ///
    /// # Errors
    /// [`StepError`]: the step's own fault, a trap, or an answer that breaks the contract. After a trap the session is dead.
    pub fn call(&mut self, rows: usize, columns: &[ArrayRef]) -> Result<Answered> {
        let answer = self.instance.process(rows, columns, At { item: self.calls, first_row: 0 });
        let Answer { columns, rows, origins, rejected, .. } =
            answer.map_err(|failure| error(&self.uses, self.calls, rows, failure))?;
        self.calls += 1;
        Ok(Answered { columns, rows, origins, rejected })
    }
}

fn error(uses: &str, batch: u64, rows: usize, failure: Failure) -> Error {
    let Failure { blame, message, backtrace, params, .. } = failure;
    let blame = if params { Blame::Data } else { blame };
    StepError {
        step: uses.to_owned(),
        uses: uses.to_owned(),
        batch,
        first_row: 0,
        rows: rows as u64,
        blame,
        message,
        backtrace,
        help: None,
    }
    .into()
}
