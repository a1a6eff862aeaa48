use crate::{AnyArray, Build};

/// What a step answers to a batch: its columns in the order in which `open` declared them.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub(crate) columns: Vec<AnyArray>,
    pub(crate) rows: Option<Vec<u32>>,
    pub(crate) rejected: Vec<Rejection>,
}

/// A row that a step will not answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Row of the input batch (global: counted over all that was consumed).
    pub row: u32,
    /// Why, for the person who looks into the quarantine.
    pub reason: String,
}

impl Output {
    /// No rows: what a global step answers while it consumes, and a source at its end.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The first column.
    pub fn of(column: impl Build) -> Self {
        Self::empty().with(column)
    }

    /// The rows to keep, where a step makes no columns: a filter.
    pub fn of_rows(rows: Vec<u32>) -> Self {
        Self::empty().rows(rows)
    }

    /// One column more.
    #[must_use]
    pub fn with(mut self, column: impl Build) -> Self {
        self.columns.push(column.build());
        self
    }

    /// For each output row the input row that it came from (global: counted over all that was consumed). The step has
    /// declared [`Schema::rows_any`](crate::Schema::rows_any).
    #[must_use]
    pub fn rows(mut self, rows: Vec<u32>) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Leaves a row to the quarantine. Where the step makes any number of rows, [`rows`](Self::rows) leaves it out;
    /// elsewhere it has its place in the columns, whose value is ignored.
    #[must_use]
    pub fn reject(mut self, row: u32, reason: impl Into<String>) -> Self {
        self.rejected.push(Rejection { row, reason: reason.into() });
        self
    }

    /// Leaves several rows to the quarantine.
    #[must_use]
    pub fn rejecting(mut self, rejected: impl IntoIterator<Item = Rejection>) -> Self {
        self.rejected.extend(rejected);
        self
    }
}
