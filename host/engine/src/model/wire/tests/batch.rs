use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::super::super::ask::{Reply, TroubleKind};
use super::super::super::spec::{OneModel, Provider};
use super::super::batch::{Job, Step, Turn, again, first, next};
use super::*;

fn asks() -> Vec<(String, Ask)> {
    vec![("a".into(), ask()), ("b".into(), ask())]
}

/// Answers a job that has been kept as JSON in between.
#[track_caller]
fn answer(model: &OneModel, job: &Job, body: &str) -> Turn {
    let job: Job = serde_json::from_str(&serde_json::to_string(job).unwrap()).unwrap();
    next(model, &job, 200, &HeaderMap::new(), body.as_bytes()).unwrap()
}

#[track_caller]
fn sent(model: &OneModel, turn: &Turn) -> Sent {
    let Step::Send(sent) = &turn.step else { panic!("{turn:?}") };
    // A process that takes the job up again sends the same.
    let again = again(model, &turn.job).unwrap().unwrap();
    assert_eq!((&again.url, &again.method, &again.body), (&sent.url, &sent.method, &sent.body));
    (**sent).clone()
}

fn text_of(reply: &Reply) -> &str {
    let Reply::Words(words) = reply else { panic!("{reply:?}") };
    &words.text
}

/// Hands over, makes, looks once in vain, looks, and fetches two files.
fn goes_through(provider: Provider, files: &str, batches: &str, making: &Value, states: [&str; 2], results: [&str; 2]) {
    let model = usual(provider);
    let (job, upload) = first(&model, &asks()).unwrap();
    assert_eq!(upload.url.as_str(), files);
    assert!(again(&model, &job).unwrap().is_none());
    let turn = answer(&model, &job, r#"{"id":"file-1"}"#);
    let create = sent(&model, &turn);
    assert_eq!((create.url.as_str(), &json_of(&create)), (batches, making));
    let turn = answer(&model, &turn.job, &format!(r#"{{"id":"batch-1","status":"{}"}}"#, states[0]));
    assert!(matches!(turn.step, Step::Wait));
    let look = again(&model, &turn.job).unwrap().unwrap();
    let (base, query) =
        batches.split_once('?').map_or((batches, String::new()), |(base, query)| (base, format!("?{query}")));
    assert_eq!((look.method.as_str(), look.url.as_str()), ("GET", format!("{base}/batch-1{query}").as_str()));
    let turn = answer(&model, &turn.job, &format!(r#"{{"id":"batch-1","status":"{}"}}"#, states[0]));
    assert!(matches!(turn.step, Step::Wait));
    let done = json!({ "id": "batch-1", "status": states[1], results[0]: "file-2", results[1]: "file-3" });
    let turn = answer(&model, &turn.job, &done.to_string());
    assert!(sent(&model, &turn).url.path().ends_with("/files/file-2/content"));
    let reply = json!({ "choices": [{ "message": { "content": "Hi" } }] });
    let line = json!({ "custom_id": "b", "response": { "status_code": 200, "body": reply }, "error": null });
    let turn = answer(&model, &turn.job, &format!("{line}\nnoise\n\n"));
    assert_eq!(
        turn.answers.iter().map(|(id, reply)| (id.as_str(), text_of(reply.as_ref().unwrap()))).collect::<Vec<_>>(),
        [("b", "Hi")]
    );
    assert!(sent(&model, &turn).url.path().ends_with("/files/file-3/content"));
    let line =
        json!({ "custom_id": "a", "response": { "status_code": 400, "body": { "error": { "message": "no" } } } });
    let turn = answer(&model, &turn.job, &line.to_string());
    let (id, trouble) = &turn.answers[0];
    assert_eq!((id.as_str(), trouble.as_ref().unwrap_err().kind), ("a", TroubleKind::Invalid));
    assert!(matches!(turn.step, Step::Done));
}

#[test]
fn openai_azure_and_mistral() {
    let making =
        |endpoint: &str| json!({ "input_file_id": "file-1", "endpoint": endpoint, "completion_window": "24h" });
    let results = ["output_file_id", "error_file_id"];
    let states = ["in_progress", "completed"];
    let base = "https://api.openai.com/v1";
    let chat = making("/v1/chat/completions");
    goes_through(Provider::Openai, &format!("{base}/files"), &format!("{base}/batches"), &chat, states, results);
    let azure = |what: &str| format!("https://us.openai.azure.com/openai/{what}?api-version=2024-10-21");
    goes_through(Provider::Azure, &azure("files"), &azure("batches"), &making("/chat/completions"), states, results);
    let base = "https://api.mistral.ai/v1";
    let making = json!({ "model": "m", "endpoint": "/v1/chat/completions", "input_files": ["file-1"] });
    let results = ["output_file", "error_file"];
    goes_through(
        Provider::Mistral,
        &format!("{base}/files"),
        &format!("{base}/batch/jobs"),
        &making,
        ["RUNNING", "SUCCESS"],
        results,
    );
}

#[test]
fn a_file_of_questions() {
    let (_, upload) = first(&usual(Provider::Openai), &asks()).unwrap();
    let kind = upload.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() <= 74, "RFC 2046 allows 70 and two dashes: {boundary}");
    let body = String::from_utf8(upload.body).unwrap();
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "", "--\r\n"));
    assert!(parts[1].contains("name=\"purpose\"\r\n\r\nbatch\r\n"));
    let (_, lines) = parts[2].split_once("\r\n\r\n").unwrap();
    let lines: Vec<Value> = lines.trim_end().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |id| {
        json!({
            "custom_id": id, "method": "POST", "url": "/v1/chat/completions",
            "body": { "model": "m", "messages": [{ "role": "system", "content": "be brief" }, { "role": "user",
                "content": "hello" }] },
        })
    };
    assert_eq!(lines, [line("a"), line("b")]);
}

#[test]
fn anthropic() {
    let model = usual(Provider::Anthropic);
    let url = "https://api.anthropic.com/v1/messages/batches";
    let (job, create) = first(&model, &asks()).unwrap();
    assert_eq!(create.url.as_str(), url);
    let params = json!({ "model": "m", "max_tokens": 4096, "messages": [{ "role": "user", "content": "hello" }],
        "system": "be brief" });
    let requests = json!([{ "custom_id": "a", "params": params }, { "custom_id": "b", "params": params }]);
    assert_eq!(json_of(&create), json!({ "requests": requests }));
    let turn = answer(&model, &job, r#"{"id":"msgbatch_1","processing_status":"in_progress","results_url":null}"#);
    assert!(matches!(turn.step, Step::Wait));
    // The key goes to no place that the server names.
    let ended = r#"{"id":"msgbatch_1","processing_status":"ended","results_url":"https://elsewhere.example/r"}"#;
    let turn = answer(&model, &turn.job, ended);
    assert_eq!(sent(&model, &turn).url.as_str(), format!("{url}/msgbatch_1/results"));
    let lines = [
        json!({ "custom_id": "a", "result": { "type": "succeeded", "message": { "content": [{ "type": "text",
            "text": "Hi" }] } } }),
        json!({ "custom_id": "b", "result": { "type": "errored", "error": { "type": "error",
            "error": { "type": "invalid_request_error", "message": "no" } } } }),
        json!({ "custom_id": "c", "result": { "type": "expired" } }),
    ];
    let turn = answer(&model, &turn.job, &lines.map(|line| line.to_string()).join("\n"));
    assert!(matches!(turn.step, Step::Done));
    assert_eq!(text_of(turn.answers[0].1.as_ref().unwrap()), "Hi");
    let kinds: Vec<_> = turn.answers[1..].iter().map(|(_, reply)| reply.as_ref().unwrap_err().kind).collect();
    assert_eq!(kinds, [TroubleKind::Invalid, TroubleKind::Passing]);
}

#[test]
fn trouble_leaves_a_job_as_it_was_and_a_failed_batch_says_why() {
    let model = usual(Provider::Openai);
    let (job, _) = first(&model, &asks()).unwrap();
    let job = answer(&model, &answer(&model, &job, r#"{"id":"f"}"#).job, r#"{"id":"b"}"#).job;
    let trouble = next(&model, &job, 503, &HeaderMap::new(), b"").unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Busy);
    let failed = r#"{"status":"failed","errors":{"data":[{"message":"line 1 is none"}]}}"#;
    let Step::Failed(why) = answer(&model, &job, failed).step else { panic!() };
    assert_eq!(why, "the batch has ended (failed) without answers: line 1 is none");
}

#[test]
fn what_is_no_batch() {
    let invalid = |provider, asks: &[(String, Ask)]| first(&usual(provider), asks).unwrap_err().kind;
    assert_eq!(invalid(Provider::Openai, &[]), TroubleKind::Invalid);
    assert_eq!(invalid(Provider::Openai, &[("a".into(), ask()), ("b".into(), embed())]), TroubleKind::Invalid);
    assert_eq!(invalid(Provider::Gemini, &asks()), TroubleKind::Invalid);
    assert_eq!(invalid(Provider::Openai, &[("a".into(), score())]), TroubleKind::Invalid);
}
