//! The server of our own: what it answers, and each way in which it fails.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stillroom_servers::faulty::{Fault, Faulty, Rules};
use stillroom_servers::http::{Reply, ask, get, post};
use stillroom_servers::{MODEL, llama, python};

fn start(rules: Rules) -> Faulty {
    Faulty::start(rules).expect("it starts")
}

fn failing(fault: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Faulty {
    start(Rules { fault: Box::new(move |asked| fault(asked.number)), ..Rules::default() })
}

fn chat(text: &str) -> Value {
    json!({"model": MODEL, "messages": [{"role": "user", "content": text}]})
}

fn said(server: &Faulty, body: &Value) -> anyhow::Result<Reply> {
    post(&format!("{}/chat/completions", server.url()), &[("authorization", "Bearer sk-1")], body)
}

fn json_of(reply: anyhow::Result<Reply>) -> Value {
    let reply = reply.expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().expect("JSON")
}

#[test]
fn the_same_request_is_answered_the_same_and_counted() {
    let server = failing(|_| Fault::None);
    let first = json_of(said(&server, &chat("one")));
    let second = json_of(said(&server, &chat("one")));
    assert_eq!(first, second);
    assert_ne!(first, json_of(said(&server, &chat("two"))));
    let requests = server.requests();
    assert_eq!(requests.iter().map(|it| it.asked.before).collect::<Vec<_>>(), [0, 1, 0]);
    assert!(requests.iter().all(|it| it.status == Some(200) && it.answered.is_some_and(|at| at >= it.came)));
    let key = ("authorization".to_owned(), "Bearer sk-1".to_owned());
    assert!(requests[0].asked.headers.contains(&key));
}

#[test]
fn each_protocol_has_its_form() {
    let rules = Rules { answer: Box::new(|asked, _| format!("so: {}", asked.prompt())), ..Rules::default() };
    let server = start(rules);
    let messages = json!([{"role": "user", "content": "hello"}]);
    let parts = json!([{"role": "user", "parts": [{"text": "hello"}]}]);
    let blocks = json!([{"role": "user", "content": [{"text": "hello"}]}]);
    let cases = [
        ("/v1/chat/completions", json!({"messages": messages}), "/choices/0/message/content"),
        (
            "/openai/deployments/d/chat/completions?api-version=1",
            json!({"messages": messages}),
            "/choices/0/message/content",
        ),
        ("/v1/completions", json!({"prompt": "hello"}), "/choices/0/text"),
        ("/v1/messages", json!({"messages": messages, "max_tokens": 9}), "/content/0/text"),
        ("/v1beta/models/tiny:generateContent", json!({"contents": parts}), "/candidates/0/content/parts/0/text"),
        ("/v2/chat", json!({"messages": messages}), "/message/content/0/text"),
        ("/model/some.model-v1%3A0/converse", json!({"messages": blocks}), "/output/message/content/0/text"),
    ];
    for (path, body, place) in cases {
        let answer = json_of(post(&format!("{}{path}", server.root()), &[], &body));
        assert_eq!(answer.pointer(place), Some(&json!("so: hello")), "{path}: {answer}");
    }
    let answer =
        json_of(post(&format!("{}/embeddings", server.url()), &[], &json!({"input": ["a", "b"], "dimensions": 3})));
    assert_eq!(answer["data"][1]["embedding"].as_array().map(Vec::len), Some(3));
    let body = json!({"query": "a", "documents": ["b", "c"], "top_n": 1});
    let answer = json_of(post(&format!("{}/v2/rerank", server.root()), &[], &body));
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(get(&format!("{}/nothing", server.root()), &[]).unwrap().status, 404);
}

#[test]
fn an_answer_keeps_to_the_requests_schema_samples_and_limit() {
    let server = failing(|_| Fault::None);
    let schema = json!({"type": "object", "required": ["score", "why"], "properties":
        {"score": {"type": "integer", "minimum": 2}, "why": {"type": "string"}, "more": {"type": "string"}}});
    let mut body = chat("rate it");
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
    let answer = json_of(said(&server, &body));
    assert_eq!(answer["choices"][0]["message"]["content"], r#"{"score":2,"why":"x"}"#);
    let mut body = chat("three of them");
    (body["n"], body["max_tokens"], body["logprobs"], body["top_logprobs"]) =
        (json!(3), json!(2), json!(true), json!(2));
    let answer = json_of(said(&server, &body));
    let choices = answer["choices"].as_array().unwrap();
    assert_eq!(choices.len(), 3);
    assert_eq!(
        (&choices[2]["finish_reason"], &choices[2]["message"]["content"]),
        (&json!("length"), &json!("Answer 2 "))
    );
    assert_eq!(choices[2]["logprobs"]["content"][1]["top_logprobs"].as_array().map(Vec::len), Some(2));
    let tool = json!({"name": "rate", "input_schema": schema});
    let choice = json!({"type": "tool", "name": "rate"});
    let body = json!({"messages": [], "tools": [tool], "tool_choice": choice, "max_tokens": 9});
    let answer = json_of(post(&format!("{}/messages", server.url()), &[], &body));
    assert_eq!(answer["content"][0]["input"], json!({"score": 2, "why": "x"}));
}

#[test]
fn statuses_are_given_with_and_without_a_time_to_wait() {
    let server = failing(|number| match number {
        0 => Fault::Status(429, Some("2".into())),
        1 => Fault::Status(429, None),
        2 => Fault::Status(500, None),
        3 => Fault::Status(503, Some("Fri, 31 Dec 1999 23:59:59 GMT".into())),
        _ => Fault::None,
    });
    let replies: Vec<Reply> = (0..5).map(|_| said(&server, &chat("one")).unwrap()).collect();
    let seen: Vec<_> = replies.iter().map(|it| (it.status, it.header("retry-after"))).collect();
    let date = Some("Fri, 31 Dec 1999 23:59:59 GMT");
    assert_eq!(seen, [(429, Some("2")), (429, None), (500, None), (503, date), (200, None)]);
    assert!(replies[1].json().unwrap()["error"]["message"].is_string());
}

#[test]
fn answers_come_late_break_off_or_say_something_else() {
    let server = failing(|number| match number {
        0 => Fault::Slow(Duration::from_millis(300)),
        1 => Fault::Cut,
        2 => Fault::Malformed,
        3 => Fault::Says("no JSON".into()),
        4 => Fault::Long(10_000),
        _ => Fault::Close,
    });
    let start = Instant::now();
    json_of(said(&server, &chat("slow")));
    assert!(start.elapsed() >= Duration::from_millis(300));
    let cut = said(&server, &chat("cut")).unwrap_err().to_string();
    assert!(cut.contains("the connection ended after"), "{cut}");
    let malformed = said(&server, &chat("malformed")).unwrap();
    assert_eq!(malformed.status, 200);
    assert!(malformed.json().is_err());
    assert_eq!(json_of(said(&server, &chat("says")))["choices"][0]["message"]["content"], "no JSON");
    let mut body = chat("long");
    body["max_tokens"] = json!(10);
    assert_eq!(json_of(said(&server, &body))["usage"]["completion_tokens"], 10_000);
    let closed = said(&server, &chat("close")).unwrap_err().to_string();
    assert!(closed.contains("after 0 bytes"), "{closed}");
    let complete: Vec<bool> = server.requests().iter().map(|it| it.answered.is_some()).collect();
    assert_eq!(complete, [true, false, true, true, true, false]);
}

#[test]
fn an_answer_may_never_end() {
    let server = failing(|number| if number == 0 { Fault::Endless } else { Fault::Stall });
    for number in 0..2 {
        let mut stream = TcpStream::connect(server.root().trim_start_matches("http://")).unwrap();
        let body = chat("on and on").to_string();
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut read = [0; 100];
        stream.read_exact(&mut read).unwrap();
        assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"));
        if number == 0 {
            let mut more = [0; 20_000];
            stream.read_exact(&mut more).unwrap();
        }
    }
    while server.requests().iter().any(|it| it.ended.is_none()) {
        std::thread::yield_now(); // they end when the clients have gone
    }
    assert!(server.requests().iter().all(|it| it.answered.is_none()));
}

#[test]
fn a_client_that_leaves_early_was_not_answered() {
    let server = start(Rules { latency: Duration::from_secs(120), ..Rules::default() });
    let mut stream = TcpStream::connect(server.root().trim_start_matches("http://")).unwrap();
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(stream);
    while server.requests()[0].ended.is_none() {
        std::thread::yield_now();
    }
    let request = &server.requests()[0];
    assert_eq!((request.answered, request.status, server.most_at_once()), (None, None, 1));
}

#[test]
fn a_batch_is_done_after_some_looks() {
    let server = start(Rules { polls: 2, ..Rules::default() });
    let line = |id: &str| json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": chat(id)});
    let lines = format!("{}\n{}\n", line("a"), line("b"));
    let form = format!(
        "--xyz\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--xyz\r\ncontent-disposition: \
         form-data; name=\"file\"; filename=\"b.jsonl\"\r\n\r\n{lines}\r\n--xyz--\r\n"
    );
    let kind = [("content-type", "multipart/form-data; boundary=xyz")];
    let file = json_of(ask("POST", &format!("{}/files", server.url()), &kind, form.as_bytes()));
    let body = json!({"input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    let batch = json_of(post(&format!("{}/batches", server.url()), &[], &body));
    let url = format!("{}/batches/{}", server.url(), batch["id"].as_str().unwrap());
    let states: Vec<Value> = (0..2).map(|_| json_of(get(&url, &[]))).collect();
    assert_eq!((&batch["status"], &states[0]["status"]), (&json!("validating"), &json!("in_progress")));
    assert_eq!(states[1]["status"], "completed");
    let output = states[1]["output_file_id"].as_str().unwrap();
    let output = get(&format!("{}/files/{output}/content", server.url()), &[]).unwrap().text();
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["custom_id"], &lines[1]["response"]["status_code"]), (&json!("b"), &json!(200)));
    assert!(lines[1]["response"]["body"]["choices"][0]["message"]["content"].is_string());
}

#[test]
fn a_batch_of_messages_is_done_too() {
    let server = failing(|_| Fault::None);
    let params = json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let body = json!({"requests": [{"custom_id": "a", "params": params}]});
    let batch = json_of(post(&format!("{}/messages/batches", server.url()), &[], &body));
    assert_eq!(batch["processing_status"], "in_progress");
    let url = format!("{}/messages/batches/{}", server.url(), batch["id"].as_str().unwrap());
    let batch = json_of(get(&url, &[]));
    assert_eq!(batch["processing_status"], "ended");
    let results = get(batch["results_url"].as_str().unwrap(), &[]).unwrap().json().unwrap();
    assert_eq!(results["result"]["message"]["type"], "message");
}

#[test]
fn its_log_has_a_line_for_each_request_and_for_each_answer() {
    let log = python::folder().unwrap().join(format!("faulty-{}.jsonl", std::process::id()));
    let server = start(Rules { log: Some(log.clone()), ..Rules::default() });
    said(&server, &chat("one")).unwrap();
    let lines = || -> Vec<Value> {
        let text = fs::read_to_string(&log).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    while lines().len() < 2 {
        std::thread::yield_now(); // the answer is there a moment before its line
    }
    let lines = lines();
    assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&json!("asked"), &json!("answered")));
    assert_eq!(lines[0]["hash"], lines[1]["hash"]);
    assert_eq!(lines[1]["complete"], true);
    fs::remove_file(log).unwrap();
}

#[test]
fn it_fails_in_front_of_a_real_server() {
    let fault = |number| if number == 1 { Fault::Cut } else { Fault::None };
    let rules = Rules {
        upstream: Some(llama().root().to_owned()),
        fault: Box::new(move |asked| fault(asked.number)),
        ..Rules::default()
    };
    let server = start(rules);
    let mut body = chat("hello");
    (body["max_tokens"], body["seed"]) = (json!(8), json!(1));
    let through = json_of(said(&server, &body));
    let straight = json_of(post(&format!("{}/chat/completions", llama().url()), &[], &body));
    assert_eq!(through["choices"], straight["choices"]);
    assert!(said(&server, &body).is_err());
    json_of(said(&server, &body));
}

#[test]
fn it_is_a_program_too() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_stillroom-faulty"));
    program.args(["--latency", "20ms", "--words", "3"]).stdout(Stdio::piped());
    let mut program = program.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let start = Instant::now();
    let answer = json_of(post(&format!("{}/chat/completions", url.trim()), &[], &chat("one")));
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(answer["choices"][0]["message"]["content"], "0 0 word word word ");
}
