//! What one instance may take of the machine.

use wasmtime::{ResourceLimiter, Result};

/// Limits of a live instance.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Linear memory, all memories of the instance together, in bytes. Default 1 GiB: a 50 MB row, its copy in the
    /// making and what a builder doubles fit well.
    pub memory_bytes: usize,
    /// Elements of all tables together. Default 100,000.
    pub table_elements: usize,
    /// What one call may hand back, in bytes. Default 512 MiB. wasmtime counts it while it lifts ("hostcall fuel").
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, table_elements: 100_000, output_bytes: 512 << 20 }
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

    /// Linear memory held now, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Whether growth was refused since the last question. How it surfaces differs by language: a trap here, an ordinary
    /// error there. So the host remembers.
    pub(crate) fn take_denied(&mut self) -> bool {
        std::mem::take(&mut self.denied)
    }

    fn grow(held: &mut usize, current: usize, desired: usize, limit: usize) -> bool {
        let after = *held + desired.saturating_sub(current);
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
