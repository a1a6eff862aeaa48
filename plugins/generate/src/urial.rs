//! The task `urial`: a model without instruction tuning answers, because it is shown a document of questions and answers that
//! ends with the question.
//!
//! The method is that of Lin, Ravichander, Lu, Dziri, Sclar, Chandu, Bhagavatula, Choi: *The Unlocking Spell on Base LLMs:
//! Rethinking Alignment via In-Context Learning* (2023, arXiv:2312.01552). What differs: the preamble and the three examples
//! are our own, both can be replaced, and a conversation of several turns is part of the same document.

use stillroom_sdk::llm::{Answer, Message, Request, Role};
use stillroom_sdk::task::{Cell, ChatIn, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

const PREAMBLE: &str = include_str!("prompts/urial.txt");
const EXAMPLES: [(&str, &str); 3] = [
    (include_str!("prompts/urial-question-1.txt"), include_str!("prompts/urial-answer-1.txt")),
    (include_str!("prompts/urial-question-2.txt"), include_str!("prompts/urial-answer-2.txt")),
    (include_str!("prompts/urial-question-3.txt"), include_str!("prompts/urial-answer-3.txt")),
];
const QUESTION: &str = "## Question";
const ANSWER: &str = "## Answer";

params! {
    /// An example that the model is shown.
    pub struct Example {
        /// What was asked.
        pub instruction: String,
        /// A good answer.
        pub response: String,
    }
}

params! {
    /// Parameters of `urial`.
    pub struct UrialParams {
        /// What stands above the examples. Some of our own, where it is left out.
        pub preamble: Option<String> = None,
        /// The examples. Three of our own, where they are left out.
        pub examples: Option<Vec<Example>> = None,
    }
}

/// The step `urial`.
pub struct Urial {
    /// All that stands above the question.
    above: String,
    asked: From,
}

enum From {
    Instruction(TextIn),
    Messages(ChatIn),
}

impl Task for Urial {
    const NAME: &str = "urial";
    const SUMMARY: &str = "Have a base model answer, by examples.";
    const COLUMNS: &[Column] = &[
        Column::optional("instruction", &["utf8"], "What is asked for."),
        Column::optional(
            "messages",
            &["list", "large-list", "fixed-size-list"],
            "A conversation, whose last turn is the user's. Used where there is no `instruction`.",
        ),
    ];
    type Params = UrialParams;

    fn open(params: UrialParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("generation", DataType::Utf8);
        let asked = match (TextIn::optional(schema, "instruction")?, ChatIn::optional(schema, "messages")?) {
            (Some(instruction), _) => From::Instruction(instruction),
            (None, Some(messages)) => From::Messages(messages),
            (None, None) => return Err(Fault::params("there is neither a column `instruction` nor `messages`")),
        };
        let mut above = params.preamble.as_deref().unwrap_or(PREAMBLE).trim_end().to_owned();
        let mut example = |question: &str, answer: &str| {
            push(&mut above, QUESTION, question);
            push(&mut above, ANSWER, answer);
        };
        match &params.examples {
            Some(examples) => examples.iter().for_each(|of| example(&of.instruction, &of.response)),
            None => EXAMPLES.iter().for_each(|(question, answer)| example(question, answer)),
        }
        Ok(Self { above, asked })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let messages = match &self.asked {
            From::Instruction(instruction) => vec![Message::user(instruction.get(row)?)],
            From::Messages(messages) => messages.get(row)?,
        };
        if messages.last().is_none_or(|last| last.role != Role::User) {
            return Err("the last turn of `messages` is not the user's".to_owned());
        }
        let mut text = self.above.clone();
        for message in &messages {
            match message.role {
                // There is no system in such a document: what it says stands above it all.
                Role::System => text.insert_str(0, &format!("{}\n\n", message.content.trim())),
                Role::User => push(&mut text, QUESTION, &message.content),
                Role::Assistant => push(&mut text, ANSWER, &message.content),
            }
        }
        text.push_str(&format!("\n\n{ANSWER}\n\n"));
        Ok(Request::text(text).stop(format!("\n{QUESTION}")))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        // Not every server knows where to stop.
        let text = answer.text.split(&format!("\n{QUESTION}")).next().unwrap_or_default().trim();
        match text.is_empty() {
            true => Err("the answer is empty".to_owned()),
            false => Ok(vec![text.into()]),
        }
    }
}

fn push(text: &mut String, heading: &str, content: &str) {
    let gap = if text.is_empty() { "" } else { "\n\n" };
    text.push_str(&format!("{gap}{heading}\n\n{}", content.trim()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{chat, golden, reason};
    use stillroom_sdk::task::Asked;

    fn one() -> test::TestBatch {
        test::batch().utf8("instruction", [Some("Why is the sky blue?")])
    }

    #[test]
    fn the_request() {
        let asked = test::answering(["\nBecause of Rayleigh.\n\n## Question\n\nWhy?"]);
        let output = test::run::<Asked<Urial>>(r#"{"model": "base"}"#, one()).unwrap();
        asked.assert_golden(golden("urial"));
        assert_eq!(output.values::<Utf8>("generation"), [Some("Because of Rayleigh.")]);
    }

    #[test]
    fn a_conversation_with_examples_of_ones_own() {
        let asked = test::answering(["d"]);
        let turns = [("system", Some("s")), ("user", Some("a")), ("assistant", Some("b")), ("user", Some("c"))];
        let batch = test::batch().column("messages", chat(&turns));
        let params = r#"{"model": "base", "preamble": "", "examples": [{"instruction": "x", "response": "y"}]}"#;
        test::run::<Asked<Urial>>(params, batch).unwrap();
        asked.assert_golden(golden("urial-conversation"));
    }

    #[test]
    fn what_is_no_question_and_no_answer() {
        test::answering(["\n## Question"]);
        let output = test::run::<Asked<Urial>>(r#"{"model": "base"}"#, one()).unwrap();
        assert_eq!(reason(&output), "the answer is empty; the answer was:  ## Question");
        let batch = test::batch().column("messages", chat(&[("assistant", Some("a"))]));
        let output = test::run::<Asked<Urial>>(r#"{"model": "base"}"#, batch).unwrap();
        assert_eq!(reason(&output), "the last turn of `messages` is not the user's");
        let fault = test::run::<Asked<Urial>>(r#"{"model": "base"}"#, test::rows(1)).unwrap_err();
        assert_eq!(fault.message(), "there is neither a column `instruction` nor `messages`");
    }
}
