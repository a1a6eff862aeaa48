//! A vocabulary that can write any bytes: one token a byte, as GPT-2 has them, and syllables on top.

use super::value::Value;

pub(super) const BEGIN: &str = "<|begin|>";
pub(super) const END: &str = "<|im_end|>";
const START: &str = "<|im_start|>";

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;

/// Tokens in the order of their numbers, and which two each syllable is made of.
pub(super) struct Vocabulary {
    tokens: Vec<String>,
    merges: Vec<String>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let mut tokens: Vec<String> = (0..=u8::MAX).map(|byte| letter(byte).to_string()).collect();
        let mut merges = Vec::new();
        let syllables = "bdfgklmnprstvz".chars().flat_map(|first| "aeiou".chars().map(move |then| (first, then)));
        for (first, then) in syllables.clone() {
            tokens.push(format!("{first}{then}"));
            merges.push(format!("{first} {then}"));
        }
        let space = letter(b' ');
        for (first, then) in syllables {
            tokens.push(format!("{space}{first}{then}"));
            merges.push(format!("{space} {first}{then}"));
        }
        tokens.extend([BEGIN, START, END].map(str::to_owned));
        Self { tokens, merges }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// How much likelier than others each token is, in nats. Without these, most of what the model says would be
    /// control characters and halves of letters, and it would seldom come to an end of a text or of a JSON string.
    pub(super) fn likings(&self) -> impl Iterator<Item = f32> + '_ {
        self.tokens.iter().enumerate().map(|(number, token)| match (number, token.as_str()) {
            (_, END | "\"") => 3.0,
            (_, BEGIN | START) => -9.0,
            (256.., _) => 2.0,
            (48..=57 | 44 | 46 | 123 | 125 | 91 | 93, _) => 0.0,
            (_, _) => -6.0,
        })
    }

    pub(super) fn facts(&self) -> Vec<(String, Value)> {
        let specials = 3;
        let kinds = (0..self.len()).map(|i| if i + specials < self.len() { NORMAL } else { CONTROL });
        let number = |token: &str| {
            let found = self.tokens.iter().position(|it| it == token).unwrap_or_default();
            Value::U32(found as u32)
        };
        let facts = [
            ("model", Value::Text("gpt2".into())),
            ("pre", Value::Text("llama-bpe".into())),
            ("tokens", Value::Texts(self.tokens.clone())),
            ("token_type", Value::Numbers(kinds.collect())),
            ("merges", Value::Texts(self.merges.clone())),
            ("bos_token_id", number(BEGIN)),
            ("eos_token_id", number(END)),
            ("padding_token_id", number(END)),
            ("add_bos_token", Value::Bool(true)),
        ];
        facts.map(|(key, value)| (format!("tokenizer.ggml.{key}"), value)).into()
    }
}

/// A byte as GPT-2's vocabulary writes it: itself where it can be seen, else a letter from U+0100 on.
fn letter(byte: u8) -> char {
    let seen = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if seen(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !seen(other)).count();
    char::from_u32(256 + before as u32).unwrap_or_default()
}
