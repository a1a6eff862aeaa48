//! The pipeline file as it is written: the tables that YAML is read into and that the JSON Schema is made from. Their
//! documentation is what an editor shows. [`check`](super::check) turns them into steps.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Number, Value};

use super::schema;
use super::spec::{Compression, ConcatOrder, Format, JoinKind, OnError, ParamKind, RouteUnit};
use super::{Place, Spanned};

pub(super) use plugin::{
    ColumnNames, FilesTable, Folder, GrantsTable, HttpTable, LimitsTable, ListOr, ModelNames, PluginTable, Plugins,
};

pub(super) use model::{
    BatchTable, BoolOr, BudgetTable, KeyTable, MODEL_KEYS, Members, ModelTable, Models, ParametersTable, PriceTable,
    RatesTable,
};

mod model;
mod plugin;

/// A Stillroom pipeline: rows come from sources, go through steps, and are written by sinks or as data sets.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Stillroom pipeline")]
pub(super) struct PipelineFile {
    /// The pipeline's name, for reports. Where it is left out: the file's name without its extension.
    pub(super) name: Option<String>,
    /// What the pipeline is for.
    pub(super) description: Option<String>,
    /// The most rows in a batch.
    #[schemars(range(min = 1))]
    pub(super) batch_rows: Option<Spanned<usize>>,
    /// The most bytes in a batch that has more than one row. A row that is larger is a batch of its own.
    #[schemars(range(min = 1))]
    pub(super) batch_bytes: Option<Spanned<usize>>,
    /// A file for the rows that steps reject, each with its step and the reason, as JSON lines. Without it they go to
    /// `NAME.quarantine.jsonl` beside the first output.
    pub(super) quarantine: Option<String>,
    /// A folder for the rows of every step that is the last and no sink, each a data set of its own; or a table with more
    /// to say.
    pub(super) dataset: Option<Spanned<TextOr<DatasetTable>>>,
    /// What steps of plugins may take of the machine.
    pub(super) limits: Option<LimitsTable>,
    /// What becomes of rows that a plugin's step fails on. `fail`, where it is left out.
    pub(super) on_error: Option<OnError>,
    /// A number that decides what plugins' steps get for randomness, where they are granted none. 0, where it is left out.
    pub(super) seed: Option<u64>,
    /// What plugins may do and take, by the name or file that `use` has.
    #[schemars(with = "Option<BTreeMap<String, PluginTable>>")]
    pub(super) plugins: Option<Plugins>,
    /// The models that steps may ask, by the names that steps call them.
    #[schemars(with = "Option<BTreeMap<String, ModelTable>>")]
    pub(super) models: Option<Models>,
    /// What a run may take of all models together. It ends there, and goes on later with what was answered.
    pub(super) budget: Option<Spanned<BudgetTable>>,
    /// Where the answers of models are kept.
    pub(super) answers: Option<Spanned<String>>,
    /// What a run may be told: name to default value, or to a table with more to say. `$(name)` is the value anywhere else
    /// in this file, and `$$(` is `$(` itself.
    #[serde(default, rename = "params")]
    #[schemars(schema_with = "schema::params")]
    pub(super) _params: Option<IgnoredAny>,
    /// The steps. Rows go through them in this order where `from` does not say otherwise.
    #[schemars(length(min = 1))]
    pub(super) steps: Spanned<Vec<Spanned<StepTable>>>,
}

/// The keys of a pipeline.
pub(super) const TOP_KEYS: [&str; 15] = [
    "name",
    "description",
    "batch-rows",
    "batch-bytes",
    "quarantine",
    "dataset",
    "limits",
    "on-error",
    "seed",
    "plugins",
    "models",
    "budget",
    "answers",
    "params",
    "steps",
];

/// Where the data sets go.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Dataset")]
pub(super) struct DatasetTable {
    /// The folder.
    pub(super) folder: Spanned<String>,
    /// The format of the rows. Parquet, where it is left out.
    pub(super) format: Option<Spanned<Format>>,
    /// The share of the rows that go to `test` instead of `train`, as in `0.1`.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub(super) test: Option<Spanned<f64>>,
    /// A number that decides which rows those are. 0, where it is left out.
    pub(super) seed: Option<u64>,
    /// Whether a data card is written, `README.md`. It is, where this is left out.
    pub(super) card: Option<bool>,
}

/// A parameter, where there is more to say than its default value.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Param")]
pub(super) struct ParamTable {
    /// The type of its value. That of the default, where it is left out.
    pub(super) r#type: Option<ParamKind>,
    /// The value that it has where none is given. Without a default, one must be given.
    #[serde(default)]
    #[schemars(schema_with = "schema::plain_or_list")]
    pub(super) default: Option<IgnoredAny>,
    /// What it is for.
    pub(super) description: Option<String>,
    /// The values that it, or each item of a list, may have.
    #[serde(default)]
    #[schemars(schema_with = "schema::plain_list", length(min = 1))]
    pub(super) one_of: Option<Vec<IgnoredAny>>,
    /// The least number.
    pub(super) min: Option<Spanned<Number>>,
    /// The greatest number.
    pub(super) max: Option<Spanned<Number>>,
    /// The variable of the environment that has the value, where neither `--set` nor a parameter file gives one.
    pub(super) env: Option<Spanned<String>>,
    /// Whether the value is shown nowhere. A secret is text, and stands in no pipeline file.
    pub(super) secret: Option<bool>,
}

/// A step: an `id`, and one key that says what it does.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Step", extend(
    "oneOf" = ACTIONS.map(|action| serde_json::json!({ "required": [action] })),
    "dependentRequired" = {
        "with": ["use"], "columns": ["use"], "outputs": ["use"], "cache": ["use"], "limits": ["use"], "on-error": ["use"],
        "retries": ["use"], "concat": ["from"], "join": ["from"],
    },
    "not" = { "required": ["source", "from"] },
))]
pub(super) struct StepTable {
    /// The step's name in this pipeline, in messages and in `--set`. Unique.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub(super) id: Spanned<String>,
    /// The step whose rows it takes, `STEP`, or `STEP.BRANCH` for a branch of a route; for `concat` and `join` a list of
    /// several. The step before, where it is left out.
    pub(super) from: Option<Spanned<TextOr<StepNames>>>,
    /// The most rows in a batch that the step gets.
    #[schemars(range(min = 1))]
    pub(super) batch_rows: Option<Spanned<usize>>,
    /// The most bytes in a batch that the step gets and that has more than one row.
    #[schemars(range(min = 1))]
    pub(super) batch_bytes: Option<Spanned<usize>>,
    /// What the data set is called that the step makes where nothing comes after it. The step's id, where it is left out.
    pub(super) dataset: Option<Spanned<String>>,
    /// Whether the results of a plugin's step are kept for later runs. Where it is left out, by what they cost.
    pub(super) cache: Option<Spanned<bool>>,
    /// What the plugin's step may take of the machine, where it is not what the plugin or the pipeline says.
    pub(super) limits: Option<Spanned<LimitsTable>>,
    /// What becomes of rows that the plugin's step fails on. As the pipeline says, where it is left out.
    pub(super) on_error: Option<Spanned<OnError>>,
    /// How often a batch that the plugin's step failed on is tried again as it is. Not once, where it is left out.
    pub(super) retries: Option<Spanned<u64>>,
    /// Read rows: a path or glob whose extension tells the format (`.jsonl`, `.csv`, `.tsv`, `.parquet`, `.arrow`; also
    /// within `.gz` or `.zst`), or a table with more to say.
    pub(super) source: Option<Spanned<TextOr<SourceTable>>>,
    /// Run a plugin's step, `PLUGIN/STEP`: a built-in plugin as in `text/normalise`, or a file as in
    /// `./quality.wasm/gopher`.
    pub(super) r#use: Option<Spanned<String>>,
    /// The parameters of the plugin's step.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub(super) with: Option<Spanned<IndexMap<Spanned<String>, Spanned<Value>>>>,
    /// Which columns the plugin's step reads: its own column name to the data's. Columns that are left out go by their own
    /// names.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) columns: Option<Spanned<Names>>,
    /// What the columns that the plugin's step makes are called: its own column name to the data's.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) outputs: Option<Spanned<Names>>,
    /// Keep the rows for which an expression is true, as in `n_words >= 20 and lang = 'en'`.
    pub(super) r#where: Option<Spanned<String>>,
    /// Add columns by expressions: new column to expression. A column of the same name is replaced. Every expression sees
    /// the columns as they came to the step.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) compute: Option<Spanned<Names>>,
    /// Keep these columns, in this order.
    #[schemars(with = "Option<Vec<String>>")]
    pub(super) select: Option<Spanned<Vec<Spanned<String>>>>,
    /// Leave these columns out.
    #[schemars(with = "Option<Vec<String>>")]
    pub(super) drop: Option<Spanned<Vec<Spanned<String>>>>,
    /// Give columns new names: new name to old name.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) rename: Option<Spanned<Names>>,
    /// Send rows to branches, which other steps name in `from`.
    pub(super) route: Option<Spanned<RouteTable>>,
    /// Put the rows of several steps into one stream: in the order of the rows that they came from (`origin`), or one input
    /// after the other (`inputs`).
    pub(super) concat: Option<Spanned<ConcatOrder>>,
    /// Put columns side by side that several steps made of the same row: rows that all of them have (`inner`), that the
    /// first has (`left`), or that any has (`outer`).
    pub(super) join: Option<Spanned<JoinKind>>,
    /// Write the rows, and pass them on: a path whose extension tells the format and compression, or a table with more to
    /// say. The file appears under its name when the run has succeeded.
    pub(super) sink: Option<Spanned<TextOr<SinkTable>>>,
}

/// The keys of which a step has exactly one.
pub(super) const ACTIONS: [&str; 11] =
    ["source", "use", "where", "compute", "select", "drop", "rename", "route", "concat", "join", "sink"];

/// The other keys of a step.
pub(super) const STEP_KEYS: [&str; 12] = [
    "id",
    "from",
    "batch-rows",
    "batch-bytes",
    "dataset",
    "cache",
    "limits",
    "on-error",
    "retries",
    "with",
    "columns",
    "outputs",
];

/// New names to old ones, or to expressions.
pub(super) type Names = IndexMap<Spanned<String>, Spanned<String>>;

impl StepTable {
    /// The actions that are given and where, in the order of [`ACTIONS`].
    pub(super) fn actions(&self) -> Vec<(&'static str, Place)> {
        fn place<T>(value: &Option<Spanned<T>>) -> Option<Place> {
            value.as_ref().map(|value| value.place)
        }
        let places = [
            place(&self.source),
            place(&self.r#use),
            place(&self.r#where),
            place(&self.compute),
            place(&self.select),
            place(&self.drop),
            place(&self.rename),
            place(&self.route),
            place(&self.concat),
            place(&self.join),
            place(&self.sink),
        ];
        ACTIONS.into_iter().zip(places).filter_map(|(key, place)| Some((key, place?))).collect()
    }
}

/// Steps, or branches of routes.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct StepNames(pub(super) Vec<Spanned<String>>);

/// How rows find their branches: by `where`, or by `branches` at random or in turn.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Route", extend(
    "oneOf" = ["where", "branches"].map(|key| serde_json::json!({ "required": [key] })),
    "dependentRequired" = {
        "otherwise": ["where"], "first": ["where"], "pick": ["branches"], "seed": ["branches"], "in-turn": ["branches"],
        "each": ["branches"],
    },
))]
pub(super) struct RouteTable {
    /// Branches by expression: name to expression. A row goes to every branch whose expression is true.
    #[schemars(with = "Option<BTreeMap<String, String>>", extend("minProperties" = 1))]
    pub(super) r#where: Option<Spanned<Names>>,
    /// A branch for the rows that no expression of `where` is true for.
    pub(super) otherwise: Option<Spanned<String>>,
    /// Whether a row goes only to the first branch whose expression is true.
    pub(super) first: Option<Spanned<bool>>,
    /// The branches' names, for rows that go by chance or in turn.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(super) branches: Option<Spanned<Vec<Spanned<String>>>>,
    /// To how many branches a row goes, chosen at random. One, where it is left out.
    #[schemars(range(min = 1))]
    pub(super) pick: Option<Spanned<usize>>,
    /// A number that decides what is chosen. 0, where it is left out.
    pub(super) seed: Option<Spanned<u64>>,
    /// Whether rows go to one branch after the other instead of to one at random.
    pub(super) in_turn: Option<Spanned<bool>>,
    /// Whether each `row` goes its own way, or all rows of a `batch` go together. `row`, where it is left out.
    pub(super) each: Option<Spanned<RouteUnit>>,
}

/// Where rows come from. One of `path`, `files`, `jsonl`, `csv`, `parquet` and `arrow` names the files; or `rows` are the
/// rows themselves.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Source", extend(
    "oneOf" = PATH_KEYS.map(|key| serde_json::json!({ "required": [key] })),
))]
pub(super) struct SourceTable {
    /// A path or glob, or a list of them; `-` is standard input.
    pub(super) path: Option<Spanned<Paths>>,
    /// Any files by path or glob: a row per file, with the columns `path`, `bytes` and `text`.
    pub(super) files: Option<Spanned<Paths>>,
    /// JSONL files, whatever they are called.
    pub(super) jsonl: Option<Spanned<Paths>>,
    /// CSV files, whatever they are called.
    pub(super) csv: Option<Spanned<Paths>>,
    /// Parquet files, whatever they are called.
    pub(super) parquet: Option<Spanned<Paths>>,
    /// Arrow IPC files, whatever they are called.
    pub(super) arrow: Option<Spanned<Paths>>,
    /// The format of the files under `path`, where their extensions do not tell it.
    pub(super) format: Option<Spanned<Format>>,
    /// The types of columns that are not to be inferred: column to type, as in `int64`, `utf8` or `timestamp(us)`.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) types: Option<Spanned<Names>>,
    /// How many rows to look at to infer types.
    #[schemars(range(min = 1))]
    pub(super) sample_rows: Option<Spanned<usize>>,
    /// What stands between two fields of CSV: one ASCII character. A comma, or a tab in `.tsv`, where it is left out.
    pub(super) delimiter: Option<Spanned<String>>,
    /// Whether the first line of CSV has the columns' names. It has, where this is left out.
    pub(super) header: Option<Spanned<bool>>,
    /// For `files`: a regular expression over the path, whose named groups become text columns, as in
    /// `/(?<crate>[^/]+)-(?<version>[0-9][^/]*)/`.
    pub(super) capture: Option<Spanned<String>>,
    /// The rows themselves instead of files: a list of tables, column to value.
    pub(super) rows: Option<Spanned<Vec<Map<String, Value>>>>,
}

/// The keys of which a source has exactly one.
pub(super) const PATH_KEYS: [&str; 7] = ["path", "files", "jsonl", "csv", "parquet", "arrow", "rows"];

/// Where rows go.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Sink")]
pub(super) struct SinkTable {
    /// The file; `-` is standard output.
    pub(super) path: Spanned<String>,
    /// The format, where the extension does not tell it.
    pub(super) format: Option<Spanned<Format>>,
    /// The compression, where it is not the extension's or the format's own default.
    pub(super) compression: Option<Spanned<Compression>>,
}

/// A path or several.
pub(super) type Paths = TextOr<Vec<Spanned<String>>>;

/// Plain text for the common case, a table or list for more.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(super) enum TextOr<T> {
    Text(String),
    More(T),
}

/// What an error says was expected instead.
pub(super) trait More {
    const EXPECTED: &str;
    /// Whether more is a list rather than a table.
    const IS_LIST: bool;
    /// Whether what looks like a number is text too.
    const TAKES_NUMBERS: bool = false;
}

impl More for DatasetTable {
    const EXPECTED: &str = "a folder or a table";
    const IS_LIST: bool = false;
}

impl More for StepNames {
    const EXPECTED: &str = "a step or a list of steps";
    const IS_LIST: bool = true;
    const TAKES_NUMBERS: bool = true;
}

impl More for SourceTable {
    const EXPECTED: &str = "a path or a table";
    const IS_LIST: bool = false;
}

impl More for SinkTable {
    const EXPECTED: &str = "a path or a table";
    const IS_LIST: bool = false;
}

impl More for Vec<Spanned<String>> {
    const EXPECTED: &str = "a path or a list of paths";
    const IS_LIST: bool = true;
}

impl<'de, T: Deserialize<'de> + More> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = TextOrVisitor(std::marker::PhantomData);
        if T::TAKES_NUMBERS { deserializer.deserialize_str(visitor) } else { deserializer.deserialize_any(visitor) }
    }
}

struct TextOrVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de> + More> Visitor<'de> for TextOrVisitor<T> {
    type Value = TextOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(TextOr::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        if !T::IS_LIST {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        }
        T::deserialize(SeqAccessDeserializer::new(seq)).map(TextOr::More)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if T::IS_LIST {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        }
        T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::More)
    }
}
