mod read;

use read::Reader;

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

impl Shape {
    /// Of a schema, the parameter `param`. [`Fault::Params`] where it is not one of an object, or has a part that is no schema.
    pub fn of(param: &str, schema: &Value) -> Result<Self> {
        let members = match Reader::new(param, schema).node(schema, "", 0)?.kind {
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

#[cfg(test)]
mod tests;
