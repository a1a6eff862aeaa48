//! The real servers: each protocol that they speak, by one question.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use serde_json::{Value, json};
use stillroom_servers::http::{Reply, post};
use stillroom_servers::{MODEL, SECOND_KEY, llama, llama_embedding, llama_rerank, python, second, third};

fn schema() -> Value {
    let properties = json!({"answer": {"type": "string", "maxLength": 40},
        "score": {"type": "integer", "minimum": 1, "maximum": 5}});
    json!({"type": "object", "properties": properties, "required": ["answer", "score"], "additionalProperties": false})
}

fn prompt() -> Value {
    json!([{"role": "user", "content": "What is bread made of?"}])
}

fn ok(reply: Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    println!("{}", reply.text());
    reply.json().expect("JSON")
}

fn llama_says(path: &str, body: Value) -> Value {
    ok(post(&format!("{}{path}", llama().url()), &[], &body).expect("an answer"))
}

fn second_says(path: &str, body: Value) -> Value {
    let key = format!("Bearer {SECOND_KEY}");
    let headers = [("authorization", key.as_str()), ("x-api-key", SECOND_KEY), ("x-goog-api-key", SECOND_KEY)];
    ok(post(&format!("{}{path}", second().root()), &headers, &body).expect("an answer"))
}

fn assert_keeps_to_the_schema(text: &str) {
    let said: Value = serde_json::from_str(text).expect("JSON");
    assert!(
        said["answer"].is_string() && said["score"].as_i64().is_some_and(|score| (1..=5).contains(&score)),
        "{text}"
    );
    assert_eq!(said.as_object().map(|said| said.len()), Some(2), "{text}");
}

#[test]
fn llama_answers_a_chat_with_log_probabilities() {
    let ask = json!({"model": MODEL, "messages": prompt(), "max_tokens": 12, "seed": 1,
        "logprobs": true, "top_logprobs": 2});
    let answer = llama_says("/chat/completions", ask.clone());
    let choice = &answer["choices"][0];
    let tokens = choice["logprobs"]["content"].as_array().unwrap();
    assert_eq!(tokens.len() as u64, answer["usage"]["completion_tokens"].as_u64().unwrap());
    assert!(tokens.iter().all(|token| token["logprob"].as_f64().unwrap() < 0.0), "{tokens:?}");
    assert_eq!(tokens[0]["top_logprobs"].as_array().unwrap().len(), 2);
    let again = llama_says("/chat/completions", ask);
    assert_eq!(choice["message"], again["choices"][0]["message"], "the same seed says the same");
}

#[test]
fn llama_keeps_to_a_schema() {
    for seed in 0..5 {
        let format = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema()}});
        let ask =
            json!({"model": MODEL, "messages": prompt(), "seed": seed, "max_tokens": 1000, "response_format": format});
        let answer = llama_says("/chat/completions", ask);
        assert_keeps_to_the_schema(answer["choices"][0]["message"]["content"].as_str().unwrap());
    }
}

#[test]
fn llama_reads_any_text() {
    let text: String = (1..0x3000).filter_map(char::from_u32).step_by(11).collect();
    let messages = json!([{"role": "user", "content": text}]);
    let answer = llama_says("/chat/completions", json!({"model": MODEL, "messages": messages, "max_tokens": 4}));
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 2000, "{answer}");
}

#[test]
fn llama_goes_on_with_a_bare_text_in_several_ways() {
    let answer = llama_says("/completions", json!({"model": MODEL, "prompt": "Once", "max_tokens": 8, "n": 3}));
    assert_eq!(answer["choices"].as_array().unwrap().len(), 3);
}

#[test]
fn llama_speaks_anthropics_protocol() {
    let answer = llama_says("/messages", json!({"model": MODEL, "messages": prompt(), "max_tokens": 8}));
    assert_eq!((answer["type"].as_str(), answer["role"].as_str()), (Some("message"), Some("assistant")));
}

#[test]
fn llama_embeds() {
    let ask = json!({"model": MODEL, "input": ["bread", "butter"]});
    let answer = ok(post(&format!("{}/embeddings", llama_embedding().url()), &[], &ask).unwrap());
    let vectors: Vec<_> = answer["data"].as_array().unwrap().iter().map(|it| &it["embedding"]).collect();
    assert_eq!((vectors.len(), vectors[0].as_array().unwrap().len()), (2, 64));
    assert_ne!(vectors[0], vectors[1]);
}

#[test]
fn llama_scores_documents() {
    let ask = json!({"model": MODEL, "query": "bread", "documents": ["flour and water", "a song"]});
    let answer = ok(post(&format!("{}/rerank", llama_rerank().url()), &[], &ask).unwrap());
    let scores: Vec<_> = answer["results"].as_array().unwrap().iter().map(|it| &it["relevance_score"]).collect();
    assert_eq!(scores.len(), 2);
    assert_ne!(scores[0], scores[1]);
}

#[test]
fn the_second_answers_in_openais_protocol() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema()}});
    let ask =
        json!({"model": MODEL, "messages": prompt(), "max_tokens": 1000, "response_format": format, "logprobs": true});
    let answer = second_says("/v1/chat/completions", ask);
    assert_keeps_to_the_schema(answer["choices"][0]["message"]["content"].as_str().unwrap());
    assert!(!answer["choices"][0]["logprobs"]["content"].as_array().unwrap().is_empty());
    second_says("/v1/completions", json!({"model": MODEL, "prompt": "Once", "max_tokens": 8}));
    let azure = format!("/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21");
    second_says(&azure, json!({"messages": prompt(), "max_tokens": 8}));
}

#[test]
fn the_second_answers_in_other_protocols() {
    let answer = second_says("/v1/messages", json!({"model": MODEL, "messages": prompt(), "max_tokens": 8}));
    assert_eq!(answer["type"], "message");
    let contents = json!([{"role": "user", "parts": [{"text": "What is bread?"}]}]);
    let limit = json!({"maxOutputTokens": 8});
    let ask = json!({"contents": contents, "generationConfig": limit});
    let answer = second_says(&format!("/v1beta/models/{MODEL}:generateContent"), ask);
    assert!(answer["candidates"][0]["content"]["parts"][0]["text"].is_string(), "{answer}");
}

#[test]
fn the_second_embeds_and_scores() {
    let answer = second_says("/v1/embeddings", json!({"model": "tiny-embedding", "input": ["bread", "butter"]}));
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    let ask = json!({"model": "tiny-rerank", "query": "bread", "documents": ["flour and water", "a song"]});
    let answer = second_says("/v1/rerank", ask);
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
}

#[test]
fn the_second_asks_for_its_key() {
    let reply =
        post(&format!("{}/chat/completions", second().url()), &[], &json!({"model": MODEL, "messages": prompt()}));
    assert_eq!(reply.unwrap().status, 401);
}

#[test]
fn the_third_answers_and_passes_over_what_it_does_not_know() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema()}});
    let ask = json!({"model": MODEL, "messages": prompt(), "max_tokens": 12, "response_format": format,
        "logprobs": true});
    let answer = ok(post(&format!("{}/chat/completions", third().url()), &[], &ask).unwrap());
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    assert!(answer["choices"][0].get("logprobs").is_none(), "{answer}");
    assert_eq!(answer["usage"]["completion_tokens"], 12);
}

#[test]
fn a_server_ends_with_the_test_that_was_killed() {
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "a_test_that_is_killed", "--ignored", "--nocapture"]).stdout(Stdio::piped());
    let mut test = test.spawn().unwrap();
    let lines = BufReader::new(test.stdout.take().unwrap()).lines();
    let address = lines.map_while(Result::ok).find_map(|line| Some(line.split_once("http://")?.1.to_owned())).unwrap();
    TcpStream::connect(&address).unwrap();
    test.kill().unwrap();
    test.wait().unwrap();
    while TcpStream::connect(&address).is_ok() {
        thread::yield_now();
    }
}

#[test]
#[ignore = "a part of a_server_ends_with_the_test_that_was_killed"]
fn a_test_that_is_killed() {
    println!("{}", llama().root());
    loop {
        thread::park();
    }
}

#[test]
fn an_environment_is_made_once_for_all_who_ask_at_once() {
    let name = format!("empty-{}", std::process::id());
    let ask = || python::environment(&name, "# nothing\n").expect("an environment");
    let pythons: Vec<_> = thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let stamp = python::folder().unwrap().join(&name).join("stillroom-packages");
    let made = fs::metadata(&stamp).unwrap().modified().unwrap();
    assert!(Command::new(&pythons[3]).args(["-c", "import pip"]).status().unwrap().success());
    assert_eq!(ask(), pythons[0]);
    assert_eq!(fs::metadata(&stamp).unwrap().modified().unwrap(), made, "it is not made again");
    let folder = python::folder().unwrap();
    fs::remove_dir_all(folder.join(&name)).unwrap();
    fs::remove_file(folder.join(format!("{name}.lock"))).unwrap();
    fs::remove_file(folder.join(format!("{name}.txt"))).unwrap();
}
