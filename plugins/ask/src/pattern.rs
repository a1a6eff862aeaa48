//! Columns of a regular expression's named groups.
//!
//! The expressions are those of `regex/extract`: the crate `regex`, linear in the text whatever the pattern, so without
//! look-around and back-references. Not `regex-lite`, whose `\w` and case know ASCII alone: one pattern is to mean one thing.

use regex::{Captures, Regex, RegexBuilder};
use stillroom_sdk::task::Cell;
use stillroom_sdk::{DataType, Fault, Result, Value};

pub(crate) struct Pattern {
    regex: Regex,
    groups: Vec<Group>,
    all: bool,
}

struct Group {
    name: String,
    data_type: DataType,
}

const TYPES: [DataType; 4] = [DataType::Utf8, DataType::Int64, DataType::Float64, DataType::Bool];

impl Pattern {
    pub(crate) fn of(pattern: &str, ignore_case: bool, all: bool, types: Option<&Value>) -> Result<Self> {
        let regex = RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
        let regex =
            regex.map_err(|error| Fault::params(format!("parameter `pattern` is no regular expression: {error}")))?;
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        if names.is_empty() {
            return Err(Fault::params(format!(
                "parameter `pattern` has no named group, so it would make no column; name what is wanted, as in \
                 `Score: (?<score>\\d+)`{}",
                unnamed(&regex)
            )));
        }
        let types = types_of(types, &names)?;
        let groups = names.iter().map(|name| Group {
            name: (*name).to_owned(),
            data_type: types.iter().find(|(group, _)| group == name).map_or(DataType::Utf8, |(_, of)| of.clone()),
        });
        Ok(Self { groups: groups.collect(), regex, all })
    }

    pub(crate) fn columns(&self) -> Vec<(String, DataType)> {
        let data_type = |of: &DataType| if self.all { DataType::List(Box::new(of.clone())) } else { of.clone() };
        self.groups.iter().map(|group| (group.name.clone(), data_type(&group.data_type))).collect()
    }

    pub(crate) fn cells(&self, answer: &str) -> Result<Vec<Cell>, String> {
        if !self.all {
            let found = self.regex.captures(answer).ok_or_else(nowhere)?;
            return self.groups.iter().map(|group| group.cell(&found)).collect();
        }
        let mut lists: Vec<Vec<Cell>> = vec![Vec::new(); self.groups.len()];
        for found in self.regex.captures_iter(answer) {
            for (list, group) in lists.iter_mut().zip(&self.groups) {
                list.push(group.cell(&found)?);
            }
        }
        match lists.first().is_some_and(|list| !list.is_empty()) {
            true => Ok(lists.into_iter().map(Cell::List).collect()),
            false => Err(nowhere()),
        }
    }
}

impl Group {
    /// Null, where the group has no part in the match.
    fn cell(&self, found: &Captures<'_>) -> Result<Cell, String> {
        let Some(text) = found.name(&self.name).map(|part| part.as_str().trim()) else { return Ok(Cell::Null) };
        let cell = match self.data_type {
            DataType::Int64 => text.parse().ok().map(Cell::Int),
            DataType::Float64 => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Cell::Float),
            DataType::Bool => truth(text).map(Cell::Bool),
            _ => Some(Cell::from(text)),
        };
        cell.ok_or_else(|| format!("`{}` is `{text}`, which is no {}", self.name, self.data_type))
    }
}

fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 2]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "yes"]) { Some(true) } else { is(["false", "no"]).then_some(false) }
}

fn nowhere() -> String {
    "`pattern` matches nowhere".to_owned()
}

/// Says that a pattern has groups without names, where that is so.
fn unnamed(regex: &Regex) -> String {
    match regex.captures_len() - 1 {
        0 => String::new(),
        1 => "; its group has none".to_owned(),
        groups => format!("; its {groups} groups have none"),
    }
}

fn types_of(types: Option<&Value>, groups: &[&str]) -> Result<Vec<(String, DataType)>> {
    let there = || groups.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let Some(types) = types else { return Ok(Vec::new()) };
    let Value::Object(types) = types else {
        return Err(Fault::params(
            "parameter `types` must be an object of groups and their types, as in `{ score: int64 }`",
        ));
    };
    let of = |(name, word): &(String, Value)| {
        if !groups.contains(&name.as_str()) {
            return Err(Fault::params(format!(
                "parameter `types` has `{name}`, but `pattern` has no group of that name; it has {}",
                there()
            )));
        }
        let found = word.as_str().and_then(|word| TYPES.iter().find(|of| of.to_string() == word));
        let data_type = found.ok_or_else(|| {
            Fault::params(format!(
                "parameter `types.{name}` is {word}; it must be one of `utf8`, `int64`, `float64`, `bool`"
            ))
        })?;
        Ok((name.clone(), data_type.clone()))
    };
    types.iter().map(of).collect()
}
