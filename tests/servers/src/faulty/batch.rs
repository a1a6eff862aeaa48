//! OpenAI's files and batches, and Anthropic's batches, kept in memory.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::answer::refuse;
use super::asked::Asked;
use super::talk::{State, line};
use super::wire::Answer;

/// What was uploaded and asked for.
#[derive(Default)]
pub(super) struct Batches(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    files: Vec<Vec<u8>>,
    batches: Vec<Batch>,
}

#[derive(Clone)]
struct Batch {
    /// Each with its `custom_id`, its path and its body.
    lines: Vec<(Value, String, Value)>,
    told: Value,
    polls: usize,
    output: Option<usize>,
    cancelled: bool,
}

impl Batches {
    /// The answer, if the request is one about files or batches.
    pub(super) fn answer(&self, state: &State, asked: &Asked, body: &[u8]) -> Option<Answer> {
        let parts: Vec<&str> = asked.route().trim_start_matches('/').split('/').collect();
        let answer = match (asked.method.as_str(), parts.as_slice()) {
            ("POST", ["v1", "files"]) => self.upload(body),
            ("GET", ["v1", "files", file]) => Some(self.file(number(file)?)),
            ("GET", ["v1", "files", file, "content"]) => self.content(number(file)?),
            ("POST", ["v1", "batches"]) => self.submit(asked),
            ("POST", ["v1", "messages", "batches"]) => self.submit_messages(asked),
            ("GET", ["v1", "batches", batch]) => {
                self.poll(state, number(batch)?).map(|batch| openai(&batch.1, batch.0))
            }
            ("POST", ["v1", "batches", batch, "cancel"]) => self.cancel(number(batch)?),
            ("GET", ["v1", "messages", "batches", batch]) => {
                self.poll(state, number(batch)?).map(|batch| anthropic(asked, &batch.1, batch.0))
            }
            ("GET", ["v1", "messages", "batches", batch, "results"]) => {
                let output = self.kept().batches.get(number(batch)?)?.output;
                output.and_then(|output| self.content(output))
            }
            _ => return None,
        };
        Some(answer.unwrap_or_else(|| refuse(asked, 404, None)))
    }

    fn upload(&self, body: &[u8]) -> Option<Answer> {
        let content = uploaded(body)?.to_vec();
        let mut kept = self.kept();
        kept.files.push(content);
        let number = kept.files.len() - 1;
        drop(kept);
        Some(self.file(number))
    }

    fn file(&self, number: usize) -> Answer {
        let size = self.kept().files.get(number).map(Vec::len);
        let told = json!({"id": format!("file-{number}"), "object": "file", "bytes": size, "purpose": "batch",
            "created_at": 0, "filename": "batch.jsonl", "status": "processed"});
        Answer::json(if size.is_some() { 200 } else { 404 }, &told)
    }

    fn content(&self, number: usize) -> Option<Answer> {
        let body = self.kept().files.get(number)?.clone();
        Some(Answer { status: 200, headers: vec![("content-type".into(), "application/jsonl".into())], body })
    }

    fn submit(&self, asked: &Asked) -> Option<Answer> {
        let file = number(asked.body["input_file_id"].as_str()?)?;
        let mut kept = self.kept();
        let lines = std::str::from_utf8(kept.files.get(file)?).ok()?.lines();
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let url = |line: &Value| line["url"].as_str().unwrap_or_default().to_owned();
        let lines = lines.map(|line| (line["custom_id"].clone(), url(&line), line["body"].clone())).collect();
        let batch = Batch { lines, told: asked.body.clone(), polls: 0, output: None, cancelled: false };
        let told = openai(&batch, kept.batches.len());
        kept.batches.push(batch);
        Some(told)
    }

    fn submit_messages(&self, asked: &Asked) -> Option<Answer> {
        let requests = asked.body["requests"].as_array()?;
        let of = |it: &Value| (it["custom_id"].clone(), "/v1/messages".to_owned(), it["params"].clone());
        let lines = requests.iter().map(of).collect();
        let batch = Batch { lines, told: Value::Null, polls: 0, output: None, cancelled: false };
        let mut kept = self.kept();
        let told = anthropic(asked, &batch, kept.batches.len());
        kept.batches.push(batch);
        Some(told)
    }

    /// A batch after one more look at it: its last one makes the answers.
    fn poll(&self, state: &State, number: usize) -> Option<(usize, Batch)> {
        let mut kept = self.kept();
        let batch = kept.batches.get_mut(number)?;
        batch.polls += 1;
        let due = batch.polls >= state.rules.polls && batch.output.is_none() && !batch.cancelled;
        if due {
            let of = |(id, path, body): &(Value, String, Value)| {
                result(batch.told.is_null(), id, &line(state, path, body.to_string().into_bytes()))
            };
            let output: String = batch.lines.iter().map(|line| format!("{}\n", of(line))).collect();
            kept.files.push(output.into_bytes());
            let file = kept.files.len() - 1;
            kept.batches.get_mut(number)?.output = Some(file);
        }
        kept.batches.get(number).map(|batch| (number, batch.clone()))
    }

    fn cancel(&self, number: usize) -> Option<Answer> {
        let mut kept = self.kept();
        let batch = kept.batches.get_mut(number)?;
        batch.cancelled = true;
        Some(openai(batch, number))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of a batch's output.
fn result(messages: bool, id: &Value, answer: &Answer) -> Value {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (messages, answer.status) {
        (true, 200) => json!({"custom_id": id, "result": {"type": "succeeded", "message": body}}),
        (true, _) => json!({"custom_id": id, "result": {"type": "errored", "error": body}}),
        (false, status) => json!({"id": "batch_req", "custom_id": id, "error": null,
            "response": {"status_code": status, "request_id": "req", "body": body}}),
    }
}

fn openai(batch: &Batch, number: usize) -> Answer {
    let status = match batch {
        Batch { cancelled: true, .. } => "cancelled",
        Batch { output: Some(_), .. } => "completed",
        Batch { polls: 0, .. } => "validating",
        _ => "in_progress",
    };
    let done = if batch.output.is_some() { batch.lines.len() } else { 0 };
    let told = json!({"id": format!("batch_{number}"), "object": "batch", "endpoint": batch.told["endpoint"],
        "input_file_id": batch.told["input_file_id"], "completion_window": batch.told["completion_window"],
        "metadata": batch.told["metadata"], "status": status, "errors": null, "created_at": 0, "error_file_id": null,
        "output_file_id": batch.output.map(|file| format!("file-{file}")),
        "request_counts": {"total": batch.lines.len(), "completed": done, "failed": 0}});
    Answer::json(200, &told)
}

fn anthropic(asked: &Asked, batch: &Batch, number: usize) -> Answer {
    let (id, total) = (format!("msgbatch_{number}"), batch.lines.len());
    let host = asked.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map_or("", |(_, host)| host);
    let done = batch.output.is_some();
    let url = done.then(|| format!("http://{host}/v1/messages/batches/{id}/results"));
    let (open, succeeded) = if done { (0, total) } else { (total, 0) };
    let status = if done { "ended" } else { "in_progress" };
    let told = json!({"id": id, "type": "message_batch", "processing_status": status,
        "results_url": url, "request_counts": {"processing": open, "succeeded": succeeded, "errored": 0,
        "canceled": 0, "expired": 0}});
    Answer::json(200, &told)
}

/// The number at an identifier's end.
fn number(id: &str) -> Option<usize> {
    id.rsplit(['-', '_']).next()?.parse().ok()
}

/// The part of a form that is the file.
fn uploaded(body: &[u8]) -> Option<&[u8]> {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let boundary = body.get(..find(body, b"\r\n")?)?;
    let part = body.get(find(body, b"name=\"file\"")?..)?;
    let content = part.get(find(part, b"\r\n\r\n")? + 4..)?;
    content.get(..find(content, &[b"\r\n", boundary].concat())?)
}
