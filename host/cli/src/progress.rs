//! A run as it goes: a bar where a person is looking, a line now and then where a log is written.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stillroom::Progress;

use crate::show::{number, text};
use crate::terminal::Stream;

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How often a line is written where there is no terminal. A short run writes none.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The bar on the terminal, if there is one now: whoever writes to standard error writes around it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A line on standard error, above the bar where there is one.
pub(crate) fn note(line: &str) {
    let print = || {
        // There is nobody to tell that nobody can be told.
        let _ = Stream::Err.print(&format!("{line}\n"));
    };
    match bar().as_ref() {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Takes the bar off the terminal.
pub(crate) fn clear() {
    if let Some(bar) = bar().take() {
        bar.finish_and_clear();
    }
}

fn bar() -> MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches a run from a thread of its own until it is dropped.
pub(crate) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn start(progress: Arc<Progress>) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let is_terminal = Stream::Err.is_terminal();
        let thread = std::thread::spawn(move || {
            let started = Instant::now();
            let every = if is_terminal { DRAW_EVERY } else { LINE_EVERY };
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let seconds = started.elapsed().as_secs_f64();
                if is_terminal { draw(&progress, seconds) } else { note(&line(&progress, seconds)) }
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It only draws; that it failed to is no reason to fail.
            let _ = thread.join();
        }
        clear();
    }
}

/// Says what takes so long, until it is dropped; nothing where it does not take long.
pub(crate) struct Busy {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is over by then is not worth a line; on a terminal, where the line goes away again, not a spinner.
const BUSY_LINE: Duration = Duration::from_secs(2);
const BUSY_SPINNER: Duration = Duration::from_millis(200);

impl Busy {
    /// Begins: `words` say what is being done.
    pub(crate) fn start(words: impl Into<String>) -> Self {
        let words = text::escape_line(&words.into());
        let (stop, stopped) = mpsc::channel::<()>();
        let is_terminal = Stream::Err.is_terminal();
        let thread = std::thread::spawn(move || {
            let first = if is_terminal { BUSY_SPINNER } else { BUSY_LINE };
            if stopped.recv_timeout(first) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if !is_terminal {
                return note(&format!("{words} {}", Stream::Err.ellipsis()));
            }
            let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            spinner.set_style(style("{spinner} {msg} ({elapsed})"));
            spinner.set_message(words);
            *bar() = Some(spinner);
            while stopped.recv_timeout(DRAW_EVERY) == Err(RecvTimeoutError::Timeout) {
                bar().iter().for_each(ProgressBar::tick);
            }
            clear();
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It only draws; that it failed to is no reason to fail.
            let _ = thread.join();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style("{spinner} {decimal_bytes} read, {wide_msg}"));
    bar
}

/// The templates are constants; one that did not parse would show as indicatif's own default.
fn style(template: &str) -> ProgressStyle {
    let (bar, spinner) =
        if Stream::Err.has_unicode() { ("━╸ ", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ") } else { ("=> ", "-\\|/ ") };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars(bar).tick_chars(spinner)
}

fn draw(progress: &Progress, seconds: f64) {
    // The first time is after a moment: what is over by then needs no bar.
    let mut bar = bar();
    let bar = bar.get_or_insert_with(new_bar);
    if bar.length().is_none()
        && let Some(total) = progress.bytes_total()
    {
        bar.set_length(total);
        bar.set_style(style("[{bar:20}] {percent:>3} % of {decimal_total_bytes}, {eta} left, {wide_msg}"));
    }
    bar.set_position(progress.bytes_read());
    bar.set_message(rows(progress, seconds));
    bar.tick();
}

fn line(progress: &Progress, seconds: f64) -> String {
    let read = progress.bytes_read();
    let share = progress
        .bytes_total()
        .map(|total| format!(", {:.0} % of {}", read as f64 / total as f64 * 100.0, number::bytes(total)));
    let share = share.unwrap_or_else(|| format!(", {}", number::bytes(read)));
    format!("{}: {}{share}", number::seconds(seconds), rows(progress, seconds))
}

fn rows(progress: &Progress, seconds: f64) -> String {
    let read = progress.rows_read();
    let rate = number::rate(read, seconds).map(|rate| format!(", {} rows/s", number::count(rate)));
    number::counted(read, "row") + &rate.unwrap_or_default() + &models(progress, seconds)
}

/// What is asked of all models together; nothing where none is asked.
fn models(progress: &Progress, seconds: f64) -> String {
    let models = progress.models();
    let sum = |of: fn(&stillroom::ModelReport) -> u64| models.iter().map(of).sum::<u64>();
    let (in_flight, answered, kept) = (sum(|m| m.in_flight), sum(|m| m.answered), sum(|m| m.kept));
    if in_flight + answered + kept == 0 {
        return String::new();
    }
    let mut words = format!("; models: {} in flight, {} answered", in_flight, number::count(answered));
    for (count, what) in [(kept, "kept"), (sum(|m| m.retried), "retried"), (sum(|m| m.failed), "failed")] {
        if count > 0 {
            words += &format!(", {} {what}", number::count(count));
        }
    }
    let (input, output) = (sum(|m| m.input_tokens), sum(|m| m.output_tokens));
    words += &format!(", {} tokens in, {} out", number::count(input), number::count(output));
    if let Some(rate) = number::rate(output, seconds) {
        words += &format!(" ({}/s)", number::count(rate));
    }
    let cost: f64 = models.iter().filter_map(|model| model.cost).sum();
    if models.iter().any(|model| model.cost.is_some()) {
        words += &format!(", cost {cost:.4}");
    }
    words
}
