use super::{Cell, clip};
use crate::params::names;
use crate::{DataType, Fault, Result, Value};

/// The columns that an answer of a JSON Schema comes to, one for each property of its object.
///
/// `string` is `utf8`, `integer` `int64`, `number` `float64`, `boolean` `bool`, `array` a list, and `object` with properties a
/// struct. What may be one thing or null is that thing. All else (no type, several, an object of any members) is `utf8` that
/// holds JSON.
#[derive(Debug, Clone)]
pub struct Shape {
    schema: String,
    members: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    node: Node,
    required: bool,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    /// The only values that there are; none: any.
    choices: Option<Vec<Value>>,
    nullable: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Text,
    Integer,
    Number,
    Bool,
    List(Box<Node>),
    Struct(Vec<Member>),
    Json,
}

/// Deeper schemas than this are refused: they may lead back to themselves.
const DEPTH: usize = 32;

impl Shape {
    /// Of a schema, the parameter `param`. [`Fault::Params`] where it is not one of an object, or has a part that is no schema.
    pub fn of(param: &str, schema: &Value) -> Result<Self> {
        let reader = Reader { param, root: schema };
        let members = match reader.node(schema, "", 0)?.kind {
            Kind::Struct(members) => members,
            _ => {
                let message = "must be the schema of an object with its `properties`: each is a column";
                return Err(Fault::params(format!("parameter `{param}` {message}")));
            }
        };
        Ok(Self { schema: schema.to_string(), members })
    }

    /// The schema as text, for a request.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The names and types of the columns.
    pub fn columns(&self) -> Vec<(String, DataType)> {
        self.members.iter().map(|member| (member.name.clone(), member.node.data_type())).collect()
    }

    /// What an answer has for each column; or what in it is not as the schema says.
    pub fn cells(&self, answer: &Value) -> Result<Vec<Cell>, String> {
        cells(&self.members, answer, "")
    }
}

fn cells(members: &[Member], value: &Value, at: &str) -> Result<Vec<Cell>, String> {
    if !matches!(value, Value::Object(_)) {
        return Err(format!("{} is {}; it must be an object", place(at), spelled(value)));
    }
    let cell = |member: &Member| {
        let at = if at.is_empty() { member.name.clone() } else { format!("{at}.{}", member.name) };
        match value.get(&member.name) {
            Some(value) => member.node.cell(value, &at),
            None if member.required => Err(format!("there is no `{at}`")),
            None => Ok(Cell::Null),
        }
    };
    members.iter().map(cell).collect()
}

impl Node {
    fn data_type(&self) -> DataType {
        match &self.kind {
            Kind::Text | Kind::Json => DataType::Utf8,
            Kind::Integer => DataType::Int64,
            Kind::Number => DataType::Float64,
            Kind::Bool => DataType::Bool,
            Kind::List(item) => DataType::List(Box::new(item.data_type())),
            Kind::Struct(members) => {
                DataType::Struct(members.iter().map(|member| (member.name.clone(), member.node.data_type())).collect())
            }
        }
    }

    fn cell(&self, value: &Value, at: &str) -> Result<Cell, String> {
        let wrong = |what: &str| Err(format!("{} is {}; it must be {what}", place(at), spelled(value)));
        if *value == Value::Null && self.nullable {
            return Ok(Cell::Null);
        }
        if let Some(choices) = self.choices.as_ref().filter(|choices| !choices.contains(value)) {
            return wrong(&format!("one of {}", names(choices.iter().map(spelled_choice))));
        }
        match (&self.kind, value) {
            (Kind::Text, Value::String(text)) => Ok(Cell::Text(text.clone())),
            (Kind::Bool, Value::Bool(value)) => Ok(Cell::Bool(*value)),
            (Kind::Integer, Value::Number(number)) => match whole(number) {
                Some(number) => Ok(Cell::Int(number)),
                None => wrong("a whole number of 64 bits"),
            },
            (Kind::Number, Value::Number(number)) => match number.parse::<f64>().ok().filter(|f| f.is_finite()) {
                Some(number) => Ok(Cell::Float(number)),
                None => wrong("a number of 64 bits"),
            },
            (Kind::List(node), Value::Array(items)) => {
                let items = items.iter().enumerate().map(|(index, item)| node.cell(item, &format!("{at}[{index}]")));
                items.collect::<Result<_, _>>().map(Cell::List)
            }
            (Kind::Struct(members), Value::Object(_)) => cells(members, value, at).map(Cell::Struct),
            (Kind::Json, value) => Ok(Cell::Text(value.to_string())),
            (Kind::Text, _) => wrong("text"),
            (Kind::Bool, _) => wrong("true or false"),
            (Kind::Integer, _) => wrong("a whole number"),
            (Kind::Number, _) => wrong("a number"),
            (Kind::List(_), _) => wrong("a list"),
            (Kind::Struct(_), _) => wrong("an object"),
        }
    }
}

/// `3.0` is a whole number in JSON Schema.
fn whole(number: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    let float = || number.parse().ok().filter(|float: &f64| float.fract() == 0.0 && float.abs() <= EXACT);
    number.parse().ok().or_else(|| float().map(|float| float as i64))
}

fn place(at: &str) -> String {
    if at.is_empty() { "the answer".to_owned() } else { format!("`{at}`") }
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        plain => clip(&plain.to_string(), 60),
    }
}

fn spelled_choice(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Reader<'a> {
    param: &'a str,
    root: &'a Value,
}

impl Reader<'_> {
    fn node(&self, schema: &Value, at: &str, depth: usize) -> Result<Node> {
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

#[cfg(test)]
mod tests;
