use super::*;
use crate::test_util::{golden, reasons};
use stillroom_sdk::test::Runner;

fn batch(rows: &[(&str, Option<i64>)]) -> test::TestBatch {
    let texts = rows.iter().map(|(text, _)| Some(*text));
    test::batch().utf8("text", texts).int64("cluster_label", rows.iter().map(|(_, cluster)| *cluster))
}

/// What comes of several batches.
fn run(params: &str, batches: &[&[(&str, Option<i64>)]]) -> test::TestOutput {
    let mut runner = Runner::open::<Clusters>(params, &batch(&[]).fields()).unwrap();
    for rows in batches {
        assert!(runner.run(batch(rows)).unwrap().is_empty());
    }
    let output = runner.finish().unwrap().unwrap();
    assert!(runner.finish().unwrap().is_none());
    output
}

#[test]
fn all_rows_of_a_cluster_have_its_label() {
    let asked = test::answering([r#"{"labels": "Tea"}"#, r#"{"labels": "Coffee"}"#]);
    let batches: [&[_]; 2] =
        [&[("Assam", Some(1)), ("noise", Some(-1)), ("Mocha", Some(0))], &[("Sencha", Some(1)), ("lost", None)]];
    let output = run(r#"{"model": "small", "context": "Drinks.", "temperature": 0.0}"#, &batches);
    asked.assert_golden(golden("clusters"));
    let labels = [Some("Tea"), Some("Unclassified"), Some("Coffee"), Some("Tea")];
    assert_eq!(output.values::<Utf8>("summary_label"), labels);
    assert_eq!(output.values::<Utf8>("model_name"), [Some("test"), None, Some("test"), Some("test")]);
    assert_eq!(reasons(&output), [(4, "`cluster_label` is null")]);
}

#[test]
fn so_many_texts_are_shown_and_the_seed_says_which() {
    let rows: Vec<(String, Option<i64>)> = (0..100).map(|row| (format!("text {row:02}"), Some(7))).collect();
    let rows: Vec<(&str, Option<i64>)> = rows.iter().map(|(text, cluster)| (text.as_str(), *cluster)).collect();
    let shown = |seed: u32| {
        let asked = test::answering([r#"{"labels": ["a", "b"]}"#]);
        let params = format!(r#"{{"model": "small", "samples-per-cluster": 3, "n": 2, "seed": {seed}}}"#);
        let output = run(&params, &[&rows[..50], &rows[50..]]);
        assert_eq!(output.data_type("summary_label").to_string(), "list<utf8>");
        format!("{:?}", asked.requests())
    };
    assert_eq!(shown(1), shown(1));
    assert_ne!(shown(1), shown(2));
    assert_eq!(shown(1).matches("text ").count(), 3);
}

#[test]
fn a_cluster_without_a_label_rejects_its_rows() {
    test::answering(["none", "no", r#"{"labels": "b"}"#]);
    let rows = [("x", Some(1)), ("y", Some(2)), ("z", Some(1))];
    let output = run(r#"{"model": "small"}"#, &[&rows]);
    let why = |cluster: u8, answer: &str| {
        format!("cluster `{cluster}` has no label: there is no JSON in it; the answer was: {answer}")
    };
    assert_eq!(reasons(&output), [(0, &*why(1, "none")), (1, &*why(2, "no")), (2, &*why(1, "none"))]);
    test::answering(["none", r#"{"labels": "a"}"#, r#"{"labels": "b"}"#]);
    let output = run(r#"{"model": "small", "attempts": 2}"#, &[&rows]);
    assert_eq!(output.values::<Utf8>("summary_label"), [Some("b"), Some("a"), Some("b")]);
}

#[test]
fn what_is_wrong_is_told_before_a_row_moves() {
    test::answering(["a"]);
    let fault = |more: &str| {
        let params = format!(r#"{{"model": "small", {more}}}"#);
        Runner::open::<Clusters>(params, &batch(&[]).fields()).err().unwrap().message().to_owned()
    };
    assert_eq!(fault(r#""samples-per-cluster": 0"#), "parameter `samples-per-cluster` is 0; it must be 1 or more");
    assert_eq!(fault(r#""attempts": 0"#), "parameter `attempts` is 0; it must be 1 or more");
    assert_eq!(fault(r#""n": 0"#), "parameter `n` is 0; it must be 1 or more");
}
