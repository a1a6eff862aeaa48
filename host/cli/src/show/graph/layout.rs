//! Where everything is: rows from the top down, boxes in them, and lines that turn only between the rows.

use super::{layers, order, place};

/// Between two rows, at least.
const GAP: f64 = 36.0;

/// The further a line goes sideways, the more room it needs to; up to so much.
const MAX_SLANT: f64 = 90.0;

/// The width of a bend: what keeps lines apart.
const BEND: f64 = 4.0;

/// What a box needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A box in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A line from one row to the next: straight down to the end of its row, over to `to`, straight down again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) from: f64,
    /// Where it begins, and where it begins to turn.
    pub(super) begin: (f64, f64),
    pub(super) to: f64,
    /// Where it has turned, and where it ends.
    pub(super) end: (f64, f64),
    /// The box that it ends at; none where it goes on.
    pub(super) into: Option<usize>,
}

/// The whole drawing.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) places: Vec<Place>,
    pub(super) lines: Vec<Line>,
    /// Where lines go straight through a row: how far from the left, from where and to where.
    pub(super) bends: Vec<(f64, f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Lays a graph without cycles out.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let mut layers = layers::layers(sizes.len(), edges);
    order::order(&mut layers);
    let widths: Vec<f64> = (0..layers.row.len()).map(|cell| sizes.get(cell).map_or(BEND, |size| size.width)).collect();
    let middles = place::place(&layers, &widths);
    let bands = bands(&layers, sizes, &middles);
    let places = sizes.iter().enumerate().map(|(node, size)| {
        let (top, bottom) = bands[layers.row[node]];
        let left = middles[node] - size.width / 2.0;
        Place { left, top: (top + bottom - size.height) / 2.0, width: size.width, height: size.height }
    });
    let places: Vec<Place> = places.collect();
    let line = |&(from, to): &(usize, usize)| {
        let bottom = bands[layers.row[from]].1;
        let top = bands[layers.row[to]].0;
        Line {
            from: middles[from],
            begin: (places.get(from).map_or(bottom, |place| place.top + place.height), bottom),
            to: middles[to],
            end: (top, places.get(to).map_or(top, |place| place.top)),
            into: (!layers.is_bend(to)).then_some(to),
        }
    };
    let lines = layers.links.iter().map(line).collect();
    let bend = |cell: usize| (middles[cell], bands[layers.row[cell]].0, bands[layers.row[cell]].1);
    let bends = (sizes.len()..layers.row.len()).map(bend).collect();
    let right = middles.iter().zip(&widths).map(|(middle, width)| middle + width / 2.0).fold(0.0, f64::max);
    Layout { places, lines, bends, width: right, height: bands.last().map_or(0.0, |band| band.1) }
}

/// The top and the bottom of each row.
fn bands(layers: &layers::Layers, sizes: &[Size], middles: &[f64]) -> Vec<(f64, f64)> {
    let mut slants = vec![0.0_f64; layers.rows.len()];
    for &(from, to) in &layers.links {
        let slant = &mut slants[layers.row[from]];
        *slant = slant.max(((middles[from] - middles[to]).abs() / 16.0).min(MAX_SLANT));
    }
    let mut top = 0.0;
    let band = |(row, slant): (&Vec<usize>, f64)| {
        let height = row.iter().filter_map(|cell| sizes.get(*cell)).map(|size| size.height).fold(0.0, f64::max);
        let band = (top, top + height);
        top += height + (GAP + slant).round();
        band
    };
    layers.rows.iter().zip(slants).map(band).collect()
}
