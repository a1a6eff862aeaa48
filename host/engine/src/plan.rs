//! What a pipeline means: plugins loaded, every step opened, every column typed, the whole cut into stretches that one
//! thread takes a batch through. No row moves here.

mod call;
mod lookup;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use indexmap::IndexMap;

use crate::component::kind_text;
use crate::contract::v0_1::Kind;
use crate::engine::Engine;
use crate::error::{PipelineError, Result};
use crate::expression::{Expression, ExpressionError};
use crate::pipeline::{Action, Pipeline, Place, SinkSpec, SourceSpec, Spanned, Step, did_you_mean};
use crate::sink::{self, SinkOptions};
use crate::source::{self, Source, SourceOptions};

pub(crate) use call::{Call, From, Input};
pub use lookup::Builtins;
use lookup::Lookup;

/// Most rows of a batch, where the pipeline does not say.
const BATCH_ROWS: usize = 8192;

/// Bytes that a batch is made of, where the pipeline does not say: what goes in, comes out and is encoded stays in a
/// core's second-level cache.
const BATCH_BYTES: usize = 512 << 10;

/// Rows looked at to infer types, where the pipeline does not say.
const SAMPLE_ROWS: usize = 1000;

/// Most steps of a pipeline. A batch goes through a stretch of them depth first, on the stack of its thread.
const MAX_STEPS: usize = 500;

/// A pipeline that can run.
pub struct Plan {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) source: Origin,
    /// Stretches of parallel work; between two of them stands a step that sees every batch in order.
    pub(crate) segments: Vec<Vec<Op>>,
    pub(crate) barriers: Vec<Call>,
    pub(crate) sinks: Vec<Output>,
    pub(crate) quarantine: String,
    pub(crate) batch: BatchSize,
    steps: Vec<PlannedStep>,
}

/// A batch's bounds: it ends at whichever comes first. A row that is larger is a batch of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSize {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// Where rows come from.
pub(crate) enum Origin {
    Files(Box<dyn Source>),
    Plugin(Box<Call>),
}

/// What a sink is to write. `step` is the sink's place in the pipeline.
pub(crate) struct Output {
    pub(crate) step: usize,
    pub(crate) options: SinkOptions,
    pub(crate) schema: SchemaRef,
}

/// What one thread does with a batch, one step after the other. `step` is the step's place in the pipeline.
pub(crate) struct Op {
    pub(crate) step: usize,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Call(Box<Call>),
    Filter(Expression),
    Compute(Vec<(usize, Expression)>, SchemaRef),
    Project(Vec<usize>, SchemaRef),
    Sink(usize),
}

/// A step as planned.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// The step's id.
    pub id: String,
    /// `source`, `transform`, `ordered`, `global`, `where`, `compute`, `select`, `drop`, `rename` or `sink`.
    pub kind: &'static str,
    /// What it uses: `text/normalise`, a path, an expression.
    pub uses: String,
    /// SHA-256 of the plugin's file, for steps that use one.
    pub digest: Option<String>,
    /// The data's columns that it reads.
    pub reads: Vec<String>,
    /// The columns that it makes, as `name: type`.
    pub makes: Vec<String>,
    /// The data's columns after it.
    pub schema: SchemaRef,
}

impl Plan {
    /// Loads the plugins, opens every step and types every column; looks into the input to infer types, but moves no row.
    ///
    /// # Errors
    /// [`PipelineError`] at the place of what is wrong; [`SourceError`](crate::error::SourceError) where the input cannot
    /// be opened; [`PluginError`](crate::error::PluginError).
    pub fn new(engine: &Engine, pipeline: &Pipeline, builtins: Builtins) -> Result<Self> {
        Planner::new(engine, pipeline, builtins)?.plan()
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }
}

struct Planner<'a> {
    pipeline: &'a Pipeline,
    lookup: Lookup<'a>,
    batch: BatchSize,
    source: Option<Origin>,
    schema: SchemaRef,
    segments: Vec<Vec<Op>>,
    barriers: Vec<Call>,
    sinks: Vec<Output>,
    steps: Vec<PlannedStep>,
}

impl<'a> Planner<'a> {
    fn new(engine: &'a Engine, pipeline: &'a Pipeline, builtins: Builtins) -> Result<Self> {
        Ok(Self {
            pipeline,
            lookup: Lookup::new(engine, pipeline, builtins),
            batch: BatchSize {
                rows: pipeline.batch_rows.unwrap_or(BATCH_ROWS).clamp(1, 1 << 24),
                bytes: pipeline.batch_bytes.unwrap_or(BATCH_BYTES).clamp(1 << 10, 256 << 20),
            },
            source: None,
            schema: Arc::new(Schema::empty()),
            segments: vec![Vec::new()],
            barriers: Vec::new(),
            sinks: Vec::new(),
            steps: Vec::new(),
        })
    }

    fn plan(mut self) -> Result<Plan> {
        let pipeline = self.pipeline;
        if let Some(step) = pipeline.steps.get(MAX_STEPS) {
            let message = format!("more than {MAX_STEPS} steps");
            return Err(self.fail(step.id.place, message, "write what is in between to a file").into());
        }
        for step in &pipeline.steps {
            self.step(step)?;
        }
        let last = &pipeline.steps[pipeline.steps.len() - 1];
        let Some(source) = self.source.take() else {
            return Err(self
                .fail(last.id.place, "the pipeline has no source", "begin with a step that has `source:`")
                .into());
        };
        if self.sinks.is_empty() {
            return Err(self
                .fail(
                    last.id.place,
                    "the pipeline has no sink: its rows would go nowhere",
                    "end with a step that has `sink:`",
                )
                .into());
        }
        let quarantine = pipeline.quarantine.clone().unwrap_or_else(|| default_quarantine(&self.sinks, &pipeline.name));
        if self.sinks.iter().any(|sink| same_file(&sink.options.path, Path::new(&quarantine))) {
            let message = format!("the quarantine and a sink are both `{quarantine}`");
            return Err(self.fail(last.id.place, message, "give one of them another path").into());
        }
        Ok(Plan {
            name: pipeline.name.clone(),
            engine: self.lookup.engine.clone(),
            source,
            segments: self.segments,
            barriers: self.barriers,
            sinks: self.sinks,
            quarantine,
            batch: self.batch,
            steps: self.steps,
        })
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        let is_source = matches!(step.action, Action::Source(_));
        if !is_source && self.source.is_none() && !matches!(step.action, Action::Use(_)) {
            return Err(self
                .fail(
                    step.id.place,
                    format!("step `{}` has no rows to work on", *step.id),
                    "the first step is a `source:`",
                )
                .into());
        }
        match &step.action {
            Action::Source(spec) => self.source(step, spec),
            Action::Use(uses) => {
                let call = self.lookup.call(step, uses, &self.schema, self.source.is_some(), self.batch)?;
                self.call(step, call)
            }
            Action::Where(text) => self.filter(step, text),
            Action::Compute(columns) => self.compute(step, columns),
            Action::Select(names) => self.select(step, names),
            Action::Drop(names) => self.drop_columns(step, names),
            Action::Rename(names) => self.rename(step, names),
            Action::Sink(spec) => self.sink(step, spec),
        }
    }

    fn source(&mut self, step: &Step, spec: &SourceSpec) -> Result<()> {
        if self.source.is_some() {
            return Err(self
                .fail(step.id.place, "a second source", "one source may read many files: `path: [a, b]`")
                .into());
        }
        let mut types = IndexMap::new();
        for (name, text) in &spec.types {
            let data_type = crate::contract::data_type::parse(text).map_err(|why| {
                self.fail(
                    text.place,
                    format!("step `{}`: {why}", *step.id),
                    "for example `int64`, `utf8`, `list<float32>`",
                )
            })?;
            types.insert(name.value.clone(), data_type);
        }
        let options = SourceOptions {
            paths: spec.paths.iter().map(|path| path.value.clone()).collect(),
            format: spec.format,
            types,
            sample_rows: spec.sample_rows.unwrap_or(SAMPLE_ROWS),
            delimiter: spec.csv.delimiter.unwrap_or(b','),
            header: spec.csv.header,
            capture: spec.capture.as_ref().map(|capture| capture.value.clone()),
            batch_rows: self.batch.rows,
            batch_bytes: self.batch.bytes,
        };
        let source = source::open(&options)?;
        self.schema = source.schema();
        let makes = self.schema.fields().iter().map(|field| field_text(field)).collect();
        self.source = Some(Origin::Files(source));
        self.done(step, "source", options.paths.join(", "), Vec::new(), makes);
        Ok(())
    }

    fn call(&mut self, step: &Step, call: Call) -> Result<()> {
        let kind = call.opened.kind;
        let reads = call.inputs.iter().map(|input| self.schema.field(input.column).name().clone()).collect();
        let made = call.schema.fields().iter().zip(&call.layout).filter(|(_, from)| matches!(from, From::Made(_)));
        let makes = made.map(|(field, _)| field_text(field)).collect();
        let digest = call.opening.plugin.digest().to_owned();
        self.schema = call.schema.clone();
        let uses = call.uses.clone();
        match kind {
            Kind::Source => self.source = Some(Origin::Plugin(Box::new(call))),
            Kind::Transform => self.push(Work::Call(Box::new(call))),
            Kind::Ordered | Kind::Global => {
                self.barriers.push(call);
                self.segments.push(Vec::new());
            }
        }
        self.done(step, kind_text(kind), uses, reads, makes);
        if let Some(planned) = self.steps.last_mut() {
            planned.digest = Some(digest);
        }
        Ok(())
    }

    fn filter(&mut self, step: &Step, text: &Spanned<String>) -> Result<()> {
        let expression = self.parse(step, text)?;
        expression.check_filter(&self.schema).map_err(|error| self.expression_error(step, text, error))?;
        let reads = expression.columns().map(str::to_owned).collect();
        self.push(Work::Filter(expression));
        self.done(step, "where", text.value.clone(), reads, Vec::new());
        Ok(())
    }

    fn compute(&mut self, step: &Step, columns: &IndexMap<Spanned<String>, Spanned<String>>) -> Result<()> {
        let mut fields = self.schema.fields().to_vec();
        let (mut made, mut reads, mut makes) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in columns {
            let (expression, data_type) = self.expression(step, text)?;
            reads.extend(expression.columns().map(str::to_owned));
            let field = Arc::new(Field::new(&name.value, data_type, true));
            makes.push(field_text(&field));
            let at = self.schema.index_of(name).unwrap_or(fields.len());
            if at < fields.len() {
                fields[at] = field
            } else {
                fields.push(field)
            }
            made.push((at, expression));
        }
        self.schema = Arc::new(Schema::new(fields));
        self.push(Work::Compute(made, self.schema.clone()));
        let uses = columns.keys().map(|name| name.value.as_str()).collect::<Vec<_>>().join(", ");
        self.done(step, "compute", uses, reads, makes);
        Ok(())
    }

    fn select(&mut self, step: &Step, names: &[Spanned<String>]) -> Result<()> {
        let columns = names.iter().map(|name| self.column(step, name)).collect::<Result<Vec<_>>>()?;
        self.project(step, "select", columns, list(names.iter().map(|name| name.value.clone())))
    }

    fn drop_columns(&mut self, step: &Step, names: &[Spanned<String>]) -> Result<()> {
        let dropped = names.iter().map(|name| self.column(step, name)).collect::<Result<Vec<_>>>()?;
        let kept = (0..self.schema.fields().len()).filter(|column| !dropped.contains(column)).collect();
        self.project(step, "drop", kept, list(names.iter().map(|name| name.value.clone())))
    }

    fn rename(&mut self, step: &Step, names: &IndexMap<Spanned<String>, Spanned<String>>) -> Result<()> {
        let mut fields = self.schema.fields().to_vec();
        for (new, old) in names {
            let column = self.column(step, old)?;
            fields[column] = Arc::new(fields[column].as_ref().clone().with_name(&new.value));
        }
        for (new, _) in names {
            if fields.iter().filter(|field| *field.name() == new.value).count() > 1 {
                let message = format!("step `{}`: there is a column `{}` already", *step.id, new.value);
                return Err(self.fail(new.place, message, "choose another name, or drop that column first").into());
            }
        }
        let all = (0..fields.len()).collect();
        self.schema = Arc::new(Schema::new(fields));
        let uses = list(names.iter().map(|(new, old)| format!("{} <- {}", new.value, old.value)));
        self.project(step, "rename", all, uses)
    }

    fn project(&mut self, step: &Step, kind: &'static str, columns: Vec<usize>, uses: String) -> Result<()> {
        let fields: Vec<_> = columns.iter().map(|column| self.schema.fields()[*column].clone()).collect();
        let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
        if let Some(name) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(self
                .fail(
                    step.id.place,
                    format!("step `{}` names the column `{}` twice", *step.id, name.1),
                    "once is enough",
                )
                .into());
        }
        self.schema = Arc::new(Schema::new(fields));
        self.push(Work::Project(columns, self.schema.clone()));
        self.done(step, kind, uses, Vec::new(), Vec::new());
        Ok(())
    }

    fn sink(&mut self, step: &Step, spec: &SinkSpec) -> Result<()> {
        let path = &spec.path;
        if spec.format().is_none() {
            let message = format!("step `{}`: no format goes by the name of `{}`", *step.id, path.value);
            return Err(self
                .fail(path.place, message, "name it `.jsonl`, `.csv`, `.parquet` or `.arrow`, or say `format:`")
                .into());
        }
        if self.sinks.iter().any(|sink| same_file(&sink.options.path, Path::new(&path.value))) {
            return Err(self
                .fail(
                    path.place,
                    format!("step `{}`: another step writes `{}`", *step.id, path.value),
                    "choose another path",
                )
                .into());
        }
        self.push(Work::Sink(self.sinks.len()));
        let options =
            SinkOptions { path: path.value.clone().into(), format: spec.format(), compression: spec.compression };
        sink::check(&options, &self.schema).map_err(|error| {
            self.fail(path.place, format!("step `{}`: {}", *step.id, error.message), error.help.unwrap_or_default())
        })?;
        self.sinks.push(Output { step: self.steps.len(), options, schema: self.schema.clone() });
        self.done(step, "sink", path.value.clone(), Vec::new(), Vec::new());
        Ok(())
    }

    fn push(&mut self, work: Work) {
        let step = self.steps.len();
        if let Some(segment) = self.segments.last_mut() {
            segment.push(Op { step, work });
        }
    }

    fn done(&mut self, step: &Step, kind: &'static str, uses: String, reads: Vec<String>, makes: Vec<String>) {
        let (id, schema) = (step.id.value.clone(), self.schema.clone());
        self.steps.push(PlannedStep { id, kind, uses, digest: None, reads, makes, schema });
    }

    fn parse(&self, step: &Step, text: &Spanned<String>) -> Result<Expression> {
        Expression::parse(text).map_err(|error| self.expression_error(step, text, error).into())
    }

    fn expression(&self, step: &Step, text: &Spanned<String>) -> Result<(Expression, DataType)> {
        let expression = self.parse(step, text)?;
        let data_type = expression.data_type(&self.schema).map_err(|error| self.expression_error(step, text, error))?;
        Ok((expression, data_type))
    }

    fn expression_error(&self, step: &Step, text: &Spanned<String>, error: ExpressionError) -> PipelineError {
        let place = error.offset.map_or(text.place, |at| self.pipeline.place_within(text, at..at + error.len));
        self.pipeline.error(place, format!("step `{}`: {}", *step.id, error.message), "", error.help)
    }

    fn column(&self, step: &Step, name: &Spanned<String>) -> Result<usize> {
        self.schema.index_of(name).map_err(|_| {
            let message = format!("step `{}`: there is no column `{}`", *step.id, name.value);
            self.fail(name.place, message, columns_help(name, &self.schema)).into()
        })
    }

    fn fail(&self, place: Place, message: impl Into<String>, help: impl Into<String>) -> PipelineError {
        self.pipeline.error(place, message, "", Some(help.into()).filter(|help: &String| !help.is_empty()))
    }
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What to say where a column is not there.
fn columns_help(name: &str, schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    did_you_mean(name, "the data has", names.iter().copied()).unwrap_or_else(|| "the data has no columns".to_owned())
}

fn field_text(field: &Field) -> String {
    let words = crate::contract::data_type::to_text(field.data_type());
    format!("{}: {}", field.name(), words.unwrap_or_else(|| field.data_type().to_string()))
}

/// Beside the first output that is a file.
fn default_quarantine(sinks: &[Output], pipeline: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') { c } else { '_' };
    let name = format!("{}.quarantine.jsonl", pipeline.chars().map(plain).collect::<String>());
    let is_file =
        |path: &&Path| *path != Path::new("-") && std::fs::metadata(path).map_or(true, |there| there.is_file());
    let beside = sinks.iter().map(|sink| sink.options.path.as_path()).find(is_file);
    beside.map_or_else(|| name.clone().into(), |path| path.with_file_name(&name)).to_string_lossy().into_owned()
}

/// Whether two paths lead to one file, also where it is not there yet. Standard output is none.
fn same_file(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        std::path::absolute(folder.join(path.file_name().unwrap_or_default()))
    };
    one == other || matches!((whole(one), whole(other)), (Ok(one), Ok(other)) if one == other)
}

type Loaded = HashMap<String, crate::component::Plugin>;
