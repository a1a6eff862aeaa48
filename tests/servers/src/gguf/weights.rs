//! Random weights that make a readable noise.

use super::value::put_string;
use super::words::Vocabulary;

const F32: u32 = 0;

/// A named array of floats; the first extent is the one that lies together.
pub(super) struct Tensor {
    name: String,
    extents: Vec<u64>,
    values: Vec<f32>,
}

impl Tensor {
    fn new(name: &str, extents: &[usize], values: Vec<f32>) -> Self {
        Self { name: name.to_owned(), extents: extents.iter().map(|&extent| extent as u64).collect(), values }
    }

    pub(super) fn ones(name: &str, len: usize) -> Self {
        Self::new(name, &[len], vec![1.0; len])
    }

    /// Bytes of its values.
    pub(super) fn size(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }

    pub(super) fn describe(&self, out: &mut Vec<u8>, offset: u64) {
        put_string(out, &self.name);
        out.extend((self.extents.len() as u32).to_le_bytes());
        self.extents.iter().for_each(|extent| out.extend(extent.to_le_bytes()));
        out.extend(F32.to_le_bytes());
        out.extend(offset.to_le_bytes());
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    }
}

/// A layer's weights: small enough for the sum over `from` to stay about as large as its parts.
pub(super) fn matrix(random: &mut Random, name: &str, from: usize, to: usize) -> Tensor {
    let scale = 1.0 / (from as f32).sqrt();
    Tensor::new(name, &[from, to], random.take(from * to).map(|value| value * scale).collect())
}

/// What each token is at first. Number 0 is the same for all: `output` makes its likings of it.
pub(super) fn embedding(random: &mut Random, width: usize, words: usize) -> Tensor {
    let mut values: Vec<f32> = random.take(width * words).collect();
    values.iter_mut().step_by(width).for_each(|value| *value = LIKING);
    Tensor::new("token_embd.weight", &[width, words], values)
}

/// How likely each token is next: a random part, and what is liked of each.
pub(super) fn output(random: &mut Random, width: usize, words: &Vocabulary) -> Tensor {
    let scale = 1.0 / (width as f32).sqrt();
    let mut values: Vec<f32> = random.take(width * words.len()).map(|value| value * scale).collect();
    for (value, liking) in values.iter_mut().step_by(width).zip(words.likings()) {
        // After the last norm number 0 is about 6: LIKING over the root of what the squares are on average.
        *value = liking / 6.0;
    }
    Tensor::new("output.weight", &[width, words.len()], values)
}

/// Against numbers of about 1 each.
const LIKING: f32 = 12.0;

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Numbers between -1.7 and 1.7: their mean square is 1.
    fn take(&mut self, count: usize) -> impl Iterator<Item = f32> + '_ {
        (0..count).map(|_| ((self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * 3_f32.sqrt())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
