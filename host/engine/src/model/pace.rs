//! How fast a model is asked: as many requests at once and a minute as its server takes, slower where it says so, and not at
//! all for a while where it is broken.
//!
//! Whoever wants to ask [`enter`](Pace::enter)s and waits for his turn: first come, first served. What is decided is decided
//! in `core`, which knows no clock and is told the time; here are the lock, the waiting and the timers. No lock is held while
//! anything waits.
//!
//! - `bucket`: requests and tokens a minute. What a request takes in tokens is known when it is answered; until then it is
//!   charged as estimated.
//! - `window`: how many at once, less where the server is busy.
//! - `breaker`: after failures in a row nobody is let through, and then one.

mod breaker;
mod bucket;
mod core;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use self::core::{Core, Entry, Step, Ticket};
use super::ask::{Reply, Trouble, TroubleKind};
use super::spec::Rates;

/// The first wait before a request is tried again is at most so long, and each after it twice the one before.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);

/// No wait is longer, where the server does not say so.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Holds requests to one model's rates. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    core: Core,
    /// How those are told who wait for their turn.
    wakers: BTreeMap<Ticket, Arc<Notify>>,
    random: fastrand::Rng,
}

/// The model's server is broken: nobody is let through before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) until: Instant,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server answered, with words or with why not. Tokens as far as they are known.
    Answered { tokens: Option<u64> },
    /// It has too much to do.
    Busy { retry_after: Option<Duration> },
    /// It failed, or said nothing in time.
    Failed,
}

/// For the live view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) in_flight: usize,
    pub(crate) waiting: usize,
    /// How many may be in flight now: fewer than declared where the server was busy.
    pub(crate) limit: usize,
    pub(crate) paused_until: Option<Instant>,
    /// Until when nobody is let through, the server being broken.
    pub(crate) open_until: Option<Instant>,
}

/// Leave to ask once. Dropped without [`done`](Permit::done), the request was given up: it counts as asked, as it may have
/// been, and says nothing about the server.
#[derive(Debug)]
pub(crate) struct Permit {
    pace: Pace,
    entry: Option<Entry>,
}

impl Pace {
    /// Different processes wait for different times, which is what waiting at random is for: so the seed is the system's.
    pub(crate) fn new(rates: &Rates) -> Self {
        Self::with_seed(rates, RandomState::new().hash_one(0))
    }

    pub(crate) fn with_seed(rates: &Rates, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { shared: Arc::new(Mutex::new(Shared { core: Core::new(rates), wakers: BTreeMap::new(), random })) }
    }

    /// Waits for leave to ask for about so many tokens, in and out.
    ///
    /// # Errors
    /// At once, also for those who wait, where the server is broken: another model is to be asked, or this one later.
    pub(crate) async fn enter(&self, estimate: u64) -> Result<Permit, Open> {
        let (ticket, woken) = self.lock().join();
        // Leaves the queue, whichever way this ends.
        let _turn = Turn { pace: self, ticket };
        loop {
            let step = self.lock().core.step(ticket, estimate, Instant::now());
            match step {
                Step::Enter(entry) => return Ok(Permit { pace: self.clone(), entry: Some(entry) }),
                Step::Open(until) => return Err(Open { until }),
                Step::Wait(None) => woken.notified().await,
                // Over is as good as woken: either way it looks again.
                Step::Wait(Some(until)) => _ = tokio::time::timeout_at(until.into(), woken.notified()).await,
            }
        }
    }

    /// How long to wait before a request is tried again, `attempt` being how often it was tried: "full jitter", at random up
    /// to a bound that doubles. M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Where the server
    /// says when, it is not before, and not all at once.
    pub(crate) fn backoff(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let part = self.lock().random.f64();
        match retry_after {
            Some(after) => after.saturating_add(FIRST_BACKOFF.mul_f64(part)),
            None => doubled.min(MAX_BACKOFF).mul_f64(part),
        }
    }

    /// How it stands.
    pub(crate) fn view(&self) -> View {
        self.lock().core.view(Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcome {
    /// What an answer or a trouble says about the server. That a request is none, that a key is not right, or that an answer
    /// is not what the schema says is no failure of the server: it answered.
    pub(crate) fn of(result: &Result<Reply, Trouble>) -> Self {
        let trouble = match result {
            Ok(reply) => {
                let usage = reply.usage();
                return Self::Answered { tokens: Some(usage.input.saturating_add(usage.output)) };
            }
            Err(trouble) => trouble,
        };
        match trouble.kind {
            TroubleKind::Busy => Self::Busy { retry_after: trouble.retry_after },
            TroubleKind::Passing | TroubleKind::Timeout | TroubleKind::Down => Self::Failed,
            TroubleKind::Invalid | TroubleKind::Key | TroubleKind::Refused | TroubleKind::Mismatch => {
                Self::Answered { tokens: None }
            }
        }
    }
}

impl Permit {
    /// The request is over.
    pub(crate) fn done(mut self, outcome: Outcome) {
        self.end(Some(outcome));
    }

    fn end(&mut self, outcome: Option<Outcome>) {
        let Some(entry) = self.entry.take() else { return };
        let mut shared = self.pace.lock();
        shared.core.done(entry, outcome, Instant::now());
        shared.wake();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// A place in the queue.
struct Turn<'a> {
    pace: &'a Pace,
    ticket: Ticket,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut shared = self.pace.lock();
        shared.core.leave(self.ticket);
        shared.wakers.remove(&self.ticket);
        shared.wake();
    }
}

impl Shared {
    fn join(&mut self) -> (Ticket, Arc<Notify>) {
        let (ticket, woken) = (self.core.join(), Arc::new(Notify::new()));
        self.wakers.insert(ticket, woken.clone());
        (ticket, woken)
    }

    /// Whose turn it is looks again; where nobody is let through, all do.
    fn wake(&self) {
        let all = if self.core.is_open() { usize::MAX } else { 1 };
        self.wakers.values().take(all).for_each(|woken| woken.notify_one());
    }
}
