//! JSON Schemas of answers.

/// Of a text.
pub(crate) const TEXT: &str = r#"{"type":"string"}"#;

/// Of an object with all of these members, and no other.
pub(crate) fn object(members: &[(&str, &str)]) -> String {
    let join = |write: fn(&(&str, &str)) -> String| members.iter().map(write).collect::<Vec<_>>().join(",");
    let properties = join(|(name, schema)| format!(r#""{name}":{schema}"#));
    let required = join(|(name, _)| format!(r#""{name}""#));
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}],"additionalProperties":false}}"#)
}

/// Of a list of so many items.
pub(crate) fn list(count: usize, items: &str) -> String {
    format!(r#"{{"type":"array","minItems":{count},"maxItems":{count},"items":{items}}}"#)
}
