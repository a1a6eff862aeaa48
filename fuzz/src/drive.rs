//! Runs targets without any instrument: over the corpus, and over inputs made from a seed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::Target;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// An input that a target did not return from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The input.
    pub input: Vec<u8>,
    /// What the panic said, and where.
    pub message: String,
}

/// Panics are kept for who catches them, and not printed: the engine contains those of the libraries that it reads files with.
pub fn begin() {
    std::panic::set_hook(Box::new(|panic| LAST.set(panic.to_string())));
}

/// One input.
pub fn run(target: &Target, input: &[u8]) -> Option<Found> {
    match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Ok(()) => None,
        Err(_) => Some(Found { input: input.to_vec(), message: LAST.take() }),
    }
}

/// The corpus of a target: names and inputs, in the names' order.
pub fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let mut inputs: Vec<_> = files.filter_map(|path| std::fs::read(&path).ok().map(|bytes| (path, bytes))).collect();
    inputs.sort();
    inputs
}

/// Every input of the corpus; those that are findings.
pub fn replay(target: &Target) -> Vec<(PathBuf, Found)> {
    corpus(target).into_iter().filter_map(|(path, input)| Some((path, run(target, &input)?))).collect()
}

/// So many inputs, made up or changed from the corpus; the first finding. The same seed makes the same inputs.
pub fn soak(target: &Target, seed: u64, runs: u64) -> Option<Found> {
    let corpus: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, input)| input).collect();
    let rng = &mut Rng(seed);
    (0..runs).find_map(|_| run(target, &rng.input(&corpus, target.longest)))
}

/// SplitMix64: a number after the other from a seed.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn input(&mut self, corpus: &[Vec<u8>], longest: usize) -> Vec<u8> {
        if corpus.is_empty() || self.below(2) == 0 {
            return self.bytes(longest);
        }
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..1 + self.below(4) {
            self.change(&mut input, corpus);
        }
        input
    }

    /// Random lengths; small numbers as often as others.
    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let len = self.below(longest + 1);
        let small = self.below(3) == 0;
        (0..len).map(|_| (self.next() >> 40) as u8 & if small { 0x0f } else { 0xff }).collect()
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let len = self.below(9).min(input.len() - at);
        match self.below(6) {
            0 => drop(input.drain(at..at + len)),
            1 => {
                let more = self.bytes(8);
                drop(input.splice(at..at, more));
            }
            2 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                let piece = &other[from..(from + self.below(40)).min(other.len())];
                drop(input.splice(at..at + len, piece.iter().copied()));
            }
            3 => {
                let piece = input[at..at + len].to_vec();
                drop(input.splice(at..at, piece));
            }
            _ if at < input.len() => input[at] ^= 1 << self.below(8),
            _ => input.push(self.next() as u8),
        }
    }
}
