//! Mistral's form: OpenAI's, with a few words of its own.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Generate, Prompt, Role, Trouble};
use super::super::spec::{OneModel, Structured};
use super::form::{listed, place, set, versioned};
use super::{Shape, openai, schema, score, trouble};

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    place(&versioned(model, "v1"), &openai::segments(shape))
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => words(model, generate),
        Ask::Embed { text } => Ok(openai::embed(model, text)),
        Ask::Score { .. } => Err(score::none("Mistral")),
    }
}

fn words(model: &OneModel, generate: &Generate) -> Result<Value, Trouble> {
    let Prompt::Chat(chat) = &generate.prompt else { return Err(trouble::no_raw_text("Mistral")) };
    let (chat, beside) = schema::tell(chat, generate.schema.as_ref(), model.structured, Structured::JsonSchema);
    let mut messages = openai::messages(&chat);
    if chat.last().is_some_and(|message| message.role == Role::Assistant)
        && let Some(last) = messages.as_array_mut().and_then(|messages| messages.last_mut())
    {
        set(last, "prefix", Some(true));
    }
    let mut body = json!({ "model": model.model, "messages": messages });
    set(&mut body, "response_format", schema::response_format(beside));
    let parameters = &generate.parameters;
    set(&mut body, "temperature", parameters.temperature);
    set(&mut body, "top_p", parameters.top_p);
    set(&mut body, "presence_penalty", parameters.presence_penalty);
    set(&mut body, "frequency_penalty", parameters.frequency_penalty);
    set(&mut body, "max_tokens", parameters.max_tokens);
    set(&mut body, "stop", listed(&parameters.stop));
    set(&mut body, "random_seed", parameters.seed);
    Ok(body)
}
