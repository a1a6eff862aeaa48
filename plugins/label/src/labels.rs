//! Which labels there are, how a model is told of them, and how they are read from its answer.

use stillroom_sdk::task::{Cell, clip, json};
use stillroom_sdk::{DataType, Fault, Result, Value};

/// The labels of a question: given, or for the model to find.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    /// Each with what it means, which may be empty; none: any.
    given: Vec<(String, String)>,
    /// What stands for none of them; it counts as given.
    default: String,
    /// The most labels of a text.
    most: u32,
}

impl Labels {
    /// `given`: the parameter `labels`, a list of labels or an object of labels and what they mean.
    pub(crate) fn of(given: Option<&Value>, default: &str, most: u32) -> Result<Self> {
        if most == 0 {
            return Err(Fault::params("parameter `n` is 0; it must be 1 or more"));
        }
        if default.trim().is_empty() {
            return Err(Fault::params(
                "parameter `default-label` is empty; it must be what a text has that no label fits",
            ));
        }
        let mut given = given.map(read).transpose()?.unwrap_or_default();
        let is_there = |given: &[(String, String)], label: &str| {
            given.iter().any(|(other, _)| other.to_lowercase() == label.to_lowercase())
        };
        for at in 0..given.len() {
            if is_there(&given[..at], &given[at].0) {
                return Err(Fault::params(format!(
                    "parameter `labels` has `{}` twice; case does not count",
                    given[at].0
                )));
            }
        }
        if !given.is_empty() && !is_there(&given, default) {
            given.push((default.to_owned(), "none of the others fits".to_owned()));
        }
        Ok(Self { given, default: default.to_owned(), most })
    }

    /// The column's type: text where there is one label, a list of text otherwise.
    pub(crate) fn data_type(&self) -> DataType {
        if self.most == 1 { DataType::Utf8 } else { DataType::List(Box::new(DataType::Utf8)) }
    }

    /// What the model is told of them.
    pub(crate) fn told(&self) -> String {
        let how_many = match self.most {
            1 => "Give exactly one label: the one that fits best.".to_owned(),
            most => format!("Give 1 to {most} labels that fit, the best first, and none twice."),
        };
        if self.given.is_empty() {
            let default = &self.default;
            return format!(
                "There is no list of labels: find short ones of one to three words yourself, general enough to be used again. \
                 If nothing can be said, the label is \"{default}\".\n{how_many}"
            );
        }
        let label = |(label, meaning): &(String, String)| match meaning.is_empty() {
            true => format!("- {label}\n"),
            false => format!("- {label}: {meaning}\n"),
        };
        let list: String = self.given.iter().map(label).collect();
        format!("The labels are:\n{list}Use these and no others, written as they are here.\n{how_many}")
    }

    /// How the model is to write its answer.
    pub(crate) fn form(&self) -> &'static str {
        match self.most {
            1 => "Answer with JSON and nothing else, in this form: {\"labels\": \"the label\"}",
            _ => "Answer with JSON and nothing else, in this form: {\"labels\": [\"a label\", \"another label\"]}",
        }
    }

    /// The JSON Schema of the answer.
    pub(crate) fn schema(&self) -> String {
        let text = |text: &str| Value::String(text.to_owned());
        let object = |members: Vec<(&str, Value)>| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let mut label = vec![("type", text("string"))];
        if !self.given.is_empty() {
            label.push(("enum", Value::Array(self.given.iter().map(|(label, _)| text(label)).collect())));
        }
        let number = |number: u32| Value::Number(number.to_string());
        let labels = match self.most {
            1 => object(label),
            most => object(vec![
                ("type", text("array")),
                ("items", object(label)),
                ("minItems", number(1)),
                ("maxItems", number(most)),
            ]),
        };
        object(vec![
            ("type", text("object")),
            ("properties", object(vec![("labels", labels)])),
            ("required", Value::Array(vec![text("labels")])),
            ("additionalProperties", Value::Bool(false)),
        ])
        .to_string()
    }

    /// The labels in an answer, as they were given.
    pub(crate) fn parse(&self, answer: &str) -> Result<Cell, String> {
        let value = json(answer)?;
        let labels = match value.get("labels").ok_or("there is no `labels` in it")? {
            Value::Array(items) => items.iter().map(|item| self.label(item)).collect::<Result<Vec<_>, _>>()?,
            one => vec![self.label(one)?],
        };
        let mut several: Vec<String> = Vec::new();
        labels.into_iter().for_each(|label| {
            if !several.contains(&label) {
                several.push(label);
            }
        });
        match (several.len(), self.most) {
            (0, _) => Err("`labels` is empty".to_owned()),
            (1, 1) => Ok(several.remove(0).into()),
            (there, most) if there > most as usize => Err(format!("there are {there} labels, where {most} may be")),
            _ => Ok(several.into()),
        }
    }

    /// Labels as a good answer has them.
    pub(crate) fn written(&self, labels: &Value) -> Result<String, String> {
        let answer = |labels: Value| Value::Object(vec![("labels".to_owned(), labels)]).to_string();
        let text = |cell: Cell| if let Cell::Text(text) = cell { Value::String(text) } else { Value::Null };
        Ok(answer(match self.parse(&answer(labels.clone()))? {
            Cell::List(labels) => Value::Array(labels.into_iter().map(text).collect()),
            one => text(one),
        }))
    }

    fn label(&self, value: &Value) -> Result<String, String> {
        let Some(label) = value.as_str().map(str::trim) else {
            return Err(format!("a label is {}; it must be text", clip(&value.to_string(), 60)));
        };
        if label.is_empty() {
            return Err("a label is empty".to_owned());
        }
        if self.given.is_empty() {
            return Ok(label.to_owned());
        }
        let found = self.given.iter().find(|(given, _)| given.to_lowercase() == label.to_lowercase());
        found.map(|(given, _)| given.clone()).ok_or_else(|| {
            let there: Vec<String> = self.given.iter().map(|(given, _)| format!("`{given}`")).collect();
            format!("`{}` is none of the labels {}", clip(label, 60), there.join(", "))
        })
    }
}

fn read(given: &Value) -> Result<Vec<(String, String)>> {
    let wrong = || {
        Fault::params(
            "parameter `labels` must be a list of labels, or an object of labels and what they mean, as in \
             `{ spam: it sells something }`",
        )
    };
    let labels: Vec<(String, String)> = match given {
        Value::Array(labels) => {
            let label = |label: &Value| Some((label.as_str()?.trim().to_owned(), String::new()));
            labels.iter().map(label).collect::<Option<_>>().ok_or_else(wrong)?
        }
        Value::Object(labels) => {
            let label = |(label, meaning): &(String, Value)| {
                Some((label.trim().to_owned(), meaning.as_str()?.trim().to_owned()))
            };
            labels.iter().map(label).collect::<Option<_>>().ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    if labels.is_empty() {
        return Err(Fault::params("parameter `labels` is empty; leave it out to have the model find labels"));
    }
    match labels.iter().any(|(label, _)| label.is_empty()) {
        true => Err(Fault::params("parameter `labels` has a label without a letter")),
        false => Ok(labels),
    }
}
