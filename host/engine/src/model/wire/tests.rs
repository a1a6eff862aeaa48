mod batch;
mod decode;
mod encode;
mod hostile;

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::super::ask::{Ask, Generate, Message, Parameters, Prompt, Role};
use super::super::spec::{Key, OneModel, Provider, Rates, Scoring, Structured};
use super::Sent;

const KEY: &str = "sk-0123456789abcdef";

const ALL: [(Provider, &str); 7] = [
    (Provider::Openai, "https://api.openai.com/v1"),
    (Provider::Azure, "https://us.openai.azure.com"),
    (Provider::Anthropic, "https://api.anthropic.com"),
    (Provider::Gemini, "https://generativelanguage.googleapis.com"),
    (Provider::Mistral, "https://api.mistral.ai"),
    (Provider::Cohere, "https://api.cohere.com"),
    (Provider::Bedrock, "https://bedrock-runtime.us-east-1.amazonaws.com"),
];

fn model(provider: Provider, url: &str) -> OneModel {
    OneModel {
        provider,
        url: url.into(),
        model: "m".into(),
        key: Some(Key::new(KEY)),
        version: None,
        headers: Vec::new(),
        parameters: Parameters::default(),
        extra: Map::new(),
        structured: Structured::Auto,
        scoring: Scoring::Rerank,
        rates: Rates { in_flight: NonZeroU32::MIN, requests_per_minute: None, tokens_per_minute: None },
        retries: 0,
        repairs: 0,
        timeout: Duration::from_secs(1),
        fallback: Vec::new(),
        price: None,
        batch: None,
    }
}

/// The provider at its usual address.
fn usual(provider: Provider) -> OneModel {
    let url = ALL.iter().find(|(other, _)| *other == provider).map(|(_, url)| *url);
    model(provider, url.unwrap())
}

/// A server of OpenAI's form.
fn local() -> OneModel {
    model(Provider::Openai, "http://127.0.0.1:8080/v1")
}

fn message(role: Role, content: &str) -> Message {
    Message { role, content: content.into() }
}

fn generate(prompt: Prompt) -> Generate {
    Generate { prompt, schema: None, parameters: Parameters::default(), logprobs: None }
}

fn chat() -> Vec<Message> {
    vec![message(Role::System, "be brief"), message(Role::User, "hello")]
}

fn ask() -> Ask {
    Ask::Generate(generate(Prompt::Chat(chat())))
}

fn text() -> Ask {
    Ask::Generate(generate(Prompt::Text("once upon".into())))
}

fn embed() -> Ask {
    Ask::Embed { text: "a text".into() }
}

fn score() -> Ask {
    Ask::Score { query: Some("q".into()), text: "a text".into() }
}

fn json_of(sent: &Sent) -> Value {
    serde_json::from_slice(&sent.body).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}
