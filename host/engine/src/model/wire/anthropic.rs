//! Anthropic's messages.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Finish, Generate, Message, Prompt, Reply, Role, Trouble, Usage, Words};
use super::super::spec::{OneModel, Structured};
use super::answer::{Read, count, finish, name, said};
use super::form::{listed, place, set, versioned};
use super::{openai, schema, score, trouble};

/// It has to be told how long an answer may be.
const MAX_TOKENS: u32 = 4096;

/// The tool that an answer is given by.
const TOOL: &str = "answer";

pub(super) fn url(model: &OneModel) -> Result<Url, Trouble> {
    place(&versioned(model, "v1"), &["messages"])
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => words(model, generate),
        Ask::Embed { .. } => {
            Err(trouble::invalid("Anthropic has no vectors of texts: use another provider's model".into()))
        }
        Ask::Score { .. } => Err(score::none("Anthropic")),
    }
}

fn words(model: &OneModel, generate: &Generate) -> Result<Value, Trouble> {
    let Prompt::Chat(chat) = &generate.prompt else { return Err(trouble::no_raw_text("Anthropic")) };
    let schema = generate.schema.as_ref();
    let by_tool = schema.filter(|schema| takes_tool(model, chat, schema));
    let schema = if by_tool.is_some() { None } else { schema };
    let (chat, beside) = schema::tell(chat, schema, model.structured, Structured::Prompt);
    let (system, chat) = apart(&chat);
    let parameters = &generate.parameters;
    let most = parameters.max_tokens.unwrap_or(MAX_TOKENS);
    let mut body = json!({ "model": model.model, "max_tokens": most, "messages": openai::messages(&chat) });
    set(&mut body, "system", system);
    set(&mut body, "temperature", parameters.temperature);
    set(&mut body, "top_p", parameters.top_p);
    set(&mut body, "top_k", parameters.top_k);
    set(&mut body, "stop_sequences", listed(&parameters.stop));
    if let Some(schema) = by_tool {
        let tool = json!({ "name": TOOL, "description": "Gives the answer.", "input_schema": schema });
        set(&mut body, "tools", Some(json!([tool])));
        set(&mut body, "tool_choice", Some(json!({ "type": "tool", "name": TOOL })));
    }
    if let schema::Beside::Schema(schema) = beside {
        set(&mut body, "output_config", Some(json!({ "format": { "type": "json_schema", "schema": schema } })));
    }
    Ok(body)
}

/// By itself an answer of a schema is what a tool is called with: every model can, and any object will do.
/// (`json-schema` says `output_config.format`, which newer models have, for closed objects.) It goes neither with
/// thinking nor with a prefix, and nothing but an object can be a tool's input: there the schema stands in the prompt.
fn takes_tool(model: &OneModel, chat: &[Message], schema: &Value) -> bool {
    model.structured == Structured::Auto
        && schema.get("type").and_then(Value::as_str) == Some("object")
        && !model.extra.contains_key("thinking")
        && chat.last().is_some_and(|message| message.role != Role::Assistant)
}

/// What the system says, and the conversation without it.
pub(super) fn apart(chat: &[Message]) -> (Option<String>, Vec<Message>) {
    let (system, chat): (Vec<_>, Vec<_>) = chat.iter().cloned().partition(|message| message.role == Role::System);
    let system: Vec<_> = system.into_iter().map(|message| message.content).collect();
    ((!system.is_empty()).then(|| system.join("\n\n")), chat)
}

pub(super) fn read(model: &OneModel, value: &Value) -> Read {
    let Some(content @ Value::Array(blocks)) = value.get("content") else { return Ok(None) };
    let (mut text, reasoning) = said(content);
    let mut finish = finish(value.get("stop_reason"));
    let tool = blocks.iter().find(|block| block.get("name").and_then(Value::as_str) == Some(TOOL));
    if let Some(input) = tool.and_then(|tool| tool.get("input")) {
        text = input.to_string();
        // `tool_use`; but a call may be cut off as well.
        finish = if finish == Finish::Other { Finish::Stop } else { finish };
    }
    if text.is_empty() && finish == Finish::Filter {
        return Err(trouble::refused(model, "it gives `refusal` as the reason"));
    }
    let read = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    let input = read.iter().map(|member| count(value, &[&format!("/usage/{member}")])).fold(0, u64::saturating_add);
    let usage = Usage { input, output: count(value, &["/usage/output_tokens"]) };
    let model = name(model, value, "/model");
    Ok(Some(Reply::Words(Words { text, reasoning, finish, model, usage, logprobs: Vec::new() })))
}
