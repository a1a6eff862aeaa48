//! Prompts with gaps, and answers that are JSON objects of texts.

use stillroom_sdk::llm::Answer;
use stillroom_sdk::{Value, task};

/// A text with each `{name}` replaced by its value. Values are not looked through again, so braces in a row's text stay.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let (mut filled, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let gap = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
        match gap {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest.trim_end());
    filled
}

/// The JSON Schema of an object with these texts.
///
/// It says nothing of their length: not every server takes that, and [`read`] looks at it anyway.
pub(crate) fn schema(names: &[&str]) -> String {
    let text = || object(&[("type", string("string"))]);
    let properties = names.iter().map(|name| ((*name).to_owned(), text())).collect();
    let required = names.iter().map(|name| string(name)).collect();
    let schema = object(&[
        ("type", string("object")),
        ("properties", Value::Object(properties)),
        ("required", Value::Array(required)),
        ("additionalProperties", Value::Bool(false)),
    ]);
    schema.to_string()
}

/// The texts of these names, trimmed, in the answer's object.
pub(crate) fn read(answer: &Answer, names: &[&str]) -> Result<Vec<String>, String> {
    match task::json(&answer.text)? {
        Value::Object(members) => names.iter().map(|name| text(find(&members, name), name)).collect(),
        _ => Err("it is no JSON object".to_owned()),
    }
}

/// The member of a name, in whatever case.
pub(crate) fn find<'a>(members: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    members.iter().find(|(member, _)| member.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A value as the text that it must be.
pub(crate) fn text(value: Option<&Value>, name: &str) -> Result<String, String> {
    match value {
        Some(Value::String(text)) if text.trim().is_empty() => Err(format!("`{name}` is empty")),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(format!("`{name}` is no text")),
        None => Err(format!("there is no `{name}`")),
    }
}

/// Refuses two texts that are one but for case.
pub(crate) fn differ(one: (&str, &str), other: (&str, &str)) -> Result<(), String> {
    match one.1.trim().to_lowercase() == other.1.trim().to_lowercase() {
        true => Err(format!("`{}` is the same as `{}`", other.0, one.0)),
        false => Ok(()),
    }
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn object(members: &[(&str, Value)]) -> Value {
    Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_once() {
        let filled = fill(r#"{a} and {b}: {"c": {a}} {"#, &[("a", "{b}"), ("b", "2")]);
        assert_eq!(filled, r#"{b} and 2: {"c": {b}} {"#);
    }

    #[test]
    fn texts_are_found_in_fences_and_in_any_case() {
        let answer = Answer::of("Here it is:\n```json\n{\"A\": \" one \", \"b\": \"two\"}\n```\n");
        assert_eq!(read(&answer, &["a", "b"]).unwrap(), ["one", "two"]);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, why) in [
            ("I cannot.", "there is no JSON in it"),
            ("[\"one\"]", "it is no JSON object"),
            (r#"{"b": "two"}"#, "there is no `a`"),
            (r#"{"a": " ", "b": "two"}"#, "`a` is empty"),
            (r#"{"a": 1, "b": "two"}"#, "`a` is no text"),
            (r#"{"a": "one", "b": null}"#, "`b` is no text"),
        ] {
            assert_eq!(read(&Answer::of(text), &["a", "b"]).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn case_makes_no_difference() {
        assert_eq!(differ(("a", "Joy"), ("b", "joy ")).unwrap_err(), "`b` is the same as `a`");
        assert_eq!(differ(("a", "joy"), ("b", "anger")), Ok(()));
    }
}
