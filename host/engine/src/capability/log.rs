//! `log`: lines in the run's log, each with the step and the rows that it is about. What a guest prints is lines too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdout};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};

use super::{Abilities, LogLevel, Moment, Used};
use crate::contract::v0_1::log;
use crate::instance::Guest;

/// The longest line, in bytes; what is more is cut off.
const MAX_LINE: usize = 4 << 10;

/// What every line costs of the limit beside its text, in bytes: about what stands before it.
const LINE: u64 = 64;

/// What a guest may print at once, in bytes.
const MAX_WRITE: usize = 64 << 10;

/// What the host keeps for an instance; its streams share it.
pub(crate) struct Log(Arc<Mutex<Lines>>);

struct Lines {
    /// None: not granted.
    level: Option<LogLevel>,
    step: String,
    limit: u64,
    moment: Moment,
    used: Used,
    /// The beginnings of lines that were printed: to standard output, and to standard error.
    begun: [Vec<u8>; 2],
}

impl Log {
    pub(crate) fn new(level: Option<LogLevel>, step: &str, limit: usize) -> Self {
        let (moment, used) = (Moment::default(), Used::default());
        let lines =
            Lines { level, step: step.to_owned(), limit: limit as u64, moment, used, begun: Default::default() };
        Self(Arc::new(Mutex::new(lines)))
    }

    pub(crate) fn begin(&self, moment: Moment) {
        let mut lines = lock(&self.0);
        lines.moment = moment;
        lines.used = Used::default();
    }

    /// What was printed and not ended is a line too.
    pub(crate) fn end(&self) -> Used {
        let mut lines = lock(&self.0);
        lines.end(Stream::Out);
        lines.end(Stream::Error);
        lines.used
    }
}

/// A panic while it was held left nothing behind that could be wrong.
fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    fn say(&mut self, level: LogLevel, message: &str, row: Option<u32>) {
        if self.level.is_none_or(|least| level < least) {
            return;
        }
        let line = harmless(message);
        // A line costs something where it says nothing too.
        let bytes = line.len() as u64 + LINE;
        if self.used.log_bytes + bytes > self.limit {
            self.used.log_dropped += message.len() as u64 + LINE;
            return;
        }
        self.used.log_bytes += bytes;
        // What a line is cut by is not heard either.
        self.used.log_dropped += message.len().saturating_sub(MAX_LINE) as u64;
        let (step, rows) = (&*self.step, self.moment.rows_text(row));
        match level {
            LogLevel::Debug => tracing::debug!(target: "stillroom::step", step, rows, "{line}"),
            LogLevel::Info => tracing::info!(target: "stillroom::step", step, rows, "{line}"),
            LogLevel::Warn => tracing::warn!(target: "stillroom::step", step, rows, "{line}"),
            LogLevel::Error => tracing::error!(target: "stillroom::step", step, rows, "{line}"),
        }
    }

    fn print(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.split_last() {
                Some((b'\n', piece)) => {
                    self.hold(stream, piece);
                    self.end_line(stream);
                }
                _ => self.hold(stream, piece),
            }
        }
    }

    /// What is longer than a line is not kept: it is cut off anyway.
    fn hold(&mut self, stream: Stream, piece: &[u8]) {
        let begun = &mut self.begun[stream as usize];
        let room = (MAX_LINE + 1).saturating_sub(begun.len());
        begun.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room && self.level.is_some() {
            self.used.log_dropped += (piece.len() - room) as u64;
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.begun[stream as usize]);
        let level = match stream {
            Stream::Out => LogLevel::Info,
            Stream::Error => LogLevel::Warn,
        };
        self.say(level, &String::from_utf8_lossy(&line), None);
    }

    fn end(&mut self, stream: Stream) {
        if !self.begun[stream as usize].is_empty() {
            self.end_line(stream);
        }
    }
}

impl Moment {
    fn rows_text(&self, row: Option<u32>) -> String {
        let Self { item, first_row, rows, .. } = *self;
        match row.map(u64::from) {
            _ if rows == 0 => "no rows".to_owned(),
            // A row that the batch does not have is a guest's mistake: the line is about the batch.
            Some(row) if row < rows => format!("piece {item}, row {}", first_row.saturating_add(row)),
            _ => format!("piece {item}, rows {first_row} to {}", first_row.saturating_add(rows - 1)),
        }
    }
}

/// A line that does nothing to a terminal and cannot be taken for two: without control characters, and without those that
/// turn the direction of writing.
fn harmless(message: &str) -> String {
    let mut line = String::with_capacity(message.len().min(MAX_LINE));
    for c in message.chars() {
        let harms = c.is_control() && c != '\t'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if harms {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        if line.len() > MAX_LINE {
            line.truncate(line.floor_char_boundary(MAX_LINE - '…'.len_utf8()));
            line.push('…');
            break;
        }
    }
    line
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str) -> Result<()> {
    match interface {
        "wasi:cli/stdout" => stdout::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        "wasi:cli/stderr" => stderr::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        _ => log::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
    }
}

impl log::Host for Abilities {
    fn write(&mut self, level: log::Level, message: String, row: Option<u32>) {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        lock(&self.log.0).say(level, &message, row);
    }
}

impl stdout::Host for Abilities {
    fn get_stdout(&mut self) -> Result<Resource<DynOutputStream>> {
        self.printer(Stream::Out)
    }
}

impl stderr::Host for Abilities {
    fn get_stderr(&mut self) -> Result<Resource<DynOutputStream>> {
        self.printer(Stream::Error)
    }
}

impl Abilities {
    fn printer(&mut self, stream: Stream) -> Result<Resource<DynOutputStream>> {
        let printer: DynOutputStream = Box::new(Printer { lines: self.log.0.clone(), stream });
        Ok(self.table.push(printer)?)
    }
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Error,
}

/// A handle to standard output or standard error.
struct Printer {
    lines: Arc<Mutex<Lines>>,
    stream: Stream,
}

impl OutputStream for Printer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        lock(&self.lines).print(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

#[async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(level: Option<LogLevel>, limit: usize) -> Log {
        let log = Log::new(level, "step", limit);
        log.begin(Moment { rows: 1, ..Moment::default() });
        log
    }

    #[test]
    fn what_is_said_and_what_is_not_heard_is_counted() {
        let mut log = log(Some(LogLevel::Info), 10 + 2 * LINE as usize);
        let say = |log: &Log, level, text| lock(&log.0).say(level, text, None);
        say(&log, LogLevel::Info, "four");
        say(&log, LogLevel::Debug, "nobody wants to know");
        say(&log, LogLevel::Error, "seven is too many");
        say(&log, LogLevel::Warn, "sixsix");
        assert_eq!(log.end(), Used { log_bytes: 10 + 2 * LINE, log_dropped: 17 + LINE });
        log.begin(Moment::default());
        assert_eq!(log.end(), Used::default(), "each call begins anew");
        log = self::log(None, 10);
        say(&log, LogLevel::Error, "four");
        assert_eq!(log.end(), Used::default(), "not granted");
    }

    #[test]
    fn what_a_line_is_cut_by_is_counted() {
        let log = log(Some(LogLevel::Info), 1 << 20);
        lock(&log.0).say(LogLevel::Info, &"x".repeat(MAX_LINE + 100), None);
        lock(&log.0).print(Stream::Out, &vec![b'x'; MAX_LINE + 100]);
        assert_eq!(log.end(), Used { log_bytes: 2 * (MAX_LINE as u64 + LINE), log_dropped: 200 });
    }

    #[test]
    fn a_line_is_cut_where_a_letter_ends() {
        for shift in 0..4 {
            let line = harmless(&format!("{}{}", "x".repeat(shift), "𝄞".repeat(MAX_LINE)));
            assert!(line.len() <= MAX_LINE && line.len() > MAX_LINE - 4 && line.ends_with("𝄞…"), "{}", line.len());
        }
        assert_eq!(harmless(&"x".repeat(MAX_LINE)), "x".repeat(MAX_LINE), "what fits is whole");
        assert!(harmless(&"\0".repeat(MAX_LINE)).len() <= MAX_LINE);
    }
}
