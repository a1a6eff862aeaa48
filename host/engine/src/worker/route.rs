//! Which branches a row goes to. All of it follows from the row's place in the input, the seed and the row itself; threads
//! play no part.

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::call::arrow;
use crate::error::Result;
use crate::expression::ExpressionError;
use crate::plan::Route;
use crate::report::Count;

/// What went wrong: an expression that has no value, or the host's own trouble.
pub(super) enum Trouble {
    Expression(ExpressionError),
    Host(crate::Error),
}

/// A batch for each branch; `row` is the number of its first row, counted over the item, and `item` the item's.
pub(super) fn route(
    route: &Route,
    branches: usize,
    batch: &RecordBatch,
    (item, row): (u64, u64),
    count: &mut Count,
) -> Result<Vec<RecordBatch>, Trouble> {
    let masks = masks(route, branches, batch, item, row).map_err(Trouble::Expression)?;
    book(&masks, batch.num_rows(), count);
    masks.iter().map(|mask| select(batch, mask).map_err(Trouble::Host)).collect()
}

fn select(batch: &RecordBatch, mask: &[bool]) -> Result<RecordBatch> {
    if mask.iter().all(|is_in| *is_in) {
        return Ok(batch.clone());
    }
    if !mask.contains(&true) {
        return Ok(batch.slice(0, 0));
    }
    filter_record_batch(batch, &BooleanArray::from(mask.to_vec())).map_err(arrow)
}

/// For each branch, which rows go to it.
fn masks(
    route: &Route,
    branches: usize,
    batch: &RecordBatch,
    item: u64,
    first: u64,
) -> Result<Vec<Vec<bool>>, ExpressionError> {
    let rows = batch.num_rows();
    let mut masks = vec![vec![false; rows]; branches];
    let unit = |by_batch: bool, row: usize| if by_batch { first } else { first + row as u64 };
    match route {
        Route::Where { expressions, is_first } => by_expression(expressions, *is_first, batch, &mut masks)?,
        Route::Random { pick, seed, by_batch } => {
            let mut order: Vec<usize> = (0..branches).collect();
            (0..rows).for_each(|row| {
                let mut state = mix(mix(*seed).wrapping_add(item)).wrapping_add(unit(*by_batch, row));
                draw(&mut order, *pick, &mut state);
                order[..*pick].iter().for_each(|branch| masks[*branch][row] = true);
                order.sort_unstable(); // the next row's draw begins alike
            });
        }
        // Items start at one branch after the other, so that short ones spread too.
        Route::InTurn { by_batch } => (0..rows).for_each(|row| {
            let turn = item.wrapping_add(unit(*by_batch, row)) % branches as u64;
            masks[turn as usize][row] = true;
        }),
        Route::Split { share, seed } => (0..rows).for_each(|row| {
            let random = mix(mix(mix(*seed).wrapping_add(item)).wrapping_add(first + row as u64));
            let is_second = ((random >> 11) as f64 / (1u64 << 53) as f64) < *share;
            masks[usize::from(is_second)][row] = true;
        }),
    }
    Ok(masks)
}

fn by_expression(
    expressions: &[crate::expression::Expression],
    is_first: bool,
    batch: &RecordBatch,
    masks: &mut [Vec<bool>],
) -> Result<(), ExpressionError> {
    let mut is_taken = vec![false; batch.num_rows()];
    for (expression, mask) in expressions.iter().zip(masks.iter_mut()) {
        let fits = expression.filter(batch)?;
        for (row, taken) in is_taken.iter_mut().enumerate() {
            mask[row] = fits.value(row) && !(is_first && *taken);
            *taken |= fits.value(row);
        }
    }
    // The branch behind the last expression takes what no other did.
    if let Some(otherwise) = masks.get_mut(expressions.len()) {
        otherwise.iter_mut().zip(&is_taken).for_each(|(mask, taken)| *mask = !taken);
    }
    Ok(())
}

/// The first `pick` places of `order` drawn at random from all of it (Fisher and Yates, 1938).
fn draw(order: &mut [usize], pick: usize, state: &mut u64) {
    for place in 0..pick {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let left = (order.len() - place) as u64;
        let other = place + ((u128::from(mix(*state)) * u128::from(left)) >> 64) as usize;
        order.swap(place, other);
    }
}

/// Every row goes to some branches or to none.
fn book(masks: &[Vec<bool>], rows: usize, count: &mut Count) {
    let sent: u64 = masks.iter().map(|mask| mask.iter().filter(|is_in| **is_in).count() as u64).sum();
    let kept = (0..rows).filter(|row| masks.iter().any(|mask| mask[*row])).count() as u64;
    count.rows_in += rows as u64;
    count.rows_out += sent;
    count.repeated += sent - kept;
    count.dropped += rows as u64 - kept;
}

/// SplitMix64's finaliser (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
