//! The least value of a set of hashes under each of many permutations.

use crate::mix::Random;
use crate::simd::U32x4;

/// Permutations that go over the hashes together. What they are made of and their least values stay in registers.
const TOGETHER: usize = 8;

/// Hashes of a turn.
const TURN: usize = 16;

/// Permutations of the numbers of 32 bits.
///
/// Each is `h · a + b` modulo 2³² with an odd `a`: a bijection. Bijections of this kind are far from all there are, and the
/// proofs for them (Dietzfelbinger et al. 1997) are about the upper bits of longer products; but here `h` is a hash that
/// looks random already. Then the element with the least value is any of the set with the same probability, whatever `a`
/// and `b`, and an estimate has the right mean; that the permutations hang together too little to matter for its variance
/// the tests show.
#[derive(Debug)]
pub struct Permutations {
    /// Factors and addends.
    all: Vec<[(u32, u32); TOGETHER]>,
    turns: Vec<[U32x4; TURN / 4]>,
    len: usize,
}

impl Permutations {
    /// `len` permutations by a seed.
    #[must_use]
    pub fn new(len: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut next = || (random.next() >> 32) as u32;
        let all = (0..len.div_ceil(TOGETHER)).map(|_| std::array::from_fn(|_| (next() | 1, next()))).collect();
        Self { all, turns: Vec::new(), len }
    }

    /// The least values of the hashes, which are not none: one for each permutation.
    pub fn minima(&mut self, hashes: &[u32]) -> impl Iterator<Item = u32> {
        let (turns, rest) = hashes.as_chunks::<TURN>();
        self.turns.clear();
        self.turns.extend(turns.iter().map(fours));
        if let Some(&last) = rest.last() {
            // A hash that comes twice changes nothing.
            let mut turn = [last; TURN];
            turn[..rest.len()].copy_from_slice(rest);
            self.turns.push(fours(&turn));
        }
        self.all.iter().flat_map(|permutations| least(permutations, &self.turns)).take(self.len)
    }
}

fn fours(hashes: &[u32; TURN]) -> [U32x4; TURN / 4] {
    let (fours, _) = hashes.as_chunks::<4>();
    std::array::from_fn(|four| U32x4::new(fours[four]))
}

/// The least values of all hashes under a few permutations.
fn least(permutations: &[(u32, u32); TOGETHER], turns: &[[U32x4; TURN / 4]]) -> [u32; TOGETHER] {
    let permutations = permutations.map(|(a, b)| (U32x4::splat(a), U32x4::splat(b)));
    let mut least = [U32x4::splat(u32::MAX); TOGETHER];
    for turn in turns {
        for &four in turn {
            for (least, (a, b)) in least.iter_mut().zip(permutations) {
                *least = least.min(four.mul(a).add(b));
            }
        }
    }
    least.map(|four| four.to_array().into_iter().fold(u32::MAX, u32::min))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::mix;

    const LEN: usize = 128;

    fn signature(permutations: &mut Permutations, set: impl Iterator<Item = u64>) -> Vec<u32> {
        let hashes: Vec<u32> = set.map(|element| (mix(mix(element)) >> 32) as u32).collect();
        permutations.minima(&hashes).collect()
    }

    /// In how many numbers the signatures of so many pairs of sets of `size` elements agree, of which `common` are in both;
    /// and in the bits of how many that `cut` leaves.
    fn agreements(size: u64, common: u64, pairs: u64, cut: u32) -> (Vec<f64>, Vec<f64>) {
        let mut permutations = Permutations::new(LEN, 1);
        let agreements = (0..pairs).map(|pair| {
            let first = pair * 4 * size;
            let one = signature(&mut permutations, first..first + size);
            let other = signature(&mut permutations, first + size - common..first + 2 * size - common);
            let share =
                |bits: u32| one.iter().zip(&other).filter(|(a, b)| (*a ^ *b) & bits == 0).count() as f64 / LEN as f64;
            (share(u32::MAX), share(cut))
        });
        agreements.unzip()
    }

    fn mean_and_variance(numbers: &[f64]) -> (f64, f64) {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        (mean, numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64)
    }

    #[test]
    fn estimates_have_the_mean_and_the_variance_of_independent_permutations() {
        let pairs = 2000;
        for (size, common) in [(3, 2), (20, 10), (100, 90), (500, 100), (500, 450), (500, 490), (1500, 1350)] {
            let (whole, cut) = agreements(size, common, pairs, 0xffff);
            let similarity = common as f64 / (2 * size - common) as f64;
            for (mean, variance) in [mean_and_variance(&whole), mean_and_variance(&cut)] {
                let expected = similarity * (1.0 - similarity) / LEN as f64;
                let error = (mean - similarity) / (expected / pairs as f64).sqrt();
                assert!(error.abs() < 4.0, "{size}, {common}: {mean}, {error:.1} deviations from {similarity}");
                let ratio = variance / expected;
                assert!((0.85..1.2).contains(&ratio), "{size}, {common}: variance {ratio:.3} of what it should be");
            }
        }
    }

    #[test]
    fn eight_bits_agree_by_chance_as_often_as_they_should() {
        let (mean, _) = mean_and_variance(&agreements(100, 0, 2000, 0xff).1);
        assert!((mean - 1.0 / 256.0).abs() < 0.0006, "{mean}");
    }

    #[test]
    fn order_and_repetition_change_nothing() {
        for len in [1, 3, 4, 5, 100] {
            let mut permutations = Permutations::new(len, 7);
            let hashes: Vec<u32> = (0..21).map(|n| mix(n) as u32).collect();
            let least: Vec<u32> = permutations.minima(&hashes).collect();
            assert_eq!(least.len(), len);
            let twice: Vec<u32> = hashes.iter().rev().chain(&hashes).copied().collect();
            assert!(permutations.minima(&twice).eq(least));
        }
    }
}
