//! A step that waits: for models. It holds no thread while it does. Any of its instances takes any batch, many are under way
//! at once, and each item goes on when it is done; those behind put items in order.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, RecordBatch};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stage::pass_failure;
use super::steady::Tally;
use crate::engine::WAITING_INSTANCES;
use crate::error::{Blame, Error, Result};
use crate::instance::{Answer, At, Failure, Instance};
use crate::pipeline::OnError;
use crate::plan::Call;
use crate::report::Count;
use crate::source::bounded;
use crate::worker::{
    Halved, Halving, Item, Parcel, Rejected, at_rows, batch_bytes, fail_rows, inputs, settle, step_error, within,
};

/// Rows of a call, where the pipeline does not say. All requests of a call are under way together and the last one ends it, so
/// few rows waste little; an instance takes some hundred kB, so one a row would be many.
const CALL_ROWS: usize = 8;

/// Memory for the live instances of a step, by what one holds when it is open, in bytes.
const CREW_BYTES: usize = 256 << 20;

/// The fewest and the most of them.
const CREW: Range<usize> = 2..129;

/// The stage of a step that waits.
pub(super) struct Wait {
    crew: Arc<Crew>,
    seen: u64,
}

/// The instances of a step, and who may have one.
struct Crew {
    call: Arc<Call>,
    tally: Arc<Tally>,
    places: Semaphore,
    lying: Mutex<Vec<Instance>>,
    /// Memory of those, in bytes.
    lying_bytes: AtomicUsize,
    /// The first item that failed for good: nothing is begun for those behind it, which nobody will see.
    failed: AtomicU64,
}

/// What became of the rows of one call.
struct Part {
    batches: Vec<RecordBatch>,
    rejected: Vec<Rejected>,
    count: Count,
    /// Bytes of what was repeated.
    held: usize,
}

impl Wait {
    /// `others`: how many steps of the pipeline wait; they share the places that there are.
    pub(super) fn new(call: Arc<Call>, tally: Arc<Tally>, others: usize) -> Self {
        let limits = &call.opening.limits;
        let fit = (CREW_BYTES / call.at_rest.max(1)).min(WAITING_INSTANCES / others.max(1));
        let fit = fit.clamp(CREW.start, CREW.end - 1);
        let places = limits.instances.map_or(fit, |most| most.clamp(1, CREW.end - 1));
        let (places, lying, failed) = (Semaphore::new(places), Mutex::default(), AtomicU64::new(u64::MAX));
        let lying_bytes = AtomicUsize::new(0);
        Self { crew: Arc::new(Crew { call, tally, places, lying, lying_bytes, failed }), seen: 0 }
    }

    /// The item that the parcel becomes, in time.
    pub(super) fn take(&mut self, parcel: Parcel) -> impl Future<Output = Item> + Send + use<> {
        let (before, crew) = (self.seen, self.crew.clone());
        self.seen += parcel.entered;
        async move {
            let (number, token) = (parcel.number, parcel.token.clone());
            if parcel.failure.is_some() {
                crew.failed.fetch_min(number, Ordering::Relaxed);
                return pass_failure(number, &[parcel], before, token);
            }
            match item(crew.clone(), parcel, before).await {
                Ok(item) => item,
                Err(error) => {
                    crew.failed.fetch_min(number, Ordering::Relaxed);
                    Item { placed: true, ..Item::failed(number, error, token) }
                }
            }
        }
    }
}

/// All calls of an item at once; what they gave, in order.
async fn item(crew: Arc<Crew>, parcel: Parcel, before: u64) -> Result<Item> {
    let start = Instant::now();
    let number = parcel.number;
    let (mut cut, mut first_row) = (Vec::new(), 0);
    for batch in parcel.batches.into_iter().filter(|batch| batch.num_rows() > 0) {
        let mut pieces = Vec::new();
        bounded(batch, crew.call.wait_rows.unwrap_or(CALL_ROWS), crew.call.batch.bytes, &mut pieces);
        for piece in pieces {
            let at = At { item: number, first_row };
            first_row += piece.num_rows() as u64;
            cut.push((at, piece));
        }
    }
    let mut calls = JoinSet::new();
    let mut parts: Vec<Option<Result<Part>>> = cut.iter().map(|_| None).collect();
    for (place, (at, batch)) in cut.into_iter().enumerate() {
        let crew = crew.clone();
        calls.spawn(async move {
            let rows = batch.num_rows();
            let first = before + at.first_row;
            let done = crew.part(batch, at).await;
            (place, done.map_err(|error| at_rows(error, first, rows as u64)))
        });
    }
    while let Some(done) = calls.join_next().await {
        match done {
            Ok((place, part)) => parts[place] = Some(part),
            // A panic of ours, while it served this step.
            Err(error) if error.is_panic() => {
                let failure = Failure::panicked(&*error.into_panic());
                return Err(step_error(&crew.call, number, 0, failure));
            }
            Err(_) => return Err(Error::Stopped),
        }
    }
    let mut passed = Item::new(number, Vec::new(), parcel.token);
    let (mut count, mut held) = (Count::default(), 0);
    for part in parts.into_iter().flatten() {
        let Part { batches, rejected, count: counted, held: more } = part?;
        held += more;
        crew.tally.hold(held).map_err(|failure| step_error(&crew.call, number, 0, failure))?;
        count.add(&counted);
        passed.batches.extend(batches);
        passed.rejected.extend(rejected);
    }
    // Not the time of each call: they wait, and many at once.
    count.time = start.elapsed();
    passed.counts = vec![count];
    passed.batches = whole(&crew.call, passed.batches)?;
    Ok(passed)
}

/// Small batches as one: those behind take rows by the thousand.
fn whole(call: &Call, batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>> {
    if batches.len() < 2 || batches.iter().map(batch_bytes).sum::<usize>() > 2 * call.batch.bytes {
        return Ok(batches);
    }
    let whole = arrow_select::concat::concat_batches(&call.schema, &batches).map_err(crate::worker::arrow)?;
    Ok(vec![whole])
}

impl Crew {
    async fn part(&self, batch: RecordBatch, at: At) -> Result<Part> {
        let (call, rows) = (&*self.call, batch.num_rows());
        let fail = |failure| step_error(call, at.item, rows, failure);
        let mut count = Count::default();
        let columns = inputs(call, &batch).map_err(fail)?;
        let limit = call.opening.limits.time;
        let (answer, guilty) = match self.ask(0..rows, &columns, at, limit).await {
            Ok(answer) => (answer, Vec::new()),
            Err(failure) => {
                let halved = self.after(rows, &columns, at, failure, &mut count).await.map_err(fail)?;
                (halved.answer, halved.guilty)
            }
        };
        let mut outcome = settle(call, &batch, answer, &mut count).map_err(fail)?;
        let aside = guilty.len() + outcome.rejected.iter().map(|rejected| rejected.reasons.len()).sum::<usize>();
        let failed = fail_rows(call, &batch, guilty, &mut count)?;
        self.tally.reject(call, aside).map_err(fail)?;
        let (mut batches, mut held) = (Vec::new(), 0);
        while let Some(piece) = outcome.pieces.next_piece(call, &batch)? {
            if outcome.pieces.grows() {
                held += batch_bytes(&piece);
                self.tally.hold(held).map_err(fail)?;
            }
            batches.push(piece);
        }
        Ok(Part { batches, rejected: outcome.rejected.into_iter().chain(failed).collect(), count, held })
    }

    /// After a failure: the batch is tried again as it is, then in halves, as far as the pipeline wants that.
    async fn after(
        &self,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        failure: Failure,
        count: &mut Count,
    ) -> Result<Halved, Failure> {
        let (call, mut failure) = (&*self.call, failure);
        count.spend(&failure.spent, 0);
        for _ in 0..call.retries {
            if failure.blame == Blame::Stopped {
                break;
            }
            count.calls += 1;
            match self.ask(0..rows, columns, at, call.opening.limits.time).await {
                Ok(answer) => return Ok(Halved { answer, guilty: Vec::new() }),
                Err(again) => {
                    count.spend(&again.spent, 0);
                    failure = again;
                }
            }
        }
        if call.on_error == OnError::Fail {
            return Err(failure);
        }
        let mut halving = Halving::new(call, rows, failure)?;
        while let Some((range, time)) = halving.next()? {
            let answer = self.ask(range.clone(), columns, at, time).await;
            halving.take(range, answer, count)?;
        }
        halving.end()
    }

    /// One call with some rows of a batch, when an instance is free.
    async fn ask(&self, part: Range<usize>, columns: &[ArrayRef], at: At, time: Duration) -> Result<Answer, Failure> {
        let stopped = || Failure::new(Blame::Stopped, String::new());
        let _place = self.places.acquire().await.map_err(|_| stopped())?;
        if at.item > self.failed.load(Ordering::Relaxed) {
            return Err(stopped());
        }
        let columns: Vec<ArrayRef> = columns.iter().map(|column| column.slice(part.start, part.len())).collect();
        let lying = self.lying.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let lying = lying.inspect(|instance| _ = self.lying_bytes.fetch_sub(instance.memory(), Ordering::Relaxed));
        let mut instance = match lying {
            Some(instance) => instance,
            None => Instance::open_waiting(&self.call.opening).await?,
        };
        let answer = instance.process_waiting(part.len(), &columns, within(at, &part), time).await;
        // One that failed is never used again, nor one that has grown too large.
        let memory = instance.memory();
        let fits = self.lying_bytes.load(Ordering::Relaxed) + memory <= CREW_BYTES;
        if answer.is_ok() && !instance.is_bloated() && fits {
            self.lying_bytes.fetch_add(memory, Ordering::Relaxed);
            self.lying.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        }
        answer
    }
}
