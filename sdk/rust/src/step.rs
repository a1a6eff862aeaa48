use crate::{Batch, Output, Params, Result, Schema};

/// A step: a struct that holds what `open` settled, and answers batches.
///
/// It is a pure function of what it is given. Each instance of the component is one opened step.
pub trait Step: Sized + 'static {
    /// What a pipeline calls it: `plugin/name`.
    const NAME: &str;
    /// What it does, in a line.
    const SUMMARY: &str;
    /// How its batches hang together.
    const KIND: Kind = Kind::Transform;
    /// The columns that it always knows by name; it may take others that its parameters name.
    const COLUMNS: &[Column] = &[];
    /// What can be set: [`NoParams`](crate::NoParams), or a struct of [`params!`](crate::params).
    type Params: Params;

    /// Settles parameters and columns. Pure: the same arguments declare the same columns.
    fn open(params: Self::Params, schema: &mut Schema) -> Result<Self>;

    /// Answers a batch of the columns that `open` took.
    fn process(&mut self, batch: &Batch) -> Result<Output>;

    /// Global steps: called after the last batch until it answers none.
    fn finish(&mut self) -> Result<Option<Output>> {
        Ok(None)
    }
}

/// How the batches of a step hang together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Batch in, batch out. Any instance may get any batch, in any order: no state that matters between batches.
    #[default]
    Transform,
    /// Streams like a transform, but one instance sees every batch, in order.
    Ordered,
    /// Consumes every batch (`process` answers [`Output::empty`]), then answers in `finish`.
    Global,
    /// Makes rows: `process` gets a batch without columns whose length is the most rows wanted; [`Output::empty`] ends it.
    Source,
}

/// A column that a step knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Accepted types, best first: `"utf8"`, `"list<utf8>"`; a word alone (`"list"`, `"timestamp"`) accepts all of its
    /// kind, and none at all accepts everything. The host converts losslessly to the first that it can.
    pub data_types: &'static [&'static str],
    /// Whether the step cannot do without.
    pub required: bool,
    /// What it holds, in a line.
    pub summary: &'static str,
}

impl Column {
    /// A column that the step cannot do without.
    pub const fn required(name: &'static str, data_types: &'static [&'static str], summary: &'static str) -> Self {
        Self { name, data_types, required: true, summary }
    }

    /// A column that the step takes where the data has it.
    pub const fn optional(name: &'static str, data_types: &'static [&'static str], summary: &'static str) -> Self {
        Self { name, data_types, required: false, summary }
    }
}
