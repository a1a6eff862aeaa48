//! The answers of a batch: a line of JSON for each, in any order.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::super::super::ask::{Reply, Trouble};
use super::super::super::spec::OneModel;
use super::super::{Shape, trouble, understand};
use super::Answer;

/// A line that cannot be read is no answer; its question is then asked again.
pub(super) fn read(model: &OneModel, shape: Shape, body: &[u8]) -> Vec<Answer> {
    body.split(|byte| *byte == b'\n')
        .filter_map(|line| one(model, shape, &serde_json::from_slice(line).ok()?))
        .collect()
}

fn one(model: &OneModel, shape: Shape, line: &Value) -> Option<Answer> {
    let id = line.get("custom_id")?.as_str()?.to_owned();
    let reply = match line.get("result") {
        Some(result) => anthropic(model, shape, result),
        None => openai(model, shape, line),
    };
    Some((id, reply))
}

fn anthropic(model: &OneModel, shape: Shape, result: &Value) -> Result<Reply, Trouble> {
    if let Some(message) = result.get("message") {
        return understand(model, shape, &HeaderMap::new(), message);
    }
    match result.get("error") {
        // The error's own envelope, or the error alone.
        Some(error) if error.get("error").is_some() => Err(trouble::inside(model, &HeaderMap::new(), error)),
        Some(_) => Err(trouble::inside(model, &HeaderMap::new(), result)),
        None => Err(unasked(model, result.get("type").and_then(Value::as_str).unwrap_or("no answer"))),
    }
}

fn openai(model: &OneModel, shape: Shape, line: &Value) -> Result<Reply, Trouble> {
    let headers = HeaderMap::new();
    let Some(response) = line.get("response").filter(|response| response.is_object()) else {
        let code = line.pointer("/error/code").and_then(Value::as_str).unwrap_or("no answer");
        let why = line.pointer("/error/message").and_then(Value::as_str).unwrap_or(code);
        return Err(unasked(model, why));
    };
    let body = response.get("body").unwrap_or(&Value::Null);
    match response.get("status_code").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()) {
        Some(status) if !(200..300).contains(&status) => Err(trouble::told(model, status, &headers, body)),
        _ => understand(model, shape, &headers, body),
    }
}

/// The batch never got to it.
fn unasked(model: &OneModel, why: &str) -> Trouble {
    trouble::passing(model, &format!("the batch has ended without this answer: {why}"))
}
