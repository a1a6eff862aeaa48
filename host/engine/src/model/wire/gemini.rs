//! Gemini's contents.

use reqwest::Url;
use serde_json::{Value, json};

use super::super::ask::{Ask, Finish, Generate, Message, Prompt, Reply, Role, Token, Trouble, Usage, Words};
use super::super::spec::{OneModel, Structured};
use super::answer::{Read, count, finish, name, said, text, usage, vector};
use super::form::{listed, place, set, versioned};
use super::{Shape, anthropic, schema, score, trouble};

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    let verb = if shape == Shape::Embed { "embedContent" } else { "generateContent" };
    let model_name = model.model.strip_prefix("models/").unwrap_or(&model.model);
    // Tuned models have a folder of their own.
    let (folder, last) = model_name.split_once('/').unwrap_or(("models", model_name));
    place(&versioned(model, "v1beta"), &[folder, &format!("{last}:{verb}")])
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Generate(generate) => words(model, generate),
        Ask::Embed { text } => Ok(json!({ "content": { "parts": [{ "text": text }] } })),
        Ask::Score { .. } => Err(score::none("Gemini")),
    }
}

fn words(model: &OneModel, generate: &Generate) -> Result<Value, Trouble> {
    let Prompt::Chat(chat) = &generate.prompt else { return Err(trouble::no_raw_text("Gemini")) };
    let (chat, beside) = schema::tell(chat, generate.schema.as_ref(), model.structured, Structured::JsonSchema);
    let (system, chat) = anthropic::apart(&chat);
    let mut body = json!({ "contents": chat.iter().map(content).collect::<Vec<_>>() });
    set(&mut body, "systemInstruction", system.map(|text| json!({ "parts": [{ "text": text }] })));
    let config = config(generate, beside);
    if config.as_object().is_some_and(|config| !config.is_empty()) {
        set(&mut body, "generationConfig", Some(config));
    }
    Ok(body)
}

fn content(message: &Message) -> Value {
    let role = if message.role == Role::Assistant { "model" } else { "user" };
    json!({ "role": role, "parts": [{ "text": message.content }] })
}

fn config(generate: &Generate, beside: schema::Beside<'_>) -> Value {
    let mut config = json!({});
    let parameters = &generate.parameters;
    set(&mut config, "temperature", parameters.temperature);
    set(&mut config, "topP", parameters.top_p);
    set(&mut config, "topK", parameters.top_k);
    set(&mut config, "presencePenalty", parameters.presence_penalty);
    set(&mut config, "frequencyPenalty", parameters.frequency_penalty);
    set(&mut config, "maxOutputTokens", parameters.max_tokens);
    set(&mut config, "stopSequences", listed(&parameters.stop));
    set(&mut config, "seed", parameters.seed);
    set(&mut config, "responseLogprobs", generate.logprobs.map(|_| true));
    set(&mut config, "logprobs", generate.logprobs);
    if beside != schema::Beside::Nothing {
        set(&mut config, "responseMimeType", Some("application/json"));
    }
    if let schema::Beside::Schema(schema) = beside {
        set(&mut config, "responseJsonSchema", Some(schema.clone()));
    }
    config
}

pub(super) fn read(model: &OneModel, shape: Shape, value: &Value) -> Read {
    if shape == Shape::Embed {
        let vector =
            ["/embedding/values", "/embeddings/0/values"].iter().find_map(|place| vector(value.pointer(place)?));
        let usage = usage(value, &["/usageMetadata/promptTokenCount"], &[]);
        return Ok(vector.map(|vector| Reply::Vector { vector, usage }));
    }
    let Some(candidate) = value.pointer("/candidates/0").filter(|candidate| candidate.is_object()) else {
        let why = text(value, &["/promptFeedback/blockReasonMessage", "/promptFeedback/blockReason"]);
        return why.map_or(Ok(None), |why| Err(trouble::refused(model, &why)));
    };
    let (words, reasoning) = said(candidate.pointer("/content/parts").unwrap_or(&Value::Null));
    let finish = finish(candidate.get("finishReason"));
    if words.is_empty() && finish == Finish::Filter {
        let why = text(candidate, &["/finishMessage", "/finishReason"]).unwrap_or_default();
        return Err(trouble::refused(model, &why));
    }
    let written = ["candidatesTokenCount", "thoughtsTokenCount"];
    let written = written.iter().map(|member| count(value, &[&format!("/usageMetadata/{member}")]));
    Ok(Some(Reply::Words(Words {
        text: words,
        reasoning,
        finish,
        model: name(model, value, "/modelVersion"),
        usage: Usage {
            input: count(value, &["/usageMetadata/promptTokenCount"]),
            output: written.fold(0, u64::saturating_add),
        },
        logprobs: candidate.get("logprobsResult").map(logprobs).unwrap_or_default(),
    })))
}

fn logprobs(value: &Value) -> Vec<Token> {
    let list = |value: &Value, name| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let pair = |token: &Value| Some((token.get("token")?.as_str()?.to_owned(), token.get("logProbability")?.as_f64()?));
    let others = list(value, "topCandidates");
    let token = |(at, token): (usize, &Value)| {
        let (text, logprob) = pair(token)?;
        let others = others.get(at).map(|others| list(others, "candidates")).unwrap_or_default();
        Some(Token { text, logprob, others: others.iter().filter_map(pair).collect() })
    };
    list(value, "chosenCandidates").iter().enumerate().filter_map(token).collect()
}
