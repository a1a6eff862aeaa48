//! URLs, headers and bodies.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::super::ask::{Ask, Generate, Message, Prompt, Role, Trouble};
use super::super::spec::{OneModel, Provider};
use super::{Sent, trouble};

/// How Anthropic's form is dated, where the pipeline says nothing else.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Members that make vLLM go on with the last message instead of answering to it.
const GOING_ON: [&str; 2] = ["continue_final_message", "add_generation_prompt"];

/// JSON that is sent to a place.
pub(super) fn post(model: &OneModel, url: Url, body: &Value) -> Result<Sent, Trouble> {
    Ok(Sent { method: Method::POST, url, headers: headers(model)?, body: body.to_string().into_bytes() })
}

/// A place that is looked at.
pub(super) fn get(model: &OneModel, url: Url) -> Result<Sent, Trouble> {
    let mut headers = headers(model)?;
    headers.remove(CONTENT_TYPE);
    Ok(Sent { method: Method::GET, url, headers, body: Vec::new() })
}

/// A place below a URL. A segment that has a slash in it stays one.
pub(super) fn place(base: &str, segments: &[&str]) -> Result<Url, Trouble> {
    // Not with what it is: somebody may have put a key into it.
    let none = || trouble::invalid("its `url` is none of a model server: one is like `https://host/v1`".into());
    let mut url = Url::parse(base).map_err(|_| none())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(none());
    }
    url.path_segments_mut().map_err(|()| none())?.pop_if_empty().extend(segments);
    Ok(url)
}

/// A model's URL with its version at the end, whether the pipeline writes the version or not.
pub(super) fn versioned(model: &OneModel, version: &str) -> String {
    let url = model.url.trim_end_matches('/');
    let last = url.rsplit('/').next().unwrap_or_default();
    let is_version = last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    // A host may be called `v1.example.org`.
    if is_version && !last.contains('.') { url.into() } else { format!("{url}/{version}") }
}

/// What says who asks, then what the pipeline says itself.
pub(super) fn headers(model: &OneModel) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = &model.key {
        let key = key.expose();
        let (name, value) = match model.provider {
            Provider::Azure => (HeaderName::from_static("api-key"), key.to_owned()),
            Provider::Anthropic => (HeaderName::from_static("x-api-key"), key.to_owned()),
            Provider::Gemini => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
            _ => (AUTHORIZATION, format!("Bearer {key}")),
        };
        let why = || trouble::key("its key has characters that no header can carry, such as the end of a line");
        headers.insert(name, secret(&value).ok_or_else(why)?);
    }
    if model.provider == Provider::Anthropic {
        let version = model.version.as_deref().unwrap_or(ANTHROPIC_VERSION);
        let why = || trouble::invalid("its `version` cannot be sent".into());
        headers.insert("anthropic-version", HeaderValue::from_str(version).map_err(|_| why())?);
    }
    for (name, value) in &model.headers {
        let why = || trouble::invalid(format!("the header `{name}` cannot be sent: its name or its value is none"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| why())?;
        headers.insert(name, secret(value).ok_or_else(why)?);
    }
    Ok(headers)
}

fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Puts in what the pipeline adds to every request. What makes a server go on with the last message is left out where
/// that is the user's: nobody means to go on with a question, and one model is asked both ways.
pub(super) fn merge_extra(body: &mut Value, model: &OneModel, ask: &Ask) {
    let answers = matches!(
        ask,
        Ask::Generate(Generate { prompt: Prompt::Chat(chat), .. })
            if matches!(chat.last(), Some(Message { role: Role::User, .. }))
    );
    let Value::Object(body) = body else { return };
    for (name, value) in &model.extra {
        if !(answers && GOING_ON.contains(&name.as_str())) {
            merge(body.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

fn merge(into: &mut Value, value: &Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(value)) => {
            for (name, value) in value {
                merge(into.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (into, value) => *into = value.clone(),
    }
}

/// Sets what is said.
pub(super) fn set(body: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
        body.insert(name.into(), value.into());
    }
}

/// A list, where there is anything in it.
pub(super) fn listed(texts: &[String]) -> Option<Value> {
    (!texts.is_empty()).then(|| texts.into())
}
