//! One thread of a run. It owns its live instances, one a step, made on first use and kept for batch after batch.

mod call;
mod few;
mod halve;
mod key;
mod route;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;

use crate::cache::InputKey;
use crate::error::{Blame, Error, Result, StepError};
use crate::expression::ExpressionError;
use crate::instance::{Answer, At, Failure, Instance};
use crate::pipeline::OnError;
use crate::plan::{BatchSize, Call, Meet, Op, Route, Segment, Target, Work, whole};
use crate::report::Count;
use crate::run::{Found, Shared, Tally, Token, panicked};
use crate::sink::Encoded;
use crate::source::bounded;

pub(crate) use call::{
    Pieces, Reason, Rejected, account, arrange, arrow, at_rows, batch_bytes, fail_rows, inputs, new_batch, outcome,
    settle, step_error, take_all,
};
pub(crate) use few::Few;
pub(crate) use halve::{Halved, Halving, halve, within};
pub(crate) use key::is_hashable;

/// Most live instances of a thread. Steps beyond that share: the pool that instances come from has an end.
const MAX_LIVE: usize = 200;

/// What goes through a segment as one: the batches of one piece of input, or of what a stage passed on.
pub(crate) struct Item {
    /// Its place in the order.
    pub(crate) number: u64,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) rejected: Vec<Rejected>,
    /// Of each step of the segment; the first is the one that the item comes from.
    pub(crate) counts: Vec<Count>,
    /// The first thing that went wrong; nothing more is done with the item but to report it in its turn.
    pub(crate) failure: Option<Error>,
    /// Whether the failure knows its rows counted over all, and not only within the item.
    pub(crate) placed: bool,
    /// Held until nothing of the item is under way any more.
    pub(crate) token: Token,
}

impl Item {
    pub(crate) fn new(number: u64, batches: Vec<RecordBatch>, token: Token) -> Self {
        let (rejected, counts) = Default::default();
        Self { number, batches, rejected, counts, failure: None, placed: false, token }
    }

    pub(crate) fn failed(number: u64, failure: Error, token: Token) -> Self {
        Self { failure: Some(failure), ..Self::new(number, Vec::new(), token) }
    }
}

/// What comes out of a segment at one exit, of one item.
pub(crate) struct Parcel {
    /// The item's.
    pub(crate) number: u64,
    /// Rows that the item had when it entered the segment.
    pub(crate) entered: u64,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) encoded: Vec<Encoded>,
    pub(crate) rejected: Vec<Rejected>,
    /// What the segment's steps counted of the item.
    pub(crate) counts: Arc<[Count]>,
    pub(crate) failure: Option<Failed>,
    /// What an instance of a keyed or global step has to say.
    pub(crate) word: Option<crate::run::Word>,
    pub(crate) token: Token,
}

/// A failure that several exits are told of; the first to come to it raises it.
#[derive(Clone)]
pub(crate) struct Failed {
    error: Arc<Mutex<Option<Error>>>,
    pub(crate) placed: bool,
}

impl Failed {
    pub(crate) fn new(error: Error, placed: bool) -> Self {
        Self { error: Arc::new(Mutex::new(Some(error))), placed }
    }

    /// For those that are not to raise it.
    pub(crate) fn untold() -> Self {
        Self { error: Arc::default(), placed: true }
    }

    pub(crate) fn take(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One thing to do with rows.
enum Task<'p> {
    Rows(&'p [Target], RecordBatch),
    Pieces(&'p Call, &'p [Target], Pieces, RecordBatch),
}

/// What a thread keeps while an item is under way.
struct Scratch<'p> {
    number: u64,
    /// Rows that each op has had of the item.
    seen: Vec<u64>,
    /// What waits at each op where streams meet, by input.
    waiting: Vec<Vec<Vec<RecordBatch>>>,
    exits: Vec<(Vec<RecordBatch>, Vec<Encoded>)>,
    rejected: Vec<Rejected>,
    counts: Vec<Count>,
    entered: u64,
    /// The last step that repeated rows, and what has come to the exits since the first of these did.
    grown: Option<&'p Call>,
    held: usize,
}

pub(crate) struct Worker<'a> {
    shared: &'a Shared,
    instances: Vec<Option<Instance>>,
    live: usize,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let instances = std::iter::repeat_with(|| None).take(shared.step_names.len()).collect();
        Self { shared, instances, live: 0 }
    }

    /// Takes an item through a segment; a parcel for each exit. A failure is told to all of them, with the rows that it was
    /// at.
    pub(crate) fn segment(&mut self, at: usize, item: Item) -> Vec<Parcel> {
        let segment = &self.shared.segments[at];
        let mut scratch = Scratch::new(segment, &item);
        scratch.rejected = item.rejected;
        let mut failed = item.failure.map(|error| Failed::new(error, item.placed));
        if failed.is_none() {
            let done = self.through(segment, item.batches, &mut scratch);
            failed = done.err().map(|error| Failed::new(error, false));
        }
        let exits = std::mem::take(&mut scratch.exits);
        let last = exits.len().saturating_sub(1);
        let counts: Arc<[Count]> = std::mem::take(&mut scratch.counts).into();
        let parcel = |(exit, (batches, encoded)): (usize, (Vec<RecordBatch>, Vec<Encoded>))| Parcel {
            number: item.number,
            entered: scratch.entered,
            batches: if failed.is_some() { Vec::new() } else { batches },
            encoded: if failed.is_some() { Vec::new() } else { encoded },
            rejected: if exit == last { std::mem::take(&mut scratch.rejected) } else { Vec::new() },
            counts: counts.clone(),
            failure: failed
                .as_ref()
                .map(|failed| if exit == segment.teller { failed.clone() } else { Failed::untold() }),
            word: None,
            token: item.token.clone(),
        };
        exits.into_iter().enumerate().map(parcel).collect()
    }

    fn through(&mut self, segment: &'a Segment, batches: Vec<RecordBatch>, scratch: &mut Scratch<'a>) -> Result<()> {
        let mut first_row = 0;
        for batch in batches {
            let rows = batch.num_rows() as u64;
            self.look(segment.steps[0], 0, &batch)?;
            self.drain(segment, Task::Rows(&segment.first, batch), scratch)
                .map_err(|error| at_rows(error, first_row, rows))?;
            first_row += rows;
        }
        for (at, op) in segment.ops.iter().enumerate() {
            if let Work::Meet(meet) = &op.work {
                let inputs = std::mem::take(&mut scratch.waiting[at]);
                let batches = meet_item(meet, inputs, &mut scratch.counts[op.slot], &self.shared.tallies[op.step])
                    .map_err(|error| at_rows(error, 0, first_row))?;
                for batch in batches {
                    self.look(op.step, 0, &batch)?;
                    self.drain(segment, Task::Rows(&op.next[0], batch), scratch)
                        .map_err(|error| at_rows(error, 0, first_row))?;
                }
            }
        }
        Ok(())
    }

    /// Depth first: where a step makes many rows of few, each piece of them goes to the end before the next one is made. The
    /// stack is ours, so that a pipeline of any length fits.
    fn drain(&mut self, segment: &'a Segment, task: Task<'a>, scratch: &mut Scratch<'a>) -> Result<()> {
        let mut stack = vec![task];
        while let Some(task) = stack.pop() {
            match task {
                Task::Rows(targets, batch) => {
                    // The first target's rows go first.
                    if let Some((first, rest)) = targets.split_first() {
                        rest.iter().rev().for_each(|other| {
                            stack.push(Task::Rows(std::slice::from_ref(other), batch.clone()));
                        });
                        self.target(segment, *first, batch, scratch, &mut stack)?;
                    }
                }
                Task::Pieces(call, next, mut pieces, batch) => {
                    let start = Instant::now();
                    let host = |error: Error| step_error(call, scratch.number, batch.num_rows(), host_limit(&error));
                    let piece = pieces.next_piece(call, &batch).map_err(host)?;
                    if let Some(piece) = piece {
                        self.look(call.step, 0, &piece)?;
                        stack.push(Task::Pieces(call, next, pieces, batch));
                        stack.push(Task::Rows(next, piece));
                    }
                    scratch.counts[self.slot_of(segment, call)].time += start.elapsed();
                }
            }
        }
        Ok(())
    }

    fn slot_of(&self, segment: &Segment, call: &Call) -> usize {
        segment.steps.iter().rposition(|step| *step == call.step).unwrap_or(0)
    }

    fn target(
        &mut self,
        segment: &'a Segment,
        target: Target,
        batch: RecordBatch,
        scratch: &mut Scratch<'a>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<()> {
        let (at, port) = match target {
            Target::Exit(exit) => {
                self.hold(scratch, || batch_bytes(&batch))?;
                scratch.exits[exit].0.push(batch);
                return Ok(());
            }
            Target::Op(at, port) => (at, port),
        };
        let op = &segment.ops[at];
        match (&op.work, op.cut) {
            (Work::Meet(_), _) => scratch.waiting[at][port].push(batch),
            (_, None) => self.op(at, op, batch, scratch, stack)?,
            (_, Some(BatchSize { rows, bytes })) => {
                let mut cut = Vec::new();
                bounded(batch, rows, bytes / 2, &mut cut);
                for batch in cut {
                    self.op(at, op, batch, scratch, stack)?;
                }
            }
        }
        Ok(())
    }

    /// One step's work on one batch. A panic of ours is told with the step that it was for.
    fn op(
        &mut self,
        at: usize,
        op: &'a Op,
        batch: RecordBatch,
        scratch: &mut Scratch<'a>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<()> {
        let work = AssertUnwindSafe(|| self.work(at, op, batch, scratch, stack));
        catch_unwind(work).unwrap_or_else(|panic| {
            Err(panicked(&format!("step `{}`: the host", self.shared.step_names[op.step].0), &*panic))
        })
    }

    fn work(
        &mut self,
        at: usize,
        op: &'a Op,
        batch: RecordBatch,
        scratch: &mut Scratch<'a>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<()> {
        let (start, rows_in, first) = (Instant::now(), batch.num_rows() as u64, scratch.seen[at]);
        scratch.seen[at] += rows_in;
        if let Work::Call(call) = &op.work {
            return self.call(call, op, batch, first, scratch, stack);
        }
        let batch = match &op.work {
            Work::Route(route) => {
                let place = (scratch.number, first);
                // How a leaf is split into train and test is nobody's step.
                let is_step = !matches!(route, Route::Split { .. });
                let mut uncounted = Count::default();
                let count = if is_step { &mut scratch.counts[op.slot] } else { &mut uncounted };
                let made = route::route(route, op.next.len(), &batch, place, count);
                let made = made.map_err(|trouble| match trouble {
                    route::Trouble::Expression(error) => self.host_error(op.step, scratch, &error),
                    route::Trouble::Host(error) => error,
                })?;
                for (branch, batch) in made.iter().enumerate().filter(|(_, batch)| is_step && batch.num_rows() > 0) {
                    self.look(op.step, branch, batch)?;
                }
                let branches = made.into_iter().zip(&op.next).filter(|(batch, _)| batch.num_rows() > 0).rev();
                stack.extend(branches.map(|(batch, next)| Task::Rows(next, batch)));
                scratch.counts[op.slot].time += start.elapsed();
                return Ok(());
            }
            Work::Number(schema) => {
                let numbers = (0..rows_in).map(|row| scratch.number << 32 | (first + row));
                stack.push(Task::Rows(
                    &op.next[0],
                    with_column(&batch, schema, Arc::new(UInt64Array::from_iter_values(numbers)))?,
                ));
                return Ok(());
            }
            Work::Key(columns, schema) => {
                let hashes = key::hashes(&batch, columns)?;
                stack.push(Task::Rows(&op.next[0], with_column(&batch, schema, hashes)?));
                return Ok(());
            }
            Work::Sink { exit, output, columns, is_counted } => {
                let encoded = self.encode(*output, columns.as_ref(), &batch)?;
                self.hold(scratch, || batch_bytes(&batch) + encoded.as_ref().map_or(0, encoded_bytes) as usize)?;
                if *is_counted {
                    scratch.counts[op.slot].bytes_in += encoded.as_ref().map_or(0, encoded_bytes);
                }
                scratch.exits[*exit]
                    .0
                    .extend(encoded.is_some().then(|| visible(&batch, columns.as_ref())).transpose()?);
                scratch.exits[*exit].1.extend(encoded);
                if !is_counted {
                    return Ok(());
                }
                batch
            }
            Work::Filter(expression) => {
                let keep = expression.filter(&batch).map_err(|error| self.host_error(op.step, scratch, &error))?;
                if keep.true_count() == batch.num_rows() {
                    batch
                } else {
                    filter_record_batch(&batch, &keep).map_err(arrow)?
                }
            }
            Work::Compute(columns, schema) => {
                let made = columns.iter().map(|(at, expression)| Ok((*at, expression.evaluate(&batch)?)));
                let made = made.collect::<Result<Vec<_>, ExpressionError>>();
                replace(&batch, made.map_err(|error| self.host_error(op.step, scratch, &error))?, schema)?
            }
            Work::Project(columns, schema) => {
                let columns = columns.iter().map(|column| batch.column(*column).clone()).collect();
                new_batch(schema, columns, batch.num_rows())?
            }
            Work::Call(_) | Work::Meet(_) => batch,
        };
        let count = &mut scratch.counts[op.slot];
        count.rows_in += rows_in;
        count.rows_out += batch.num_rows() as u64;
        count.dropped += rows_in - batch.num_rows() as u64;
        count.time += start.elapsed();
        self.look(op.step, 0, &batch)?;
        stack.push(Task::Rows(&op.next[0], batch));
        Ok(())
    }

    /// Where somebody wants to see what comes out of each step.
    fn look(&self, step: usize, branch: usize, batch: &RecordBatch) -> Result<()> {
        self.shared.seen.as_ref().map_or(Ok(()), |seen| seen.look(step, branch, batch))
    }

    fn call(
        &mut self,
        call: &'a Call,
        op: &'a Op,
        batch: RecordBatch,
        first_row: u64,
        scratch: &mut Scratch<'a>,
        stack: &mut Vec<Task<'a>>,
    ) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let start = Instant::now();
        let count = &mut scratch.counts[op.slot];
        let at = At { item: scratch.number, first_row };
        let fail = |failure| step_error(call, at.item, batch.num_rows(), failure);
        let columns = inputs(call, &batch).map_err(fail)?;
        let keep = self.shared.keeps[call.step].as_ref();
        let found = keep.map_or(Found::Unwanted, |keep| keep.find(call, batch.num_rows(), &columns, None));
        let answer = match found {
            Found::Answer(answer) => {
                count.cached += 1;
                Ok(*answer)
            }
            Found::Unwanted => self.answer(call, &batch, &columns, at, None),
            Found::Nothing(key) => self.answer(call, &batch, &columns, at, Some(key)),
        };
        let (answer, guilty) = match answer {
            Ok(answer) => (answer, Vec::new()),
            Err(failure) => {
                let halved = self.after(call, batch.num_rows(), &columns, at, failure, count).map_err(fail)?;
                (halved.answer, halved.guilty)
            }
        };
        let outcome = settle(call, &batch, answer, count).map_err(fail)?;
        let aside = guilty.len() + outcome.rejected.iter().map(|rejected| rejected.reasons.len()).sum::<usize>();
        let failed = fail_rows(call, &batch, guilty, count)?;
        self.shared.count_rejected(call, aside).map_err(fail)?;
        scratch.rejected.extend(outcome.rejected.into_iter().chain(failed));
        count.time += start.elapsed();
        if outcome.pieces.grows() {
            scratch.grown = Some(call);
        }
        stack.push(Task::Pieces(call, &op.next[0], outcome.pieces, batch));
        Ok(())
    }

    /// What has come to an exit waits there for its turn. As long as no step repeats rows that is as much as has been read; from
    /// then on it is counted.
    fn hold(&self, scratch: &mut Scratch<'a>, bytes: impl FnOnce() -> usize) -> Result<()> {
        let Some(call) = scratch.grown else { return Ok(()) };
        scratch.held += bytes();
        let held = self.shared.hold(call, scratch.held);
        held.map_err(|failure| step_error(call, scratch.number, 0, failure))
    }

    /// After a failure: the batch is tried again as it is, then in halves, as far as the pipeline wants that.
    fn after(
        &mut self,
        call: &Call,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        failure: Failure,
        count: &mut Count,
    ) -> Result<Halved, Failure> {
        let mut failure = failure;
        count.spend(&failure.spent, 0);
        let mut ask = |part: Range<usize>, time: Duration| {
            let part_columns: Vec<ArrayRef> =
                columns.iter().map(|column| column.slice(part.start, part.len())).collect();
            let mut instance = self.instance(call)?;
            let answer = instance.process_within(part.len(), &part_columns, within(at, &part), time);
            self.lay_back(call, answer.is_ok().then_some(instance));
            answer
        };
        for _ in 0..call.retries {
            if failure.blame == Blame::Stopped {
                break;
            }
            count.calls += 1;
            match ask(0..rows, call.opening.limits.time) {
                Ok(answer) => return Ok(Halved { answer, guilty: Vec::new() }),
                Err(again) => {
                    count.spend(&again.spent, 0);
                    failure = again;
                }
            }
        }
        match call.on_error {
            OnError::Fail => Err(failure),
            OnError::Quarantine | OnError::Skip => halve(call, rows, failure, count, &mut ask),
        }
    }

    /// Asks the thread's own instance; what it answers is kept where it has a key.
    fn answer(
        &mut self,
        call: &Call,
        batch: &RecordBatch,
        columns: &[ArrayRef],
        at: At,
        key: Option<InputKey>,
    ) -> Result<Answer, Failure> {
        let mut instance = self.instance(call)?;
        let start = Instant::now();
        let answer = instance.process(batch.num_rows(), columns, at);
        self.lay_back(call, answer.is_ok().then_some(instance));
        if let (Some(keep), Ok(answer)) = (&self.shared.keeps[call.step], &answer) {
            keep.keep(call, columns, answer, key, start);
        }
        answer
    }

    /// Keeps an instance for the next batch. One that failed is never used again, nor one that has grown too large.
    fn lay_back(&mut self, call: &Call, instance: Option<Instance>) {
        let instance = instance.filter(|instance| !instance.is_bloated());
        if let Some(few) = &self.shared.few[call.step] {
            few.lay_back(instance);
        } else if instance.is_some() {
            self.instances[call.step] = instance;
            self.live += 1;
        }
    }

    fn instance(&mut self, call: &Call) -> Result<Instance, Failure> {
        if let Some(few) = &self.shared.few[call.step] {
            return few.take(call);
        }
        if let Some(instance) = self.instances[call.step].take() {
            self.live -= 1;
            return Ok(instance);
        }
        if self.live >= MAX_LIVE
            && let Some(other) = self.instances.iter_mut().find(|other| other.is_some())
        {
            *other = None;
            self.live -= 1;
        }
        Instance::open(&call.opening)
    }

    fn encode(
        &self,
        output: usize,
        columns: Option<&(Vec<usize>, SchemaRef)>,
        batch: &RecordBatch,
    ) -> Result<Option<Encoded>> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let seen = visible(batch, columns)?;
        Ok(Some(self.shared.encoders[output].encode(&seen)?))
    }

    fn host_error(&self, step: usize, scratch: &Scratch, error: &ExpressionError) -> Error {
        let (id, uses) = self.shared.step_names[step].clone();
        StepError {
            step: id,
            uses,
            batch: scratch.number,
            first_row: 0,
            rows: scratch.entered,
            blame: Blame::Expression,
            message: error.message.clone(),
            backtrace: Vec::new(),
            help: None,
        }
        .into()
    }
}

impl Scratch<'_> {
    fn new(segment: &Segment, item: &Item) -> Self {
        let mut counts = item.counts.clone();
        counts.resize(segment.steps.len(), Count::default());
        let waiting = segment.ops.iter().map(|op| match &op.work {
            Work::Meet(meet) => vec![Vec::new(); meet.inputs.len()],
            _ => Vec::new(),
        });
        Self {
            number: item.number,
            seen: vec![0; segment.ops.len()],
            waiting: waiting.collect(),
            exits: segment.exits.iter().map(|_| Default::default()).collect(),
            rejected: Vec::new(),
            counts,
            entered: item.batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            grown: None,
            held: 0,
        }
    }
}

/// Streams meet: what each brought of one item. A join that repeats rows goes on in small pieces, and has an end.
pub(crate) fn meet_item(
    meet: &Meet,
    inputs: Vec<Vec<RecordBatch>>,
    count: &mut Count,
    tally: &Tally,
) -> Result<Vec<RecordBatch>> {
    let start = Instant::now();
    let inputs = inputs.iter().zip(&meet.inputs).map(|(batches, input)| whole(&input.schema, batches));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let origins: Vec<Vec<u64>> = inputs.iter().enumerate().map(|(input, batch)| meet.origins(input, batch)).collect();
    let merged = meet.merge(&origins, count)?;
    let mut batches = Vec::new();
    let grows = merged.rows.iter().zip(&inputs).any(|(rows, input)| call::repeats(rows, input.num_rows()));
    let (rows, mut held) = (if grows { meet.piece_rows(&inputs) } else { merged.len.max(1) }, 0);
    for at in (0..merged.len).step_by(rows) {
        let piece = meet.gather(&merged.slice(at, rows.min(merged.len - at)), &inputs)?;
        if grows {
            held += batch_bytes(&piece);
            tally.hold(held).map_err(|failure| meet.failed(failure, inputs[0].num_rows()))?;
        }
        bounded(piece, meet.batch.rows, meet.batch.bytes, &mut batches);
    }
    count.time += start.elapsed();
    Ok(batches)
}

fn host_limit(error: &Error) -> Failure {
    Failure::new(Blame::Limit, error.to_string())
}

/// The columns that an output gets.
fn visible(batch: &RecordBatch, columns: Option<&(Vec<usize>, SchemaRef)>) -> Result<RecordBatch> {
    match columns {
        None => Ok(batch.clone()),
        Some((columns, schema)) => {
            let columns = columns.iter().map(|column| batch.column(*column).clone()).collect();
            new_batch(schema, columns, batch.num_rows())
        }
    }
}

fn encoded_bytes(encoded: &Encoded) -> u64 {
    match encoded {
        Encoded::Bytes(bytes) => bytes.len() as u64,
        Encoded::Batch(batch) => batch_bytes(batch) as u64,
    }
}

fn with_column(batch: &RecordBatch, schema: &SchemaRef, column: ArrayRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().cloned().chain([column]).collect();
    new_batch(schema, columns, batch.num_rows())
}

fn replace(batch: &RecordBatch, made: Vec<(usize, ArrayRef)>, schema: &SchemaRef) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    for (at, column) in made {
        if at < columns.len() { columns[at] = column } else { columns.push(column) }
    }
    new_batch(schema, columns, batch.num_rows())
}
