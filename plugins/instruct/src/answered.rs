//! Prompts out of templates, and what stands in JSON that is answered.

use stillroom_sdk::Value;

/// A template with names in braces replaced. Braces in what replaces them are text, and so are other names.
pub(crate) fn fill(template: &str, fields: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template.trim_end();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let field = fields.iter().find_map(|(name, value)| {
            let behind = after.strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, behind))
        });
        let (value, behind) = field.unwrap_or(("{", after));
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// The JSON Schema of an object with some members, all of which are required. They are given as JSON.
pub(crate) fn schema(members: &[(&str, &str)]) -> String {
    let properties: Vec<String> = members.iter().map(|(name, schema)| format!(r#""{name}":{schema}"#)).collect();
    let required: Vec<String> = members.iter().map(|(name, _)| format!(r#""{name}""#)).collect();
    let (properties, required) = (properties.join(","), required.join(","));
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}],"additionalProperties":false}}"#)
}

/// The JSON Schema of a text.
pub(crate) const TEXT: &str = r#"{"type":"string","minLength":1}"#;

/// A member that is a text with something in it.
pub(crate) fn text(value: &Value, name: &str) -> Result<String, String> {
    match value.get(name) {
        Some(Value::String(text)) if text.trim().is_empty() => Err(format!("`{name}` is empty")),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(format!("`{name}` is no text")),
        None => Err(format!("there is no `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_braces_are_replaced() {
        let fields = [("task", "{count} {"), ("count", "2")];
        assert_eq!(fill("{task}|{count}|{\"a\": {count}}|{\n", &fields), "{count} {|2|{\"a\": 2}|{");
    }

    #[test]
    fn a_schema_is_json() {
        let schema = schema(&[("user", TEXT), ("score", r#"{"type":"integer"}"#)]);
        assert!(Value::parse(&schema).unwrap().get("properties").unwrap().get("score").is_some(), "{schema}");
    }
}
