//! What is wrong with a file, in words for somebody who knows neither Rust nor serde.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::place::Place;
use super::suggest::did_you_mean;

/// What is wrong, before the text that it points into is at hand.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) place: Option<Place>,
    pub(super) label: String,
    pub(super) help: Option<String>,
    /// Keys and indices on the way to the place, innermost first.
    pub(super) path: Vec<Segment>,
}

/// One step on the way from the root to a node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Index(usize),
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, label: "here".into(), help: None, path: Vec::new() }
    }

    /// Sets the place, unless something further in has done so.
    pub(super) fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Begins the message with what the fault is in.
    pub(super) fn named(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    pub(super) fn within(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = words(expected);
        Self::new(format!("expected {expected}, found {}", Found(found))).label(format!("not {expected}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let help = did_you_mean(field, "known keys", known.iter().copied());
        Self::new(format!("unknown key `{field}`")).label("not known").maybe_help(help)
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let help = did_you_mean(variant, "one of", known.iter().copied());
        Self::new(format!("unknown value `{variant}`")).label("not known").maybe_help(help)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"))
    }
}

/// What was expected, without the names of Rust types.
fn words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a string" => "text".into(),
        "a map" => "a table".into(),
        "a sequence" => "a list".into(),
        "a boolean" => "`true` or `false`".into(),
        "usize" | "u64" | "i64" => "a whole number".into(),
        "f64" | "a JSON number" => "a number".into(),
        other if other.starts_with("struct ") => "a table".into(),
        _ => expected,
    }
}

/// What was found, likewise.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Unit | Unexpected::Option => f.write_str("nothing"),
            Unexpected::Bool(value) => write!(f, "`{value}`"),
            Unexpected::Unsigned(value) => write!(f, "the number {value}"),
            Unexpected::Signed(value) => write!(f, "the number {value}"),
            Unexpected::Float(value) => write!(f, "the number {value}"),
            Unexpected::Str(value) => write!(f, "the text `{}`", Short(value)),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a table"),
            other => write!(f, "{other}"),
        }
    }
}

/// Characters of a text that a message shows.
pub(super) const SHORT: usize = 60;

/// A text that may be long, cut for a message.
pub(super) struct Short<'a>(pub(super) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHORT) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
