//! Properties of every drawing, whatever the graph.

use super::layout::{Layout, Place, Size, layout};
use super::*;

fn sizes(nodes: usize) -> Vec<Size> {
    (0..nodes)
        .map(|node| Size { width: 80.0 + (node % 7 * 30) as f64, height: 20.0 + (node % 3 * 13) as f64 })
        .collect()
}

/// No two boxes touch, all are within the drawing, and lines go down, into every box that something leads to.
fn check(nodes: usize, edges: &[(usize, usize)]) -> Layout {
    let layout = layout(&sizes(nodes), edges);
    assert_eq!(layout.places.len(), nodes);
    let is_apart = |a: &Place, b: &Place| {
        a.left + a.width < b.left || b.left + b.width < a.left || a.top + a.height < b.top || b.top + b.height < a.top
    };
    for (at, place) in layout.places.iter().enumerate() {
        assert!(place.left >= -1.0 && place.left + place.width <= layout.width + 1.0, "{place:?}");
        assert!(place.top >= 0.0 && place.top + place.height <= layout.height, "{place:?}");
        assert!(layout.places[..at].iter().all(|other| is_apart(place, other)), "box {at} of {nodes}");
    }
    for line in &layout.lines {
        assert!(line.begin.0 <= line.begin.1 && line.begin.1 < line.end.0 && line.end.0 <= line.end.1, "{line:?}");
    }
    for &(from, to) in edges {
        assert!(layout.places[from].top + layout.places[from].height < layout.places[to].top, "{from} is above {to}");
        assert!(layout.lines.iter().any(|line| line.into == Some(to)), "a line leads to {to}");
    }
    layout
}

#[test]
fn a_chain_is_straight() {
    let edges: Vec<(usize, usize)> = (1..1000).map(|node| (node - 1, node)).collect();
    let layout = check(1000, &edges);
    assert!(layout.lines.iter().all(|line| (line.from - line.to).abs() < 1.5));
    assert!(layout.width < 300.0);
}

#[test]
fn a_chain_that_takes_more_and_more_stays_nearly_straight() {
    let takes = |step: usize| [(step - 1, step), (step + 999, step)];
    let layout = check(2000, &(1..1000).flat_map(takes).collect::<Vec<_>>());
    assert!(layout.width < 12_000.0, "{}", layout.width);
}

#[test]
fn a_wide_fan_is_wrapped() {
    let fan: Vec<(usize, usize)> = (1..1000).map(|node| (0, node)).collect();
    let layout = check(1000, &fan);
    assert!(layout.width < 12_000.0, "{}", layout.width);
    let leaves: Vec<(usize, usize)> = (1..1000).flat_map(|node| [(0, node), (node, node + 999)]).collect();
    let layout = check(1999, &leaves);
    assert!(layout.width < 20_000.0, "{}", layout.width);
    let both: Vec<(usize, usize)> = (1..1000).flat_map(|node| [(0, node), (node, 1000)]).collect();
    check(1001, &both);
    let together: Vec<(usize, usize)> = (0..1000).map(|node| (node, 1000)).collect();
    check(1001, &together);
}

#[test]
fn any_graph_has_its_boxes_apart() {
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for nodes in [1, 2, 5, 12, 30, 80] {
        for _ in 0..20 {
            let count = random(2 * nodes);
            let pairs = (0..count).map(|_| (random(nodes), random(nodes)));
            let edges: Vec<(usize, usize)> =
                pairs.filter(|(from, to)| from != to).map(|(a, b)| (a.min(b), a.max(b))).collect();
            check(nodes, &edges);
        }
    }
    check(0, &[]);
}

#[test]
fn long_ways_that_nobody_would_draw_come_to_an_end() {
    let mut edges: Vec<(usize, usize)> = (1..2000).map(|node| (node - 1, node)).collect();
    edges.extend((0..1000).map(|node| (node, 1999 - node)).filter(|(from, to)| from + 1 < *to));
    check(2000, &edges);
}

#[test]
fn branches_go_round_boxes() {
    // A route's branches to a join, and one past it.
    let layout = check(6, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (4, 5), (3, 5)]);
    let row = |node: usize| layout.places[node].top;
    assert!(row(1) < row(4) && row(4) < row(5));
}

fn node(name: &str, what: &str, shape: Shape) -> Node {
    Node { name: name.to_owned(), what: what.to_owned(), shape }
}

#[test]
fn svg_has_every_node_and_nothing_that_is_not_text() {
    let hostile = "</text><script>alert(\"1\")</script>&'\u{1}\u{202e}";
    let nodes = vec![
        node("read", "source", Shape::Source),
        node("split", hostile, Shape::Route),
        node("all", "table/sort", Shape::Global),
        node("out", "sink out.jsonl", Shape::Store),
    ];
    let edge = |from, branch: Option<&str>, to| Edge { from, branch: branch.map(str::to_owned), to };
    let edges = vec![edge(0, None, 1), edge(1, Some("a"), 2), edge(1, Some("b"), 2), edge(2, None, 3)];
    let svg = svg::svg(&Graph { name: hostile.to_owned(), nodes, edges });
    assert!(!svg.contains("<script") && !svg.contains("url(") && !svg.contains("href"), "{svg}");
    assert!(svg.chars().all(|char| char == '\n' || !char.is_control()));
    assert!(svg.contains(
        "<title>&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\\u{1}\\u{202e}</title>"
    ));
    for name in ["read", "split", "all", "out"] {
        assert!(svg.contains(&format!(">{name}</text>")), "{name} in {svg}");
    }
    assert!(svg.contains(">a</text>") && svg.contains(">b</text>"), "{svg}");
    assert_eq!(svg.matches("class=\"head\"").count(), 4);
    assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
}

#[test]
fn long_words_are_clipped_and_whole_behind() {
    let what = "where ".to_owned() + &"very ".repeat(20) + "long";
    let graph = Graph { nodes: vec![node("a", &what, Shape::Step)], ..Graph::default() };
    let svg = svg::svg(&graph);
    assert!(svg.contains("…</text>") && svg.contains(&format!("<title>a: {what}</title>")), "{svg}");
}
