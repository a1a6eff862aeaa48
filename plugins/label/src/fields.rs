//! The task `fields`: a record's fields are shown with guidelines and a question, as people see them in an annotation tool, and
//! the answer is a suggestion for them.
//!
//! What is asked is laid out as in Argilla: guidelines, fields, a question of a kind. What differs from a plain prompt is that
//! the answer is JSON of a schema which the question's kind says. Questions about spans of text there are none.

mod question;

pub use question::{Kind, Question};

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, ValueIn};
use stillroom_sdk::*;

use question::Asking;

const SYSTEM: &str = include_str!("prompts/fields.txt");

params! {
    /// A field of the record.
    pub struct FieldParams {
        /// The column that it is.
        pub column: String,
        /// What it is called. As the column, where it is left out.
        pub title: Option<String> = None,
    }
}

params! {
    /// Parameters of `fields`.
    pub struct FieldsParams {
        /// What is shown of a row.
        pub fields: Vec<FieldParams>,
        /// What is asked about it.
        pub question: Question,
        /// How to answer.
        pub guidelines: String = String::new(),
        /// Records with their answers: objects with the fields' columns and the question's name.
        pub examples: Vec<Value> = Vec::new(),
        /// What the system says. Some words of our own, where it is left out.
        pub system_prompt: Option<String> = None,
    }
}

/// The step `fields`.
pub struct Fields {
    fields: Vec<Field>,
    asking: Asking,
    system: String,
    /// All that stands above the record.
    above: String,
}

struct Field {
    title: String,
    column: ValueIn,
}

impl Task for Fields {
    const NAME: &str = "fields";
    const SUMMARY: &str = "Answer a question about a record's fields, as an annotator would.";
    type Params = FieldsParams;

    fn open(params: FieldsParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        if params.fields.is_empty() {
            return Err(Fault::params("parameter `fields` is empty; it names the columns that are shown"));
        }
        let asking = Asking::of(&params.question)?;
        columns.add(asking.name(), asking.data_type());
        let field = |field: &FieldParams| {
            let title = field.title.clone().unwrap_or_else(|| field.column.clone());
            Ok(Field { title, column: ValueIn::take(schema, &field.column)? })
        };
        let fields: Vec<Field> = params.fields.iter().map(field).collect::<Result<_>>()?;
        let mut above = String::new();
        if !params.guidelines.trim().is_empty() {
            above.push_str(&format!("# Guidelines\n\n{}\n\n", params.guidelines.trim()));
        }
        above.push_str(&format!("# Question\n\n{}\n\n", asking.told()));
        for (place, example) in params.examples.iter().enumerate() {
            let shown = shown(&fields, &asking, example);
            above.push_str(&shown.map_err(|why| Fault::params(format!("parameter `examples[{place}]`: {why}")))?);
        }
        above.push_str("# Record\n\n");
        let system = params.system_prompt.unwrap_or_else(|| SYSTEM.trim_end().to_owned());
        Ok(Self { fields, asking, system, above })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let mut text = self.above.clone();
        for field in &self.fields {
            push(&mut text, &field.title, &field.column.get(row)?);
        }
        Ok(Request::with_system(&self.system, text.trim_end()).schema(self.asking.schema()))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![self.asking.parse(&answer.text)?])
    }
}

fn push(text: &mut String, title: &str, value: &str) {
    text.push_str(&format!("## {title}\n\n{}\n\n", value.trim()));
}

/// An example with its answer.
fn shown(fields: &[Field], asking: &Asking, example: &Value) -> Result<String, String> {
    let mut text = "# Example\n\n".to_owned();
    for field in fields {
        let name = field.column.name();
        match example.get(name).ok_or_else(|| format!("there is no `{name}`"))? {
            Value::String(value) => push(&mut text, &field.title, value),
            value => push(&mut text, &field.title, &value.to_string()),
        }
    }
    let answer = example.get(asking.name()).ok_or_else(|| format!("there is no answer, `{}`", asking.name()))?;
    let answer = Value::Object(vec![("answer".to_owned(), answer.clone())]).to_string();
    asking.parse(&answer)?;
    push(&mut text, "Answer", &answer);
    Ok(text)
}

#[cfg(test)]
mod tests;
