//! From a plan and what a run folder holds to stages that know where they are.
//!
//! It is worked out from the end to the beginning. What a stage has need not come again, so the segment before it starts at
//! the least that one of its stages has. Outputs and held rows say how far they are. An ordered step's state is in the
//! sandbox and gone: unless all behind it is complete it sees its rows again, and those behind leave out what they have.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::collect::Collect;
use super::feed::Feed;
use super::hold::{Hold, Storage};
use super::journal::Journal;
use super::ordered::{Gather, Ordered, Share};
use super::output::Output;
use super::part::Part;
use super::quarantine::Quarantine;
use super::stage::{MeetStage, Stage};
use super::steady::{Steady, Tally};
use super::table::{Port, Station};
use super::wait::Wait;
use super::{BUDGET_BYTES, Keep, RunOptions};
use crate::error::Result;
use crate::plan::{Call, Exit, Out, Plan, Segment, StageKind, StagePlan, Work};
use crate::sink::Encode;
use crate::spool::{Budget, Spool};

/// What the run begins with.
pub(super) struct Found {
    pub(super) feeds: Vec<(Option<Box<Feed>>, usize)>,
    pub(super) segments: Vec<Segment>,
    pub(super) stations: Vec<Station>,
    pub(super) encoders: Vec<Arc<dyn Encode>>,
    pub(super) warnings: Vec<String>,
}

/// How far a port, or a segment, is.
#[derive(Debug, Clone, Copy)]
struct Position {
    items: u64,
    is_done: bool,
}

impl Position {
    const START: Self = Self { items: 0, is_done: false };
}

/// What a run is of. Where one of these has changed, it cannot be gone on with.
pub(super) fn manifest(plan: &Plan, options: &RunOptions) -> Value {
    let inputs: Vec<Value> = plan.inputs().iter().map(|path| file_identity(path)).collect();
    let plugins: Vec<&str> = plan.steps().iter().filter_map(|step| step.digest.as_deref()).collect();
    let pipeline = &plan.pipeline;
    let batch = (pipeline.batch_rows, pipeline.batch_bytes, &plan.quarantine);
    let outer = (&pipeline.plugins, pipeline.limits, pipeline.on_error, pipeline.seed);
    // Variables do not show their values, which are digested with all else.
    let variables: Vec<_> = pipeline.plugins.iter().filter_map(|plugin| Some(&plugin.grants.env.as_ref()?.0)).collect();
    // What is asked; how fast, with which key, and who stands in may be another.
    let asked: Vec<_> = pipeline.models().iter().map(|spec| (&spec.name, spec.kind.asked())).collect();
    let pipeline = format!(
        "{asked:?}\n{:?}\n{:?}\n{batch:?}\n{:?}\n{outer:?}\n{variables:?}",
        pipeline.steps, pipeline.dataset, options.limit
    );
    json!({
        "stillroom": env!("CARGO_PKG_VERSION"),
        "pipeline": Sha256::digest(pipeline.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "plugins": plugins,
        "inputs": inputs,
        "outputs": plan.outputs.iter().map(|output| output.options.path.to_string_lossy()).collect::<Vec<_>>(),
    })
}

/// A file's name, length and time of change. What is changed without a change of these is not noticed.
fn file_identity(path: &Path) -> Value {
    let Ok(about) = std::fs::metadata(path) else { return json!([path.to_string_lossy()]) };
    let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    json!([path.to_string_lossy(), about.len(), changed.map(|time| time.as_nanos().to_string())])
}

/// Opens every stage where it was left.
pub(super) fn open(
    plan: Plan,
    options: &RunOptions,
    journal: Option<&Arc<Journal>>,
    keeps: &[Option<Arc<Keep>>],
    tallies: &[Arc<Tally>],
) -> Result<Found> {
    let mut opening = Opening {
        names: plan.stages.iter().enumerate().map(|(at, stage)| stage_name(&plan, at, stage)).collect(),
        positions: plan.stages.iter().map(|stage| vec![Position::START; stage.ports.len()]).collect(),
        encoders: plan.outputs.iter().map(|_| None).collect(),
        stages: plan.stages.iter().map(|_| None).collect(),
        starts: vec![Position::START; plan.segments.len()],
        warnings: Vec::new(),
        again: plan.stages.iter().map(|_| None).collect(),
        budget: Budget::new(options.memory.unwrap_or(BUDGET_BYTES) as u64),
        journal,
        options,
        keeps,
        tallies,
        plan: &plan,
    };
    // Stages stand in topological order, but for the quarantine, which is the last and has nothing behind it.
    for at in (0..plan.stages.len()).rev() {
        opening.stage(at)?;
    }
    (0..plan.segments.len()).for_each(|segment| opening.start(segment));
    opening.count_rejected();
    let Opening { positions, encoders, mut stages, starts, warnings, .. } = opening;
    let stations = plan.stages.iter().enumerate().map(|(at, stage)| {
        let is_done = positions[at].iter().all(|position| position.is_done);
        let port = |(port, segment): (usize, &Option<usize>)| match segment {
            Some(segment) => Port::from(starts[*segment].items).with_end(starts[*segment].is_done),
            None => Port::from(0).with_end(positions[at][port].is_done),
        };
        Station {
            stage: Some(Box::new(stages[at].take().unwrap_or(Stage::Done))),
            ports: stage.ports.iter().enumerate().map(port).collect(),
            together: matches!(stage.kind, StageKind::Meet(_) | StageKind::Gather(_)),
            out: stage.out,
            sent: first_sent(stage, &starts),
            wanted: match stage.out {
                Some(Out::Segment(segment)) => starts[segment].items,
                _ => 0,
            },
            over: is_done && behind_is_done(stage, &starts, &positions),
        }
    });
    let stations: Vec<Station> = stations.collect();
    let feeds = plan.feeds.into_iter().map(|feed| {
        let start = starts[feed.segment];
        let mut read = Feed::new(feed.origin, feed.segment, feed.rows, options.limit, feed.is_cut);
        if start.is_done {
            return Ok((None, feed.segment));
        }
        read.skip(start.items, &options.progress)?;
        Ok((Some(Box::new(read)), feed.segment))
    });
    Ok(Found {
        feeds: feeds.collect::<Result<_>>()?,
        stations,
        encoders: encoders.into_iter().flatten().collect(),
        segments: plan.segments,
        warnings,
    })
}

/// A stage that passes on what it holds goes on where those behind it want it; others tell all items again.
fn first_sent(stage: &StagePlan, starts: &[Position]) -> u64 {
    match (&stage.kind, stage.out) {
        (StageKind::Hold(..) | StageKind::Collect(_), Some(Out::Segment(segment))) => starts[segment].items,
        _ => 0,
    }
}

/// Whether nothing behind a stage is left to do.
fn behind_is_done(stage: &StagePlan, starts: &[Position], positions: &[Vec<Position>]) -> bool {
    match stage.out {
        Some(Out::Segment(segment)) => starts[segment].is_done,
        Some(Out::Port(exit)) => positions[exit.stage][exit.port].is_done,
        None => false, // outputs are closed once more
    }
}

/// The name that a stage is known by in the journal, and its files.
fn stage_name(plan: &Plan, at: usize, stage: &StagePlan) -> String {
    let id = stage.step.and_then(|step| plan.steps().get(step)).map_or("", |step| step.id.as_str());
    match &stage.kind {
        StageKind::Sink(output) => {
            let output = &plan.outputs[*output];
            format!("output:{}{}", output.name, output.split.map_or(String::new(), |split| format!("/{split}")))
        }
        StageKind::Quarantine => "quarantine".to_owned(),
        StageKind::Hold(..) => format!("held-{id}"),
        StageKind::Collect(_) => format!("met-{id}"),
        _ => format!("stage-{at}"),
    }
}

struct Opening<'a> {
    plan: &'a Plan,
    options: &'a RunOptions,
    keeps: &'a [Option<Arc<Keep>>],
    tallies: &'a [Arc<Tally>],
    journal: Option<&'a Arc<Journal>>,
    budget: Arc<Budget>,
    names: Vec<String>,
    /// Of each stage, its ports.
    positions: Vec<Vec<Position>>,
    /// Of each segment, where it starts.
    starts: Vec<Position>,
    stages: Vec<Option<Stage>>,
    encoders: Vec<Option<Arc<dyn Encode>>>,
    /// Of each global step's instance, the rows that it is to see again.
    again: Vec<Option<Spool>>,
    warnings: Vec<String>,
}

impl Opening<'_> {
    fn stage(&mut self, at: usize) -> Result<()> {
        let plan = self.plan;
        let stage = &plan.stages[at];
        if let Some(Out::Segment(segment)) = stage.out {
            self.start(segment);
        }
        let behind = match stage.out {
            Some(Out::Segment(segment)) => self.starts[segment],
            Some(Out::Port(exit)) => self.positions[exit.stage][exit.port],
            None => Position::START,
        };
        let opened = match &stage.kind {
            StageKind::Sink(output) => self.output(at, *output)?,
            StageKind::Quarantine => self.quarantine(at)?,
            StageKind::Hold(call, schema) => {
                let schema = schema.clone();
                self.hold(at, call, schema, behind)?
            }
            StageKind::Collect(meet) => {
                let mut collect = Collect::open(meet.clone(), &self.names[at], &self.storage(), wanted(behind))?;
                self.warnings.extend(collect.warnings());
                for port in 0..stage.ports.len() {
                    let (items, is_done) = collect.items(port);
                    self.positions[at][port] = Position { items, is_done };
                }
                Stage::Collect(Box::new(collect))
            }
            StageKind::Part(call, share, shares) => {
                // Its rows come from where those are that are held; those before it is fed again.
                self.positions[at][0] = behind;
                Stage::Part(Box::new(Part::new(
                    self.steady(call),
                    call.clone(),
                    (*share, *shares),
                    behind.items,
                    &self.storage(),
                    self.again[at].take(),
                    self.keeps[call.step].clone(),
                )))
            }
            StageKind::Wait(call) => {
                let waits = plan.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Wait(_))).count();
                Stage::Wait(Wait::new(call.clone(), self.tallies[call.step].clone(), waits))
            }
            StageKind::Ordered(call) => {
                Stage::Ordered(Ordered::new(self.steady(call), call.clone(), self.tallies[call.step].clone()))
            }
            StageKind::Share(call, share, shares) => {
                Stage::Share(Share::new(self.steady(call), call.clone(), *share, *shares))
            }
            StageKind::Gather(call) => Stage::Gather(Gather::new(call.clone(), self.tallies[call.step].clone())),
            StageKind::Meet(meet) => {
                let tally = self.tallies[meet.step.0].clone();
                Stage::Meet(MeetStage { meet: meet.clone(), entered: 0, tally })
            }
        };
        // What passes item for item on need see none again where those behind want none.
        if behind.is_done
            && matches!(
                opened,
                Stage::Wait(_) | Stage::Ordered(_) | Stage::Share(_) | Stage::Gather(_) | Stage::Meet(_)
            )
        {
            self.positions[at].iter_mut().for_each(|position| *position = behind);
        }
        self.stages[at] = Some(opened);
        Ok(())
    }

    /// A segment starts at the least that one of its stages has. Where one knows how many items there are, those that have
    /// as many have all.
    fn start(&mut self, segment: usize) {
        let exits = &self.plan.segments[segment].exits;
        let positions: Vec<Position> = exits.iter().map(|exit| self.positions[exit.stage][exit.port]).collect();
        let total = positions.iter().filter(|position| position.is_done).map(|position| position.items).max();
        let least = positions.iter().map(|position| position.items).min().unwrap_or(0);
        let is_done =
            total.is_some_and(|total| positions.iter().all(|position| position.is_done || position.items >= total));
        self.starts[segment] = Position { items: if is_done { total.unwrap_or(0) } else { least }, is_done };
    }

    /// A limit of rejected rows is one for the whole run. What is done again is counted again: so of each segment what those
    /// know that are where it starts.
    fn count_rejected(&self) {
        for (segment, start) in self.plan.segments.iter().zip(&self.starts).filter(|(_, start)| start.items > 0) {
            let is_there = |exit: &&Exit| self.positions[exit.stage][exit.port].items == start.items;
            let counts = |exit: &Exit| self.stages[exit.stage].as_ref()?.counts(exit.port);
            let Some(counts) = segment.exits.iter().filter(is_there).find_map(counts) else { continue };
            for op in &segment.ops {
                if let (Work::Call(call), Some(count)) = (&op.work, counts.get(op.slot)) {
                    self.tallies[call.step].resume(count.rejected + count.skipped);
                }
            }
        }
    }

    fn storage(&self) -> Storage {
        Storage { budget: self.budget.clone(), folder: self.plan.folder(), journal: self.journal.cloned() }
    }

    fn steady(&self, call: &Arc<Call>) -> Steady {
        Steady::new(call.clone(), &self.storage(), self.tallies[call.step].clone())
    }

    fn output(&mut self, at: usize, output: usize) -> Result<Stage> {
        let plan = self.plan;
        let (stage, planned) = (&plan.stages[at], &plan.outputs[output]);
        let segment = stage.ports.first().copied().flatten();
        let slot = segment
            .zip(stage.step)
            .and_then(|(segment, step)| plan.segments[segment].steps.iter().rposition(|counted| *counted == step));
        // What cannot be gone on with, such as standard output, begins anew.
        let opened =
            Output::open(&self.names[at], planned, (stage.step, slot), self.journal, self.options.progress.clone())?;
        self.warnings.extend(opened.warning);
        self.positions[at][0] = Position { items: opened.output.items(), is_done: false };
        self.encoders[output] = Some(opened.encoder);
        Ok(Stage::Output(Box::new(opened.output)))
    }

    fn quarantine(&mut self, at: usize) -> Result<Stage> {
        let ports = self.plan.stages[at].ports.len();
        let opened = Quarantine::open(&self.names[at], self.plan.quarantine.clone(), ports, self.journal)?;
        for port in 0..ports {
            self.positions[at][port] = Position { items: opened.items(port), is_done: false };
        }
        Ok(Stage::Quarantine(opened))
    }

    fn hold(
        &mut self,
        at: usize,
        call: &Arc<Call>,
        schema: arrow_schema::SchemaRef,
        behind: Position,
    ) -> Result<Stage> {
        let tally = self.tallies[call.step].clone();
        let found = Hold::open(call.clone(), &self.names[at], schema, self.storage(), tally, wanted(behind))?;
        self.warnings.extend(found.warning);
        let position = Position { items: found.hold.items(), is_done: found.has_answered };
        self.positions[at].iter_mut().for_each(|port| *port = position);
        if !found.has_answered {
            for part in self.parts(at) {
                self.again[part] = found.hold.again()?;
            }
        }
        Ok(Stage::Hold(Box::new(found.hold)))
    }

    /// The instances that answer to a stage.
    fn parts(&self, hold: usize) -> Vec<usize> {
        let leads = |stage: &StagePlan| matches!(stage.out, Some(Out::Port(Exit { stage, .. })) if stage == hold);
        (0..self.plan.stages.len()).filter(|at| leads(&self.plan.stages[*at])).collect()
    }
}

/// The first item that those behind still want.
fn wanted(behind: Position) -> u64 {
    if behind.is_done { u64::MAX } else { behind.items }
}
