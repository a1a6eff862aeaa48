//! The log: lines with their level, step and rows; bounded; nothing that a terminal would obey.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow_array::{ArrayRef, StringArray};
use stillroom::Limits;
use stillroom::capability::{Grants, LogLevel};
use stillroom_tests::engine;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::{Able, least, limited, load, open};

/// A line as the log has it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Line {
    level: String,
    step: String,
    rows: String,
    message: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "step" => self.step = value.to_owned(),
            "rows" => self.rows = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

/// Hears what steps say on this thread.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Line>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "stillroom::step"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            _ => "debug",
        };
        let mut line = Line { level: level.to_owned(), ..Line::default() };
        event.record(&mut line);
        self.0.lock().expect("one thread").push(line);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn heard(work: impl FnOnce()) -> Vec<Line> {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), work);
    let lines = listener.0.lock().expect("one thread");
    lines.clone()
}

/// What `tell` makes the log say, one batch after the other.
fn told(level: LogLevel, log_bytes: usize, batches: &[&[&str]]) -> Vec<Line> {
    let engine = limited(Limits { log_bytes, ..Limits::default() });
    let plugin = load(&engine, "teller", Grants { log: Some(level), ..Grants::default() }).expect("loads");
    heard(|| {
        let mut session = open(&plugin, "tell", "text");
        for texts in batches {
            let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
            session.call(texts.len(), &[column]).expect("a log is never a fault");
        }
    })
}

fn line(level: &str, rows: &str, message: &str) -> Line {
    Line { level: level.into(), step: "tell".into(), rows: rows.into(), message: message.into() }
}

#[test]
fn lines_have_their_level_step_and_rows() {
    let batches: &[&[&str]] = &[&["debug:a", "b", "warn:c", "error:d"], &["batch:e", "far:f"]];
    let expected = [
        line("info", "no rows", "open"),
        line("debug", "piece 0, row 0", "a"),
        line("info", "piece 0, row 1", "b"),
        line("warn", "piece 0, row 2", "c"),
        line("error", "piece 0, row 3", "d"),
        line("error", "piece 1, rows 0 to 1", "e"),
        line("error", "piece 1, rows 0 to 1", "f"),
    ];
    assert_eq!(told(LogLevel::Debug, 1 << 10, batches), expected);
    assert_eq!(told(LogLevel::Warn, 1 << 10, batches), expected[3..]);
    assert_eq!(told(LogLevel::Error, 1 << 10, batches), expected[4..]);
}

#[test]
fn a_flood_is_bounded_call_by_call() {
    let lines = told(LogLevel::Error, 7600, &[&["flood:100000"], &["flood:100000"]]);
    // A line of a flood has 12 bytes, and every line costs 64.
    assert_eq!(lines.iter().filter(|line| line.rows.starts_with("piece 0")).count(), 100);
    assert_eq!(lines.iter().filter(|line| line.rows.starts_with("piece 1")).count(), 100, "the next call may speak");
}

#[test]
fn a_long_line_is_cut() {
    let lines = told(LogLevel::Error, 1 << 20, &[&["long:100000"]]);
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].message.len(), lines[0].message.ends_with('…')), (4096, true));
}

#[test]
fn a_line_does_nothing_to_a_terminal() {
    let lines = told(LogLevel::Info, 1 << 10, &[&["\u{1b}[2J\r\nERROR forged\u{202e}\u{7f}\0 straße\t."]]);
    assert_eq!(lines[1].message, "\\u{1b}[2J\\r\\nERROR forged\\u{202e}\\u{7f}\\u{0} straße\t.");
}

#[test]
fn what_a_guest_prints_is_lines() {
    let plugin = load(engine(1), "able", least()).expect("loads");
    let lines = heard(|| {
        let mut able = Able(open(&plugin, "able", "command"));
        able.all(&["stdout|one\\ntwo", "stderr|odd\\n", "stdout| and more\\n\\n", "stdout|not ended"]);
        able.all(&["stdout|the next\\n"]);
    });
    let lines: Vec<_> = lines.iter().map(|line| (&*line.level, &*line.rows, &*line.message)).collect();
    assert_eq!(
        lines,
        [
            ("info", "piece 0, rows 0 to 3", "one"),
            ("warn", "piece 0, rows 0 to 3", "odd"),
            ("info", "piece 0, rows 0 to 3", "two and more"),
            ("info", "piece 0, rows 0 to 3", ""),
            ("info", "piece 0, rows 0 to 3", "not ended"),
            ("info", "piece 1, rows 0 to 0", "the next"),
        ]
    );
}

#[test]
fn what_a_guest_prints_without_end_is_bounded() {
    let plugin = load(engine(1), "able", least()).expect("loads");
    let endless = format!("stdout|{}", "x".repeat(1 << 20));
    let lines = heard(|| {
        Able(open(&plugin, "able", "command")).all(&[&endless, "stdout|y\\n"]);
    });
    assert_eq!(lines.iter().map(|line| line.message.len()).collect::<Vec<_>>(), [4096]);
}
