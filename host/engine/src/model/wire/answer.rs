//! Reading of what servers answer. Members may be missing, null, of another type, and more than is known.

use serde_json::Value;

use super::super::ask::{Finish, Reply, Trouble, Usage};
use super::super::spec::OneModel;
use super::trouble;

/// What a server has answered, if there is an answer in it.
pub(super) type Read = Result<Option<Reply>, Trouble>;

/// What is said in a message: its words, and what was thought before.
pub(super) fn said(content: &Value) -> (String, Option<String>) {
    let Value::Array(parts) = content else { return (plain(content), None) };
    let (mut text, mut reasoning) = (String::new(), String::new());
    for part in parts {
        // Gemini marks a thought, Anthropic and Mistral have a member of its own for it.
        let is_thought = part.get("thought") == Some(&Value::Bool(true));
        match part.get("thinking") {
            Some(thought) => reasoning.push_str(&plain(thought)),
            None if is_thought => reasoning.push_str(&plain(part)),
            None => text.push_str(&plain(part)),
        }
    }
    (text, some(reasoning))
}

/// A text, an object that has one, or a list of these.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(part) => part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Value::Array(parts) => parts.iter().filter(|part| !part.is_array()).map(plain).collect::<Vec<_>>().concat(),
        _ => String::new(),
    }
}

/// A text that is there and not empty.
pub(super) fn text(value: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| some(value.pointer(pointer)?.as_str()?.to_owned()))
}

/// A text that is not empty.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// What the server calls the model, or what we call it.
pub(super) fn name(model: &OneModel, value: &Value, pointer: &str) -> String {
    let name = text(value, &[pointer]).map(|name| trouble::bounded(model, &name));
    name.and_then(some).unwrap_or_else(|| model.model.clone())
}

/// The first number of these that is there, for both.
pub(super) fn usage(value: &Value, input: &[&str], output: &[&str]) -> Usage {
    Usage { input: count(value, input), output: count(value, output) }
}

/// The first number of these that is there.
pub(super) fn count(value: &Value, pointers: &[&str]) -> u64 {
    pointers.iter().find_map(|pointer| whole(value.pointer(pointer)?)).unwrap_or(0)
}

/// Cohere counts tokens in floats.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

/// Why an answer ends, in all providers' words: they do not contradict each other.
pub(super) fn finish(reason: Option<&Value>) -> Finish {
    let reason = reason.and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match reason.as_str() {
        "stop" | "end_turn" | "stop_sequence" | "complete" | "eos" | "eos_token" => Finish::Stop,
        "length" | "max_tokens" | "model_length" | "model_context_window_exceeded" => Finish::Length,
        "content_filter"
        | "content_filtered"
        | "guardrail_intervened"
        | "refusal"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "spii" => Finish::Filter,
        _ => Finish::Other,
    }
}

/// A vector, wherever it stands: numbers, base64 of little-endian `float32`s, or either of them a level or two down.
pub(super) fn vector(value: &Value) -> Option<Vec<f32>> {
    let numbers = match value {
        Value::String(text) => floats(text)?,
        Value::Object(by_type) => return by_type.get("float").or_else(|| by_type.get("base64")).and_then(vector),
        Value::Array(list) if matches!(list.first(), Some(Value::Array(_) | Value::String(_))) => {
            return list.first().and_then(vector);
        }
        Value::Array(list) => list.iter().map(|number| Some(number.as_f64()? as f32)).collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    // No JSON can hold the others, and no distance is any use with them.
    (!numbers.is_empty() && numbers.iter().all(|number| number.is_finite())).then_some(numbers)
}

fn floats(base64: &str) -> Option<Vec<f32>> {
    let bytes = decoded(base64)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// Base64 with the usual alphabet.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for four in text.chunks(4) {
        let mut bits = 0_u32;
        for c in four {
            bits = bits << 6 | u32::from(sextet(*c)?);
        }
        // A character alone holds no byte; two hold one, three two.
        let whole = match four.len() {
            1 => return None,
            length => length - 1,
        };
        bits <<= 6 * (4 - four.len());
        bytes.extend(bits.to_be_bytes().iter().skip(1).take(whole));
    }
    Some(bytes)
}

fn sextet(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
