//! Batch APIs: many questions handed over at once, and their answers fetched hours later, at half the price.
//!
//! A batch is a [`Job`]. [`first`] makes one, and says what to send; [`next`] takes what the server answered to that,
//! and says how it goes on. A driver keeps the job of each [`Turn`] before it does what the turn says, and takes it up
//! again with [`again`], in another process too.
//!
//! | | |
//! |---|---|
//! | OpenAI, Azure, Mistral | upload a file → create the batch → look, and look again → fetch its files |
//! | Anthropic | create the batch → look, and look again → fetch its results |
//!
//! A question that is among no turn's answers has none: it is asked again. Where a process ends between the server's
//! making of a batch and the keeping of its job, that batch is paid for and never fetched; no provider has a way to ask
//! for it safely.

mod results;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::ask::{Ask, Reply, Trouble};
use super::super::spec::{OneModel, Provider};
use super::form::{get, headers, place, post, versioned};
use super::{Sent, Shape, azure, body, openai, trouble};

/// How long OpenAI may take; it knows nothing else.
const WINDOW: &str = "24h";

/// The longest name of a question, in bytes, which Anthropic sets; its characters are letters, figures, `_` and `-`.
pub(crate) const MAX_ID: usize = 64;

/// A batch on its way. Its JSON is kept between runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    shape: Shape,
    at: At,
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    /// The first request's answer. Nothing is known of it that could be asked for.
    Handing,
    /// A file is there, and the batch of it is being made.
    Making { file: String },
    /// The batch is being worked on.
    Running { batch: String },
    /// Its answers are being fetched: these files are still to come, the first of them now.
    Fetching { batch: String, files: Vec<String> },
}

/// The name of a question, and what became of it.
pub(crate) type Answer = (String, Result<Reply, Trouble>);

/// How it goes on.
#[derive(Debug)]
pub(crate) struct Turn {
    /// To be kept.
    pub(crate) job: Job,
    /// To be kept before the job is.
    pub(crate) answers: Vec<Answer>,
    pub(crate) step: Step,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this, and give its answer to [`next`].
    Send(Box<Sent>),
    /// It is not ready: after a while, [`again`].
    Wait,
    /// All answers that there are have been given.
    Done,
    /// There will be none.
    Failed(String),
}

/// The most requests of a batch and the most bytes of them; none where there is no batch API. These are the providers'
/// own limits, with room for what stands around a request.
pub(crate) fn limits(provider: Provider) -> Option<(usize, usize)> {
    match provider {
        Provider::Openai => Some((50_000, 190 << 20)),
        Provider::Azure => Some((100_000, 190 << 20)),
        Provider::Anthropic => Some((100_000, 240 << 20)),
        Provider::Mistral => Some((100_000, 480 << 20)),
        Provider::Gemini | Provider::Cohere | Provider::Bedrock => None,
    }
}

/// Hands over questions, each with a name that is its own. All are of one kind: a batch goes to one place.
pub(crate) fn first(model: &OneModel, asks: &[(String, Ask)]) -> Result<(Job, Sent), Trouble> {
    let shape = asks.first().map(|(_, ask)| Shape::of(ask)).ok_or_else(|| invalid("a batch of no requests"))?;
    if asks.iter().any(|(_, ask)| Shape::of(ask) != shape) {
        return Err(invalid("a batch takes requests of one kind: conversations, raw texts or vectors"));
    }
    if shape == Shape::Score || limits(model.provider).is_none() {
        return Err(invalid("its provider takes no batches of this kind: leave `batch` out"));
    }
    let sent = match model.provider {
        Provider::Anthropic => {
            let one = |(id, ask): &(String, Ask)| Ok(json!({ "custom_id": id, "params": body(model, ask)? }));
            let requests = asks.iter().map(one).collect::<Result<Vec<_>, Trouble>>()?;
            post(model, batches(model, &[])?, &json!({ "requests": requests }))?
        }
        _ => upload(model, &lines(model, shape, asks)?)?,
    };
    Ok((Job { shape, at: At::Handing }, sent))
}

/// What is to be sent for a job that waits or was left; none where it never got beyond its first request, which is then
/// made anew.
pub(crate) fn again(model: &OneModel, job: &Job) -> Result<Option<Sent>, Trouble> {
    match &job.at {
        At::Handing => Ok(None),
        At::Making { file } => post(model, batches(model, &[])?, &making(model, job.shape, file)).map(Some),
        At::Running { batch } => get(model, batches(model, &[batch])?).map(Some),
        At::Fetching { batch, files } => match (model.provider, files.first()) {
            (Provider::Anthropic, _) => get(model, batches(model, &[batch, "results"])?).map(Some),
            (_, Some(file)) => get(model, files_url(model, &[file, "content"])?).map(Some),
            (_, None) => get(model, batches(model, &[batch])?).map(Some),
        },
    }
}

/// Takes what the server answered to the last request. Trouble is of that request alone: the job stays as it was, and
/// [`again`] makes the request once more.
pub(crate) fn next(
    model: &OneModel,
    job: &Job,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Turn, Trouble> {
    if !(200..300).contains(&status) {
        return Err(trouble::of(model, status, headers, body));
    }
    if let At::Fetching { batch, files } = &job.at {
        let answers = results::read(model, job.shape, body);
        let left: Vec<_> = files.iter().skip(1).cloned().collect();
        return match left.is_empty() {
            true => Ok(Turn { job: job.clone(), answers, step: Step::Done }),
            false => go_on(model, job.shape, At::Fetching { batch: batch.clone(), files: left }, answers),
        };
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| trouble::unreadable(model, "is no JSON", body))?;
    match &job.at {
        At::Handing if model.provider != Provider::Anthropic => {
            go_on(model, job.shape, At::Making { file: id(model, &value)? }, Vec::new())
        }
        At::Running { .. } => looked(model, job, &value),
        _ => Ok(waiting(job.shape, At::Running { batch: id(model, &value)? })),
    }
}

/// What a batch has come to.
fn looked(model: &OneModel, job: &Job, value: &Value) -> Result<Turn, Trouble> {
    let At::Running { batch } = &job.at else { return Ok(waiting(job.shape, job.at.clone())) };
    let status = ["status", "processing_status"].iter().find_map(|name| value.get(name)?.as_str()).unwrap_or_default();
    match status.to_ascii_lowercase().as_str() {
        // One that has expired or was stopped has the answers that it got to.
        "completed" | "expired" | "cancelled" | "success" | "timeout_exceeded" | "ended" | "failed" => {
            let named = ["output_file_id", "error_file_id", "output_file", "error_file"];
            let mut files: Vec<_> = named.iter().filter_map(|name| Some(value.get(name)?.as_str()?.into())).collect();
            files.retain(|file: &String| !file.is_empty());
            if files.is_empty() && model.provider != Provider::Anthropic {
                return Ok(ended(model, job, status, value));
            }
            go_on(model, job.shape, At::Fetching { batch: batch.clone(), files }, Vec::new())
        }
        "" => Err(trouble::unreadable(model, "says nothing of the batch", value.to_string().as_bytes())),
        _ => Ok(waiting(job.shape, job.at.clone())),
    }
}

/// A batch without answers.
fn ended(model: &OneModel, job: &Job, status: &str, value: &Value) -> Turn {
    let why = value.pointer("/errors/data/0/message").and_then(Value::as_str).map(str::to_owned);
    let why = why.or_else(|| trouble::message(value)).unwrap_or_else(|| "the server does not say why".into());
    let why = trouble::bounded(model, &format!("the batch has ended ({status}) without answers: {why}"));
    Turn { job: job.clone(), answers: Vec::new(), step: Step::Failed(why) }
}

fn waiting(shape: Shape, at: At) -> Turn {
    Turn { job: Job { shape, at }, answers: Vec::new(), step: Step::Wait }
}

fn go_on(model: &OneModel, shape: Shape, at: At, answers: Vec<Answer>) -> Result<Turn, Trouble> {
    let job = Job { shape, at };
    let step = again(model, &job)?.map_or(Step::Wait, |sent| Step::Send(Box::new(sent)));
    Ok(Turn { job, answers, step })
}

/// What the server calls a file or a batch.
fn id(model: &OneModel, value: &Value) -> Result<String, Trouble> {
    let id = value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| trouble::unreadable(model, "has no `id`", value.to_string().as_bytes()))
}

/// What makes a batch of a file.
fn making(model: &OneModel, shape: Shape, file: &str) -> Value {
    let endpoint = endpoint(model, shape);
    match model.provider {
        Provider::Mistral => json!({ "model": model.model, "endpoint": endpoint, "input_files": [file] }),
        _ => json!({ "input_file_id": file, "endpoint": endpoint, "completion_window": WINDOW }),
    }
}

/// Where a batch's requests would go by themselves, as the provider names it.
fn endpoint(model: &OneModel, shape: Shape) -> String {
    let is_older_azure = model.provider == Provider::Azure && !azure::is_plain(model);
    format!("{}/{}", if is_older_azure { "" } else { "/v1" }, openai::segments(shape).join("/"))
}

/// A line of JSON for each question.
fn lines(model: &OneModel, shape: Shape, asks: &[(String, Ask)]) -> Result<Vec<u8>, Trouble> {
    let url = endpoint(model, shape);
    let mut lines = Vec::new();
    for (id, ask) in asks {
        let body = body(model, ask)?;
        let line = match model.provider {
            Provider::Mistral => json!({ "custom_id": id, "body": body }),
            _ => json!({ "custom_id": id, "method": "POST", "url": url, "body": body }),
        };
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

/// A file, in a form of several parts. Their boundary is the contents' digest, which cannot be in them.
fn upload(model: &OneModel, lines: &[u8]) -> Result<Sent, Trouble> {
    let boundary = format!("stillroom-{}", blake3::hash(lines).to_hex());
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(lines);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let mut headers = headers(model)?;
    let content_type = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
    headers.insert(CONTENT_TYPE, content_type.map_err(|_| invalid("the boundary of a form cannot be sent"))?);
    Ok(Sent { method: Method::POST, url: files_url(model, &[])?, headers, body })
}

fn files_url(model: &OneModel, rest: &[&str]) -> Result<Url, Trouble> {
    below(model, &[&["files"], rest].concat())
}

/// Always below the model's own URL: Anthropic names another one for the results, and no key goes where a server says.
fn batches(model: &OneModel, rest: &[&str]) -> Result<Url, Trouble> {
    match model.provider {
        Provider::Anthropic => below(model, &[&["messages", "batches"], rest].concat()),
        Provider::Mistral => below(model, &[&["batch", "jobs"], rest].concat()),
        _ => below(model, &[&["batches"], rest].concat()),
    }
}

fn below(model: &OneModel, segments: &[&str]) -> Result<Url, Trouble> {
    match model.provider {
        Provider::Azure => azure::below(model, segments),
        Provider::Openai => place(&model.url, segments),
        _ => place(&versioned(model, "v1"), segments),
    }
}

fn invalid(message: &str) -> Trouble {
    trouble::invalid(message.into())
}
