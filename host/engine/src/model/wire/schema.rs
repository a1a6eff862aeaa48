//! How a server is told what JSON is wanted.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::ask::{Message, Role};
use super::super::spec::Structured;

/// What is said beside the conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Beside<'a> {
    Nothing,
    /// That it is to be JSON.
    Json,
    /// What it is to be.
    Schema(&'a Value),
}

/// What is said in the conversation and beside it. `auto` is what the provider usually does.
pub(super) fn tell<'a>(
    chat: &'a [Message],
    schema: Option<&'a Value>,
    structured: Structured,
    auto: Structured,
) -> (Cow<'a, [Message]>, Beside<'a>) {
    let Some(schema) = schema else { return (chat.into(), Beside::Nothing) };
    match beside(schema, structured, auto) {
        native @ Beside::Schema(_) => (chat.into(), native),
        other => (in_words(chat, schema).into(), other),
    }
}

/// What is said beside a prompt that nothing is put into.
pub(super) fn beside(schema: &Value, structured: Structured, auto: Structured) -> Beside<'_> {
    let how = if structured == Structured::Auto { auto } else { structured };
    match how {
        Structured::Auto | Structured::Prompt => Beside::Nothing,
        Structured::JsonObject => Beside::Json,
        Structured::JsonSchema => Beside::Schema(schema),
    }
}

/// OpenAI's `response_format`, which others have taken over.
pub(super) fn response_format(beside: Beside<'_>) -> Option<Value> {
    match beside {
        Beside::Nothing => None,
        Beside::Json => Some(json!({ "type": "json_object" })),
        Beside::Schema(schema) => Some(json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "schema": schema, "strict": is_closed(schema) },
        })),
    }
}

/// Whether every object in a schema takes the members that it names, all of them, and no others. OpenAI refuses what is
/// `strict` and is not so; every schema is sent, but only these as strict.
pub(super) fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Array(all) => all.iter().all(is_closed),
        Value::Object(members) => {
            let named = members.get("properties").and_then(Value::as_object);
            let has_all = |named: &serde_json::Map<String, Value>| {
                let required: Vec<_> =
                    members.get("required").and_then(Value::as_array).into_iter().flatten().collect();
                members.get("additionalProperties") == Some(&Value::Bool(false))
                    && named.keys().all(|name| required.iter().any(|other| other.as_str() == Some(name)))
            };
            let is_object = members.get("type").and_then(Value::as_str) == Some("object");
            named.map_or(!is_object, has_all) && members.values().all(is_closed)
        }
        _ => true,
    }
}

/// Puts a schema at the end of the last question. Not into a message of the system: not every model's template takes
/// one.
fn in_words(chat: &[Message], schema: &Value) -> Vec<Message> {
    let words = format!("Answer with nothing but JSON that is valid against this JSON Schema:\n{schema}");
    let mut chat = chat.to_vec();
    let last = |role| chat.iter().rposition(|message| message.role == role);
    match last(Role::User).or_else(|| last(Role::System)).and_then(|at| chat.get_mut(at)) {
        Some(message) => message.content = format!("{}\n\n{words}", message.content),
        None => chat.insert(0, Message { role: Role::User, content: words }),
    }
    chat
}
