//! In which order the cells of a row stand, so that few edges cross: each under the middle of what it hangs on, then over
//! the middle of what hangs on it, a few times over.

use super::layers::Layers;

/// How often the rows are gone through, down and up again.
const SWEEPS: usize = 8;

/// Orders the rows; what crosses least is kept.
pub(super) fn order(layers: &mut Layers) {
    let (above, below) = layers.neighbours();
    begin(layers, &below);
    let mut best = (crossings(layers), layers.rows.clone());
    for _ in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let mut place = places(layers);
        layers.rows.iter_mut().for_each(|row| sort(row, &above, &mut place));
        layers.rows.iter_mut().rev().for_each(|row| sort(row, &below, &mut place));
        let found = crossings(layers);
        if found < best.0 {
            best = (found, layers.rows.clone());
        }
    }
    layers.rows = best.1;
}

/// First as one comes by them, way after way.
fn begin(layers: &mut Layers, below: &[Vec<usize>]) {
    let mut rows = vec![Vec::new(); layers.rows.len()];
    let mut is_seen = vec![false; layers.row.len()];
    let mut ways: Vec<usize> = layers.rows.iter().flatten().rev().copied().collect();
    while let Some(cell) = ways.pop() {
        if !std::mem::replace(&mut is_seen[cell], true) {
            rows[layers.row[cell]].push(cell);
            ways.extend(below[cell].iter().rev().filter(|next| !is_seen[**next]));
        }
    }
    layers.rows = rows;
}

fn places(layers: &Layers) -> Vec<usize> {
    let mut place = vec![0; layers.row.len()];
    for row in &layers.rows {
        row.iter().enumerate().for_each(|(at, cell)| place[*cell] = at);
    }
    place
}

/// Sorts a row by the middles of the cells' neighbours; those without stay about where they are.
fn sort(row: &mut [usize], neighbours: &[Vec<usize>], place: &mut [usize]) {
    let middle = |cell: &usize| {
        let near = &neighbours[*cell];
        let sum: usize = near.iter().map(|near| place[*near]).sum();
        if near.is_empty() { place[*cell] as f64 } else { sum as f64 / near.len() as f64 }
    };
    let mut keyed: Vec<(f64, usize)> = row.iter().map(|cell| (middle(cell), *cell)).collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (at, (_, cell)) in keyed.into_iter().enumerate() {
        row[at] = cell;
        place[cell] = at;
    }
}

/// How many pairs of links cross, of those that begin in the same row (Barth, Mutzel and Jünger, *Simple and Efficient
/// Bilayer Cross Counting*, 2004).
pub(super) fn crossings(layers: &Layers) -> usize {
    let place = places(layers);
    let mut links: Vec<Vec<(usize, usize)>> = vec![Vec::new(); layers.rows.len()];
    for &(from, to) in &layers.links {
        if layers.row[to] == layers.row[from] + 1 {
            links[layers.row[from]].push((place[from], place[to]));
        }
    }
    let pairs = links.iter_mut().zip(layers.rows.iter().skip(1));
    pairs.map(|(links, next)| inversions(links, next.len())).sum()
}

/// Pairs of which the first is smaller and the second greater; counted with a tree of sums (Fenwick's).
fn inversions(links: &mut [(usize, usize)], width: usize) -> usize {
    links.sort_unstable();
    let mut sums = vec![0usize; width + 1];
    let mut crossed = 0;
    for (seen, &(_, to)) in links.iter().enumerate() {
        let (mut at, mut not_greater) = (to + 1, 0);
        while at > 0 {
            not_greater += sums[at];
            at &= at - 1;
        }
        crossed += seen - not_greater;
        at = to + 1;
        while at <= width {
            sums[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    crossed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_counted() {
        for (mut links, expected) in [
            (vec![(0, 0), (1, 1)], 0),
            (vec![(0, 1), (1, 0)], 1),
            (vec![(0, 0), (0, 2), (1, 1)], 1),
            (vec![(0, 2), (1, 1), (2, 0)], 3),
            (vec![(0, 1), (1, 1)], 0),
        ] {
            assert_eq!(inversions(&mut links.clone(), 3), expected, "{links:?}");
            links.reverse();
            assert_eq!(inversions(&mut links, 3), expected);
        }
    }
}
