//! The task `classify`: labels of a text.
//!
//! Zero-shot and few-shot classification as in Brown et al., *Language Models are Few-Shot Learners* (2020, arXiv:2005.14165).
//! What differs: the answer is JSON of a schema which has the labels in it, so a server that can keeps the model to them.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::labels::Labels;

const SYSTEM: &str = include_str!("prompts/classify.txt");

params! {
    /// A text with its labels.
    pub struct Example {
        /// The text.
        pub text: String,
        /// Its label, or a list of them.
        pub labels: Value,
    }
}

params! {
    /// Parameters of `classify`.
    pub struct ClassifyParams {
        /// The labels that there are: a list, or an object that says what each means. The model finds some, where it is left
        /// out.
        pub labels: Option<Value> = None,
        /// The most labels of a text. With 1 the column `labels` is text, otherwise a list.
        pub n: u32 = 1,
        /// What a text has that no label fits.
        pub default_label: String = "Unclassified".to_owned(),
        /// What the labels are for, and what else helps to choose them.
        pub context: String = String::new(),
        /// Texts with their labels, for the model to go by.
        pub examples: Vec<Example> = Vec::new(),
        /// What a text is called.
        pub query_title: String = "Text".to_owned(),
        /// What the system says. Some words of our own, where it is left out.
        pub system_prompt: Option<String> = None,
    }
}

/// The step `classify`.
pub struct Classify {
    text: TextIn,
    labels: Labels,
    system: String,
    /// All that stands above the text.
    above: String,
    schema: String,
}

impl Task for Classify {
    const NAME: &str = "classify";
    const SUMMARY: &str = "Label a text, with labels that are given or found.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = ClassifyParams;

    fn open(params: ClassifyParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let labels = Labels::of(params.labels.as_ref(), &params.default_label, params.n)?;
        columns.add("labels", labels.data_type());
        let mut above = String::new();
        if !params.context.trim().is_empty() {
            above.push_str(&format!("{}\n\n", params.context.trim()));
        }
        above.push_str(&format!("{}\n{}\n\n", labels.told(), labels.form()));
        let title = &params.query_title;
        for (place, example) in params.examples.iter().enumerate() {
            let wrong = |why| Fault::params(format!("parameter `examples[{place}]`: {why}"));
            let answer = labels.written(&example.labels).map_err(wrong)?;
            above.push_str(&format!("## Example: {title}\n\n{}\n\n## Answer\n\n{answer}\n\n", example.text.trim()));
        }
        above.push_str(&format!("## {title}\n\n"));
        let system = params.system_prompt.unwrap_or_else(|| SYSTEM.trim_end().to_owned());
        Ok(Self { text: TextIn::take(schema, "text")?, schema: labels.schema(), labels, system, above })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let text = format!("{}{}", self.above, self.text.get(row)?);
        Ok(Request::with_system(&self.system, text).schema(&self.schema))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![self.labels.parse(&answer.text)?])
    }
}

#[cfg(test)]
mod tests;
