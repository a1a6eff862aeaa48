//! Scores of texts, in the forms of vLLM, llama.cpp, Cohere and Jina.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Reply, Trouble, Usage};
use super::super::spec::{OneModel, Provider, Scoring};
use super::answer::{Read, count};
use super::form::{place, versioned};
use super::trouble;

/// Tokens, as those that score count them.
const TOKENS: [&str; 4] =
    ["/usage/prompt_tokens", "/usage/total_tokens", "/meta/billed_units/input_tokens", "/meta/tokens/input_tokens"];

pub(super) fn url(model: &OneModel) -> Result<Url, Trouble> {
    let (base, last) = match model.scoring {
        Scoring::Rerank if model.provider == Provider::Cohere => (versioned(model, "v2"), "rerank"),
        Scoring::Rerank => (model.url.clone(), "rerank"),
        Scoring::Score => (model.url.clone(), "score"),
        // vLLM has these two beside `/v1`, not below.
        Scoring::Classify => (above(model), "classify"),
        Scoring::Pooling => (above(model), "pooling"),
    };
    place(&base, &[last])
}

fn above(model: &OneModel) -> String {
    let url = model.url.trim_end_matches('/');
    url.strip_suffix("/v1").unwrap_or(url).into()
}

/// What asks for the score of a text.
pub(super) fn body(model: &OneModel, query: Option<&str>, text: &str) -> Result<Value, Trouble> {
    let question = |how| query.ok_or_else(|| needs(how));
    Ok(match model.scoring {
        Scoring::Rerank => json!({ "model": model.model, "query": question("rerank")?, "documents": [text] }),
        Scoring::Score => json!({ "model": model.model, "text_1": question("score")?, "text_2": text }),
        Scoring::Classify | Scoring::Pooling => match query {
            // A reward model sees the answer in its conversation.
            Some(query) => json!({
                "model": model.model,
                "messages": [{ "role": "user", "content": query }, { "role": "assistant", "content": text }],
            }),
            None => json!({ "model": model.model, "input": [text] }),
        },
    })
}

fn needs(how: &str) -> Trouble {
    trouble::invalid(format!("`scoring: {how}` scores a text against a question, and there is none: give it a query"))
}

/// Why there are no scores of a provider.
pub(super) fn none(provider: &str) -> Trouble {
    trouble::invalid(format!("{provider} scores no texts: use a model that is asked for its words"))
}

pub(super) fn read(model: &OneModel, value: &Value) -> Read {
    let ratings = match model.scoring {
        Scoring::Rerank | Scoring::Score => one(value).map(|value| vec![(String::new(), value)]),
        Scoring::Classify => first(value).and_then(classes),
        Scoring::Pooling => first(value).and_then(|first| first.get("data")).and_then(pooled),
    };
    let usage = Usage { input: count(value, &TOKENS), output: 0 };
    Ok(ratings.filter(|ratings| !ratings.is_empty()).map(|ratings| Reply::Ratings { ratings, usage }))
}

/// What is said of the one text.
fn first(value: &Value) -> Option<&Value> {
    let list = ["results", "data"].iter().find_map(|name| value.get(name)).unwrap_or(value);
    list.as_array()?.first()
}

fn one(value: &Value) -> Option<f64> {
    let first = first(value)?;
    ["relevance_score", "score"].iter().find_map(|name| first.get(name)?.as_f64())
}

/// A class has its name where the server says it. vLLM says the best one's alone; the others are called by their
/// number.
fn classes(first: &Value) -> Option<Vec<(String, f64)>> {
    let named = first.get("predictions").unwrap_or(first);
    let pair = |one: &Value| Some((one.get("label")?.as_str()?.to_owned(), one.get("score")?.as_f64()?));
    if let Some(named) = named.as_array() {
        return named.iter().map(pair).collect();
    }
    let Some(probs) = first.get("probs").and_then(Value::as_array) else { return pair(first).map(|pair| vec![pair]) };
    let probs: Vec<f64> = probs.iter().map(Value::as_f64).collect::<Option<_>>()?;
    let label = first.get("label").and_then(Value::as_str).unwrap_or_default();
    let best = probs.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(at, _)| at);
    let alone = probs.len() == 1;
    let name = |at: usize| if Some(at) == best && !label.is_empty() { label.into() } else { at.to_string() };
    Some(probs.into_iter().enumerate().map(|(at, p)| (if alone { label.to_owned() } else { name(at) }, p)).collect())
}

/// One number; or one for each class; or these for each token, of which the last has seen the whole.
fn pooled(data: &Value) -> Option<Vec<(String, f64)>> {
    let list = match data {
        Value::Array(list) => list,
        number => return Some(vec![(String::new(), number.as_f64()?)]),
    };
    if let Some(last @ Value::Array(_)) = list.last() {
        return last.as_array()?.iter().all(|inner| !inner.is_array()).then(|| pooled(last))?;
    }
    let numbers: Vec<f64> = list.iter().map(Value::as_f64).collect::<Option<_>>()?;
    let alone = numbers.len() == 1;
    let name = |at: usize| if alone { String::new() } else { at.to_string() };
    Some(numbers.into_iter().enumerate().map(|(at, number)| (name(at), number)).collect())
}
