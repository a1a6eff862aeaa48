//! Templates that models were trained with, by their published special tokens.
//!
//! A template says less than the code that models come with: nothing is checked for turns that take their turns, tools
//! have no form of their own, and no date or cutoff is put into a system prompt.

use super::{Name, Parts, Wrap};

impl Name {
    /// The template.
    pub(super) fn parts(self) -> Parts {
        match self {
            Self::Chatml => headed(("<|im_start|>", "\n"), "<|im_end|>\n"),
            Self::Llama_3 => Parts {
                begin: "<|begin_of_text|>".to_owned(),
                trim: true,
                ..headed(("<|start_header_id|>", "<|end_header_id|>\n\n"), "<|eot_id|>")
            },
            Self::Mistral => mistral(" "),
            Self::MistralTekken => mistral(""),
            Self::Gemma => gemma(),
            Self::Phi_3 => Parts { end: "<|endoftext|>".to_owned(), ..tagged("<|end|>\n") },
            Self::Zephyr => tagged("</s>\n"),
            Self::Alpaca => alpaca(),
            Self::Vicuna => vicuna(),
        }
    }

    /// The system prompt of a conversation without one, in the words that the model was trained with; mostly none.
    pub(super) fn system(self) -> &'static str {
        match self {
            Self::Alpaca => {
                "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            }
            Self::Vicuna => {
                "A chat between a curious user and an artificial intelligence assistant. \
                 The assistant gives helpful, detailed, and polite answers to the user's questions."
            }
            _ => "",
        }
    }
}

fn wrap(prefix: impl Into<String>, suffix: impl Into<String>) -> Wrap {
    Wrap { prefix: prefix.into(), suffix: suffix.into() }
}

/// Each turn begins with its role, whatever that is.
fn headed((before, behind): (&str, &str), end: &str) -> Parts {
    let turn = |role: &str| wrap(format!("{before}{role}{behind}"), end);
    Parts {
        system: turn("system"),
        user: turn("user"),
        assistant: turn("assistant"),
        other: Some(turn("{role}")),
        generation_prompt: turn("assistant").prefix,
        ..Parts::default()
    }
}

/// Each turn begins with a token of its role.
fn tagged(end: &str) -> Parts {
    Parts { other: None, ..headed(("<|", "|>\n"), end) }
}

/// With the system's turn before the user's next one. (Mistral's own code puts it before the last one.)
fn mistral(space: &str) -> Parts {
    Parts {
        begin: "<s>".to_owned(),
        system: wrap("", "\n\n"),
        user: wrap(format!("[INST]{space}"), "[/INST]"),
        assistant: wrap(space, "</s>"),
        system_in_user: true,
        ..Parts::default()
    }
}

fn gemma() -> Parts {
    let end = "<end_of_turn>\n";
    Parts {
        begin: "<bos>".to_owned(),
        system: wrap("", "\n\n"),
        user: wrap("<start_of_turn>user\n", end),
        assistant: wrap("<start_of_turn>model\n", end),
        generation_prompt: "<start_of_turn>model\n".to_owned(),
        system_in_user: true,
        trim: true,
        ..Parts::default()
    }
}

/// Without a token at the end: which that is the tokenizer knows.
fn alpaca() -> Parts {
    Parts {
        user: wrap("### Instruction:\n", ""),
        assistant: wrap("### Response:\n", ""),
        separator: "\n\n".to_owned(),
        generation_prompt: "### Response:\n".to_owned(),
        ..Parts::default()
    }
}

fn vicuna() -> Parts {
    Parts {
        system: wrap("", " "),
        user: wrap("USER: ", " "),
        assistant: wrap("ASSISTANT: ", "</s>"),
        generation_prompt: "ASSISTANT:".to_owned(),
        ..Parts::default()
    }
}
