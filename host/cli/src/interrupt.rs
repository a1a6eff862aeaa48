//! Ctrl-C, and a polite request to end (SIGTERM, SIGHUP): the run stops by itself where it can, and is left where it cannot.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use stillroom::Progress;

use crate::progress;

/// The exit code of what Ctrl-C ended, as shells have it: 128 and the signal's number.
pub(crate) const EXIT_CODE: u8 = 130;

/// How long a run may take to stop. A step that is in an endless loop never does, and a person waits a second at most.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long the last word may take.
const SAY_WITHIN: Duration = Duration::from_millis(100);

/// Where the program is, for the handler: [`IDLE`], [`RUNNING`], [`STOPPING`] or [`ENDED`].
static STATE: AtomicU8 = AtomicU8::new(IDLE);

/// Nothing is being written yet.
const IDLE: u8 = 0;
/// The run is under way.
const RUNNING: u8 = 1;
/// The run has been asked to stop.
const STOPPING: u8 = 2;
/// The run is over and its outputs, if any, are whole.
const ENDED: u8 = 3;

/// The run that is to be stopped.
static RUN: OnceLock<Arc<Progress>> = OnceLock::new();

/// Begins to listen. Where that cannot be had, Ctrl-C ends the process as it does any other.
pub(crate) fn listen(progress: Arc<Progress>) {
    // One run a process: it is set once.
    let _ = RUN.set(progress);
    let hang_up = HangUp::before();
    if let Err(error) = ctrlc::set_handler(interrupted) {
        tracing::warn!(%error, "Ctrl-C will not be clean");
    }
    hang_up.restore();
}

/// The run begins.
pub(crate) fn run_begins() {
    STATE.store(RUNNING, Ordering::SeqCst);
}

/// The run has ended, one way or the other.
pub(crate) fn run_ended() {
    STATE.store(ENDED, Ordering::SeqCst);
}

/// Called once for each signal, on a thread of its own.
fn interrupted() {
    if STATE.compare_exchange(RUNNING, STOPPING, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        leave();
    }
    if let Some(run) = RUN.get() {
        run.stop();
    }
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        leave();
    });
}

/// Ends the process, whatever its other threads do.
fn leave() {
    // After the end there is nothing to remove, and outputs that are whole; the program is about to end by itself.
    if STATE.load(Ordering::SeqCst) != ENDED {
        stillroom::remove_partial_outputs();
        say_stopped();
    }
    std::process::exit(EXIT_CODE.into());
}

/// Says so, but does not wait for a reader that does not read.
fn say_stopped() {
    let (said, done) = mpsc::channel();
    std::thread::spawn(move || {
        progress::clear();
        progress::note(&format!("error: {}", stillroom::Error::Stopped));
        said.send(())
    });
    // Said or not, the process ends.
    let _ = done.recv_timeout(SAY_WITHIN);
}

/// `nohup` has SIGHUP ignored, which the handler would undo.
struct HangUp {
    #[cfg(unix)]
    is_ignored: bool,
}

#[cfg(unix)]
impl HangUp {
    fn before() -> Self {
        // SAFETY: no handler runs: the signal is ignored from here until the handler is set.
        let before = unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
        Self { is_ignored: before == libc::SIG_IGN }
    }

    fn restore(self) {
        if self.is_ignored {
            // SAFETY: as above; the program's handler is replaced by none.
            unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
        }
    }
}

#[cfg(not(unix))]
impl HangUp {
    fn before() -> Self {
        Self {}
    }

    fn restore(self) {}
}
