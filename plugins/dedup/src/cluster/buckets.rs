//! Rows that agree in a band, and what follows from it.

/// No row.
pub(crate) const NONE: u32 = u32::MAX;

/// Calls `visit` with the rows, in order, of each bucket that has several: those with the same hash.
pub(crate) fn each(hashes: &[u64], mut visit: impl FnMut(&[(u64, u32)])) {
    let mut sorted: Vec<(u64, u32)> = hashes.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1).for_each(&mut visit);
}

/// Sets of rows that are joined bit by bit (Galler and Fischer 1964). The first row of a set stands for it.
pub(crate) struct Forest(Vec<u32>);

impl Forest {
    pub(crate) fn new(rows: u32) -> Self {
        Self((0..rows).collect())
    }

    /// The first row of a row's set.
    pub(crate) fn first(&mut self, mut row: u32) -> u32 {
        while self.0[row as usize] != row {
            let above = self.0[row as usize];
            self.0[row as usize] = self.0[above as usize];
            row = above;
        }
        row
    }

    pub(crate) fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other) as usize] = one.min(other);
    }
}

/// Of each row the first of its component: all rows that candidates, which are `alike`, lead to from it.
pub(crate) fn components(bands: Vec<Vec<u64>>, alike: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let rows = bands.first().map_or(0, Vec::len) as u32;
    let mut forest = Forest::new(rows);
    for hashes in bands {
        each(&hashes, |bucket| join(bucket, &mut forest, &alike));
    }
    (0..rows).map(|row| forest.first(row)).collect()
}

/// Joins the rows of a bucket that are alike. Two that are in one set already are not compared, so that a bucket of rows
/// which are all alike costs a comparison a row.
fn join(bucket: &[(u64, u32)], forest: &mut Forest, alike: &impl Fn(u32, u32) -> bool) {
    let mut sets: Vec<Vec<u32>> = Vec::new();
    for &(_, row) in bucket {
        let mut own = vec![row];
        sets.retain_mut(|set| {
            let joined = forest.first(set[0]) == forest.first(row) || set.iter().any(|&other| alike(row, other));
            if joined {
                forest.join(row, set[0]);
                // The longer one takes the shorter.
                if own.len() < set.len() {
                    std::mem::swap(&mut own, set);
                }
                own.append(set);
            }
            !joined
        });
        sets.push(own);
    }
}

/// Of each row itself where it stays, else the row before that it is a duplicate of: one that stays, that is a candidate,
/// and that is `alike`.
pub(crate) fn greedy(bands: Vec<Vec<u64>>, alike: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let rows = bands.first().map_or(0, Vec::len);
    let mut chains: Vec<Chain> = bands.into_iter().map(|hashes| Chain::new(&hashes)).collect();
    let mut of: Vec<u32> = Vec::with_capacity(rows);
    for row in 0..rows as u32 {
        let twin = chains.iter_mut().find_map(|chain| chain.find(row, &of, |other| alike(row, other)));
        of.push(twin.unwrap_or(row));
    }
    of
}

/// Of each row the one before it in its bucket.
struct Chain(Vec<u32>);

impl Chain {
    fn new(hashes: &[u64]) -> Self {
        let mut before = vec![NONE; hashes.len()];
        each(hashes, |bucket| bucket.windows(2).for_each(|pair| before[pair[1].1 as usize] = pair[0].1));
        Self(before)
    }

    /// The next row before this one in its bucket that stays. Those that do not are left out for ever.
    fn before(&mut self, row: u32, of: &[u32]) -> Option<u32> {
        loop {
            let before = self.0[row as usize];
            if before == NONE || of[before as usize] == before {
                return Some(before).filter(|&before| before != NONE);
            }
            self.0[row as usize] = self.0[before as usize];
        }
    }

    fn find(&mut self, row: u32, of: &[u32], alike: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = row;
        while let Some(before) = self.before(at, of) {
            if alike(before) {
                return Some(before);
            }
            at = before;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    /// Rows of few hashes, and a likeness that is neither everything nor nothing.
    fn case(seed: u64, rows: usize) -> (Vec<Vec<u64>>, impl Fn(u32, u32) -> bool + Copy) {
        let mut random = Random::new(seed);
        let bands = (0..3).map(|_| (0..rows).map(|_| random.next() % (rows as u64 / 3)).collect()).collect();
        let pair = move |a: u32, b: u32| u64::from(a.min(b)) << 32 | u64::from(a.max(b));
        (bands, move |a: u32, b: u32| crate::mix::mix(seed ^ pair(a, b)).is_multiple_of(3))
    }

    fn candidates(bands: &[Vec<u64>], a: usize, b: usize) -> bool {
        bands.iter().any(|hashes| hashes[a] == hashes[b])
    }

    #[test]
    fn components_are_those_of_the_graph() {
        for seed in 0..200 {
            let (bands, alike) = case(seed, 60);
            let mut expected: Vec<u32> = (0..60).collect();
            // Whoever is joined takes the least number, until nothing changes.
            for _ in 0..60 {
                for (a, b) in (0..60).flat_map(|a| (0..a).map(move |b| (a, b))) {
                    if candidates(&bands, a, b) && alike(a as u32, b as u32) {
                        let least = expected[a].min(expected[b]);
                        (expected[a], expected[b]) = (least, least);
                    }
                }
            }
            assert_eq!(components(bands, alike), expected, "{seed}");
        }
    }

    #[test]
    fn greedy_rows_have_no_twin_that_stays() {
        for seed in 0..200 {
            let (bands, alike) = case(seed, 60);
            let of = greedy(bands.clone(), alike);
            for row in 0..60 {
                let twin =
                    |b: &usize| of[*b] == *b as u32 && candidates(&bands, row, *b) && alike(row as u32, *b as u32);
                match of[row] as usize {
                    own if own == row => assert_eq!((0..row).find(twin), None, "{seed}: {row}"),
                    other => assert!(other < row && twin(&other), "{seed}: {row}"),
                }
            }
        }
    }

    #[test]
    fn rows_that_are_all_the_same_take_no_time() {
        let bands = || vec![vec![7; 200_000]; 5];
        for of in [components(bands(), |_, _| true), greedy(bands(), |_, _| true)] {
            assert!(of.iter().all(|&of| of == 0));
        }
        assert!(components(vec![], |_, _| true).is_empty() && greedy(vec![vec![]], |_, _| true).is_empty());
    }
}
