//! What stands in a judge's JSON.

use stillroom_sdk::Value;

/// A whole number from `low` to `high`; `what` it is goes before the reason.
pub(crate) fn score(value: Option<&Value>, low: i64, high: i64, what: &str) -> Result<i64, String> {
    let found = match value {
        None | Some(Value::Null) => return Err(format!("there is no {what}")),
        Some(Value::Number(number)) => number.as_str(),
        // Some models write every value as text.
        Some(Value::String(text)) => text.trim(),
        Some(other) => return Err(format!("the {what} is {other}; it must be a whole number")),
    };
    let number = found.parse::<f64>().ok().filter(|number| number.fract() == 0.0);
    let number = number.ok_or_else(|| format!("the {what} is {found}; it must be a whole number"))?;
    match number >= low as f64 && number <= high as f64 {
        true => Ok(number as i64),
        false => Err(format!("the {what} is {found}; it must be from {low} to {high}")),
    }
}

/// A text that is not empty.
pub(crate) fn text(value: Option<&Value>, what: &str) -> Result<String, String> {
    match value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("there is no {what}")),
    }
}

/// The items of the list of a name, of which there must be so many.
pub(crate) fn items<'a>(value: &'a Value, name: &str, count: usize) -> Result<&'a [Value], String> {
    let Some(Value::Array(items)) = value.get(name) else { return Err(format!("there is no list `{name}`")) };
    match items.len() == count {
        true => Ok(items),
        false => Err(format!("`{name}` has {} items; there must be {count}", items.len())),
    }
}

/// Texts in their elements: `<response id="1">…`.
pub(crate) fn numbered(tag: &str, texts: &[&str]) -> String {
    let element = |(place, text)| format!("<{tag} id=\"{}\">\n{text}\n</{tag}>", place + 1);
    texts.iter().enumerate().map(element).collect::<Vec<_>>().join("\n\n")
}
