//! Which row of the drawing each node is in, and where the long edges bend: as in Sugiyama, Tagawa and Toda, *Methods for
//! Visual Understanding of Hierarchical System Structures*, 1981, with rows that are not too wide.

use std::collections::{HashMap, HashSet};

/// Rows may be so wide, however small the graph.
const LEAST_WIDTH: usize = 8;

/// Most bends of all edges together; the edges that are left go the straight way.
const MAX_BENDS: usize = 200_000;

/// A graph in rows. The cells are the nodes, by their numbers, and behind them the bends.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// The cells of each row, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// The row of each cell.
    pub(super) row: Vec<usize>,
    /// From cells to cells further down, mostly in the next row.
    pub(super) links: Vec<(usize, usize)>,
    /// How many of the cells are nodes.
    pub(super) nodes: usize,
}

impl Layers {
    /// Of each cell, the cells that it is linked to from above and from below.
    pub(super) fn neighbours(&self) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let (mut above, mut below) = (vec![Vec::new(); self.row.len()], vec![Vec::new(); self.row.len()]);
        for &(from, to) in &self.links {
            below[from].push(to);
            above[to].push(from);
        }
        (above, below)
    }

    /// Whether an edge only bends here.
    pub(super) fn is_bend(&self, cell: usize) -> bool {
        cell >= self.nodes
    }
}

/// Puts nodes in rows, each below those that lead to it.
pub(super) fn layers(nodes: usize, edges: &[(usize, usize)]) -> Layers {
    let (mut above, mut below) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for &(from, to) in edges {
        below[from].push(to);
        above[to].push(from);
    }
    let order = topological(&above, &below);
    let mut rows = Rows::new(nodes);
    for &node in &order {
        let least = above[node].iter().map(|before| rows.of[*before] + 1).max().unwrap_or(0);
        rows.put(node, least);
    }
    let loose = loose(&order, &above, &below);
    for &node in order.iter().rev().filter(|node| loose[**node]) {
        if let Some(most) = below[node].iter().map(|after| rows.of[*after]).min() {
            rows.lower(node, most.saturating_sub(1));
        }
    }
    bend(without_gaps(rows.of), edges, &below)
}

/// Way after way: what follows on a node comes soon after it, and so finds room in a row near to it.
fn topological(above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..above.len()).rev().filter(|node| missing[*node] == 0).collect();
    let mut order = Vec::with_capacity(above.len());
    while let Some(node) = ready.pop() {
        order.push(node);
        for &after in below[node].iter().rev() {
            missing[after] -= 1;
            if missing[after] == 0 {
                ready.push(after);
            }
        }
    }
    order
}

/// Sources, and what hangs on one source only: it may stand where it is needed.
fn loose(order: &[usize], above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<bool> {
    let mut loose = vec![false; above.len()];
    for &node in order {
        loose[node] = match above[node].as_slice() {
            [] => true,
            [one] => loose[*one] && below[*one].len() == 1,
            _ => false,
        };
    }
    loose
}

/// The rows while they are filled.
struct Rows {
    of: Vec<usize>,
    count: Vec<usize>,
    width: usize,
}

impl Rows {
    /// As wide as there are rows, where everything hangs on one node.
    fn new(nodes: usize) -> Self {
        let width = (nodes as f64).sqrt().ceil() as usize;
        Self { of: vec![0; nodes], count: vec![0; nodes], width: width.max(LEAST_WIDTH) }
    }

    /// The first row that has room, from this one on.
    fn put(&mut self, node: usize, least: usize) {
        let mut row = least;
        while self.count.get(row).is_some_and(|count| *count >= self.width) {
            row += 1;
        }
        self.count.resize(self.count.len().max(row + 1), 0);
        self.count[row] += 1;
        self.of[node] = row;
    }

    /// The last row that has room, up to this one.
    fn lower(&mut self, node: usize, most: usize) {
        let now = self.of[node];
        if let Some(row) = (now + 1..=most).rev().find(|row| self.count[*row] < self.width) {
            self.count[now] -= 1;
            self.count[row] += 1;
            self.of[node] = row;
        }
    }
}

/// Rows that all nodes have left are gone.
fn without_gaps(mut rows: Vec<usize>) -> Vec<usize> {
    let mut used = rows.clone();
    used.sort_unstable();
    used.dedup();
    rows.iter_mut().for_each(|row| *row = used.partition_point(|other| other < row));
    rows
}

/// Takes long edges through the rows between. Edges that come out of one node, or else that lead to one, share the way.
fn bend(row: Vec<usize>, edges: &[(usize, usize)], below: &[Vec<usize>]) -> Layers {
    let nodes = row.len();
    let mut layers = Layers { row, nodes, ..Layers::default() };
    let mut bends: HashMap<(bool, usize, usize), usize> = HashMap::new();
    let mut known = HashSet::new();
    for &(from, to) in edges {
        let is_fan = below[from].len() > 1;
        let mut at = from;
        for row in layers.row[from] + 1..layers.row[to] {
            if layers.row.len() - nodes >= MAX_BENDS {
                break;
            }
            let next = *bends.entry((is_fan, if is_fan { from } else { to }, row)).or_insert_with(|| {
                layers.row.push(row);
                layers.row.len() - 1
            });
            if known.insert((at, next)) {
                layers.links.push((at, next));
            }
            at = next;
        }
        if known.insert((at, to)) {
            layers.links.push((at, to));
        }
    }
    layers.rows = vec![Vec::new(); layers.row.iter().max().map_or(0, |last| last + 1)];
    (0..layers.row.len()).for_each(|cell| layers.rows[layers.row[cell]].push(cell));
    layers
}
