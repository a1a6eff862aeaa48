use serde_json::{Value, json};

use super::super::super::ask::{Ask, Generate, Parameters, Prompt, Role, TroubleKind};
use super::super::super::spec::{OneModel, Provider, Scoring, Structured};
use super::super::encode;
use super::*;

fn everything() -> Parameters {
    Parameters {
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(40),
        min_p: Some(0.05),
        presence_penalty: Some(0.1),
        frequency_penalty: Some(0.2),
        max_tokens: Some(64),
        stop: vec!["END".into()],
        seed: Some(7),
    }
}

/// A question with all that can be said.
fn full() -> Ask {
    Ask::Generate(Generate {
        schema: Some(schema()),
        parameters: everything(),
        logprobs: Some(2),
        ..generate(Prompt::Chat(chat()))
    })
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"],
        "additionalProperties": false })
}

#[track_caller]
fn check(model: &OneModel, ask: &Ask, url: &str, body: Value) {
    let sent = encode(model, ask).unwrap();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url.as_str(), url);
    assert_eq!(json_of(&sent), body);
}

fn openai_messages() -> Value {
    json!([{ "role": "system", "content": "be brief" }, { "role": "user", "content": "hello" }])
}

fn response_format() -> Value {
    json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema(), "strict": true } })
}

#[test]
fn a_server_of_openais_form_is_told_everything() {
    let body = json!({
        "model": "m", "messages": openai_messages(), "logprobs": true, "top_logprobs": 2,
        "response_format": response_format(), "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "max_tokens": 64, "stop": ["END"], "seed": 7,
    });
    check(&local(), &full(), "http://127.0.0.1:8080/v1/chat/completions", body);
}

#[test]
fn openai_itself_and_azure_are_told_what_they_know() {
    let body = json!({
        "model": "m", "messages": openai_messages(), "logprobs": true, "top_logprobs": 2,
        "response_format": response_format(), "temperature": 0.5, "top_p": 0.9, "presence_penalty": 0.1,
        "frequency_penalty": 0.2, "max_completion_tokens": 64, "stop": ["END"], "seed": 7,
    });
    check(&usual(Provider::Openai), &full(), "https://api.openai.com/v1/chat/completions", body.clone());
    let url = "https://us.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21";
    check(&usual(Provider::Azure), &full(), url, body.clone());
    let newer = model(Provider::Azure, "https://us.openai.azure.com/openai/v1/");
    check(&newer, &full(), "https://us.openai.azure.com/openai/v1/chat/completions", body);
}

#[test]
fn anthropic() {
    let mut model = usual(Provider::Anthropic);
    let url = "https://api.anthropic.com/v1/messages";
    let messages = json!([{ "role": "user", "content": "hello" }]);
    check(&model, &ask(), url, json!({ "model": "m", "max_tokens": 4096, "messages": messages, "system": "be brief" }));
    let plain = json!({
        "model": "m", "max_tokens": 64, "messages": messages, "system": "be brief", "temperature": 0.5, "top_p": 0.9,
        "top_k": 40, "stop_sequences": ["END"],
    });
    let mut body = plain.clone();
    body["tools"] = json!([{ "name": "answer", "description": "Gives the answer.", "input_schema": schema() }]);
    body["tool_choice"] = json!({ "type": "tool", "name": "answer" });
    check(&model, &full(), url, body);
    model.structured = Structured::JsonSchema;
    let mut body = plain;
    body["output_config"] = json!({ "format": { "type": "json_schema", "schema": schema() } });
    check(&model, &full(), url, body);
}

#[test]
fn gemini() {
    let url = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent";
    let body = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }],
        "systemInstruction": { "parts": [{ "text": "be brief" }] },
        "generationConfig": {
            "temperature": 0.5, "topP": 0.9, "topK": 40, "presencePenalty": 0.1, "frequencyPenalty": 0.2,
            "maxOutputTokens": 64, "stopSequences": ["END"], "seed": 7, "responseLogprobs": true, "logprobs": 2,
            "responseMimeType": "application/json", "responseJsonSchema": schema(),
        },
    });
    let mut model = usual(Provider::Gemini);
    check(&model, &full(), url, body);
    model.model = "tunedModels/mine".into();
    let sent = encode(&model, &embed()).unwrap();
    assert_eq!(sent.url.path(), "/v1beta/tunedModels/mine:embedContent");
    assert_eq!(json_of(&sent), json!({ "content": { "parts": [{ "text": "a text" }] } }));
}

#[test]
fn mistral_cohere_and_bedrock() {
    let body = json!({
        "model": "m", "messages": openai_messages(), "response_format": response_format(), "temperature": 0.5,
        "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.2, "max_tokens": 64, "stop": ["END"],
            "random_seed": 7,
    });
    check(&usual(Provider::Mistral), &full(), "https://api.mistral.ai/v1/chat/completions", body);
    let body = json!({
        "model": "m", "messages": openai_messages(), "response_format": { "type": "json_object", "schema": schema() },
        "temperature": 0.5, "p": 0.9, "k": 40, "presence_penalty": 0.1, "frequency_penalty": 0.2, "max_tokens": 64,
        "stop_sequences": ["END"], "seed": 7,
    });
    check(&usual(Provider::Cohere), &full(), "https://api.cohere.com/v2/chat", body);
    let words = format!("hello\n\nAnswer with nothing but JSON that is valid against this JSON Schema:\n{}", schema());
    let body = json!({
        "messages": [{ "role": "user", "content": [{ "text": words }] }], "system": [{ "text": "be brief" }],
        "inferenceConfig": { "temperature": 0.5, "topP": 0.9, "maxTokens": 64, "stopSequences": ["END"] },
    });
    let mut model = usual(Provider::Bedrock);
    model.model = "arn:aws:bedrock:x/y".into();
    let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn:aws:bedrock:x%2Fy/converse";
    check(&model, &full(), url, body);
}

#[test]
fn a_prefix_goes_as_it_is_and_only_mistral_has_a_word_for_it() {
    let mut chat = chat();
    chat.push(message(Role::Assistant, "well,"));
    let ask = Ask::Generate(generate(Prompt::Chat(chat)));
    let last =
        |provider| json_of(&encode(&usual(provider), &ask).unwrap())["messages"].as_array().unwrap().last().cloned();
    let plain = json!({ "role": "assistant", "content": "well," });
    assert_eq!(last(Provider::Openai), Some(plain.clone()));
    assert_eq!(last(Provider::Anthropic), Some(plain));
    assert_eq!(last(Provider::Mistral), Some(json!({ "role": "assistant", "content": "well,", "prefix": true })));
}

#[test]
fn going_on_is_left_out_where_a_user_has_spoken_last() {
    let mut model = local();
    model.extra.insert("continue_final_message".into(), true.into());
    model.extra.insert("add_generation_prompt".into(), false.into());
    let mut chat = chat();
    assert!(json_of(&encode(&model, &ask()).unwrap()).get("continue_final_message").is_none());
    chat.push(message(Role::Assistant, "well,"));
    let body = json_of(&encode(&model, &Ask::Generate(generate(Prompt::Chat(chat)))).unwrap());
    assert_eq!((&body["continue_final_message"], &body["add_generation_prompt"]), (&json!(true), &json!(false)));
}

#[test]
fn raw_text_goes_to_servers_of_openais_form_alone() {
    let ask = Ask::Generate(Generate { logprobs: Some(1), ..generate(Prompt::Text("once".into())) });
    let body = json!({ "model": "m", "prompt": "once", "logprobs": 1 });
    check(&local(), &ask, "http://127.0.0.1:8080/v1/completions", body);
    for (provider, _) in ALL {
        let trouble = encode(&usual(provider), &text()).err();
        if !matches!(provider, Provider::Openai | Provider::Azure) {
            let trouble = trouble.unwrap();
            assert_eq!(trouble.kind, TroubleKind::Invalid);
            assert!(trouble.message.contains("takes no raw text"), "{trouble:?}");
        } else {
            assert_eq!(trouble, None);
        }
    }
}

#[test]
fn a_schema_that_openai_would_refuse_is_not_strict() {
    for (schema, strict) in [
        (schema(), true),
        (json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": false }), false),
        (json!({ "type": "object", "properties": { "a": {} }, "required": ["a"] }), false),
        (json!({ "type": "array", "items": { "type": "object" } }), false),
        (json!({ "type": "array", "items": { "type": "string" } }), true),
    ] {
        let ask = Ask::Generate(Generate { schema: Some(schema), ..generate(Prompt::Chat(chat())) });
        let body = json_of(&encode(&local(), &ask).unwrap());
        assert_eq!(body["response_format"]["json_schema"]["strict"], strict, "{body}");
    }
}

#[test]
fn a_schema_in_the_prompt_stands_in_the_last_question() {
    let mut model = local();
    for (structured, format) in
        [(Structured::Prompt, Value::Null), (Structured::JsonObject, json!({ "type": "json_object" }))]
    {
        model.structured = structured;
        let body = json_of(&encode(&model, &full()).unwrap());
        assert_eq!(body["response_format"], format);
        assert_eq!(body["messages"][0]["content"], "be brief");
        assert!(body["messages"][1]["content"].as_str().unwrap().ends_with(&schema().to_string()));
    }
}

#[test]
fn extra_is_merged_last_and_into_objects() {
    let mut model = usual(Provider::Gemini);
    let extra = json!({ "generationConfig": { "thinkingConfig": { "thinkingBudget": 0 }, "topK": 1 }, "labels": {} });
    model.extra = extra.as_object().unwrap().clone();
    let body = json_of(&encode(&model, &full()).unwrap());
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({ "thinkingBudget": 0 }));
    assert_eq!((&body["generationConfig"]["topK"], &body["generationConfig"]["topP"]), (&json!(1), &json!(0.9)));
    assert_eq!(body["labels"], json!({}));
}

#[test]
fn each_provider_is_shown_the_key_in_its_own_header_and_nobody_prints_it() {
    let names =
        ["authorization", "api-key", "x-api-key", "x-goog-api-key", "authorization", "authorization", "authorization"];
    for ((provider, _), name) in ALL.into_iter().zip(names) {
        let mut model = usual(provider);
        model.headers.push(("X-More".into(), "something".into()));
        let sent = encode(&model, &ask()).unwrap();
        assert!(sent.headers[name].to_str().unwrap().ends_with(KEY));
        assert_eq!(sent.headers["x-more"], "something");
        assert!(!format!("{sent:?}").contains(KEY), "{sent:?}");
        assert!(!sent.url.as_str().contains(KEY) && !String::from_utf8_lossy(&sent.body).contains(KEY));
    }
    assert_eq!(encode(&usual(Provider::Anthropic), &ask()).unwrap().headers["anthropic-version"], "2023-06-01");
}

#[test]
fn what_cannot_be_sent_is_said_without_the_key() {
    let mut model = local();
    model.key = Some(Key::new("two\nlines"));
    let trouble = encode(&model, &ask()).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Key);
    assert!(!trouble.message.contains("lines"), "{trouble:?}");
    for url in ["", "mailto:a@b", "file:///etc", "127.0.0.1:80", "http://"] {
        let mut model = local();
        model.url = url.into();
        assert_eq!(encode(&model, &ask()).unwrap_err().kind, TroubleKind::Invalid, "{url}");
    }
}

#[test]
fn vectors() {
    let plain = json!({ "model": "m", "input": "a text" });
    check(&local(), &embed(), "http://127.0.0.1:8080/v1/embeddings", plain.clone());
    check(&usual(Provider::Mistral), &embed(), "https://api.mistral.ai/v1/embeddings", plain);
    let cohere =
        json!({ "model": "m", "texts": ["a text"], "input_type": "search_document", "embedding_types": ["float"] });
    check(&usual(Provider::Cohere), &embed(), "https://api.cohere.com/v2/embed", cohere);
    let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke";
    check(&usual(Provider::Bedrock), &embed(), url, json!({ "inputText": "a text" }));
    assert_eq!(encode(&usual(Provider::Anthropic), &embed()).unwrap_err().kind, TroubleKind::Invalid);
}

#[test]
fn scores() {
    let rerank = json!({ "model": "m", "query": "q", "documents": ["a text"] });
    let talk = json!([{ "role": "user", "content": "q" }, { "role": "assistant", "content": "a text" }]);
    let mut model = local();
    for (scoring, url, body) in [
        (Scoring::Rerank, "http://127.0.0.1:8080/v1/rerank", rerank.clone()),
        (Scoring::Score, "http://127.0.0.1:8080/v1/score", json!({ "model": "m", "text_1": "q", "text_2": "a text" })),
        (Scoring::Classify, "http://127.0.0.1:8080/classify", json!({ "model": "m", "messages": talk })),
        (Scoring::Pooling, "http://127.0.0.1:8080/pooling", json!({ "model": "m", "messages": talk })),
    ] {
        model.scoring = scoring;
        check(&model, &score(), url, body);
        let alone = encode(&model, &Ask::Score { query: None, text: "a text".into() });
        match scoring {
            Scoring::Classify | Scoring::Pooling => assert_eq!(json_of(&alone.unwrap())["input"], json!(["a text"])),
            _ => assert_eq!(alone.unwrap_err().kind, TroubleKind::Invalid),
        }
    }
    check(&usual(Provider::Cohere), &score(), "https://api.cohere.com/v2/rerank", rerank);
}
