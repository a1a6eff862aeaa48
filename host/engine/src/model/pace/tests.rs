//! Time is what a test says it is, but for the few tests of the waiting itself, which do not depend on how long it takes.

mod rates;
mod shell;
mod trouble;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::core::{Core, Entry, Step, Ticket};
use super::{Outcome, View};
use crate::model::spec::Rates;

fn rates(in_flight: u32, requests: Option<f64>, tokens: Option<f64>) -> Rates {
    let in_flight = NonZeroU32::new(in_flight).unwrap();
    Rates { in_flight, requests_per_minute: requests, tokens_per_minute: tokens }
}

const ANSWERED: Outcome = Outcome::Answered { tokens: None };
const BUSY: Outcome = Outcome::Busy { retry_after: None };

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A model that is asked in a time of its own.
struct Simulation {
    core: Core,
    now: Instant,
    start: Instant,
}

/// What there is to ask: how many tokens it is said to take and does take, and how long.
#[derive(Debug, Clone, Copy)]
struct Work {
    estimate: u64,
    actual: u64,
    takes: Duration,
}

/// When a request was let through, since the start.
#[derive(Debug, Clone, Copy)]
struct Entered {
    at: Duration,
    which: usize,
}

impl Simulation {
    fn new(rates: &Rates) -> Self {
        let now = Instant::now();
        Self { core: Core::new(rates), now, start: now }
    }

    fn after(&mut self, time: f64) -> &mut Self {
        self.now += seconds(time);
        self
    }

    fn step(&mut self, ticket: Ticket, tokens: u64) -> Step {
        self.core.step(ticket, tokens, self.now)
    }

    /// Joins and asks once.
    fn ask(&mut self) -> Step {
        let ticket = self.core.join();
        let step = self.step(ticket, 0);
        self.core.leave(ticket);
        step
    }

    fn enter(&mut self) -> Entry {
        match self.ask() {
            Step::Enter(entry) => entry,
            other => panic!("not let through: {other:?}"),
        }
    }

    fn done(&mut self, entry: Entry, outcome: Outcome) {
        self.core.done(entry, Some(outcome), self.now);
    }

    fn view(&self) -> View {
        self.core.view(self.now)
    }

    /// All of it, asked at once at the start: when each was let through.
    fn run(&mut self, all: &[Work]) -> Vec<Entered> {
        let mut queue: VecDeque<(usize, Ticket)> = (0..all.len()).map(|which| (which, self.core.join())).collect();
        let mut under_way: BTreeMap<(Instant, usize), Entry> = BTreeMap::new();
        let mut entered = Vec::new();
        while let Some(&(which, ticket)) = queue.front() {
            let ends = under_way.first_key_value().map(|((ends, _), _)| *ends);
            match self.step(ticket, all[which].estimate) {
                Step::Enter(entry) => {
                    queue.pop_front();
                    under_way.insert((self.now + all[which].takes, which), entry);
                    entered.push(Entered { at: self.now - self.start, which });
                    continue;
                }
                Step::Wait(until) => self.now = until.into_iter().chain(ends).min().expect("nobody will ever wake it"),
                Step::Open(_) => panic!("nothing failed"),
            }
            while let Some(first) = under_way.first_entry().filter(|first| first.key().0 <= self.now) {
                let ((_, which), entry) = first.remove_entry();
                self.done(entry, Outcome::Answered { tokens: Some(all[which].actual) });
            }
        }
        entered
    }
}
