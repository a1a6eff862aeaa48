use stillroom_sdk::task::Asked;
use stillroom_sdk::{Float64, Int64, List, Rows, Utf8, test};

use super::*;
use crate::test_util::{answer_by, answers, golden, reasons, texts};

type Step = Asked<Pair>;

const ABC: Option<&[Option<&str>]> = Some(&[Some("good"), Some("bad"), Some("best")]);

fn batch(rows: &[Option<&[Option<&str>]>]) -> test::TestBatch {
    test::batch().utf8("input", rows.iter().map(|_| Some("Why?"))).column("candidates", texts(rows))
}

fn better(word: &str) -> String {
    format!(r#"{{"reason": "r", "better": "{word}"}}"#)
}

/// Prefers by goodness.
fn fair(asked: &str) -> String {
    let quality = |tag: &str| {
        let shown = asked.split(&format!("<answer_{tag}>\n")).nth(1).unwrap().lines().next().unwrap();
        ["bad", "good", "best"].iter().position(|word| *word == shown).unwrap()
    };
    better(if quality("a") > quality("b") { "A" } else { "B" })
}

#[test]
fn what_is_asked() {
    let asked = answers(&[&better("A")]);
    let params = r#"{"model": "small", "both-orders": false, "instructions": "Answer in one word."}"#;
    test::run::<Step>(params, batch(&[Some(&[Some("x"), Some("y")])])).unwrap();
    golden("pair", &asked);
}

#[test]
fn each_is_compared_with_each_in_both_orders() {
    let asked = answer_by(fair);
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[ABC, ABC])).unwrap();
    assert_eq!(asked.borrow().len(), 12);
    let ranks: Vec<_> = output.column::<List<Int64>>("ranks").values().iter().flatten().collect();
    assert_eq!(ranks, [2, 3, 1, 2, 3, 1]);
    let scores: Vec<_> = output.column::<List<Float64>>("scores").values().iter().flatten().collect();
    assert_eq!(scores, [0.5, 0.0, 1.0, 0.5, 0.0, 1.0]);
    let best = output.column::<List<Utf8>>("ranked_candidates");
    assert_eq!(best.values().iter().flatten().collect::<Vec<_>>()[..3], ["best", "good", "bad"]);
}

#[test]
fn a_liking_for_a_place_has_no_weight() {
    answer_by(|_| better("A"));
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[ABC])).unwrap();
    let ranks: Vec<_> = output.column::<List<Int64>>("ranks").values().iter().flatten().collect();
    assert_eq!(ranks, [1, 1, 1]);
    let output = test::run::<Step>(r#"{"model": "small", "both-orders": false}"#, batch(&[ABC])).unwrap();
    let ranks: Vec<_> = output.column::<List<Int64>>("ranks").values().iter().flatten().collect();
    assert_eq!(ranks, [1, 2, 3]);
}

#[test]
fn a_comparison_without_verdict_rejects_the_row() {
    let bad = [
        ("A is better", "there is no JSON in it"),
        (r#"{"reason": "r"}"#, "there is no text `better`"),
        (r#"{"better": "both"}"#, "`better` is `both`; it must be `A`, `B` or `tie`"),
    ];
    let two: Option<&[Option<&str>]> = Some(&[Some("x"), Some("y")]);
    for (text, reason) in bad {
        answers(&[&better("tie"), text, &better("B"), &better("A")]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[two, two])).unwrap();
        assert_eq!(reasons(&output), [format!("0: candidates 2 and 1: {reason}")]);
        let ranks: Vec<_> = output.column::<List<Int64>>("ranks").values().iter().flatten().collect();
        assert_eq!(ranks, [2, 1]);
    }
}

#[test]
fn only_what_cannot_be_read_is_asked_again() {
    let asked = answers(&["?", &better("B"), &better("A")]);
    let two: Option<&[Option<&str>]> = Some(&[Some("x"), Some("y")]);
    let output = test::run::<Step>(r#"{"model": "small", "attempts": 2}"#, batch(&[two])).unwrap();
    assert_eq!(reasons(&output), [""; 0]);
    assert_eq!(asked.borrow().len(), 3);
    assert_eq!(asked.borrow()[0], asked.borrow()[2]);
}

#[test]
fn rows_without_a_pair_are_rejected() {
    answers(&[]);
    let rows: [Option<&[Option<&str>]>; 3] = [None, Some(&[Some("x")]), Some(&[Some("x"), None])];
    let expected = [
        "0: `candidates` is null",
        "1: `candidates` has 1 texts; two or more are compared",
        "2: `candidates` has a null at place 1",
    ];
    assert_eq!(reasons(&test::run::<Step>(r#"{"model": "small"}"#, batch(&rows)).unwrap()), expected);
}

#[test]
fn samples_are_grouped() {
    answer_by(fair);
    let params = r#"{"model": "small", "samples": 2, "grouped": true}"#;
    let output = test::run::<Step>(params, batch(&[ABC])).unwrap();
    let ranks = output.column::<List<List<Int64>>>("ranks").values();
    assert_eq!(ranks.values().iter().flatten().collect::<Vec<_>>(), [2, 3, 1, 2, 3, 1]);
}
