//! Instances of a step that may be fewer than there are threads.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::instance::{Failure, Instance};
use crate::plan::Call;

/// The instances of a step that is to have no more than so many at once. A thread takes one by value and lays it back, so it
/// has one owner at every moment; who finds none waits for one.
pub(crate) struct Few {
    lying: Mutex<Lying>,
    changed: Condvar,
}

struct Lying {
    instances: Vec<Instance>,
    /// How many more may be made.
    more: usize,
}

impl Few {
    /// None where every thread may have its own.
    pub(crate) fn new(call: &Call, threads: usize) -> Option<Self> {
        let more = call.opening.limits.instances.filter(|most| *most < threads)?.max(1);
        Some(Self { lying: Mutex::new(Lying { instances: Vec::new(), more }), changed: Condvar::new() })
    }

    pub(crate) fn take(&self, call: &Call) -> Result<Instance, Failure> {
        let lying = self.lying.lock().unwrap_or_else(PoisonError::into_inner);
        let is_none = |lying: &mut Lying| lying.instances.is_empty() && lying.more == 0;
        let mut lying = self.changed.wait_while(lying, is_none).unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = lying.instances.pop() {
            return Ok(instance);
        }
        lying.more -= 1;
        drop(lying);
        Instance::open(&call.opening).inspect_err(|_| self.lay_back(None))
    }

    /// Gives an instance back; none where it is no more.
    pub(crate) fn lay_back(&self, instance: Option<Instance>) {
        let mut lying = self.lying.lock().unwrap_or_else(PoisonError::into_inner);
        match instance {
            Some(instance) => lying.instances.push(instance),
            None => lying.more += 1,
        }
        drop(lying);
        self.changed.notify_one();
    }
}
