//! What the steps of a pipeline may be.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Spanned;
use crate::capability::Grants;
use crate::limits::{Limits, LoadLimits};

/// One step: an id, where its rows come from, and what to do.
#[derive(Debug, Clone)]
pub struct Step {
    /// The step's name in this pipeline, in messages and in `--set`. Unique; letters, digits, `_` and `-`.
    pub id: Spanned<String>,
    /// `from:` the steps whose rows it takes: `id`, or `id.branch` for a branch of a [`route`](Action::Route). Empty where
    /// it was left out: the step before.
    pub from: Vec<Spanned<String>>,
    /// What it does.
    pub action: Action,
    /// `batch-rows:` the most rows of a batch that it gets.
    pub batch_rows: Option<usize>,
    /// `batch-bytes:` the most bytes of a batch that it gets and that has more than one row.
    pub batch_bytes: Option<usize>,
    /// `dataset:` what the data set is called that it makes as a leaf; its id where it was left out.
    pub dataset: Option<Spanned<String>>,
    /// `cache:` whether its results are kept between runs; by what they cost where it was left out. Plugin steps only.
    pub cache: Option<bool>,
    /// `limits:` what its instances may take, where it is not what the plugin or the pipeline says. Plugin steps only.
    pub limits: LimitsSpec,
    /// `on-error:` what becomes of rows that it fails on; as the pipeline says where it was left out. Plugin steps only.
    pub on_error: Option<OnError>,
    /// `retries:` how often a batch that failed is tried again as it is. Plugin steps only.
    pub retries: Option<u32>,
}

/// What becomes of rows that a step fails on: where it traps, takes too long, or answers what the contract does not allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The run fails.
    #[default]
    Fail,
    /// The batch is halved until the guilty rows are alone; they go to the quarantine, all others go on.
    Quarantine,
    /// The same, but the guilty rows are only counted.
    Skip,
}

/// Limits as they were written; what was left out is decided further out: by the plugin, the pipeline, the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitsSpec {
    /// `memory:` linear memory of an instance, in bytes.
    pub memory: Option<usize>,
    /// `time:` of one call.
    pub time: Option<Duration>,
    /// `output:` bytes that one call may hand back.
    pub output: Option<usize>,
    /// `output-rows:` rows that one call may hand back.
    pub output_rows: Option<usize>,
    /// `rejected-rows:` rows that the step may reject or fail on in a run.
    pub rejected_rows: Option<u64>,
    /// `log:` bytes that one call may say to the log.
    pub log: Option<usize>,
    /// `instances:` of a step that may be live at once.
    pub instances: Option<usize>,
    /// `table-elements:` of all tables of an instance.
    pub table_elements: Option<usize>,
}

impl LimitsSpec {
    /// These limits, and `outer` where nothing is said.
    pub fn over(self, outer: Limits) -> Limits {
        Limits {
            memory_bytes: self.memory.unwrap_or(outer.memory_bytes),
            table_elements: self.table_elements.unwrap_or(outer.table_elements),
            output_bytes: self.output.unwrap_or(outer.output_bytes),
            output_rows: self.output_rows.unwrap_or(outer.output_rows),
            time: self.time.unwrap_or(outer.time),
            log_bytes: self.log.unwrap_or(outer.log_bytes),
            rejected_rows: self.rejected_rows.or(outer.rejected_rows),
            instances: self.instances.or(outer.instances),
        }
    }
}

/// What a pipeline says of one plugin, under `plugins:` by the name or path that `use:` has.
#[derive(Debug, Clone)]
pub struct PluginSpec {
    /// The name, or the file.
    pub name: Spanned<String>,
    /// `grants:` what its steps may do beyond computing.
    pub grants: Grants,
    /// The variables of `grants: { env: … }` as they are named; those that are set are in the grants.
    pub env: Vec<Spanned<String>>,
    /// `columns:` the columns of the data that its steps are told of. Where it was left out: those that a step declares, or
    /// that the pipeline names for it.
    pub columns: Option<ColumnsSpec>,
    /// `limits:` of its steps.
    pub limits: LimitsSpec,
    /// `limits: { time: off }`: no call of it has an end but its own.
    pub endless: bool,
    /// `limits: { component: …, compile-time: … }`.
    pub load: LoadLimits,
    /// `pin:` whether its SHA-256 is held against `stillroom.lock`. It is, where this was left out.
    pub pin: bool,
}

/// Columns of the data that a plugin's steps are told of.
#[derive(Debug, Clone)]
pub enum ColumnsSpec {
    /// `columns: all`
    All,
    /// `columns: […]`: these and no others.
    These(Vec<Spanned<String>>),
}

/// What a step does. All but [`Action::Use`] is the host's own work.
#[derive(Debug, Clone)]
pub enum Action {
    /// `source:` reads rows from files.
    Source(SourceSpec),
    /// `use:` runs a plugin's step.
    Use(UseSpec),
    /// `where:` keeps the rows for which an [expression](crate::expression) is true.
    Where(Spanned<String>),
    /// `compute:` adds columns (or replaces those of the same name) by expressions over the columns as they came.
    Compute(IndexMap<Spanned<String>, Spanned<String>>),
    /// `select:` keeps these columns, in this order.
    Select(Vec<Spanned<String>>),
    /// `drop:` leaves these columns out.
    Drop(Vec<Spanned<String>>),
    /// `rename:` gives columns new names: new to old.
    Rename(IndexMap<Spanned<String>, Spanned<String>>),
    /// `route:` sends each row, or each batch, to one or several of its branches.
    Route(RouteSpec),
    /// `concat:` puts the rows of several steps into one stream.
    Concat(ConcatOrder),
    /// `join:` puts the columns side by side that several branches made of one origin row.
    Join(JoinKind),
    /// `sink:` writes the rows to a file, and passes them on.
    Sink(SinkSpec),
}

impl Action {
    /// The key that it is written under.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Use(_) => "use",
            Self::Where(_) => "where",
            Self::Compute(_) => "compute",
            Self::Select(_) => "select",
            Self::Drop(_) => "drop",
            Self::Rename(_) => "rename",
            Self::Route(_) => "route",
            Self::Concat(_) => "concat",
            Self::Join(_) => "join",
            Self::Sink(_) => "sink",
        }
    }
}

/// How rows find their branches.
#[derive(Debug, Clone)]
pub struct RouteSpec {
    /// The branches' names, in order; at least one, each once.
    pub branches: Vec<Spanned<String>>,
    /// The rule.
    pub by: RouteBy,
}

/// The rule of a route.
#[derive(Debug, Clone)]
pub enum RouteBy {
    /// `where:` an [expression](crate::expression) for each branch, in the branches' order. A row goes to every branch
    /// whose expression is true.
    Where {
        /// One a branch; the branch of `otherwise:`, where there is one, is the last and has none.
        expressions: Vec<Spanned<String>>,
        /// `first: true`: only to the first branch that fits.
        first: bool,
    },
    /// `pick:` so many of the branches at random, by a seed.
    Random {
        /// How many: 1 to the number of branches.
        pick: usize,
        /// Another seed picks others.
        seed: u64,
        /// What is sent as one.
        each: RouteUnit,
    },
    /// `in-turn: true`: one branch after the other.
    InTurn {
        /// What is sent as one.
        each: RouteUnit,
    },
}

/// What a route sends as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteUnit {
    /// Each row by itself.
    #[default]
    Row,
    /// All rows of a batch together.
    Batch,
}

/// The order of rows that meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConcatOrder {
    /// In the order of the rows that they came from, which is that of the last step that all of them went through.
    Origin,
    /// All rows of the first input, then all of the second, and so on.
    Inputs,
}

/// Which rows come out of a join. Rows with one origin belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JoinKind {
    /// Those that all inputs have.
    Inner,
    /// Those that the first input has; what another lacks is null.
    Left,
    /// Those that any input has; what one lacks is null.
    Outer,
}

/// Where the leaves go: `dataset:` of the pipeline. Every step that nothing comes after and that is no sink becomes a data
/// set of its own, `FOLDER/NAME/train.EXTENSION`.
#[derive(Debug, Clone)]
pub struct DatasetSpec {
    /// The folder.
    pub folder: Spanned<String>,
    /// JSONL, Parquet (where it is left out), CSV or Arrow.
    pub format: Format,
    /// The share of rows that go to `test` instead of `train`: 0 to 1, exclusive; none where it is left out.
    pub test: Option<f64>,
    /// Another seed chooses other rows for `test`.
    pub seed: u64,
    /// Whether `FOLDER/README.md` is written, the data card. It is, where this is left out.
    pub card: bool,
}

/// A runtime parameter, as declared under `params:` and with the value that it has now. `Debug` does not show a secret.
#[derive(Clone)]
pub struct Param {
    /// Its name: letters, digits, `_` and `-`.
    pub name: Spanned<String>,
    /// The type of its value.
    pub kind: ParamKind,
    /// What it is for.
    pub description: Option<String>,
    /// The values that it, or each of its items, may have; empty: all of its type.
    pub one_of: Vec<Value>,
    /// The value now: by `--set`, else the parameter file, else the environment, else the default.
    pub value: Value,
    /// Where the value came from, in words: `--set`, `the parameter file`, `$NAME`, `the default`.
    pub origin: String,
    /// The variable of the environment that it may be taken from.
    pub env: Option<String>,
    /// Whether the value is not to be shown.
    pub secret: bool,
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Param");
        shown.field("name", &self.name.value).field("kind", &self.kind).field("origin", &self.origin);
        if self.secret {
            return shown.finish_non_exhaustive();
        }
        shown.field("value", &self.value).finish_non_exhaustive()
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// A list of plain values.
    List,
}

/// A step of a plugin, and how its columns meet the data's.
#[derive(Debug, Clone)]
pub struct UseSpec {
    /// The whole text behind `use:`, `plugin/step`.
    pub uses: Spanned<String>,
    /// The part before the last `/`: a built-in plugin's name, or a file.
    pub plugin: Spanned<String>,
    /// The part after the last `/`: the step within the plugin.
    pub step: Spanned<String>,
    /// `with:` parameters. Integers stay integers over the whole range of `i64` and `u64`.
    pub with: IndexMap<Spanned<String>, Spanned<Value>>,
    /// `columns:` the step's input column to the data's.
    pub columns: IndexMap<Spanned<String>, Spanned<String>>,
    /// `outputs:` the step's output column to the name it gets in the data.
    pub outputs: IndexMap<Spanned<String>, Spanned<String>>,
}

impl UseSpec {
    /// Whether the plugin is a file rather than a built-in's name.
    pub fn is_file(&self) -> bool {
        is_file(&self.plugin)
    }

    /// The parameters as the JSON object that a plugin gets.
    pub fn parameters(&self) -> Value {
        self.with.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    }
}

pub(super) fn is_file(plugin: &str) -> bool {
    plugin.contains(['/', '\\']) || plugin.ends_with(".wasm")
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// Files or globs, read in this order; `-` is standard input. Empty only where there are `rows`.
    pub paths: Vec<Spanned<String>>,
    /// The format of all of them; by each file's extension where it is not given (see [`Format::of_path`]).
    pub format: Option<Format>,
    /// Types of columns that are not to be inferred: name to type, as in `int64` or `list<utf8>`.
    pub types: IndexMap<Spanned<String>, Spanned<String>>,
    /// How many rows to look at to infer types.
    pub sample_rows: Option<usize>,
    /// How CSV is written.
    pub csv: CsvSpec,
    /// For `files`: a regular expression over the path, whose named groups become text columns.
    pub capture: Option<Spanned<String>>,
    /// `rows:` the rows themselves, an object each, instead of files; then `paths` is empty.
    pub rows: Option<Spanned<Vec<Value>>>,
}

impl SourceSpec {
    /// The format of a path: as given, else by its extension.
    pub fn format_of(&self, path: &str) -> Option<Format> {
        self.format.or_else(|| Format::of_path(path))
    }
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvSpec {
    /// Between two fields: a comma, or a tab in `.tsv`, where it is not given.
    pub delimiter: Option<u8>,
    /// Whether the first line has the columns' names.
    pub header: bool,
}

impl Default for CsvSpec {
    fn default() -> Self {
        Self { delimiter: None, header: true }
    }
}

/// Where rows go.
#[derive(Debug, Clone)]
pub struct SinkSpec {
    /// The file; `-` is standard output.
    pub path: Spanned<String>,
    /// The format; by the path's extension where it is not given.
    pub format: Option<Format>,
    /// The compression; by the path's extension or the format's own default where it is not given.
    pub compression: Option<Compression>,
}

impl SinkSpec {
    /// The format: as given, else by the path's extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of_path(&self.path))
    }
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A JSON object per line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
    /// Any files: a row per file, with its path, size and text. Only to read.
    Files,
}

impl Format {
    /// The format by a path's extension, looking beneath `.gz` and `.zst`.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let path = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(&path);
        let (_, extension) = path.rsplit(['/', '\\']).next()?.rsplit_once('.')?;
        match extension {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" | "tsv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Files => "files",
        })
    }
}

/// How output is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip: `.gz` around JSONL and CSV, or within Parquet.
    Gzip,
    /// Zstandard: `.zst` around JSONL and CSV, or within Parquet and Arrow.
    Zstd,
    /// Snappy, within Parquet.
    Snappy,
    /// LZ4, within Parquet and Arrow.
    Lz4,
}
