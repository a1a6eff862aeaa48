//! A model as a pipeline declares it.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::ask::Parameters;

/// A model under `models:`.
#[derive(Debug, Clone)]
pub(crate) struct ModelSpec {
    /// What steps call it.
    pub(crate) name: String,
    pub(crate) kind: ModelKind,
}

/// One server's model, or several models under one name.
#[derive(Debug, Clone)]
pub(crate) enum ModelKind {
    One(Box<OneModel>),
    /// Each request goes to one of these, by weight; which one hangs on the request alone. Names of other models.
    Mixture(Vec<(String, f64)>),
}

impl ModelKind {
    /// What is asked, for people.
    pub(crate) fn asked(&self) -> String {
        match self {
            Self::One(model) => format!("{:?} {} {:?}", model.provider, model.model, model.parameters),
            Self::Mixture(of) => format!("{of:?}"),
        }
    }
}

/// A model of a server.
#[derive(Clone)]
pub(crate) struct OneModel {
    pub(crate) provider: Provider,
    /// Without a slash at the end: `http://127.0.0.1:8080/v1`.
    pub(crate) url: String,
    /// What the server calls it; of Azure the deployment.
    pub(crate) model: String,
    pub(crate) key: Option<Key>,
    /// `api-version` of Azure, `anthropic-version`, where something else than the usual one is meant.
    pub(crate) version: Option<String>,
    /// More headers, as they are.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) parameters: Parameters,
    /// More members of a request's body, as they are.
    pub(crate) extra: serde_json::Map<String, serde_json::Value>,
    /// How schemas are told to the server.
    pub(crate) structured: Structured,
    /// Which way texts are scored.
    pub(crate) scoring: Scoring,
    pub(crate) rates: Rates,
    /// How often a request is tried again after trouble that may pass.
    pub(crate) retries: u32,
    /// How often an answer is asked for again that is not what the schema says.
    pub(crate) repairs: u32,
    /// The longest that one try may take.
    pub(crate) timeout: Duration,
    /// Models that are asked where this one does not answer, in this order.
    pub(crate) fallback: Vec<String>,
    /// Money for a million tokens, in and out, where the pipeline says.
    pub(crate) price: Option<Price>,
    /// Whether requests go to the provider's batch API.
    pub(crate) batch: Option<BatchMode>,
}

/// Who speaks how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Provider {
    /// Every server that speaks OpenAI's chat completions: llama.cpp, vLLM, SGLang, TGI, Ollama, LM Studio, hosted ones.
    Openai,
    Azure,
    Anthropic,
    Gemini,
    Mistral,
    Cohere,
    Bedrock,
}

/// How a server is told of a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Structured {
    /// As its provider usually is.
    #[default]
    Auto,
    /// `response_format` with the schema.
    JsonSchema,
    /// `response_format` says JSON, and the schema stands in the prompt.
    JsonObject,
    /// The schema stands in the prompt.
    Prompt,
}

/// Where texts are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scoring {
    /// `/rerank` (llama.cpp, vLLM, Cohere, Jina, TEI behind `/v1`).
    #[default]
    Rerank,
    /// `/classify` (vLLM).
    Classify,
    /// `/score` (vLLM).
    Score,
    /// `/pooling` (vLLM's reward models).
    Pooling,
}

/// How fast a model may be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    /// Requests under way at once.
    pub(crate) in_flight: NonZeroU32,
    pub(crate) requests_per_minute: Option<f64>,
    /// Tokens, in and out together.
    pub(crate) tokens_per_minute: Option<f64>,
}

/// Money for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    pub(crate) input: f64,
    pub(crate) output: f64,
}

/// The provider's batch API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchMode {
    /// Whether the run waits for the answers; otherwise it ends and is run again.
    pub(crate) wait: bool,
    /// How often it is looked whether they are there.
    pub(crate) poll: Duration,
}

/// Without what may be secret: headers, and what else a request carries.
impl fmt::Debug for OneModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("OneModel")
            .field("provider", &self.provider)
            .field("url", &self.url)
            .field("model", &self.model)
            .field("key", &self.key)
            .field("headers", &headers)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}

/// Something that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Arc<str>);

impl Key {
    pub(crate) fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// For the header of a request, and nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a run may take of all models together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Budget {
    /// Tokens, in and out together.
    pub(crate) tokens: Option<u64>,
    /// Money, in the currency of the prices.
    pub(crate) money: Option<f64>,
}
