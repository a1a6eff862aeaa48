//! An instance that remembers, and what it was given: where it fails, another one is given the same and takes its place.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_array::{Array, ArrayRef};
use arrow_schema::{Field, Schema};

use super::hold::Storage;
use crate::error::{Blame, Error};
use crate::instance::{Answer, At, Failure, Instance, Over};
use crate::pipeline::OnError;
use crate::plan::Call;
use crate::report::Count;
use crate::spool::{Budget, Place, Spool};
use crate::worker::{Halved, halve, new_batch, within};

/// How often the instances of a step may be replaced in a run. Each time costs as much as the step has done so far, so a
/// step that fails on many rows would take for ever.
const MOST_REPLACED: u64 = 1000;

/// What is counted of a step over all of its instances, where it has an end.
#[derive(Debug)]
pub(crate) struct Tally {
    rejected: AtomicU64,
    replaced: AtomicU64,
    /// Bytes that it may make of one item, with what is carried along.
    held: usize,
}

impl Tally {
    pub(super) fn new(held: usize) -> Self {
        Self { rejected: AtomicU64::new(0), replaced: AtomicU64::new(0), held }
    }

    /// Whether so many bytes may come of one item. They wait in memory for their turn, and the columns that are carried
    /// along grow with every repetition: 48 kB of an answer can repeat a large row to gigabytes.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), Failure> {
        if bytes <= self.held {
            return Ok(());
        }
        let message = format!(
            "made more than {} MiB of one piece of the input, with the columns that are carried along",
            self.held >> 20
        );
        Err(Failure::over(Over::Held, message))
    }

    /// Counts what was rejected before the run was resumed.
    pub(super) fn resume(&self, rows: u64) {
        self.rejected.fetch_add(rows, Ordering::Relaxed);
    }

    /// Counts rejected rows; an error where a step has more of them than it may.
    pub(crate) fn reject(&self, call: &Call, rows: usize) -> Result<(), Failure> {
        let Some(most) = call.opening.limits.rejected_rows.filter(|_| rows > 0) else { return Ok(()) };
        let so_far = self.rejected.fetch_add(rows as u64, Ordering::Relaxed) + rows as u64;
        if so_far <= most {
            return Ok(());
        }
        let message = format!("{so_far} rows are rejected or failed; its limit is {most} a run");
        Err(Failure::over(Over::Rejected, message))
    }

    /// Counts an instance that takes the place of one that failed.
    fn replace(&self) -> Result<(), Failure> {
        if self.replaced.fetch_add(1, Ordering::Relaxed) < MOST_REPLACED {
            return Ok(());
        }
        let message = format!(
            "failed more than {MOST_REPLACED} times; each time it is given again all that it has seen. Mend the step, or \
             leave out the rows that it fails on before they come to it (`where:`)"
        );
        Err(Failure::new(Blame::Plugin, message))
    }
}

/// An instance of a step whose answers hang on what it has seen.
pub(super) struct Steady {
    call: Arc<Call>,
    tally: Arc<Tally>,
    instance: Option<Instance>,
    /// What it accepted; none where nobody would be given it again.
    given: Option<Given>,
    /// Whether it has accepted anything.
    has_seen: bool,
    /// Whether one failed: the next one takes its place.
    has_failed: bool,
    /// What the calls took that gave an instance again what another had seen.
    again: Count,
    /// What ends the run, whatever is to become of rows.
    broken: Option<Failure>,
}

/// What an instance was given, a batch a call.
struct Given {
    budget: Arc<Budget>,
    folder: PathBuf,
    rows: Option<Spool>,
    places: Vec<At>,
}

impl Steady {
    pub(super) fn new(call: Arc<Call>, storage: &Storage, tally: Arc<Tally>) -> Self {
        let wants = call.on_error != OnError::Fail || call.retries > 0;
        let (budget, folder) = (storage.budget.clone(), storage.folder.clone());
        let given = wants.then(|| Given { budget, folder, rows: None, places: Vec::new() });
        let (has_seen, has_failed, again) = Default::default();
        Self { call, tally, instance: None, given, has_seen, has_failed, again, broken: None }
    }

    /// One batch: the answer to all rows that it can answer for. What the answer took is the caller's to book, as of any
    /// call; what others took that it needed is booked here.
    pub(super) fn process(
        &mut self,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        count: &mut Count,
    ) -> Result<Halved, Failure> {
        let done = self.attempt(rows, columns, at, count);
        count.add(&std::mem::take(&mut self.again));
        self.broken.take().map_or(done, Err)
    }

    /// After the last batch, over `consumed` rows: the next piece of the answer.
    pub(super) fn finish(&mut self, consumed: usize, count: &mut Count) -> Result<Option<Answer>, Failure> {
        if !self.has_seen {
            return Ok(None);
        }
        self.live();
        count.add(&std::mem::take(&mut self.again));
        match (self.broken.take(), &mut self.instance) {
            (Some(failure), _) => Err(failure),
            (None, Some(instance)) => instance.finish(consumed),
            (None, None) => Ok(None),
        }
    }

    /// Whether there is anything that it could answer to.
    pub(super) fn has_seen(&self) -> bool {
        self.has_seen
    }

    /// It is not asked again.
    pub(super) fn end(&mut self) {
        (self.instance, self.given, self.has_seen) = (None, None, false);
    }

    fn attempt(&mut self, rows: usize, columns: &[ArrayRef], at: At, count: &mut Count) -> Result<Halved, Failure> {
        let call = self.call.clone();
        let time = call.opening.limits.time;
        let mut answer = self.ask(0..rows, columns, at, time, usize::MAX);
        for _ in 0..call.retries {
            match &answer {
                Err(failure) if failure.blame != Blame::Stopped => count.spend(&failure.spent, 0),
                _ => break,
            }
            count.calls += 1;
            answer = self.ask(0..rows, columns, at, time, usize::MAX);
        }
        let failure = match answer {
            Ok(answer) => return Ok(Halved { answer, guilty: Vec::new() }),
            Err(failure) if call.on_error == OnError::Fail => return Err(failure),
            Err(failure) => failure,
        };
        count.spend(&failure.spent, 0);
        // The answers to parts are held together, and within one limit. It is looked here already: what an instance has
        // accepted cannot be taken back.
        let mut left = call.opening.limits.output_bytes;
        let mut ask = |part: Range<usize>, time: Duration| {
            let answer = self.ask(part, columns, at, time, left)?;
            left -= answer.spent.bytes_out;
            Ok(answer)
        };
        halve(&call, rows, failure, count, &mut ask)
    }

    /// One call with some rows of a batch, for an answer of so many bytes at most. An instance that failed is gone.
    fn ask(
        &mut self,
        part: Range<usize>,
        columns: &[ArrayRef],
        at: At,
        time: Duration,
        most: usize,
    ) -> Result<Answer, Failure> {
        // Nothing more is asked, and no row is to blame.
        let broken = || Failure::new(Blame::Stopped, String::new());
        let at = within(at, &part);
        let columns: Vec<ArrayRef> = columns.iter().map(|column| column.slice(part.start, part.len())).collect();
        let instance = self.live().ok_or_else(broken)?;
        let answer = instance.process_within(part.len(), &columns, at, time).and_then(|answer| {
            match answer.spent.bytes_out <= most {
                true => Ok(answer),
                false => Err(Failure::too_much_together()),
            }
        });
        if answer.is_err() {
            (self.instance, self.has_failed) = (None, true);
            return answer;
        }
        self.has_seen = true;
        let kept = self.given.as_mut().map_or(Ok(()), |given| given.push(part.len(), columns, at));
        if let Err(error) = kept {
            self.broken = Some(host(&error));
            return Err(broken());
        }
        answer
    }

    /// The instance; none where there can be none, which ends the run.
    fn live(&mut self) -> Option<&mut Instance> {
        if self.instance.is_none() {
            match self.open() {
                Ok(instance) => self.instance = Some(instance),
                Err(failure) => self.broken = Some(failure),
            }
        }
        self.instance.as_mut()
    }

    /// A fresh instance, which has seen what those before it saw.
    fn open(&mut self) -> Result<Instance, Failure> {
        if !self.has_failed {
            return Instance::open(&self.call.opening);
        }
        self.tally.replace()?;
        let stopped = |failure: &Failure| failure.blame == Blame::Stopped;
        let told = |failure: Failure| match stopped(&failure) {
            true => failure,
            false => Failure {
                message: format!("failed before, and cannot be brought back to where it was: {}", failure.message),
                ..failure
            },
        };
        let mut instance = Instance::open(&self.call.opening).map_err(told)?;
        let Some(Given { rows: Some(rows), places, .. }) = &mut self.given else { return Ok(instance) };
        for (number, at) in places.iter().enumerate() {
            let batch = rows.batch(number).map_err(|error| host(&error))?;
            // What it answers was passed on before.
            let answer = instance.process(batch.num_rows(), batch.columns(), *at).map_err(told)?;
            self.again.calls += 1;
            self.again.spend(&answer.spent, answer.rows);
        }
        Ok(instance)
    }
}

impl Given {
    fn push(&mut self, rows: usize, columns: Vec<ArrayRef>, at: At) -> Result<(), Error> {
        let spool = match &mut self.rows {
            Some(spool) => spool,
            none => {
                let field =
                    |(at, column): (usize, &ArrayRef)| Field::new(at.to_string(), column.data_type().clone(), true);
                let schema = Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>());
                let place = Place::Temporary(self.folder.clone());
                none.insert(Spool::new(Arc::new(schema), self.budget.clone(), place))
            }
        };
        let batch = new_batch(spool.schema(), columns, rows)?;
        self.places.push(at);
        spool.push(batch)
    }
}

fn host(error: &Error) -> Failure {
    Failure::new(Blame::Limit, error.to_string())
}
