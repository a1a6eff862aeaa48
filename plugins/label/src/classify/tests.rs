use super::*;
use crate::test_util::{golden, reasons};
use stillroom_sdk::task::Asked;

const GIVEN: &str = r#"{"model": "small", "labels": {"Tea": "it is about tea", "Coffee": ""}, "context": "Drinks of a menu.",
    "examples": [{"text": "Earl Grey", "labels": "Tea"}], "query-title": "Item"}"#;

fn run(params: &str, texts: &[Option<&str>]) -> Result<test::TestOutput> {
    test::run::<Asked<Classify>>(params, test::batch().utf8("text", texts.iter().copied()))
}

#[test]
fn one_of_given_labels() {
    let asked = test::answering(["```json\n{\"labels\": \"tea\"}\n```", r#"{"labels": ["Unclassified"]}"#]);
    let output = run(GIVEN, &[Some("Darjeeling"), None, Some("Juice")]).unwrap();
    asked.assert_golden(golden("classify"));
    assert_eq!(output.values::<Utf8>("labels"), [Some("Tea"), None, Some("Unclassified")]);
    assert_eq!(reasons(&output), [(1, "`text` is null")]);
}

#[test]
fn several_labels_that_the_model_finds() {
    let asked = test::answering([r#"{"labels": ["hot", " black ", "hot"]}"#]);
    let params = r#"{"model": "small", "n": 3, "examples": [{"text": "Latte", "labels": "milky"}]}"#;
    let output = run(params, &[Some("Assam")]).unwrap();
    asked.assert_golden(golden("classify-found"));
    assert_eq!(output.column::<List<Utf8>>("labels").values().iter().collect::<Vec<_>>(), [Some("hot"), Some("black")]);
}

#[test]
fn bad_answers() {
    let two = r#"{"model": "small", "labels": ["a", "b", "c"], "n": 2}"#;
    let cases = [
        (GIVEN, "Tea", "there is no JSON in it"),
        (GIVEN, r#"{"label": "Tea"}"#, "there is no `labels` in it"),
        (GIVEN, r#"{"labels": "Water"}"#, "`Water` is none of the labels `Tea`, `Coffee`, `Unclassified`"),
        (GIVEN, r#"{"labels": 1}"#, "a label is 1; it must be text"),
        (GIVEN, r#"{"labels": ["Tea", "Coffee"]}"#, "there are 2 labels, where 1 may be"),
        (two, r#"{"labels": []}"#, "`labels` is empty"),
        (two, r#"{"labels": ["a", "b", "c"]}"#, "there are 3 labels, where 2 may be"),
        (r#"{"model": "small"}"#, r#"{"labels": " "}"#, "a label is empty"),
    ];
    for (params, answer, why) in cases {
        test::answering([answer]);
        let output = run(params, &[Some("x")]).unwrap();
        assert_eq!(reasons(&output), [(0, format!("{why}; the answer was: {answer}").as_str())]);
    }
}

#[test]
fn what_is_wrong_is_told_before_a_row_moves() {
    test::answering(["a"]);
    let cases = [
        (r#""n": 0"#, "parameter `n` is 0; it must be 1 or more"),
        (r#""labels": []"#, "parameter `labels` is empty; leave it out to have the model find labels"),
        (r#""labels": ["a", "A"]"#, "parameter `labels` has `A` twice; case does not count"),
        (
            r#""labels": "a""#,
            "parameter `labels` must be a list of labels, or an object of labels and what they mean, as in \
             `{ spam: it sells something }`",
        ),
        (
            r#""labels": ["a"], "examples": [{"text": "x", "labels": "b"}]"#,
            "parameter `examples[0]`: `b` is none of the labels `a`, `Unclassified`",
        ),
        (
            r#""default-label": "" "#,
            "parameter `default-label` is empty; it must be what a text has that no label fits",
        ),
    ];
    for (more, expected) in cases {
        let fault = run(&format!(r#"{{"model": "small", {more}}}"#), &[Some("x")]).unwrap_err();
        assert_eq!(fault.message(), expected);
    }
}

#[test]
fn samples() {
    let answers = [r#"{"labels": "a"}"#, r#"{"labels": "b"}"#];
    test::answering(answers);
    let output = run(r#"{"model": "small", "samples": 2}"#, &[Some("x")]).unwrap();
    assert_eq!((output.values::<Utf8>("labels"), output.rows()), (vec![Some("a"), Some("b")], Some(&[0, 0][..])));
    test::answering(answers);
    let output = run(r#"{"model": "small", "samples": 2, "grouped": true}"#, &[Some("x")]).unwrap();
    assert_eq!(output.column::<List<Utf8>>("labels").values().iter().collect::<Vec<_>>(), [Some("a"), Some("b")]);
}
