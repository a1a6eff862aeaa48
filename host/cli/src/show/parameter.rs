//! A step's parameters in words, from the JSON Schema that its plugin gives. A stranger wrote it: nothing in it is relied on.

use serde_json::Value;

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name, as behind `with:`.
    pub(crate) name: String,
    /// What it may be: `integer`, `"nfc" or "nfkc"`.
    pub(crate) kind: String,
    /// `required`, or the default.
    pub(crate) default: String,
    /// What it does.
    pub(crate) description: String,
}

/// How deep a schema is followed; references may go round in circles.
const MAX_DEPTH: usize = 8;

/// The parameters of a schema, those that must be given first.
pub(crate) fn parameters(schema: &Value) -> Vec<Parameter> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut parameters: Vec<Parameter> = properties
        .map(|(name, property)| Parameter {
            name: name.clone(),
            kind: kind(schema, property, MAX_DEPTH),
            default: if required(name) { "required".to_owned() } else { default(property) },
            description: description(schema, property),
        })
        .collect();
    parameters.sort_by_key(|parameter| parameter.default != "required");
    parameters
}

/// A value for each parameter that must be given: one that it may be, as far as the schema says.
pub(crate) fn examples(schema: &Value) -> Vec<(String, Value)> {
    let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let known = names.into_iter().filter_map(|name| Some((name, schema["properties"].get(name)?)));
    known.map(|(name, property)| (name.to_owned(), example(schema, property, MAX_DEPTH))).collect()
}

fn example(schema: &Value, property: &Value, depth: usize) -> Value {
    if let Some(value) = property.get("default").or_else(|| property.get("const")).filter(|value| !value.is_null()) {
        return value.clone();
    }
    if let Some(target) = resolve(schema, property).filter(|_| depth > 0) {
        return example(schema, target, depth - 1);
    }
    let listed = ["examples", "enum"].into_iter().find_map(|key| property[key].as_array()?.first());
    if let Some(value) = listed {
        return value.clone();
    }
    if let Some(choice) = ["anyOf", "oneOf"].into_iter().find_map(|key| property[key].as_array()?.first()) {
        return if depth > 0 { example(schema, choice, depth - 1) } else { Value::Null };
    }
    let kind = property["type"].as_str().or_else(|| property["type"][0].as_str());
    match kind.unwrap_or_default() {
        "integer" | "number" => property.get("minimum").filter(|least| least.is_number()).cloned().unwrap_or(1.into()),
        "boolean" => true.into(),
        "array" if depth > 0 && property["items"].is_object() => {
            vec![example(schema, &property["items"], depth - 1)].into()
        }
        "array" => Value::Array(Vec::new()),
        "object" => Value::Object(serde_json::Map::new()),
        _ => "…".into(),
    }
}

fn default(property: &Value) -> String {
    match property.get("default") {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.to_string(),
    }
}

/// Its own, or that of the type it refers to.
fn description(schema: &Value, property: &Value) -> String {
    let own = property["description"].as_str();
    let referred = || resolve(schema, property)?["description"].as_str();
    own.or_else(referred).unwrap_or_default().to_owned()
}

/// What a value may be, in words. `null` is not worth a word: it is to leave the parameter out.
fn kind(schema: &Value, property: &Value, depth: usize) -> String {
    if depth == 0 {
        return "any".to_owned();
    }
    let inner = |property: &Value| kind(schema, property, depth - 1);
    if let Some(target) = resolve(schema, property) {
        return inner(target);
    }
    if let Some(value) = property.get("const") {
        return value.to_string();
    }
    if let Some(values) = property["enum"].as_array() {
        return either(values.iter().filter(|value| !value.is_null()).map(Value::to_string));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = property[key].as_array() {
            return either(choices.iter().filter(|choice| choice["type"] != "null").map(inner));
        }
    }
    match &property["type"] {
        Value::String(name) => named(property, name, inner),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            either(names.map(|name| named(property, name, inner)))
        }
        _ => "any".to_owned(),
    }
}

fn named(property: &Value, name: &str, inner: impl Fn(&Value) -> String) -> String {
    match name {
        "array" => property.get("items").map_or_else(|| "list".to_owned(), |items| format!("list of {}", inner(items))),
        "object" => property
            .get("additionalProperties")
            .filter(|values| values.is_object())
            .map_or_else(|| "table".to_owned(), |values| format!("table of {}", inner(values))),
        "integer" | "number" => format!("{name}{}", range(property)),
        _ => name.to_owned(),
    }
}

fn range(property: &Value) -> String {
    let bound = |key: &str| property.get(key).filter(|value| value.is_number()).map(Value::to_string);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} or less"),
        (None, None) => String::new(),
    }
}

fn either(choices: impl Iterator<Item = String>) -> String {
    let mut choices: Vec<String> = choices.collect();
    choices.dedup();
    if choices.is_empty() { "any".to_owned() } else { choices.join(" or ") }
}

/// What `$ref` (also alone within `allOf`) points at, in this schema.
fn resolve<'a>(schema: &'a Value, property: &Value) -> Option<&'a Value> {
    let reference = property["$ref"].as_str().or_else(|| property["allOf"][0]["$ref"].as_str())?;
    schema.pointer(reference.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_in_words() {
        let schema = json!({"$defs": {
            "Form": {"enum": ["nfc", "nfkc"]},
            "Case": {"oneOf": [{"const": "lower", "description": "a"}, {"const": "upper"}]},
            "Loop": {"$ref": "#/$defs/Loop"},
        }});
        for (property, expected) in [
            (json!({"type": "boolean"}), "boolean"),
            (json!({"type": ["integer", "null"], "minimum": 0, "format": "uint"}), "integer, 0 or more"),
            (json!({"type": "number", "minimum": 0.5, "maximum": 1}), "number, 0.5 to 1"),
            (json!({"anyOf": [{"$ref": "#/$defs/Form"}, {"type": "null"}]}), "\"nfc\" or \"nfkc\""),
            (json!({"$ref": "#/$defs/Case"}), "\"lower\" or \"upper\""),
            (json!({"$ref": "#/$defs/Loop"}), "any"),
            (json!({"$ref": "http://elsewhere"}), "any"),
            (json!({"type": "array", "items": {"type": "string"}}), "list of string"),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "table of string"),
            (json!(true), "any"),
        ] {
            assert_eq!(kind(&schema, &property, MAX_DEPTH), expected, "{property}");
        }
    }

    #[test]
    fn those_that_must_be_given_come_first() {
        let schema = json!({"required": ["z"], "properties": {"a": {"default": [1]}, "z": {"type": "string"}}});
        let found: Vec<_> = parameters(&schema).into_iter().map(|one| (one.name, one.default)).collect();
        assert_eq!(found, [("z".to_owned(), "required".to_owned()), ("a".to_owned(), "[1]".to_owned())]);
        assert!(parameters(&json!("nonsense")).is_empty());
    }

    #[test]
    fn an_example_is_a_value_that_may_be() {
        let schema = json!({
            "required": ["n", "list", "form", "text", "loop", "gone"],
            "$defs": { "Form": { "enum": ["nfc", "nfkc"] }, "Loop": { "$ref": "#/$defs/Loop" } },
            "properties": {
                "n": { "type": "integer", "minimum": 3 }, "list": { "type": "array", "items": { "type": "boolean" } },
                "form": { "$ref": "#/$defs/Form" }, "text": { "type": "string" }, "loop": { "$ref": "#/$defs/Loop" },
                "free": { "type": "string" },
            },
        });
        let found: Vec<String> = examples(&schema).iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(found, ["form \"nfc\"", "list [true]", "loop \"…\"", "n 3", "text \"…\""]);
        assert!(examples(&json!([])).is_empty());
    }
}
