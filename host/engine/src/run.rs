//! Drives a plan: N threads, order, bounded memory, stop.
//!
//! Work is cut into *segments* (parallel: any thread takes an item through a whole stretch of steps) with a *stage* behind
//! each (serial: it takes the items in input order, one at a time). A stage is an ordered or a global step; the last one
//! writes the outputs. Reading is serial too. A thread looks for work from the end of the pipeline to its beginning, so
//! what is under way is finished before more is read, and what is under way is bounded.
//!
//! Everything serial is a baton: whoever finds it lying there and its next item ready takes it, by value, does one item and
//! lays it back. So N threads do all the work, a stage's instance has one owner at every moment, and nothing is locked
//! while a guest runs. The lock around the table where batons and items lie is held for the time of a look.
//!
//! Failures travel with their item and are raised when it is that item's turn: the failure that is reported is the first
//! in input order, however many threads there are.

mod end;
mod stage;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::engine::WORKER_STACK_BYTES;
use crate::error::{Error, Result};
use crate::plan::{Origin, Plan};
use crate::report::{Count, Progress, Report};
use crate::sink::Encode;
use crate::worker::{Item, Worker};

use stage::{End, Feed, Stage};
use table::{Job, Table};

/// How to run a plan.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Read at most so many rows.
    pub limit: Option<u64>,
    /// To watch the run and to stop it.
    pub progress: Arc<Progress>,
}

/// What all threads need of the outputs.
pub(crate) struct Sinks {
    pub(crate) encoders: Vec<Arc<dyn Encode>>,
    /// Id and use of each step, for errors.
    pub(crate) step_names: Vec<(String, String)>,
}

impl Plan {
    /// Runs the pipeline to its end. Outputs appear under their names when everything has succeeded, and not before.
    ///
    /// # Errors
    /// The first failure in input order, or [`Error::Stopped`]; then no output is there.
    pub fn run(self, options: RunOptions) -> Result<Report> {
        let start = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.engine.threads())
            .stack_size(WORKER_STACK_BYTES)
            .thread_name(|thread| format!("still-{thread}"))
            .build()
            .map_err(|error| Error::Engine {
                message: format!("the threads cannot be started: {error}"),
                help: None,
            })?;
        let mut run = Run::new(self, options)?;
        let counts: Vec<Vec<Count>> = pool.broadcast(|_| run.work());
        run.report(counts, start)
    }
}

struct Run {
    segments: Vec<Vec<crate::plan::Op>>,
    sinks: Sinks,
    table: Table,
    progress: Arc<Progress>,
    summary: Summary,
}

/// What the report takes from the plan.
struct Summary {
    pipeline: String,
    threads: usize,
    quarantine: String,
    steps: Vec<crate::plan::PlannedStep>,
}

impl Run {
    fn new(plan: Plan, options: RunOptions) -> Result<Self> {
        let steps = plan.steps().to_vec();
        let end = End::create(&plan, options.progress.clone())?;
        let sinks = Sinks {
            encoders: end.encoders(),
            step_names: steps.iter().map(|step| (step.id.clone(), step.uses.clone())).collect(),
        };
        let threads = plan.engine.threads();
        let summary = Summary { pipeline: plan.name, threads, quarantine: plan.quarantine, steps };
        let feed = match plan.source {
            Origin::Files(source) => Feed::files(source, options.limit),
            Origin::Plugin(call) => Feed::plugin(*call, plan.batch.rows, options.limit),
        };
        let mut stages: Vec<Stage> = plan.barriers.into_iter().map(Stage::of).collect();
        stages.push(Stage::End(Box::new(end)));
        // Two items a thread: one under way, one waiting for its turn at a stage.
        let table = Table::new(feed, stages, 2 * threads + 1);
        Ok(Self { segments: plan.segments, sinks, table, progress: options.progress, summary })
    }

    /// What each thread does until the run is over.
    fn work(&self) -> Vec<Count> {
        let mut worker = Worker::new(self.summary.steps.len(), &self.sinks);
        while let Some(job) = self.table.next_job(&self.progress) {
            // A panic of ours must not leave the other threads waiting for ever.
            let done = catch_unwind(AssertUnwindSafe(|| self.job(&mut worker, job)));
            if let Err(panic) = done {
                let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                let message = format!("the host panicked: {}", what.unwrap_or("no message"));
                self.table.fail(Error::Engine {
                    message,
                    help: Some("this is a bug in Stillroom; please report it".to_owned()),
                });
            }
        }
        worker.counts
    }

    fn job(&self, worker: &mut Worker<'_>, job: Job) {
        match job {
            Job::Read(mut feed, number) => {
                let next = feed.next(number, &self.progress, &mut worker.counts[0]);
                self.table.put_feed(feed, next.is_some());
                if let Some(piece) = next {
                    let mut item = piece.decode(number, &mut worker.counts[0], &self.progress);
                    self.segment(worker, 0, &mut item);
                }
            }
            Job::Segment(at, mut item) => self.segment(worker, at, &mut item),
            Job::Stage(at, mut stage, item) => match stage.take(item, &mut worker.counts) {
                Ok(item) => self.table.put_stage(at, stage, item),
                Err(error) => self.table.fail(error),
            },
            Job::Finish(at, mut stage) => match stage.finish(&mut worker.counts) {
                Ok(item) => self.table.finish_stage(at, stage, item),
                Err(error) => self.table.fail(error),
            },
        }
    }

    fn segment(&self, worker: &mut Worker<'_>, at: usize, item: &mut Item) {
        worker.segment(&self.segments[at], item);
        let done = std::mem::replace(item, Item::new(0, Vec::new()));
        self.table.put_item(at, done);
    }

    fn report(&mut self, counts: Vec<Vec<Count>>, start: Instant) -> Result<Report> {
        let end = self.table.outcome()?;
        if self.progress.is_stopped() && !end.is_closed() {
            return Err(Error::Stopped);
        }
        end::report(&self.summary, &counts, *end, start)
    }
}
