//! The protocols' answers to a prompt.

use serde_json::{Value, json};

use super::super::asked::Asked;
use super::super::numbers::fraction;
use super::{Said, prompt_tokens};

/// OpenAI's, and so Azure's and Mistral's.
pub(super) fn chat(asked: &Asked, said: &[Said]) -> Value {
    let tool = asked.forced_tool();
    let choice = |(index, said): (usize, &Said)| {
        let message = match tool {
            None => json!({"role": "assistant", "content": said.text}),
            Some(name) => {
                let call = json!({"id": "call_1", "type": "function",
                    "function": {"name": name, "arguments": said.text}});
                json!({"role": "assistant", "content": null, "tool_calls": [call]})
            }
        };
        let finish = if tool.is_some() { "tool_calls" } else { finish(said, "stop", "length") };
        let logprobs = (asked.body["logprobs"] == true).then(|| json!({"content": logprobs(asked, said)}));
        json!({"index": index, "message": message, "finish_reason": finish, "logprobs": logprobs})
    };
    let choices: Vec<Value> = said.iter().enumerate().map(choice).collect();
    openai(asked, "chat.completion", said, choices)
}

/// OpenAI's answer to a bare text.
pub(super) fn completion(asked: &Asked, said: &[Said]) -> Value {
    let choice = |(index, said): (usize, &Said)| {
        let logprobs = asked.body["logprobs"].as_u64().map(|_| {
            let (tokens, values): (Vec<_>, Vec<_>) = said.tokens.iter().map(|token| (token, likely(token))).unzip();
            json!({"tokens": tokens, "token_logprobs": values})
        });
        let finish = finish(said, "stop", "length");
        json!({"index": index, "text": said.text, "finish_reason": finish, "logprobs": logprobs})
    };
    let choices: Vec<Value> = said.iter().enumerate().map(choice).collect();
    openai(asked, "text_completion", said, choices)
}

pub(super) fn anthropic(asked: &Asked, said: &Said) -> Value {
    let (content, stop) = match asked.forced_tool() {
        None => (json!({"type": "text", "text": said.text}), finish(said, "end_turn", "max_tokens")),
        Some(name) => (json!({"type": "tool_use", "id": "toolu_1", "name": name, "input": parsed(said)}), "tool_use"),
    };
    let usage = json!({"input_tokens": prompt_tokens(asked), "output_tokens": said.tokens.len()});
    json!({"id": format!("msg_{}", asked.hash), "type": "message", "role": "assistant", "model": asked.body["model"],
        "content": [content], "stop_reason": stop, "stop_sequence": null, "usage": usage})
}

pub(super) fn gemini(asked: &Asked, said: &[Said]) -> Value {
    let candidate = |(index, said): (usize, &Said)| {
        json!({"index": index, "finishReason": finish(said, "STOP", "MAX_TOKENS"),
            "content": {"role": "model", "parts": [{"text": said.text}]}})
    };
    let (asked_for, made) = (prompt_tokens(asked), total(said));
    let usage =
        json!({"promptTokenCount": asked_for, "candidatesTokenCount": made, "totalTokenCount": asked_for + made});
    json!({"candidates": said.iter().enumerate().map(candidate).collect::<Vec<_>>(), "usageMetadata": usage,
        "modelVersion": crate::MODEL, "responseId": asked.hash})
}

pub(super) fn cohere(asked: &Asked, said: &Said) -> Value {
    let tokens = json!({"input_tokens": prompt_tokens(asked), "output_tokens": said.tokens.len()});
    json!({"id": asked.hash, "finish_reason": finish(said, "COMPLETE", "MAX_TOKENS"),
        "message": {"role": "assistant", "content": [{"type": "text", "text": said.text}]},
        "usage": {"billed_units": tokens, "tokens": tokens}})
}

pub(super) fn bedrock(asked: &Asked, said: &Said) -> Value {
    let (content, stop) = match asked.forced_tool() {
        None => (json!({"text": said.text}), finish(said, "end_turn", "max_tokens")),
        Some(name) => (json!({"toolUse": {"toolUseId": "tool_1", "name": name, "input": parsed(said)}}), "tool_use"),
    };
    let (asked_for, made) = (prompt_tokens(asked), said.tokens.len());
    let usage = json!({"inputTokens": asked_for, "outputTokens": made, "totalTokens": asked_for + made});
    json!({"output": {"message": {"role": "assistant", "content": [content]}}, "stopReason": stop, "usage": usage,
        "metrics": {"latencyMs": 1}})
}

fn openai(asked: &Asked, object: &str, said: &[Said], choices: Vec<Value>) -> Value {
    let (asked_for, made) = (prompt_tokens(asked), total(said));
    let usage = json!({"prompt_tokens": asked_for, "completion_tokens": made, "total_tokens": asked_for + made});
    json!({"id": format!("chatcmpl-{}", asked.hash), "object": object, "created": 0, "model": asked.body["model"],
        "choices": choices, "usage": usage})
}

fn logprobs(asked: &Asked, said: &Said) -> Vec<Value> {
    let of = |token: &str| json!({"token": token, "logprob": likely(token), "bytes": token.as_bytes()});
    let top = asked.number_at(&["/top_logprobs"]).unwrap_or_default();
    let full = |token: &String| {
        let mut it = of(token);
        // Itself, and others that are less likely.
        let others =
            (1..top).map(|other| json!({"token": format!("other{other}"), "logprob": likely(token) - other as f64}));
        it["top_logprobs"] = (0..top.min(1)).map(|_| of(token)).chain(others).collect();
        it
    };
    said.tokens.iter().map(full).collect()
}

fn likely(token: &str) -> f64 {
    -fraction(token)
}

fn finish(said: &Said, ended: &'static str, cut: &'static str) -> &'static str {
    if said.cut { cut } else { ended }
}

fn total(said: &[Said]) -> usize {
    said.iter().map(|said| said.tokens.len()).sum()
}

/// What a tool is given; the text itself, where it is not JSON.
fn parsed(said: &Said) -> Value {
    serde_json::from_str(&said.text).unwrap_or_else(|_| Value::String(said.text.clone()))
}
