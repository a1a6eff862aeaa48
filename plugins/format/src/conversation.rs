//! `format/conversation`: an instruction and its response as a conversation.

use crate::columns::{Rejections, needed};
use crate::opening::{INSTRUCTION, Opening, SYSTEM_PROMPT};
use crate::turns::ConversationBuilder;
use stillroom_sdk::*;

const RESPONSE: Column = Column::required("response", &["utf8"], "The assistant's turn.");

/// The step.
pub struct Conversation {
    opening: Opening,
    response: In<Utf8>,
}

impl Step for Conversation {
    const NAME: &str = "conversation";
    const SUMMARY: &str = "Make a conversation of an instruction, its response and a system prompt.";
    const COLUMNS: &[Column] = &[SYSTEM_PROMPT, INSTRUCTION, RESPONSE];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let opening = Opening::text(schema)?;
        let response = schema.input(RESPONSE.name)?;
        schema.output_field("conversation", ConversationBuilder::data_type());
        Ok(Self { opening, response })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let (openings, responses) = (self.opening.read(batch)?, batch.column(self.response)?);
        let (mut conversation, mut rejections) = (ConversationBuilder::default(), Rejections::default());
        for row in 0..batch.len() {
            let both = openings.row(row).and_then(|opened| Ok((opened, needed(responses, row, RESPONSE.name)?)));
            let both = rejections.sift(row, both);
            conversation.push(both.as_ref().map(|(opened, response)| opened.answered(response)));
        }
        Ok(rejections.tell(Output::of(conversation.build()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{chats, reasons};

    #[test]
    fn two_or_three_turns_are_made() {
        let batch = test::batch().utf8("instruction", [Some("hi"), Some(""), Some("Grüß Gott 👋")]);
        let batch = batch.utf8("response", [Some("hello"), Some(""), Some("日本語")]);
        let output = test::run::<Conversation>("{}", batch.clone()).unwrap();
        assert_eq!(
            chats(&output, "conversation"),
            ["user:hi|assistant:hello", "user:|assistant:", "user:Grüß Gott 👋|assistant:日本語"]
        );
        assert_eq!(output.data_type("conversation").to_string(), "list<struct<role: utf8, content: utf8>>");
        let output =
            test::run::<Conversation>("{}", batch.utf8("system_prompt", [Some("be brief"), None, Some("")])).unwrap();
        let expected =
            ["system:be brief|user:hi|assistant:hello", "user:|assistant:", "user:Grüß Gott 👋|assistant:日本語"];
        assert_eq!(chats(&output, "conversation"), expected);
    }

    #[test]
    fn rows_without_a_turn_are_rejected() {
        let batch = test::batch().utf8("instruction", [None, Some("a"), Some("b")]);
        let output = test::run::<Conversation>("{}", batch.utf8("response", [Some("x"), None, Some("y")])).unwrap();
        assert_eq!(reasons(&output), ["0: `instruction` is null", "1: `response` is null"]);
        assert_eq!(chats(&output, "conversation"), ["-", "-", "user:b|assistant:y"]);
    }

    #[test]
    fn no_rows_are_no_rows() {
        let none = std::iter::empty::<Option<&str>>;
        let batch = test::batch().utf8("instruction", none()).utf8("response", none());
        assert!(test::run::<Conversation>("{}", batch).unwrap().is_empty());
    }
}
