//! Questions in the form of a provider, and its answers. Nothing here waits or connects: bytes in, bytes out.
//!
//! There is no client library under this. What is needed is a handful of requests, and of each failure its status,
//! headers and text, because they decide when it is asked again. Looked at in November 2026: `async-openai` 0.43 speaks
//! OpenAI's form alone, tries again by itself as long as nothing else is put in its place, and keeps no header of a
//! failure; `genai` 0.7.2 keeps them, but its adapters are a closed enumeration, without raw prompts,
//! log-probabilities, penalties, scores and batches; `rig-core` 0.46 wants a newer Rust than ours.
//!
//! What a provider has no word for is left out:
//!
//! | | left out |
//! |---|---|
//! | OpenAI itself, Azure | `top-k`, `min-p` |
//! | other servers of OpenAI's form | nothing |
//! | Anthropic | `min-p`, both penalties, `seed`, `logprobs` |
//! | Gemini | `min-p` |
//! | Mistral | `top-k`, `min-p`, `logprobs` |
//! | Cohere | `min-p`, `logprobs` |
//! | Bedrock | `top-k`, `min-p`, both penalties, `seed`, `logprobs` |
//!
//! A model's `extra` is merged over the request last, object into object; so whatever a server has besides can be said
//! there.

mod answer;
mod anthropic;
mod azure;
pub(crate) mod batch;
mod bedrock;
mod cohere;
mod form;
mod gemini;
mod mistral;
mod openai;
mod schema;
mod score;
#[cfg(test)]
mod tests;
mod trouble;
mod wait;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ask::{Ask, Generate, Prompt, Reply, Trouble};
use super::spec::{OneModel, Provider};

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Keys are marked as sensitive.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What is sent to a model's server to ask this.
pub(crate) fn encode(model: &OneModel, ask: &Ask) -> Result<Sent, Trouble> {
    let body = body(model, ask)?;
    form::post(model, url(model, Shape::of(ask))?, &body)
}

/// What a model's server has answered. Any bytes are an answer or a trouble.
pub(crate) fn decode(
    model: &OneModel,
    ask: &Ask,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Reply, Trouble> {
    read(model, Shape::of(ask), status, headers, body)
}

/// What kind of answer is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    Chat,
    Text,
    Embed,
    Score,
}

impl Shape {
    fn of(ask: &Ask) -> Self {
        match ask {
            Ask::Generate(Generate { prompt: Prompt::Chat(_), .. }) => Self::Chat,
            Ask::Generate(Generate { prompt: Prompt::Text(_), .. }) => Self::Text,
            Ask::Embed { .. } => Self::Embed,
            Ask::Score { .. } => Self::Score,
        }
    }
}

fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    match model.provider {
        Provider::Openai => openai::url(model, shape),
        Provider::Azure => azure::url(model, shape),
        Provider::Anthropic => anthropic::url(model),
        Provider::Gemini => gemini::url(model, shape),
        Provider::Mistral => mistral::url(model, shape),
        Provider::Cohere => cohere::url(model, shape),
        Provider::Bedrock => bedrock::url(model, shape),
    }
}

/// The JSON of a question, with what the pipeline adds to it.
fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    let mut body = match model.provider {
        Provider::Openai => openai::body(model, ask),
        Provider::Azure => azure::body(model, ask),
        Provider::Anthropic => anthropic::body(model, ask),
        Provider::Gemini => gemini::body(model, ask),
        Provider::Mistral => mistral::body(model, ask),
        Provider::Cohere => cohere::body(model, ask),
        Provider::Bedrock => bedrock::body(ask),
    }?;
    form::merge_extra(&mut body, model, ask);
    Ok(body)
}

fn read(model: &OneModel, shape: Shape, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Trouble> {
    if !(200..300).contains(&status) {
        return Err(trouble::of(model, status, headers, body));
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Err(trouble::unreadable(model, "is no JSON", body));
    };
    understand(model, shape, headers, &value)
}

/// Reads JSON that came as an answer.
fn understand(model: &OneModel, shape: Shape, headers: &HeaderMap, value: &Value) -> Result<Reply, Trouble> {
    // Gateways answer 200 and then find out.
    if trouble::is_error(value) {
        return Err(trouble::inside(model, headers, value));
    }
    let reply = match (shape, model.provider) {
        (Shape::Score, _) => score::read(model, value),
        (_, Provider::Openai | Provider::Azure | Provider::Mistral) => openai::read(model, shape, value),
        (_, Provider::Anthropic) => anthropic::read(model, value),
        (_, Provider::Gemini) => gemini::read(model, shape, value),
        (_, Provider::Cohere) => cohere::read(model, shape, value),
        (_, Provider::Bedrock) => bedrock::read(model, shape, value),
    }?;
    reply.ok_or_else(|| trouble::unreadable(model, "has no answer in it", value.to_string().as_bytes()))
}
