//! What is written of plugins and of limits.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use super::super::Spanned;
use super::{More, TextOr};

/// Plugins by the name or file that `use:` has.
pub(in super::super) type Plugins = IndexMap<Spanned<String>, Spanned<PluginTable>>;

/// What one plugin may do and take.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Plugin")]
pub(in super::super) struct PluginTable {
    /// What its steps may do beyond computing. Nothing, where it is left out.
    pub(in super::super) grants: Option<GrantsTable>,
    /// The only columns of the data that its steps are told of, or `all`. Those that a step knows by name or that the
    /// pipeline names for it, where this is left out.
    #[serde(default)]
    #[schemars(schema_with = "columns_schema")]
    pub(in super::super) columns: Option<Spanned<TextOr<ColumnNames>>>,
    /// What its steps may take of the machine, where it is not what the pipeline says.
    pub(in super::super) limits: Option<LimitsTable>,
    /// Whether its file has to be the one that `stillroom.lock` records. It has, where this is left out.
    pub(in super::super) pin: Option<bool>,
}

/// What a plugin's steps may do beyond computing.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Grants")]
pub(in super::super) struct GrantsTable {
    /// Write to the log, from this level on; `true` is `info`.
    #[serde(default)]
    #[schemars(schema_with = "log_schema")]
    pub(in super::super) log: Option<Spanned<String>>,
    /// See files in these folders; a list is of folders to read. An empty list is an empty file system.
    pub(in super::super) files: Option<Spanned<ListOr<Folder, FilesTable>>>,
    /// Ask these hosts over HTTP: a table, a list of tables, or a list of hosts to `GET` and `HEAD` from.
    pub(in super::super) http: Option<Spanned<ListOr<Spanned<TextOr<HttpTable>>, HttpTable>>>,
    /// Read these variables of the environment. One that is not set is left out.
    #[schemars(with = "Option<Vec<String>>")]
    pub(in super::super) env: Option<Vec<Spanned<String>>>,
    /// Know the time. Without it a step's clock only counts how often it was asked.
    pub(in super::super) clock: Option<bool>,
    /// Have real randomness. Without it a step's random numbers hang on its input and the pipeline's `seed`.
    pub(in super::super) random: Option<bool>,
    /// Ask these models for words and scores, by their names under `models`; or `all` of them.
    #[serde(default)]
    #[schemars(schema_with = "models_schema")]
    pub(in super::super) llm: Option<Spanned<TextOr<ModelNames>>>,
    /// Ask these models for vectors; or `all` of them.
    #[serde(default)]
    #[schemars(schema_with = "models_schema")]
    pub(in super::super) embedding: Option<Spanned<TextOr<ModelNames>>>,
}

/// Folders that a plugin sees.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Files")]
pub(in super::super) struct FilesTable {
    /// Folders in which it may read.
    #[serde(default)]
    pub(in super::super) read: Vec<Folder>,
    /// Folders in which it may read and write.
    #[serde(default)]
    pub(in super::super) write: Vec<Folder>,
}

/// A folder, or a table that says what the plugin calls it.
pub(in super::super) type Folder = Spanned<TextOr<FolderTable>>;

/// A folder under a name.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Folder")]
pub(in super::super) struct FolderTable {
    /// Where it is.
    pub(in super::super) path: Spanned<String>,
    /// What the plugin calls it. The last part of the path, where it is left out.
    pub(in super::super) r#as: Option<Spanned<String>>,
}

/// Requests over HTTP.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Http")]
pub(in super::super) struct HttpTable {
    /// Hosts, as in `api.example.com`, `*.example.com`, `example.com:8443` or `http://localhost:8080`. By `https`, where
    /// nothing else is said.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in super::super) hosts: Spanned<Vec<Spanned<String>>>,
    /// Methods. `GET` and `HEAD`, where they are left out.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(in super::super) methods: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether the hosts may be in private networks, or this machine. They may not, where this is left out.
    pub(in super::super) private: Option<bool>,
    /// The largest answer, as in `1 MiB`. 16 MiB, where it is left out.
    #[schemars(schema_with = "amount_schema")]
    pub(in super::super) response: Option<Spanned<String>>,
    /// The longest that one request may take, as in `10 s`. 30 s, where it is left out.
    pub(in super::super) time: Option<Spanned<String>>,
}

/// What steps may take of the machine. Sizes are as in `512 MiB` or plain bytes, times as in `10 s`.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Limits")]
pub(in super::super) struct LimitsTable {
    /// Linear memory of an instance. 1 GiB, where nothing is said.
    #[schemars(schema_with = "amount_schema")]
    pub(in super::super) memory: Option<Spanned<String>>,
    /// Wall time of one call, what the host does for it included. 30 s, where nothing is said. Of a plugin also `off`.
    pub(in super::super) time: Option<Spanned<String>>,
    /// What one call may hand back, in bytes. 512 MiB, where nothing is said.
    #[schemars(schema_with = "amount_schema")]
    pub(in super::super) output: Option<Spanned<String>>,
    /// Rows that one call may hand back. 16777216, where nothing is said.
    #[schemars(range(min = 1))]
    pub(in super::super) output_rows: Option<Spanned<u64>>,
    /// Rows that a step may reject or fail on in a run. Without a bound, where nothing is said.
    pub(in super::super) rejected_rows: Option<Spanned<u64>>,
    /// What one call may say to the log. 64 KiB, where nothing is said.
    #[schemars(schema_with = "amount_schema")]
    pub(in super::super) log: Option<Spanned<String>>,
    /// Instances of a step that may be live at once. As many as there are threads, where nothing is said.
    #[schemars(range(min = 1))]
    pub(in super::super) instances: Option<Spanned<u64>>,
    /// Elements of all tables of an instance. 100000, where nothing is said.
    #[schemars(range(min = 1))]
    pub(in super::super) table_elements: Option<Spanned<u64>>,
    /// Of a plugin only: the largest file. 128 MiB, where nothing is said.
    #[schemars(schema_with = "amount_schema")]
    pub(in super::super) component: Option<Spanned<String>>,
    /// Of a plugin only: the longest time that compiling it may take. 5 min, where nothing is said.
    pub(in super::super) compile_time: Option<Spanned<String>>,
}

/// Columns of the data.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(in super::super) struct ColumnNames(pub(in super::super) Vec<Spanned<String>>);

/// Models, by their names under `models`.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(in super::super) struct ModelNames(pub(in super::super) Vec<Spanned<String>>);

impl More for ModelNames {
    const EXPECTED: &str = "`all` or a list of models";
    const IS_LIST: bool = true;
    /// `true` is `all`.
    const TAKES_NUMBERS: bool = true;
}

impl More for ColumnNames {
    const EXPECTED: &str = "`all` or a list of columns";
    const IS_LIST: bool = true;
}

impl More for FolderTable {
    const EXPECTED: &str = "a folder or a table";
    const IS_LIST: bool = false;
}

impl More for HttpTable {
    const EXPECTED: &str = "a host or a table";
    const IS_LIST: bool = false;
}

/// A list for the common case, a table for more.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(in super::super) enum ListOr<I, T> {
    List(Vec<I>),
    Table(T),
}

impl<'de, I: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for ListOr<I, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrVisitor(PhantomData))
    }
}

struct ListOrVisitor<I, T>(PhantomData<(I, T)>);

impl<'de, I: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for ListOrVisitor<I, T> {
    type Value = ListOr<I, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a table")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(ListOr::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(ListOr::Table)
    }
}

/// A size in words, or a number of bytes.
fn amount_schema(_: &mut SchemaGenerator) -> Schema {
    Schema::try_from(json!({ "type": ["string", "integer"], "minimum": 1 })).unwrap_or_default()
}

fn columns_schema(_: &mut SchemaGenerator) -> Schema {
    let either = json!({ "anyOf": [{ "const": "all" }, { "type": "array", "items": { "type": "string" } }] });
    Schema::try_from(either).unwrap_or_default()
}

fn models_schema(_: &mut SchemaGenerator) -> Schema {
    let either =
        json!({ "anyOf": [{ "enum": ["all", true, false] }, { "type": "array", "items": { "type": "string" } }] });
    Schema::try_from(either).unwrap_or_default()
}

fn log_schema(_: &mut SchemaGenerator) -> Schema {
    Schema::try_from(json!({ "enum": ["debug", "info", "warn", "error", true, false] })).unwrap_or_default()
}
