//! `format/template`: a conversation written out as the one text that a model is trained on.
//!
//! The text is what stands at the beginning, then each turn between its role's prefix and suffix with a separator
//! between turns, then either what asks the assistant to go on (`add-generation-prompt`) or what stands at the end.
//! The named templates are in `known`; with `parts` all of it can be told.
//!
//! A tokenizer that puts its own token at the beginning makes two of them: `begin-token: false` leaves that one out.

mod known;

use crate::columns::{Rejections, Row};
use crate::opening::MESSAGES;
use crate::turns::{Conversations, Turn, conversations};
use stillroom_sdk::*;

choices! {
    /// Templates by name.
    #[expect(non_camel_case_types, reason = "in JSON the names have hyphens before their numbers")]
    pub enum Name {
        /// `<|im_start|>`: many models'. Qwen's own adds a system prompt, which `system` can give.
        Chatml,
        /// `<|start_header_id|>`: Llama 3.
        Llama_3,
        /// `[INST]` with spaces: Mistral's tokenizer V3.
        Mistral,
        /// `[INST]` without spaces: Mistral's tokenizer V3-Tekken.
        MistralTekken,
        /// `<start_of_turn>`: Gemma; a system turn stands in the user's, as in Gemma 3.
        Gemma,
        /// `<|user|>` and `<|end|>`: Phi-3, without the `<s>` of its first revision.
        Phi_3,
        /// `<|user|>` and `</s>`: Zephyr.
        Zephyr,
        /// `### Instruction:`: Alpaca, with its system prompt where there is none.
        Alpaca,
        /// `USER:`: Vicuna 1.1, with its system prompt where there is none.
        Vicuna,
    }
}

params! {
    /// What stands around a turn, with `{role}` where its role's name goes.
    pub struct Wrap {
        /// Before it.
        pub prefix: String = String::new(),
        /// Behind it.
        pub suffix: String = String::new(),
    }
}

params! {
    /// A template.
    pub struct Parts {
        /// What stands at the beginning.
        pub begin: String = String::new(),
        /// Around a system turn.
        pub system: Wrap = Wrap::default(),
        /// Around a user's turn.
        pub user: Wrap = Wrap::default(),
        /// Around an assistant's turn.
        pub assistant: Wrap = Wrap::default(),
        /// Around a turn of any other role; without it a conversation that has one is rejected.
        pub other: Option<Wrap> = None,
        /// Between two turns.
        pub separator: String = String::new(),
        /// What stands at the end, unless the assistant is asked to go on.
        pub end: String = String::new(),
        /// What asks the assistant to go on.
        pub generation_prompt: String = String::new(),
        /// A system turn stands in the next user's turn, behind that one's prefix.
        pub system_in_user: bool = false,
        /// White space around a turn's content is left out.
        pub trim: bool = false,
    }
}

params! {
    /// Parameters of `template`.
    pub struct TemplateParams {
        /// The template.
        pub template: Name = Name::Chatml,
        /// One of your own instead.
        pub parts: Option<Parts> = None,
        /// The system prompt of a conversation that does not begin with one; an empty one is none.
        pub system: Option<String> = None,
        /// Whether the text begins with the template's token for that.
        pub begin_token: bool = true,
        /// Whether the text ends with what asks the assistant to go on.
        pub add_generation_prompt: bool = false,
    }
}

/// The step.
pub struct Template {
    messages: In<Any>,
    parts: Parts,
    /// Empty where there is none.
    system: String,
    add_generation_prompt: bool,
}

impl Step for Template {
    const NAME: &str = "template";
    const SUMMARY: &str = "Write a conversation out as one text, by a model's chat template or one of your own.";
    const COLUMNS: &[Column] = &[MESSAGES];
    type Params = TemplateParams;

    fn open(params: TemplateParams, schema: &mut Schema) -> Result<Self> {
        let messages = conversations(schema, MESSAGES.name)?;
        schema.output::<Utf8>("text");
        let (mut parts, system) = match params.parts {
            Some(parts) => (parts, String::new()),
            None => (params.template.parts(), params.template.system().to_owned()),
        };
        if !params.begin_token {
            parts.begin.clear();
        }
        let system = params.system.unwrap_or(system);
        Ok(Self { messages, parts, system, add_generation_prompt: params.add_generation_prompt })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let messages = Conversations::of(batch.column(self.messages)?)?;
        let mut rejections = Rejections::default();
        let row = |row| {
            let text = messages.row(row, MESSAGES.name).and_then(|turns| self.text(&turns));
            rejections.sift(row, text)
        };
        let text: Utf8Builder = (0..batch.len()).map(row).collect();
        Ok(rejections.tell(Output::of(text)))
    }
}

impl Template {
    fn text(&self, turns: &[Turn<'_>]) -> Row<String> {
        let own = turns.first().is_some_and(|turn| turn.role == "system") || self.system.is_empty();
        let given = (!own).then(|| Turn::system(&self.system));
        let mut writer = Writer { parts: &self.parts, text: self.parts.begin.clone(), system: None, turns: 0 };
        given.iter().chain(turns).try_for_each(|turn| writer.turn(*turn))?;
        writer.finish(self.add_generation_prompt)
    }
}

/// A text under construction.
struct Writer<'a> {
    parts: &'a Parts,
    text: String,
    /// What the system said, to be written in the user's turn.
    system: Option<&'a str>,
    turns: usize,
}

impl<'a> Writer<'a> {
    fn turn(&mut self, Turn { role, content }: Turn<'a>) -> Row<()> {
        let content = if self.parts.trim { content.trim() } else { content };
        let wrap = match role {
            "system" if self.parts.system_in_user => return self.keep_system(content),
            "system" => &self.parts.system,
            "user" => &self.parts.user,
            "assistant" => &self.parts.assistant,
            _ => self.parts.other.as_ref().ok_or_else(|| format!("the template has no role `{role}`"))?,
        };
        self.separate();
        self.text.push_str(&wrap.prefix.replace("{role}", role));
        if let Some(system) = self.system.take_if(|_| role == "user") {
            let Wrap { prefix, suffix } = &self.parts.system;
            [prefix, system, suffix].into_iter().for_each(|part| self.text.push_str(part));
        }
        self.text.push_str(content);
        self.text.push_str(&wrap.suffix.replace("{role}", role));
        Ok(())
    }

    fn keep_system(&mut self, content: &'a str) -> Row<()> {
        match self.system.replace(content) {
            Some(_) => Err("two system turns come before a user's".to_owned()),
            None => Ok(()),
        }
    }

    fn separate(&mut self) {
        self.text.push_str(if self.turns > 0 { &self.parts.separator } else { "" });
        self.turns += 1;
    }

    fn finish(mut self, add_generation_prompt: bool) -> Row<String> {
        match self.system {
            Some(_) => return Err("no user's turn follows the system's".to_owned()),
            None if self.turns == 0 => return Err("`messages` has no turns".to_owned()),
            None if add_generation_prompt => {
                self.separate();
                self.text.push_str(&self.parts.generation_prompt);
            }
            None => self.text.push_str(&self.parts.end),
        }
        Ok(self.text)
    }
}

#[cfg(test)]
mod tests;
