//! Nothing that a server sends makes the host fall over, or say its key.

use proptest::prelude::*;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::super::super::ask::{Trouble, TroubleKind};
use super::super::super::spec::Scoring;
use super::super::{batch, decode};
use super::*;

/// Members and words that the readers look at: noise alone would not get past the first brace.
const WORDS: [&str; 40] = [
    "choices",
    "message",
    "content",
    "text",
    "error",
    "code",
    "type",
    "logprobs",
    "top_logprobs",
    "tokens",
    "token_logprobs",
    "data",
    "embedding",
    "embeddings",
    "values",
    "float",
    "results",
    "relevance_score",
    "score",
    "probs",
    "label",
    "candidates",
    "parts",
    "thinking",
    "thought",
    "output",
    "usage",
    "prompt_tokens",
    "stop_reason",
    "finish_reason",
    "details",
    "retryDelay",
    "status",
    "id",
    "custom_id",
    "response",
    "body",
    "result",
    "output_file_id",
    "input",
];

fn odd_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just("answer".to_owned()),
            Just("ended".into()),
            Just("completed".into()),
            any::<String>(),
            "[A-Za-z0-9+/=]{0,9}"
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// Reads it in every way that there is.
fn read_all(status: u16, head: &HeaderMap, body: &[u8]) {
    for (provider, url) in ALL {
        let mut model = model(provider, url);
        for ask in [ask(), text(), embed(), score()] {
            for scoring in [Scoring::Rerank, Scoring::Classify, Scoring::Score, Scoring::Pooling] {
                model.scoring = scoring;
                check(&decode(&model, &ask, status, head, body));
            }
        }
        let Ok((mut job, _)) = batch::first(&model, &[("a".into(), ask())]) else { continue };
        for _ in 0..4 {
            let Ok(turn) = batch::next(&model, &job, status, head, body) else { break };
            turn.answers.iter().for_each(|(_, answer)| check(answer));
            job = turn.job;
        }
    }
}

/// Every answer can be kept, and every message shown.
fn check(answer: &Result<super::super::Reply, Trouble>) {
    match answer {
        Ok(reply) => {
            let kept = serde_json::to_string(reply).unwrap();
            assert_eq!(&serde_json::from_str::<super::super::Reply>(&kept).unwrap(), reply);
        }
        Err(trouble) => {
            assert!(
                trouble.message.chars().count() <= 301 && !trouble.message.chars().any(char::is_control),
                "{trouble:?}"
            );
            assert!(!trouble.message.contains(KEY), "{trouble:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn any_bytes(status in 100_u16..1000, head in any::<Vec<u8>>(), body in any::<Vec<u8>>()) {
        let names = ["retry-after", "retry-after-ms", "x-ratelimit-reset-requests", "date"];
        let value = HeaderValue::from_bytes(&head).ok();
        let head = names.iter().filter_map(|name| Some((HeaderName::from_static(name), value.clone()?))).collect();
        read_all(status, &head, &body);
    }

    #[test]
    fn any_json(status in prop_oneof![Just(200_u16), 100_u16..1000], body in odd_json()) {
        read_all(status, &HeaderMap::new(), body.to_string().as_bytes());
    }

    #[test]
    fn any_wait(status in prop_oneof![Just(429_u16), Just(503)], wait in "[0-9a-zµ.: ,GMT-]{0,30}") {
        let value = HeaderValue::from_str(&wait).ok();
        let names = ["retry-after", "x-ratelimit-reset-tokens"];
        let head = names.iter().filter_map(|name| Some((HeaderName::from_static(name), value.clone()?))).collect();
        let body = json!({ "error": { "details": [{ "retryDelay": wait }] } });
        let trouble = decode(&local(), &ask(), status, &head, body.to_string().as_bytes()).unwrap_err();
        prop_assert!(trouble.retry_after.is_none_or(|wait| wait.as_secs() <= 86_400));
    }
}

#[test]
fn a_key_that_an_error_repeats_is_not_shown() {
    let mut model = local();
    model.headers.push(("X-Gateway-Token".into(), "Basic hunter2hunter2".into()));
    for said in [
        format!("Incorrect API key provided: {KEY}."),
        KEY.repeat(40),
        // Invisible things in it, which would leave it readable.
        format!("{}\u{200b}{}", &KEY[..8], &KEY[8..]),
        // Where the message would end.
        format!("{}{KEY}", "x".repeat(270)),
        "you sent hunter2hunter2".into(),
    ] {
        for body in
            [json!({ "error": { "message": said } }).to_string(), said.clone(), json!({ "odd": said }).to_string()]
        {
            for status in [200, 401, 500] {
                let trouble = decode(&model, &ask(), status, &HeaderMap::new(), body.as_bytes()).unwrap_err();
                let shown: String = trouble.message.chars().filter(char::is_ascii).collect();
                assert!(!shown.contains(&KEY[..12]) && !shown.contains("hunter2"), "{trouble:?}");
            }
        }
    }
}

#[test]
fn a_message_is_short_and_on_one_line() {
    let said = format!("\u{1b}[31mred\r\n{}\u{202e}", "long ".repeat(1 << 20));
    let trouble = decode(&local(), &ask(), 500, &HeaderMap::new(), said.as_bytes()).unwrap_err();
    assert!(trouble.message.starts_with("the server answers 500: [31mred long long"), "{trouble:?}");
    check(&Err(trouble));
}

#[test]
fn deep_json_is_none() {
    let body = "[".repeat(1 << 20);
    let trouble = decode(&local(), &ask(), 200, &HeaderMap::new(), body.as_bytes()).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Passing);
}
