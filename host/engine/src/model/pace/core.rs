//! Who may ask when, without a clock and without waiting: every question brings the time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::breaker::Breaker;
use super::bucket::Bucket;
use super::window::Window;
use super::{Outcome, View};
use crate::model::spec::Rates;

/// No pause is longer, whatever the server says: a run looks at least once a day.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// A place in the queue: lower ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Entry {
    /// How many were let through before it.
    number: u64,
    /// What it was charged.
    tokens: u64,
    /// Whether it is the one by which a broken server is tried.
    is_probe: bool,
}

/// What one who waits is told.
#[derive(Debug)]
pub(super) enum Step {
    Enter(Entry),
    /// To look again then, or where something has changed.
    Wait(Option<Instant>),
    /// Nobody is let through until then.
    Open(Instant),
}

/// How a model stands.
#[derive(Debug)]
pub(super) struct Core {
    queue: BTreeSet<Ticket>,
    joined: u64,
    in_flight: usize,
    entered: u64,
    window: Window,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    breaker: Breaker,
    paused_until: Option<Instant>,
}

impl Core {
    pub(super) fn new(rates: &Rates) -> Self {
        Self {
            queue: BTreeSet::new(),
            joined: 0,
            in_flight: 0,
            entered: 0,
            window: Window::new(rates.in_flight),
            requests: rates.requests_per_minute.map(Bucket::new),
            tokens: rates.tokens_per_minute.map(Bucket::new),
            breaker: Breaker::default(),
            paused_until: None,
        }
    }

    /// The end of the queue.
    pub(super) fn join(&mut self) -> Ticket {
        let ticket = Ticket(self.joined);
        self.joined += 1;
        self.queue.insert(ticket);
        ticket
    }

    /// Out of the queue, if still in it.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.queue.remove(&ticket);
    }

    /// Whether one who waits may ask now for about so many tokens.
    pub(super) fn step(&mut self, ticket: Ticket, tokens: u64, now: Instant) -> Step {
        if let Some(until) = self.breaker.closed_until(now) {
            return Step::Open(until);
        }
        if self.queue.first() != Some(&ticket) || self.in_flight >= self.window.limit() {
            return Step::Wait(None);
        }
        let paused = self.paused_until;
        let requests = self.requests.as_ref().and_then(|bucket| bucket.ready(1));
        let spent = self.tokens.as_ref().and_then(|bucket| bucket.ready(tokens));
        if let Some(until) = paused.max(requests).max(spent).filter(|until| *until > now) {
            return Step::Wait(Some(until));
        }
        self.queue.remove(&ticket);
        Step::Enter(self.enter(tokens, now))
    }

    fn enter(&mut self, tokens: u64, now: Instant) -> Entry {
        self.paused_until = None;
        if let Some(bucket) = &mut self.requests {
            bucket.charge(1, now);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.charge(tokens, now);
        }
        let number = self.entered;
        self.entered += 1;
        self.in_flight += 1;
        Entry { number, tokens, is_probe: self.breaker.enter() }
    }

    /// A request is over; nothing is said of one that was given up.
    pub(super) fn done(&mut self, entry: Entry, outcome: Option<Outcome>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            Some(Outcome::Answered { tokens }) => {
                self.correct(&entry, tokens.unwrap_or(entry.tokens), now);
                self.window.grow();
                self.breaker.answered(entry.is_probe);
            }
            Some(Outcome::Busy { retry_after }) => {
                // It was turned away, and took nothing.
                self.correct(&entry, 0, now);
                match retry_after.filter(|after| !after.is_zero()) {
                    Some(after) => self.paused_until = self.paused_until.max(now.checked_add(after.min(MAX_PAUSE))),
                    None => self.window.cut(entry.number, self.entered),
                }
                self.breaker.busy(entry.is_probe);
            }
            Some(Outcome::Failed) => self.breaker.failed(entry.is_probe, now),
            None => self.breaker.given_up(entry.is_probe, now),
        }
    }

    fn correct(&mut self, entry: &Entry, tokens: u64, now: Instant) {
        if let Some(bucket) = &mut self.tokens {
            bucket.correct(entry.tokens, tokens, now);
        }
    }

    /// Whether those who wait are to hear that nobody is let through.
    pub(super) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }

    pub(super) fn view(&self, now: Instant) -> View {
        View {
            in_flight: self.in_flight,
            waiting: self.queue.len(),
            limit: self.window.limit(),
            paused_until: self.paused_until.filter(|until| *until > now),
            open_until: self.breaker.closed_until(now),
        }
    }
}
