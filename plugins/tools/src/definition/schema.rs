//! The JSON Schema in which functions say what they take. A keyword that this does not know is told, and never passed over.

use std::cmp::Ordering;

use stillroom_sdk::Value;
use stillroom_sdk::task::clip;

use super::word::Kind;

/// Keywords that say nothing of what is valid. `strict` is OpenAI's.
const NOTES: &[&str] = &[
    "title",
    "description",
    "default",
    "example",
    "examples",
    "format",
    "deprecated",
    "readOnly",
    "writeOnly",
    "strict",
    "$schema",
    "$id",
    "$comment",
];

const NUMBERS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"];

/// What of a schema is not known here.
pub(super) fn unknown(schema: &Value) -> Option<String> {
    let Value::Object(members) = schema else {
        return (!matches!(schema, Value::Bool(_))).then(|| format!("`{}` as a schema", clip(&schema.to_string(), 40)));
    };
    members.iter().find_map(|(name, value)| match (name.as_str(), value) {
        ("type", _) => unknown_type(value),
        ("properties", Value::Object(members)) => members.iter().find_map(|(_, schema)| unknown(schema)),
        ("items" | "additionalProperties" | "not", _) => unknown(value),
        ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => schemas.iter().find_map(unknown),
        ("enum" | "required", Value::Array(_)) | ("const", _) | ("uniqueItems" | "nullable", Value::Bool(_)) => None,
        (name, Value::Number(_)) if NUMBERS.contains(&name) => None,
        (name, _) if NOTES.contains(&name) => None,
        (name, _) => Some(format!("`{name}: {}`", clip(&value.to_string(), 40))),
    })
}

fn unknown_type(value: &Value) -> Option<String> {
    let words = if let Value::Array(words) = value { words.as_slice() } else { std::slice::from_ref(value) };
    let is_known = |word: &&Value| word.as_str().is_some_and(|word| Kind::of(word).is_some());
    words.iter().find(|word| !is_known(word)).map(|word| format!("the type `{}`", clip(&word.to_string(), 40)))
}

/// Whether a value is valid; `what` it is goes before the reason.
pub(crate) fn check(schema: &Value, value: &Value, what: &str) -> Result<(), String> {
    let Value::Object(members) = schema else {
        return if *schema == Value::Bool(false) { Err(format!("{what} is not allowed")) } else { Ok(()) };
    };
    // OpenAPI 3.0 says so that null is valid, whatever else is said.
    if *value == Value::Null && schema.get("nullable") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    members.iter().try_for_each(|(name, of)| keyword(schema, name, of, value, what))
}

fn keyword(schema: &Value, name: &str, of: &Value, value: &Value, what: &str) -> Result<(), String> {
    let fails = |why: String| Err(format!("{what} is {}; {why}", quoted(value)));
    let schemas = if let Value::Array(schemas) = of { schemas.as_slice() } else { &[] };
    match (name, value) {
        ("type", _) if !of_type(of, value) => fails(format!("it must be {}", typed(of))),
        ("enum", _) if !schemas.iter().any(|one| same(one, value)) => fails(format!("it must be one of {of}")),
        ("const", _) if !same(of, value) => fails(format!("it must be {of}")),
        ("anyOf", _) if !schemas.iter().any(|one| check(one, value, what).is_ok()) => {
            fails("no `anyOf` fits".to_owned())
        }
        ("oneOf", _) if schemas.iter().filter(|one| check(one, value, what).is_ok()).count() != 1 => {
            fails("it must fit one of `oneOf` and no other".to_owned())
        }
        ("allOf", _) => schemas.iter().try_for_each(|one| check(one, value, what)),
        ("not", _) if check(of, value, what).is_ok() => fails("`not` says that it must not be".to_owned()),
        ("items", Value::Array(items)) => {
            let item = |(place, item)| check(of, item, &format!("item {} of {what}", place + 1));
            items.iter().enumerate().try_for_each(item)
        }
        ("uniqueItems", Value::Array(items)) if *of == Value::Bool(true) => {
            let is_repeated = |(at, item): (usize, &Value)| items[..at].iter().any(|other| same(other, item));
            if items.iter().enumerate().any(is_repeated) { fails("it has an item twice".to_owned()) } else { Ok(()) }
        }
        ("properties", Value::Object(_)) => properties(of, value, what),
        ("required", Value::Object(_)) => {
            let missing = schemas.iter().filter_map(Value::as_str).find(|name| value.get(name).is_none());
            missing.map_or(Ok(()), |name| Err(format!("{what} has no `{name}`")))
        }
        ("additionalProperties", Value::Object(members)) => {
            let known = schema.get("properties");
            let is_known = |name: &str| known.is_some_and(|known| known.get(name).is_some());
            let mut others = members.iter().filter(|(name, _)| !is_known(name));
            others.try_for_each(|(name, value)| check(of, value, &format!("`{name}` of {what}")))
        }
        _ => bound(name, of, value).map_or(Ok(()), fails),
    }
}

fn properties(of: &Value, value: &Value, what: &str) -> Result<(), String> {
    let Value::Object(schemas) = of else { return Ok(()) };
    schemas.iter().try_for_each(|(name, schema)| match value.get(name) {
        Some(value) => check(schema, value, &format!("`{name}` of {what}")),
        None => Ok(()),
    })
}

/// What a bound says against a value.
fn bound(name: &str, of: &Value, value: &Value) -> Option<String> {
    let limit = number(of)?;
    let (size, of_what) = match (name, value) {
        ("minLength" | "maxLength", Value::String(text)) => (text.chars().count() as f64, "characters"),
        ("minItems" | "maxItems", Value::Array(items)) => (items.len() as f64, "items"),
        ("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", Value::Number(_)) => (number(value)?, ""),
        _ => return None,
    };
    let (is_broken, word) = match (name, size.total_cmp(&limit)) {
        ("minimum" | "minLength" | "minItems", order) => (order == Ordering::Less, "at least"),
        ("maximum" | "maxLength" | "maxItems", order) => (order == Ordering::Greater, "at most"),
        ("exclusiveMinimum", order) => (order != Ordering::Greater, "more than"),
        (_, order) => (order != Ordering::Less, "less than"),
    };
    is_broken.then(|| format!("it must be {word} {of} {of_what}").trim_end().to_owned())
}

fn of_type(of: &Value, value: &Value) -> bool {
    let words = if let Value::Array(words) = of { words.as_slice() } else { std::slice::from_ref(of) };
    words.iter().filter_map(Value::as_str).filter_map(Kind::of).any(|kind| kind.accepts(value))
}

fn typed(of: &Value) -> String {
    match of {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        word => word.as_str().unwrap_or_default().to_owned(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.parse().ok(),
        _ => None,
    }
}

/// Whether two values are equal: numbers by what they are worth, members in any order.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || number(one) == number(other),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| other.get(name).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

/// A value in a message.
fn quoted(value: &Value) -> String {
    clip(&value.to_string(), 60)
}
