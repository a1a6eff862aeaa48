//! `clock`: the machine's clocks. Without a grant there are clocks that hang on nothing but the questions: each moves them on
//! by a microsecond, and whoever sleeps has slept at once.

use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::clocks::WasiClocksCtxView;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::Abilities;
use crate::instance::Guest;

/// 2000-01-01T00:00:00Z, in seconds since 1970.
const START: u64 = 946_684_800;

/// What the counted monotonic clock begins with, in nanoseconds: a day, so a guest may look back a little.
const START_MONOTONIC: u64 = 86_400 * 1_000_000_000;

/// By how much a question moves the counted clocks on, in nanoseconds.
const STEP: u64 = 1000;

/// What the host keeps for an instance.
pub(crate) struct Clock {
    is_granted: bool,
    /// What the counted clocks have gone on since the call began, in nanoseconds.
    elapsed: u64,
}

impl Clock {
    pub(crate) fn new(is_granted: bool) -> Self {
        Self { is_granted, elapsed: 0 }
    }

    pub(crate) fn begin(&mut self) {
        self.elapsed = 0;
    }

    /// What has gone by since the call began, and a microsecond more for the next who asks.
    fn ask(&mut self) -> u64 {
        let elapsed = self.elapsed;
        self.elapsed = elapsed.saturating_add(STEP);
        elapsed
    }

    /// Nobody has to wait for a clock that stands still: it is moved on.
    fn sleep(&mut self, nanoseconds: u64) {
        self.elapsed = self.elapsed.saturating_add(nanoseconds);
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str) -> Result<()> {
    match interface {
        "wasi:clocks/wall-clock" => wall_clock::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        _ => monotonic_clock::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
    }
}

impl Abilities {
    fn real(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView { ctx: self.wasi.clocks(), table: &mut self.table }
    }

    fn slept(&mut self) -> Result<Resource<DynPollable>> {
        let slept = self.table.push(Slept)?;
        subscribe(&mut self.table, slept)
    }
}

impl wall_clock::Host for Abilities {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        if self.clock.is_granted {
            return wall_clock::Host::now(&mut self.real());
        }
        let elapsed = Duration::from_nanos(self.clock.ask());
        Ok(wall_clock::Datetime { seconds: START + elapsed.as_secs(), nanoseconds: elapsed.subsec_nanos() })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        if self.clock.is_granted {
            return wall_clock::Host::resolution(&mut self.real());
        }
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: STEP as u32 })
    }
}

impl monotonic_clock::Host for Abilities {
    fn now(&mut self) -> Result<u64> {
        if self.clock.is_granted {
            return monotonic_clock::Host::now(&mut self.real());
        }
        Ok(START_MONOTONIC.saturating_add(self.clock.ask()))
    }

    fn resolution(&mut self) -> Result<u64> {
        if self.clock.is_granted {
            return monotonic_clock::Host::resolution(&mut self.real());
        }
        Ok(STEP)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        if self.clock.is_granted {
            return self.real().subscribe_instant(when);
        }
        let now = START_MONOTONIC.saturating_add(self.clock.elapsed);
        self.clock.sleep(when.saturating_sub(now));
        self.slept()
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        if self.clock.is_granted {
            return self.real().subscribe_duration(duration);
        }
        self.clock.sleep(duration);
        self.slept()
    }
}

/// A sleep that is over.
struct Slept;

#[async_trait]
impl Pollable for Slept {
    async fn ready(&mut self) {}
}
