//! Tasks for language models: a prompt made of a row, and a parser of the answer. All else is here: asking, several samples a
//! row, asking again where an answer cannot be read, columns, rejected rows, what was said on request.
//!
//! ```
//! use stillroom_sdk::llm::{self, Answer, Request};
//! use stillroom_sdk::task::{Asked, Cell, Columns, Row, Task, TextIn};
//! use stillroom_sdk::*;
//!
//! struct Shorten { text: TextIn }
//!
//! impl Task for Shorten {
//!     const NAME: &str = "shorten";
//!     const SUMMARY: &str = "Say it in a sentence.";
//!     const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
//!     type Params = NoParams;
//!
//!     fn open(_: NoParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
//!         columns.add("short", DataType::Utf8);
//!         Ok(Shorten { text: TextIn::take(schema, "text")? })
//!     }
//!
//!     fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
//!         Ok(Request::user(format!("Say this in one sentence:\n\n{}", self.text.get(row)?)))
//!     }
//!
//!     fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
//!         Ok(vec![answer.text.trim().into()])
//!     }
//! }
//!
//! register!(Asked<Shorten>);
//!
//! # fn main() -> Result<()> {
//! llm::answer_with(|_, _| Ok(Answer::of(" Short. ")));
//! let batch = test::batch().utf8("text", [Some("Long …"), None]);
//! let output = test::run::<Asked<Shorten>>(r#"{"model": "small"}"#, batch)?;
//! assert_eq!(output.values::<Utf8>("short"), [Some("Short."), None]);
//! assert_eq!(output.rejected()[0].reason, "`text` is null");
//! # Ok(())
//! # }
//! ```

mod asker;
mod cell;
mod dice;
mod made;
mod read;
mod settings;
mod shape;
mod template;
mod value;

pub use asker::Asker;
pub use cell::{Cell, column};
pub use dice::Dice;
pub use made::Columns;
pub use read::{ChatIn, TextIn, TextsIn, clip, fenced, json};
pub use settings::{Settings, With};
pub use shape::Shape;
pub use template::Template;
pub use value::ValueIn;

use crate::llm::{Answer, Model, Request};
use crate::{Batch, Column, Output, Params, Result, Schema, Step};

/// What is asked about a row, and what becomes of the answer. [`Asked`] makes a step of it.
pub trait Task: Sized + 'static {
    /// What a pipeline calls it: `plugin/name`.
    const NAME: &str;
    /// What it does, in a line.
    const SUMMARY: &str;
    /// The columns that it always knows by name.
    const COLUMNS: &[Column] = &[];
    /// What can be set beside what every task has ([`Settings`]), whose names it may not use.
    type Params: Params;

    /// Settles parameters and columns; those that it makes are added to `columns`, one cell of an answer each.
    fn open(params: Self::Params, schema: &mut Schema, columns: &mut Columns) -> Result<Self>;

    /// What is asked about a row; or why nothing can be, for the quarantine.
    fn prompt(&self, row: Row<'_>) -> Result<Request, String>;

    /// A cell for each column; or what of the answer cannot be read. It is then asked again as often as
    /// [`Settings::attempts`] allows.
    fn parse(&self, row: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String>;

    /// All turns about some rows, of which one is there once a sample. By default a single one: prompt, ask, parse. A task of
    /// several turns has its own: each call of [`Asker`] asks for all rows together.
    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let requests = rows.iter().map(|row| self.prompt(*row)).collect();
        asker.ask_until(requests, |at, answer| self.parse(rows[at], answer))
    }
}

/// A row that something is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The rows that it is one of.
    pub batch: &'a Batch,
    /// Its place there.
    pub index: usize,
    /// Which of the samples of this row it is, from 0.
    pub sample: u32,
}

/// The step that a [`Task`] is.
pub struct Asked<T> {
    task: T,
    model: Model,
    settings: Settings,
    columns: Columns,
}

impl<T: Task> Step for Asked<T> {
    const NAME: &str = T::NAME;
    const SUMMARY: &str = T::SUMMARY;
    const COLUMNS: &[Column] = T::COLUMNS;
    type Params = With<T::Params>;

    fn open(params: With<T::Params>, schema: &mut Schema) -> Result<Self> {
        let With { settings, own } = params;
        settings.check()?;
        let mut columns = Columns::default();
        let task = T::open(own, schema, &mut columns)?;
        columns.declare(schema, &settings)?;
        Ok(Self { task, model: Model::named(&settings.model)?, settings, columns })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let samples = self.settings.samples;
        let row = |index: usize| (0..samples).map(move |sample| Row { batch, index, sample });
        let rows: Vec<Row<'_>> = (0..batch.len()).flat_map(row).collect();
        let mut asker = Asker::new(&self.model, &self.settings, rows.len());
        let answers = self.task.answer(&rows, &mut asker);
        self.columns.output(batch.len(), answers, asker.into_said(), &self.settings)
    }
}
