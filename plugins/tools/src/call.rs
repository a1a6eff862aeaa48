use stillroom_sdk::Value;

/// A call of a function.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Value)>,
}

/// The calls of a list: objects with `name` and `arguments`, or as a chat's `tool_calls` have them, each in a `function` and
/// its arguments as text.
pub(crate) fn calls(value: &Value) -> Result<Vec<Call>, String> {
    let Value::Array(items) = value else { return Err("the calls are no list".to_owned()) };
    items
        .iter()
        .enumerate()
        .map(|(place, item)| call(item).map_err(|why| format!("call {}: {why}", place + 1)))
        .collect()
}

/// Calls as JSON.
pub(crate) fn written(calls: Vec<Call>) -> String {
    let call = |Call { name, arguments }| {
        let members = [("name", Value::String(name)), ("arguments", Value::Object(arguments))];
        Value::Object(members.map(|(name, value)| (name.to_owned(), value)).to_vec())
    };
    Value::Array(calls.into_iter().map(call).collect()).to_string()
}

fn call(item: &Value) -> Result<Call, String> {
    let item = item.get("function").unwrap_or(item);
    let name = item.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let name = name.ok_or("there is no `name`")?.to_owned();
    let arguments = match item.get("arguments") {
        Some(Value::String(text)) => Value::parse(text).map_err(|_| "`arguments` is text that is no JSON")?,
        Some(value) => value.clone(),
        None => return Err("there are no `arguments`".to_owned()),
    };
    match arguments {
        Value::Object(arguments) => Ok(Call { name, arguments }),
        _ => Err("`arguments` is no object".to_owned()),
    }
}
