//! How many at once: additive increase, multiplicative decrease, as TCP does it. V. Jacobson, "Congestion Avoidance and
//! Control", SIGCOMM 1988; that it is fair to others: D.-M. Chiu and R. Jain, "Analysis of the Increase and Decrease Algorithms
//! for Congestion Avoidance in Computer Networks", 1989.

use std::num::NonZeroU32;

#[derive(Debug)]
pub(super) struct Window {
    most: f64,
    now: f64,
    /// Requests that were let through before this one say nothing new.
    cut_before: u64,
}

impl Window {
    pub(super) fn new(most: NonZeroU32) -> Self {
        let most = f64::from(most.get());
        Self { most, now: most, cut_before: 0 }
    }

    /// At least one.
    pub(super) fn limit(&self) -> usize {
        self.now as usize
    }

    /// An answer: one more for as many answers as are in flight.
    pub(super) fn grow(&mut self) {
        self.now = (self.now + 1.0 / self.now).min(self.most);
    }

    /// The server is busy: half as many. Once for all that were under way together, which are told the same.
    pub(super) fn cut(&mut self, number: u64, entered: u64) {
        if number >= self.cut_before {
            self.now = (self.now / 2.0).max(1.0);
            self.cut_before = entered;
        }
    }
}
