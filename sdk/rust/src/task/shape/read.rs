//! Reading a JSON Schema.

use super::{Kind, Member, Node, clip};
use crate::params::names;
use crate::{Fault, Result, Value};

/// Deeper schemas than this are refused: they may lead back to themselves.
const DEPTH: usize = 32;

/// What a schema says, part by part; `at` is where a part stands.
pub(super) struct Reader<'a> {
    param: &'a str,
    root: &'a Value,
}

impl<'a> Reader<'a> {
    pub(super) fn new(param: &'a str, root: &'a Value) -> Self {
        Self { param, root }
    }

    pub(super) fn node(&self, schema: &Value, at: &str, depth: usize) -> Result<Node> {
        let wrong = |what: &str| {
            let place = if at.is_empty() { String::new() } else { format!(", property `{at}`") };
            Err(Fault::params(format!("parameter `{}`{place}: {what}", self.param)))
        };
        if depth > DEPTH {
            return wrong("the schema is nested too deeply, or leads back to itself");
        }
        if matches!(schema, Value::Bool(true)) {
            return Ok(Node { kind: Kind::Json, choices: None, nullable: false });
        }
        let Value::Object(_) = schema else { return wrong("a schema is an object, as in `{ type: string }`") };
        if let Some(to) = schema.get("$ref") {
            let found = to.as_str().and_then(|to| self.find(to));
            return match found {
                Some(found) => self.node(found, at, depth + 1),
                None => wrong(&format!("{to} leads to nothing; there is `#/$defs/NAME`")),
            };
        }
        if let Some(node) = self.nullable(schema, at, depth)? {
            return Ok(node);
        }
        let choices = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(choices)), _) if !choices.is_empty() => Some(choices.clone()),
            (Some(_), _) => return wrong("`enum` is a list of the values that there are"),
            (None, value) => value.map(|value| vec![value.clone()]),
        };
        let (word, nullable) = match type_of(schema, choices.as_deref()) {
            Ok(found) => found,
            Err(what) => return wrong(&what),
        };
        let kind = self.kind(word, schema, at, depth)?;
        Ok(Node { kind, nullable: nullable || choices.as_ref().is_some_and(|of| of.contains(&Value::Null)), choices })
    }

    fn kind(&self, word: Option<&str>, schema: &Value, at: &str, depth: usize) -> Result<Kind> {
        Ok(match word {
            Some("string") => Kind::Text,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Bool,
            Some("array") => match schema.get("items") {
                Some(items) => Kind::List(Box::new(self.node(items, &format!("{at}[]"), depth + 1)?)),
                None => Kind::Json,
            },
            Some("object") => match schema.get("properties") {
                Some(Value::Object(properties)) if !properties.is_empty() => {
                    Kind::Struct(self.members(properties, schema, at, depth)?)
                }
                _ => Kind::Json,
            },
            _ => Kind::Json,
        })
    }

    fn members(&self, of: &[(String, Value)], schema: &Value, at: &str, depth: usize) -> Result<Vec<Member>> {
        let required = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let member = |(name, schema): &(String, Value)| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let required = required.contains(&name.as_str());
            Ok(Member { name: name.clone(), node: self.node(schema, &at, depth + 1)?, required })
        };
        of.iter().map(member).collect()
    }

    /// What `anyOf` and `oneOf` say where one of two is null.
    fn nullable(&self, schema: &Value, at: &str, depth: usize) -> Result<Option<Node>> {
        let Some(Value::Array(of)) = schema.get("anyOf").or_else(|| schema.get("oneOf")) else { return Ok(None) };
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        let others: Vec<&Value> = of.iter().filter(|schema| !is_null(schema)).collect();
        match others[..] {
            [one] => {
                let node = self.node(one, at, depth + 1)?;
                Ok(Some(Node { nullable: node.nullable || of.len() > 1, ..node }))
            }
            _ => Ok(Some(Node { kind: Kind::Json, choices: None, nullable: of.len() > others.len() })),
        }
    }

    fn find(&self, to: &str) -> Option<&Value> {
        to.strip_prefix('#')?.split('/').skip(1).try_fold(self.root, |value, name| value.get(name))
    }
}

/// The word of a schema's type, if it is one, and whether it may be null.
fn type_of<'a>(schema: &'a Value, choices: Option<&'a [Value]>) -> Result<(Option<&'a str>, bool), String> {
    const WORDS: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];
    let words: Vec<&str> = match schema.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err("`type` is a word, or a list of words".to_owned()),
        None if schema.get("properties").is_some() => vec!["object"],
        None => choices.unwrap_or_default().iter().map(word_of).collect(),
    };
    if let Some(word) = words.iter().find(|word| !WORDS.contains(word)) {
        return Err(format!("there is no type `{}`; there are {}", clip(word, 40), names(WORDS)));
    }
    let nullable = words.contains(&"null");
    let mut others: Vec<&str> = words.into_iter().filter(|word| *word != "null").collect();
    others.dedup();
    Ok((if let [one] = others[..] { Some(one) } else { None }, nullable))
}

fn word_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.parse::<i64>().is_ok() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
