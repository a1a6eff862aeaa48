//! The task `chat`: a conversation whose last turn is the user's is answered.

use stillroom_sdk::llm::{Answer, Message, Request, Role};
use stillroom_sdk::task::{Cell, ChatIn, Columns, Row, Task};
use stillroom_sdk::*;

params! {
    /// Parameters of `chat`.
    pub struct ChatParams {
        /// What the system says in conversations that do not begin with that.
        pub system_prompt: Option<String> = None,
        /// Whether `messages` is made again, with the answer as its last turn.
        pub extend: bool = false,
        /// Texts at which an answer ends.
        pub stop: Vec<String> = Vec::new(),
    }
}

/// The step `chat`.
pub struct Chat {
    messages: ChatIn,
    system: Option<String>,
    extend: bool,
    stop: Vec<String>,
}

impl Task for Chat {
    const NAME: &str = "chat";
    const SUMMARY: &str = "Answer the last turn of a conversation.";
    const COLUMNS: &[Column] = &[Column::required(
        "messages",
        &["list", "large-list", "fixed-size-list"],
        "The conversation: a list of structs with the texts `role` and `content`.",
    )];
    type Params = ChatParams;

    fn open(params: ChatParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("generation", DataType::Utf8);
        if params.extend {
            columns.add_chat("messages");
        }
        let ChatParams { system_prompt, extend, stop } = params;
        Ok(Self { messages: ChatIn::take(schema, "messages")?, system: system_prompt, extend, stop })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let messages = self.messages(row)?;
        match messages.last().map(|message| message.role) {
            Some(Role::User) => Ok(self.stop.iter().fold(Request::chat(messages), Request::stop)),
            Some(role) => Err(format!("the last turn of `messages` is of `{}`; it must be of `user`", role.name())),
            None => Err("`messages` has no turn".to_owned()),
        }
    }

    fn parse(&self, row: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let mut cells = vec![Cell::from(answer.text.as_str())];
        if self.extend {
            let mut messages = self.messages(row)?;
            messages.push(Message::assistant(answer.text.as_str()));
            let cell = |message: Message| Cell::Struct(vec![message.role.name().into(), message.content.into()]);
            cells.push(Cell::List(messages.into_iter().map(cell).collect()));
        }
        Ok(cells)
    }
}

impl Chat {
    fn messages(&self, row: Row<'_>) -> Result<Vec<Message>, String> {
        let mut messages = self.messages.get(row)?;
        let begins = messages.first().is_some_and(|message| message.role == Role::System);
        if let Some(system) = self.system.as_ref().filter(|_| !begins && !messages.is_empty()) {
            messages.insert(0, Message::system(system));
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{chat, golden, reason};
    use stillroom_sdk::task::Asked;

    fn run(params: &str, turns: &[(&str, Option<&str>)]) -> test::TestOutput {
        test::run::<Asked<Chat>>(params, test::batch().column("messages", chat(turns))).unwrap()
    }

    #[test]
    fn the_request_and_the_conversation_with_its_answer() {
        let asked = test::answering(["Four."]);
        let turns = [("user", Some("1 + 1?")), ("assistant", Some("Two.")), ("user", Some("2 + 2?"))];
        let output = run(r#"{"model": "small", "system-prompt": "Add.", "extend": true}"#, &turns);
        asked.assert_golden(golden("chat"));
        assert_eq!(output.values::<Utf8>("generation"), [Some("Four.")]);
        let turns = output.column::<List<Struct>>("messages").values();
        let member = |name: &str| turns.member::<Utf8>(name).unwrap().iter().flatten().collect::<Vec<_>>();
        assert_eq!(member("role"), ["system", "user", "assistant", "user", "assistant"]);
        assert_eq!(member("content"), ["Add.", "1 + 1?", "Two.", "2 + 2?", "Four."]);
    }

    #[test]
    fn a_conversation_keeps_its_own_system() {
        let asked = test::answering(["b"]);
        run(r#"{"model": "small", "system-prompt": "Add."}"#, &[("system", Some("Own.")), ("user", Some("a"))]);
        assert_eq!(asked.requests(), [Request::with_system("Own.", "a")]);
    }

    #[test]
    fn what_cannot_be_answered_is_rejected() {
        test::answering(["b"]);
        let reason = |turns: &[(&str, Option<&str>)]| reason(&run(r#"{"model": "small"}"#, turns)).to_owned();
        assert_eq!(reason(&[]), "`messages` has no turn");
        let last = "the last turn of `messages` is of `assistant`; it must be of `user`";
        assert_eq!(reason(&[("user", Some("a")), ("assistant", Some("b"))]), last);
        assert_eq!(reason(&[("tool", Some("a"))]), "turn 0 of `messages` is of nobody we know: `tool`");
        assert_eq!(reason(&[("user", None)]), "turn 0 of `messages` has no content");
    }
}
