use super::*;
use crate::test_util::{chat, reasons};

fn texts(params: &str, rows: &[Option<&str>]) -> test::TestOutput {
    test::run::<Template>(params, test::batch().column("messages", chat(rows))).unwrap()
}

fn text(params: &str, row: &str) -> String {
    let output = texts(params, &[Some(row)]);
    assert_eq!(reasons(&output), [""; 0], "{params}");
    output.values::<Utf8>("text")[0].unwrap().to_owned()
}

const CHAT: &str = "system:S|user:1|assistant:2|user:3";

/// A template and what it makes of `CHAT`, with what asks the assistant to go on.
const NAMED: [(&str, &str); 9] = [
    (
        "chatml",
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n1<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n\
         <|im_start|>user\n3<|im_end|>\n<|im_start|>assistant\n",
    ),
    (
        "llama-3",
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\n1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n2<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\n3<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ("mistral", "<s>[INST] S\n\n1[/INST] 2</s>[INST] 3[/INST]"),
    ("mistral-tekken", "<s>[INST]S\n\n1[/INST]2</s>[INST]3[/INST]"),
    (
        "gemma",
        "<bos><start_of_turn>user\nS\n\n1<end_of_turn>\n<start_of_turn>model\n2<end_of_turn>\n\
         <start_of_turn>user\n3<end_of_turn>\n<start_of_turn>model\n",
    ),
    ("phi-3", "<|system|>\nS<|end|>\n<|user|>\n1<|end|>\n<|assistant|>\n2<|end|>\n<|user|>\n3<|end|>\n<|assistant|>\n"),
    ("zephyr", "<|system|>\nS</s>\n<|user|>\n1</s>\n<|assistant|>\n2</s>\n<|user|>\n3</s>\n<|assistant|>\n"),
    ("alpaca", "S\n\n### Instruction:\n1\n\n### Response:\n2\n\n### Instruction:\n3\n\n### Response:\n"),
    ("vicuna", "S USER: 1 ASSISTANT: 2</s>USER: 3 ASSISTANT:"),
];

#[test]
fn models_have_their_templates() {
    for (name, expected) in NAMED {
        let params = format!(r#"{{"template": "{name}", "add-generation-prompt": true}}"#);
        assert_eq!(text(&params, CHAT), expected, "{name}");
    }
}

#[test]
fn texts_end_without_a_question() {
    for (name, expected) in [
        ("chatml", "<|im_start|>user\nü 👋<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n"),
        ("mistral", "<s>[INST] ü 👋[/INST] </s>"),
        ("phi-3", "<|user|>\nü 👋<|end|>\n<|assistant|>\n<|end|>\n<|endoftext|>"),
    ] {
        assert_eq!(text(&format!(r#"{{"template": "{name}"}}"#), "user:ü 👋|assistant:"), expected, "{name}");
    }
}

#[test]
fn a_system_prompt_may_be_given() {
    let alpaca = r#""template": "alpaca""#;
    let start =
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.";
    assert_eq!(text(&format!("{{{alpaca}}}"), "user:1"), format!("{start}\n\n### Instruction:\n1"));
    for (params, row, expected) in [
        (r#"{"template": "alpaca", "system": ""}"#, "user:1", "### Instruction:\n1"),
        (r#"{"template": "vicuna", "system": "T"}"#, "user:1|assistant:2", "T USER: 1 ASSISTANT: 2</s>"),
        (r#"{"template": "vicuna", "system": "T"}"#, "system:S|user:1", "S USER: 1 "),
        (r#"{"template": "mistral", "system": "T"}"#, "user:1", "<s>[INST] T\n\n1[/INST]"),
    ] {
        assert_eq!(text(params, row), expected, "{params}");
    }
}

#[test]
fn content_is_trimmed_where_the_model_wants_it() {
    assert_eq!(text(r#"{"template": "gemma"}"#, "user: 1\n "), "<bos><start_of_turn>user\n1<end_of_turn>\n");
    assert_eq!(text(r#"{"template": "zephyr"}"#, "user: 1\n "), "<|user|>\n 1\n </s>\n");
}

#[test]
fn the_first_token_may_be_left_to_the_tokenizer() {
    assert_eq!(text(r#"{"template": "mistral", "begin-token": false}"#, "user:1"), "[INST] 1[/INST]");
}

#[test]
fn a_template_may_be_ones_own() {
    let params = r#"{"parts": {
        "begin": "<", "user": {"prefix": "U:", "suffix": "."}, "assistant": {"prefix": "A:"}, "separator": "|",
        "system": {"prefix": "(", "suffix": ") "}, "system-in-user": true, "other": {"prefix": "{role}=", "suffix": "/{role}"},
        "end": ">", "generation-prompt": "A:", "trim": true
    }}"#;
    assert_eq!(text(params, "system: s |user:1|tool:{role}|assistant:2"), "<U:(s) 1.|tool={role}/tool|A:2>");
    let params = params.replacen('{', r#"{"add-generation-prompt": true, "#, 1);
    assert_eq!(text(&params, "user:1"), "<U:1.|A:");
    assert_eq!(text(r#"{"parts": {}}"#, "system:a|user:b|assistant:c"), "abc");
}

#[test]
fn other_roles_are_written_or_rejected() {
    assert_eq!(text("{}", "tool:x"), "<|im_start|>tool\nx<|im_end|>\n");
    let rows = [Some("user:1|tool:x"), Some("user:1")];
    assert_eq!(reasons(&texts(r#"{"template": "gemma"}"#, &rows)), ["0: the template has no role `tool`"]);
    assert_eq!(reasons(&texts(r#"{"template": "phi-3"}"#, &rows)), ["0: the template has no role `tool`"]);
}

#[test]
fn conversations_that_have_no_form_are_rejected() {
    let rows = [Some(""), None, Some("system:s"), Some("system:s|assistant:2"), Some("system:s|system:t|user:1")];
    let output = texts(r#"{"template": "mistral"}"#, &rows);
    let follows = "no user's turn follows the system's";
    let expected = [
        "0: `messages` has no turns".to_owned(),
        "1: `messages` is null".to_owned(),
        format!("2: {follows}"),
        format!("3: {follows}"),
        "4: two system turns come before a user's".to_owned(),
    ];
    assert_eq!(reasons(&output), expected);
    assert_eq!(output.values::<Utf8>("text"), [None; 5]);
    assert!(texts("{}", &[]).is_empty());
}
