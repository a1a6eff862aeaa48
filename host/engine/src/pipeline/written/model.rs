//! What is written of models.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::super::Spanned;
use super::plugin::ListOr;
use super::{More, Names, TextOr};
use crate::model::spec::{Provider, Scoring, Structured};

/// Models by the names that steps call them.
pub(in super::super) type Models = IndexMap<Spanned<String>, Spanned<ModelTable>>;

/// A model: one of a server, or a mixture of several others.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(rename = "Model", extend("oneOf" = ["model", "mixture"].map(|key| json!({ "required": [key] }))))]
pub(in super::super) struct ModelTable {
    /// Whose way of asking the server understands. `openai`, where it is left out: so do llama.cpp, vLLM, SGLang, TGI,
    /// Ollama, LM Studio and most hosted ones.
    pub(in super::super) provider: Option<Spanned<Provider>>,
    /// Where the server is, with the path that all its endpoints have, as in `http://127.0.0.1:8080/v1`. The provider's own
    /// address, where `provider` is given, has one, and this is left out.
    pub(in super::super) url: Option<Spanned<String>>,
    /// What the server calls the model; of Azure the deployment.
    pub(in super::super) model: Option<Spanned<String>>,
    /// The key: `$(name)` of a secret parameter, or `{ env: NAME }`. Where it is left out and the address is the provider's
    /// own, the provider's usual variable, as `OPENAI_API_KEY`.
    #[schemars(schema_with = "key_schema")]
    pub(in super::super) key: Option<Spanned<TextOr<KeyTable>>>,
    /// The version of the interface, where another than the usual one is meant: `api-version` of Azure, `anthropic-version`.
    pub(in super::super) version: Option<Spanned<String>>,
    /// More headers of each request. What is secret in them is `$(name)` of a secret parameter.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(in super::super) headers: Option<Names>,
    /// How it is to answer, where a step does not say.
    pub(in super::super) parameters: Option<ParametersTable>,
    /// More members of each request's body, as they are.
    pub(in super::super) extra: Option<Map<String, Value>>,
    /// How the server is told of the JSON Schema of an answer.
    pub(in super::super) structured: Option<Structured>,
    /// How the server scores texts.
    pub(in super::super) scoring: Option<Scoring>,
    /// How fast it may be asked.
    pub(in super::super) rates: Option<RatesTable>,
    /// How often a request is tried again after trouble that may pass. 6, where it is left out.
    #[schemars(range(max = 100))]
    pub(in super::super) retries: Option<Spanned<u64>>,
    /// How often an answer is asked for again that is not what its schema says. 2, where it is left out.
    #[schemars(range(max = 100))]
    pub(in super::super) repairs: Option<Spanned<u64>>,
    /// The longest that one try may take, as in `90 s`. 120 s, where it is left out; an hour at most.
    pub(in super::super) timeout: Option<Spanned<String>>,
    /// Other models that are asked where this one does not answer, in this order.
    #[schemars(with = "Option<Vec<String>>")]
    pub(in super::super) fallback: Option<Vec<Spanned<String>>>,
    /// What it costs.
    pub(in super::super) price: Option<PriceTable>,
    /// Whether requests go to the provider's batch interface: slower, and cheaper.
    #[schemars(schema_with = "batch_schema")]
    pub(in super::super) batch: Option<Spanned<BoolOr<BatchTable>>>,
    /// Instead of a server: other models, as a list or with weights. Each request goes to one of them; which one hangs on
    /// the request alone.
    #[schemars(schema_with = "mixture_schema")]
    pub(in super::super) mixture: Option<Spanned<Members>>,
}

/// The keys of a model.
pub(in super::super) const MODEL_KEYS: [&str; 18] = [
    "provider",
    "url",
    "model",
    "key",
    "version",
    "headers",
    "parameters",
    "extra",
    "structured",
    "scoring",
    "rates",
    "retries",
    "repairs",
    "timeout",
    "fallback",
    "price",
    "batch",
    "mixture",
];

/// Models, or models with their weights.
pub(in super::super) type Members = ListOr<Spanned<String>, IndexMap<Spanned<String>, Spanned<f64>>>;

/// Where a key is.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Key")]
pub(in super::super) struct KeyTable {
    /// The variable of the environment that has it.
    pub(in super::super) env: Spanned<String>,
}

/// How a model is to answer. What is left out is as its server has it.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Parameters")]
pub(in super::super) struct ParametersTable {
    /// How much is left to chance: 0 is the likeliest word each time.
    #[schemars(range(min = 0, max = 5))]
    pub(in super::super) temperature: Option<Spanned<f64>>,
    /// Only the likeliest words that together have this probability.
    #[schemars(range(min = 0, max = 1))]
    pub(in super::super) top_p: Option<Spanned<f64>>,
    /// Only so many of the likeliest words.
    #[schemars(range(min = 1))]
    pub(in super::super) top_k: Option<Spanned<u64>>,
    /// Only words that have this share of the likeliest one's probability.
    #[schemars(range(min = 0, max = 1))]
    pub(in super::super) min_p: Option<Spanned<f64>>,
    /// Makes words less likely that were said already.
    #[schemars(range(min = -2, max = 2))]
    pub(in super::super) presence_penalty: Option<Spanned<f64>>,
    /// Makes words less likely the more often they were said.
    #[schemars(range(min = -2, max = 2))]
    pub(in super::super) frequency_penalty: Option<Spanned<f64>>,
    /// The most tokens of an answer.
    #[schemars(range(min = 1))]
    pub(in super::super) max_tokens: Option<Spanned<u64>>,
    /// Texts at which an answer ends.
    #[serde(default)]
    #[schemars(schema_with = "stop_schema")]
    pub(in super::super) stop: Option<Spanned<TextOr<StopTexts>>>,
    /// A number that decides what chance does, where the server knows such.
    pub(in super::super) seed: Option<u64>,
}

/// How fast a model may be asked.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Rates")]
pub(in super::super) struct RatesTable {
    /// Requests under way at once. 64, where it is left out.
    #[schemars(range(min = 1, max = 65_536))]
    pub(in super::super) in_flight: Option<Spanned<u64>>,
    /// Requests a minute, as in `500` or `10 k`. Without a bound, where it is left out.
    #[serde(default)]
    #[schemars(schema_with = "count_schema")]
    pub(in super::super) requests_per_minute: Option<Spanned<String>>,
    /// Tokens a minute, in and out together, as in `90 k` or `2 M`. Without a bound, where it is left out.
    #[serde(default)]
    #[schemars(schema_with = "count_schema")]
    pub(in super::super) tokens_per_minute: Option<Spanned<String>>,
}

/// Money for a million tokens, in whatever currency.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Price")]
pub(in super::super) struct PriceTable {
    /// For a million tokens that it is given.
    #[schemars(range(min = 0))]
    pub(in super::super) input: Spanned<f64>,
    /// For a million tokens that it answers. Nothing, where it is left out.
    #[schemars(range(min = 0))]
    pub(in super::super) output: Option<Spanned<f64>>,
}

/// The provider's batch interface.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Batch")]
pub(in super::super) struct BatchTable {
    /// Whether the run waits for the answers. It does, where this is left out; otherwise it ends, and the next run collects.
    pub(in super::super) wait: Option<bool>,
    /// How often it is looked whether they are there, as in `5 min`. 60 s, where it is left out.
    pub(in super::super) poll: Option<Spanned<String>>,
}

/// What a run may take of all models together.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Budget")]
pub(in super::super) struct BudgetTable {
    /// Tokens, in and out together, as in `5000000` or `5 M`.
    #[serde(default)]
    #[schemars(schema_with = "count_schema")]
    pub(in super::super) tokens: Option<Spanned<String>>,
    /// Money, in the currency of the models' prices.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in super::super) money: Option<Spanned<f64>>,
}

/// Texts.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(in super::super) struct StopTexts(pub(in super::super) Vec<Spanned<String>>);

impl More for StopTexts {
    const EXPECTED: &str = "a text or a list of texts";
    const IS_LIST: bool = true;
    const TAKES_NUMBERS: bool = true;
}

impl More for KeyTable {
    const EXPECTED: &str = "`$(name)` of a secret parameter or `{ env: NAME }`";
    const IS_LIST: bool = false;
    /// What stands there may be a key, which no message shows.
    const TAKES_NUMBERS: bool = true;
}

/// Yes or no, or a table with more to say.
#[derive(Debug)]
pub(in super::super) enum BoolOr<T> {
    Bool(bool),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for BoolOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoolOrVisitor(PhantomData))
    }
}

struct BoolOrVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for BoolOrVisitor<T> {
    type Value = BoolOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or a table")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(BoolOr::Bool(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(BoolOr::Table)
    }
}

fn key_schema(generator: &mut SchemaGenerator) -> Schema {
    let table = generator.subschema_for::<KeyTable>();
    schema(json!({ "anyOf": [{ "$ref": "#/$defs/Reference" }, table] }))
}

fn batch_schema(generator: &mut SchemaGenerator) -> Schema {
    let table = generator.subschema_for::<BatchTable>();
    schema(json!({ "anyOf": [{ "type": "boolean" }, table] }))
}

fn mixture_schema(_: &mut SchemaGenerator) -> Schema {
    let weights = json!({ "type": "object", "additionalProperties": { "type": "number", "exclusiveMinimum": 0 } });
    schema(json!({ "anyOf": [{ "type": "array", "items": { "type": "string" }, "minItems": 1 }, weights] }))
}

fn stop_schema(_: &mut SchemaGenerator) -> Schema {
    schema(json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] }))
}

/// A number, perhaps in thousands or millions.
fn count_schema(_: &mut SchemaGenerator) -> Schema {
    schema(json!({ "type": ["string", "number"], "exclusiveMinimum": 0 }))
}

fn schema(value: Value) -> Schema {
    Schema::try_from(value).unwrap_or_default()
}
