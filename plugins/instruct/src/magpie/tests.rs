use stillroom_sdk::llm::{self, Answer, Finish, Prompt};
use stillroom_sdk::task::Asked;
use stillroom_sdk::test::{TestBatch, TestOutput};

use super::*;
use crate::test_util::{self, fault, golden, lists, reasons, says, texts};

type Step = Asked<Magpie>;

fn seeds(seeds: &[i64]) -> TestBatch {
    test::batch().int64("seed", seeds.iter().map(|seed| Some(*seed)))
}

fn params(more: &str) -> String {
    format!(r#"{{"model": "small"{more}}}"#)
}

fn chats(output: &TestOutput) -> Vec<String> {
    let column = output.column::<List<Struct>>("conversation");
    let (roles, contents) = (column.values().member::<Utf8>("role"), column.values().member::<Utf8>("content"));
    let (roles, contents) = (roles.unwrap(), contents.unwrap());
    let turn = |turn: usize| format!("{}:{}", roles.value(turn), contents.value(turn));
    (0..output.len()).map(|row| column.value(row).map(turn).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn an_instruction_and_its_response_come_of_nothing() {
    let asked = says(&[" How is tea made?\n", "Boil water.<|eot_id|>and more"]);
    let output = test::run::<Step>(params(""), seeds(&[1])).unwrap();
    assert_eq!(texts(&output, "instruction"), ["How is tea made?"]);
    assert_eq!(texts(&output, "response"), ["Boil water."]);
    golden("magpie", &asked);
}

#[test]
fn every_template_writes_what_its_golden_file_says() {
    for template in ["llama3", "qwen2", "chatml", "mistral", "gemma", "phi3", "zephyr"] {
        let asked = says(&["How?", "So.", "And?", "Thus."]);
        let more =
            format!(r#", "template": "{template}", "begin-token": true, "turns": 2, "system-prompt": "Be kind.""#);
        let output = test::run::<Step>(params(&more), seeds(&[1])).unwrap();
        assert_eq!(chats(&output), ["user:How?|assistant:So.|user:And?|assistant:Thus."]);
        golden(&format!("magpie-{template}"), &asked);
    }
}

#[test]
fn the_form_may_be_the_pipelines() {
    let asked = says(&["\nHow?\nA: So.", "So."]);
    let parts = r#"{"begin": "^", "user-prefix": "U:", "user-suffix": "\n", "assistant-prefix": "A:",
        "assistant-suffix": "\n", "stop": ["\n"]}"#;
    let more = format!(r#", "parts": {parts}, "begin-token": true, "system-prompt": "Be kind.""#);
    let output = test::run::<Step>(params(&more), seeds(&[1])).unwrap();
    assert_eq!(texts(&output, "instruction"), ["How?"]);
    golden("magpie-parts", &asked);
    let parts = parts.replace("[\"\\n\"]", "[]");
    let why = fault::<Step>(&params(&format!(r#", "parts": {parts}"#)), seeds(&[1]));
    assert_eq!(why, "nothing in `parts` says where a turn ends; give a `user-suffix` or a `stop`");
}

#[test]
fn the_user_may_have_the_only_or_the_last_word() {
    let asked = says(&["How?"]);
    let output = test::run::<Step>(params(r#", "only-instruction": true"#), seeds(&[1])).unwrap();
    assert_eq!((texts(&output, "instruction"), asked.borrow().len()), (vec!["How?".to_owned()], 1));
    let asked = says(&["How?", "So.", "And?"]);
    let more = r#", "turns": 2, "end-with-user": true, "include-system-prompt": true, "system-prompt": "Be kind.""#;
    let output = test::run::<Step>(params(more), seeds(&[1])).unwrap();
    assert_eq!(chats(&output), ["system:Be kind.|user:How?|assistant:So.|user:And?"]);
    assert_eq!(asked.borrow().len(), 3);
}

#[test]
fn system_prompts_are_the_rows_or_drawn_by_weight() {
    test_util::model(|_| Ok("How?".to_owned()));
    let prompts = r#", "only-instruction": true, "include-system-prompt": true, "system-prompts": [
        {"name": "maths", "prompt": "Calculate.", "weight": 3}, {"name": "verse", "prompt": "Rhyme."}]"#;
    let all: Vec<i64> = (0..400).collect();
    let output = test::run::<Step>(params(prompts), seeds(&all)).unwrap();
    let (keys, said) = (texts(&output, "system_prompt_key"), texts(&output, "system_prompt"));
    let maths = keys.iter().filter(|key| *key == "maths").count();
    assert!((260..340).contains(&maths), "{maths} of 400 draw what 3 of 4 are to");
    for (key, said) in keys.iter().zip(&said) {
        assert_eq!(said, if key == "maths" { "Calculate." } else { "Rhyme." });
    }
    let own = seeds(&[1, 2]).utf8("system_prompt", [Some("Sing."), Some("")]);
    let output = test::run::<Step>(params(prompts), own).unwrap();
    assert_eq!(texts(&output, "system_prompt_key")[0], "-");
    assert_eq!(texts(&output, "system_prompt")[0], "Sing.");
    assert_ne!(texts(&output, "system_prompt_key")[1], "-");
}

#[test]
fn every_seed_and_sample_asks_for_something_else() {
    let seeds_of = |more: &str, batch: TestBatch| {
        let asked = test_util::model(|_| Ok("How?".to_owned()));
        test::run::<Step>(params(&format!(r#", "only-instruction": true{more}"#)), batch).unwrap();
        let seeds: Vec<Option<u64>> = asked.borrow().iter().map(|request| request.seed).collect();
        assert!(asked.borrow().iter().all(|request| matches!(request.prompt, Prompt::Text(_))));
        seeds
    };
    let both = seeds_of("", seeds(&[1, 2]));
    assert_ne!(both[0], both[1]);
    assert_eq!(seeds_of("", seeds(&[2])), both[1..]);
    let samples = seeds_of(r#", "samples": 2"#, seeds(&[1]));
    assert_eq!(samples[0], both[0]);
    assert_ne!(samples[1], both[0]);
}

#[test]
fn turns_that_are_none_reject_the_row() {
    says(&["How?", " <|eot_id|>"]);
    let output = test::run::<Step>(params(""), seeds(&[1])).unwrap();
    assert_eq!(reasons(&output), ["0: turn 1 of the assistant: nothing is said; the answer was:  <|eot_id|>"]);
    let cut = |more: &str| {
        llm::answer_with(|_, _| Ok(Answer { finish: Finish::Length, ..Answer::of("How is") }));
        test::run::<Step>(params(more), seeds(&[1])).unwrap()
    };
    let why = "0: turn 1 of the user: it was cut off where it may have no more tokens (`max-tokens`, `cut-off`); the \
               answer was: How is";
    assert_eq!(reasons(&cut("")), [why]);
    assert_eq!(texts(&cut(r#", "cut-off": "keep""#), "instruction"), ["How is"]);
    says(&[]);
    let output = test::run::<Step>(params(""), test::batch().int64("seed", [None])).unwrap();
    assert_eq!(reasons(&output), ["0: `seed` is null"]);
}

#[test]
fn what_cannot_be_read_is_asked_for_with_another_seed() {
    let asked = says(&["", "How?"]);
    let output = test::run::<Step>(params(r#", "only-instruction": true, "attempts": 2"#), seeds(&[1])).unwrap();
    assert_eq!(texts(&output, "instruction"), ["How?"]);
    assert_ne!(asked.borrow()[0].seed, asked.borrow()[1].seed);
}

#[test]
fn samples_are_rows_or_lists() {
    says(&["How?", "Why?"]);
    let more = r#", "only-instruction": true, "samples": 2"#;
    let output = test::run::<Step>(params(more), seeds(&[1])).unwrap();
    assert_eq!(
        (texts(&output, "instruction"), output.rows()),
        (vec!["How?".to_owned(), "Why?".to_owned()], Some(&[0, 0][..]))
    );
    says(&["How?", ""]);
    let output = test::run::<Step>(params(&format!(r#"{more}, "grouped": true"#)), seeds(&[1])).unwrap();
    assert_eq!(lists(&output, "instruction"), ["How?|-"]);
}

#[test]
fn wrong_parameters_are_told() {
    says(&[]);
    let why = |more: &str| fault::<Step>(&params(more), seeds(&[1]));
    assert_eq!(why(r#", "turns": 0"#), "parameter `turns` is 0; it must be from 1 to 100");
    assert_eq!(
        why(r#", "end-with-user": true"#),
        "parameter `end-with-user` needs `turns: 2` or more; of one turn it is `only-instruction`"
    );
    assert_eq!(why(r#", "only-instruction": true, "turns": 2"#), "parameter `only-instruction` needs `turns: 1`");
    assert_eq!(
        why(r#", "system-prompt": "a", "system-prompts": [{"name": "b", "prompt": "c"}]"#),
        "there are both `system-prompt` and `system-prompts`; leave one of them out"
    );
    assert_eq!(
        why(r#", "system-prompts": [{"name": "b", "prompt": "c", "weight": 0}]"#),
        "parameter `system-prompts[0].weight` is 0; it must be more than 0"
    );
    assert_eq!(
        why(r#", "system-prompts": [{"name": "b", "prompt": "c"}, {"name": "b", "prompt": "d"}]"#),
        "parameter `system-prompts[1].name` is `b`, which is there already"
    );
    assert!(why(r#", "template": "llama9""#).contains("one of `llama3`, `qwen2`, `chatml`"));
}
