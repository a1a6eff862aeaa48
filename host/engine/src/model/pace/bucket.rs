//! So much a minute: the generic cell rate algorithm, as "virtual scheduling" in ITU-T I.371 (2004), annex A, and the ATM
//! Forum's Traffic Management 4.0 (1996), 4.4.2. It keeps one time only, the one at which all that was taken would have come
//! in at an even rate. `governor`, which does the same, wants to know a request's cost beforehand and takes no correction.
//!
//! What may be taken at once (the burst) is a second's worth, at least one. The rate is lower than declared by as much: so in no
//! minute more is taken than declared, wherever the minute begins. One that takes more than the burst is let through when the
//! bucket is full, and all after it wait until it is made good; a minute that it is in may have more by what it has more.

use std::time::{Duration, Instant};

const MINUTE: f64 = 60e9;

#[derive(Debug)]
pub(super) struct Bucket {
    /// Nanoseconds for one.
    interval: f64,
    burst: f64,
    /// When everything that was taken would have come in evenly.
    due: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(per_minute: f64) -> Self {
        let burst = (per_minute / 60.0).floor().max(1.0);
        Self { interval: MINUTE / (per_minute + 1.0 - burst), burst, due: None }
    }

    /// When so many may be taken; none where nothing was taken yet.
    pub(super) fn ready(&self, cost: u64) -> Option<Instant> {
        let ahead = (self.burst - cost as f64).max(0.0) * self.interval;
        self.due?.checked_sub(Duration::from_nanos(ahead.floor() as u64))
    }

    pub(super) fn charge(&mut self, cost: u64, now: Instant) {
        let due = self.due.map_or(now, |due| due.max(now));
        self.due = due.checked_add(self.time(cost));
    }

    /// What was charged has turned out to be something else.
    pub(super) fn correct(&mut self, charged: u64, actual: u64, now: Instant) {
        match actual.checked_sub(charged) {
            Some(more) => self.charge(more, now),
            None => self.due = self.due.and_then(|due| due.checked_sub(self.time(charged - actual))),
        }
    }

    /// Rounded up: what is taken is never made good too early.
    fn time(&self, cost: u64) -> Duration {
        Duration::from_nanos((cost as f64 * self.interval).ceil() as u64)
    }
}
