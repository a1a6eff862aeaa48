//! Expressions over columns, for `where:` and `compute:`. They run on the host as Arrow kernels over whole columns: no sandbox
//! call, and nothing is allocated per row.
//!
//! # Grammar
//!
//! A subset of SQL. Words may be in any case, but column names are taken as they are written.
//!
//! ```text
//! expression = expression "or" expression
//!            | expression "and" expression
//!            | "not" expression
//!            | value ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
//!            | value "is" ["not"] ("null" | "true" | "false" | "distinct from" value)
//!            | value ["not"] "in" "(" value {"," value} ")"
//!            | value ["not"] "between" value "and" value
//!            | value ["not"] ("like" | "ilike") value       % is any text, _ one character, \ escapes
//!            | value
//! value      = value ("+" | "-" | "||") value
//!            | value ("*" | "/" | "%") value
//!            | ("-" | "+") value
//!            | number | 'text' | "true" | "false" | "null"  a quote in text is doubled: 'it''s'
//!            | column | "column"                            in double quotes where it is not letters, digits and _
//!            | function "(" [expression {"," expression}] ")"
//!            | ("cast" | "try_cast") "(" expression "as" type ")"
//!            | "case" [value] {"when" expression "then" expression} ["else" expression] "end"
//!            | "(" expression ")"
//! type       = "bool" | "int" | "float" | "text" | "date" | "timestamp"
//! ```
//!
//! What stands higher binds less tightly. Two comparisons in a row, as in `1 < n < 5`, are refused.
//!
//! # Functions
//!
//! | function | result |
//! |---|---|
//! | `length(text)`, `length(list)` | characters; items |
//! | `octet_length(text)` | bytes of UTF-8 |
//! | `lower(text)`, `upper(text)`, `trim(text)` | text; `trim` takes white space off both ends |
//! | `contains(text, part)`, `starts_with(…)`, `ends_with(…)` | whether it does |
//! | `regexp_like(text, 'pattern')` | whether the pattern is found; the syntax is that of Rust's `regex`, without backtracking |
//! | `abs(n)`, `round(x)`, `round(x, digits)`, `floor(x)`, `ceil(x)` | half is rounded away from zero |
//! | `coalesce(a, b, …)` | the first that is not null |
//! | `nullif(a, b)` | null where both are equal, else `a` |
//!
//! # Meaning
//!
//! - **Null**: an operator or function over null is null; `and`, `or` and `not` know three values (Kleene); `where` keeps only
//!   rows for which the expression is true.
//! - **Numbers** compare by value whatever their types: signed with unsigned exactly, integers with floats as `float64`.
//!   Arithmetic over integers is done in `int64`, or in `uint64` where one side is `uint64` and the other is `uint64` or a
//!   constant that is not negative; with a float it is done in `float64`. `/` over integers drops the remainder: write
//!   `cast(a as float) / b` for a ratio.
//! - **Overflow** of integers, and their division by zero, fail the run rather than giving a wrong number. Floats follow
//!   IEEE 754: infinity and NaN; NaN equals itself and is larger than any number.
//! - **Guards hold**: the right side of `and` and `or`, the branches of `case` and the later arguments of `coalesce` count only
//!   where they are needed, so `n != 0 and total / n > 5` cannot fail.
//! - **Text** may be any of Arrow's string types or a dictionary of them. Text constants compare with dates, times and
//!   timestamps as `'2024-05-01'` or `'2024-05-01T12:00:00'`. No number is made from text but by `cast`.
//! - **Casts** of a value that does not fit fail the run; `try_cast` gives null instead.
//!
//! # Bounds
//!
//! 1 MiB of text, and 64 levels of nesting (chains of `and` and `or` are one level). The parser is a small one of our own
//! because `sqlparser` takes exponential time on some unfinished inputs (0.60: 16 × `position(` takes 243 s) and cannot name
//! columns such as `interval` or `struct`.

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
