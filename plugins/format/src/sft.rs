//! `format/sft`, `format/chat-sft`: prompts and answers for supervised fine-tuning.
//!
//! `prompt` is the user's first turn and `prompt_id` its SHA-256, by which splits can be made that keep a prompt's rows
//! together. `messages` is what trainers such as TRL's take.

use crate::columns::{Rejections, needed};
use crate::opening::{INSTRUCTION, MESSAGES, Opening, Prompts, SYSTEM_PROMPT};
use crate::turns::ConversationBuilder;
use stillroom_sdk::*;

const GENERATION: Column = Column::required("generation", &["utf8"], "The assistant's answer.");

/// The step `sft`.
pub struct Sft(Inner);

/// The step `chat-sft`.
pub struct ChatSft(Inner);

/// What both have.
struct Inner {
    opening: Opening,
    generation: In<Utf8>,
}

impl Step for Sft {
    const NAME: &str = "sft";
    const SUMMARY: &str = "Make `prompt`, `prompt_id` and `messages` of an instruction and its generation.";
    const COLUMNS: &[Column] = &[SYSTEM_PROMPT, INSTRUCTION, GENERATION];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let opening = Opening::text(schema)?;
        Inner::open(opening, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.process(batch)
    }
}

impl Step for ChatSft {
    const NAME: &str = "chat-sft";
    const SUMMARY: &str = "Make `prompt` and `prompt_id` of a conversation, and put its generation behind it.";
    const COLUMNS: &[Column] = &[MESSAGES, GENERATION];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let opening = Opening::chat(schema)?;
        Inner::open(opening, schema).map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.0.process(batch)
    }
}

impl Inner {
    fn open(opening: Opening, schema: &mut Schema) -> Result<Self> {
        let generation = schema.input(GENERATION.name)?;
        Prompts::declare(schema);
        schema.output_field("messages", ConversationBuilder::data_type());
        Ok(Self { opening, generation })
    }

    fn process(&self, batch: &Batch) -> Result<Output> {
        let (openings, generations) = (self.opening.read(batch)?, batch.column(self.generation)?);
        let (mut prompts, mut messages) = (Prompts::default(), ConversationBuilder::default());
        let mut rejections = Rejections::default();
        for row in 0..batch.len() {
            let both = openings.row(row).and_then(|opened| Ok((opened, needed(generations, row, GENERATION.name)?)));
            let both = rejections.sift(row, both);
            prompts.push(both.as_ref().map(|(opened, _)| opened.prompt));
            messages.push(both.as_ref().map(|(opened, generation)| opened.answered(generation)));
        }
        Ok(rejections.tell(prompts.output().with(messages.build()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{chat, chats, reasons};

    #[test]
    fn instructions_become_messages() {
        let batch = test::batch().utf8("instruction", [Some("abc"), Some("ü"), None, Some("x")]);
        let batch = batch.utf8("system_prompt", [Some("s"), Some(""), None, None]);
        let output = test::run::<Sft>("{}", batch.utf8("generation", [Some("1"), Some("2"), Some("3"), None])).unwrap();
        assert_eq!(output.values::<Utf8>("prompt"), [Some("abc"), Some("ü"), None, None]);
        // As Python's `hashlib` gives them.
        let ids = [
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            Some("607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f"),
            None,
            None,
        ];
        assert_eq!(output.values::<Utf8>("prompt_id"), ids);
        assert_eq!(chats(&output, "messages"), ["system:s|user:abc|assistant:1", "user:ü|assistant:2", "-", "-"]);
        assert_eq!(reasons(&output), ["2: `instruction` is null", "3: `generation` is null"]);
    }

    #[test]
    fn conversations_are_answered() {
        let rows = [
            Some("system:s|user:first|assistant:a|user:second"),
            Some("user:only"),
            Some("assistant:a"),
            Some(""),
            None,
            Some("user:no answer"),
        ];
        let generations = [Some("b"), Some(""), Some("c"), Some("d"), Some("e"), None];
        let batch = test::batch().column("messages", chat(&rows)).utf8("generation", generations);
        let output = test::run::<ChatSft>("{}", batch).unwrap();
        assert_eq!(output.values::<Utf8>("prompt"), [Some("first"), Some("only"), None, None, None, None]);
        let made =
            ["system:s|user:first|assistant:a|user:second|assistant:b", "user:only|assistant:", "-", "-", "-", "-"];
        assert_eq!(chats(&output, "messages"), made);
        let expected = [
            "2: no turn of `messages` is the user's",
            "3: no turn of `messages` is the user's",
            "4: `messages` is null",
            "5: `generation` is null",
        ];
        assert_eq!(reasons(&output), expected);
    }

    #[test]
    fn turns_may_have_more_members_and_lie_otherwise() {
        let items = StructBuilder::new()
            .member("content", ["hi", "ho"].into_iter().map(Some).collect::<LargeUtf8Builder>())
            .member("weight", Int64Builder::from_values(vec![1, 2]))
            .member("role", ["user", "tool"].into_iter().map(Some).collect::<Utf8ViewBuilder>());
        let list = LargeListBuilder::from_lengths(items, [Some(2)]).unwrap();
        let batch = test::batch().column("messages", list).utf8("generation", [Some("x")]);
        assert_eq!(chats(&test::run::<ChatSft>("{}", batch).unwrap(), "messages"), ["user:hi|tool:ho|assistant:x"]);
    }

    #[test]
    fn turns_without_role_or_content_are_rejected() {
        let texts = |rows: [Option<&str>; 3]| rows.into_iter().collect::<Utf8Builder>();
        let turns = StructBuilder::new().member("role", texts([None, Some("user"), Some("user")]));
        let turns = turns.member("content", texts([Some("a"), None, Some("b")]));
        let turns = turns.validity([true, true, false].into_iter().collect());
        let list = ListBuilder::<_>::from_lengths(turns, [Some(1), Some(1), Some(1)]).unwrap();
        let batch = test::batch().column("messages", list).utf8("generation", [Some("x"); 3]);
        let expected = [
            "0: turn 0 of `messages` has no role",
            "1: turn 0 of `messages` has no content",
            "2: turn 0 of `messages` is null",
        ];
        assert_eq!(reasons(&test::run::<ChatSft>("{}", batch).unwrap()), expected);
    }

    #[test]
    fn a_column_that_is_no_conversation_is_refused() {
        let batch = test::batch().utf8("messages", [Some("hi")]).utf8("generation", [Some("x")]);
        let fault = test::run::<ChatSft>("{}", batch).unwrap_err();
        let expected = "column `messages` is utf8; it must be a list of structs with the texts `role` and `content`";
        assert_eq!(fault.message(), expected);
    }
}
