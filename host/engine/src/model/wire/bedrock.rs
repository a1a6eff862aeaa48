//! Bedrock's `Converse`, and its Titan models for vectors. The key is one of Bedrock's own, which goes as it is;
//! requests are not signed with an account's.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Generate, Message, Prompt, Reply, Trouble, Usage, Words};
use super::super::spec::{OneModel, Structured};
use super::answer::{Read, count, finish, some, usage, vector};
use super::form::{listed, place, set};
use super::{Shape, anthropic, openai, schema, score, trouble};

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    let verb = if shape == Shape::Embed { "invoke" } else { "converse" };
    place(&model.url, &["model", &model.model, verb])
}

pub(super) fn body(ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => words(generate),
        Ask::Embed { text } => Ok(json!({ "inputText": text })),
        Ask::Score { .. } => Err(score::none("Bedrock")),
    }
}

/// However the pipeline says it, the schema stands in the prompt: that is the one way that all of Bedrock's models
/// have.
fn words(generate: &Generate) -> Result<Value, Trouble> {
    let Prompt::Chat(chat) = &generate.prompt else { return Err(trouble::no_raw_text("Bedrock")) };
    let (chat, _) = schema::tell(chat, generate.schema.as_ref(), Structured::Prompt, Structured::Prompt);
    let (system, chat) = anthropic::apart(&chat);
    let mut body = json!({ "messages": chat.iter().map(content).collect::<Vec<_>>() });
    set(&mut body, "system", system.map(|text| json!([{ "text": text }])));
    let parameters = &generate.parameters;
    let mut config = json!({});
    set(&mut config, "temperature", parameters.temperature);
    set(&mut config, "topP", parameters.top_p);
    set(&mut config, "maxTokens", parameters.max_tokens);
    set(&mut config, "stopSequences", listed(&parameters.stop));
    if config.as_object().is_some_and(|config| !config.is_empty()) {
        set(&mut body, "inferenceConfig", Some(config));
    }
    Ok(body)
}

fn content(message: &Message) -> Value {
    json!({ "role": openai::role(message.role), "content": [{ "text": message.content }] })
}

pub(super) fn read(model: &OneModel, shape: Shape, value: &Value) -> Read {
    if shape == Shape::Embed {
        let usage = usage(value, &["/inputTextTokenCount"], &[]);
        let vector = value.get("embedding").and_then(vector);
        return Ok(vector.map(|vector| Reply::Vector { vector, usage }));
    }
    let Some(blocks) = value.pointer("/output/message/content").and_then(Value::as_array) else { return Ok(None) };
    let texts = |pointer: &str| -> String {
        blocks.iter().filter_map(|block| block.pointer(pointer)?.as_str()).collect::<Vec<_>>().concat()
    };
    let read = ["inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"];
    let input = read.iter().map(|member| count(value, &[&format!("/usage/{member}")])).fold(0, u64::saturating_add);
    Ok(Some(Reply::Words(Words {
        text: texts("/text"),
        reasoning: some(texts("/reasoningContent/reasoningText/text")),
        finish: finish(value.get("stopReason")),
        // It does not say.
        model: model.model.clone(),
        usage: Usage { input, output: count(value, &["/usage/outputTokens"]) },
        logprobs: Vec::new(),
    })))
}
