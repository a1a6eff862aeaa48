use stillroom_sdk::llm::Failure;
use stillroom_sdk::task::Asked;
use stillroom_sdk::test::TestBatch;

use super::*;
use crate::test_util::{fault, golden, lists, model, reasons, says, texts};

fn batch(rows: &[Option<&str>]) -> TestBatch {
    test::batch().utf8("instruction", rows.iter().copied())
}

fn one() -> TestBatch {
    batch(&[Some("Name a {colour}.")])
}

#[test]
fn every_mutation_asks_what_its_golden_file_says() {
    for mutation in ["constraints", "deepening", "concretizing", "reasoning", "breadth"] {
        let asked = says(&["Name two."]);
        let params = format!(r#"{{"model": "small", "evolutions": 1, "mutations": ["{mutation}"]}}"#);
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        assert_eq!(lists(&output, "mutations"), [mutation]);
        golden(&format!("instruct-{mutation}"), &asked);
    }
}

#[test]
fn an_evolution_is_of_the_one_before() {
    let asked = says(&["Name two.", "Name three."]);
    let params = r#"{"model": "small", "evolutions": 2, "mutations": ["reasoning"]}"#;
    let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
    assert_eq!(texts(&output, "evolved_instruction"), ["Name three."]);
    assert_eq!(lists(&output, "mutations"), ["reasoning|reasoning"]);
    golden("instruct-two", &asked);
}

#[test]
fn all_are_kept_with_the_original_and_answered() {
    let asked = says(&["Name two.", "Name three.", "Red.", "Red, blue.", "Red, blue, green."]);
    let params = r#"{"model": "small", "evolutions": 2, "mutations": ["reasoning"], "keep": "all",
        "include-original": true, "answers": true}"#;
    let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
    assert_eq!(lists(&output, "evolved_instructions"), ["Name a {colour}.|Name two.|Name three."]);
    assert_eq!(lists(&output, "answers"), ["Red.|Red, blue.|Red, blue, green."]);
    golden("instruct-answers", &asked);
    says(&["Name two.", "Red, blue."]);
    let params = r#"{"model": "small", "evolutions": 1, "answers": true}"#;
    let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
    assert_eq!(texts(&output, "answer"), ["Red, blue."]);
}

#[test]
fn a_failed_evolution_rejects_the_row_or_is_passed_over() {
    let params = |more: &str| format!(r#"{{"model": "small", "evolutions": 2, "mutations": ["reasoning"]{more}}}"#);
    says(&["Name two.", "name two!"]);
    let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
    let expected = "0: evolution 2 (`reasoning`): there is nothing new in it: it says the same in the same words; \
                    the answer was: name two!";
    assert_eq!(reasons(&output), [expected]);
    says(&["Name two.", "name two!"]);
    let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
    assert_eq!(texts(&output, "evolved_instruction"), ["Name two."]);
    assert_eq!(lists(&output, "mutations"), ["reasoning"]);
    says(&["", "Sorry, no."]);
    let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
    let expected = "0: no evolution stands the checks; evolution 2 (`reasoning`): it is a refusal, `sorry` in less \
                    than 80 words: Sorry, no.; the answer was: Sorry, no.";
    assert_eq!(reasons(&output), [expected]);
    // That nobody answers is no failed check.
    says(&["Name two."]);
    let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
    assert_eq!(reasons(&output), ["0: evolution 2 (`reasoning`): failed: nothing more is said"]);
}

#[test]
fn the_model_judges_what_is_new() {
    let params = |more: &str| {
        let params = r#"{"model": "small", "evolutions": 1, "mutations": ["reasoning"], "judge": true"#;
        format!("{params}{more}}}")
    };
    let asked = says(&["Give me one.", r#"{"new": true}"#]);
    let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
    assert_eq!(texts(&output, "evolved_instruction"), ["Give me one."]);
    golden("instruct-judge", &asked);
    says(&["Give me one.", r#"{"new": false}"#]);
    let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
    assert_eq!(reasons(&output), ["0: evolution 1 (`reasoning`): there is nothing new in it, as the model judges"]);
    says(&["Give me one.", r#"{"new": "yes"}"#]);
    let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
    let expected = "0: evolution 1 (`reasoning`): the judgement whether it is new: there is no `new` that is true \
                    or false; the answer was: {\"new\": \"yes\"}";
    assert_eq!(reasons(&output), [expected]);
}

#[test]
fn an_answer_that_is_none_rejects_the_row() {
    says(&["Name two.", "Sorry."]);
    let params = r#"{"model": "small", "evolutions": 1, "answers": true}"#;
    let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
    let expected = "0: the answer to instruction 0: it is a refusal, `sorry` in less than 80 words: Sorry.; the \
                    answer was: Sorry.";
    assert_eq!(reasons(&output), [expected]);
}

#[test]
fn what_fails_is_asked_again_and_nulls_are_rejected() {
    let asked = says(&["", "Name two."]);
    let params = r#"{"model": "small", "evolutions": 1, "attempts": 2}"#;
    let output = test::run::<Asked<Instruct>>(params, batch(&[None, Some("Name a colour.")])).unwrap();
    assert_eq!(reasons(&output), ["0: `instruction` is null"]);
    assert_eq!(texts(&output, "evolved_instruction"), ["-", "Name two."]);
    assert_eq!(asked.borrow().len(), 2);
}

#[test]
fn what_a_row_gets_hangs_on_its_text_sample_and_seed() {
    let draws = |params: &str, rows: &[Option<&str>]| {
        model(|prompt| Ok(format!("After: {}", prompt.len())));
        lists(&test::run::<Asked<Instruct>>(params, batch(rows)).unwrap(), "mutations")
    };
    let rows: Vec<String> = (0..40).map(|row| format!("Task {row}")).collect();
    let rows: Vec<Option<&str>> = rows.iter().map(|row| Some(row.as_str())).collect();
    let params = r#"{"model": "small", "evolutions": 1}"#;
    let all = draws(params, &rows);
    for mutation in ["constraints", "deepening", "concretizing", "reasoning", "breadth"] {
        assert!(all.iter().any(|drawn| drawn == mutation), "nobody draws {mutation}");
    }
    assert_eq!(draws(params, &rows[7..9]), all[7..9]);
    assert_ne!(draws(r#"{"model": "small", "evolutions": 1, "seed": 1}"#, &rows), all);
    let samples = draws(r#"{"model": "small", "evolutions": 1, "samples": 20}"#, &rows[..1]);
    assert_eq!(samples.len(), 20);
    assert!(samples.iter().any(|drawn| *drawn != samples[0]));
}

#[test]
fn samples_are_rows_or_lists() {
    let params = |grouped: bool| {
        format!(r#"{{"model": "small", "evolutions": 1, "samples": 2, "grouped": {grouped}, "temperature": 0.5}}"#)
    };
    let asked = says(&["Name two.", "Name three."]);
    let output = test::run::<Asked<Instruct>>(params(false), one()).unwrap();
    assert_eq!(texts(&output, "evolved_instruction"), ["Name two.", "Name three."]);
    assert_eq!(output.rows().unwrap(), [0, 0]);
    assert!(asked.borrow().iter().all(|request| request.temperature == Some(0.5)));
    says(&["Name two.", ""]);
    let output = test::run::<Asked<Instruct>>(params(true), one()).unwrap();
    assert_eq!(lists(&output, "evolved_instruction"), ["Name two.|-"]);
}

#[test]
fn templates_of_the_pipeline_are_drawn_too() {
    let asked = says(&["Nomme deux."]);
    let params = r#"{"model": "small", "evolutions": 1, "mutations": [],
        "templates": [{"name": "french", "prompt": "Translate: {instruction}"}]}"#;
    let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
    assert_eq!(lists(&output, "mutations"), ["french"]);
    golden("instruct-template", &asked);
}

#[test]
fn wrong_parameters_are_told() {
    model(|_| Err(Failure::Failed(String::new())));
    let why = |params: &str| fault::<Asked<Instruct>>(&format!(r#"{{"model": "small", {params}}}"#), one());
    assert_eq!(why(r#""seed": 1"#), "parameter `evolutions` is missing");
    assert_eq!(why(r#""evolutions": 0"#), "parameter `evolutions` is 0; it must be from 1 to 100");
    assert_eq!(
        why(r#""evolutions": 1, "mutations": []"#),
        "parameter `mutations` is empty; name one, or give one in `templates`"
    );
    assert_eq!(
        why(r#""evolutions": 1, "include-original": true"#),
        "parameter `include-original` needs `keep: all`: of the last there is only one"
    );
    assert_eq!(
        why(r#""evolutions": 1, "templates": [{"name": "a", "prompt": "b"}]"#),
        "parameter `templates[0].prompt` has no `{instruction}`: nothing would be evolved"
    );
    assert!(why(r#""evolutions": 1, "mutations": ["harder"]"#).starts_with("parameter `mutations[0]` is \"harder\""));
}
