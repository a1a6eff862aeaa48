//! What a model would answer, in the form of each protocol.

use serde_json::{Value, json};

use super::asked::Asked;
use super::numbers::{fraction, vector};
use super::wire::Answer;

mod forms;

/// A protocol's question, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Chat,
    Completion,
    Embedding,
    Rerank,
    Anthropic,
    Gemini,
    GeminiEmbedding,
    Cohere,
    CohereEmbedding,
    Bedrock,
    Models,
    Unknown,
}

impl Question {
    fn of(asked: &Asked) -> Self {
        let path = asked.route();
        let ends: [(&str, Self); 12] = [
            ("/chat/completions", Self::Chat),
            ("/completions", Self::Completion),
            ("/embeddings", Self::Embedding),
            ("/rerank", Self::Rerank),
            ("/messages", Self::Anthropic),
            (":generateContent", Self::Gemini),
            (":batchEmbedContents", Self::GeminiEmbedding),
            ("/v2/chat", Self::Cohere),
            ("/v2/embed", Self::CohereEmbedding),
            ("/converse", Self::Bedrock),
            ("/models", Self::Models),
            ("/health", Self::Models),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map_or(Self::Unknown, |(_, question)| question)
    }
}

/// A text that was said, and what is counted of it.
struct Said {
    text: String,
    /// Each with the space before it.
    tokens: Vec<String>,
    cut: bool,
}

impl Said {
    fn new(mut text: String, limit: Option<usize>) -> Self {
        let mut tokens: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let cut = limit.is_some_and(|limit| tokens.len() > limit);
        if cut {
            tokens.truncate(limit.unwrap_or_default());
            text = tokens.concat();
        }
        Self { text, tokens, cut }
    }
}

/// The answer to a request; `say` has the texts. `limited`: the request's limit of tokens holds.
pub(super) fn answer(asked: &Asked, say: &dyn Fn(usize) -> String, limited: bool) -> Answer {
    let question = Question::of(asked);
    let limits =
        ["/max_tokens", "/max_completion_tokens", "/generationConfig/maxOutputTokens", "/inferenceConfig/maxTokens"];
    let limit = asked.number_at(&limits).filter(|_| limited);
    let samples = asked.number_at(&["/n", "/generationConfig/candidateCount"]).unwrap_or(1);
    let said = || (0..samples).map(|sample| Said::new(say(sample), limit)).collect::<Vec<_>>();
    let body = match question {
        Question::Chat => forms::chat(asked, &said()),
        Question::Completion => forms::completion(asked, &said()),
        Question::Anthropic => forms::anthropic(asked, &Said::new(say(0), limit)),
        Question::Gemini => forms::gemini(asked, &said()),
        Question::Cohere => forms::cohere(asked, &Said::new(say(0), limit)),
        Question::Bedrock => forms::bedrock(asked, &Said::new(say(0), limit)),
        Question::Embedding => embeddings(asked),
        Question::GeminiEmbedding => {
            let of = |request: &Value| json!({"values": vector(&request["content"].to_string(), 8)});
            json!({"embeddings": list(&asked.body["requests"]).map(of).collect::<Vec<_>>()})
        }
        Question::CohereEmbedding => {
            let floats: Vec<_> = list(&asked.body["texts"]).map(|text| vector(&text.to_string(), 8)).collect();
            json!({"id": asked.hash, "embeddings": {"float": floats}, "texts": asked.body["texts"],
                "meta": {"billed_units": {"input_tokens": prompt_tokens(asked)}}})
        }
        Question::Rerank => rerank(asked),
        Question::Models => json!({"object": "list", "data": [{"id": crate::MODEL, "object": "model"}]}),
        Question::Unknown => return refuse(asked, 404, None),
    };
    Answer::json(200, &body)
}

/// A status with a message in the protocol's own form.
pub(super) fn refuse(asked: &Asked, status: u16, retry_after: Option<&str>) -> Answer {
    let message = format!("the test's server answers {} with {status}", asked.route());
    let kind = match status {
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let body = match Question::of(asked) {
        Question::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
        Question::Gemini | Question::GeminiEmbedding => {
            let name = if status == 429 { "RESOURCE_EXHAUSTED" } else { "INTERNAL" };
            json!({"error": {"code": status, "message": message, "status": name}})
        }
        Question::Cohere | Question::CohereEmbedding | Question::Bedrock => json!({"message": message}),
        _ => json!({"error": {"message": message, "type": kind, "param": null, "code": status.to_string()}}),
    };
    let mut answer = Answer::json(status, &body);
    answer.headers.extend(retry_after.map(|after| ("retry-after".to_owned(), after.to_owned())));
    answer
}

fn embeddings(asked: &Asked) -> Value {
    let size = asked.number_at(&["/dimensions"]).unwrap_or(8);
    let of = |(index, text): (usize, &Value)| {
        let vector = vector(&text.to_string(), size);
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = list(&asked.body["input"]).enumerate().map(of).collect();
    let tokens = prompt_tokens(asked);
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    json!({"object": "list", "model": asked.body["model"], "data": data, "usage": usage})
}

/// Best first, as all servers answer.
fn rerank(asked: &Asked) -> Value {
    let score = |document: &Value| fraction(&format!("{}{document}", asked.body["query"]));
    let mut scores: Vec<(usize, f64)> = list(&asked.body["documents"]).map(score).enumerate().collect();
    scores.sort_by(|left, right| right.1.total_cmp(&left.1));
    scores.truncate(asked.number_at(&["/top_n"]).unwrap_or(usize::MAX));
    let of = |&(index, score): &(usize, f64)| json!({"index": index, "relevance_score": score});
    let results: Vec<Value> = scores.iter().map(of).collect();
    let usage = json!({"total_tokens": prompt_tokens(asked)});
    json!({"id": asked.hash, "model": asked.body["model"], "results": results,
        "meta": {"billed_units": {"search_units": 1}}, "usage": usage})
}

/// A list's values, or the one value that is no list.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn prompt_tokens(asked: &Asked) -> usize {
    asked.prompt().split_whitespace().count()
}
