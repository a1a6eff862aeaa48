//! OpenAI's form, which most servers speak.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Generate, Message, Parameters, Prompt, Reply, Role, Token, Trouble, Words};
use super::super::spec::{OneModel, Provider, Structured};
use super::answer::{Read, finish, name, said, some, text, usage, vector};
use super::form::{listed, place, set};
use super::{Shape, schema, score, trouble};

/// The host that knows its own parameters and no others.
const OFFICIAL: &str = "api.openai.com";

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    match shape {
        Shape::Score => score::url(model),
        _ => place(&model.url, &segments(shape)),
    }
}

/// Where a question is asked, below the base.
pub(super) fn segments(shape: Shape) -> Vec<&'static str> {
    match shape {
        Shape::Chat => vec!["chat", "completions"],
        Shape::Text => vec!["completions"],
        Shape::Embed => vec!["embeddings"],
        Shape::Score => vec!["rerank"],
    }
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => Ok(words(model, generate)),
        Ask::Embed { text } => Ok(embed(model, text)),
        Ask::Score { query, text } => score::body(model, query.as_deref(), text),
    }
}

/// What asks for the vector of a text.
pub(super) fn embed(model: &OneModel, text: &str) -> Value {
    json!({ "model": model.model, "input": text })
}

/// A conversation as nearly all write it.
pub(super) fn messages(chat: &[Message]) -> Value {
    chat.iter().map(|message| json!({ "role": role(message.role), "content": message.content })).collect()
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn words(model: &OneModel, generate: &Generate) -> Value {
    let mut body = json!({ "model": model.model });
    let schema = generate.schema.as_ref();
    let beside = match &generate.prompt {
        Prompt::Chat(chat) => {
            let (chat, beside) = schema::tell(chat, schema, model.structured, Structured::JsonSchema);
            set(&mut body, "messages", Some(messages(&chat)));
            set(&mut body, "logprobs", generate.logprobs.map(|_| true));
            set(&mut body, "top_logprobs", generate.logprobs);
            beside
        }
        Prompt::Text(text) => {
            set(&mut body, "prompt", Some(text.as_str()));
            set(&mut body, "logprobs", generate.logprobs);
            schema.map_or(schema::Beside::Nothing, |schema| {
                schema::beside(schema, model.structured, Structured::JsonSchema)
            })
        }
    };
    set(&mut body, "response_format", schema::response_format(beside));
    parameters(&mut body, model, &generate.parameters, matches!(generate.prompt, Prompt::Chat(_)));
    body
}

fn parameters(body: &mut Value, model: &OneModel, parameters: &Parameters, is_chat: bool) {
    let official = is_official(model);
    set(body, "temperature", parameters.temperature);
    set(body, "top_p", parameters.top_p);
    if !official {
        set(body, "top_k", parameters.top_k);
        set(body, "min_p", parameters.min_p);
    }
    set(body, "presence_penalty", parameters.presence_penalty);
    set(body, "frequency_penalty", parameters.frequency_penalty);
    // Newer models of OpenAI refuse `max_tokens`, and most other servers know nothing else. Completions have always had
    // that.
    let most = if official && is_chat { "max_completion_tokens" } else { "max_tokens" };
    set(body, most, parameters.max_tokens);
    set(body, "stop", listed(&parameters.stop));
    set(body, "seed", parameters.seed);
}

fn is_official(model: &OneModel) -> bool {
    let host = || Url::parse(&model.url).ok().and_then(|url| url.host_str().map(|host| host == OFFICIAL));
    model.provider == Provider::Azure || host().unwrap_or(false)
}

pub(super) fn read(model: &OneModel, shape: Shape, value: &Value) -> Read {
    if shape == Shape::Embed {
        // llama.cpp's own form is a list, without `data`.
        let places = ["/data/0/embedding", "/0/embedding", "/embedding"];
        let vector = places.iter().find_map(|place| vector(value.pointer(place)?));
        let usage = usage(value, &["/usage/prompt_tokens", "/usage/total_tokens"], &[]);
        return Ok(vector.map(|vector| Reply::Vector { vector, usage }));
    }
    let Some(choice) = value.pointer("/choices/0").filter(|choice| choice.is_object()) else { return Ok(None) };
    let (text, reasoning) = match (choice.get("message"), choice.get("text")) {
        (Some(message @ Value::Object(_)), _) => spoken(model, message)?,
        (_, Some(Value::String(text))) => (text.clone(), None),
        _ => return Ok(None),
    };
    Ok(Some(Reply::Words(Words {
        text,
        reasoning,
        finish: finish(choice.get("finish_reason")),
        model: name(model, value, "/model"),
        usage: usage(
            value,
            &["/usage/prompt_tokens", "/usage/input_tokens"],
            &["/usage/completion_tokens", "/usage/output_tokens"],
        ),
        logprobs: choice.get("logprobs").map(logprobs).unwrap_or_default(),
    })))
}

/// What a message says, and what was thought before.
fn spoken(model: &OneModel, message: &Value) -> Result<(String, Option<String>), Trouble> {
    let (words, thought) = said(message.get("content").unwrap_or(&Value::Null));
    if words.is_empty()
        && let Some(why) = text(message, &["/refusal"])
    {
        return Err(trouble::refused(model, &why));
    }
    let thought = thought.or_else(|| text(message, &["/reasoning_content", "/reasoning"]));
    Ok((words, thought.and_then(some)))
}

/// The newer form, with an object for each token; or the older one, with a list for each member.
fn logprobs(value: &Value) -> Vec<Token> {
    if let Some(tokens) = value.get("content").and_then(Value::as_array) {
        return tokens.iter().filter_map(|token| newer(token, token.get("top_logprobs"))).collect();
    }
    let list = |name| value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (tokens, numbers, others) = (list("tokens"), list("token_logprobs"), list("top_logprobs"));
    let older = |(at, (token, number)): (usize, (&Value, &Value))| {
        let others = others.get(at).and_then(Value::as_object).into_iter().flatten();
        let others = others.filter_map(|(text, logprob)| Some((text.clone(), logprob.as_f64()?))).collect();
        Some(Token { text: token.as_str()?.into(), logprob: number.as_f64()?, others })
    };
    tokens.iter().zip(numbers).enumerate().filter_map(older).collect()
}

fn newer(token: &Value, others: Option<&Value>) -> Option<Token> {
    let pair = |token: &Value| Some((token.get("token")?.as_str()?.to_owned(), token.get("logprob")?.as_f64()?));
    let (text, logprob) = pair(token)?;
    let others = others.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect();
    Some(Token { text, logprob, others })
}
