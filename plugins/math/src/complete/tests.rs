use stillroom_sdk::task::Asked;
use stillroom_sdk::{AnyArray, Bool, Float64, List, ListBuilder, Rows, Utf8, llm, test};

use super::*;
use crate::test_util::{answer_by, answers, golden, reasons, texts};

type Step = Asked<Complete>;

const RIGHT: &[Option<&str>] = &[Some("Step 1: 1 + 1 = 2"), Some("Step 2: 2 · 2 = 4. The answer is: 4")];
const WRONG: &[Option<&str>] =
    &[Some("Step 1: 1 + 1 = 2"), Some("Step 2: 2 · 2 = 5"), Some("Step 3: The answer is: 5")];

fn batch(solutions: &[Option<&[Option<&str>]>]) -> test::TestBatch {
    let golden: Vec<_> = solutions.iter().map(|_| Some(RIGHT)).collect();
    test::batch()
        .utf8("instruction", solutions.iter().map(|_| Some("(1 + 1) · 2?")))
        .column("golden_solution", texts(&golden))
        .column("solutions", texts(solutions))
}

/// Comes to 4 from a right beginning, and to 5 from a wrong one.
fn consistent(asked: &str) -> String {
    let answer = if asked.contains("2 · 2 = 5") { "5" } else { "4.0" };
    format!("Step 2: so. The answer is: {answer}.")
}

fn tagged(output: &test::TestOutput) -> Vec<&str> {
    output.column::<List<Utf8>>("solutions").values().iter().flatten().collect()
}

#[test]
fn what_is_asked() {
    let asked = answer_by(consistent);
    test::run::<Step>(r#"{"model": "small", "completions": 1}"#, batch(&[Some(RIGHT)])).unwrap();
    golden("complete", &asked);
    let asked = answer_by(consistent);
    let params = r#"{"model": "small", "completions": 1, "extra-rules": "r", "few-shots": "f", "system-prompt": "s"}"#;
    test::run::<Step>(params, batch(&[Some(RIGHT)])).unwrap();
    golden("complete-full", &asked);
}

#[test]
fn steps_are_tagged_by_where_they_lead() {
    let asked = answer_by(consistent);
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some(RIGHT), Some(WRONG)])).unwrap();
    assert_eq!(asked.borrow().len(), 8 + 2 * 8);
    let expected = [
        "Step 1: 1 + 1 = 2 +",
        "Step 2: 2 · 2 = 4. The answer is: 4 +",
        "Step 1: 1 + 1 = 2 +",
        "Step 2: 2 · 2 = 5 -",
        "Step 3: The answer is: 5 -",
    ];
    assert_eq!(tagged(&output), expected);
    let scores: Vec<_> = output.column::<List<Float64>>("step_scores").values().iter().flatten().collect();
    assert_eq!(scores, [1.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn tagged_steps_fit_the_format() {
    answer_by(consistent);
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some(WRONG)])).unwrap();
    let next = test::batch().utf8("instruction", [Some("q")]).column("solutions", output.array("solutions"));
    let output = test::run::<::format::prm::Prm>(r#"{"format": "trl"}"#, next).unwrap();
    assert_eq!(reasons(&output), [""; 0]);
    let labels: Vec<_> = output.column::<List<Bool>>("labels").values().iter().flatten().collect();
    assert_eq!(labels, [true, false, false]);
}

#[test]
fn one_of_several_is_enough_unless_the_estimation_is_soft() {
    let run = |params: &str| {
        let yes = "The answer is: 4";
        answers(&[yes, "The answer is: 3", "no answer", "The answer is: 1"]);
        let params = format!(r#"{{"model": "small", "completions": 4, "tags": ["RIGHT", "WRONG"]{params}}}"#);
        let output = test::run::<Step>(params, batch(&[Some(RIGHT)])).unwrap();
        let scores: Vec<_> = output.column::<List<Float64>>("step_scores").values().iter().flatten().collect();
        assert_eq!(scores, [0.25, 1.0]);
        tagged(&output)[0].to_owned()
    };
    assert_eq!(run(""), "Step 1: 1 + 1 = 2 RIGHT");
    assert_eq!(run(r#", "estimation": "soft""#), "Step 1: 1 + 1 = 2 WRONG");
    assert_eq!(run(r#", "estimation": "soft", "threshold": 0.2"#), "Step 1: 1 + 1 = 2 RIGHT");
}

#[test]
fn several_solutions_stay_together() {
    answer_by(consistent);
    let nested: AnyArray = ListBuilder::<_>::from_lengths(texts(&[Some(RIGHT), Some(WRONG)]), [Some(2), None]).unwrap();
    let batch = test::batch()
        .utf8("instruction", [Some("q"), Some("q")])
        .utf8("golden_solution", [Some("2 · 2 = 4\n#### 4"), Some("4")])
        .column("solutions", nested);
    let output = test::run::<Step>(r#"{"model": "small", "completions": 2}"#, batch).unwrap();
    let solutions = output.column::<List<List<Utf8>>>("solutions").values();
    assert_eq!(solutions.iter().flatten().map(|steps| steps.len()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(solutions.values().iter().flatten().last(), Some("Step 3: The answer is: 5 -"));
    assert_eq!(output.data_type("step_scores").to_string(), "list<list<float64>>");
    assert_eq!(reasons(&output), ["1: `solutions` is null"]);
}

#[test]
fn rows_that_cannot_be_judged_are_rejected() {
    answer_by(consistent);
    let rows: [Option<&[Option<&str>]>; 4] =
        [None, Some(&[]), Some(&[Some("a"), None]), Some(&[Some("The answer is 4")])];
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&rows)).unwrap();
    let expected = ["0: `solutions` is null", "1: `solutions` has no steps", "2: `solutions` has a null at place 1"];
    assert_eq!(reasons(&output), expected);
    assert_eq!(tagged(&output), ["The answer is 4 +"]);
    let unsaid = test::batch()
        .utf8("instruction", [Some("q")])
        .utf8("golden_solution", [Some("It is four.")])
        .column("solutions", texts(&[Some(RIGHT)]));
    let output = test::run::<Step>(r#"{"model": "small"}"#, unsaid).unwrap();
    assert_eq!(reasons(&output), ["0: `golden_solution` does not say its answer (`The answer is: …`)"]);
}

#[test]
fn a_completion_that_fails_is_no_wrong_one() {
    let mut count = 0;
    llm::answer_with(move |_, _| {
        count += 1;
        match count {
            3 => Err(llm::Failure::Timeout("30 s are over".to_owned())),
            _ => Ok(Answer::of("The answer is: 4")),
        }
    });
    let params = r#"{"model": "small", "completions": 2}"#;
    let output = test::run::<Step>(params, batch(&[Some(WRONG), Some(RIGHT)])).unwrap();
    let why = "0: a completion from step 2 of solution 1 failed: timeout: 30 s are over";
    assert_eq!(reasons(&output), [why]);
    assert_eq!(tagged(&output)[0], "Step 1: 1 + 1 = 2 +");
}

#[test]
fn samples_are_grouped() {
    answer_by(consistent);
    let params = r#"{"model": "small", "completions": 1, "samples": 2, "grouped": true}"#;
    let output = test::run::<Step>(params, batch(&[Some(RIGHT)])).unwrap();
    assert_eq!(output.data_type("solutions").to_string(), "list<list<utf8>>");
    let scores = output.column::<List<List<Float64>>>("step_scores").values();
    assert_eq!(scores.values().iter().flatten().collect::<Vec<_>>(), [1.0; 4]);
}

#[test]
fn wrong_parameters_and_columns_are_told() {
    answers(&[]);
    let wrong = |params: &str| {
        let params = format!(r#"{{"model": "small", {params}}}"#);
        test::run::<Step>(params, batch(&[])).unwrap_err().message().to_owned()
    };
    assert_eq!(wrong(r#""tags": ["+", "+ "]"#), "parameter `tags` must be two different texts");
    assert_eq!(wrong(r#""completions": 0"#), "parameter `completions` is 0; it must be 1 or more");
    assert_eq!(wrong(r#""threshold": 1.0"#), "parameter `threshold` is 1; it must be 0 or more, and less than 1");
    let text = test::batch()
        .utf8("instruction", [Some("q")])
        .utf8("golden_solution", [Some("4")])
        .utf8("solutions", [Some("Step 1: 4")]);
    assert_eq!(
        test::run::<Step>(r#"{"model": "small"}"#, text).unwrap_err().message(),
        "column `solutions` is utf8; it must be a list of text (the steps of a solution), or a list of such lists"
    );
}
