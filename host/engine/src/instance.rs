//! One live, opened step: a wasmtime `Store` and the exports in it. It belongs to one worker at a time and is never locked.

mod sample;

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use arrow_array::ArrayRef;
use arrow_schema::Field;
use wasmtime::component::{ComponentNamedList, Lift, Lower};
use wasmtime::{Store, Trap, WasmBacktrace};

use crate::capability::{Abilities, Moment, Used};
use crate::component::{Code, Plugin};
use crate::contract::v0_1::{
    BatchParam, Fault, FieldParam, Functions, Kind, Manifest, Output, RowCount, Signature, Typed, diagnostics,
};
use crate::contract::{data_type, v0_1};
use crate::error::Blame;
use crate::limits::{Brake, Deadline, Limiter, Limits};
use crate::model::Models;
use crate::transfer::{Lowered, check_rows, lift_columns, unfolds_beyond};

pub(crate) use self::sample::Sampler;

/// Most of a guest's message that is kept, in bytes.
const MAX_MESSAGE: usize = 4 << 10;

/// What wasmtime says, and has no type for, where more crosses than is allowed.
const FUEL: &str = "fuel allocated for hostcalls";

/// Most frames of a guest's backtrace that are kept.
const MAX_FRAMES: usize = 24;

/// Most of one of them, in bytes: what generics expand to is of no end.
const MAX_FRAME: usize = 240;

/// Most columns that a step may make, and the longest name and type of one, in bytes. They are looked at by the host, where
/// no time limit holds.
const MAX_OUTPUTS: usize = 10_000;
const MAX_NAME: usize = 1 << 10;
const MAX_TYPE: usize = 64 << 10;

/// An instance that holds more than this after a batch is dropped and made anew: a guest's memory never shrinks. (SpiderMonkey
/// grows to 70 to 80 MB before it collects, so with less its instance is made anew every few batches.)
const RECYCLE_BYTES: usize = 96 << 20;

/// How often it is looked whether the run is to stop, while a guest waits.
const LOOK: Duration = Duration::from_millis(20);

/// What the host keeps for a guest inside its `Store`.
pub(crate) struct Guest {
    limiter: Limiter,
    deadline: Deadline,
    last_words: Option<String>,
    abilities: Option<Box<Abilities>>,
}

impl Guest {
    /// What it may do; where it has no abilities of its own, those of a guest that is granted nothing.
    pub(crate) fn abilities(&mut self) -> &mut Abilities {
        self.abilities.get_or_insert_default()
    }
}

impl diagnostics::Host for Guest {
    fn panicked(&mut self, message: String) {
        self.last_words = Some(clip(message));
    }
}

/// Why a call into a guest gave no result.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) blame: Blame,
    pub(crate) message: String,
    pub(crate) backtrace: Vec<String>,
    /// The parameters or columns are wrong: the pipeline author's fault.
    pub(crate) params: bool,
    /// No row can be to blame: the step did not open, or what failed is the batch as a whole.
    pub(crate) whole: bool,
    /// The limit that was passed, where it is one over more than one call.
    pub(crate) over: Option<Over>,
    pub(crate) spent: Spent,
}

impl Failure {
    pub(crate) fn new(blame: Blame, message: impl Into<String>) -> Self {
        let (spent, backtrace, over) = Default::default();
        Self { blame, message: clip(message.into()), backtrace, params: false, whole: false, over, spent }
    }

    /// A limit over more than one call is passed: no row is to blame.
    pub(crate) fn over(limit: Over, message: String) -> Self {
        Self { whole: true, over: Some(limit), ..Self::new(Blame::Limit, message) }
    }

    /// The answers to the parts of a batch are too much together, though none of them is.
    pub(crate) fn too_much_together() -> Self {
        let message =
            "the answers to the halves of its batch pass the limit together; a smaller batch (`batch-rows:`) does not";
        Self { whole: true, ..Self::new(Blame::Limit, message) }
    }

    /// Whether rows may be to blame.
    pub(crate) fn is_of_rows(&self) -> bool {
        self.blame != Blame::Stopped && !self.whole
    }

    /// The host panicked while it served a guest.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        Self::new(Blame::Host, format!("the host panicked while it served this step: {}", panic_text(panic)))
    }

    fn contract(message: impl Into<String>) -> Self {
        Self::new(Blame::Contract, message)
    }
}

/// A limit over more than one call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over {
    /// Rows that are rejected.
    Rejected,
    /// What waits for its turn.
    Held,
}

impl Over {
    /// What to do.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::Rejected => {
                "the rows and their reasons tell why (`on-error: quarantine` keeps them); `rejected-rows` under `limits:` is \
                 the limit"
            }
            Self::Held => {
                "what it repeats waits in memory: `--memory` allows more; smaller pieces of input (`batch-bytes:` of the \
                 pipeline) and fewer columns (`select`) need less"
            }
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message")
}

/// What an opened step takes and makes, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opened {
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<Field>,
    pub(crate) any_rows: bool,
    pub(crate) kind: Kind,
    /// Those of `inputs` that are the key of an ordered or global step.
    pub(crate) key: Vec<String>,
}

/// What a step answered, checked.
pub(crate) struct Answer {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) rows: usize,
    /// The input row of each output row; `None`: the same rows.
    pub(crate) origins: Option<Vec<u32>>,
    /// Row and reason, ascending by row, each row once.
    pub(crate) rejected: Vec<(u32, String)>,
    pub(crate) spent: Spent,
}

/// What a call took; nothing, where the answer was kept from before.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Bytes that went in.
    pub(crate) bytes_in: usize,
    /// Bytes that came out.
    pub(crate) bytes_out: usize,
    /// Memory of the instance, in bytes.
    pub(crate) memory: usize,
    /// Elements of its tables.
    pub(crate) tables: usize,
    pub(crate) time: Duration,
    pub(crate) used: Used,
}

/// How to open a step: everything an instance needs, shared by the threads.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) plugin: Plugin,
    /// The step's id in the pipeline.
    pub(crate) id: String,
    pub(crate) step: String,
    pub(crate) params: String,
    /// The fields of the data by the step's names, types in words.
    pub(crate) fields: Vec<(String, String, bool)>,
    pub(crate) limits: Limits,
    /// What randomness hangs on beside the input, where none is granted.
    pub(crate) seed: u64,
    pub(crate) brake: Brake,
    /// The models that it may ask.
    pub(crate) models: Arc<Models>,
    /// What it signed when it was first opened, if it was: the pipeline was planned with that.
    pub(crate) signed: Option<Arc<Opened>>,
}

/// Where in the data a batch is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct At {
    /// The number of the piece of input that it came from.
    pub(crate) item: u64,
    /// Its first row within that.
    pub(crate) first_row: u64,
}

/// The function that takes a batch.
type Process<'a> = Typed<(BatchParam<'a>,), Result<Output, Fault>>;

pub(crate) struct Instance {
    store: Store<Guest>,
    functions: Functions,
    plugin: Plugin,
    limits: Limits,
    opened: Opened,
    seed: u64,
    /// Calls of `process` so far.
    calls: u32,
    /// Calls of `finish` so far, and what they have taken.
    finished: u64,
    finishing: Duration,
    /// What the last call used of its abilities.
    used: Used,
    /// Memory that it held when its step was open, in bytes.
    at_rest: usize,
}

impl Instance {
    /// Asks a fresh instance for its steps.
    pub(crate) fn describe(code: &Code, limits: Limits) -> Result<Vec<Manifest>, Failure> {
        let described = catch_unwind(AssertUnwindSafe(|| drive(code, Self::ask_steps(code, limits))));
        described.unwrap_or_else(|panic| Err(Failure::panicked(&*panic)))
    }

    async fn ask_steps(code: &Code, limits: Limits) -> Result<Vec<Manifest>, Failure> {
        let (mut store, functions) = start(code, limits, "", &Brake::default(), &Arc::default()).await?;
        functions.check(&store).map_err(|error| Failure::contract(format!("{error:#}")))?;
        arm(&mut store, code, limits.time, Moment::default());
        let describe = functions.describe(&store).map_err(|error| failure(&mut store, limits, error))?;
        let answer = call_any(&mut store, code, &describe, ()).await;
        disarm(&mut store);
        answer.map_err(|error| failure(&mut store, limits, error))
    }

    /// Makes an instance and opens its step.
    pub(crate) fn open(opening: &Opening) -> Result<Self, Failure> {
        let opened = catch_unwind(AssertUnwindSafe(|| drive(opening.plugin.code(), Self::make(opening))));
        let opened = opened.unwrap_or_else(|panic| Err(Failure::panicked(&*panic)));
        opened.map_err(|failure| Failure { whole: true, ..failure })
    }

    /// The same on a thread that goes on with others' work while the guest waits.
    pub(crate) async fn open_waiting(opening: &Opening) -> Result<Self, Failure> {
        Self::make(opening).await.map_err(|failure| Failure { whole: true, ..failure })
    }

    async fn make(opening: &Opening) -> Result<Self, Failure> {
        let Opening { plugin, limits, seed, .. } = opening;
        let (code, limits) = (plugin.code(), *limits);
        let (mut store, functions) = start(code, limits, &opening.id, &opening.brake, &opening.models).await?;
        let fields: Vec<FieldParam<'_>> = opening
            .fields
            .iter()
            .map(|(name, data_type, nullable)| FieldParam { name, data_type, nullable: *nullable })
            .collect();
        arm(&mut store, code, limits.time, Moment { seed: *seed, ..Moment::default() });
        let open = functions.open(&store).map_err(|error| failure(&mut store, limits, error))?;
        let params = (opening.step.as_str(), opening.params.as_str(), fields.as_slice());
        let answer = call_any(&mut store, code, &open, params).await;
        disarm(&mut store);
        let signature = answer.map_err(|error| failure(&mut store, limits, error))?.map_err(fault)?;
        let kind = plugin.manifest(&opening.step).map_or(Kind::Transform, |manifest| manifest.kind);
        let opened = check_signature(signature, &opening.fields, kind).map_err(Failure::contract)?;
        if opening.signed.as_ref().is_some_and(|signed| **signed != opened) {
            return Err(Failure::contract("signs for something else than when the pipeline was planned"));
        }
        let at_rest = store.data().limiter.memory();
        let (plugin, seed) = (plugin.clone(), *seed);
        Ok(Self {
            store,
            functions,
            plugin,
            limits,
            opened,
            seed,
            calls: 0,
            finished: 0,
            finishing: Duration::ZERO,
            used: Used::default(),
            at_rest,
        })
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Whether the instance has grown past what is worth keeping.
    pub(crate) fn is_bloated(&self) -> bool {
        self.store.data().limiter.memory() > RECYCLE_BYTES.max(2 * self.at_rest)
    }

    /// One batch: `columns` as signed, each of `rows` rows.
    pub(crate) fn process(&mut self, rows: usize, columns: &[ArrayRef], at: At) -> Result<Answer, Failure> {
        self.process_within(rows, columns, at, self.limits.time)
    }

    /// The same with less time than the limit.
    pub(crate) fn process_within(
        &mut self,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        time: Duration,
    ) -> Result<Answer, Failure> {
        self.guarded(|instance| instance.ask(rows, columns, at, time))
    }

    /// A panic of the host's own, in what it does for a guest or with its answer, is this call's failure and nobody else's.
    /// What a call that failed took is told too. (No instance is used again that failed.)
    fn guarded<R>(&mut self, call: impl FnOnce(&mut Self) -> Result<R, Failure>) -> Result<R, Failure> {
        let start = Instant::now();
        self.used = Used::default();
        let done = catch_unwind(AssertUnwindSafe(|| call(self)));
        done.unwrap_or_else(|panic| Err(Failure::panicked(&*panic))).map_err(|failure| {
            let spent = Spent {
                memory: self.memory(),
                tables: self.tables(),
                time: start.elapsed(),
                used: self.used,
                ..Spent::default()
            };
            Failure { spent, ..failure }
        })
    }

    fn ask(&mut self, rows: usize, columns: &[ArrayRef], at: At, time: Duration) -> Result<Answer, Failure> {
        let start = Instant::now();
        let (lowered, process) = self.begin(rows, columns, at, time)?;
        let (code, store) = (self.plugin.code(), &mut self.store);
        let answer = lowered.with(|batch| call(store, code, &process, (batch,)));
        self.end(rows, &lowered, answer, start)
    }

    /// The same on a thread that goes on with others' work while the guest waits.
    pub(crate) async fn process_waiting(
        &mut self,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        time: Duration,
    ) -> Result<Answer, Failure> {
        let start = Instant::now();
        let (lowered, process) = self.begin(rows, columns, at, time)?;
        let store = &mut self.store;
        let (slices, deadline) = (lowered.slices(), store.data().deadline.clone());
        let arrays = lowered.arrays(&slices);
        let batch = BatchParam { length: rows as u32, arrays: &arrays };
        let answer = within_time(&deadline, process.call_async(store, (batch,))).await.map(|(answer,)| answer);
        let answer = self.end(rows, &lowered, answer, start);
        answer.map_err(|failure| {
            let spent = Spent {
                memory: self.memory(),
                tables: self.tables(),
                time: start.elapsed(),
                used: self.used,
                ..Spent::default()
            };
            Failure { spent, ..failure }
        })
    }

    /// Before a batch is handed over.
    fn begin<'a>(
        &mut self,
        rows: usize,
        columns: &[ArrayRef],
        at: At,
        time: Duration,
    ) -> Result<(Lowered, Process<'a>), Failure> {
        let count = u32::try_from(rows).map_err(|_| Failure::contract("a batch of more than 2^32 rows"))?;
        let lowered = Lowered::new(count, columns);
        let seed = if self.plugin.code().hangs_on_seed { self.seed_of(&lowered) } else { 0 };
        self.calls = self.calls.saturating_add(1);
        // Any instance may get any batch of a transform: how many it had before says nothing.
        let call = if self.opened.kind == Kind::Transform { 0 } else { u64::from(self.calls) };
        let (item, first_row, rows_in) = (at.item, at.first_row, rows as u64);
        let moment = Moment { item, first_row, rows: rows_in, seed, deadline: None, call, may_ask: true };
        arm(&mut self.store, self.plugin.code(), time, moment);
        let process = self.functions.process(&self.store);
        let process = process.map_err(|error| failure(&mut self.store, self.limits, error))?;
        Ok((lowered, process))
    }

    /// After a batch was answered, or not.
    fn end(
        &mut self,
        rows: usize,
        lowered: &Lowered,
        answer: wasmtime::Result<Result<Output, Fault>>,
        start: Instant,
    ) -> Result<Answer, Failure> {
        self.used = disarm(&mut self.store);
        let bytes_in = lowered.bytes();
        let answer = answer.map_err(|error| failure(&mut self.store, self.limits, error)).and_then(|answer| {
            let output = answer.map_err(fault)?;
            let bytes_out = size(&output);
            let answer = check_output(output, &self.opened, rows, &self.limits)?;
            let spent = Spent {
                bytes_in,
                bytes_out,
                memory: self.memory(),
                tables: self.tables(),
                time: start.elapsed(),
                used: self.used,
            };
            Ok(Answer { spent, ..answer })
        });
        if answer.is_err()
            && let Some(abilities) = &mut self.store.data_mut().abilities
        {
            abilities.forget();
        }
        answer
    }

    /// After the last batch of a global step, over `consumed` rows: the next piece of its answer, or none.
    pub(crate) fn finish(&mut self, consumed: usize) -> Result<Option<Answer>, Failure> {
        self.guarded(|instance| instance.ask_rest(consumed))
    }

    fn ask_rest(&mut self, consumed: usize) -> Result<Option<Answer>, Failure> {
        let start = Instant::now();
        let code = self.plugin.code();
        let store = &mut self.store;
        // All calls of it together: one by one each may have an end, and the answer none.
        let time = self.limits.time.saturating_mul(self.calls.saturating_add(1)).saturating_sub(self.finishing);
        self.finished += 1;
        let (rows, piece) = (consumed as u64, u64::MAX - self.finished);
        arm(store, code, time, Moment { rows, seed: self.seed, call: piece, may_ask: true, ..Moment::default() });
        let finish = self.functions.finish(&*store).map_err(|error| failure(store, self.limits, error))?;
        let answer = call(store, code, &finish, ());
        self.used = disarm(store);
        self.finishing += start.elapsed();
        let Some(output) = answer.map_err(|error| failure(store, self.limits, error))?.map_err(fault)? else {
            return Ok(None);
        };
        if output.rows.is_none() && output.columns.length > 0 && output.columns.length as usize != consumed {
            return Err(Failure::contract("`finish` returned rows without saying which input rows they are"));
        }
        let bytes_out = size(&output);
        let answer = check_output(output, &self.opened, consumed, &self.limits)?;
        let spent = Spent {
            bytes_in: 0,
            bytes_out,
            memory: self.memory(),
            tables: self.tables(),
            time: start.elapsed(),
            used: self.used,
        };
        Ok(Some(Answer { spent, ..answer }))
    }

    fn tables(&self) -> usize {
        self.store.data().limiter.tables()
    }

    /// Memory that it holds, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.store.data().limiter.memory()
    }

    /// What randomness hangs on: the input alone where any instance may get it; also how many there were before where one
    /// instance sees them all, in order.
    fn seed_of(&self, lowered: &Lowered) -> u64 {
        let before = if self.opened.kind == Kind::Transform { 0 } else { self.calls };
        lowered.digest(self.seed.wrapping_add(u64::from(before)))
    }
}

async fn start(
    code: &Code,
    limits: Limits,
    step: &str,
    brake: &Brake,
    models: &Arc<Models>,
) -> Result<(Store<Guest>, Functions), Failure> {
    let host = |message: String| Failure::new(Blame::Limit, message);
    let (limiter, deadline) = (Limiter::new(limits), Deadline::new(brake.clone()));
    let abilities = match code.is_able {
        false => None,
        true => Some(Box::new(Abilities::new(&code.grants, step, &limits, models, deadline.rest()).map_err(host)?)),
    };
    let mut store = Store::new(code.pre.engine(), Guest { limiter, deadline, last_words: None, abilities });
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(limits.output_bytes);
    if !code.is_endless {
        let can_leave = code.waits;
        store.epoch_deadline_callback(move |guest| Ok(guest.data().deadline.tick(can_leave)));
    }
    // A module's start function is a call too.
    arm(&mut store, code, limits.time, Moment::default());
    let made = match code.waits {
        false => code.pre.instantiate(&mut store),
        true => {
            let deadline = store.data().deadline.clone();
            within_time(&deadline, code.pre.instantiate_async(&mut store)).await
        }
    };
    disarm(&mut store);
    let found = made.and_then(|instance| code.exports.of(&mut store, &instance));
    let functions = found.map_err(|error| failure(&mut store, limits, error))?;
    Ok((store, functions))
}

/// Before every call: what the last one left is not this one's, and its time begins.
fn arm(store: &mut Store<Guest>, code: &Code, time: Duration, moment: Moment) {
    if !code.is_endless {
        store.set_epoch_deadline(1);
    }
    let guest = store.data_mut();
    guest.last_words = None;
    guest.limiter.take_denied();
    guest.deadline.arm((!code.is_endless).then_some(time));
    let deadline = guest.deadline.at();
    if let Some(abilities) = &mut guest.abilities {
        abilities.begin(Moment { deadline, ..moment });
    }
}

/// After every call, whatever became of it.
fn disarm(store: &mut Store<Guest>) -> Used {
    store.data_mut().abilities.as_mut().map_or_else(Used::default, |abilities| abilities.end())
}

/// One call: on this thread's stack, or where the guest may have to wait on one that can be left.
fn call<P, R>(store: &mut Store<Guest>, code: &Code, function: &Typed<P, R>, params: P) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    (R,): ComponentNamedList + Lift + Send + Sync + 'static,
{
    let answer = match code.waits {
        false => function.call(store, params),
        true => wait(store, code, async |store| function.call_async(store, params).await),
    };
    answer.map(|(answer,)| answer)
}

/// One call, on a thread that goes on with others' work where the guest may have to wait.
async fn call_any<P, R>(store: &mut Store<Guest>, code: &Code, function: &Typed<P, R>, params: P) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    (R,): ComponentNamedList + Lift + Send + Sync + 'static,
{
    let deadline = store.data().deadline.clone();
    let answer = match code.waits {
        false => function.call(store, params),
        true => within_time(&deadline, function.call_async(store, params)).await,
    };
    answer.map(|(answer,)| answer)
}

/// Waits for some work with a guest. With one that never waits, the work never does.
fn drive<R: Send>(code: &Code, work: impl Future<Output = Result<R, Failure>> + Send) -> Result<R, Failure> {
    let mut work = pin!(work);
    if !code.waits
        && let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    {
        return done;
    }
    let done = code.engine.wait_for(|| work);
    done.unwrap_or_else(|error| Err(Failure::new(Blame::Host, error.to_string())))
}

/// Waits for a guest, but no longer than it has time, nor than the run goes on.
fn wait<R>(
    store: &mut Store<Guest>,
    code: &Code,
    work: impl AsyncFnOnce(&mut Store<Guest>) -> wasmtime::Result<R> + Send,
) -> wasmtime::Result<R>
where
    R: Send,
{
    let deadline = store.data().deadline.clone();
    code.engine.wait_for(|| within_time(&deadline, work(store))).map_err(wasmtime::Error::new)?
}

/// Some work for a guest, for as long as that has time and the run goes on.
async fn within_time<R>(deadline: &Deadline, work: impl Future<Output = wasmtime::Result<R>>) -> wasmtime::Result<R> {
    let mut work = pin!(work);
    loop {
        match tokio::time::timeout(LOOK, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) if deadline.is_over() || deadline.is_stopped() => return Err(Trap::Interrupt.into()),
            Err(_) => {}
        }
    }
}

/// What the signature says must be possible: inputs that exist, outputs with types that cross, each name once.
pub(crate) fn check_signature(
    signature: Signature,
    data: &[(String, String, bool)],
    kind: Kind,
) -> Result<Opened, String> {
    let Signature { inputs, outputs, key, row_count } = signature;
    let offered: HashSet<&str> = data.iter().map(|(field, ..)| field.as_str()).collect();
    let mut seen = HashSet::new();
    for name in &inputs {
        if !offered.contains(name.as_str()) {
            return Err(format!("signs for the input column `{}`, which it was not told of", clip(name.clone())));
        }
        if !seen.insert(name) {
            return Err(format!("signs for the input column `{name}` twice"));
        }
    }
    let mut keys = HashSet::new();
    for name in &key {
        if !seen.contains(name) {
            return Err(format!("has a key column `{}` that is none of its inputs", clip(name.clone())));
        }
        if !keys.insert(name) {
            return Err(format!("has the key column `{name}` twice"));
        }
    }
    let outputs = check_outputs(outputs)?;
    let any_rows = row_count == RowCount::Any || matches!(kind, Kind::Global | Kind::Source);
    Ok(Opened { inputs, outputs, any_rows, kind, key })
}

fn check_outputs(signed: Vec<v0_1::FieldResult>) -> Result<Vec<Field>, String> {
    if signed.len() > MAX_OUTPUTS {
        return Err(format!("signs for {} output columns; {MAX_OUTPUTS} are the most", signed.len()));
    }
    let mut seen = HashSet::new();
    let mut outputs: Vec<Field> = Vec::with_capacity(signed.len());
    for v0_1::FieldResult { name, data_type, nullable } in signed {
        if name.len() > MAX_NAME || name.chars().any(char::is_control) {
            let shown = clip_to(name, 80);
            return Err(format!(
                "signs for an output column whose name has control characters or more than {MAX_NAME} bytes: `{shown}`"
            ));
        }
        if name.is_empty() || !seen.insert(name.clone()) {
            return Err(format!("signs for an output column `{name}` that is nameless or there twice"));
        }
        if data_type.len() > MAX_TYPE {
            let bytes = data_type.len();
            return Err(format!("output column `{name}`: a type in {bytes} bytes; {MAX_TYPE} are the most"));
        }
        let data_type = data_type::parse(&data_type).map_err(|why| format!("output column `{name}`: {}", clip(why)))?;
        outputs.push(Field::new(name, data_type, nullable));
    }
    Ok(outputs)
}

/// Bytes of an output.
fn size(output: &Output) -> usize {
    let columns = output.columns.arrays.iter().flat_map(|array| &array.buffers).map(Vec::len).sum::<usize>();
    columns
        + output.rows.as_ref().map_or(0, Vec::len)
        + output.rejected.iter().map(|rejection| rejection.reason.len()).sum::<usize>()
}

pub(crate) fn check_output(
    output: Output,
    opened: &Opened,
    input_rows: usize,
    limits: &Limits,
) -> Result<Answer, Failure> {
    let answer = checked_output(output, opened, input_rows).map_err(Failure::contract)?;
    let (rows, most_rows, most_bytes) = (answer.rows, limits.output_rows, limits.output_bytes);
    if rows > most_rows {
        return Err(Failure::new(Blame::Limit, format!("answers with {rows} rows; its limit is {most_rows} a call")));
    }
    if unfolds_beyond(&answer.columns, most_bytes) {
        let message =
            format!("answers with values of more than {most_bytes} bytes once they are written out, its limit a call");
        return Err(Failure::new(Blame::Limit, message));
    }
    Ok(answer)
}

fn checked_output(output: Output, opened: &Opened, input_rows: usize) -> Result<Answer, String> {
    // A step that makes no columns and keeps every row has no length to tell.
    let says_nothing = opened.outputs.is_empty() && !opened.any_rows;
    let rows = if says_nothing { input_rows } else { output.columns.length as usize };
    let origins = match output.rows {
        Some(_) if !opened.any_rows => return Err("answers with `rows` where it signed for the same rows".to_owned()),
        Some(bytes) if opened.kind != Kind::Source => Some(check_rows(&bytes, rows, input_rows)?),
        _ if rows == input_rows || opened.kind == Kind::Source => None,
        _ if rows == 0 && opened.any_rows => Some(Vec::new()),
        _ => return Err(format!("{rows} rows out for {input_rows} rows in, without saying which")),
    };
    let columns = if opened.kind == Kind::Global && rows == 0 && output.columns.arrays.is_empty() {
        opened.outputs.iter().map(|field| arrow_array::new_empty_array(field.data_type())).collect()
    } else {
        lift_columns(output.columns, &opened.outputs)?
    };
    let rejected = check_rejected(output.rejected, input_rows, origins.as_deref())?;
    Ok(Answer { columns, rows, origins, rejected, spent: Spent::default() })
}

fn check_rejected(
    rejected: Vec<v0_1::Rejection>,
    input_rows: usize,
    origins: Option<&[u32]>,
) -> Result<Vec<(u32, String)>, String> {
    let mut checked: Vec<(u32, String)> = Vec::with_capacity(rejected.len());
    for rejection in rejected {
        if rejection.row as usize >= input_rows {
            return Err(format!("rejects input row {} where there are {input_rows}", rejection.row));
        }
        checked.push((rejection.row, clip(rejection.reason)));
    }
    checked.sort_by_key(|(row, _)| *row);
    if checked.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("rejects a row twice".to_owned());
    }
    if let Some(origins) = origins
        && !checked.is_empty()
        && let Some(row) =
            origins.iter().find(|row| checked.binary_search_by_key(*row, |(rejected, _)| *rejected).is_ok())
    {
        return Err(format!("both answers for and rejects input row {row}"));
    }
    Ok(checked)
}

fn fault(fault: Fault) -> Failure {
    let (blame, message, params) = match fault {
        Fault::Params(message) => (Blame::Data, message, true),
        Fault::Data(message) => (Blame::Data, message, false),
        Fault::Plugin(message) => (Blame::Plugin, message, false),
    };
    Failure { params, ..Failure::new(blame, message) }
}

/// What a trap was: the guest's last words where it had any, and its stack.
fn failure(store: &mut Store<Guest>, limits: Limits, error: wasmtime::Error) -> Failure {
    let guest = store.data_mut();
    let denied = guest.limiter.take_denied();
    let trap = error.downcast_ref::<Trap>().copied();
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    if trap == Some(Trap::Interrupt) {
        let message = format!("took longer than its time limit of {:?} a call", guest.deadline.time());
        let blame = if guest.deadline.is_stopped() { Blame::Stopped } else { Blame::Limit };
        return Failure { backtrace, ..Failure::new(blame, message) };
    }
    if error.root_cause().to_string().contains(FUEL) {
        let message = format!("hands over more than its limit of {} bytes a call", limits.output_bytes);
        return Failure { backtrace, ..Failure::new(Blame::Limit, message) };
    }
    let reason = trap.map_or_else(|| error.root_cause().to_string(), |trap| trap.to_string());
    let mut message = guest.last_words.take().unwrap_or(reason);
    if denied {
        message += " (it asked for more memory than its limit)";
    }
    Failure { backtrace, ..Failure::new(if denied { Blame::Limit } else { Blame::Plugin }, message) }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut frames = Vec::new();
    for frame in backtrace.frames().iter().take(MAX_FRAMES) {
        if frame.symbols().is_empty() {
            let index = frame.func_index();
            frames.push(frame.func_name().map_or_else(|| format!("function {index}"), demangle));
        }
        for symbol in frame.symbols() {
            let name = symbol.name().map_or_else(|| "?".to_owned(), demangle);
            frames.push(match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => format!("{name} at {file}:{line}"),
                _ => name,
            });
        }
    }
    frames.truncate(MAX_FRAMES);
    frames.into_iter().map(|frame| clip_to(frame, MAX_FRAME)).collect()
}

fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// A guest's text, bounded and without control characters: it ends on a terminal.
pub(crate) fn clip(text: String) -> String {
    clip_to(text, MAX_MESSAGE)
}

fn clip_to(text: String, limit: usize) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= limit).last().unwrap_or(0);
    let clipped = text.get(..end).unwrap_or_default();
    if clipped.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return clipped
            .chars()
            .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
            .collect();
    }
    clipped.to_owned()
}
