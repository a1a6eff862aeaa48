//! Writes a language model of a few hundred kilobytes: real in its format, with random weights.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

mod value;
mod weights;
mod words;

use value::{Value, put_string};
use weights::{Random, Tensor};
use words::{BEGIN, END, Vocabulary};

/// What the model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chat, completion and embedding: the architecture `llama`.
    Chat,
    /// Scoring a document by a query: `qwen3`, which llama.cpp reads a scoring head of.
    Rerank,
}

impl Kind {
    fn architecture(self) -> &'static str {
        match self {
            Self::Chat => "llama",
            Self::Rerank => "qwen3",
        }
    }
}

/// How many tokens a model of ours takes.
pub const CONTEXT: u32 = 4096;

const WIDTH: usize = 64;
const INNER: usize = 128;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const ALIGNMENT: usize = 32;

const CHAT_TEMPLATE: &str = "{% for message in messages %}<|im_start|>{{ message['role'] }}\n\
    {{ message['content'] }}<|im_end|>\n{% endfor %}\
    {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// Writes a model. The same seed gives the same bytes.
pub fn write(path: &Path, kind: Kind, seed: u64) -> Result<()> {
    fs::write(path, bytes(kind, seed)).with_context(|| format!("cannot write the model {}", path.display()))
}

/// A model as the bytes of its file.
pub fn bytes(kind: Kind, seed: u64) -> Vec<u8> {
    let words = Vocabulary::new();
    let (tensors, facts) = (tensors(kind, &words, seed), facts(kind, &words));
    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((facts.len() as u64).to_le_bytes());
    for (key, value) in facts {
        put_string(&mut out, &key);
        value.put(&mut out);
    }
    let mut offset = 0;
    for tensor in &tensors {
        tensor.describe(&mut out, offset);
        offset += tensor.size().next_multiple_of(ALIGNMENT) as u64;
    }
    for tensor in &tensors {
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        tensor.put(&mut out);
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    out
}

fn facts(kind: Kind, words: &Vocabulary) -> Vec<(String, Value)> {
    let name = kind.architecture();
    let mut facts = vec![
        ("general.architecture".into(), Value::Text(name.into())),
        ("general.name".into(), Value::Text(format!("stillroom-tiny-{name}"))),
        ("general.alignment".into(), Value::U32(ALIGNMENT as u32)),
    ];
    let shape = [
        ("context_length", CONTEXT as usize),
        ("embedding_length", WIDTH),
        ("block_count", LAYERS),
        ("feed_forward_length", INNER),
        ("attention.head_count", HEADS),
        ("attention.head_count_kv", HEADS),
        ("attention.key_length", WIDTH / HEADS),
        ("attention.value_length", WIDTH / HEADS),
        ("rope.dimension_count", WIDTH / HEADS),
        ("vocab_size", words.len()),
    ];
    facts.extend(shape.map(|(key, value)| (format!("{name}.{key}"), Value::U32(value as u32))));
    facts.push((format!("{name}.attention.layer_norm_rms_epsilon"), Value::F32(1e-5)));
    facts.push((format!("{name}.rope.freq_base"), Value::F32(10_000.0)));
    if kind == Kind::Rerank {
        // Two labels: with one, llama.cpp's softmax gives every document the score 1.
        let labels = vec!["yes".to_owned(), "no".to_owned()];
        facts.push((format!("{name}.classifier.output_labels"), Value::Texts(labels)));
        let template = format!("{BEGIN}{{query}}{END}{{document}}{END}");
        facts.push(("tokenizer.chat_template.rerank".into(), Value::Text(template)));
    }
    facts.extend(words.facts());
    facts.push(("tokenizer.chat_template".into(), Value::Text(CHAT_TEMPLATE.into())));
    facts
}

fn tensors(kind: Kind, words: &Vocabulary, seed: u64) -> Vec<Tensor> {
    let random = &mut Random::new(seed);
    let mut tensors = vec![
        weights::embedding(random, WIDTH, words.len()),
        Tensor::ones("output_norm.weight", WIDTH),
        weights::output(random, WIDTH, words),
    ];
    for layer in 0..LAYERS {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        tensors.push(Tensor::ones(&name("attn_norm"), WIDTH));
        for part in ["attn_q", "attn_k", "attn_v", "attn_output"] {
            tensors.push(weights::matrix(random, &name(part), WIDTH, WIDTH));
        }
        if kind == Kind::Rerank {
            tensors.push(Tensor::ones(&name("attn_q_norm"), WIDTH / HEADS));
            tensors.push(Tensor::ones(&name("attn_k_norm"), WIDTH / HEADS));
        }
        tensors.push(Tensor::ones(&name("ffn_norm"), WIDTH));
        tensors.push(weights::matrix(random, &name("ffn_gate"), WIDTH, INNER));
        tensors.push(weights::matrix(random, &name("ffn_up"), WIDTH, INNER));
        tensors.push(weights::matrix(random, &name("ffn_down"), INNER, WIDTH));
    }
    if kind == Kind::Rerank {
        tensors.push(weights::matrix(random, "cls.output.weight", WIDTH, 2));
    }
    tensors
}
