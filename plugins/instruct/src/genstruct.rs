//! `instruct/genstruct`: an exchange of a user and an assistant, grounded in a document.
//!
//! Genstruct 7B (Nous Research, 2024) is a model that was trained to do nothing else; `form: raw` is the form of text that it
//! goes on with. Its method is that of Cui and Wang, *Ada-Instruct: Adapting Instruction Generators for Complex Reasoning*,
//! 2023, arXiv:2310.04484. `form: chat` asks any chat model for the same thing.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, json};
use stillroom_sdk::*;

use crate::answered::{TEXT, fill, schema, text};

const PROMPT: &str = include_str!("prompts/genstruct.txt");

/// What separates the parts in the model's own form.
const ASSISTANT: &str = "[[[Assistant]]]";
const USER: &str = "[[[User]]]";

choices! {
    /// How the model is asked.
    pub enum Form {
        /// A chat model is told what to do, and answers with JSON.
        Chat,
        /// Genstruct is given its own form of text, to go on with.
        Raw,
    }
}

params! {
    /// Parameters of `genstruct`.
    pub struct GenstructParams {
        /// How the model is asked: any chat model, or Genstruct itself.
        pub form: Form = Form::Chat,
    }
}

/// The task.
pub struct Genstruct {
    title: TextIn,
    content: TextIn,
    form: Form,
}

impl Task for Genstruct {
    const NAME: &str = "genstruct";
    const SUMMARY: &str = "Make a question and its answer of a document (Genstruct).";
    const COLUMNS: &[Column] = &[
        Column::required("title", &["utf8"], "The document's title."),
        Column::required("content", &["utf8"], "Its text."),
    ];
    type Params = GenstructParams;

    fn open(params: GenstructParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("user", DataType::Utf8);
        columns.add("assistant", DataType::Utf8);
        let (title, content) = (TextIn::take(schema, "title")?, TextIn::take(schema, "content")?);
        Ok(Self { title, content, form: params.form })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let (title, content) = (self.title.get(row)?, self.content.get(row)?);
        Ok(match self.form {
            Form::Chat => {
                let prompt = fill(PROMPT, &[("title", title), ("content", content)]);
                Request::user(prompt).schema(schema(&[("user", TEXT), ("assistant", TEXT)]))
            }
            // These very words are what the model was trained with.
            Form::Raw => Request::text(format!(
                "[[[Title]]] {title}\n[[[Content]]] {content}\n\nThe following is an interaction between a user and an AI \
                 assistant that is related to the above text.\n\n{USER} "
            ))
            .stop(USER),
        })
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        if self.form == Form::Chat {
            let answered = json(&answer.text)?;
            return Ok(vec![text(&answered, "user")?.into(), text(&answered, "assistant")?.into()]);
        }
        let (user, assistant) =
            answer.text.split_once(ASSISTANT).ok_or_else(|| format!("there is no `{ASSISTANT}` in it"))?;
        let assistant = assistant.split(USER).next().unwrap_or_default();
        match (user.trim(), assistant.trim()) {
            ("", _) => Err(format!("there is nothing before `{ASSISTANT}`")),
            (_, "") => Err(format!("there is nothing behind `{ASSISTANT}`")),
            (user, assistant) => Ok(vec![user.into(), assistant.into()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{fault, golden, reasons, says, texts, why};

    type Step = Asked<Genstruct>;

    const RAW: &str = r#"{"model": "genstruct", "form": "raw"}"#;

    fn one() -> TestBatch {
        test::batch().utf8("title", [Some("Tea")]).utf8("content", [Some("It is {title}.\nAnd hot.")])
    }

    #[test]
    fn a_chat_model_is_told_what_to_do() {
        let asked = says(&[r#"{"user": "Why hot?", "assistant": "It was boiled."}"#]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, one()).unwrap();
        assert_eq!(texts(&output, "user"), ["Why hot?"]);
        assert_eq!(texts(&output, "assistant"), ["It was boiled."]);
        golden("genstruct-chat", &asked);
    }

    #[test]
    fn genstruct_gets_its_own_form() {
        let asked = says(&["Why hot?\n[[[Assistant]]] It was boiled. "]);
        let output = test::run::<Step>(RAW, one()).unwrap();
        assert_eq!(texts(&output, "user"), ["Why hot?"]);
        assert_eq!(texts(&output, "assistant"), ["It was boiled."]);
        golden("genstruct-raw", &asked);
        says(&["Why?[[[Assistant]]]So.[[[User]]] And?"]);
        assert_eq!(texts(&test::run::<Step>(RAW, one()).unwrap(), "assistant"), ["So."]);
    }

    #[test]
    fn bad_answers_and_nulls_say_what_is_wrong() {
        let raw = |answer: &str| why::<Step>(RAW, one(), answer);
        assert_eq!(raw("Why hot?"), "there is no `[[[Assistant]]]` in it");
        assert_eq!(raw("[[[Assistant]]] So."), "there is nothing before `[[[Assistant]]]`");
        assert_eq!(raw("Why? [[[Assistant]]]"), "there is nothing behind `[[[Assistant]]]`");
        let chat = |answer: &str| why::<Step>(r#"{"model": "small"}"#, one(), answer);
        assert_eq!(chat("Why hot?"), "there is no JSON in it");
        assert_eq!(chat(r#"{"user": "a"}"#), "there is no `assistant`");
        assert_eq!(chat(r#"{"user": "", "assistant": "b"}"#), "`user` is empty");
        let batch = test::batch().utf8("title", [None, Some("a")]).utf8("content", [Some("b"), None]);
        let output = test::run::<Step>(RAW, batch).unwrap();
        assert_eq!(reasons(&output), ["0: `title` is null", "1: `content` is null"]);
        assert!(fault::<Step>(r#"{"model": "small", "form": "own"}"#, one()).contains("one of `chat`, `raw`"));
    }
}
