//! `params:` as declared, and the values that the parameters have.

use std::collections::{HashMap, HashSet};
use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Number, Value};

use super::check::is_name;
use super::fault::{Fault, Segment, Short};
use super::set;
use super::spec::{Param, ParamKind};
use super::suggest::did_you_mean;
use super::texts::Texts;
use super::tree::{Key, Kind, Node};
use super::written::{ParamTable, TOP_KEYS};
use super::{Place, Spanned};

/// The values that were given, by the parameters' names.
#[derive(Clone, Default)]
pub(super) struct Given {
    /// By `--set`: where the value stands.
    pub(super) set: HashMap<String, Place>,
    /// By the parameter file, with the name as written.
    pub(super) file: IndexMap<String, (Key, Node)>,
    /// By the environment: the variable's whole text.
    pub(super) env: HashMap<String, Place>,
}

/// The declarations, be they right or wrong.
pub(super) fn declared(root: &Node) -> &[(Key, Node)] {
    root.get("params").and_then(Node::table).unwrap_or_default()
}

/// Whether a declaration says, or tries to say, that its value is not to be shown.
pub(super) fn is_secret(declaration: &Node) -> bool {
    let is_no = |kind: &Kind| matches!(kind, Kind::Plain(text) if matches!(text.as_str(), "false" | "False" | "FALSE"));
    declaration.get("secret").is_some_and(|node| !is_no(&node.kind))
}

/// The declarations of a document, with the values that were given.
pub(super) fn params(root: &Node, given: &Given, texts: &Texts) -> Result<Vec<Param>, Fault> {
    let Some(node) = root.get("params") else { return no_others(given, &[]).map(|()| Vec::new()) };
    IndexMap::<String, IgnoredAny>::deserialize(node).map_err(|fault| fault.within(Segment::Key("params".into())))?;
    no_others(given, declared(root))?;
    let param = |(key, node): &(Key, Node)| {
        let name = |fault: Fault| fault.named(format_args!("the parameter `{}`", Short(&key.text)));
        let declaration = Declaration::new(key, node).map_err(name)?;
        let default = declaration.default.as_ref().map(|(value, place)| declaration.admits(value, *place)).transpose();
        default.and_then(|_| declaration.value(given, texts)).map_err(name)
    };
    declared(root).iter().map(param).collect()
}

/// A parameter file has no names but the declared.
fn no_others(given: &Given, declared: &[(Key, Node)]) -> Result<(), Fault> {
    let names: HashSet<&str> = declared.iter().map(|(key, _)| key.text.as_str()).collect();
    let Some((name, (key, _))) = given.file.iter().find(|(name, _)| !names.contains(name.as_str())) else {
        return Ok(());
    };
    Err(no_param(name, declared).at(key.place))
}

/// There is no such parameter.
pub(super) fn no_param(name: &str, declared: &[(Key, Node)]) -> Fault {
    let fault = Fault::new(format!("no parameter has the name `{}`", Short(name))).label("not a parameter");
    let names = declared.iter().map(|(key, _)| key.text.as_str());
    let none = || Some("the pipeline declares none: they stand under `params:`".to_owned());
    fault.maybe_help(did_you_mean(name, "the parameters are", names).or_else(none))
}

/// A declaration that is right by itself.
struct Declaration {
    name: Spanned<String>,
    kind: ParamKind,
    description: Option<String>,
    default: Option<(Value, Place)>,
    one_of: Vec<Value>,
    min: Option<Number>,
    max: Option<Number>,
    env: Option<String>,
    secret: bool,
}

impl Declaration {
    fn new(key: &Key, node: &Node) -> Result<Self, Fault> {
        if !is_name(&key.text) {
            let fault = Fault::new("a parameter's name has letters, digits, `_` and `-`");
            return Err(fault.at(key.place).label("not a name"));
        }
        let name = Spanned::new(key.text.clone(), key.place);
        if node.table().is_some() {
            return Self::of_table(name, node).map_err(|fault| fault.at(node.place));
        }
        let kind = kind_of(node)?;
        let default = Some((value_of(kind, node)?, node.place));
        let (description, env, one_of) = (None, None, Vec::new());
        Ok(Self { name, kind, description, default, one_of, min: None, max: None, env, secret: false })
    }

    fn of_table(name: Spanned<String>, node: &Node) -> Result<Self, Fault> {
        let table = ParamTable::deserialize(node)?;
        let default = table.default.as_ref().and(node.get("default"));
        let one_of = table.one_of.as_ref().and(node.get("one-of"));
        let items = one_of.and_then(Node::list).unwrap_or_default();
        let kind = match (table.r#type, default, items.first()) {
            (Some(kind), _, _) => kind,
            (None, Some(node), _) | (None, None, Some(node)) => kind_of(node)?,
            (None, None, None) => ParamKind::Text,
        };
        if table.secret == Some(true) {
            secret_is_secret(kind, default, one_of, node)?;
        }
        if let Some(empty) = one_of.filter(|_| items.is_empty()) {
            return Err(Fault::new("`one-of` names no value").at(empty.place));
        }
        let item = |node: &Node| if kind == ParamKind::List { plain(node) } else { value_of(kind, node) };
        bounds(kind, &table)?;
        Ok(Self {
            name,
            kind,
            description: table.description,
            default: default.map(|node| Ok::<_, Fault>((value_of(kind, node)?, node.place))).transpose()?,
            one_of: items.iter().map(item).collect::<Result<_, _>>()?,
            min: table.min.map(|min| min.value),
            max: table.max.map(|max| max.value),
            env: table.env.map(variable).transpose()?,
            secret: table.secret == Some(true),
        })
    }

    /// What was given, by what comes first; else the default.
    fn value(self, given: &Given, texts: &Texts) -> Result<Param, Fault> {
        let name = self.name.as_str();
        let (value, place, origin) = if let Some(place) = given.set.get(name) {
            (self.read(*place, texts)?, *place, "--set".to_owned())
        } else if let Some((_, node)) = given.file.get(name) {
            (value_of(self.kind, node)?, node.place, "the parameter file".into())
        } else if let (Some(place), Some(variable)) = (given.env.get(name), &self.env) {
            let named = |fault: Fault| fault.named(format_args!("from `${variable}`"));
            let value = self.read(*place, texts).and_then(|value| self.admits(&value, *place).map(|()| value));
            (value.map_err(named)?, *place, format!("${variable}"))
        } else if let Some((value, place)) = &self.default {
            (value.clone(), *place, "the default".into())
        } else {
            return Err(self.missing());
        };
        self.admits(&value, place)?;
        let Self { name, kind, description, one_of, env, secret, .. } = self;
        Ok(Param { name, kind, description, one_of, value, origin, env, secret })
    }

    /// A value from text that is no YAML: an argument, a variable.
    fn read(&self, place: Place, texts: &Texts) -> Result<Value, Fault> {
        let text = texts.written(place).unwrap_or_default();
        value_of(self.kind, &set::value(place, text, self.kind == ParamKind::Text)?).map_err(|fault| fault.at(place))
    }

    fn missing(&self) -> Fault {
        let name = Short(&self.name);
        let key = if TOP_KEYS.contains(&name.0) { "params." } else { "" };
        let variable = self.env.as_ref().map(|variable| format!(", in the variable `{variable}`")).unwrap_or_default();
        let default = if self.secret { "" } else { ", or as its `default:`" };
        Fault::new("it has no value")
            .at(self.name.place)
            .label("needs a value")
            .help(format!("give it with `--set {key}{name}=…`, in a parameter file as `{name}: …`{variable}{default}"))
    }

    /// Whether a value is one of those that it may be.
    fn admits(&self, value: &Value, place: Place) -> Result<(), Fault> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.admits(item, place)),
            _ if !self.one_of.is_empty() && !self.one_of.contains(value) => {
                let all: Vec<String> = self.one_of.iter().map(|one| Text(one).to_string()).collect();
                let text = Text(value).to_string();
                let help = did_you_mean(&text, "it is one of", all.iter().map(String::as_str));
                Err(Fault::new(format!("it cannot be `{}`", Short(&text))).at(place).maybe_help(help))
            }
            Value::Number(number) if self.kind != ParamKind::List => self.in_bounds(number, place),
            _ => Ok(()),
        }
    }

    fn in_bounds(&self, number: &Number, place: Place) -> Result<(), Fault> {
        let fault = |message: String| Err(Fault::new(message).at(place));
        match (&self.min, &self.max) {
            (Some(min), _) if is_less(number, min) => fault(format!("{number} is too small: it is {min} or more")),
            (_, Some(max)) if is_less(max, number) => fault(format!("{number} is too large: it is {max} or less")),
            _ => Ok(()),
        }
    }
}

/// Nothing in a pipeline file is secret.
fn secret_is_secret(kind: ParamKind, default: Option<&Node>, one_of: Option<&Node>, node: &Node) -> Result<(), Fault> {
    if let Some(written) = default.or(one_of) {
        return Err(Fault::new("a secret does not stand in a pipeline file")
            .at(written.place)
            .help("leave it out here, and give it with `env:`, in a parameter file or with `--set`"));
    }
    match kind {
        ParamKind::Text => Ok(()),
        _ => Err(Fault::new("a secret is text").at(node.get("type").unwrap_or(node).place)),
    }
}

fn bounds(kind: ParamKind, table: &ParamTable) -> Result<(), Fault> {
    let first = table.min.as_ref().map(|min| ("min", min)).or(table.max.as_ref().map(|max| ("max", max)));
    match (first, &table.min, &table.max) {
        (Some((key, bound)), _, _) if !matches!(kind, ParamKind::Int | ParamKind::Float) => {
            Err(Fault::new(format!("`{key}` goes with `int` and `float`")).at(bound.place))
        }
        (_, Some(min), Some(max)) if is_less(max, min) => Err(Fault::new("`max` is less than `min`").at(max.place)),
        _ => Ok(()),
    }
}

fn variable(name: Spanned<String>) -> Result<String, Fault> {
    match name.is_empty() || name.contains(['=', '\0']) {
        true => Err(Fault::new(format!("`{}` cannot be a variable's name", Short(&name))).at(name.place)),
        false => Ok(name.value),
    }
}

/// Integers are compared as such over their whole range.
fn is_less(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a < b,
        _ => a.as_f64() < b.as_f64(),
    }
}

/// The kind of parameter that a value would be the default of.
fn kind_of(node: &Node) -> Result<ParamKind, Fault> {
    if let Kind::List(_) = node.kind {
        return Ok(ParamKind::List);
    }
    match Value::deserialize(node)? {
        Value::String(_) => Ok(ParamKind::Text),
        Value::Number(number) if number.is_f64() => Ok(ParamKind::Float),
        Value::Number(_) => Ok(ParamKind::Int),
        Value::Bool(_) => Ok(ParamKind::Bool),
        Value::Null => Err(Fault::new("expected a default value, found nothing")
            .at(node.place)
            .help("where it has none, write a table, as in `{ type: text }`")),
        _ => Err(not_plain().at(node.place)),
    }
}

/// What a node is as a value of that kind.
fn value_of(kind: ParamKind, node: &Node) -> Result<Value, Fault> {
    match kind {
        ParamKind::Text => String::deserialize(node).map(Value::from),
        ParamKind::Int => u64::deserialize(node).map(Value::from).or_else(|_| i64::deserialize(node).map(Value::from)),
        ParamKind::Float => f64::deserialize(node).map(Value::from),
        ParamKind::Bool => bool::deserialize(node).map(Value::from),
        ParamKind::List => match node.list() {
            Some(items) => items.iter().map(plain).collect::<Result<_, _>>().map(Value::Array),
            None => Vec::<Value>::deserialize(node).map(Value::Array),
        },
    }
}

/// Neither nothing nor a list nor a table.
fn plain(node: &Node) -> Result<Value, Fault> {
    match Value::deserialize(node)? {
        Value::Null | Value::Array(_) | Value::Object(_) => Err(not_plain().at(node.place)),
        value => Ok(value),
    }
}

fn not_plain() -> Fault {
    Fault::new("expected text, a number, `true` or `false`")
}

/// A plain value within a text.
pub(super) struct Text<'a>(pub(super) &'a Value);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(text),
            other => other.fmt(f),
        }
    }
}
