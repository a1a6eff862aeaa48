//! What a pipeline means: plugins loaded, every step opened, every column typed, the whole cut into stretches that one
//! thread takes a batch through. No row moves here.

mod alone;
mod ask;
mod call;
mod column;
mod graph;
mod lookup;
mod meet;
mod planner;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};
use indexmap::IndexMap;

use crate::capability::Capability;
use crate::component::Plugin;
use crate::engine::Engine;
use crate::error::Result;
use crate::expression::Expression;
use crate::lock::{Lock, Pin};
use crate::pipeline::{Pipeline, did_you_mean};
use crate::sink::SinkOptions;
use crate::source::Source;

pub(crate) use alone::alone;
pub use ask::grants_yaml;
pub(crate) use call::{Call, From, Input};
pub(crate) use column::{is_hidden, key_name, visible};
pub use lookup::Builtins;
pub(crate) use meet::{Meet, MeetKind, Merged, NONE, whole};
pub(crate) use told::by_default;

/// Most rows of a batch, where the pipeline does not say.
const BATCH_ROWS: usize = 8192;

/// Bytes that a batch is made of, where the pipeline does not say: what goes in, comes out and is encoded stays in a
/// core's second-level cache.
const BATCH_BYTES: usize = 512 << 10;

/// Most steps of a pipeline.
const MAX_STEPS: usize = 10_000;

/// The maker of a column whose values have no single one.
const NOBODY: u32 = 0;

/// A pipeline that can run.
pub struct Plan {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) feeds: Vec<FeedPlan>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) stages: Vec<StagePlan>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) quarantine: String,
    pub(crate) pipeline: Arc<Pipeline>,
    /// Whether a data card is written.
    pub(crate) has_card: bool,
    /// Where it is written down what came out of each step, where somebody looks.
    pub(crate) seen: Option<Arc<crate::run::Seen>>,
    pub(crate) brake: crate::limits::Brake,
    /// The models that its steps may ask.
    pub(crate) models: Arc<crate::model::Models>,
    plugins: Loaded,
    steps: Vec<PlannedStep>,
}

/// What a plan is made with, beside its pipeline.
#[derive(Debug, Clone, Copy)]
pub struct PlanOptions<'a> {
    /// The plugins that the program brings along.
    pub builtins: Builtins,
    /// What plugins' files are held against, where anything is.
    pub lock: Option<&'a Lock>,
}

/// A plugin that a pipeline uses.
#[derive(Clone)]
pub struct PlannedPlugin {
    /// As `use:` names it: a built-in plugin, or a file.
    pub name: String,
    /// What was loaded.
    pub plugin: Plugin,
    /// Whether it is known to be the one that it was.
    pub pinned: Pinned,
}

/// Whether a plugin's file is known to be the one that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// It is a part of the program.
    BuiltIn,
    /// It is the file that the lock records.
    Locked(Pin),
    /// The lock knows nothing of it yet: its name there, and what is to be noted.
    New(String, Pin),
    /// The pipeline says that it may change: `pin: false`.
    Off,
    /// Nobody asked: there is no lock.
    Unlocked,
}

/// A batch's bounds: it ends at whichever comes first. A row that is larger is a batch of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSize {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// A source, and the segment that its rows enter.
pub(crate) struct FeedPlan {
    pub(crate) origin: Origin,
    /// The paths and globs that it reads.
    pub(crate) paths: Vec<String>,
    pub(crate) segment: usize,
    /// Rows that a plugin is asked for at once.
    pub(crate) rows: usize,
    /// Whether it is cut small: steps that ask models have many items under way, and one that is done need not wait for
    /// thousands of others.
    pub(crate) is_cut: bool,
}

/// Where rows come from.
pub(crate) enum Origin {
    Files(Box<dyn Source>),
    Plugin(Box<Call>),
}

/// A stretch of parallel work: any thread takes an item through all of it.
#[derive(Default)]
pub(crate) struct Segment {
    /// What the rows that enter go to.
    pub(crate) first: Vec<Target>,
    /// In topological order.
    pub(crate) ops: Vec<Op>,
    /// The ports of stages that it leads to. The last is the quarantine's.
    pub(crate) exits: Vec<Exit>,
    /// The exit at which failures are told: so that there is an order in which they are raised.
    pub(crate) teller: usize,
    /// The steps, by their places in the pipeline, whose rows are counted here; the first is the one whose rows enter.
    pub(crate) steps: Vec<usize>,
}

/// The port of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) stage: usize,
    pub(crate) port: usize,
}

/// Where rows go next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An op of the segment, as its input of this number.
    Op(usize, usize),
    /// An exit of the segment.
    Exit(usize),
}

/// What one thread does with a batch.
pub(crate) struct Op {
    /// The step's place in the pipeline.
    pub(crate) step: usize,
    /// Where its rows are counted: a place in [`Segment::steps`].
    pub(crate) slot: usize,
    pub(crate) work: Work,
    /// The largest batch that it takes, where the step says so.
    pub(crate) cut: Option<BatchSize>,
    /// Where its rows go: of each branch; but for a route there is one.
    pub(crate) next: Vec<Vec<Target>>,
}

pub(crate) enum Work {
    Call(Box<Call>),
    Filter(Expression),
    Compute(Vec<(usize, Expression)>, SchemaRef),
    Project(Vec<usize>, SchemaRef),
    Route(Route),
    Meet(Arc<Meet>),
    /// Encodes rows for the sink behind an exit; of these columns only, where not of all.
    Sink {
        exit: usize,
        output: usize,
        columns: Option<(Vec<usize>, SchemaRef)>,
        is_counted: bool,
    },
    /// Gives each row the number of its origin.
    Number(SchemaRef),
    /// Gives each row the hash of its key.
    Key(Vec<usize>, SchemaRef),
}

/// How rows find their branches.
pub(crate) enum Route {
    /// To the branches whose expressions are true; a row for which none is goes to the branch behind the last, if there is
    /// one.
    Where { expressions: Vec<Expression>, is_first: bool },
    /// To so many branches at random.
    Random { pick: usize, seed: u64, by_batch: bool },
    /// To one branch after the other.
    InTurn { by_batch: bool },
    /// To the second branch with this probability, else to the first.
    Split { share: f64, seed: u64 },
}

/// What is done serially, and where it leads.
pub(crate) struct StagePlan {
    pub(crate) kind: StageKind,
    /// The step's place in the pipeline; none for the quarantine and for what is written of a leaf.
    pub(crate) step: Option<usize>,
    /// Of each port, the segment that leads to it; none where it is another stage.
    pub(crate) ports: Vec<Option<usize>>,
    pub(crate) out: Option<Out>,
}

/// Where a stage's rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Out {
    Segment(usize),
    Port(Exit),
}

pub(crate) enum StageKind {
    /// Writes an output, by its number.
    Sink(usize),
    /// Sets rejected rows aside: a port for each segment.
    Quarantine,
    /// A step that asks models: its items go on when they are done.
    Wait(Arc<Call>),
    /// A step of which one instance sees every batch, in order.
    Ordered(Arc<Call>),
    /// One of several instances of a keyed ordered step: which, and of how many.
    Share(Arc<Call>, usize, usize),
    /// Puts together what the instances of a keyed ordered step answered: a port for each.
    Gather(Arc<Call>),
    /// One of the instances of a global step: which, and of how many.
    Part(Arc<Call>, usize, usize),
    /// Holds the rows of a global step (port 0) until its instances (the other ports) have answered.
    Hold(Arc<Call>, SchemaRef),
    /// Streams meet, item by item.
    Meet(Arc<Meet>),
    /// Streams meet that are not of the same items: all of them are held.
    Collect(Arc<Meet>),
}

impl StageKind {
    /// Who is told of a failure, of several: one that passes it on, so that those of earlier items, which may be further on,
    /// are raised before it; then one that has had all items before.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Wait(_) | Self::Ordered(_) | Self::Share(..) | Self::Gather(_) | Self::Meet(_) => 0,
            Self::Hold(..) | Self::Collect(_) => 1,
            Self::Sink(_) => 2,
            Self::Quarantine => 3,
            Self::Part(..) => 4,
        }
    }
}

/// A file to write.
pub(crate) struct Output {
    /// The sink's id, or the data set's name.
    pub(crate) name: String,
    /// The sink's place in the pipeline; none for a leaf's data set.
    pub(crate) step: Option<usize>,
    /// `train` or `test`, for data sets.
    pub(crate) split: Option<&'static str>,
    pub(crate) options: SinkOptions,
    pub(crate) schema: SchemaRef,
    /// Whether no step comes after it.
    pub(crate) is_leaf: bool,
}

/// A step as planned.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// The step's id.
    pub id: String,
    /// `source`, `transform`, `ordered`, `global`, `where`, `compute`, `select`, `drop`, `rename`, `route`, `concat`, `join`
    /// or `sink`.
    pub kind: &'static str,
    /// What it uses: `text/normalise`, a path, an expression.
    pub uses: String,
    /// Where its rows come from: ids of steps, `id.branch` for branches.
    pub inputs: Vec<String>,
    /// The branches of a route.
    pub branches: Vec<String>,
    /// SHA-256 of the plugin's file, for steps that use one.
    pub digest: Option<String>,
    /// What its calls may take, where it is a plugin's.
    pub limits: Option<crate::report::LimitsReport>,
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
    /// [`PipelineError`](crate::error::PipelineError) at the place of what is wrong;
    /// [`SourceError`](crate::error::SourceError) where the input cannot be opened;
    /// [`PluginError`](crate::error::PluginError).
    pub fn new(engine: &Engine, pipeline: &Pipeline, builtins: Builtins) -> Result<Self> {
        Self::with_options(engine, pipeline, &PlanOptions { builtins, lock: None })
    }

    /// As [`new`](Self::new), with more to say. Where there is a lock, a plugin's file that is not the one it records is
    /// refused; to note those that it does not know is the caller's to do.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_options(engine: &Engine, pipeline: &Pipeline, options: &PlanOptions<'_>) -> Result<Self> {
        planner::Planner::new(engine, pipeline, options).plan()
    }

    /// The plugins that it uses, in the order of their first steps.
    pub fn plugins(&self) -> impl Iterator<Item = &PlannedPlugin> {
        self.plugins.values()
    }

    /// The plugins' files that the lock does not know yet: the names that they have there, and what is to be noted.
    pub fn unlocked(&self) -> Vec<(String, Pin)> {
        let new = |plugin: &PlannedPlugin| match &plugin.pinned {
            Pinned::New(name, pin) => Some((name.clone(), pin.clone())),
            _ => None,
        };
        let mut all: Vec<_> = self.plugins().filter_map(new).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        // Two ways to one file.
        all.dedup_by(|a, b| a.0 == b.0);
        all
    }

    /// The steps, in the file's order.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    /// The files that it reads.
    pub(crate) fn inputs(&self) -> Vec<Arc<Path>> {
        let files = self.feeds.iter().map(|feed| crate::source::expand(&feed.paths).unwrap_or_default());
        files.flatten().collect()
    }

    /// Where a run keeps what it needs to be gone on with, where nothing else is said: beside the first output that is a
    /// file. None where there is nothing to go on with: no output is a file, or standard input is read.
    pub fn run_folder(&self) -> Option<PathBuf> {
        let is_stream = self.feeds.iter().any(|feed| feed.paths.iter().any(|path| path == "-"));
        let file = self.first_file()?.file_name()?.to_string_lossy();
        (!is_stream).then(|| self.folder().join(format!(".{file}.still-run")))
    }

    /// The file that the answers of models are kept in, where nothing else is said: beside the first output that is a file.
    pub fn answers(&self) -> PathBuf {
        // Not within a data set, which is handed on as it is.
        let dataset = self.pipeline.dataset.as_ref().map(|dataset| Path::new(dataset.folder.as_str()));
        let beside = |folder: &Path| match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let folder = || match (dataset, self.first_file()) {
            (Some(dataset), _) => beside(dataset),
            (None, Some(_)) => self.folder(),
            (None, None) => PathBuf::from("."),
        };
        self.pipeline.answers.as_ref().map_or_else(|| folder().join(".stillroom").join("answers.db"), PathBuf::from)
    }

    /// Whether its steps ask models.
    pub fn asks_models(&self) -> bool {
        let is_request = |request: &Capability| matches!(request, Capability::Llm | Capability::Embedding);
        self.plugins().any(|planned| planned.plugin.requests().iter().any(is_request))
    }

    /// The folder of the first output that is a file, for what a run needs to put somewhere; where none is, the system's
    /// own for temporary files.
    pub(crate) fn folder(&self) -> PathBuf {
        match self.first_file().and_then(Path::parent) {
            None => std::env::temp_dir(),
            Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
            Some(folder) => folder.to_owned(),
        }
    }

    fn first_file(&self) -> Option<&Path> {
        first_file(&self.outputs)
    }

    /// The files that it writes when all is well: each with the sink's id or the data set's name.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.outputs.iter().map(|output| (output.name.as_str(), output.options.path.as_path()))
    }
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What to say where a column is not there.
fn columns_help(name: &str, schema: &Schema) -> String {
    let seen = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| !is_hidden(name));
    let names: Vec<&str> = seen.collect();
    did_you_mean(name, "the data has", names.iter().copied()).unwrap_or_else(|| "the data has no columns".to_owned())
}

fn field_text(field: &Field) -> String {
    let words = crate::contract::data_type::to_text(field.data_type());
    format!("{}: {}", field.name(), words.unwrap_or_else(|| field.data_type().to_string()))
}

/// A pipeline's name as a part of a file's.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') { c } else { '_' };
    name.chars().map(plain).collect()
}

/// The first output that is a file, or will be.
fn first_file(outputs: &[Output]) -> Option<&Path> {
    let is_file =
        |path: &&Path| *path != Path::new("-") && std::fs::metadata(path).map_or(true, |there| there.is_file());
    outputs.iter().map(|output| output.options.path.as_path()).find(is_file)
}

/// Beside the first output that is a file.
fn default_quarantine(outputs: &[Output], pipeline: &str) -> String {
    let name = format!("{}.quarantine.jsonl", plain(pipeline));
    first_file(outputs)
        .map_or_else(|| name.clone().into(), |path| path.with_file_name(&name))
        .to_string_lossy()
        .into_owned()
}

/// A file by a name that all paths to it have, also where it is not there yet.
fn real_path(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let whole = folder.join(path.file_name().unwrap_or_default());
    std::path::absolute(&whole).unwrap_or(whole)
}

type Loaded = IndexMap<String, PlannedPlugin>;
