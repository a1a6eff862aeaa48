use stillroom_sdk::llm::Request;
use stillroom_sdk::{Fault, Result, choices, params};

use super::talk::{Speaker, Talk};

choices! {
    /// The form of a model's chats.
    pub enum Template {
        /// Llama 3, 3.1, 3.2 and 3.3.
        Llama3,
        /// Qwen 2, 2.5 and 3.
        Qwen2,
        /// ChatML, as many models have it.
        Chatml,
        /// Mistral (tokenizer V3): no system turn, so it stands in the user's first.
        Mistral,
        /// Gemma, 2 and 3: no system turn, so it stands in the user's first.
        Gemma,
        /// Phi 3 and 3.5.
        Phi3,
        /// Zephyr.
        Zephyr,
    }
}

params! {
    /// The parts of a form of chats.
    pub struct Parts {
        /// What the text begins with, if `begin-token` says so.
        pub begin: String = String::new(),
        /// What stands before the system's turn. Where there is none, it stands in the user's first.
        pub system_prefix: Option<String> = None,
        /// What stands behind it.
        pub system_suffix: String = String::new(),
        /// What stands before the user's turn: what the model goes on with.
        pub user_prefix: String,
        /// What stands behind it.
        pub user_suffix: String,
        /// What stands before the assistant's turn.
        pub assistant_prefix: String,
        /// What stands behind it.
        pub assistant_suffix: String,
        /// Texts where a turn ends, beside the suffixes.
        pub stop: Vec<String> = Vec::new(),
    }
}

/// The form that talks are written in.
#[derive(Debug)]
pub(super) struct Form {
    parts: Parts,
    stop: Vec<String>,
}

impl Form {
    pub(super) fn of(template: Template, parts: Option<Parts>, begin_token: bool) -> Result<Self> {
        let mut parts = parts.unwrap_or_else(|| template.parts());
        if !begin_token {
            parts.begin.clear();
        }
        let mut stop: Vec<String> = Vec::new();
        // What the pipeline says is taken as it says it; of a suffix, white space around it is nothing to stop at.
        let suffixes = [parts.user_suffix.trim(), parts.assistant_suffix.trim()];
        for text in suffixes.into_iter().chain(parts.stop.iter().map(String::as_str)) {
            if !text.is_empty() && !stop.iter().any(|known| known == text) {
                stop.push(text.to_owned());
            }
        }
        match stop.is_empty() {
            true => Err(Fault::params("nothing in `parts` says where a turn ends; give a `user-suffix` or a `stop`")),
            false => Ok(Self { parts, stop }),
        }
    }

    /// What is asked for the next turn of a talk. Prompts of rows are often the same, so a user's turn has a seed too.
    pub(super) fn request(&self, talk: &mut Talk, speaker: Speaker) -> Request {
        let mut request = Request::text(self.write(talk, speaker));
        request.stop.clone_from(&self.stop);
        // No server has trouble with a seed of 31 bits.
        request.seed = (speaker == Speaker::User).then(|| talk.dice.below(i32::MAX as usize) as u64);
        request
    }

    /// A turn without what a server left of where it ends.
    pub(super) fn cut<'a>(&self, text: &'a str) -> &'a str {
        let end = self.stop.iter().filter_map(|stop| text.find(stop.as_str())).min();
        end.and_then(|end| text.get(..end)).unwrap_or(text)
    }

    /// The talk so far, and the beginning of the next turn.
    fn write(&self, talk: &Talk, next: Speaker) -> String {
        let parts = &self.parts;
        let mut text = parts.begin.clone();
        let mut in_user = None;
        match (&talk.system, &parts.system_prefix) {
            (Some(system), Some(prefix)) => text.extend([prefix, system, &parts.system_suffix].map(String::as_str)),
            (Some(system), None) => in_user = Some(format!("{system}\n\n")),
            (None, _) => {}
        }
        let mut begin = |speaker: Speaker, text: &mut String| {
            text.push_str(if speaker == Speaker::User { &parts.user_prefix } else { &parts.assistant_prefix });
            text.push_str(&in_user.take().unwrap_or_default());
        };
        for (speaker, said) in &talk.turns {
            begin(*speaker, &mut text);
            text.push_str(said);
            text.push_str(if *speaker == Speaker::User { &parts.user_suffix } else { &parts.assistant_suffix });
        }
        begin(next, &mut text);
        // Where a turn begins with a space, that space is a part of its first token, which the model is to write.
        text.truncate(text.trim_end_matches(' ').len());
        text
    }
}

impl Template {
    /// As the models' own templates have them.
    fn parts(self) -> Parts {
        match self {
            Self::Llama3 => {
                let header = |role: &str| format!("<|start_header_id|>{role}<|end_header_id|>\n\n");
                let prefixes = [header("system"), header("user"), header("assistant")];
                tagged("<|begin_of_text|>", prefixes, "<|eot_id|>", &["<|start_header_id|>", "<|end_of_text|>"])
            }
            Self::Qwen2 | Self::Chatml => {
                let prefixes = ["system", "user", "assistant"].map(|role| format!("<|im_start|>{role}\n"));
                tagged("", prefixes, "<|im_end|>\n", &["<|im_start|>", "<|endoftext|>"])
            }
            Self::Phi3 => {
                let prefixes = ["system", "user", "assistant"].map(|role| format!("<|{role}|>\n"));
                tagged("<s>", prefixes, "<|end|>\n", &["<|endoftext|>"])
            }
            Self::Zephyr => {
                let prefixes = ["system", "user", "assistant"].map(|role| format!("<|{role}|>\n"));
                tagged("", prefixes, "</s>\n", &["<|user|>", "<|assistant|>"])
            }
            Self::Gemma => {
                let prefixes = ["", "user", "model"].map(|role| format!("<start_of_turn>{role}\n"));
                Parts { system_prefix: None, ..tagged("<bos>", prefixes, "<end_of_turn>\n", &["<start_of_turn>"]) }
            }
            Self::Mistral => {
                let parts = tagged("<s>", ["", "[INST] ", " "].map(str::to_owned), "</s>", &["[INST]"]);
                Parts { system_prefix: None, user_suffix: "[/INST]".to_owned(), ..parts }
            }
        }
    }
}

/// Where every turn ends alike. `prefixes`: of the system, the user and the assistant.
fn tagged(begin: &str, prefixes: [String; 3], suffix: &str, stop: &[&str]) -> Parts {
    let [system, user, assistant] = prefixes;
    Parts {
        begin: begin.to_owned(),
        system_prefix: Some(system),
        system_suffix: suffix.to_owned(),
        user_prefix: user,
        user_suffix: suffix.to_owned(),
        assistant_prefix: assistant,
        assistant_suffix: suffix.to_owned(),
        stop: stop.iter().map(|stop| (*stop).to_owned()).collect(),
    }
}
