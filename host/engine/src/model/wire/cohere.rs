//! Cohere's second version.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Generate, Prompt, Reply, Trouble, Words};
use super::super::spec::{OneModel, Scoring, Structured};
use super::answer::{Read, finish, name, said, usage, vector};
use super::form::{listed, place, set, versioned};
use super::{Shape, openai, schema, score, trouble};

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    let last = match shape {
        Shape::Chat | Shape::Text => "chat",
        Shape::Embed => "embed",
        Shape::Score => return score::url(model),
    };
    place(&versioned(model, "v2"), &[last])
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => words(model, generate),
        // What the vector is for has to be said; `extra` can say something else.
        Ask::Embed { text } => Ok(json!({
            "model": model.model,
            "texts": [text],
            "input_type": "search_document",
            "embedding_types": ["float"],
        })),
        Ask::Score { query, text } if model.scoring == Scoring::Rerank => score::body(model, query.as_deref(), text),
        Ask::Score { .. } => Err(trouble::invalid("Cohere scores by `scoring: rerank` alone".into())),
    }
}

fn words(model: &OneModel, generate: &Generate) -> Result<Value, Trouble> {
    let Prompt::Chat(chat) = &generate.prompt else { return Err(trouble::no_raw_text("Cohere")) };
    let (chat, beside) = schema::tell(chat, generate.schema.as_ref(), model.structured, Structured::JsonSchema);
    let mut body = json!({ "model": model.model, "messages": openai::messages(&chat) });
    let format = match beside {
        schema::Beside::Nothing => None,
        schema::Beside::Json => Some(json!({ "type": "json_object" })),
        schema::Beside::Schema(schema) => Some(json!({ "type": "json_object", "schema": schema })),
    };
    set(&mut body, "response_format", format);
    let parameters = &generate.parameters;
    set(&mut body, "temperature", parameters.temperature);
    set(&mut body, "p", parameters.top_p);
    set(&mut body, "k", parameters.top_k);
    set(&mut body, "presence_penalty", parameters.presence_penalty);
    set(&mut body, "frequency_penalty", parameters.frequency_penalty);
    set(&mut body, "max_tokens", parameters.max_tokens);
    set(&mut body, "stop_sequences", listed(&parameters.stop));
    set(&mut body, "seed", parameters.seed);
    Ok(body)
}

pub(super) fn read(model: &OneModel, shape: Shape, value: &Value) -> Read {
    if shape == Shape::Embed {
        let usage = usage(value, &["/meta/billed_units/input_tokens", "/meta/tokens/input_tokens"], &[]);
        let vector = value.get("embeddings").and_then(vector);
        return Ok(vector.map(|vector| Reply::Vector { vector, usage }));
    }
    let Some(message) = value.get("message").filter(|message| message.is_object()) else { return Ok(None) };
    let (text, reasoning) = said(message.get("content").unwrap_or(&Value::Null));
    Ok(Some(Reply::Words(Words {
        text,
        reasoning,
        finish: finish(value.get("finish_reason")),
        model: name(model, value, "/model"),
        usage: usage(
            value,
            &["/usage/tokens/input_tokens", "/usage/billed_units/input_tokens"],
            &["/usage/tokens/output_tokens", "/usage/billed_units/output_tokens"],
        ),
        logprobs: Vec::new(),
    })))
}
