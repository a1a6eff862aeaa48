//! Expressions over columns, for `where:` and `compute:`. They run on the host as Arrow kernels over whole columns: no sandbox
//! call, and nothing is allocated per row.
//!
//! The parser is a small one of our own because `sqlparser` takes exponential time on some unfinished inputs (0.60: 16 ×
//! `position(` takes 243 s) and cannot name columns such as `interval` or `struct`.
//!
#![doc = include_str!("../../../docs/expressions.md")]

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Schema};
use thiserror::Error;

use evaluate::Evaluation;
use term::Term;

mod coerce;
mod evaluate;
mod function;
mod lex;
mod parse;
mod term;
mod text;

#[cfg(test)]
mod tests;

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    root: Term,
    columns: Vec<String>,
}

/// What is wrong with an expression, by itself or over some columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// The byte of the expression's text where it is.
    pub offset: Option<usize>,
    /// How many bytes from there are meant.
    pub len: usize,
    /// What to do.
    pub help: Option<String>,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let root = parse::parse(text)?;
        let mut columns = Vec::new();
        root.columns(&mut |name| {
            if !columns.iter().any(|column| column == name) {
                columns.push(name.to_owned());
            }
        });
        Ok(Self { text: text.to_owned(), root, columns })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns it reads, each once, in the order in which they are first named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// The type of its result over these columns; the error is what is wrong whatever the rows are.
    pub fn data_type(&self, schema: &Schema) -> Result<DataType, ExpressionError> {
        // The one way to be sure that `check` and `run` agree: run it over no rows.
        let nothing = RecordBatch::new_empty(schema.clone().into());
        Ok(self.evaluate(&nothing)?.data_type().clone())
    }

    /// Checks that over these columns it is true or false, as `where` wants.
    pub fn check_filter(&self, schema: &Schema) -> Result<(), ExpressionError> {
        self.filter(&RecordBatch::new_empty(schema.clone().into())).map(drop)
    }

    /// Its value for every row.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef, ExpressionError> {
        Evaluation::new(&self.text).array(&self.root, batch)
    }

    /// Whether it is true, for every row: null counts as false, and the result has no nulls.
    pub fn filter(&self, batch: &RecordBatch) -> Result<BooleanArray, ExpressionError> {
        Evaluation::new(&self.text).filter(&self.root, batch)
    }
}
