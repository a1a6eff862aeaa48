use super::*;
use crate::minhash::MinHash;
use crate::mix::Random;
use crate::samples::{changed, similarity, text};

/// A batch of the texts' signatures.
fn signatures<S: AsRef<str>>(params: &str, texts: &[Option<S>]) -> test::TestBatch {
    let batch = test::batch().utf8("text", texts.iter().map(|text| text.as_ref().map(AsRef::as_ref)));
    test::batch().column("signature", test::run::<MinHash>(params, batch).unwrap().array("signature"))
}

/// What the step tells of the texts, which come in batches of so many: rows, and what they are duplicates of.
fn cluster<S: AsRef<str>>(params: &str, texts: &[Option<S>], cut: usize) -> (Vec<u32>, Vec<Option<u64>>) {
    let mut step = test::Runner::open::<MinHashCluster>(params, &signatures::<&str>("{}", &[]).fields()).unwrap();
    for texts in texts.chunks(cut) {
        assert!(step.run(signatures("{}", texts)).unwrap().is_empty());
    }
    let (mut rows, mut of) = (Vec::new(), Vec::new());
    while let Some(output) = step.finish().unwrap() {
        rows.extend_from_slice(output.rows().unwrap());
        if params.contains("mark") {
            of.extend(output.values::<UInt64>("duplicate-of"));
            let keep = output.values::<Bool>("keep");
            assert!(keep.iter().zip(output.values::<UInt64>("duplicate-of")).all(|(k, of)| *k == Some(of.is_none())));
        }
    }
    (rows, of)
}

/// Pairs of random texts, the second row of which is the first with some changes; and how similar they are.
fn pairs(seed: u64, count: usize, most: u64) -> (Vec<Option<String>>, Vec<f64>) {
    let mut random = Random::new(seed);
    let (mut texts, mut similarities) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let one = text(&mut random, 300);
        let changes = random.next() % most;
        let other = changed(&mut random, &one, changes as usize);
        similarities.push(similarity(&one, &other, 5));
        texts.extend([Some(one), Some(other)]);
    }
    (texts, similarities)
}

#[test]
fn candidates_are_as_many_as_the_curve_says() {
    for (params, bands, most) in [
        (r#"{"verify": false, "mode": "mark"}"#, Bands { bands: 5, rows: 25 }, 10),
        (r#"{"verify": false, "mode": "mark", "threshold": 0.7}"#, Bands { bands: 14, rows: 9 }, 30),
        (r#"{"verify": false, "mode": "mark", "bands": 20, "rows": 5}"#, Bands { bands: 20, rows: 5 }, 60),
    ] {
        let (texts, similarities) = pairs(1, 3000, most);
        let (_, of) = cluster(params, &texts, 1000);
        for (from, to) in [(0.0, 1.0), (0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.0)] {
            let (mut expected, mut variance, mut found) = (0.0, 0.0, 0.0);
            for (pair, &s) in similarities.iter().enumerate().filter(|(_, s)| (from..to).contains(*s)) {
                let probability = bands.probability(s);
                expected += probability;
                variance += probability * (1.0 - probability);
                found += f64::from(u8::from(of[2 * pair + 1] == Some(2 * pair as u64)));
            }
            let error = (found - expected) / (variance + 1.0f64).sqrt();
            assert!(error.abs() < 4.0, "{params} {from}..{to}: {found} of {expected:.1} expected");
        }
    }
}

#[test]
fn verified_candidates_are_as_similar_as_they_should_be() {
    let (texts, similarities) = pairs(2, 3000, 30);
    let duplicates = |params| {
        let (_, of) = cluster(params, &texts, 6000);
        similarities.iter().enumerate().map(|(pair, &s)| (s, of[2 * pair + 1].is_some())).collect::<Vec<_>>()
    };
    // Many small bands, so that what is found hangs on the comparison alone.
    let found = duplicates(r#"{"mode": "mark", "threshold": 0.8, "bands": 32, "rows": 4}"#);
    let share = |from: f64, to: f64| {
        let of: Vec<bool> = found.iter().filter(|(s, _)| (from..to).contains(s)).map(|row| row.1).collect();
        of.iter().filter(|found| **found).count() as f64 / of.len() as f64
    };
    // An estimate of 0.8 has a deviation of 0.035.
    assert!(share(0.0, 0.69) < 0.005 && share(0.9, 1.1) > 0.99, "{} {}", share(0.0, 0.69), share(0.9, 1.1));
    assert!((0.05..0.5).contains(&share(0.75, 0.8)) && (0.5..0.95).contains(&share(0.8, 0.85)));
}

#[test]
fn precision_and_recall_over_all_pairs() {
    // Families of up to six texts each, which are changed again and again.
    let mut random = Random::new(3);
    let mut texts = Vec::new();
    for _ in 0..600 {
        let mut one = text(&mut random, 200);
        for _ in 0..=random.next() % 5 {
            texts.push(Some(one.clone()));
            let changes = random.next() % 4;
            one = changed(&mut random, &one, changes as usize);
        }
    }
    let (_, of) = cluster(r#"{"mode": "mark", "threshold": 0.8, "cluster": "greedy"}"#, &texts, 777);
    let likeness = |a: usize, b: usize| similarity(texts[a].as_ref().unwrap(), texts[b].as_ref().unwrap(), 5);
    let dropped: Vec<(usize, usize)> =
        of.iter().enumerate().filter_map(|(row, of)| of.map(|of| (row, of as usize))).collect();
    let right = dropped.iter().filter(|(row, of)| likeness(*row, *of) >= 0.75).count();
    assert!(dropped.len() > 600 && right as f64 > 0.98 * dropped.len() as f64, "{right} of {}", dropped.len());
    // Of the rows that stay hardly any resembles another of its family that stays.
    let stays: Vec<usize> = (0..texts.len()).filter(|&row| of[row].is_none()).collect();
    let near = stays.windows(2).filter(|pair| likeness(pair[0], pair[1]) > 0.9).count();
    assert!(near < 40, "{near} of {}", stays.len());
}

#[test]
fn batches_may_be_cut_anywhere() {
    let (mut texts, _) = pairs(4, 300, 12);
    (0..texts.len()).step_by(17).for_each(|row| texts[row] = None);
    for params in [
        r#"{}"#,
        r#"{"mode": "mark"}"#,
        r#"{"mode": "mark", "cluster": "greedy"}"#,
        r#"{"mode": "mark", "verify": false, "threshold": 0.5}"#,
    ] {
        let whole = cluster(params, &texts, 600);
        for cut in [1, 7, 599] {
            assert_eq!(cluster(params, &texts, cut), whole, "{params} {cut}");
        }
    }
}

#[test]
fn chains_hold_together_in_components_alone() {
    // Each text is like the one before, and the last is not like the first.
    let mut random = Random::new(5);
    let mut texts = vec![text(&mut random, 400)];
    for _ in 0..12 {
        let next = changed(&mut random, &texts[texts.len() - 1], 2);
        texts.push(next);
    }
    let texts: Vec<_> = texts.into_iter().map(Some).collect();
    let of = |cluster_by| {
        let params =
            format!(r#"{{"mode": "mark", "threshold": 0.85, "bands": 42, "rows": 3, "cluster": "{cluster_by}"}}"#);
        cluster(&params, &texts, 5).1
    };
    let (components, greedy) = (of("components"), of("greedy"));
    assert!(components[1..].iter().all(|of| *of == Some(0)), "{components:?}");
    let stay = greedy.iter().filter(|of| of.is_none()).count();
    assert!((2..6).contains(&stay), "{greedy:?}");
}

#[test]
fn odd_rows() {
    let rows = |texts: &[Option<&str>]| cluster("{}", texts, 3).0;
    assert_eq!(rows(&[]), [0; 0]);
    assert_eq!(rows(&[Some("one")]), [0]);
    // Neither nulls nor empty texts are duplicates, and a text may be shorter than a shingle.
    assert_eq!(rows(&[None, Some(""), None, Some(""), Some("a"), Some("a"), Some("b"), None]), [0, 1, 2, 3, 4, 6, 7]);
    assert_eq!(rows(&[Some("日本語のテキスト"), Some("日本語のテキスト"), Some("日本語の文")]), [0, 2]);
    assert_eq!(rows(&vec![Some("always the same"); 40_000]), [0]);
    let huge = "a huge text, again and again. ".repeat(50_000);
    assert_eq!(rows(&[Some(&huge), Some("a huge text, again and again. a huge text, again"), Some("other")]), [0, 2]);
}

#[test]
fn answers_come_in_parts() {
    let batch = signatures("{}", &vec![Some("same"); PART + 1]);
    let mut step = test::Runner::open::<MinHashCluster>(r#"{"mode": "mark"}"#, &batch.fields()).unwrap();
    step.run(batch).unwrap();
    let lengths = std::iter::from_fn(|| step.finish().unwrap()).map(|output| output.len());
    assert_eq!(lengths.collect::<Vec<_>>(), [PART, 1]);
}

#[test]
fn numbers_of_any_size() {
    for bits in [8, 16, 32] {
        let params = format!(r#"{{"bits": {bits}, "permutations": 100, "tokenizer": "words", "n": 2}}"#);
        let texts = ["a b c d e f", "a b c d e f", "a b c d e g h i", "a  b c\td e f"].map(Some);
        let batch = signatures(&params, &texts);
        let mut step = test::Runner::open::<MinHashCluster>("{}", &batch.fields()).unwrap();
        step.run(batch).unwrap();
        assert_eq!(step.finish().unwrap().unwrap().rows(), Some(&[0, 2][..]), "{bits}");
    }
    assert_eq!([least(0.9, 128, 32), least(0.9, 128, 8), least(1.0, 128, 8), least(0.5, 2, 32)], [116, 116, 128, 1]);
    assert_eq!(least(0.5, 1024, 8), 514);
}

#[test]
fn what_cannot_be_is_refused() {
    let signature = signatures::<&str>("{}", &[]);
    for params in [r#"{"threshold": 0}"#, r#"{"threshold": 1.1}"#, r#"{"bands": 129}"#, r#"{"bands": 64, "rows": 3}"#] {
        let fault = test::Runner::open::<MinHashCluster>(params, &signature.fields()).map(|_| ()).unwrap_err();
        assert!(matches!(fault, Fault::Params(_)), "{params}: {fault}");
    }
    let batch = test::batch().utf8("signature", [Some("a")]);
    let fault = test::Runner::open::<MinHashCluster>("{}", &batch.fields()).map(|_| ()).unwrap_err();
    assert_eq!(fault.message(), "column `signature` is utf8; it must be what `minhash` makes of a text");
}
