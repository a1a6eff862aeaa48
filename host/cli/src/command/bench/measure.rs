//! Runs of a meter.

use std::time::{Duration, Instant};

use miette::{Result, miette};
use stillroom::testing::Meter;

/// The part of the time that goes to warming up.
const WARM_UP: f64 = 0.1;

/// Runs that there are at least, however long they take.
const LEAST_RUNS: usize = 3;

/// Calls that hang together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) rows: u64,
    pub(super) bytes_in: u64,
    pub(super) memory: u64,
    pub(super) instances: u64,
    time: Duration,
}

impl Run {
    /// Rows a second.
    pub(super) fn rate(&self) -> f64 {
        self.rows as f64 / self.time.as_secs_f64().max(f64::EPSILON)
    }
}

/// So many runs in about so many seconds, and fewer where one alone takes longer than its part. `is_whole`: each run goes
/// through all batches, once or several times.
pub(super) fn measure(meter: &mut Meter<'_>, seconds: f64, runs: usize, is_whole: bool) -> Result<Vec<Run>> {
    let (start, all) = (Instant::now(), Duration::from_secs_f64(seconds));
    run(meter, all.mul_f64(WARM_UP), is_whole)?;
    let part = all.mul_f64((1.0 - WARM_UP) / runs as f64);
    let mut done = Vec::with_capacity(runs);
    while done.len() < runs && (done.len() < LEAST_RUNS || start.elapsed() < all) {
        let run = run(meter, part, is_whole)?;
        if run.rows == 0 {
            return Err(miette!("the step makes no rows to measure"));
        }
        done.push(run);
    }
    Ok(done)
}

fn run(meter: &mut Meter<'_>, time: Duration, is_whole: bool) -> Result<Run> {
    let (start, mut run) = (Instant::now(), Run::default());
    loop {
        let lap = meter.lap()?;
        run.rows += lap.rows;
        run.bytes_in += lap.bytes_in;
        run.memory = run.memory.max(lap.memory);
        run.instances += u64::from(lap.is_new);
        run.time += lap.time;
        if start.elapsed() >= time && (!is_whole || meter.is_at_start()) {
            return Ok(run);
        }
    }
}
