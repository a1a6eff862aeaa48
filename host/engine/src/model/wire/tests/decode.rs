use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::super::super::ask::{Finish, Reply, Token, Trouble, TroubleKind, Usage, Words};
use super::super::super::spec::{OneModel, Provider, Scoring};
use super::super::decode;
use super::*;

#[track_caller]
fn words(model: &OneModel, ask: &Ask, body: &Value) -> Words {
    match decode(model, ask, 200, &HeaderMap::new(), body.to_string().as_bytes()) {
        Ok(Reply::Words(words)) => words,
        other => panic!("{other:?}"),
    }
}

fn said(text: &str, reasoning: Option<&str>, finish: Finish, model: &str, input: u64, output: u64) -> Words {
    let usage = Usage { input, output };
    Words {
        text: text.into(),
        reasoning: reasoning.map(Into::into),
        finish,
        model: model.into(),
        usage,
        logprobs: vec![],
    }
}

fn fails(model: &OneModel, status: u16, head: &[(&'static str, &str)], body: &Value) -> Trouble {
    decode(model, &ask(), status, &headers(head), body.to_string().as_bytes()).unwrap_err()
}

#[test]
fn an_answer_of_openais_form() {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-x-2026",
            "system_fingerprint": null,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "Hi.", "reasoning_content": "greets", "refusal": null },
            "logprobs": { "content": [{
                "token": "Hi", "logprob": -0.5, "bytes": [72, 105],
                "top_logprobs": [{ "token": "Hi", "logprob": -0.5 }, { "token": "Yo", "logprob": -1.5 }],
            }, { "token": ".", "logprob": -0.1 }] },
            "finish_reason": "length",
        }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11 }, "error": null,
    });
    let others = vec![("Hi".into(), -0.5), ("Yo".into(), -1.5)];
    let tokens = vec![
        Token { text: "Hi".into(), logprob: -0.5, others },
        Token { text: ".".into(), logprob: -0.1, others: vec![] },
    ];
    let expected = Words { logprobs: tokens, ..said("Hi.", Some("greets"), Finish::Length, "gpt-x-2026", 9, 2) };
    assert_eq!(words(&local(), &ask(), &body), expected);
}

#[test]
fn what_is_missing_or_of_another_type_is_no_trouble() {
    let choice = |message: Value, rest: Value| json!({ "choices": [{ "message": message, "finish_reason": rest }] });
    let parts = json!([{ "type": "text", "text": "a" }, { "type": "image" }, { "type": "text", "text": "b" }]);
    let thought = json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] }, { "type": "text",
        "text": "c" }]);
    for (message, finish_reason, text, reasoning, finish) in [
        (json!({ "content": null }), json!("length"), "", None, Finish::Length),
        (json!({}), json!(null), "", None, Finish::Other),
        (json!({ "content": 5, "refusal": null }), json!(3), "", None, Finish::Other),
        (json!({ "content": parts }), json!("stop"), "ab", None, Finish::Stop),
        (json!({ "content": thought }), json!("brand_new"), "c", Some("hm"), Finish::Other),
        (json!({ "content": "d", "reasoning": "r" }), json!("content_filter"), "d", Some("r"), Finish::Filter),
    ] {
        let expected = said(text, reasoning, finish, "m", 0, 0);
        assert_eq!(words(&local(), &ask(), &choice(message, finish_reason)), expected);
    }
}

#[test]
fn raw_text_with_both_forms_of_logprobs() {
    let body = json!({
        "model": "x", "choices": [{ "text": " a time", "finish_reason": "stop", "logprobs": {
            "tokens": [" a", " time"], "token_logprobs": [-1.0, -2.0], "top_logprobs": [{ " a": -1.0 }, null],
        } }],
        "usage": { "prompt_tokens": 2, "completion_tokens": 2 },
    });
    let read = words(&local(), &text(), &body);
    let first = Token { text: " a".into(), logprob: -1.0, others: vec![(" a".into(), -1.0)] };
    assert_eq!(read.logprobs, [first, Token { text: " time".into(), logprob: -2.0, others: vec![] }]);
    assert_eq!(Words { logprobs: vec![], ..read }, said(" a time", None, Finish::Stop, "x", 2, 2));
}

#[test]
fn anthropic() {
    let model = usual(Provider::Anthropic);
    let mut body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_sequence": null,
        "content": [
            { "type": "thinking", "thinking": "hm", "signature": "s" }, { "type": "redacted_thinking", "data": "x" },
            { "type": "text", "text": "Hi" }, { "type": "text", "text": "." },
        ],
        "stop_reason": "end_turn",
        "usage": { "input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5,
            "output_tokens": 6 },
    });
    assert_eq!(words(&model, &ask(), &body), said("Hi.", Some("hm"), Finish::Stop, "claude-x", 12, 6));
    body["content"] = json!([{ "type": "tool_use", "id": "t", "name": "answer", "input": { "a": "b" } }]);
    body["stop_reason"] = json!("tool_use");
    assert_eq!(words(&model, &ask(), &body), said(r#"{"a":"b"}"#, None, Finish::Stop, "claude-x", 12, 6));
    body["content"] = json!([]);
    body["stop_reason"] = json!("refusal");
    assert_eq!(fails(&model, 200, &[], &body).kind, TroubleKind::Refused);
}

#[test]
fn gemini() {
    let model = usual(Provider::Gemini);
    let body = json!({
        "candidates": [{
            "content": { "parts": [{ "text": "hm", "thought": true }, { "text": "Hi" }], "role": "model" },
            "finishReason": "MAX_TOKENS",
            "logprobsResult": {
                "chosenCandidates": [{ "token": "Hi", "tokenId": 1, "logProbability": -0.25 }],
                "topCandidates": [{ "candidates": [{ "token": "Yo", "logProbability": -2.0 }] }],
            },
        }],
        "usageMetadata": { "promptTokenCount": 5, "candidatesTokenCount": 1, "thoughtsTokenCount": 2 },
        "modelVersion": "gemini-x",
    });
    let token = Token { text: "Hi".into(), logprob: -0.25, others: vec![("Yo".into(), -2.0)] };
    let expected = Words { logprobs: vec![token], ..said("Hi", Some("hm"), Finish::Length, "gemini-x", 5, 3) };
    assert_eq!(words(&model, &ask(), &body), expected);
    let blocked = fails(&model, 200, &[], &json!({ "promptFeedback": { "blockReason": "SAFETY" } }));
    assert_eq!(
        (blocked.kind, blocked.message.as_str()),
        (TroubleKind::Refused, "the server refuses to answer: SAFETY")
    );
    let blocked = json!({ "candidates": [{ "finishReason": "PROHIBITED_CONTENT" }] });
    assert_eq!(fails(&model, 200, &[], &blocked).kind, TroubleKind::Refused);
}

#[test]
fn cohere_and_bedrock() {
    let body = json!({
        "id": "x", "finish_reason": "COMPLETE",
        "message": { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm" }, { "type": "text",
            "text": "Hi" }] },
        "usage": { "billed_units": { "input_tokens": 1 }, "tokens": { "input_tokens": 5.0, "output_tokens": 2.0 } },
    });
    assert_eq!(words(&usual(Provider::Cohere), &ask(), &body), said("Hi", Some("hm"), Finish::Stop, "m", 5, 2));
    let body = json!({
        "output": { "message": { "role": "assistant", "content": [
            { "reasoningContent": { "reasoningText": { "text": "hm", "signature": "s" } } }, { "text": "Hi" },
        ] } },
        "stopReason": "max_tokens", "usage": { "inputTokens": 5, "outputTokens": 2 }, "metrics": { "latencyMs": 1 },
    });
    assert_eq!(words(&usual(Provider::Bedrock), &ask(), &body), said("Hi", Some("hm"), Finish::Length, "m", 5, 2));
}

#[test]
fn vectors() {
    let base64 = "AACAPwAAAMA="; // 1.0 and -2.0
    for (model, body) in [
        (local(), json!({ "data": [{ "embedding": [1, -2.0] }], "usage": { "prompt_tokens": 4 } })),
        (local(), json!({ "data": [{ "embedding": base64 }], "usage": { "total_tokens": 4 } })),
        (local(), json!([{ "index": 0, "embedding": [[1.0, -2.0]] }])),
        (
            usual(Provider::Cohere),
            json!({ "embeddings": { "float": [[1.0, -2.0]] }, "meta": { "billed_units": { "input_tokens": 4 } } }),
        ),
        (
            usual(Provider::Gemini),
            json!({ "embedding": { "values": [1.0, -2.0] }, "usageMetadata": { "promptTokenCount": 4 } }),
        ),
        (usual(Provider::Bedrock), json!({ "embedding": [1.0, -2.0], "inputTextTokenCount": 4 })),
    ] {
        let reply = decode(&model, &embed(), 200, &HeaderMap::new(), body.to_string().as_bytes()).unwrap();
        let usage = Usage { input: if body.is_array() { 0 } else { 4 }, output: 0 };
        assert_eq!(reply, Reply::Vector { vector: vec![1.0, -2.0], usage });
    }
    // Not a number; and more than a float32 can hold. Neither could be kept as JSON.
    for body in [
        r#"{"data":[{"embedding":"AADAfw=="}]}"#,
        r#"{"data":[{"embedding":[1e300]}]}"#,
        r#"{"data":[{"embedding":[]}]}"#,
    ] {
        let trouble = decode(&local(), &embed(), 200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Passing, "{body}");
    }
}

#[test]
fn scores() {
    let one = |value| vec![(String::new(), value)];
    let mut model = local();
    for (scoring, body, expected) in [
        (Scoring::Rerank, json!({ "results": [{ "index": 0, "relevance_score": 0.5 }], "usage": {} }), one(0.5)),
        (Scoring::Rerank, json!({ "data": [{ "index": 0, "relevance_score": -2 }] }), one(-2.0)),
        (Scoring::Rerank, json!([{ "index": 0, "score": 0.5 }]), one(0.5)),
        (Scoring::Score, json!({ "data": [{ "object": "score", "score": 1 }] }), one(1.0)),
        (
            Scoring::Classify,
            json!({ "data": [{ "label": "bad", "probs": [0.2, 0.7, 0.1], "num_classes": 3 }] }),
            vec![("0".into(), 0.2), ("bad".into(), 0.7), ("2".into(), 0.1)],
        ),
        (
            Scoring::Classify,
            json!({ "data": [{ "prediction": "a", "score": 0.9, "predictions": [{ "label": "a", "score": 0.9 },
                { "label": "b", "score": 0.1 }] }] }),
            vec![("a".into(), 0.9), ("b".into(), 0.1)],
        ),
        (Scoring::Pooling, json!({ "data": [{ "object": "pooling", "data": [3.5] }] }), one(3.5)),
        (Scoring::Pooling, json!({ "data": [{ "data": [[0.1], [0.2]] }] }), one(0.2)),
        (Scoring::Pooling, json!({ "data": [{ "data": [[0.1, 0.9]] }] }), vec![("0".into(), 0.1), ("1".into(), 0.9)]),
    ] {
        model.scoring = scoring;
        let reply = decode(&model, &score(), 200, &HeaderMap::new(), body.to_string().as_bytes());
        assert_eq!(reply, Ok(Reply::Ratings { ratings: expected, usage: Usage::default() }), "{body}");
    }
}

#[test]
fn what_a_status_means() {
    use TroubleKind::{Busy, Invalid, Key, Passing, Refused};
    let error = |code: &str| json!({ "error": { "message": "no", "type": "t", "code": code } });
    for (status, body, kind) in [
        (429, error("rate_limit_exceeded"), Busy),
        (429, error("insufficient_quota"), Key),
        (503, json!({ "error": { "code": 503, "message": "Loading model", "type": "unavailable_error" } }), Busy),
        (529, json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }), Busy),
        (500, json!(null), Passing),
        (502, json!("bad gateway"), Passing),
        (504, json!({}), Passing),
        (408, json!({}), Passing),
        (599, json!({}), Passing),
        (400, error("context_length_exceeded"), Invalid),
        (404, json!({ "detail": "Not Found" }), Key),
        (413, json!({}), Invalid),
        (422, json!({ "detail": [{ "loc": ["body"], "msg": "field required", "type": "missing" }] }), Invalid),
        (302, json!({}), Invalid),
        (401, error("invalid_api_key"), Key),
        (403, json!({ "message": "denied" }), Key),
        (402, json!({ "error": "pay first" }), Key),
        (
            400,
            json!({ "error": { "code": 400, "message": "bad key", "status": "INVALID_ARGUMENT",
                "details": [{ "reason": "API_KEY_INVALID" }] } }),
            Key,
        ),
        (
            400,
            json!({ "type": "error", "error": { "type": "invalid_request_error",
                "message": "Your credit balance is too low." } }),
            Key,
        ),
        (400, error("content_filter"), Refused),
        (
            400,
            json!({ "error": { "code": "x", "message": "no",
                "innererror": { "code": "ResponsibleAIPolicyViolation" } } }),
            Refused,
        ),
        // Status 200, and yet.
        (200, json!({ "error": { "message": "upstream", "code": 429 } }), Busy),
        (200, json!({ "error": { "message": "upstream", "code": "502" } }), Passing),
        (200, json!({ "error": "it broke" }), Passing),
        (200, json!({ "type": "error", "error": { "type": "overloaded_error" } }), Busy),
        (200, json!({ "choices": [{ "message": { "content": null, "refusal": "I can't" } }] }), Refused),
        (200, json!({ "choices": [] }), Passing),
        (200, json!([]), Passing),
    ] {
        let trouble = fails(&local(), status, &[], &body);
        assert_eq!(trouble.kind, kind, "{status} {body}");
        assert!(!trouble.message.is_empty());
    }
    let trouble = fails(&local(), 422, &[], &json!({ "detail": [{ "msg": "field required" }] }));
    assert_eq!(trouble.message, "the server answers 422: field required");
}

#[test]
fn when_it_may_be_asked_again() {
    let after = |status, head: &[(&'static str, &str)]| {
        fails(&local(), status, head, &json!({})).retry_after.map(|wait| wait.as_millis())
    };
    let date = ("date", "Sun, 06 Nov 1994 08:49:30 GMT");
    let reset = |requests, tokens| [("x-ratelimit-reset-requests", requests), ("x-ratelimit-reset-tokens", tokens)];
    assert_eq!(after(429, &[("retry-after", "7")]), Some(7000));
    assert_eq!(after(503, &[("retry-after", " 1.5 ")]), Some(1500));
    assert_eq!(after(429, &[("retry-after", "7"), ("retry-after-ms", "250")]), Some(250));
    assert_eq!(after(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), date]), Some(7000));
    assert_eq!(after(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT"), date]), Some(0));
    assert_eq!(after(429, &reset("6m0s", "20ms")), Some(20));
    assert_eq!(
        after(429, &[reset("2m59.56s", "20ms").as_slice(), &[("x-ratelimit-remaining-requests", "0")]].concat()),
        Some(179_560)
    );
    assert_eq!(after(503, &reset("1s", "1s")), None);
    assert_eq!(after(429, &[("retry-after", "999999999")]), Some(86_400_000));
    for odd in ["-1", "soon", "nan", "1e400", "", "Sun, 99 Foo 1994 08:49:37 GMT", "Sun, 06 Nov", "é, é é é é"] {
        let head =
            HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, HeaderValue::from_bytes(odd.as_bytes()).unwrap())]);
        assert_eq!(decode(&local(), &ask(), 429, &head, b"").unwrap_err().retry_after, None, "{odd}");
    }
    // What no waiting makes better.
    assert_eq!(after(401, &[("retry-after", "7")]), None);
    let google = json!({ "error": { "code": 429, "details": [{ "@type": "x" }, { "retryDelay": "34s" }] } });
    assert_eq!(fails(&usual(Provider::Gemini), 429, &[], &google).retry_after, Some(Duration::from_secs(34)));
}
