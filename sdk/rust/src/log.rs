//! Lines in the run's log.
//!
//! A plugin that calls this asks for `log`, and a pipeline has to grant it. The host puts the step and the rows of the batch
//! in hand to each line, cuts lines at 4 KiB, and drops what is more than a call may say.
//!
//! ```
//! use stillroom_sdk::log;
//!
//! log::info("the model is loaded");
//! log::row(3).warn("no language is likely");
//! # assert_eq!(log::take().len(), 2);
//! ```
//!
//! In a test without WebAssembly the lines are kept for [`take`](fn@take).

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What only the step's author wants to know.
    Debug,
    /// What happens.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
}

/// What only the step's author wants to know.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), None);
}

/// What happens.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), None);
}

/// What may be wrong.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), None);
}

/// What is wrong.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), None);
}

/// Lines about one row of the batch in hand.
pub fn row(row: usize) -> Row {
    Row(u32::try_from(row).ok())
}

/// A row that lines are about; see [`row`].
#[derive(Debug, Clone, Copy)]
pub struct Row(Option<u32>);

impl Row {
    /// What only the step's author wants to know.
    pub fn debug(self, message: impl AsRef<str>) {
        write(Level::Debug, message.as_ref(), self.0);
    }

    /// What happens.
    pub fn info(self, message: impl AsRef<str>) {
        write(Level::Info, message.as_ref(), self.0);
    }

    /// What may be wrong.
    pub fn warn(self, message: impl AsRef<str>) {
        write(Level::Warn, message.as_ref(), self.0);
    }

    /// What is wrong.
    pub fn error(self, message: impl AsRef<str>) {
        write(Level::Error, message.as_ref(), self.0);
    }
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str, row: Option<u32>) {
    use crate::component::bindings::stillroom::step::log;
    let level = match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    log::write(level, message, row);
}

#[cfg(not(target_family = "wasm"))]
pub use native::{Line, take};

#[cfg(not(target_family = "wasm"))]
use native::write;

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::cell::RefCell;

    use super::Level;

    /// A line that was written.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Line {
        /// How much it matters.
        pub level: Level,
        /// What it says.
        pub message: String,
        /// The row that it is about.
        pub row: Option<u32>,
    }

    thread_local! {
        static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
    }

    /// For tests: the lines that this thread wrote since it was last asked.
    pub fn take() -> Vec<Line> {
        LINES.take()
    }

    pub(super) fn write(level: Level, message: &str, row: Option<u32>) {
        LINES.with_borrow_mut(|lines| lines.push(Line { level, message: message.to_owned(), row }));
    }
}
