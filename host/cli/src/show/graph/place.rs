//! How far from the left each cell of a row is: as near as can be to the middle of its neighbours, without a change of the
//! order and without two cells too close to each other.

use super::layers::Layers;

/// Between two cells.
const GAP: f64 = 28.0;

/// Between two lines.
const LINE_GAP: f64 = 10.0;

/// How often the rows are gone through, down and up again.
const SWEEPS: usize = 8;

/// Bends of one edge stay under each other, whatever the nodes beside them want: long edges are straight, and a fan over
/// many rows does not wander off to a side.
const PULL: f64 = 100_000.0;

/// What hangs on one other cell only pulls nothing aside: what goes on is straight.
const LOOSE_PULL: f64 = 0.05;

/// The middles of the cells, the leftmost edge at 0.
pub(super) fn place(layers: &Layers, widths: &[f64]) -> Vec<f64> {
    let (above, below) = layers.neighbours();
    let is_loose: Vec<bool> = above.iter().zip(&below).map(|(above, below)| above.len() + below.len() == 1).collect();
    let pull = |cell: usize, near: usize| match () {
        () if layers.is_bend(cell) && layers.is_bend(near) => PULL,
        () if is_loose[cell] || is_loose[near] => LOOSE_PULL,
        () => 1.0,
    };
    let wish = |cell: usize, sides: &[&[Vec<usize>]], middles: &[f64]| wish(cell, sides, middles, pull);
    let mut middles = packed(layers, widths);
    let offsets: Vec<Vec<f64>> = layers.rows.iter().map(|row| offsets(layers, row, widths)).collect();
    let move_row = |at: usize, sides: &[&[Vec<usize>]], middles: &mut [f64]| {
        let row = &layers.rows[at];
        let settled = settle(row, &offsets[at], |cell| wish(cell, sides, middles));
        row.iter().zip(settled).for_each(|(cell, middle)| middles[*cell] = middle);
    };
    for _ in 0..SWEEPS {
        (0..layers.rows.len()).for_each(|row| move_row(row, &[&above], &mut middles));
        (0..layers.rows.len()).rev().for_each(|row| move_row(row, &[&below], &mut middles));
    }
    (0..layers.rows.len()).for_each(|row| move_row(row, &[&above, &below], &mut middles));
    let left = middles.iter().zip(widths).map(|(middle, width)| middle - width / 2.0).fold(f64::INFINITY, f64::min);
    middles.iter().map(|middle| (middle - left).round()).collect()
}

/// Each row as narrow as can be, around 0.
fn packed(layers: &Layers, widths: &[f64]) -> Vec<f64> {
    let mut middles = vec![0.0; widths.len()];
    for row in &layers.rows {
        let offsets = offsets(layers, row, widths);
        let centre = offsets.last().copied().unwrap_or(0.0) / 2.0;
        row.iter().zip(offsets).for_each(|(cell, offset)| middles[*cell] = offset - centre);
    }
    middles
}

/// How far the middle of each cell is from that of the first, at least.
fn offsets(layers: &Layers, row: &[usize], widths: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut before: Option<usize> = None;
    let each = row.iter().map(|&cell| {
        if let Some(before) = before.replace(cell) {
            let gap = if layers.is_bend(before) && layers.is_bend(cell) { LINE_GAP } else { GAP };
            offset += (widths[before] + widths[cell]) / 2.0 + gap;
        }
        offset
    });
    each.collect()
}

/// Cells that stand shoulder to shoulder.
struct Block {
    weight: f64,
    /// Where the first one of the row would be, for this block to be where it wants.
    start: f64,
    cells: usize,
}

/// Moves a row's cells to where they want to be: the least sum of squared distances, found by pooling cells that would come
/// too close.
fn settle(row: &[usize], offsets: &[f64], wish: impl Fn(usize) -> (f64, f64)) -> Vec<f64> {
    let mut blocks: Vec<Block> = Vec::with_capacity(row.len());
    for (&cell, offset) in row.iter().zip(offsets) {
        let (wanted, weight) = wish(cell);
        let mut block = Block { weight, start: wanted - offset, cells: 1 };
        while let Some(before) = blocks.pop_if(|before| before.start >= block.start) {
            let weight = before.weight + block.weight;
            let start = (before.start * before.weight + block.start * block.weight) / weight;
            block = Block { weight, start, cells: before.cells + block.cells };
        }
        blocks.push(block);
    }
    let starts = blocks.iter().flat_map(|block| std::iter::repeat_n(block.start, block.cells));
    starts.zip(offsets).map(|(start, offset)| start + offset).collect()
}

/// Where a cell wants to be, and how much.
fn wish(cell: usize, sides: &[&[Vec<usize>]], middles: &[f64], pull: impl Fn(usize, usize) -> f64) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for &near in sides.iter().flat_map(|side| &side[cell]) {
        let pull = pull(cell, near);
        sum += middles[near] * pull;
        weight += pull;
    }
    if weight > 0.0 { (sum / weight, weight) } else { (middles[cell], LOOSE_PULL) }
}
