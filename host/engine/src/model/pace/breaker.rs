//! Lets nobody through to a server that fails every time (M. Nygard, "Release It!", 2007: the circuit breaker): requests go to
//! a fallback, or wait, and do not each find out for themselves.

use std::time::{Duration, Instant};

/// Failures in a row after which it opens.
pub(super) const FAILURES: u32 = 10;

/// How long nobody is let through at first, and at the most: twice as long each time that the one who tries fails. A server
/// that starts anew is back after seconds.
pub(super) const OPEN: Duration = Duration::from_secs(1);
pub(super) const MOST_OPEN: Duration = Duration::from_secs(30);

/// When those may look again who come while one is trying.
pub(super) const PROBING: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    /// As it should be, but for so many failures in a row.
    Closed { failures: u32 },
    /// Nobody is let through until then, and then one.
    Open { until: Instant, wait: Duration },
    /// One is trying.
    HalfOpen { wait: Duration },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Until when nobody is let through.
    pub(super) fn closed_until(&self, now: Instant) -> Option<Instant> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { until, .. } => Some(*until).filter(|until| *until > now),
            Self::HalfOpen { .. } => Some(now + PROBING),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    /// Somebody is let through; whether he is the one who tries.
    pub(super) fn enter(&mut self) -> bool {
        let wait = match *self {
            Self::Closed { .. } => return false,
            Self::Open { wait, .. } | Self::HalfOpen { wait } => wait,
        };
        *self = Self::HalfOpen { wait };
        true
    }

    pub(super) fn answered(&mut self, is_probe: bool) {
        // One that was let through before it opened says how the server was then.
        if is_probe || !self.is_open() {
            *self = Self::default();
        }
    }

    /// That it is busy says that it is there; but so it may say for ever, which is no answer.
    pub(super) fn busy(&mut self, is_probe: bool) {
        if is_probe {
            *self = Self::default();
        }
    }

    pub(super) fn failed(&mut self, is_probe: bool, now: Instant) {
        *self = match *self {
            Self::Closed { failures } if failures + 1 < FAILURES => Self::Closed { failures: failures + 1 },
            Self::Closed { .. } => Self::Open { until: now + OPEN, wait: OPEN },
            Self::HalfOpen { wait } if is_probe => {
                let wait = (2 * wait).min(MOST_OPEN);
                Self::Open { until: now + wait, wait }
            }
            other => other,
        };
    }

    /// Nobody knows more than before: the next one tries.
    pub(super) fn given_up(&mut self, is_probe: bool, now: Instant) {
        if let (true, Self::HalfOpen { wait }) = (is_probe, *self) {
            *self = Self::Open { until: now, wait };
        }
    }
}
