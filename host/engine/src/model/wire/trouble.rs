//! What a failure means.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::super::ask::{Trouble, TroubleKind};
use super::super::spec::OneModel;
use super::wait;

/// The longest message, in characters.
const MAX_CHARS: usize = 300;

/// What is written for a key.
const HIDDEN: &str = "[key]";

/// What providers call an account that has no money. Waiting does not fill it.
const BROKE: [&str; 5] =
    ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "insufficient_balance"];

/// What they call a key that is none; Gemini says it with 400.
const NO_KEY: [&str; 4] = ["api_key_invalid", "invalid_api_key", "authentication_error", "permission_error"];

/// What they call a question that they do not answer.
const REFUSED: [&str; 6] = [
    "content_filter",
    "responsibleaipolicyviolation",
    "content_policy_violation",
    "moderation_blocked",
    "content_filter_error",
    "prohibited_content",
];

/// The request is none, as far as can be seen from here.
pub(super) fn invalid(message: String) -> Trouble {
    Trouble { kind: TroubleKind::Invalid, message, retry_after: None }
}

/// Of those that have conversations alone.
pub(super) fn no_raw_text(provider: &str) -> Trouble {
    invalid(format!("{provider} takes no raw text: give it a conversation, or use a server of OpenAI's form"))
}

/// The key is none, as far as can be seen from here.
pub(super) fn key(message: &str) -> Trouble {
    Trouble { kind: TroubleKind::Key, message: message.into(), retry_after: None }
}

/// The server will not answer.
pub(super) fn refused(model: &OneModel, why: &str) -> Trouble {
    let message = bounded(model, &format!("the server refuses to answer: {why}"));
    Trouble { kind: TroubleKind::Refused, message, retry_after: None }
}

/// It went wrong on the way.
pub(super) fn passing(model: &OneModel, message: &str) -> Trouble {
    Trouble { kind: TroubleKind::Passing, message: bounded(model, message), retry_after: None }
}

/// An answer that cannot be read.
pub(super) fn unreadable(model: &OneModel, what: &str, body: &[u8]) -> Trouble {
    let body = String::from_utf8_lossy(body);
    passing(model, &format!("what the server answers {what}: {}", if body.is_empty() { "(nothing)" } else { &body }))
}

/// What a status other than 200 means.
pub(super) fn of(model: &OneModel, status: u16, headers: &HeaderMap, body: &[u8]) -> Trouble {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => told(model, status, headers, &value),
        Err(_) => make(model, status, headers, &Value::Null, &String::from_utf8_lossy(body)),
    }
}

/// Whether an answer is an error, whatever its status.
pub(super) fn is_error(value: &Value) -> bool {
    match value.get("error") {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(error)) => !error.is_empty(),
        _ => value.get("type").and_then(Value::as_str) == Some("error"),
    }
}

/// What an error in an answer of status 200 means.
pub(super) fn inside(model: &OneModel, headers: &HeaderMap, value: &Value) -> Trouble {
    let pointers = ["/error/code", "/error/status", "/error/status_code", "/status", "/code"];
    let number = |pointer| match value.pointer(pointer)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    let status = pointers.into_iter().find_map(number).filter(|status| (400..600).contains(status));
    // 500, as nothing better is known.
    let status = status.and_then(|status| u16::try_from(status).ok()).or_else(|| named(value)).unwrap_or(500);
    told(model, status, headers, value)
}

/// The status that Anthropic's errors have where they come without one.
fn named(value: &Value) -> Option<u16> {
    match codes(value).first()?.as_str() {
        "overloaded_error" => Some(529),
        "rate_limit_error" | "rate_limit_exceeded" => Some(429),
        "timeout_error" => Some(504),
        "invalid_request_error" => Some(400),
        "not_found_error" => Some(404),
        "request_too_large" => Some(413),
        _ => None,
    }
}

/// What an error that is JSON means.
pub(super) fn told(model: &OneModel, status: u16, headers: &HeaderMap, value: &Value) -> Trouble {
    let message = message(value).unwrap_or_else(|| value.to_string());
    make(model, status, headers, value, &message)
}

fn make(model: &OneModel, status: u16, headers: &HeaderMap, value: &Value, said: &str) -> Trouble {
    let kind = kind(status, &codes(value), said);
    let is_worth_it = matches!(kind, TroubleKind::Busy | TroubleKind::Passing | TroubleKind::Timeout);
    let retry_after = if is_worth_it { wait::after(status, headers, value) } else { None };
    let said = if said.trim().is_empty() { "(nothing)" } else { said };
    Trouble { kind, message: bounded(model, &format!("the server answers {status}: {said}")), retry_after }
}

fn kind(status: u16, codes: &[String], said: &str) -> TroubleKind {
    let is = |words: &[&str]| codes.iter().any(|code| words.contains(&code.as_str()));
    if is(&REFUSED) {
        return TroubleKind::Refused;
    }
    // Anthropic says so with 400, in words alone.
    if is(&BROKE) || is(&NO_KEY) || status < 500 && said.contains("credit balance is too low") {
        return TroubleKind::Key;
    }
    match status {
        429 | 503 | 529 => TroubleKind::Busy,
        // 424: Bedrock's model has failed. 409 and 425: another request is in the way.
        408 | 409 | 424 | 425 => TroubleKind::Passing,
        // 402: to be paid first. 404: there is no such model, or nothing at this address.
        401..=404 | 407 => TroubleKind::Key,
        300..500 => TroubleKind::Invalid,
        _ => TroubleKind::Passing,
    }
}

/// What an error is called, wherever that stands.
fn codes(value: &Value) -> Vec<String> {
    let error = value.get("error").unwrap_or(value);
    let places = ["/code", "/type", "/status", "/innererror/code", "/details/0/reason", "/metadata/error_type"];
    let lower = |code: &Value| code.as_str().map(str::to_ascii_lowercase);
    let mut codes: Vec<_> = places.iter().filter_map(|place| lower(error.pointer(place)?)).collect();
    codes.extend(["code", "type"].into_iter().filter_map(|member| lower(value.get(member)?)));
    codes
}

/// What an error says, wherever that stands.
pub(super) fn message(value: &Value) -> Option<String> {
    let places = [
        "/error/message",
        "/message",
        "/Message",
        "/error",
        "/detail",
        "/detail/0/msg",
        "/errors/0",
        "/0/error/message",
    ];
    places.iter().find_map(|place| Some(value.pointer(place)?.as_str()?.to_owned()))
}

/// A text on one line, without what a terminal would obey or not show, without the model's secrets, and not long. In
/// this order: a key that is cut in two, or has something invisible in it, would not be found.
pub(super) fn bounded(model: &OneModel, text: &str) -> String {
    let shown: String =
        text.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets(model) {
        if text.contains(secret) {
            text = text.replace(secret, HIDDEN);
        }
    }
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The key; and what headers hold that are named as if they held one, whole and, where that is long enough, word by
/// word: the second of `Bearer KEY` is one by itself.
fn secrets(model: &OneModel) -> impl Iterator<Item = &str> {
    let held = model.headers.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.as_str());
    let words = held.clone().flat_map(str::split_whitespace).filter(|word| word.len() >= 8);
    let key = model.key.iter().map(|key| key.expose());
    key.chain(held).chain(words).map(str::trim).filter(|secret| !secret.is_empty())
}

fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["auth", "key", "token", "secret", "cookie"].iter().any(|word| header.contains(word))
}

/// Marks of direction, joiners, selectors and the like.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}
