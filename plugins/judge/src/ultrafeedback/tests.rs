use stillroom_sdk::task::Asked;
use stillroom_sdk::{Any, AnyArray, Build, Int64, List, Rows, Utf8, test};

use super::*;
use crate::test_util::{answers, golden, reasons, texts};

type Step = Asked<UltraFeedback>;

const TWO: &[Option<&str>] = &[Some("Paris."), Some("Lyon.")];

fn batch(rows: &[Option<&[Option<&str>]>]) -> test::TestBatch {
    let instruction = rows.iter().map(|_| Some("What is France's capital?"));
    test::batch().utf8("instruction", instruction).column("generations", texts(rows))
}

fn answer(ratings: &[u8]) -> String {
    let rating = |rating: &u8| format!(r#"{{"rationale": "r{rating}", "rating": {rating}}}"#);
    format!(r#"{{"ratings": [{}]}}"#, ratings.iter().map(rating).collect::<Vec<_>>().join(","))
}

#[test]
fn each_aspect_asks_in_its_own_words() {
    for aspect in ["helpfulness", "honesty", "instruction-following", "truthfulness", "overall-rating"] {
        let typed = r#"{"ratings": [{"types": [], "rationale": "a", "rating": 5},
            {"types": [], "rationale": "b", "rating": 1}]}"#;
        let asked = answers(&[typed]);
        let params = format!(r#"{{"model": "small", "aspect": "{aspect}"}}"#);
        let output = test::run::<Step>(params, batch(&[Some(TWO)])).unwrap();
        assert_eq!(reasons(&output), [""; 0]);
        golden(&format!("ultrafeedback-{aspect}"), &asked);
    }
}

#[test]
fn ratings_stand_beside_generations() {
    answers(&[&answer(&[5, 1]), &format!("```json\n{}\n```", answer(&[2]))]);
    let rows: [Option<&[Option<&str>]>; 2] = [Some(TWO), Some(&[None, Some("x")])];
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&rows)).unwrap();
    assert_eq!(reasons(&output), [""; 0]);
    let ratings = output.column::<List<Int64>>("ratings");
    assert_eq!(ratings.values().iter().collect::<Vec<_>>(), [Some(5), Some(1), None, Some(2)]);
    let rationales = output.column::<List<Utf8>>("rationales");
    assert_eq!(rationales.values().iter().collect::<Vec<_>>(), [Some("r5"), Some("r1"), None, Some("r2")]);
    assert_eq!(output.values::<Utf8>("model_name"), [Some("test"); 2]);
}

#[test]
fn types_are_words_of_the_aspect() {
    let item = |types: &str| format!(r#"{{"ratings": [{{"types": {types}, "rationale": "r", "rating": 3}}]}}"#);
    answers(&[&item(r#"["Factual", "factual ", "inconsistent"]"#), &item(r#"["rude"]"#), &answer(&[3])]);
    let rows: [Option<&[Option<&str>]>; 3] = [Some(&[Some("x")]); 3];
    let output = test::run::<Step>(r#"{"model": "small", "aspect": "truthfulness"}"#, batch(&rows)).unwrap();
    let types = output.column::<List<List<Utf8>>>("types");
    let words: Vec<_> = types.values().values().iter().flatten().collect();
    assert_eq!(words, ["factual", "inconsistent"]);
    let expected = [
        "1: the list of types for response 1 of 1 has `rude`; there are `factual`, `unfaithful`, `inconsistent`",
        "2: there is no list of types for response 1 of 1",
    ];
    assert_eq!(reasons(&output), expected);
}

#[test]
fn bad_answers_are_told() {
    let bad = [
        ("Both are good.", "there is no JSON in it"),
        (r#"{"scores": []}"#, "there is no list `ratings`"),
        (r#"{"ratings": [{"rationale": "r", "rating": 1}]}"#, "`ratings` has 1 items; there must be 2"),
        (
            r#"{"ratings": [{"rationale": "r", "rating": 1}, {"rationale": "r"}]}"#,
            "there is no rating for response 2 of 2",
        ),
        (&answer(&[1, 6]), "the rating for response 2 of 2 is 6; it must be from 1 to 5"),
        (
            r#"{"ratings": [{"rationale": "r", "rating": 1.5}, {"rationale": "r", "rating": 1}]}"#,
            "the rating for response 1 of 2 is 1.5; it must be a whole number",
        ),
        (
            r#"{"ratings": [{"rationale": " ", "rating": 1}, {"rationale": "r", "rating": 1}]}"#,
            "there is no rationale for response 1 of 2",
        ),
    ];
    for (text, reason) in bad {
        answers(&[text]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some(TWO)])).unwrap();
        assert_eq!(reasons(&output), [format!("0: {reason}")]);
    }
}

#[test]
fn rows_without_texts_are_rejected_unasked() {
    let asked = answers(&[]);
    let rows: [Option<&[Option<&str>]>; 3] = [None, Some(&[]), Some(&[None])];
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&rows)).unwrap();
    let expected =
        ["0: `generations` is null", "1: `generations` has no text to rate", "2: `generations` has no text to rate"];
    assert_eq!(reasons(&output), expected);
    assert!(asked.borrow().is_empty());
}

#[test]
fn samples_are_rows_or_lists() {
    let (five, one) = (answer(&[5, 1]), answer(&[4, 2]));
    answers(&[&five, &one]);
    let output = test::run::<Step>(r#"{"model": "small", "samples": 2}"#, batch(&[Some(TWO)])).unwrap();
    assert_eq!(output.rows(), Some(&[0, 0][..]));
    answers(&[&five, "?"]);
    let params = r#"{"model": "small", "samples": 2, "grouped": true}"#;
    let output = test::run::<Step>(params, batch(&[Some(TWO)])).unwrap();
    assert_eq!(output.data_type("ratings").to_string(), "list<list<int64>>");
    let samples = output.column::<List<Any>>("ratings").values();
    assert_eq!([samples.is_null(0), samples.is_null(1)], [false, true]);
}

#[test]
fn an_unreadable_answer_is_asked_for_again() {
    let asked = answers(&["?", &answer(&[5, 1])]);
    let output = test::run::<Step>(r#"{"model": "small", "attempts": 2}"#, batch(&[Some(TWO)])).unwrap();
    assert_eq!(reasons(&output), [""; 0]);
    assert_eq!(asked.borrow().len(), 2);
}

#[test]
fn wrong_parameters_and_columns_are_told() {
    answers(&[]);
    let open =
        |params: &str, batch: test::TestBatch| test::run::<Step>(params, batch).unwrap_err().message().to_owned();
    let aspects = "`helpfulness`, `honesty`, `instruction-following`, `truthfulness`, `overall-rating`";
    assert_eq!(
        open(r#"{"model": "small", "aspect": "beauty"}"#, batch(&[])),
        format!("parameter `aspect` is \"beauty\"; it must be one of {aspects}")
    );
    let flat: AnyArray = ["x"].into_iter().map(Some).collect::<stillroom_sdk::Utf8Builder>().build();
    let flat = test::batch().utf8("instruction", [Some("q")]).column("generations", flat);
    assert_eq!(open(r#"{"model": "small"}"#, flat), "column `generations` is utf8; it must be a list of text");
}

#[test]
fn rated_generations_make_pairs() {
    answers(&[&answer(&[5, 1])]);
    let generations: &[Option<&str>] = &[Some("Paris."), None, Some("Lyon.")];
    let batch = batch(&[Some(generations)]);
    let output = test::run::<Step>(r#"{"model": "small"}"#, batch.clone()).unwrap();
    let pairs = test::run::<::format::dpo::Dpo>("{}", batch.column("ratings", output.array("ratings"))).unwrap();
    assert_eq!(reasons(&pairs), [""; 0]);
    assert_eq!(pairs.values::<stillroom_sdk::Float64>("chosen_rating"), [Some(5.0)]);
    assert_eq!(pairs.values::<stillroom_sdk::Float64>("rejected_rating"), [Some(1.0)]);
}
