//! What comes before an answer: an instruction with or without a system prompt, or a conversation so far.

use crate::columns::{LISTS, Row, needed};
use crate::turns::{Conversations, Turn, conversations};
use sha2::{Digest, Sha256};
use stillroom_sdk::*;

/// The columns of an instruction.
pub(crate) const SYSTEM_PROMPT: Column = Column::optional(
    "system_prompt",
    &["utf8"],
    "The system prompt; without one, or with an empty one, there is no such turn.",
);
pub(crate) const INSTRUCTION: Column = Column::required("instruction", &["utf8"], "The user's turn.");
/// The column of a conversation.
pub(crate) const MESSAGES: Column =
    Column::required("messages", LISTS, "The conversation so far: lists of `role` and `content`.");

/// Where it stands.
pub(crate) enum Opening {
    Text { system_prompt: Option<In<Utf8>>, instruction: In<Utf8> },
    Chat(In<Any>),
}

impl Opening {
    /// Takes `instruction`, and `system_prompt` where the data has it.
    pub(crate) fn text(schema: &mut Schema) -> Result<Self> {
        let system_prompt = schema.optional_input(SYSTEM_PROMPT.name)?;
        Ok(Self::Text { system_prompt, instruction: schema.input(INSTRUCTION.name)? })
    }

    /// Takes `messages`.
    pub(crate) fn chat(schema: &mut Schema) -> Result<Self> {
        conversations(schema, MESSAGES.name).map(Self::Chat)
    }

    pub(crate) fn read<'a>(&self, batch: &'a Batch) -> Result<Openings<'a>> {
        Ok(match *self {
            Self::Text { system_prompt, instruction } => Openings::Text {
                system_prompt: system_prompt.map(|column| batch.column(column)).transpose()?,
                instruction: batch.column(instruction)?,
            },
            Self::Chat(messages) => Openings::Chat(Conversations::of(batch.column(messages)?)?),
        })
    }
}

/// The columns of a batch.
pub(crate) enum Openings<'a> {
    Text { system_prompt: Option<Utf8Column<'a>>, instruction: Utf8Column<'a> },
    Chat(Conversations<'a>),
}

/// That of a row.
pub(crate) struct Opened<'a> {
    pub(crate) turns: Vec<Turn<'a>>,
    /// The user's first turn.
    pub(crate) prompt: &'a str,
}

impl<'a> Opened<'a> {
    /// The turns, and an assistant's behind them.
    pub(crate) fn answered(&self, content: &'a str) -> impl Iterator<Item = Turn<'a>> {
        self.turns.iter().copied().chain([Turn::assistant(content)])
    }
}

impl<'a> Openings<'a> {
    pub(crate) fn row(&self, row: usize) -> Row<Opened<'a>> {
        let turns = match self {
            Self::Text { system_prompt, instruction } => {
                let system = system_prompt.and_then(|column| column.get(row)).filter(|prompt| !prompt.is_empty());
                let instruction = needed(*instruction, row, INSTRUCTION.name)?;
                system.map(Turn::system).into_iter().chain([Turn::user(instruction)]).collect()
            }
            Self::Chat(messages) => messages.row(row, MESSAGES.name)?,
        };
        let prompt = turns.iter().find(|turn| turn.role == "user").map(|turn| turn.content);
        Ok(Opened { prompt: prompt.ok_or("no turn of `messages` is the user's")?, turns })
    }
}

/// Builds the columns `prompt` and `prompt_id`, the SHA-256 of the prompt in lower-case hexadecimal digits.
#[derive(Default)]
pub(crate) struct Prompts {
    prompt: Utf8Builder,
    id: Utf8Builder,
}

impl Prompts {
    pub(crate) fn declare(schema: &mut Schema) {
        schema.output::<Utf8>("prompt");
        schema.output::<Utf8>("prompt_id");
    }

    pub(crate) fn push(&mut self, prompt: Option<&str>) {
        self.prompt.push(prompt);
        match prompt {
            Some(prompt) => self.id.append_with(|id| hex(&Sha256::digest(prompt.as_bytes()), id)),
            None => self.id.push_null(),
        }
    }

    pub(crate) fn output(self) -> Output {
        Output::of(self.prompt).with(self.id)
    }
}

fn hex(bytes: &[u8], out: &mut String) {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}
