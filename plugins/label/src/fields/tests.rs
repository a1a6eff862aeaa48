use super::*;
use crate::test_util::{golden, reasons};
use stillroom_sdk::task::Asked;

/// The parameters of a question.
fn with(question: &str, more: &str) -> String {
    format!(
        r#"{{"model": "small", "fields": [{{"column": "text", "title": "Review"}}, {{"column": "stars"}}],
            "question": {{"title": "What is it?", {question}}}{more}}}"#
    )
}

fn run(params: &str, texts: &[Option<&str>]) -> Result<test::TestOutput> {
    let batch = test::batch().utf8("text", texts.iter().copied()).int64("stars", texts.iter().map(|_| Some(4)));
    test::run::<Asked<Fields>>(params, batch)
}

const LABEL: &str =
    r#""kind": "label", "labels": ["Praise", "Blame"], "name": "tone", "description": "Look at the words.""#;

#[test]
fn a_label() {
    let asked = test::answering([r#"{"answer": " praise "}"#]);
    let more = r#", "guidelines": "Be fair.", "examples": [{"text": "Bad.", "stars": 1, "tone": "Blame"}]"#;
    let output = run(&with(LABEL, more), &[Some("Good."), None]).unwrap();
    asked.assert_golden(golden("fields"));
    assert_eq!(output.values::<Utf8>("tone")[0], Some("Praise"));
    assert_eq!(reasons(&output), [(1, "`text` is null")]);
}

#[test]
fn answers_of_each_kind() {
    let asked = test::answering([r#"{"answer": ["b", "A"]}"#, r#"{"answer": 5}"#, r#"{"answer": "Tea, mostly."}"#]);
    let one = |question: &str| run(&with(question, ""), &[Some("x")]).unwrap();
    let output = one(r#""kind": "multi-label", "labels": ["a", "b"]"#);
    assert_eq!(output.column::<List<Utf8>>("suggestion").values().iter().collect::<Vec<_>>(), [Some("b"), Some("a")]);
    assert_eq!(one(r#""kind": "rating""#).values::<Int64>("suggestion"), [Some(5)]);
    assert_eq!(one(r#""kind": "text""#).values::<Utf8>("suggestion"), [Some("Tea, mostly.")]);
    asked.assert_golden(golden("fields-kinds"));
}

#[test]
fn bad_answers() {
    let cases = [
        (LABEL, "Praise", "there is no JSON in it"),
        (LABEL, "{}", "there is no `answer`"),
        (LABEL, r#"{"answer": "Both"}"#, r#"`answer` is "Both"; it must be one of `Praise`, `Blame`"#),
        (r#""kind": "rating""#, r#"{"answer": 6}"#, "`answer` is 6; it must be one of `1`, `2`, `3`, `4`, `5`"),
        (r#""kind": "text""#, r#"{"answer": " "}"#, "`answer` is empty"),
        (r#""kind": "multi-label", "labels": ["a"]"#, r#"{"answer": []}"#, "`answer` is an empty list"),
    ];
    for (question, answer, why) in cases {
        test::answering([answer]);
        let output = run(&with(question, ""), &[Some("x")]).unwrap();
        assert_eq!(reasons(&output), [(0, format!("{why}; the answer was: {answer}").as_str())]);
    }
}

#[test]
fn what_is_wrong_is_told_before_a_row_moves() {
    test::answering(["a"]);
    let message = |params: &str| run(params, &[Some("x")]).unwrap_err().message().to_owned();
    let cases = [
        (
            r#""kind": "label""#,
            "",
            "parameter `question.labels` is empty; a question of this kind has labels to choose from",
        ),
        (
            r#""kind": "text", "labels": ["a"]"#,
            "",
            "parameter `question.labels` is of questions of the kind `label` or `multi-label`",
        ),
        (r#""kind": "text", "values": [1]"#, "", "parameter `question.values` is of questions of the kind `rating`"),
        (LABEL, r#", "examples": [{"text": "a"}]"#, "parameter `examples[0]`: there is no `stars`"),
        (LABEL, r#", "examples": [{"text": "a", "stars": 1}]"#, "parameter `examples[0]`: there is no answer, `tone`"),
        (
            LABEL,
            r#", "examples": [{"text": "a", "stars": 1, "tone": "x"}]"#,
            r#"parameter `examples[0]`: `answer` is "x"; it must be one of `Praise`, `Blame`"#,
        ),
        (
            r#""kind": "span""#,
            "",
            "parameter `question.kind` is \"span\"; it must be one of `label`, `multi-label`, `rating`, `text`",
        ),
    ];
    for (question, more, expected) in cases {
        assert_eq!(message(&with(question, more)), expected);
    }
    let none = r#"{"model": "small", "fields": [], "question": {"title": "a", "kind": "text"}}"#;
    assert_eq!(message(none), "parameter `fields` is empty; it names the columns that are shown");
    let unknown = r#"{"model": "small", "fields": [{"column": "a"}], "question": {"title": "a", "kind": "text"}}"#;
    assert_eq!(message(unknown), "there is no column `a`; the data has `text`, `stars`");
}
