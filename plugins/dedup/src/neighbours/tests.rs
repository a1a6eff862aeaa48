use super::*;
use crate::samples::{lists, vectors};

/// Rows, neighbours and scores of all answers.
type Told = (Vec<u32>, Vec<Vec<u32>>, Vec<Vec<f32>>);

fn run(params: &str, rows: &[Option<Vec<f32>>], cut: usize) -> (Told, Vec<Rejection>) {
    let batch = |rows| test::batch().column("embedding", lists(rows));
    let mut step = test::Runner::open::<Neighbours>(params, &batch(&[]).fields()).unwrap();
    rows.chunks(cut).for_each(|rows| assert!(step.run(batch(rows)).unwrap().is_empty()));
    let (mut told, mut rejected) = (Told::default(), Vec::new());
    while let Some(output) = step.finish().unwrap() {
        told.0.extend_from_slice(output.rows().unwrap());
        let (indices, scores) =
            (output.column::<List<UInt32>>("nn_indices"), output.column::<List<Float32>>("nn_scores"));
        told.1.extend(indices.iter().map(|row| indices.values().values()[row.unwrap()].to_vec()));
        told.2.extend(scores.iter().map(|row| scores.values().values()[row.unwrap()].to_vec()));
        rejected.extend_from_slice(output.rejected());
    }
    (told, rejected)
}

/// The score by the definition, in 64 bits.
fn score(metric: &str, a: &[f32], b: &[f32]) -> f64 {
    let sum = |f: fn(f64, f64) -> f64| a.iter().zip(b).map(|(&a, &b)| f(a.into(), b.into())).sum::<f64>();
    match metric {
        "euclidean" => sum(|a, b| (a - b) * (a - b)).sqrt(),
        "dot" => sum(|a, b| a * b),
        _ => sum(|a, b| a * b) / (sum(|a, _| a * a) * sum(|_, b| b * b)).sqrt(),
    }
}

#[test]
fn neighbours_are_those_of_the_definition() {
    for (metric, dimension) in [("cosine", 32), ("dot", 7), ("euclidean", 1), ("euclidean", 33), ("cosine", 2)] {
        let rows = vectors(1, 150, dimension, 0.3);
        let ((numbers, indices, scores), rejected) = run(&format!(r#"{{"metric": "{metric}", "k": 5}}"#), &rows, 40);
        assert!(numbers.into_iter().eq(0..150) && rejected.is_empty());
        for (row, (indices, scores)) in indices.iter().zip(&scores).enumerate() {
            let of = |other: usize| score(metric, rows[row].as_ref().unwrap(), rows[other].as_ref().unwrap());
            let mut all: Vec<f64> = (0..150).filter(|&other| other != row).map(of).collect();
            all.sort_by(|a, b| if metric == "euclidean" { a.total_cmp(b) } else { b.total_cmp(a) });
            for (at, (&index, &score)) in indices.iter().zip(scores).enumerate() {
                assert!((of(index as usize) - f64::from(score)).abs() < 1e-5, "{metric} {row}: {index}");
                assert!((all[at] - f64::from(score)).abs() < 1e-5, "{metric} {row}: {at}");
            }
            assert!(indices.len() == 5 && !indices.contains(&(row as u32)));
        }
    }
}

#[test]
fn batches_may_be_cut_anywhere() {
    let mut rows = vectors(2, 200, 20, 0.3);
    (0..200).step_by(13).for_each(|row| rows[row] = None);
    for params in [r#"{}"#, r#"{"metric": "euclidean", "k": 1}"#, r#"{"metric": "dot", "k": 1000}"#] {
        let whole = run(params, &rows, 200);
        for cut in [1, 31, 64] {
            assert_eq!(run(params, &rows, cut), whole, "{params} {cut}");
        }
    }
}

#[test]
fn equal_vectors_are_in_the_order_of_their_rows() {
    let ((_, indices, scores), _) = run(r#"{"k": 3}"#, &vec![Some(vec![1.0, 2.0]); 100], 30);
    assert_eq!((&indices[0], &indices[2], &indices[99]), (&vec![1, 2, 3], &vec![0, 1, 3], &vec![0, 1, 2]));
    assert!(scores.iter().flatten().all(|score| (score - 1.0).abs() < 1e-6));
}

#[test]
fn few_rows_have_few_neighbours() {
    assert_eq!(run("{}", &[], 1), Default::default());
    let ((rows, indices, _), _) = run("{}", &[Some(vec![1.0])], 1);
    assert_eq!((rows, indices), (vec![0], vec![vec![]]));
    let ((_, indices, scores), _) = run("{}", &[Some(vec![1.0]), Some(vec![-1.0])], 1);
    assert_eq!((indices, scores), (vec![vec![1], vec![0]], vec![vec![-1.0], vec![-1.0]]));
}

#[test]
fn odd_vectors_are_left_to_the_quarantine() {
    let odd = [
        (None, "the vector is null"),
        (Some(vec![]), "the vector has no numbers"),
        (Some(vec![1.0]), "the vector has 1 numbers; those of the rows before have 2"),
        (Some(vec![f32::NAN, 1.0]), "the vector has a number that is not finite in 32 bits"),
        (Some(vec![f32::INFINITY, 1.0]), "the vector has a number that is not finite in 32 bits"),
        (Some(vec![0.0, -0.0]), "the vector is all zeros and points nowhere"),
    ];
    let mut rows = vec![None, Some(vec![1.0, 0.0])];
    rows.extend(odd.iter().map(|row| row.0.clone()));
    rows.push(Some(vec![2.0, 0.1]));
    let ((numbers, indices, _), rejected) = run("{}", &rows, 2);
    // Neighbours are counted without the rows that are left out.
    assert_eq!((numbers, indices), (vec![1, 8], vec![vec![1], vec![0]]));
    let reasons: Vec<_> = rejected.iter().map(|rejection| (rejection.row, rejection.reason.as_str())).collect();
    let expected = odd.iter().enumerate().map(|(at, (_, reason))| (at as u32 + 2, *reason));
    assert_eq!(reasons, [(0, odd[0].1)].into_iter().chain(expected).collect::<Vec<_>>());
    let ((numbers, ..), _) = run(r#"{"metric": "dot"}"#, &rows, 2);
    assert_eq!(numbers, [1, 7, 8], "zeros have a product");
}

#[test]
fn numbers_that_overflow_are_far_away() {
    let rows = [vec![3e38, 3e38], vec![3e38, -3e38], vec![1.0, 1.0]].map(Some);
    for metric in ["dot", "euclidean", "cosine"] {
        let ((_, _, scores), _) = run(&format!(r#"{{"metric": "{metric}"}}"#), &rows, 3);
        assert!(scores.iter().flatten().all(|score| !score.is_nan()) && scores.len() == 3, "{metric}: {scores:?}");
    }
}

#[test]
fn lists_of_other_types() {
    let numbers = || vec![1.0, 0.0, 0.0, 1.0, 0.6, 0.8];
    let doubles: Float64Builder = numbers().into_iter().collect();
    let fixed = fixed_size_list(2, Float32Builder::from_values(numbers().iter().map(|&x| x as f32).collect()), None);
    let lists = ListBuilder::<_>::from_lengths(doubles.clone(), [Some(2); 3]).unwrap();
    let large = LargeListBuilder::<_>::from_lengths(doubles, [Some(2); 3]).unwrap();
    for column in [lists, large, fixed.unwrap()] {
        let batch = test::batch().column("embedding", column);
        let mut step = test::Runner::open::<Neighbours>(r#"{"k": 1}"#, &batch.fields()).unwrap();
        step.run(batch).unwrap();
        let output = step.finish().unwrap().unwrap();
        assert_eq!(output.column::<List<UInt32>>("nn_indices").values().values(), [2, 2, 1]);
    }
    let nulls = ListBuilder::<_>::from_lengths([Some(1.0), None].into_iter().collect::<Float64Builder>(), [Some(2)]);
    let batch = test::batch().column("embedding", nulls.unwrap());
    let mut step = test::Runner::open::<Neighbours>("{}", &batch.fields()).unwrap();
    step.run(batch).unwrap();
    assert_eq!(step.finish().unwrap().unwrap().rejected()[0].reason, "the list has a null in it");
}

#[test]
fn what_cannot_be_is_refused() {
    let open = |params, batch: test::TestBatch| test::Runner::open::<Neighbours>(params, &batch.fields()).map(|_| ());
    let vectors = || test::batch().column("embedding", lists(&[]));
    assert!(matches!(open(r#"{"k": 0}"#, vectors()), Err(Fault::Params(_))));
    let fault = open("{}", test::batch().utf8("embedding", [Some("")])).unwrap_err();
    assert_eq!(fault.message(), "column `embedding` is utf8; it must be list<float32> or list<float64>");
}
