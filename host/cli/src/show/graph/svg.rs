//! A pipeline's graph as an SVG file: no scripts, no fonts from elsewhere, for light and dark pages.

use std::collections::HashMap;
use std::fmt::Write;

use super::layout::{self, Layout, Line, Place, Size};
use super::{Graph, Node, Shape};
use crate::show::text;

/// Columns of text in a box's line.
const LINE: usize = 34;

/// Around the drawing.
const MARGIN: f64 = 16.0;

/// The width of a column of text, of the widest of the usual fonts.
const COLUMN: f64 = 7.4;

/// Of letters that are all as wide, so that the boxes fit.
const FONT: &str = "font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"12\" \
    text-anchor=\"middle\"";

const STYLE: &str = "\
.still-graph text { fill: #1f2328; }
.still-graph .box { stroke: #6e7781; stroke-width: 1.2; fill: #f6f8fa; }
.still-graph .source .box { fill: #ddf4e4; }
.still-graph .store .box { fill: #ddeafc; }
.still-graph .route .box { fill: #fdf0d5; }
.still-graph .global .box { fill: #efe4fb; }
.still-graph .branch .box { fill: #ffffff; stroke-width: 0.8; }
.still-graph .line { fill: none; stroke: #6e7781; stroke-width: 1.2; }
.still-graph .head { fill: #6e7781; }
@media (prefers-color-scheme: dark) {
.still-graph text { fill: #e6edf3; }
.still-graph .box { stroke: #8b949e; fill: #21262d; }
.still-graph .source .box { fill: #12351f; }
.still-graph .store .box { fill: #132f52; }
.still-graph .route .box { fill: #3f2f0c; }
.still-graph .global .box { fill: #33214d; }
.still-graph .branch .box { fill: #0d1117; }
.still-graph .line { stroke: #8b949e; }
.still-graph .head { fill: #8b949e; }
}
";

/// What is drawn in a box.
enum Item<'a> {
    Node(&'a Node),
    /// The name of a route's branch, on its line.
    Branch(&'a str),
}

/// The graph as an SVG file.
pub(crate) fn svg(graph: &Graph) -> String {
    let (items, edges) = items(graph);
    let sizes: Vec<Size> = items.iter().map(Item::size).collect();
    let layout = layout::layout(&sizes, &edges);
    let mut text = head(&graph.name, &layout);
    layout.lines.iter().for_each(|line| draw_line(&mut text, line, &items));
    for (x, top, bottom) in &layout.bends {
        let _ = writeln!(text, "<path class=\"line\" d=\"M{x} {top} V{bottom}\"/>");
    }
    items.iter().zip(&layout.places).for_each(|(item, place)| item.draw(&mut text, place));
    text += "</svg>\n";
    text
}

/// The boxes, and what leads from one to the other. A branch of a route has a box of its own, so that it is clear of others.
fn items(graph: &Graph) -> (Vec<Item<'_>>, Vec<(usize, usize)>) {
    let mut items: Vec<Item<'_>> = graph.nodes.iter().map(Item::Node).collect();
    let mut branches: HashMap<(usize, &str), usize> = HashMap::new();
    let mut edges = Vec::with_capacity(graph.edges.len());
    for edge in &graph.edges {
        let from = match &edge.branch {
            None => edge.from,
            Some(branch) => *branches.entry((edge.from, branch)).or_insert_with(|| {
                items.push(Item::Branch(branch));
                edges.push((edge.from, items.len() - 1));
                items.len() - 1
            }),
        };
        edges.push((from, edge.to));
    }
    (items, edges)
}

fn head(name: &str, layout: &Layout) -> String {
    let (width, height) = (layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"still-graph\" role=\"img\" {FONT} \
         viewBox=\"-{MARGIN} -{MARGIN} {width} {height}\" width=\"{width}\" height=\"{height}\">\n"
    );
    // Writing to a string does not fail.
    let _ = writeln!(text, "<title>{}</title>", escape(name));
    let _ = writeln!(text, "<style>\n{STYLE}</style>");
    text
}

fn draw_line(text: &mut String, line: &Line, items: &[Item<'_>]) {
    let Line { from, begin, to, end, into } = *line;
    let is_arrow = into.is_some_and(|item| matches!(items[item], Item::Node(_)));
    let stop = if is_arrow { end.1 - 6.0 } else { end.1 };
    // The arrow's head is upright: the last of the way is straight.
    let turned = end.0.min(stop) - if is_arrow { 2.0 } else { 0.0 };
    let middle = (begin.1 + turned) / 2.0;
    let curve =
        if from == to { String::new() } else { format!("V{} C{from} {middle} {to} {middle} {to} {turned}", begin.1) };
    let _ = writeln!(text, "<path class=\"line\" d=\"M{from} {}{curve} V{stop}\"/>", begin.0);
    if is_arrow {
        let _ = writeln!(text, "<path class=\"head\" d=\"M{to} {} l-4 -8 h8 z\"/>", end.1);
    }
}

impl Item<'_> {
    /// The lines of text in it, clipped.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Branch(name) => vec![text::clip(name, LINE, "…")],
            Self::Node(node) => {
                let lines = [&node.name, &node.what].into_iter().filter(|line| !line.is_empty());
                lines.map(|line| text::clip(line, LINE, "…")).collect()
            }
        }
    }

    fn size(&self) -> Size {
        let columns = self.lines().iter().map(|line| text::width(line)).max().unwrap_or(0);
        let width = (columns as f64 * COLUMN).ceil();
        // Even numbers: their halves are whole.
        let even = |number: f64| (number / 2.0).ceil() * 2.0;
        match self {
            Self::Branch(_) => Size { width: even(width + 16.0), height: 20.0 },
            Self::Node(node) if node.shape == Shape::Store => {
                Size { width: even(width.max(70.0) + 24.0), height: 58.0 }
            }
            Self::Node(_) => Size { width: even(width.max(70.0) + 40.0), height: 46.0 },
        }
    }

    fn draw(&self, text: &mut String, place: &Place) {
        let (class, whole) = match self {
            Self::Branch(name) => ("branch", (*name).to_owned()),
            Self::Node(node) => (class(node.shape), format!("{}: {}", node.name, node.what)),
        };
        let _ = writeln!(text, "<g class=\"{class}\"><title>{}</title>{}", escape(&whole), self.outline(place));
        let lines = self.lines();
        let middle = place.left + place.width / 2.0;
        // Below the lid, in a cylinder.
        let lid = if class == "store" { 5.0 } else { 0.0 };
        let first = place.top + place.height / 2.0 + 4.0 + lid - (lines.len() as f64 - 1.0) * 8.0;
        for (at, line) in lines.iter().enumerate() {
            let id = if at == 0 && class != "branch" { " font-weight=\"bold\"" } else { "" };
            let _ =
                writeln!(text, "<text{id} x=\"{middle}\" y=\"{}\">{}</text>", first + at as f64 * 16.0, escape(line));
        }
        *text += "</g>\n";
    }

    fn outline(&self, place: &Place) -> String {
        let Place { left, top, width, height } = *place;
        let rect = |inset: f64, radius: f64| {
            let (left, width) = (left + inset, width - 2.0 * inset);
            format!(
                "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
            )
        };
        let Self::Node(node) = self else { return rect(0.0, 10.0) };
        match node.shape {
            Shape::Step => rect(0.0, 6.0),
            Shape::Source => rect(0.0, height / 2.0),
            Shape::Global => rect(0.0, 3.0) + &rect(6.0, 0.0),
            Shape::Route => {
                let (half, across) = (height / 2.0, width - 28.0);
                format!(
                    "<path class=\"box\" d=\"M{left} {} l14 -{half} h{across} l14 {half} l-14 {half} h-{across} z\"/>",
                    top + half
                )
            }
            Shape::Store => {
                let (half, side, y) = (width / 2.0, height - 14.0, top + 7.0);
                format!(
                    "<path class=\"box\" d=\"M{left} {y} v{side} a{half} 7 0 0 0 {width} 0 v-{side} \
                     a{half} 7 0 0 0 -{width} 0 a{half} 7 0 0 0 {width} 0\"/>"
                )
            }
        }
    }
}

fn class(shape: Shape) -> &'static str {
    match shape {
        Shape::Step => "step",
        Shape::Source => "source",
        Shape::Global => "global",
        Shape::Route => "route",
        Shape::Store => "store",
    }
}

/// The text within XML, which cannot have control characters in any way.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text::escape_line(text).chars() {
        match char {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}
