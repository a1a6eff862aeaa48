use stillroom_sdk::task::Asked;
use stillroom_sdk::{Int64, Utf8, test};

use super::*;
use crate::test_util::{answers, golden, reasons, texts};

type Step = Asked<Prometheus>;

const ABSOLUTE: &str = r#"{"model": "small", "mode": "absolute", "rubric": "reasoning"}"#;
const RELATIVE: &str = r#"{"model": "small", "mode": "relative", "rubric": "helpfulness"}"#;

fn one(rows: &[Option<&str>]) -> test::TestBatch {
    let batch = test::batch().utf8("instruction", rows.iter().map(|_| Some("1 + 1?")));
    batch.utf8("generation", rows.iter().copied()).utf8("reference", rows.iter().map(|_| Some("2")))
}

fn two(rows: &[Option<&[Option<&str>]>]) -> test::TestBatch {
    let batch = test::batch().utf8("instruction", rows.iter().map(|_| Some("1 + 1?")));
    batch.column("generations", texts(rows)).utf8("reference", rows.iter().map(|_| Some("2")))
}

const AB: Option<&[Option<&str>]> = Some(&[Some("It is 2."), Some("It is 3.")]);

#[test]
fn what_is_asked() {
    let own = r#"{"model": "small", "mode": "absolute", "rubric": "brevity", "reference": true,
        "rubrics": [{"name": "brevity", "criterion": "Is it short?", "scores": ["a", "b", "c", "d", "e"]}]}"#;
    let with_reference = RELATIVE.replace('}', r#", "reference": true}"#);
    for (name, params) in [("prometheus-absolute", ABSOLUTE), ("prometheus-absolute-reference", own)] {
        let asked = answers(&["Right. [RESULT] 5"]);
        test::run::<Step>(params, one(&[Some("It is 2.")])).unwrap();
        golden(name, &asked);
    }
    for (name, params) in [("prometheus-relative", RELATIVE), ("prometheus-relative-reference", &with_reference)] {
        let asked = answers(&["A is right. [RESULT] A"]);
        test::run::<Step>(params, two(&[AB])).unwrap();
        golden(name, &asked);
    }
}

#[test]
fn results_are_read() {
    answers(&["Feedback: Right,\nand short.\n**[result]** 5", "[RESULT] 4 was my first thought. [RESULT]: (3)."]);
    let output = test::run::<Step>(ABSOLUTE, one(&[Some("a"), Some("b")])).unwrap();
    assert_eq!(output.values::<Int64>("result"), [Some(5), Some(3)]);
    let expected = [Some("Right,\nand short."), Some("[RESULT] 4 was my first thought.")];
    assert_eq!(output.values::<Utf8>("feedback"), expected);
    answers(&["A errs.\n[RESULT] b"]);
    let output = test::run::<Step>(RELATIVE, two(&[AB])).unwrap();
    assert_eq!(output.values::<Utf8>("result"), [Some("B")]);
}

#[test]
fn bad_answers_are_told() {
    let bad = [
        ("I like it: 5", "there is no `[RESULT]`"),
        ("[RESULT] 5", "there is no feedback before `[RESULT]`"),
        ("Feedback: [RESULT] 5", "there is no feedback before `[RESULT]`"),
        ("Good. [RESULT]", "there is no result behind `[RESULT]`"),
        ("Good. [RESULT] 6", "the result is `6`; it must be from 1 to 5"),
        ("Good. [RESULT] 4.5", "the result is `4.5`; it must be from 1 to 5"),
        ("Good. [RESULT] A", "the result is `A`; it must be from 1 to 5"),
    ];
    for (text, reason) in bad {
        answers(&[text]);
        assert_eq!(reasons(&test::run::<Step>(ABSOLUTE, one(&[Some("a")])).unwrap()), [format!("0: {reason}")]);
    }
    answers(&["Both. [RESULT] A and B"]);
    let output = test::run::<Step>(RELATIVE, two(&[AB])).unwrap();
    assert_eq!(reasons(&output), ["0: the result is `A and B`; it must be `A` or `B`"]);
}

#[test]
fn rows_that_lack_something_are_rejected() {
    answers(&[]);
    assert_eq!(reasons(&test::run::<Step>(ABSOLUTE, one(&[None])).unwrap()), ["0: `generation` is null"]);
    let output = test::run::<Step>(RELATIVE, two(&[Some(&[Some("a")]), None])).unwrap();
    assert_eq!(reasons(&output), ["0: `generations` has 1 texts; two are compared", "1: `generations` is null"]);
}

#[test]
fn samples_are_rows() {
    answers(&["Good. [RESULT] 5", "?"]);
    let output = test::run::<Step>(ABSOLUTE.replace('}', r#", "samples": 2}"#), one(&[Some("a")])).unwrap();
    assert_eq!(output.values::<Int64>("result"), [Some(5)]);
    assert_eq!(output.rows(), Some(&[0][..]));
}

#[test]
fn wrong_parameters_are_told() {
    answers(&[]);
    let wrong = |params: &str| test::run::<Step>(params, one(&[])).unwrap_err().message().to_owned();
    let own = |rubric: &str, mode: &str| {
        wrong(&format!(r#"{{"model": "small", "mode": "{mode}", "rubric": "own", "rubrics": [{rubric}]}}"#))
    };
    let known = "`helpfulness`, `harmlessness`, `honesty`, `factual-validity`, `reasoning`";
    assert_eq!(
        wrong(r#"{"model": "small", "mode": "absolute", "rubric": "wit"}"#),
        format!("there is no rubric `wit`; there are {known}")
    );
    assert_eq!(wrong(r#"{"model": "small", "mode": "absolute"}"#), "parameter `rubric` is missing");
    assert_eq!(
        own(r#"{"name": "own", "criterion": "x", "scores": ["a"]}"#, "absolute"),
        "rubric `own` has 1 `scores`; with `mode: absolute` there must be five"
    );
    assert_eq!(own(r#"{"name": "own", "criterion": " "}"#, "relative"), "rubric `own` has an empty `criterion`");
    let missing = own(r#"{"name": "own", "criterion": "x"}"#, "relative");
    assert!(missing.starts_with("there is no column `generations`"), "{missing}");
}
