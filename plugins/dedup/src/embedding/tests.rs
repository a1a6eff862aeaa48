use super::*;
use crate::neighbours;
use crate::samples::{lists, vectors};

/// What each row is a duplicate of, and the rows that were rejected.
fn mark(threshold: f64, rows: &[Option<Vec<f32>>], cut: usize) -> (Vec<(u32, Option<u64>)>, Vec<u32>) {
    let batch = |rows| test::batch().column("embedding", lists(rows));
    let params = format!(r#"{{"mode": "mark", "threshold": {threshold}}}"#);
    let mut step = test::Runner::open::<Embedding>(params, &batch(&[]).fields()).unwrap();
    let (mut marked, mut rejected) = (Vec::new(), Vec::new());
    for (at, rows) in rows.chunks(cut).enumerate() {
        let output = step.run(batch(rows)).unwrap();
        let numbers = output.rows().unwrap().iter().map(|row| row + (at * cut) as u32);
        marked.extend(numbers.zip(output.values::<UInt64>("duplicate-of")));
        rejected.extend(output.rejected().iter().map(|rejection| rejection.row + (at * cut) as u32));
        let keep = output.values::<Bool>("keep");
        assert!(keep.iter().zip(output.values::<UInt64>("duplicate-of")).all(|(k, of)| *k == Some(of.is_none())));
    }
    (marked, rejected)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn rows_go_where_one_that_stays_is_close() {
    for (dimension, spread, threshold) in [(16, 0.5, 0.9), (2, 0.5, 0.99), (64, 0.2, 0.95), (5, 1.0, 0.0)] {
        let rows = vectors(3, 400, dimension, spread);
        let (marked, _) = mark(threshold, &rows, 100);
        let like = |a: usize, b: usize| cosine(rows[a].as_ref().unwrap(), rows[b].as_ref().unwrap());
        let mut stay: Vec<usize> = Vec::new();
        for (row, of) in marked {
            let expected = stay.iter().copied().find(|&other| like(row as usize, other) >= threshold - 1e-6);
            assert_eq!(of, expected.map(|row| row as u64), "{dimension} {row}");
            if of.is_none() {
                stay.push(row as usize);
            }
        }
        assert!((1..400).contains(&stay.len()), "{dimension}: {}", stay.len());
    }
}

#[test]
fn batches_may_be_cut_anywhere() {
    let mut rows = vectors(4, 300, 24, 0.4);
    (0..300).step_by(11).for_each(|row| rows[row] = if row % 2 == 0 { None } else { Some(vec![0.0; 24]) });
    let whole = mark(0.9, &rows, 300);
    assert_eq!(whole.1.len(), 28);
    for cut in [1, 32, 33, 299] {
        assert_eq!(mark(0.9, &rows, cut), whole, "{cut}");
    }
}

#[test]
fn odd_rows() {
    assert_eq!(mark(0.9, &[], 1), Default::default());
    assert_eq!(mark(0.9, &[Some(vec![1.0])], 1).0, [(0, None)]);
    let same = vec![Some(vec![0.1, 0.7, 0.3]); 1000];
    assert!(mark(1.0, &same, 77).0.iter().all(|&(row, of)| of == (row > 0).then_some(0)));
    let rows =
        [None, Some(vec![]), Some(vec![1.0, 2.0]), Some(vec![1.0]), Some(vec![f32::NAN; 2]), Some(vec![2.0, 4.0])];
    assert_eq!(mark(0.9, &rows, 4), (vec![(2, None), (5, Some(2))], vec![0, 1, 3, 4]));
}

#[test]
fn dropping_leaves_what_marking_keeps() {
    let rows = vectors(5, 100, 8, 0.5);
    let kept: Vec<u32> = mark(0.9, &rows, 100).0.into_iter().filter(|row| row.1.is_none()).map(|row| row.0).collect();
    let output = test::run::<Embedding>("{}", test::batch().column("embedding", lists(&rows))).unwrap();
    assert_eq!(output.rows(), Some(&kept[..]));
}

fn indices(rows: &[Option<&[i64]>]) -> AnyArray {
    let items: Int64Builder = rows.iter().flatten().flat_map(|row| row.iter().copied()).collect();
    ListBuilder::<_>::from_lengths(items, rows.iter().map(|row| row.map(<[i64]>::len))).unwrap()
}

#[test]
fn neighbours_before_a_row_decide() {
    let of = indices(&[Some(&[1]), Some(&[0, 2]), Some(&[-1, 1, 0]), None, Some(&[4, 9]), Some(&[0])]);
    let scores = [Some(vec![0.95]), Some(vec![0.95, 0.9]), Some(vec![0.99, 0.9, 0.89]), None, Some(vec![1.0, 1.0])];
    let scores = lists(&scores.into_iter().chain([Some(vec![])]).collect::<Vec<_>>());
    let batch = test::batch().column("nn_indices", of).column("nn_scores", scores);
    let output = test::run::<Embedding>(r#"{"by": "neighbours", "mode": "mark"}"#, batch).unwrap();
    assert_eq!(output.rows(), Some(&[0, 1, 2, 3, 4][..]));
    assert_eq!(output.values::<UInt64>("duplicate-of"), [None, Some(0), Some(1), None, None]);
    assert_eq!(output.rejected()[0].reason, "there are 1 indices and 0 scores");
}

#[test]
fn neighbours_are_taken_from_the_step_that_finds_them() {
    let rows = vectors(6, 120, 16, 0.3);
    let batch = test::batch().column("embedding", lists(&rows));
    let mut step = test::Runner::open::<neighbours::Neighbours>(r#"{"k": 119}"#, &batch.fields()).unwrap();
    step.run(batch).unwrap();
    let found = step.finish().unwrap().unwrap();
    let columns = ["nn_indices", "nn_scores"].map(|name| (name, found.array(name)));
    let batch = || columns.iter().fold(test::batch(), |batch, (name, column)| batch.column(name, column.clone()));
    let whole = test::run::<Embedding>(r#"{"by": "neighbours"}"#, batch()).unwrap();
    let kept: Vec<u32> = mark(0.9, &rows, 120).0.into_iter().filter(|row| row.1.is_none()).map(|row| row.0).collect();
    // Here those that do not stay take others with them, too.
    assert!(whole.rows().unwrap().iter().all(|row| kept.contains(row)) && whole.rows().unwrap().len() > 10);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |params: &str, batch: test::TestBatch| test::run::<Embedding>(params, batch).unwrap_err();
    let batch = || test::batch().column("embedding", lists(&[]));
    assert_eq!(refused(r#"{"threshold": 1.5}"#, batch()).message(), "parameter `threshold` must be from -1 to 1");
    let fault = refused(r#"{"by": "neighbours"}"#, batch());
    assert_eq!(fault.message(), "there is no column `nn_indices`; the data has `embedding`");
    let batch = batch().column("nn_indices", lists(&[])).column("nn_scores", lists(&[]));
    let fault = refused(r#"{"by": "neighbours"}"#, batch);
    assert_eq!(fault.message(), "column `nn_indices` is list<float32>; it must be list<uint32> or list<int64>");
}
