//! What a plugin and its instances may take of the machine.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, Result, UpdateDeadline};

use crate::report::Progress;

/// Limits of a live instance and of each call into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, all memories of the instance together, in bytes. Default 1 GiB: a 50 MB row, its copy in the
    /// making and what a builder doubles fit well.
    pub memory_bytes: usize,
    /// Elements of all tables together. Default 100,000.
    pub table_elements: usize,
    /// What one call may hand back, in bytes. Default 512 MiB. wasmtime counts it while it lifts ("hostcall fuel").
    pub output_bytes: usize,
    /// Rows that one call may hand back. Default 2^24.
    pub output_rows: usize,
    /// Wall time of one call, what the host does for the guest included. Default 30 s. A `finish` has as many times that
    /// as its instance was given batches, and once more: it works on all of them.
    pub time: Duration,
    /// What one call may say to the log, in bytes; what is more is counted and not kept; each line costs
    /// 64 more than it has. Default 64 KiB.
    pub log_bytes: usize,
    /// Rows that a step may reject or fail on in a run; the run fails at the next one. Default: no bound.
    pub rejected_rows: Option<u64>,
    /// Instances of a step that may be live at once. Default: one a thread.
    pub instances: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            table_elements: 100_000,
            output_bytes: 512 << 20,
            output_rows: 1 << 24,
            time: Duration::from_secs(30),
            log_bytes: 64 << 10,
            rejected_rows: None,
            instances: None,
        }
    }
}

/// Limits of loading a plugin: what a stranger's file may cost before it has run at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadLimits {
    /// The file's size, in bytes. Default 128 MiB.
    pub component_bytes: usize,
    /// Wall time of compiling it. Default 5 minutes: the largest known plugins take 12 s.
    pub compile_time: Duration,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self { component_bytes: 128 << 20, compile_time: Duration::from_secs(300) }
    }
}

/// Counts what an instance holds, and refuses growth past the limits: the guest sees its allocation fail.
///
/// wasmtime's own limits count per linear memory, and a component may have several; this one sums them.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    memory: usize,
    tables: usize,
    denied: bool,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, tables: 0, denied: false }
    }

    /// Linear memory held now, in bytes. It never shrinks, so it is the most that was ever held.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Elements of all tables, which never shrink either.
    pub(crate) fn tables(&self) -> usize {
        self.tables
    }

    /// Whether growth was refused since the last question. How it surfaces differs by language: a trap here, an ordinary
    /// error there. So the host remembers.
    pub(crate) fn take_denied(&mut self) -> bool {
        std::mem::take(&mut self.denied)
    }

    fn grow(held: &mut usize, current: usize, desired: usize, limit: usize) -> bool {
        let after = held.saturating_add(desired.saturating_sub(current));
        if after <= limit {
            *held = after;
        }
        after <= limit
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let allowed = Self::grow(&mut self.memory, current, desired, self.limits.memory_bytes);
        self.denied |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let allowed = Self::grow(&mut self.tables, current, desired, self.limits.table_elements);
        self.denied |= !allowed;
        Ok(allowed)
    }
}

/// Whether the run that an instance works for is to stop; there is none while a pipeline is planned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brake(Arc<OnceLock<Arc<Progress>>>);

impl Brake {
    /// The run begins.
    pub(crate) fn set(&self, progress: &Arc<Progress>) {
        // A plan runs once.
        let _ = self.0.set(progress.clone());
    }
}

/// When the call that is under way has to be over.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    /// None: never.
    at: Option<Instant>,
    /// What the call was given.
    time: Duration,
    brake: Brake,
    rest: Rest,
}

/// Time that does not count against a call: a guest waits for a model, whose own limits hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Arc<Mutex<Resting>>);

#[derive(Debug, Default)]
struct Resting {
    since: Option<Instant>,
    total: Duration,
}

impl Rest {
    /// A wait begins; it ends when what is given back is dropped.
    pub(crate) fn begin(&self) -> Rested {
        self.lock().since = Some(Instant::now());
        Rested(self.clone())
    }

    fn reset(&self) {
        *self.lock() = Resting::default();
    }

    /// All so far, the wait that is under way included.
    fn total(&self) -> Duration {
        let resting = self.lock();
        resting.total + resting.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait that is under way.
pub(crate) struct Rested(Rest);

impl Drop for Rested {
    fn drop(&mut self) {
        let mut resting = self.0.lock();
        if let Some(since) = resting.since.take() {
            resting.total += since.elapsed();
        }
    }
}

impl Deadline {
    pub(crate) fn new(brake: Brake) -> Self {
        Self { at: None, time: Duration::ZERO, brake, rest: Rest::default() }
    }

    /// To be said before every call.
    pub(crate) fn arm(&mut self, time: Option<Duration>) {
        self.at = time.and_then(|time| Instant::now().checked_add(time));
        self.time = time.unwrap_or_default();
        self.rest.reset();
    }

    /// For what a guest waits for without it counting.
    pub(crate) fn rest(&self) -> Rest {
        self.rest.clone()
    }

    /// What the call was given.
    pub(crate) fn time(&self) -> Duration {
        self.time
    }

    pub(crate) fn at(&self) -> Option<Instant> {
        self.at
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.brake.0.get().is_some_and(|progress| progress.is_stopped())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at && Instant::now() >= at + self.rest.total())
    }

    /// What is to become of the guest at a tick of the engine's clock. One on a stack that can be left lets others go on.
    pub(crate) fn tick(&self, can_leave: bool) -> UpdateDeadline {
        match self.is_over() || self.is_stopped() {
            true => UpdateDeadline::Interrupt,
            false if can_leave => UpdateDeadline::Yield(1),
            false => UpdateDeadline::Continue(1),
        }
    }
}
