//! From steps to stretches: each step is placed in the segment that its rows are in, and where order or the whole is
//! needed, a stage ends the segment and another one begins.

mod columns;
mod outputs;
mod placing;
mod shape;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use indexmap::IndexMap;

use super::column::{key_field, origin_field, visible, visible_schema};
use super::graph::Dominators;
use super::lookup::Lookup;
use super::meet::{Arriving, MeetInput, concat_columns, join_columns};
use super::*;
use crate::component::kind_text;
use crate::contract::v0_1::Kind;
use crate::error::PipelineError;
use crate::expression::ExpressionError;
use crate::instance::Opening;
use crate::limits::LoadLimits;
use crate::pipeline::{
    Action, ConcatOrder, DatasetSpec, Input, JoinKind, OnError, Place, RouteBy, RouteSpec, RouteUnit, SinkSpec,
    SourceSpec, Spanned, Step,
};
use crate::report::LimitsReport;
use crate::sink;
use crate::source::{self, SourceOptions};

/// Rows looked at to infer types, where the pipeline does not say.
const SAMPLE_ROWS: usize = 1000;

/// Most instances of a keyed step.
const MAX_SHARES: usize = 8;

pub(super) struct Planner<'a> {
    pipeline: &'a Pipeline,
    lookup: Lookup<'a>,
    batch: BatchSize,
    /// The steps whose rows get numbers, by which they meet again.
    origins: HashSet<usize>,
    dominators: Dominators,
    /// Of each step, what it takes.
    inputs: Vec<Vec<Input>>,
    /// Of each step that was placed, what comes out of it: a stream for each branch.
    streams: Vec<Vec<Stream>>,
    /// Which of them somebody takes.
    taken: Vec<Vec<bool>>,
    feeds: Vec<FeedPlan>,
    segments: Vec<Segment>,
    families: usize,
    stages: Vec<StagePlan>,
    outputs: Vec<Output>,
    paths: HashMap<PathBuf, String>,
    steps: Vec<Option<PlannedStep>>,
    makers: u32,
    calls: bool,
}

/// Rows on their way: where they are, and their columns.
#[derive(Clone)]
struct Stream {
    segment: usize,
    /// What they come out of: an op and its branch, or the segment's beginning.
    from: Option<(usize, usize)>,
    schema: SchemaRef,
    /// For each column, the number of what made it.
    makers: Vec<u32>,
    /// Streams of one family come in the same items.
    family: usize,
}

/// What a step is, for those who look at the plan.
struct Done {
    kind: &'static str,
    uses: String,
    reads: Vec<String>,
    makes: Vec<String>,
    digest: Option<String>,
    limits: Option<LimitsReport>,
}

impl Done {
    fn new(kind: &'static str, uses: String) -> Self {
        Self { kind, uses, reads: Vec::new(), makes: Vec::new(), digest: None, limits: None }
    }
}

impl<'a> Planner<'a> {
    pub(super) fn new(engine: &'a Engine, pipeline: &'a Pipeline, options: &'a PlanOptions) -> Self {
        let count = pipeline.steps.len();
        Self {
            pipeline,
            lookup: Lookup::new(engine, pipeline, options),
            batch: BatchSize {
                rows: pipeline.batch_rows.unwrap_or(BATCH_ROWS),
                bytes: pipeline.batch_bytes.unwrap_or(BATCH_BYTES),
            }
            .clamped(),
            origins: HashSet::new(),
            inputs: (0..count).map(|step| pipeline.inputs(step)).collect(),
            dominators: Dominators::new(&[], |_| Vec::new()),
            streams: vec![Vec::new(); count],
            taken: vec![Vec::new(); count],
            feeds: Vec::new(),
            segments: Vec::new(),
            families: 0,
            stages: Vec::new(),
            outputs: Vec::new(),
            paths: HashMap::new(),
            steps: vec![None; count],
            makers: NOBODY,
            calls: false,
        }
    }

    pub(super) fn plan(mut self) -> Result<Plan> {
        let pipeline = self.pipeline;
        if let Some(step) = pipeline.steps.get(MAX_STEPS) {
            let message = format!("more than {MAX_STEPS} steps");
            return Err(self.fail(step.id.place, message, "write what is in between to a file").into());
        }
        self.find_sources()?;
        self.dominators =
            Dominators::new(pipeline.order(), |step| self.inputs[step].iter().map(|input| input.step).collect());
        self.find_origins()?;
        for &at in pipeline.order() {
            self.step(at)?;
            if self.origins.contains(&at) && !matches!(pipeline.steps[at].action, Action::Route(_)) {
                let stream = self.streams[at][0].clone();
                self.streams[at][0] = self.number(&stream, at);
            }
        }
        self.leaves()?;
        self.end()
    }

    /// A plugin's step that makes rows takes none, whatever stands before it.
    fn find_sources(&mut self) -> Result<()> {
        for (at, step) in self.pipeline.steps.iter().enumerate() {
            if let Action::Use(uses) = &step.action
                && self.lookup.is_source(uses)?
                && step.from.is_empty()
            {
                self.inputs[at].clear();
            }
        }
        Ok(())
    }

    /// Which steps' rows must be known again further down.
    fn find_origins(&mut self) -> Result<()> {
        for (at, step) in self.pipeline.steps.iter().enumerate() {
            let is_join = matches!(step.action, Action::Join(_));
            if !is_join && !matches!(step.action, Action::Concat(ConcatOrder::Origin)) {
                continue;
            }
            match self.dominators.origin(at) {
                Some(origin) => self.origins.insert(origin),
                None => return Err(self.unrelated(at, is_join).into()),
            };
        }
        Ok(())
    }

    fn unrelated(&self, at: usize, is_join: bool) -> PipelineError {
        let step = &self.pipeline.steps[at];
        let inputs = &self.inputs[at];
        let ids = inputs.iter().map(|input| format!("`{}`", self.pipeline.steps[input.step].id.value));
        let message = format!(
            "step `{}`: the rows of {} have no origin in common: no step is before all of them",
            *step.id,
            list(ids)
        );
        let help = if is_join {
            "join what branched off one step; rows of different sources have nothing to be joined by"
        } else {
            "`concat: inputs` puts one stream after the other"
        };
        self.fail(inputs.first().map_or(step.id.place, |input| input.place), message, help)
    }

    fn step(&mut self, at: usize) -> Result<()> {
        let pipeline = self.pipeline;
        let step = &pipeline.steps[at];
        let mut inputs: Vec<Stream> = Vec::with_capacity(self.inputs[at].len());
        for input in &self.inputs[at] {
            let branch = input.branch.unwrap_or(0);
            self.taken[input.step][branch] = true;
            inputs.push(self.streams[input.step][branch].clone());
        }
        let is_first = matches!(step.action, Action::Source(_) | Action::Use(_));
        let streams = match (&step.action, inputs.first()) {
            (Action::Source(spec), _) => self.source(at, step, spec)?,
            (Action::Use(uses), input) => {
                let batch = self.batch_of(step);
                let call = self.lookup.call(step, uses, input.map(|stream| stream.schema.as_ref()), batch)?;
                self.calls = true;
                self.call(at, step, input, call)?
            }
            (_, None) if !is_first => return Err(self.no_rows(step).into()),
            (Action::Where(text), Some(input)) => self.filter(at, step, input, text)?,
            (Action::Compute(columns), Some(input)) => self.compute(at, step, input, columns)?,
            (Action::Select(names), Some(input)) => self.select(at, step, input, names)?,
            (Action::Drop(names), Some(input)) => self.drop_columns(at, step, input, names)?,
            (Action::Rename(names), Some(input)) => self.rename(at, step, input, names)?,
            (Action::Route(spec), Some(input)) => self.route(at, step, input, spec)?,
            (Action::Concat(order), Some(_)) => self.concat(at, step, &inputs, *order)?,
            (Action::Join(kind), Some(_)) => self.join(at, step, &inputs, *kind)?,
            (Action::Sink(spec), Some(input)) => self.sink(at, step, input, spec)?,
            (_, None) => return Err(self.no_rows(step).into()),
        };
        self.taken[at] = vec![false; streams.len()];
        self.streams[at] = streams;
        Ok(())
    }

    fn no_rows(&self, step: &Step) -> PipelineError {
        let message = format!("step `{}` has no rows to work on", *step.id);
        self.fail(step.id.place, message, "the first step is a `source:`, or uses a step that makes rows")
    }

    fn source(&mut self, at: usize, step: &Step, spec: &SourceSpec) -> Result<Vec<Stream>> {
        let mut types = IndexMap::new();
        for (name, text) in &spec.types {
            let data_type = crate::contract::data_type::parse(text).map_err(|why| {
                let message = format!("step `{}`: {why}", *step.id);
                self.fail(text.place, message, "for example `int64`, `utf8`, `list<float32>`")
            })?;
            types.insert(name.value.clone(), data_type);
        }
        let batch = self.batch_of(step);
        let options = SourceOptions {
            paths: spec.paths.iter().map(|path| path.value.clone()).collect(),
            format: spec.format,
            types,
            sample_rows: spec.sample_rows.unwrap_or(SAMPLE_ROWS),
            delimiter: spec.csv.delimiter.unwrap_or(b','),
            header: spec.csv.header,
            capture: spec.capture.as_ref().map(|capture| capture.value.clone()),
            rows: spec.rows.as_ref().map(|rows| rows.value.clone()),
            batch_rows: batch.rows,
            batch_bytes: batch.bytes,
        };
        let source = source::open(&options)?;
        let schema = source.schema();
        let makes = schema.fields().iter().map(|field| field_text(field)).collect();
        let uses = if options.rows.is_some() { "rows".to_owned() } else { options.paths.join(", ") };
        self.no_hidden(step, schema.fields().iter().map(|field| field.name().as_str()))?;
        let stream = self.feed(at, Origin::Files(source), options.paths, schema, batch);
        self.done(at, &stream.schema, Done { makes, ..Done::new("source", uses) });
        Ok(vec![stream])
    }

    fn feed(&mut self, at: usize, origin: Origin, paths: Vec<String>, schema: SchemaRef, batch: BatchSize) -> Stream {
        let segment = self.segment(at);
        self.feeds.push(FeedPlan { origin, paths, segment, rows: batch.rows, is_cut: false });
        let makers = schema.fields().iter().map(|_| self.maker()).collect();
        Stream { segment, from: None, schema, makers, family: self.family() }
    }

    /// Names that begin with NUL are the host's own.
    fn no_hidden<'n>(&self, step: &Step, mut names: impl Iterator<Item = &'n str>) -> Result<()> {
        match names.find(|name| is_hidden(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("step `{}`: a column cannot be called {name:?}", *step.id);
                Err(self.fail(step.id.place, message, "a name does not begin with the character NUL").into())
            }
        }
    }

    fn call(&mut self, at: usize, step: &Step, input: Option<&Stream>, call: Call) -> Result<Vec<Stream>> {
        let (kind, schema) = (call.opened.kind, call.schema.clone());
        if call.cache == Some(true) && matches!(kind, Kind::Ordered | Kind::Source) {
            let kind = kind_text(kind);
            let message = format!("step `{}`: results of a step that is {kind} are not kept", *step.id);
            let help = "leave out `cache: true`: it answers by all that it has seen before";
            return Err(self.fail(step.id.place, message, help).into());
        }
        let leaves_out = step.on_error.is_some_and(|on_error| on_error != OnError::Fail);
        if kind == Kind::Source && (leaves_out || call.retries > 0) {
            let message =
                format!("step `{}`: a call of a source that fails has no rows to leave out or try again", *step.id);
            let help = "leave out `on-error` and `retries`: where a source fails, the run ends";
            return Err(self.fail(step.id.place, message, help).into());
        }
        let made = schema.fields().iter().zip(&call.layout).filter(|(_, from)| matches!(from, From::Made(_)));
        self.no_hidden(step, made.map(|(field, _)| field.name().as_str()))?;
        let done = self.describe_call(&call, input);
        let Some(input) = input else {
            let batch = call.batch;
            let stream = self.feed(at, Origin::Plugin(Box::new(call)), Vec::new(), schema, batch);
            self.done(at, &stream.schema, done);
            return Ok(vec![stream]);
        };
        let makers = call.layout.iter().map(|from| match from {
            From::Carried(column) => input.makers[*column],
            From::Made(_) => self.maker(),
        });
        let makers: Vec<u32> = makers.collect();
        let stream = match kind {
            Kind::Transform if call.waits => {
                let stage = self.stage(StageKind::Wait(Arc::new(call)), Some(at));
                self.lead(input, stage);
                self.stream_of(stage, at, schema, makers, input.family)
            }
            Kind::Source | Kind::Transform => {
                let stream = self.put(at, input, Work::Call(Box::new(call)), schema, makers);
                self.cut_for(step, &stream);
                stream
            }
            Kind::Ordered => self.ordered(at, input, call, makers),
            Kind::Global => self.global(at, input, call, makers),
        };
        self.done(at, &stream.schema, done);
        Ok(vec![stream])
    }

    fn describe_call(&self, call: &Call, input: Option<&Stream>) -> Done {
        let reads = call.inputs.iter().filter_map(|column| Some(input?.schema.field(column.column).name().clone()));
        let made = call.schema.fields().iter().zip(&call.layout).filter(|(_, from)| matches!(from, From::Made(_)));
        Done {
            kind: kind_text(call.opened.kind),
            uses: call.uses.clone(),
            reads: reads.collect(),
            makes: made.map(|(field, _)| field_text(field)).collect(),
            digest: Some(call.opening.plugin.digest().to_owned()),
            limits: Some(limits_report(&call.opening, self.lookup.load_limits(call.opening.plugin.name()))),
        }
    }

    fn ordered(&mut self, at: usize, input: &Stream, call: Call, makers: Vec<u32>) -> Stream {
        let schema = call.schema.clone();
        let Some(shares) = self.shares(&call, &input.schema) else {
            let stage = self.stage(StageKind::Ordered(Arc::new(call)), Some(at));
            self.lead(input, stage);
            return self.stream_of(stage, at, schema, makers, input.family);
        };
        let keyed = self.key(at, input, &call.key);
        let call = Arc::new(call);
        let parts: Vec<usize> =
            (0..shares).map(|share| self.stage(StageKind::Share(call.clone(), share, shares), Some(at))).collect();
        parts.iter().for_each(|part| self.lead(&keyed, *part));
        let gather = self.stage(StageKind::Gather(call), Some(at));
        parts.into_iter().for_each(|part| self.link(part, gather));
        self.stream_of(gather, at, schema, makers, input.family)
    }

    fn global(&mut self, at: usize, input: &Stream, call: Call, makers: Vec<u32>) -> Stream {
        let schema = call.schema.clone();
        let (input, shares) = match self.shares(&call, &input.schema) {
            None => (input.clone(), 1),
            Some(shares) => (self.key(at, input, &call.key), shares),
        };
        let call = Arc::new(call);
        let parts: Vec<usize> =
            (0..shares).map(|share| self.stage(StageKind::Part(call.clone(), share, shares), Some(at))).collect();
        parts.iter().for_each(|part| self.lead(&input, *part));
        let hold = self.stage(StageKind::Hold(call, input.schema.clone()), Some(at));
        self.lead(&input, hold);
        parts.into_iter().for_each(|part| self.link(part, hold));
        let family = self.family();
        self.stream_of(hold, at, schema, makers, family)
    }

    /// How many instances work at a keyed step; none where it has no key that can be told apart. What they answer does not
    /// hang on how many they are, nor does what is kept of them: a run may be gone on with by other threads.
    fn shares(&self, call: &Call, schema: &Schema) -> Option<usize> {
        let has_hash = |column: &usize| crate::worker::is_hashable(schema.field(*column).data_type());
        let is_keyed = !call.key.is_empty() && call.key.iter().all(has_hash);
        is_keyed.then(|| self.lookup.engine.threads().clamp(1, MAX_SHARES))
    }

    /// Gives each row the hash of its key.
    fn key(&mut self, at: usize, input: &Stream, key: &[usize]) -> Stream {
        let schema = with_field(&input.schema, key_field(at));
        let makers = input.makers.iter().copied().chain([NOBODY]).collect();
        self.put(at, input, Work::Key(key.to_vec(), schema.clone()), schema, makers)
    }

    /// Gives each row a number of its own, to be found again by.
    fn number(&mut self, input: &Stream, at: usize) -> Stream {
        let schema = with_field(&input.schema, origin_field(at));
        let maker = self.maker();
        let makers = input.makers.iter().copied().chain([maker]).collect();
        self.put(at, input, Work::Number(schema.clone()), schema, makers)
    }

    fn end(mut self) -> Result<Plan> {
        let pipeline = self.pipeline;
        let quarantine =
            pipeline.quarantine.clone().unwrap_or_else(|| default_quarantine(&self.outputs, &pipeline.name));
        if let Some(name) = self.paths.get(&real_path(Path::new(&quarantine))) {
            let last = &pipeline.steps[pipeline.steps.len() - 1];
            let message = format!("the quarantine and the sink `{name}` are both `{quarantine}`");
            return Err(self.fail(last.id.place, message, "give one of them another path").into());
        }
        if self.calls {
            let stage = self.stage(StageKind::Quarantine, None);
            (0..self.segments.len()).for_each(|segment| _ = self.exit(segment, stage));
        }
        for segment in &mut self.segments {
            let rank = |exit: &Exit| self.stages[exit.stage].kind.rank();
            let first = segment.exits.iter().enumerate().min_by_key(|(at, exit)| (rank(exit), *at));
            segment.teller = first.map_or(0, |(at, _)| at);
        }
        let waits = self.stages.iter().any(|stage| matches!(stage.kind, StageKind::Wait(_)));
        self.feeds.iter_mut().for_each(|feed| feed.is_cut = waits);
        Ok(Plan {
            name: pipeline.name.clone(),
            engine: self.lookup.engine.clone(),
            feeds: self.feeds,
            segments: self.segments,
            stages: self.stages,
            outputs: self.outputs,
            quarantine,
            pipeline: Arc::new(pipeline.clone()),
            has_card: pipeline.dataset.as_ref().is_some_and(|dataset| dataset.card),
            seen: None,
            brake: self.lookup.brake,
            models: self.lookup.models,
            plugins: self.lookup.loaded,
            steps: self.steps.into_iter().flatten().collect(),
        })
    }

    fn done(&mut self, at: usize, schema: &SchemaRef, done: Done) {
        let Done { kind, uses, mut reads, makes, digest, limits } = done;
        let mut known = HashSet::new();
        reads.retain(|name| known.insert(name.clone()));
        self.steps[at] = Some(PlannedStep {
            id: self.pipeline.steps[at].id.value.clone(),
            kind,
            uses: self.pipeline.redact(&uses).into_owned(),
            inputs: self.input_ids(at),
            branches: Vec::new(),
            digest,
            limits,
            reads,
            makes,
            schema: visible_schema(schema),
        });
    }

    fn input_ids(&self, at: usize) -> Vec<String> {
        self.inputs[at].iter().map(|input| self.stream_id(input.step, input.branch.unwrap_or(0))).collect()
    }

    fn stream_id(&self, at: usize, branch: usize) -> String {
        let step = &self.pipeline.steps[at];
        match &step.action {
            Action::Route(route) => {
                let branch = route.branches.get(branch).map_or("", |name| name.value.as_str());
                format!("{}.{branch}", *step.id)
            }
            _ => step.id.value.clone(),
        }
    }

    fn batch_of(&self, step: &Step) -> BatchSize {
        BatchSize {
            rows: step.batch_rows.unwrap_or(self.batch.rows),
            bytes: step.batch_bytes.unwrap_or(self.batch.bytes),
        }
        .clamped()
    }

    fn parse(&self, step: &Step, text: &Spanned<String>) -> Result<Expression> {
        Expression::parse(text).map_err(|error| self.expression_error(step, text, error).into())
    }

    fn expression(&self, step: &Step, input: &Stream, text: &Spanned<String>) -> Result<(Expression, DataType)> {
        let expression = self.parse(step, text)?;
        let seen = visible_schema(&input.schema);
        let data_type = expression.data_type(&seen).map_err(|error| self.expression_error(step, text, error))?;
        Ok((expression, data_type))
    }

    fn expression_error(&self, step: &Step, text: &Spanned<String>, error: ExpressionError) -> PipelineError {
        let place = error.offset.map_or(text.place, |at| self.pipeline.place_within(text, at..at + error.len));
        self.pipeline.error(place, format!("step `{}`: {}", *step.id, error.message), "", error.help)
    }

    fn column(&self, step: &Step, input: &Stream, name: &Spanned<String>) -> Result<usize> {
        let found = input.schema.index_of(name).ok().filter(|_| !is_hidden(name));
        found.ok_or_else(|| {
            let message = format!("step `{}`: there is no column `{}`", *step.id, name.value);
            self.fail(name.place, message, columns_help(name, &input.schema)).into()
        })
    }

    fn fail(&self, place: Place, message: impl Into<String>, help: impl Into<String>) -> PipelineError {
        self.pipeline.error(place, message, "", Some(help.into()).filter(|help: &String| !help.is_empty()))
    }
}

impl BatchSize {
    fn clamped(self) -> Self {
        Self { rows: self.rows.clamp(1, 1 << 24), bytes: self.bytes.clamp(1 << 10, 256 << 20) }
    }
}

fn limits_report(opening: &Opening, load: LoadLimits) -> LimitsReport {
    let limits = opening.limits;
    LimitsReport {
        memory: limits.memory_bytes as u64,
        seconds: (!opening.plugin.code().is_endless).then_some(limits.time.as_secs_f64()),
        output: limits.output_bytes as u64,
        output_rows: limits.output_rows as u64,
        log: limits.log_bytes as u64,
        tables: limits.table_elements as u64,
        instances: limits.instances.map(|most| most as u64),
        rejected_rows: limits.rejected_rows,
        component: load.component_bytes as u64,
        compile_seconds: load.compile_time.as_secs_f64(),
    }
}

fn with_field(schema: &SchemaRef, field: Field) -> SchemaRef {
    let fields = schema.fields().iter().cloned().chain([Arc::new(field)]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Streams on their way to a meeting by the origins of a step.
fn arriving<'s>(inputs: &'s [Stream], ids: &'s [String], origin: Option<usize>) -> Vec<Arriving<'s>> {
    let arriving = |(input, id): (&'s Stream, &'s String)| {
        let numbers = origin.and_then(|step| input.schema.index_of(&super::column::origin_name(step)).ok());
        let known = numbers.map_or(NOBODY, |column| input.makers[column]);
        Arriving { id, schema: &input.schema, makers: &input.makers, known }
    };
    inputs.iter().zip(ids).map(arriving).collect()
}
