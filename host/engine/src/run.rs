//! Drives a plan: N threads, order, bounded memory, stop, resumption.
//!
//! Work is cut into *segments* (parallel: any thread takes an item through a whole stretch of steps) that lead to *stages*
//! (serial: they take the items in order, one at a time). A stage is an ordered or a global step, a place where streams
//! meet, or an output. Reading is serial too. A thread looks for work from the end of the pipeline to its beginning, so
//! what is under way is finished before more is read, and what is under way is bounded.
//!
//! Everything serial is a baton: whoever finds it lying there and its next item ready takes it, by value, does one item and
//! lays it back. So N threads do all the work, a stage's instance has one owner at every moment, and nothing is locked
//! while a guest runs. The lock around the table where batons and items lie is held for the time of a look.
//!
//! Failures travel with their item and are raised when it is that item's turn: the failure that is reported is the first
//! in input order along its way, however many threads there are. (Where ways have parted each end raises its own first one.)

mod collect;
mod end;
mod feed;
mod hold;
mod joined;
mod journal;
mod ordered;
mod output;
mod part;
mod quarantine;
mod results;
mod resume;
mod stage;
mod steady;
mod table;
mod try_out;
mod wait;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use crate::engine::WORKER_STACK_BYTES;
use crate::error::{Error, Result};
use crate::instance::{Failure, panic_text};
use crate::model::{Halt, Models, RunId, Store};
use crate::plan::{Call, Plan, PlannedStep, Segment, StageKind, Work};
use crate::report::{Count, Progress, Report};
use crate::sink::Encode;
use crate::worker::{Few, Worker};

use end::End;
pub(crate) use feed::generate;
pub use journal::Checkpoint;
use journal::Journal;
pub(crate) use journal::{mark_of, remove_unkept};
pub use results::Results;
pub(crate) use results::{Found, Keep};
use stage::Stage;
pub(crate) use steady::Tally;
pub(crate) use table::Token;
use table::{Job, Table};
use tokio::task::JoinSet;
pub(crate) use try_out::Seen;
pub use try_out::{SeenStep, TryOut};

/// Memory for rows that wait for the end of the input, where nothing else is said, in bytes.
const BUDGET_BYTES: usize = 256 << 20;

/// What a step may make of one item, in bytes, where it makes more rows than it gets: an item is a piece of some megabytes,
/// and two a thread are under way.
const HELD_BYTES: usize = 256 << 20;

/// Most items under way where steps ask models. They are small, and hundreds of rows wait at once.
const WAITING_ITEMS: usize = 128;

/// How to run a plan.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Read at most so many rows of each source.
    pub limit: Option<u64>,
    /// To watch the run and to stop it.
    pub progress: Arc<Progress>,
    /// Where the run writes down how far it is; nowhere where this is none.
    pub checkpoint: Option<Checkpoint>,
    /// Memory for rows that wait for the end of the input (global steps, streams that meet), in bytes; what is more goes to
    /// disk. 256 MiB where it is none: the whole process then stays within 512 MiB unless a step needs much itself. (A step
    /// that makes more rows than it gets may make as much of one piece of the input, but always 256 MiB.)
    pub memory: Option<usize>,
    /// Results of steps kept between runs; none where this is none.
    pub results: Option<Results>,
    /// The file that the answers of models are kept in; [`Plan::answers`] where this is none.
    pub answers: Option<PathBuf>,
    /// Whether models are asked again for what they have answered before this run.
    pub refresh: bool,
}

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) segments: Vec<Segment>,
    pub(crate) encoders: Vec<Arc<dyn Encode>>,
    /// Id and use of each step, for errors.
    pub(crate) step_names: Vec<(String, String)>,
    /// Where it is written down what came out of each step, where somebody looks.
    pub(crate) seen: Option<Arc<Seen>>,
    /// Of each step, its results kept between runs.
    pub(crate) keeps: Vec<Option<Arc<Keep>>>,
    /// Of each step, its instances where they may be fewer than the threads.
    pub(crate) few: Vec<Option<Few>>,
    /// Of each step, what is counted over all of its instances.
    pub(crate) tallies: Vec<Arc<Tally>>,
}

impl Shared {
    /// Counts rejected rows; an error where a step has more of them than it may.
    pub(crate) fn count_rejected(&self, call: &Call, rows: usize) -> Result<(), Failure> {
        self.tallies[call.step].reject(call, rows)
    }

    /// An error where too much comes of one item after a step that made more rows than it got.
    pub(crate) fn hold(&self, call: &Call, bytes: usize) -> Result<(), Failure> {
        self.tallies[call.step].hold(bytes)
    }
}

/// What one stage says to another.
pub(crate) enum Word {
    Share(Vec<ordered::ShareAnswer>, std::time::Duration),
    Part(Box<part::Answers>, Box<Count>),
}

impl Plan {
    /// Runs the pipeline to its end. Outputs appear under their names when everything has succeeded, and not before.
    ///
    /// # Errors
    /// The first failure in input order, or [`Error::Stopped`]; then no output is there. With a
    /// [`Checkpoint`] what is finished stays in the run folder, if it is worth it, to be gone on with.
    pub fn run(self, options: RunOptions) -> Result<Report> {
        let start = Instant::now();
        self.brake.set(&options.progress);
        let open = |checkpoint: &Checkpoint| Journal::open(checkpoint, resume::manifest(&self, &options));
        let journal = options.checkpoint.as_ref().map(open).transpose()?.flatten().map(Arc::new);
        if let Some(report) = journal.as_ref().and_then(|journal| journal.finished()) {
            return end::name_outputs(&self, report, journal.as_deref());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.engine.threads())
            .stack_size(WORKER_STACK_BYTES)
            .thread_name(|thread| format!("still-{thread}"))
            .build()
            .map_err(|error| Error::Engine {
                message: format!("the threads cannot be started: {error}"),
                help: None,
            })?;
        open_models(&self, &options, journal.as_deref())?;
        let run = Run::new(self, options, journal)?;
        pool.broadcast(|_| run.work());
        run.leave_waiting();
        run.end(start)
    }
}

pub(crate) struct Run {
    shared: Shared,
    table: Arc<Table>,
    engine: crate::engine::Engine,
    models: Arc<Models>,
    /// What waits for models.
    waiting: Mutex<JoinSet<()>>,
    progress: Arc<Progress>,
    journal: Option<Arc<Journal>>,
    summary: Summary,
}

/// What the report takes from the plan.
struct Summary {
    pipeline: Arc<crate::pipeline::Pipeline>,
    name: String,
    has_card: bool,
    threads: usize,
    quarantine: String,
    steps: Vec<PlannedStep>,
    /// Of each segment, the steps counted there.
    counted: Vec<Vec<usize>>,
    /// Of each segment, the stages that it leads to.
    exits: Vec<Vec<crate::plan::Exit>>,
    /// What was found damaged when the run was resumed.
    warnings: Vec<String>,
}

impl Run {
    fn new(plan: Plan, options: RunOptions, journal: Option<Arc<Journal>>) -> Result<Self> {
        let steps = plan.steps().to_vec();
        let (engine, models, threads) = (plan.engine.clone(), plan.models.clone(), plan.engine.threads());
        let waits = plan.feeds.iter().any(|feed| feed.is_cut);
        let mut summary = Summary {
            pipeline: plan.pipeline.clone(),
            name: plan.name.clone(),
            has_card: plan.has_card,
            threads,
            quarantine: plan.quarantine.clone(),
            steps,
            counted: plan.segments.iter().map(|segment| segment.steps.clone()).collect(),
            exits: plan.segments.iter().map(|segment| segment.exits.clone()).collect(),
            warnings: Vec::new(),
        };
        let step_names: Vec<_> = summary.steps.iter().map(|step| (step.id.clone(), step.uses.clone())).collect();
        let (seen, keeps) = (plan.seen.clone(), keeps(&plan, &options));
        let few = few(&plan);
        let outputs: Vec<_> = plan.outputs.iter().map(|output| output.options.path.clone()).collect();
        let held = options.memory.unwrap_or_default().max(HELD_BYTES);
        let tallies: Vec<Arc<Tally>> = step_names.iter().map(|_| Arc::new(Tally::new(held))).collect();
        let found = resume::open(plan, &options, journal.as_ref(), &keeps, &tallies)?;
        if let Some(journal) = &journal {
            journal.begin(&outputs)?;
        }
        summary.warnings = found.warnings;
        summary.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        // Two items a thread: one under way, one waiting for its turn at a stage.
        let room = if waits { WAITING_ITEMS.max(2 * threads + 1) } else { 2 * threads + 1 };
        let table = Arc::new(Table::new(found.feeds, found.stations, summary.exits.clone(), room));
        let shared =
            Shared { segments: found.segments, encoders: found.encoders, step_names, seen, keeps, few, tallies };
        let waiting = Mutex::default();
        Ok(Self { shared, table, engine, models, waiting, progress: options.progress, journal, summary })
    }

    /// What each thread does until the run is over.
    fn work(&self) {
        let mut worker = Worker::new(&self.shared);
        while let Some(job) = self.table.next_job(&self.progress) {
            // A panic of ours must not leave the other threads waiting for ever.
            let done = catch_unwind(AssertUnwindSafe(|| self.job(&mut worker, job)));
            if let Err(panic) = done {
                self.table.fail(panicked("the host", &*panic));
            }
            self.table.done();
        }
    }

    fn job(&self, worker: &mut Worker<'_>, job: Job) {
        match job {
            Job::Read(at, mut feed, token) => match feed.next(&self.progress) {
                Some((number, piece)) => {
                    let (time, segment) = (feed.take_time(), feed.segment());
                    self.table.put_feed(at, feed, None);
                    let item = piece.decode(number, time, token, &self.progress);
                    self.table.put_parcels(segment, worker.segment(segment, item));
                }
                None => {
                    drop(token);
                    let total = feed.given();
                    self.table.put_feed(at, feed, Some(total));
                }
            },
            Job::Segment(at, item) => self.table.put_parcels(at, worker.segment(at, item)),
            Job::Stage(at, mut stage, port, parcels) if stage.waits() => match self.wait(at, &mut stage, parcels) {
                Ok(number) => self.table.put_stage(at, stage, port, stage::Emit::Later(number)),
                Err(error) => self.table.fail(error),
            },
            Job::Stage(at, mut stage, port, parcels) => match stage.take(port, parcels) {
                Ok(emit) => self.table.put_stage(at, stage, port, emit),
                Err(error) => self.table.fail(error),
            },
            Job::Finish(at, mut stage, token) => match stage.finish(token) {
                Ok(finished) => self.table.finish_stage(at, stage, finished),
                Err(error) => self.table.fail(error),
            },
        }
    }

    /// An item that goes on when models have answered.
    fn wait(&self, at: usize, stage: &mut Stage, parcels: Vec<crate::worker::Parcel>) -> Result<u64> {
        let (Stage::Wait(wait), Some(parcel)) = (stage, parcels.into_iter().next()) else { return Ok(0) };
        let (number, table) = (parcel.number, self.table.clone());
        let item = wait.take(parcel);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.try_join_next().is_some() {}
        self.table.begin_waiting();
        let handle = self.engine.waiting()?.handle();
        let item = handle.spawn(item);
        let waited = async move {
            match AbortOnDrop(item).await {
                Ok(item) => table.put_waited(at, item),
                // A panic of ours must not leave the threads waiting for ever.
                Err(error) if error.is_panic() => table.fail(panicked("the host", &*error.into_panic())),
                Err(_) => {}
            }
        };
        waiting.spawn_on(waited, handle);
        Ok(number)
    }

    /// Nobody waits for what the run does not need any more.
    fn leave_waiting(&self) {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if !waiting.is_empty() {
            // Where there is no runtime, nothing waits on one.
            let _ = self.engine.wait_for(|| waiting.shutdown());
        }
    }

    /// All threads are done: outputs get their names, or what is finished is kept.
    fn end(self, start: Instant) -> Result<Report> {
        let (error, is_complete, stages) = self.table.outcome();
        let error = error.or_else(|| (!is_complete).then_some(Error::Stopped));
        match error {
            None => {
                let models = self.models.report();
                let has_asked = !models.is_empty();
                let report =
                    End { summary: &self.summary, stages, models, journal: self.journal.as_deref() }.complete(start)?;
                // Not before the outputs have their names: until then the run may be gone on with.
                if has_asked {
                    self.engine.wait_for(|| self.models.complete())?;
                }
                Ok(report)
            }
            Some(error) => {
                let halted = self.models.halted().filter(|_| matches!(error, Error::Stopped));
                let error = halted.map_or(error, |Halt { message, help }| Error::Engine { message, help: Some(help) });
                Err(self.leave(error, stages))
            }
        }
    }

    /// A run that is not complete: what it has is kept where that is worth it.
    fn leave(&self, error: Error, stages: Vec<Option<Box<Stage>>>) -> Error {
        let Some(journal) = &self.journal else { return error };
        if !journal.is_worth_keeping() {
            // Dropped, it removes what is there.
            return error;
        }
        for mut stage in stages.into_iter().flatten() {
            if let Err(error) = stage.leave() {
                tracing::warn!(%error, "what was done since the last checkpoint is not kept");
            }
        }
        self.progress.set_kept();
        error
    }
}

/// Opens what is kept of models' answers, where a step may ask one.
fn open_models(plan: &Plan, options: &RunOptions, journal: Option<&Journal>) -> Result<()> {
    if !plan.asks_models() || plan.models.is_empty() {
        return Ok(());
    }
    let path = options.answers.clone().unwrap_or_else(|| plan.answers());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Error::Engine {
            message: format!("no folder for the answers of models, {}: {error}", folder.display()),
            help: Some("`answers:` of the pipeline, or `--answers`, names another file".to_owned()),
        })?;
    }
    let id = journal.map_or_else(journal::new_id, Journal::run_id);
    let store = Store::open(&path, RunId(id), options.refresh)?;
    let before = plan.engine.wait_for(|| store.spent())??;
    options.progress.set_models(&plan.models);
    plan.models.begin(store, &options.progress, before).map_err(|message| Error::Engine { message, help: None })
}

/// The results of each step that are kept: of those that take batches one by one, and of global ones.
fn keeps(plan: &Plan, options: &RunOptions) -> Vec<Option<Arc<Keep>>> {
    let mut keeps = vec![None; plan.steps().len()];
    let Some(results) = &options.results else { return keeps };
    let ops = plan.segments.iter().flat_map(|segment| &segment.ops);
    let transforms = ops.filter_map(|op| match &op.work {
        Work::Call(call) => Some(&**call),
        _ => None,
    });
    let globals = plan.stages.iter().filter_map(|stage| match &stage.kind {
        StageKind::Hold(call, _) => Some(&**call),
        _ => None,
    });
    for call in transforms.chain(globals) {
        keeps[call.step] = Keep::new(results, call, &plan.pipeline).map(Arc::new);
    }
    keeps
}

/// A panic of ours; `who` it was that panicked, and on what.
pub(crate) fn panicked(who: &str, panic: &(dyn std::any::Any + Send)) -> Error {
    let message = format!("{who} panicked: {}", panic_text(panic));
    Error::Engine { message, help: Some("this is a bug in Stillroom; please report it".to_owned()) }
}

/// The instances of each step that is to have few of them.
fn few(plan: &Plan) -> Vec<Option<Few>> {
    let mut few: Vec<Option<Few>> = plan.steps().iter().map(|_| None).collect();
    for op in plan.segments.iter().flat_map(|segment| &segment.ops) {
        if let Work::Call(call) = &op.work {
            few[call.step] = Few::new(call, plan.engine.threads());
        }
    }
    few
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = std::result::Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// For what needs a token and holds nothing up.
fn idle_token() -> Token {
    Token::new(&Arc::new(AtomicUsize::new(0)))
}
