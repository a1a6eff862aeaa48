//! The steps of a plugin behind one face: what the component exports, and what native tests call.

use crate::array::RawArray;
use crate::{AnyArray, Batch, Column, Fault, Field, Kind, Output, Params, Rejection, Result, Schema, Step};

/// Exports the steps of a plugin, once in a crate: `register!(Upper, Lower);`.
///
/// It makes a function `plugin() -> Plugin` and, in a component, the exports of the contract.
#[macro_export]
macro_rules! register {
    ($($step:ty),+ $(,)?) => {
        /// The steps of this plugin.
        #[allow(unreachable_pub)]
        pub fn plugin() -> $crate::Plugin {
            $crate::Plugin::new(vec![$($crate::Entry::of::<$step>()),+])
        }

        // SAFETY: one name in a component, and the SDK declares it with this type.
        #[cfg(target_family = "wasm")]
        #[unsafe(no_mangle)]
        extern "Rust" fn __stillroom_plugin() -> $crate::Plugin {
            plugin()
        }
    };
}

/// The steps of a plugin.
#[derive(Debug)]
pub struct Plugin {
    entries: Vec<Entry>,
}

/// A step that can be opened.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    name: &'static str,
    manifest: fn() -> Manifest,
    open: Open,
}

type Open = fn(&str, &mut Schema) -> Result<Box<dyn AnyStep>>;

/// What a step says of itself before it knows parameters or data.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in the trait `Step`")]
pub struct Manifest {
    pub name: &'static str,
    pub kind: Kind,
    pub summary: &'static str,
    /// JSON Schema (draft 2020-12).
    pub params: String,
    pub columns: &'static [Column],
}

impl Plugin {
    /// Of its steps.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// All steps.
    pub fn steps(&self) -> &[Entry] {
        &self.entries
    }

    /// Opens a step: `params` is a JSON object, `fields` are those of the data.
    pub(crate) fn open(&self, step: &str, params: &str, fields: Vec<Field>) -> Result<Opened> {
        let entry = self.entries.iter().find(|entry| entry.name == step);
        let entry = entry.ok_or_else(|| Fault::params(format!("this plugin has no step `{step}`")))?;
        let mut schema = Schema::new(fields);
        let step = (entry.open)(params, &mut schema)?;
        Ok(Opened { step, schema })
    }
}

impl Entry {
    /// Of a step's type.
    pub fn of<S: Step>() -> Self {
        Self { name: S::NAME, manifest: manifest::<S>, open: open::<S> }
    }

    /// What pipelines call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it says of itself.
    pub fn manifest(&self) -> Manifest {
        (self.manifest)()
    }
}

fn manifest<S: Step>() -> Manifest {
    let (name, kind, summary, columns) = (S::NAME, S::KIND, S::SUMMARY, S::COLUMNS);
    Manifest { name, kind, summary, params: S::Params::schema(), columns }
}

fn open<S: Step>(params: &str, schema: &mut Schema) -> Result<Box<dyn AnyStep>> {
    let params = S::Params::from_json(params)?;
    S::open(params, schema).map(|step| Box::new(step) as Box<dyn AnyStep>)
}

trait AnyStep {
    fn kind(&self) -> Kind;
    fn process(&mut self, batch: &Batch) -> Result<Output>;
    fn finish(&mut self) -> Result<Option<Output>>;
}

impl<S: Step> AnyStep for S {
    fn kind(&self) -> Kind {
        S::KIND
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        Step::process(self, batch)
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        Step::finish(self)
    }
}

/// A step between `open` and its end.
pub(crate) struct Opened {
    step: Box<dyn AnyStep>,
    pub(crate) schema: Schema,
}

/// An output as it crosses.
pub(crate) struct RawOutput {
    pub(crate) length: u32,
    pub(crate) arrays: Vec<RawArray>,
    pub(crate) rows: Option<Vec<u8>>,
    pub(crate) rejected: Vec<Rejection>,
}

impl Opened {
    pub(crate) fn process(&mut self, length: u32, arrays: Vec<RawArray>) -> Result<RawOutput> {
        let batch = Batch::lift(length, arrays, &self.schema.inputs)?;
        let output = self.step.process(&batch).map_err(Fault::after_open)?;
        // The batch goes first: columns that are handed on are then the last to have their buffers, and give them away.
        drop(batch);
        // A global step has no rows before the end; where it makes no column either, nothing else would tell.
        self.lower(output, if self.step.kind() == Kind::Global { 0 } else { length })
    }

    pub(crate) fn finish(&mut self) -> Result<Option<RawOutput>> {
        let output = self.step.finish().map_err(Fault::after_open)?;
        output.map(|output| self.lower(output, 0)).transpose()
    }

    fn lower(&self, mut output: Output, batch: u32) -> Result<RawOutput> {
        let outputs = &self.schema.outputs;
        if output.columns.is_empty() && output.rows.as_ref().is_none_or(Vec::is_empty) {
            output.columns = outputs.iter().map(|field| AnyArray::all_null(field.data_type.clone(), 0)).collect();
            output.rows = self.schema.rows_any.then(Vec::new);
        }
        check_types(outputs, &output.columns)?;
        let rows = output.rows.map(|rows| (rows.len() as u32, bytemuck::cast_slice(&rows).to_vec()));
        let length = output.columns.first().map(|column| column.len as u32);
        let length = length.or(rows.as_ref().map(|rows| rows.0)).unwrap_or(batch);
        let mut arrays = Vec::new();
        output.columns.into_iter().for_each(|column| column.lower(&mut arrays));
        Ok(RawOutput { length, arrays, rows: rows.map(|rows| rows.1), rejected: output.rejected })
    }
}

/// Types do not cross with an output, so the host could take eight bytes of one for those of another.
fn check_types(signed: &[Field], made: &[AnyArray]) -> Result<()> {
    if signed.len() != made.len() {
        return Err(Fault::plugin(format!("{} columns were declared and {} made", signed.len(), made.len())));
    }
    match signed.iter().zip(made).find(|(field, column)| field.data_type != column.data_type) {
        Some((field, column)) => Err(Fault::plugin(format!(
            "column `{}` was declared {} and made {}",
            field.name, field.data_type, column.data_type
        ))),
        None => Ok(()),
    }
}
