//! Embeddings of all rows, and how far they are from one another.
//!
//! A number is kept as `float32`: a vector of 768 costs 3 KiB of the sandbox's memory, so a memory of 4 GiB holds about
//! 1.3 million of them.

use crate::columns::{floats, input, is_number, item_of, lists};
use stillroom_sdk::*;

/// Vectors that lie together: at 768 numbers two such blocks fit into most second-level caches.
const BLOCK: usize = 64;

/// A way to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// 1 minus the dot product: the cosine distance of vectors of length 1.
    Cosine,
    /// The sum of the differences.
    Manhattan,
    /// The straight line.
    Euclidean,
}

impl Metric {
    fn measure(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Cosine => 1.0 - sum(a, b, |a, b| a * b),
            Self::Manhattan => sum(a, b, |a, b| (a - b).abs()),
            Self::Euclidean => sum(a, b, |a, b| (a - b) * (a - b)).sqrt(),
        }
    }
}

/// Adds up in sixteen lanes, always the same way: the compiler makes SIMD of it, and the sum is the same on every
/// machine.
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; 16];
    let (a, b) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| term(*a, *b)).sum();
    for (a, b) in a.zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += term(*a, *b);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The vectors of the rows that have a good one.
pub(crate) struct Vectors {
    name: String,
    /// Whether they are made to have a length of 1.
    unit: bool,
    /// Numbers of a vector, as the first one has them.
    width: usize,
    blocks: Vec<Vec<f32>>,
    rows: Vec<u32>,
}

impl Vectors {
    /// Takes the column.
    pub(crate) fn open(schema: &mut Schema, name: &str, unit: bool) -> Result<(In<Any>, Self)> {
        let input = input(schema, name, "a list of numbers", |data_type| item_of(data_type).is_some_and(is_number))?;
        Ok((input, Self { name: name.to_owned(), unit, width: 0, blocks: Vec::new(), rows: Vec::new() }))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of each.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Adds those of a batch whose first row has the number `first`; says which rows have none that can be used, and
    /// why.
    pub(crate) fn read(&mut self, column: AnyColumn<'_>, first: u32) -> Result<Vec<Rejection>> {
        let lists = lists(column)?;
        let numbers = floats(lists.values())?;
        let mut rejected = Vec::new();
        for (row, range) in (first..).zip(lists.iter()) {
            match range.map_or(Err("is null".to_owned()), |range| self.push(&numbers[range])) {
                Ok(()) => self.rows.push(row),
                Err(reason) => rejected.push(Rejection { row, reason: format!("`{}` {reason}", self.name) }),
            }
        }
        Ok(rejected)
    }

    fn push(&mut self, numbers: &[Option<f64>]) -> Result<(), String> {
        if numbers.is_empty() {
            return Err("is empty".to_owned());
        }
        if self.width != 0 && self.width != numbers.len() {
            return Err(format!("has {} numbers, where the first has {}", numbers.len(), self.width));
        }
        let scale = if self.unit { 1.0 / length(numbers) } else { 1.0 };
        if !scale.is_normal() {
            return Err("is all zeros and has no direction".to_owned());
        }
        let mut vector = Vec::with_capacity(numbers.len());
        for (place, number) in numbers.iter().enumerate() {
            let number = number.map(|number| (number * scale) as f32).filter(|number| number.is_finite());
            vector.push(number.ok_or_else(|| format!("has no finite number at place {place}"))?);
        }
        self.width = vector.len();
        self.place(&vector);
        Ok(())
    }

    fn place(&mut self, vector: &[f32]) {
        match self.blocks.last_mut().filter(|block| block.len() < BLOCK * vector.len()) {
            Some(block) => block.extend_from_slice(vector),
            None => {
                let mut block = Vec::with_capacity(BLOCK * vector.len());
                block.extend_from_slice(vector);
                self.blocks.push(block);
            }
        }
    }

    fn get(&self, index: usize) -> &[f32] {
        &self.blocks[index / BLOCK][index % BLOCK * self.width..][..self.width]
    }

    /// How far two are apart. Rounding takes no cosine distance below 0.
    pub(crate) fn distance(&self, metric: Metric, a: usize, b: usize) -> f32 {
        let distance = metric.measure(self.get(a), self.get(b));
        if self.unit { distance.max(0.0) } else { distance }
    }

    /// How far each is from the one nearest to it; infinitely where there is no other.
    pub(crate) fn nearest(&self, metric: Metric) -> Vec<f32> {
        let mut nearest = vec![f32::INFINITY; self.len()];
        let block = |index: usize| index * BLOCK..self.len().min((index + 1) * BLOCK);
        for (a, b) in (0..self.blocks.len()).flat_map(|a| (a..self.blocks.len()).map(move |b| (a, b))) {
            for a in block(a) {
                for b in block(b).start.max(a + 1)..block(b).end {
                    let distance = self.distance(metric, a, b);
                    nearest[a] = nearest[a].min(distance);
                    nearest[b] = nearest[b].min(distance);
                }
            }
        }
        nearest
    }
}

/// The Euclidean length of a vector. What is no number counts as nothing; it is found later.
fn length(numbers: &[Option<f64>]) -> f64 {
    numbers.iter().flatten().map(|number| number * number).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(unit: bool) -> Vectors {
        Vectors { name: "v".to_owned(), unit, width: 0, blocks: Vec::new(), rows: Vec::new() }
    }

    fn vectors(rows: &[&[f32]], unit: bool) -> Vectors {
        let mut vectors = none(unit);
        let items = Float32Builder::from_values(rows.concat());
        let list = ListBuilder::<_>::from_lengths(items, rows.iter().map(|row| Some(row.len()))).unwrap();
        assert_eq!(vectors.read(Any::view(&list), 0).unwrap(), []);
        vectors
    }

    #[test]
    fn distances_are_exact_where_they_can_be() {
        let rows: [&[f32]; 2] = [&[3.0, 4.0], &[0.0, 2.0]];
        for (unit, metric, expected) in [
            (false, Metric::Cosine, -7.0),
            (false, Metric::Manhattan, 5.0),
            (false, Metric::Euclidean, 13.0_f32.sqrt()),
            (true, Metric::Cosine, 1.0 - 0.8),
            (true, Metric::Manhattan, 0.6 + 0.2),
        ] {
            assert_eq!(vectors(&rows, unit).distance(metric, 0, 1), expected, "{metric:?}");
        }
    }

    #[test]
    fn long_vectors_are_summed_whole() {
        let ones: Vec<f32> = vec![1.0; 37];
        let ramp: Vec<f32> = (0..37).map(|n| n as f32).collect();
        let both = vectors(&[&ones, &ramp], false);
        assert_eq!(both.distance(Metric::Cosine, 0, 1), 1.0 - 666.0);
        assert_eq!(both.distance(Metric::Manhattan, 0, 1), 631.0);
    }

    #[test]
    fn the_nearest_is_found_across_blocks() {
        let points: Vec<Vec<f32>> = (0..300).map(|n| vec![(n * n % 1009) as f32, (n * 31 % 97) as f32]).collect();
        let rows: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let all = vectors(&rows, false);
        for (index, nearest) in all.nearest(Metric::Euclidean).into_iter().enumerate() {
            let others = (0..300).filter(|other| *other != index);
            let slow = others.map(|other| all.distance(Metric::Euclidean, index, other)).fold(f32::INFINITY, f32::min);
            assert_eq!(nearest, slow, "{index}");
        }
        assert_eq!(vectors(&rows[..1], false).nearest(Metric::Cosine), [f32::INFINITY]);
        assert_eq!(none(false).nearest(Metric::Cosine), []);
    }

    #[test]
    fn bad_vectors_are_told() {
        let rows = [None, Some(vec![]), Some(vec![Some(3.0), Some(4.0)]), Some(vec![Some(1.0)])];
        let more = [vec![Some(0.0), Some(0.0)], vec![None, Some(1.0)], vec![Some(1.0), Some(f64::NAN)]];
        let rows: Vec<Option<Vec<Option<f64>>>> = rows.into_iter().chain(more.map(Some)).collect();
        let items: Float64Builder = rows.iter().flatten().flatten().copied().collect();
        let list = LargeListBuilder::from_lengths(items, rows.iter().map(|row| row.as_ref().map(Vec::len))).unwrap();
        let mut vectors = none(true);
        let rejected = vectors.read(Any::view(&list), 10).unwrap();
        let rejected: Vec<_> = rejected.iter().map(|rejection| (rejection.row, rejection.reason.as_str())).collect();
        let expected = [
            (10, "`v` is null"),
            (11, "`v` is empty"),
            (13, "`v` has 1 numbers, where the first has 2"),
            (14, "`v` is all zeros and has no direction"),
            (15, "`v` has no finite number at place 0"),
            (16, "`v` has no finite number at place 1"),
        ];
        assert_eq!(rejected, expected);
        assert_eq!((vectors.rows(), vectors.get(0)), (&[12][..], &[0.6, 0.8][..]));
    }
}
