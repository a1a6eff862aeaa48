//! What can go wrong, by stage: reading the pipeline file, planning it, reading data, running, writing. Every error says
//! where, what was wrong, and (as [`miette::Diagnostic::help`]) what to do.

use std::path::PathBuf;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// What the engine answers where it cannot go on.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any failure of the engine.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// The pipeline file is wrong, by itself or against the data it reads.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Pipeline(#[from] Box<PipelineError>),

    /// A plugin cannot be loaded.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Plugin(#[from] Box<PluginError>),

    /// Input that cannot be read, or does not hold what it should.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] Box<SourceError>),

    /// Output that cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sink(#[from] Box<SinkError>),

    /// A step failed on a batch.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Step(#[from] Box<StepError>),

    /// Somebody asked the run to stop.
    #[error("stopped before the end; no output was written")]
    Stopped,

    /// The engine's own surroundings: threads, memory, its cache folder.
    #[error("{message}")]
    Engine {
        /// What was wrong.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
}

/// Something in the pipeline file that is wrong, at its line and column.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
pub struct PipelineError {
    /// What is wrong; begins with the step's id where there is one.
    pub message: String,
    /// The file's name and text.
    #[source_code]
    pub source_code: NamedSource<String>,
    /// Where in the text.
    #[label("{label}")]
    pub span: Option<SourceSpan>,
    /// A few words at the place.
    pub label: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

/// A plugin that cannot be loaded or does not keep the contract.
#[derive(Debug, Error, Diagnostic)]
#[error("plugin `{plugin}`: {message}")]
pub struct PluginError {
    /// The plugin's name or file.
    pub plugin: String,
    /// What was wrong.
    pub message: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

/// Input that cannot be read. Displays as `FILE:LINE:COLUMN: message`, with as much of the place as is known.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: {message}", self.place())]
pub struct SourceError {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// Line, from 1 (text formats).
    pub line: Option<u64>,
    /// The column's name, or the byte within the line.
    pub column: Option<String>,
    /// What was wrong.
    pub message: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

impl SourceError {
    /// An error about a file as a whole.
    pub fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, message: message.into(), help: None }
    }

    fn place(&self) -> String {
        let mut place = self.path.display().to_string();
        if let Some(line) = self.line {
            place += &format!(":{line}");
        }
        if let Some(column) = &self.column {
            place += &format!(", column {column}");
        }
        place
    }
}

/// Output that cannot be written.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: {message}", .path.display())]
pub struct SinkError {
    /// The file; `-` is standard output.
    pub path: PathBuf,
    /// What was wrong.
    pub message: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

impl SinkError {
    /// An error about a file, from what the system or the format's library said.
    pub fn new(path: impl Into<PathBuf>, message: impl ToString) -> Self {
        Self { path: path.into(), message: message.to_string(), help: None }
    }
}

/// Whose fault a failed batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The step said that the data cannot be worked on.
    Data,
    /// The plugin failed: it trapped, or said so itself.
    Plugin,
    /// The plugin answered something that the contract does not allow.
    Contract,
    /// The host's limits were passed.
    Limit,
    /// The host's own: it panicked while it served the step.
    Host,
    /// Nobody's: the run was asked to stop, and the guest with it.
    Stopped,
    /// No plugin's: an expression of the pipeline cannot be worked out for these rows.
    Expression,
}

impl Blame {
    /// As the quarantine calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Plugin => "plugin",
            Self::Contract => "contract",
            Self::Limit => "limit",
            Self::Host => "host",
            Self::Stopped => "stopped",
            Self::Expression => "expression",
        }
    }
}

/// A step that failed on a batch.
#[derive(Debug, Error, Diagnostic)]
#[error("step `{step}` failed on batch {batch} (rows {first_row} to {last_row}): {message}", last_row = .first_row + .rows.saturating_sub(1))]
pub struct StepError {
    /// The step's id.
    pub step: String,
    /// The plugin and step name, as in `use:`.
    pub uses: String,
    /// The number of the piece of input that the batch came from, from 0, in input order.
    pub batch: u64,
    /// The first row of the batch, counted from 0 over all rows as they were read, or as they came from the last ordered
    /// or global step before this one.
    pub first_row: u64,
    /// How many rows the batch had there.
    pub rows: u64,
    /// Whose fault it is.
    pub blame: Blame,
    /// The guest's own message, or what the contract's check found.
    pub message: String,
    /// The guest's call stack, innermost first, a frame each, with source lines where the component has debug info.
    pub backtrace: Vec<String>,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

macro_rules! boxed {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        }
    )*};
}
boxed!(Pipeline(PipelineError), Plugin(PluginError), Source(SourceError), Sink(SinkError), Step(StepError));
