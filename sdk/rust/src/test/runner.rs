use super::{TestBatch, TestOutput};
use crate::plugin::{Opened, RawOutput};
use crate::{AnyArray, Entry, Fault, Field, Kind, Plugin, Result, Step, check};

/// An opened step, called as the host calls it.
pub struct Runner {
    opened: Opened,
    kind: Kind,
    /// Rows that were sent so far, which is what a global step counts over.
    sent: usize,
}

/// Opens a step for a batch and runs it.
pub fn run<S: Step>(params: impl ToString, batch: TestBatch) -> Result<TestOutput> {
    Runner::open::<S>(params, &batch.fields())?.run(batch)
}

impl Runner {
    /// Opens a step: `params` is a JSON object (as text, or as `serde_json::json!` makes it), `fields` are those of the
    /// data.
    pub fn open<S: Step>(params: impl ToString, fields: &[Field]) -> Result<Self> {
        Self::open_in(&Plugin::new(vec![Entry::of::<S>()]), S::NAME, params, fields)
    }

    /// Opens a step of a plugin by its name.
    pub fn open_in(plugin: &Plugin, step: &str, params: impl ToString, fields: &[Field]) -> Result<Self> {
        let opened = plugin.open(step, &params.to_string(), fields.to_vec())?;
        let entry = plugin.steps().iter().find(|entry| entry.name() == step);
        Ok(Self { opened, kind: entry.map(|entry| entry.manifest().kind).unwrap_or_default(), sent: 0 })
    }

    /// The names of the columns that the step takes.
    pub fn inputs(&self) -> Vec<&str> {
        self.opened.schema.inputs.iter().map(|field| field.name.as_str()).collect()
    }

    /// The columns that the step makes.
    pub fn outputs(&self) -> &[Field] {
        &self.opened.schema.outputs
    }

    /// One batch. Panics where it has not the columns that the step was opened for.
    pub fn run(&mut self, batch: TestBatch) -> Result<TestOutput> {
        let arrays = batch.raw(&self.opened.schema.inputs);
        let output = self.opened.process(batch.len() as u32, arrays)?;
        self.sent += batch.len();
        match self.kind {
            Kind::Global if output.length > 0 => Err(Fault::plugin("a global step answers in `finish`")),
            Kind::Global => self.checked(output, None),
            Kind::Source if output.length as usize > batch.len() => Err(Fault::plugin("more rows than were wanted")),
            Kind::Source => self.checked(output, None),
            Kind::Transform | Kind::Ordered => self.checked(output, Some(batch.len())),
        }
    }

    /// What comes after the last batch; none when there is no more.
    pub fn finish(&mut self) -> Result<Option<TestOutput>> {
        let output = self.opened.finish()?;
        output.map(|output| self.checked(output, Some(self.sent))).transpose()
    }

    /// Believes an output only after it was looked at; `input`: the rows that its row numbers are of.
    fn checked(&self, raw: RawOutput, input: Option<usize>) -> Result<TestOutput> {
        let lie = |what: String| Fault::plugin(format!("the output breaks the contract: {what}"));
        if let Some(input) = input {
            check::rows(&raw, input, self.opened.schema.rows_any).map_err(lie)?;
        }
        let mut arrays = raw.arrays.into_iter();
        let mut columns = Vec::new();
        for field in self.outputs() {
            let array = AnyArray::lift(&field.data_type, &mut arrays)?;
            check::array(&array).map_err(lie)?;
            if array.len != raw.length as usize {
                return Err(lie(format!("column `{}` has {} rows of {}", field.name, array.len, raw.length)));
            }
            columns.push((field.name.clone(), array));
        }
        let rows = raw.rows.map(|bytes| bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect());
        Ok(TestOutput { len: raw.length as usize, columns, rows, rejected: raw.rejected })
    }
}
