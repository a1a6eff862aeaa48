//! What a function takes, in the forms in which tools are defined.

mod schema;
mod word;

pub(crate) use schema::check;

use stillroom_sdk::Value;

/// A function that may be called.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// A JSON Schema of an object.
    pub(crate) parameters: Value,
}

/// The definitions in some texts, each of which is one or a list of them.
pub(crate) fn definitions(texts: &[&str]) -> Result<Vec<Definition>, String> {
    let mut definitions = Vec::new();
    for text in texts {
        let value = Value::parse(text).map_err(|fault| format!("`tools` is no JSON: {}", fault.message()))?;
        let items = if let Value::Array(items) = value { items } else { vec![value] };
        for item in items {
            let place = definitions.len() + 1;
            definitions.push(definition(&item).map_err(|why| format!("`tools`, definition {place}: {why}"))?);
        }
    }
    Ok(definitions)
}

/// `{name, description, parameters}`, or that in the `function` of an OpenAI tool.
fn definition(item: &Value) -> Result<Definition, String> {
    let item = item.get("function").unwrap_or(item);
    let name = item.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let name = name.ok_or("there is no `name`")?.to_owned();
    let parameters = match item.get("parameters") {
        None | Some(Value::Null) => Value::Object(Vec::new()),
        Some(Value::Object(members)) if is_schema(members) => Value::Object(members.clone()),
        Some(Value::Object(members)) => listed(members)?,
        Some(_) => return Err(format!("the `parameters` of `{name}` are no object")),
    };
    match schema::unknown(&parameters) {
        Some(what) => Err(format!("the `parameters` of `{name}` have {what}, which `format-check` does not know")),
        None => Ok(Definition { name, parameters }),
    }
}

/// Whether it is a JSON Schema, and no list of parameters of which one is called `type`.
fn is_schema(members: &[(String, Value)]) -> bool {
    let has = |name: &str, is: fn(&Value) -> bool| members.iter().any(|(member, value)| member == name && is(value));
    members.is_empty()
        || has("type", |value| value.as_str() == Some("object"))
        || has("properties", |value| matches!(value, Value::Object(_))) && !has("properties", is_parameter)
}

fn is_parameter(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str).is_some() && value.get("description").and_then(Value::as_str).is_some()
}

/// The form of APIGen's own data: each parameter by its name, and needed unless its type says `optional` or it has a default.
fn listed(members: &[(String, Value)]) -> Result<Value, String> {
    let mut required = Vec::new();
    for (name, parameter) in members {
        let Value::Object(_) = parameter else { return Err(format!("parameter `{name}` is no object")) };
        let word = parameter.get("type").and_then(Value::as_str).unwrap_or_default();
        if !word::is_optional(word) && parameter.get("default").is_none() {
            required.push(Value::String(name.clone()));
        }
    }
    let schema = [
        ("type", Value::String("object".to_owned())),
        ("properties", Value::Object(members.to_vec())),
        ("required", Value::Array(required)),
    ];
    Ok(Value::Object(schema.map(|(name, value)| (name.to_owned(), value)).to_vec()))
}
