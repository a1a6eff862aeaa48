//! Chance that is the same every time: SplitMix64 (Steele, Lea and Flood 2014, *Fast splittable pseudorandom number
//! generators*).

use std::collections::BinaryHeap;

/// What SplitMix64 counts in: 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finaliser: every bit of the number decides on every bit.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(STEP);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A number's hash under a seed.
pub(crate) fn hash(seed: u64, number: u64) -> u64 {
    mix(mix(seed).wrapping_add(number))
}

/// Numbers one after the other.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// One of many streams under a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self { state: hash(seed, stream) }
    }

    fn next(&mut self) -> u64 {
        let number = mix(self.state);
        self.state = self.state.wrapping_add(STEP);
        number
    }

    /// A number from 0 to less than `end`, each as likely: the upper half of a product, and another try where that
    /// would favour some (Lemire 2019, *Fast random integer generation in an interval*).
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        debug_assert!(end > 0);
        let unfair = end.wrapping_neg() % end;
        loop {
            let product = u128::from(self.next()) * u128::from(end);
            if product as u64 >= unfair {
                return (product >> 64) as u64;
            }
        }
    }
}

/// The rows with the lowest hashes, a given number of them: a uniform sample without replacement, in memory that does
/// not grow with the rows. Of equal hashes the first row's counts as lower.
pub(crate) struct Lowest {
    size: usize,
    /// The greatest on top.
    kept: BinaryHeap<(u64, u32)>,
}

impl Lowest {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, kept: BinaryHeap::new() }
    }

    pub(crate) fn offer(&mut self, hash: u64, row: u32) {
        if self.kept.len() < self.size {
            self.kept.push((hash, row));
        } else if let Some(mut greatest) = self.kept.peek_mut()
            && (hash, row) < *greatest
        {
            *greatest = (hash, row);
        }
    }

    /// The rows, in no order.
    pub(crate) fn rows(self) -> impl Iterator<Item = u32> {
        self.kept.into_iter().map(|(_, row)| row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_are_all_as_likely() {
        for end in [1, 2, 3, 7, 10] {
            let mut counts = vec![0; end as usize];
            let mut random = Random::new(5, end);
            (0..10_000 * end).for_each(|_| counts[random.below(end) as usize] += 1);
            assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        }
        // Two thirds of the range: without another try the lower half would come twice as often.
        let (end, mut random) = (u64::MAX / 3 * 2, Random::new(0, 0));
        let low = (0..10_000).filter(|_| random.below(end) < end / 2).count();
        assert!((4_800..5_200).contains(&low), "{low}");
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Random::new(seed, stream).next();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }

    #[test]
    fn the_lowest_are_kept() {
        let mut lowest = Lowest::new(3);
        for (row, hash) in [9, 4, 4, 7, 4, 1].into_iter().enumerate() {
            lowest.offer(hash, row as u32);
        }
        let mut rows: Vec<_> = lowest.rows().collect();
        rows.sort_unstable();
        assert_eq!(rows, [1, 2, 5]);
        let mut none = Lowest::new(0);
        none.offer(1, 1);
        assert_eq!(none.rows().count(), 0);
    }
}
