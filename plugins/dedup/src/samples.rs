//! What tests are made of: texts that are random or nearly the same, with how much they have in common; vectors.

use crate::mix::Random;
use std::collections::HashSet;
use stillroom_sdk::*;

/// A text of random letters.
pub(crate) fn text(random: &mut Random, len: usize) -> String {
    (0..len).map(|_| char::from(b'a' + (random.next() % 26) as u8)).collect()
}

/// The text with about so many letters changed.
pub(crate) fn changed(random: &mut Random, text: &str, changes: usize) -> String {
    let mut letters = text.as_bytes().to_vec();
    for _ in 0..changes {
        let at = (random.next() % letters.len() as u64) as usize;
        letters[at] = b'A' + (random.next() % 26) as u8;
    }
    String::from_utf8(letters).unwrap()
}

/// The Jaccard similarity of two texts' runs of `n` characters.
pub(crate) fn similarity(one: &str, other: &str, n: usize) -> f64 {
    fn set(text: &str, n: usize) -> HashSet<Vec<char>> {
        let characters: Vec<char> = text.chars().collect();
        characters.windows(n.min(characters.len())).map(<[char]>::to_vec).collect()
    }
    let (one, other) = (set(one, n), set(other, n));
    let common = one.intersection(&other).count();
    common as f64 / (one.len() + other.len() - common) as f64
}

/// Random vectors of a dimension around a few middles, so that some are close.
pub(crate) fn vectors(seed: u64, count: usize, dimension: usize, spread: f32) -> Vec<Option<Vec<f32>>> {
    let mut random = Random::new(seed);
    let mut number = || (random.next() >> 40) as f32 / (1 << 24) as f32 - 0.5;
    let middles: Vec<Vec<f32>> = (0..count.div_ceil(4)).map(|_| (0..dimension).map(|_| number()).collect()).collect();
    let near = |middle: &Vec<f32>| middle.iter().map(|x| x + spread * number()).collect();
    (0..count).map(|row| &middles[row * 7 % middles.len()]).map(near).map(Some).collect()
}

/// A column of lists of `float32`.
pub(crate) fn lists(rows: &[Option<Vec<f32>>]) -> AnyArray {
    let items: Float32Builder = rows.iter().flatten().flatten().copied().collect();
    ListBuilder::<_>::from_lengths(items, rows.iter().map(|row| row.as_ref().map(Vec::len))).unwrap()
}
