//! A value that keeps to a JSON Schema, of the plain kinds that models are given.

use serde_json::{Map, Value, json};

/// A value after the schema: required members, the first of several choices, the least number, the shortest list.
pub fn example(schema: &Value) -> Value {
    make(schema, schema, 0)
}

fn make(schema: &Value, root: &Value, depth: usize) -> Value {
    let within = |schema: &Value| make(schema, root, depth + 1);
    if depth > 32 {
        return Value::Null;
    }
    if let Some(place) = schema.get("$ref").and_then(Value::as_str) {
        return root.pointer(place.trim_start_matches('#')).map_or(Value::Null, within);
    }
    for choice in ["const", "default"] {
        if let Some(value) = schema.get(choice) {
            return value.clone();
        }
    }
    for choices in ["enum", "anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choices).and_then(|all| all.get(0)) {
            return if choices == "enum" { first.clone() } else { within(first) };
        }
    }
    let kind = schema.get("type").map(|kind| kind.get(0).unwrap_or(kind)).and_then(Value::as_str);
    let least = |name: &str| schema.get(name).and_then(Value::as_u64).unwrap_or_default() as usize;
    match kind.unwrap_or("object").to_ascii_lowercase().as_str() {
        "string" => json!("x".repeat(least("minLength").max(1))),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "null" => Value::Null,
        "array" => {
            let item = schema.get("items").map_or(Value::Null, within);
            Value::Array(vec![item; least("minItems").max(1)])
        }
        _ => Value::Object(members(schema).map(|(name, schema)| (name.clone(), within(schema))).collect()),
    }
}

/// Those that are required; all, where the schema does not say which are.
fn members(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let required = schema.get("required").and_then(Value::as_array);
    let all = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter);
    all.filter(move |(name, _)| required.is_none_or(|required| required.iter().any(|it| it == name.as_str())))
}
