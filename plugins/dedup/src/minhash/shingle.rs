//! What a text is the set of: its runs of `n` characters or `n` words, each as a hash of 32 bits.

use crate::mix::mix;

stillroom_sdk::choices! {
    /// What a shingle is a run of.
    pub enum Tokenizer {
        /// Characters: Unicode scalar values, white space and all.
        Characters,
        /// Words: runs without white space.
        Words,
    }
}

/// Hashes the shingles of one text after the other.
///
/// A text of fewer than `n` characters or words is one shingle, the whole text. One without any has no shingle.
#[derive(Debug)]
pub struct Shingles {
    tokenizer: Tokenizer,
    n: usize,
    seed: u64,
    hashes: Vec<u32>,
    /// Scratch: where characters begin, and where the text ends.
    starts: Vec<usize>,
    /// Scratch: a hash of each word.
    words: Vec<u64>,
}

impl Shingles {
    /// Of runs of `n`, which is at least 1.
    #[must_use]
    pub fn new(tokenizer: Tokenizer, n: usize, seed: u64) -> Self {
        Self { tokenizer, n: n.max(1), seed: mix(seed), hashes: vec![], starts: vec![], words: vec![] }
    }

    /// The hashes of a text's shingles; one that comes twice is there twice.
    pub fn of(&mut self, text: &str) -> &[u32] {
        self.hashes.clear();
        match self.tokenizer {
            Tokenizer::Words => self.words(text),
            Tokenizer::Characters if text.is_ascii() => self.bytes(text.as_bytes()),
            Tokenizer::Characters => self.characters(text),
        }
        &self.hashes
    }

    /// Each byte is a character.
    fn bytes(&mut self, text: &[u8]) {
        let (n, seed) = (self.n, self.seed);
        match text.len() {
            0 => {}
            len if len <= n => self.hashes.push(upper(digest(seed, text, 0, len))),
            _ if n <= 8 => self.short(text),
            len => self.hashes.extend((0..=len - n).map(|at| upper(digest(seed, text, at, at + n)))),
        }
    }

    /// Shingles that are one word of the machine's each. The text is longer than one.
    fn short(&mut self, text: &[u8]) {
        let (n, state) = (self.n, start(self.seed, self.n));
        let mask = u64::MAX >> (64 - 8 * n);
        let whole = text.windows(8).map(|window| word(window) & mask);
        self.hashes.extend(whole.map(|word| upper(mix(state ^ word))));
        // What is left begins fewer than eight bytes before the end.
        let rest = self.hashes.len()..text.len() - n + 1;
        self.hashes.extend(rest.map(|at| upper(digest(self.seed, text, at, at + n))));
    }

    fn characters(&mut self, text: &str) {
        let (n, seed, bytes) = (self.n, self.seed, text.as_bytes());
        self.begin(text);
        if self.starts.len() <= n {
            return self.hashes.push(upper(digest(seed, bytes, 0, bytes.len())));
        }
        let ends = self.starts.iter().zip(&self.starts[n..]);
        self.hashes.extend(ends.map(|(&from, &to)| upper(digest(seed, bytes, from, to))));
    }

    /// Notes where characters begin; without a branch, which nobody could foretell.
    fn begin(&mut self, text: &str) {
        self.starts.clear();
        self.starts.resize(text.len() + 1, 0);
        let mut count = 0;
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            self.starts[count] = at;
            count += usize::from(byte & 0xc0 != 0x80);
        }
        self.starts[count] = text.len();
        self.starts.truncate(count + 1);
    }

    fn words(&mut self, text: &str) {
        let (n, seed) = (self.n, self.seed);
        self.words.clear();
        self.words.extend(text.split_whitespace().map(|word| digest(seed, word.as_bytes(), 0, word.len())));
        if self.words.is_empty() {
            return;
        }
        let runs = self.words.windows(n.min(self.words.len()));
        self.hashes.extend(runs.map(|run| upper(run.iter().fold(seed, |state, word| mix(state ^ word)))));
    }
}

/// The bytes `text[from..to]` as a hash, the same on every path: eight at a time, the last ones before zeros, behind their
/// number.
#[inline(always)]
fn digest(seed: u64, text: &[u8], from: usize, to: usize) -> u64 {
    let (mut state, mut at) = (start(seed, to - from), from);
    while at < to {
        state = mix(state ^ part(text, at, to));
        at += 8;
    }
    state
}

/// The bytes from `at` on, eight of them or those before `to`, as a number.
#[inline(always)]
fn part(text: &[u8], at: usize, to: usize) -> u64 {
    let len = (to - at).min(8);
    match text.get(at..at + 8) {
        Some(whole) => word(whole) & u64::MAX >> (64 - 8 * len),
        None => word(&text[at..at + len]),
    }
}

#[inline(always)]
fn start(seed: u64, len: usize) -> u64 {
    seed.wrapping_add((len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Up to eight bytes as a number.
#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    if let Some(&whole) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(whole);
    }
    let mut padded = [0; 8];
    padded[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(padded)
}

#[inline(always)]
fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Hashes are as many as shingles, and the same where these are the same.
    fn set(tokenizer: Tokenizer, n: usize, text: &str) -> BTreeSet<u32> {
        Shingles::new(tokenizer, n, 1).of(text).iter().copied().collect()
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        for n in [1, 2, 5, 8, 9, 20] {
            for text in
                ["", "a", "abcde", "abcdefgh", "abcdefghijklmnopqrstuvwxyz", "äöüß", "日本語テキスト、もっと", "aé\0"]
            {
                let characters: Vec<char> = text.chars().collect();
                let runs = characters.windows(n.min(characters.len()).max(1));
                let expected: BTreeSet<String> = runs.map(|run| run.iter().collect()).collect();
                assert_eq!(set(Tokenizer::Characters, n, text).len(), expected.len(), "{n}: {text}");
                let each = expected.iter().flat_map(|run| set(Tokenizer::Characters, n, run)).collect();
                assert_eq!(set(Tokenizer::Characters, n, text), each, "{n}: {text}");
            }
        }
    }

    #[test]
    fn plain_and_other_texts_share_shingles() {
        for n in [1, 3, 5, 8, 9, 12] {
            let plain = set(Tokenizer::Characters, n, "the quick brown fox jumps over the lazy dog");
            let other = set(Tokenizer::Characters, n, "é the quick brown fox jumps over the lazy dog");
            assert!(plain.is_subset(&other), "{n}");
        }
    }

    #[test]
    fn words_are_between_white_space() {
        let words = |text| set(Tokenizer::Words, 2, text);
        assert_eq!(words("a b c"), words(" a\tb\u{3000}c\n"));
        assert_eq!(words("a b c").len(), 2);
        assert_ne!(words("a b"), words("b a"));
        assert_ne!(words("ab"), words("a b"));
        assert_eq!((words("one").len(), words(" \n").len(), words("").len()), (1, 0, 0));
    }

    #[test]
    fn zeros_and_lengths_are_told_apart() {
        let texts = ["\0", "\0\0", "\0\0\0", "a", "a\0", "a\0\0", "\0a"];
        let all: BTreeSet<u32> = texts.iter().flat_map(|text| set(Tokenizer::Characters, 4, text)).collect();
        assert_eq!(all.len(), texts.len());
    }

    #[test]
    fn hashes_are_spread_evenly() {
        // Shingles that differ in little: each bit of their hashes is one in half of them, within five deviations.
        let mut shingles = Shingles::new(Tokenizer::Characters, 5, 1);
        let texts: Vec<String> = (0..100_000).map(|n| format!("{n:05}")).collect();
        let mut ones = [0i32; 32];
        for text in &texts {
            let hash = shingles.of(text)[0];
            (0..32).for_each(|bit| ones[bit] += (hash >> bit & 1) as i32);
        }
        assert!(ones.iter().all(|ones| (ones - 50_000).abs() < 800), "{ones:?}");
    }
}
