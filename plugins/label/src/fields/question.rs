//! A question: what the model is told of it, and what its answer has to be.

use stillroom_sdk::task::{Cell, Shape, json};
use stillroom_sdk::{DataType, Fault, Result, Value, choices, params};

choices! {
    /// What an answer is.
    pub enum Kind {
        /// One of the labels.
        Label,
        /// Some of the labels.
        MultiLabel,
        /// A whole number.
        Rating,
        /// Text.
        Text,
    }
}

params! {
    /// A question about a record.
    pub struct Question {
        /// What is asked.
        pub title: String,
        /// What an answer is: `label` and `text` make text, `multi-label` a list of text, `rating` a whole number.
        pub kind: Kind,
        /// The column of the answers.
        pub name: String = "suggestion".to_owned(),
        /// What helps to answer it.
        pub description: String = String::new(),
        /// Of `label` and `multi-label`: the labels.
        pub labels: Vec<String> = Vec::new(),
        /// Of `rating`: the numbers that there are. From 1 to 5, where they are left out.
        pub values: Vec<i64> = Vec::new(),
    }
}

/// A question that can be asked.
pub(crate) struct Asking {
    name: String,
    labels: Vec<String>,
    told: String,
    shape: Shape,
}

impl Asking {
    pub(crate) fn of(question: &Question) -> Result<Self> {
        let Question { title, kind, name, description, labels, values } = question;
        let is_about_labels = matches!(kind, Kind::Label | Kind::MultiLabel);
        if is_about_labels == labels.is_empty() {
            return Err(Fault::params(match is_about_labels {
                true => "parameter `question.labels` is empty; a question of this kind has labels to choose from",
                false => "parameter `question.labels` is of questions of the kind `label` or `multi-label`",
            }));
        }
        if !values.is_empty() && !matches!(kind, Kind::Rating) {
            return Err(Fault::params("parameter `question.values` is of questions of the kind `rating`"));
        }
        let values = if values.is_empty() { (1..=5).collect() } else { values.clone() };
        let schema = format!(
            r#"{{"type":"object","properties":{{"answer":{}}},"required":["answer"],"additionalProperties":false}}"#,
            answer(*kind, labels, &values)
        );
        let mut told = title.trim().to_owned();
        if !description.trim().is_empty() {
            told.push_str(&format!("\n\n{}", description.trim()));
        }
        told.push_str(&format!("\n\n{}", form(*kind, labels, &values)));
        let shape = Shape::of("question", &Value::parse(&schema)?)?;
        Ok(Self { name: name.clone(), labels: labels.clone(), told, shape })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the model is told.
    pub(crate) fn told(&self) -> &str {
        &self.told
    }

    /// The JSON Schema of the answer.
    pub(crate) fn schema(&self) -> &str {
        self.shape.schema()
    }

    pub(crate) fn data_type(&self) -> DataType {
        self.shape.columns().pop().map_or(DataType::Utf8, |(_, data_type)| data_type)
    }

    /// The answer in an answer.
    pub(crate) fn parse(&self, text: &str) -> Result<Cell, String> {
        let mut value = json(text)?;
        if let Value::Object(members) = &mut value {
            members.iter_mut().for_each(|(_, value)| self.as_given(value));
        }
        match self.shape.cells(&value)?.pop() {
            Some(Cell::List(items)) if items.is_empty() => Err("`answer` is an empty list".to_owned()),
            Some(Cell::Text(text)) if text.trim().is_empty() => Err("`answer` is empty".to_owned()),
            cell => cell.ok_or_else(|| "there is no `answer`".to_owned()),
        }
    }

    /// Case and white space around a label do not count.
    fn as_given(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let is = |label: &&String| label.to_lowercase() == text.trim().to_lowercase();
                if let Some(label) = self.labels.iter().find(is) {
                    text.clone_from(label);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.as_given(item)),
            _ => {}
        }
    }
}

/// The JSON Schema of what is answered.
fn answer(kind: Kind, labels: &[String], values: &[i64]) -> String {
    let labels = Value::Array(labels.iter().cloned().map(Value::String).collect());
    match kind {
        Kind::Label => format!(r#"{{"type":"string","enum":{labels}}}"#),
        Kind::MultiLabel => {
            format!(r#"{{"type":"array","items":{{"type":"string","enum":{labels}}},"minItems":1}}"#)
        }
        Kind::Rating => format!(r#"{{"type":"integer","enum":{values:?}}}"#),
        Kind::Text => r#"{"type":"string"}"#.to_owned(),
    }
}

/// How the model is to answer.
fn form(kind: Kind, labels: &[String], values: &[i64]) -> String {
    let list = || labels.iter().map(|label| format!("- {label}\n")).collect::<String>();
    let (what, example) = match kind {
        Kind::Label => (format!("Choose exactly one of these labels:\n{}", list()), "\"the label\""),
        Kind::MultiLabel => (format!("Choose every one of these labels that applies:\n{}", list()), "[\"a label\"]"),
        Kind::Rating => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            (format!("Choose one of these numbers: {}.\n", values.join(", ")), "the number")
        }
        Kind::Text => ("Answer in your own words.\n".to_owned(), "\"your words\""),
    };
    format!("{what}Answer with JSON and nothing else, in this form: {{\"answer\": {example}}}")
}
