//! What a model is asked and what it answers, in no provider's form.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is asked. Its JSON is what an answer is kept by, so a member's name is never changed and new ones are left out where
/// they say nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ask {
    /// Words.
    Generate(Generate),
    /// The vector of a text.
    Embed { text: String },
    /// How good a text is.
    Score { query: Option<String>, text: String },
}

/// Words that are wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Generate {
    pub(crate) prompt: Prompt,
    /// JSON Schema of the answer's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<serde_json::Value>,
    /// The guest's over the model's declared ones.
    #[serde(flatten)]
    pub(crate) parameters: Parameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logprobs: Option<u32>,
}

/// What a model is given.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Prompt {
    Chat(Vec<Message>),
    Text(String),
}

/// Something that is said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) content: String,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    System,
    User,
    Assistant,
}

/// How a model is to answer; what is none is as its server has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Parameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
}

/// What is answered. Its JSON is what is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    Words(Words),
    Vector {
        vector: Vec<f32>,
        usage: Usage,
    },
    /// Class (empty where there is one number) and value.
    Ratings {
        ratings: Vec<(String, f64)>,
        usage: Usage,
    },
}

/// An answer in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Words {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<String>,
    pub(crate) finish: Finish,
    /// What the server calls the model.
    pub(crate) model: String,
    pub(crate) usage: Usage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) logprobs: Vec<Token>,
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Finish {
    Stop,
    Length,
    Filter,
    Other,
}

/// A token, the natural logarithm of its probability, and likely others in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) logprob: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<(String, f64)>,
}

/// More than any request takes.
const MOST_TOKENS: u64 = 1 << 32;

/// Tokens that a request took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    /// What went wrong, bounded and without anything secret.
    pub(crate) message: String,
    /// When it may be asked again, where the server says.
    pub(crate) retry_after: Option<Duration>,
}

/// What kind of trouble it is, and so what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// The server has too much to do: asked again, and slower (429, 503, 529).
    Busy,
    /// It may be better next time: 500, 502, 504, 408, a connection that failed, JSON that is none.
    Passing,
    /// There was no whole answer in time.
    Timeout,
    /// The server says that the request is none (400, 413, 422).
    Invalid,
    /// The key is not right, may not do this, or there is no such model (401, 403, 404): no request can succeed.
    Key,
    /// The server will not answer to this.
    Refused,
    /// The answer is not what the schema says.
    Mismatch,
    /// Its server failed so often lately that it is not asked for a while.
    Down,
}

impl Reply {
    /// Tokens that it took.
    pub(crate) fn usage(&self) -> Usage {
        let usage = match self {
            Self::Words(words) => words.usage,
            Self::Vector { usage, .. } | Self::Ratings { usage, .. } => *usage,
        };
        // A server may say anything; sums of this do not wrap around.
        Usage { input: usage.input.min(MOST_TOKENS), output: usage.output.min(MOST_TOKENS) }
    }
}
