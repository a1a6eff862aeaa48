//! How like vectors of one block are to those of another.

use super::BLOCK;
use crate::simd::F32x4;

/// A score of each vector of one block (the first index) and each of another.
pub(crate) type Scores = [[f32; BLOCK]; BLOCK];

/// What is summed over two vectors' numbers.
pub(crate) trait Sum {
    fn add(sum: F32x4, a: F32x4, b: F32x4) -> F32x4;
}

/// The product of the numbers.
pub(crate) enum Product {}

impl Sum for Product {
    #[inline(always)]
    fn add(sum: F32x4, a: F32x4, b: F32x4) -> F32x4 {
        sum.add(a.mul(b))
    }
}

/// The square of their difference.
pub(crate) enum Square {}

impl Sum for Square {
    #[inline(always)]
    fn add(sum: F32x4, a: F32x4, b: F32x4) -> F32x4 {
        let difference = a.sub(b);
        sum.add(difference.mul(difference))
    }
}

/// Vectors of one block that are looked at in one go, and of the other: their sums stay in registers.
const TILE: (usize, usize) = (4, 2);

/// The scores of the first `rows` vectors of one block with the first `others` of the other; what else `scores` holds means
/// nothing. A score is the same bits wherever in their blocks the two vectors lie.
pub(crate) fn scores<S: Sum>(one: &[F32x4], rows: usize, other: &[F32x4], others: usize, scores: &mut Scores) {
    let fours = one.len() / BLOCK;
    for row in (0..rows).step_by(TILE.0) {
        let rows: [&[F32x4]; TILE.0] = std::array::from_fn(|i| &one[(row + i) * fours..][..fours]);
        for column in (0..others).step_by(TILE.1) {
            let columns: [&[F32x4]; TILE.1] = std::array::from_fn(|i| &other[(column + i) * fours..][..fours]);
            let sums = tile::<S>(rows, columns, fours);
            for (i, sums) in sums.into_iter().enumerate() {
                scores[row + i][column..column + TILE.1].copy_from_slice(&sums.map(total));
            }
        }
    }
}

#[inline(always)]
fn tile<S: Sum>(rows: [&[F32x4]; 4], columns: [&[F32x4]; 2], fours: usize) -> [[F32x4; 2]; 4] {
    let (rows, columns) = (rows.map(|row| &row[..fours]), columns.map(|column| &column[..fours]));
    let mut sums = [[F32x4::new([0.0; 4]); 2]; 4];
    for at in 0..fours {
        let (c0, c1) = (columns[0][at], columns[1][at]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            *sums = [S::add(sums[0], row[at], c0), S::add(sums[1], row[at], c1)];
        }
    }
    sums
}

#[inline(always)]
fn total(four: F32x4) -> f32 {
    let [a, b, c, d] = four.to_array();
    (a + b) + (c + d)
}
