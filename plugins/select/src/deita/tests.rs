use super::*;
use crate::test_util::{answer, cut};

fn batch(scores: &[(Option<f64>, Option<f64>)], vectors: &[&[f64]]) -> test::TestBatch {
    let items: Float64Builder = vectors.concat().into_iter().map(Some).collect();
    let list = ListBuilder::<_>::from_lengths(items, vectors.iter().map(|vector| Some(vector.len()))).unwrap();
    let batch = test::batch().float64("evol_instruction_score", scores.iter().map(|score| score.0));
    batch.float64("evol_response_score", scores.iter().map(|score| score.1)).column("embedding", list)
}

/// Rows 0 and 1 are alike, 2 and 3 nearly, and 4 is alone; the scores rise.
fn pairs() -> test::TestBatch {
    let vectors: [&[f64]; 5] = [&[1.0, 0.0], &[2.0, 0.0], &[0.0, 1.0], &[0.1, 1.0], &[-1.0, -1.0]];
    let scores: Vec<_> = (1..=5).map(|n| (Some(f64::from(n)), Some(2.0))).collect();
    batch(&scores, &vectors)
}

fn names(output: &test::TestOutput) -> Vec<String> {
    let lists = output.column::<List<Utf8>>("deita_score_computed_with");
    let row = |range: Option<std::ops::Range<usize>>| {
        range.unwrap().map(|item| lists.values().get(item).unwrap()).collect::<Vec<_>>().join("+")
    };
    lists.iter().map(row).collect()
}

/// Distilabel 1.5.3 gives the same for these rows: the third passes, and its distance is 1.9042812683723933.
#[test]
fn distances_and_scores_are_distilabels() {
    let vectors: [&[f64]; 3] = [
        &[-8.12729941, -5.24642847, -6.34003029],
        &[2.99329242, 0.7800932, 0.7799726],
        &[10.29041806, 14.33088073, 13.00557506],
    ];
    let scores = [0.5, 0.6, 0.7].map(|score| (Some(score), Some(score)));
    let output = answer::<Deita>(r#"{"data-budget": 1}"#, vec![batch(&scores, &vectors)]);
    assert_eq!(output.rows(), Some(&[0][..]));
    assert_eq!(output.values::<Float64>("deita_score"), [Some(0.25)]);
    let distance = output.values::<Float64>("nearest_neighbor_distance")[0].unwrap();
    assert!((distance - 1.904_281_268_372_393_3).abs() < 1e-6, "{distance}");
    assert_eq!(names(&output), ["evol_instruction_score+evol_response_score"]);
}

#[test]
fn neighbours_are_all_rows_or_those_kept() {
    let rows: [(&str, &[u32]); 8] = [
        (r#"{}"#, &[4]),
        (r#"{"diversity-threshold": 0}"#, &[4, 3, 2, 1, 0]),
        (r#"{"diversity-threshold": 0, "data-budget": 2}"#, &[4, 3]),
        (r#"{"diversity-threshold": 0, "data-budget": 0}"#, &[]),
        (r#"{"neighbours": "kept"}"#, &[4, 3, 1]),
        (r#"{"neighbours": "kept", "data-budget": 2}"#, &[4, 3]),
        (r#"{"neighbours": "kept", "diversity-threshold": 1.8}"#, &[4]),
        (r#"{"neighbours": "kept", "distance-metric": "manhattan", "normalize-embeddings": false}"#, &[4, 3, 1, 0]),
    ];
    for (params, expected) in rows {
        assert_eq!(answer::<Deita>(params, vec![pairs()]).rows(), Some(expected), "{params}");
        assert_eq!(answer::<Deita>(params, cut(&pairs(), &[1, 1, 3])).rows(), Some(expected), "{params}");
    }
}

#[test]
fn distances_are_by_metric_and_length() {
    let vectors: [&[f64]; 2] = [&[3.0, 4.0], &[0.0, 2.0]];
    let scores = [(Some(1.0), Some(1.0)); 2];
    for (params, expected) in [
        (r#"{"diversity-threshold": -10}"#, 0.2),
        (r#"{"diversity-threshold": -10, "normalize-embeddings": false}"#, -7.0),
        (r#"{"diversity-threshold": -10, "normalize-embeddings": false, "distance-metric": "manhattan"}"#, 5.0),
    ] {
        let output = answer::<Deita>(params, vec![batch(&scores, &vectors)]);
        for distance in output.values::<Float64>("nearest_neighbor_distance") {
            assert!((distance.unwrap() - expected).abs() < 1e-6, "{params}: {distance:?}");
        }
    }
}

#[test]
fn missing_scores_are_left_out() {
    let vectors: [&[f64]; 6] = [&[1.0], &[1.0], &[1.0], &[1.0], &[1.0], &[1.0]];
    let nan = Some(f64::NAN);
    let scores = [
        (Some(2.0), Some(3.0)),
        (Some(2.0), None),
        (None, Some(3.0)),
        (None, None),
        (Some(0.0), Some(3.0)),
        (nan, Some(5.0)),
    ];
    let output = answer::<Deita>(r#"{"diversity-threshold": 0}"#, vec![batch(&scores, &vectors)]);
    assert_eq!(output.rows(), Some(&[0, 5, 2, 1, 3, 4][..]));
    assert_eq!(output.values::<Float64>("deita_score"), [6.0, 5.0, 3.0, 2.0, 0.0, 0.0].map(Some));
    let (both, i, r) = ("evol_instruction_score+evol_response_score", "evol_instruction_score", "evol_response_score");
    assert_eq!(names(&output), [both, r, r, i, "", both]);
}

#[test]
fn one_row_has_no_neighbour_and_none_is_none() {
    let one = batch(&[(Some(1.0), Some(1.0))], &[&[1.0, 1.0]]);
    let output = answer::<Deita>("{}", vec![one]);
    assert_eq!(output.values::<Float64>("nearest_neighbor_distance"), [None]);
    assert!(answer::<Deita>("{}", vec![batch(&[], &[])]).is_empty());
}

#[test]
fn rows_without_a_good_vector_are_rejected() {
    let vectors: [&[f64]; 4] = [&[1.0, 0.0], &[1.0], &[0.0, 0.0], &[0.0, -1.0]];
    let output = answer::<Deita>("{}", cut(&batch(&[(Some(1.0), Some(1.0)); 4], &vectors), &[2]));
    assert_eq!(output.rows(), Some(&[0, 3][..]));
    let rejected: Vec<_> =
        output.rejected().iter().map(|rejection| (rejection.row, rejection.reason.as_str())).collect();
    let direction = "`embedding` is all zeros and has no direction";
    assert_eq!(rejected, [(1, "`embedding` has 1 numbers, where the first has 2"), (2, direction)]);
}

#[test]
fn other_columns_may_be_named() {
    let batch = batch(&[(Some(1.0), Some(1.0))], &[&[1.0]]);
    let params = r#"{"instruction-score": "evol_response_score", "response-score": "evol_response_score"}"#;
    assert_eq!(names(&answer::<Deita>(params, vec![batch.clone()])), ["evol_response_score+evol_response_score"]);
    for params in [r#"{"embedding": "evol_response_score"}"#, r#"{"instruction-score": "embedding"}"#] {
        assert!(matches!(test::run::<Deita>(params, batch.clone()), Err(Fault::Params(_))), "{params}");
    }
}
