use std::collections::HashSet;

use stillroom_sdk::task::Asked;
use stillroom_sdk::test::TestBatch;

use super::*;
use crate::test_util::{fault, golden, lists, model, reasons, says, texts};

const SHORT: &str = r#""min-length": 10, "max-length": 40"#;

fn seeds(seeds: &[Option<i64>]) -> TestBatch {
    test::batch().int64("seed", seeds.iter().copied())
}

fn params(more: &str) -> String {
    format!(r#"{{"model": "small", {more}}}"#)
}

#[test]
fn words_become_an_instruction_that_evolves() {
    let asked =
        says(&["How does a clock work?", "How does a sand clock work?", "Why does sand flow evenly?", "Grains roll."]);
    let more = format!(r#"{SHORT}, "answers": true, "mutations": ["concretizing"]"#);
    let output = test::run::<Asked<Write>>(params(&more), seeds(&[Some(7)])).unwrap();
    assert_eq!(texts(&output, "instruction"), ["Why does sand flow evenly?"]);
    assert_eq!(texts(&output, "answer"), ["Grains roll."]);
    assert_eq!(lists(&output, "mutations"), ["concretizing|concretizing"]);
    golden("write", &asked);
}

#[test]
fn seeds_and_samples_draw_words_of_their_own() {
    model(|prompt| Ok(format!("After: {}, at some length", prompt.len())));
    let all: Vec<Option<i64>> = (0..50).map(Some).collect();
    let more = format!(r#"{SHORT}, "words": 3, "evolutions": 1"#);
    let output = test::run::<Asked<Write>>(params(&more), seeds(&all)).unwrap();
    let words = lists(&output, "seed_words");
    assert_eq!(words.iter().collect::<HashSet<_>>().len(), 50);
    assert!(words.iter().all(|words| words.split('|').collect::<HashSet<_>>().len() == 3), "{words:?}");
    let again = test::run::<Asked<Write>>(params(&more), seeds(&all[20..22])).unwrap();
    assert_eq!(lists(&again, "seed_words"), words[20..22]);
    let samples = test::run::<Asked<Write>>(params(&format!(r#"{more}, "samples": 2"#)), seeds(&all[..1])).unwrap();
    let samples = lists(&samples, "seed_words");
    assert_eq!(samples[0], words[0]);
    assert_ne!(samples[0], samples[1]);
}

#[test]
fn the_words_may_be_the_pipelines() {
    let asked = says(&["Compare iron and rust.", "Compare iron and gold."]);
    let more = format!(r#"{SHORT}, "evolutions": 1, "words": 1, "word-list": ["iron"]"#);
    let output = test::run::<Asked<Write>>(params(&more), seeds(&[Some(1)])).unwrap();
    assert_eq!(lists(&output, "seed_words"), ["iron"]);
    assert_eq!(asked.borrow().len(), 2);
}

#[test]
fn what_is_too_long_or_short_is_none() {
    let run = |answers: &[&str], rows: &[Option<i64>]| {
        says(answers);
        test::run::<Asked<Write>>(params(&format!(r#"{SHORT}, "mutations": ["breadth"]"#)), seeds(rows)).unwrap()
    };
    let long = "word ".repeat(20);
    let output = run(&["How does a clock work?", &long, "How does ink dry?"], &[Some(1)]);
    assert_eq!(texts(&output, "instruction"), ["How does ink dry?"]);
    assert_eq!(lists(&output, "mutations"), ["breadth"]);
    let output = run(&["How does a clock work?", "Ink?", "Oil?"], &[Some(1)]);
    assert_eq!(reasons(&output), ["0: the instruction has 4 characters in the end, and `min-length` is 10"]);
    let output = run(&[&long], &[None, Some(1)]);
    let why = "1: the first instruction: it has 99 characters, and `max-length` is 40; the answer was: word";
    assert_eq!(reasons(&output)[0], "0: `seed` is null");
    assert!(reasons(&output)[1].starts_with(why), "{:?}", reasons(&output));
}

#[test]
fn wrong_parameters_are_told() {
    says(&[]);
    let why = |more: &str| fault::<Asked<Write>>(&params(more), seeds(&[Some(1)]));
    assert_eq!(why(r#""words": 0"#), "parameter `words` is 0; it must be 1 or more");
    assert_eq!(why(r#""words": 2, "word-list": ["a"]"#), "parameter `words` is 2, and there are only 1 in `word-list`");
    assert_eq!(why(r#""min-length": 5, "max-length": 4"#), "parameter `min-length` is 5, and `max-length` only 4");
    let why = fault::<Asked<Write>>(r#"{"model": "small"}"#, test::batch().utf8("text", [Some("a")]));
    assert_eq!(why, "there is no column `seed`; the data has `text`");
}

#[test]
fn the_built_in_words_are_many_and_differ() {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
    assert!(words.len() >= 380, "{}", words.len());
}
