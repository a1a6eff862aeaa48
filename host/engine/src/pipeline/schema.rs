//! The JSON Schema of a pipeline file: what [`written`](super::written) says, and that most values may be a parameter.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::written::{ParamTable, PipelineFile};

/// The schema. Where a number, a truth value, a word or a list is wanted, `$(name)` will do.
pub(super) fn schema() -> Value {
    let mut schema = schemars::schema_for!(PipelineFile).to_value();
    admit_references(&mut schema);
    let definitions = schema.get_mut("$defs").and_then(Value::as_object_mut).into_iter().flatten();
    definitions.filter(|(name, _)| name.as_str() != "Param").for_each(|(_, schema)| admit_references(schema));
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        let description = "The value of a parameter.";
        let reference = json!({ "type": "string", "pattern": r"^\$\([A-Za-z0-9_-]+\)$", "description": description });
        definitions.insert("Reference".into(), reference);
    }
    schema
}

/// In the properties of an object.
fn admit_references(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for (name, property) in properties {
        let Some(property) = property.as_object_mut() else { continue };
        if !matches!(
            name.as_str(),
            "params"
                | "steps"
                | "route"
                | "rows"
                | "limits"
                | "plugins"
                | "grants"
                | "models"
                | "budget"
                | "rates"
                | "price"
                | "parameters"
                | "key"
        ) && !takes_text(property)
        {
            let description = property.remove("description");
            let reference = json!({ "$ref": "#/$defs/Reference" });
            let either = json!([std::mem::take(property), reference]);
            property.extend(description.map(|description| ("description".to_owned(), description)));
            property.insert("anyOf".into(), either);
        }
    }
}

/// Whether text may stand there anyway, or a table which no parameter can be.
fn takes_text(property: &Map<String, Value>) -> bool {
    let is = |name: &Value| name == "string" || name == "object";
    match (property.get("type"), property.get("anyOf")) {
        (Some(Value::Array(types)), _) => types.iter().any(is),
        (Some(name), _) => is(name),
        (None, Some(Value::Array(either))) => either.iter().filter_map(Value::as_object).any(takes_text),
        _ => false,
    }
}

/// Parameters by name: a plain default, a list of such, or a table.
pub(super) fn params(generator: &mut SchemaGenerator) -> Schema {
    let table = generator.subschema_for::<ParamTable>();
    let default = plain_or_list(generator);
    object(json!({
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
        "additionalProperties": { "anyOf": [default, table] },
    }))
}

/// A plain value or a list of such.
pub(super) fn plain_or_list(generator: &mut SchemaGenerator) -> Schema {
    object(json!({ "anyOf": [plain(), plain_list(generator)] }))
}

/// A list of plain values.
pub(super) fn plain_list(_: &mut SchemaGenerator) -> Schema {
    object(json!({ "type": "array", "items": plain() }))
}

fn plain() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn object(schema: Value) -> Schema {
    Schema::try_from(schema).unwrap_or_default()
}
