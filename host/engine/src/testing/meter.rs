//! How long a step takes, batch by batch, and how much of that is the crossing of the boundary.

use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, RecordBatch};

use super::rows::Rows;
use super::stand_in;
use super::trial::{Trial, batches};
use crate::component::Plugin;
use crate::contract::v0_1::Kind;
use crate::engine::{CompileCache, Engine, EngineOptions};
use crate::error::{Blame, Result};
use crate::instance::{Answer, At, Failure, Instance, Opening, Sampler, Spent};
use crate::plan::Call;
use crate::worker::{inputs, step_error};

/// Gives a step one batch after the other, round and round, on this thread, and takes the time of each call.
pub struct Meter<'a> {
    call: &'a Call,
    opening: Opening,
    batches: Vec<(usize, Vec<ArrayRef>)>,
    next: usize,
    live: Option<Instance>,
    sampler: Option<Sampler>,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Lap {
    /// Rows that went in; of a step that makes rows, that came out.
    pub rows: u64,
    /// Bytes that went in.
    pub bytes_in: u64,
    /// Bytes that came out.
    pub bytes_out: u64,
    /// Memory of the instance behind it, in bytes. It never shrinks.
    pub memory: u64,
    /// From the host's columns to the host's columns: lowering, the guest's work, lifting, and all checks.
    pub time: Duration,
    /// Whether it went to a new instance; to make one is no part of the time, unless the old one had grown too large.
    pub is_new: bool,
}

/// What a guest was found doing, at each tick of the clock.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Functions.
    pub frames: Vec<Frame>,
    /// Functions within functions.
    pub stacks: Vec<Stack>,
    /// What was found, in the order of time.
    pub taken: Vec<Sample>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its name, where the plugin has names; a stranger's text.
    pub name: String,
    /// Whether it is the host's work for the guest.
    pub is_host: bool,
}

/// A function within what called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack {
    /// The number of the stack that called it.
    pub around: Option<usize>,
    /// The function's number.
    pub frame: usize,
}

/// One look at a stack.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Since the beginning.
    pub at: Duration,
    /// The number of the stack.
    pub stack: usize,
    /// Ticks of the clock that this one stands for.
    pub ticks: u64,
}

impl Trial {
    /// To measure the step on these rows, in batches of so many; a step that makes rows is asked for so many at once.
    ///
    /// # Errors
    /// A column that cannot be had as the type that the step takes.
    pub fn meter(&self, input: Option<&Rows>, batch_rows: usize) -> Result<Meter<'_>> {
        let (call, size) = (self.call(), batch_rows.max(1));
        let fail = |failure| step_error(call, 0, size, failure);
        let cut = |batch: RecordBatch| Ok((batch.num_rows(), inputs(call, &batch).map_err(fail)?));
        let batches = match input {
            Some(rows) => batches(rows.batch(), size).map(cut).collect::<Result<Vec<_>>>()?,
            None => vec![(size, Vec::new())],
        };
        Ok(Meter { call, opening: call.opening.clone(), batches, next: 0, live: None, sampler: None })
    }
}

impl Meter<'_> {
    /// From now on the stack is looked at, at each tick of the engine's clock. ([`Engine::with_clock`] has one that ticks
    /// often.)
    pub fn sample(&mut self) {
        let sampler = Sampler::new(self.opening.plugin.code());
        self.live.iter_mut().for_each(|live| live.sample(&sampler));
        self.sampler = Some(sampler);
    }

    /// What was found so far.
    pub fn samples(&self) -> Samples {
        self.sampler.as_ref().map(Sampler::samples).unwrap_or_default()
    }

    /// Whether the next batch is the first one.
    pub fn is_at_start(&self) -> bool {
        self.next == 0
    }

    /// One call with the next batch. With the last batch of all, a global step is also asked for its answer, and a step whose
    /// batches hang together begins anew.
    ///
    /// # Errors
    /// [`StepError`](crate::error::StepError): what it failed with.
    pub fn lap(&mut self) -> Result<Lap> {
        let kind = self.call.opened.kind;
        let (mut start, mut is_new) = (Instant::now(), false);
        // As in a run: a transform's instance that has grown too large gets no more batches.
        let is_bloated = kind == Kind::Transform && self.live.as_ref().is_some_and(Instance::is_bloated);
        if is_bloated || self.live.is_none() {
            self.live = Some(self.open()?);
            is_new = true;
        }
        if !is_bloated {
            start = Instant::now();
        }
        self.sampler.iter().for_each(Sampler::begin);
        let (mut spent, made) = self.process()?;
        let is_last = self.next + 1 == self.batches.len();
        if is_last && kind == Kind::Global {
            self.finish(&mut spent)?;
        }
        self.sampler.iter().for_each(Sampler::end);
        let time = start.elapsed();
        let rows = if kind == Kind::Source { made } else { self.batches[self.next].0 };
        if (is_last && matches!(kind, Kind::Global | Kind::Ordered)) || (kind == Kind::Source && made == 0) {
            self.live = None;
        }
        self.next = (self.next + 1) % self.batches.len();
        let (bytes_in, bytes_out, memory) = (spent.bytes_in as u64, spent.bytes_out as u64, spent.memory as u64);
        Ok(Lap { rows: rows as u64, bytes_in, bytes_out, memory, time, is_new })
    }

    /// A meter of a plugin that takes the first batch and gives the same answer as this step did, to the byte, and does nothing
    /// else: what its calls take is what the boundary costs. None for a global step, whose answer is not to its batch.
    ///
    /// # Errors
    /// As [`lap`](Self::lap).
    pub fn stand_in(&self) -> Result<Option<Self>> {
        let call = self.call;
        if call.opened.kind == Kind::Global {
            return Ok(None);
        }
        let (rows, columns) = &self.batches[0];
        let fail = |failure| step_error(call, 0, *rows, failure);
        let answer = self.open()?.process(*rows, columns, At::default()).map_err(fail)?;
        let bytes = stand_in::build(call, &answer).map_err(|why| fail(Failure::new(Blame::Host, why)))?;
        // It is of no use to anybody later.
        let options = EngineOptions { cache: CompileCache::Off, ..call.opening.plugin.code().engine.options.clone() };
        let plugin = Plugin::from_bytes(&Engine::new(options)?, "a stand-in", &bytes)?;
        let opening = Opening { plugin, params: "{}".to_owned(), ..self.opening.clone() };
        let batches = vec![(*rows, columns.clone())];
        Ok(Some(Self { call, opening, batches, next: 0, live: None, sampler: None }))
    }

    fn open(&self) -> Result<Instance> {
        let mut instance = Instance::open(&self.opening).map_err(|failure| step_error(self.call, 0, 0, failure))?;
        self.sampler.iter().for_each(|sampler| instance.sample(sampler));
        Ok(instance)
    }

    /// The call itself: what it took, and how many rows came of it.
    fn process(&mut self) -> Result<(Spent, usize)> {
        let (call, (rows, columns)) = (self.call, &self.batches[self.next]);
        let Some(live) = &mut self.live else { return Ok(Default::default()) };
        let at = At { item: self.next as u64, first_row: 0 };
        let answer = live.process(*rows, columns, at).map_err(|failure| step_error(call, 0, *rows, failure));
        answer.map(|Answer { spent, rows, .. }| (spent, rows))
    }

    fn finish(&mut self, spent: &mut Spent) -> Result<()> {
        let rows = self.batches.iter().map(|(rows, _)| rows).sum();
        let Some(live) = &mut self.live else { return Ok(()) };
        while let Some(answer) = live.finish(rows).map_err(|failure| step_error(self.call, 0, rows, failure))? {
            spent.bytes_out += answer.spent.bytes_out;
            spent.memory = answer.spent.memory;
        }
        Ok(())
    }
}
