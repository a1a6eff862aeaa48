//! A pipeline's graph as a Mermaid flowchart. Its language has no rule for text that is just text: labels pass through the
//! parser, through Markdown and through HTML. So all but words, spaces and a few harmless marks are character references.

use std::collections::HashSet;
use std::fmt::Write;

use super::{Graph, Node, Shape};
use crate::show::text;

/// Columns of text in a label's line.
const LINE: usize = 60;

/// The graph as a text.
pub(crate) fn flowchart(graph: &Graph) -> String {
    let names = names(graph);
    let mut text = String::from("flowchart TD\n");
    for (node, name) in graph.nodes.iter().zip(&names) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {name}{}", shaped(node));
    }
    for edge in &graph.edges {
        let label = edge.branch.as_ref().map_or_else(String::new, |branch| format!("|\"{}\"|", escape(branch)));
        let _ = writeln!(text, "    {} -->{label} {}", names[edge.from], names[edge.to]);
    }
    text
}

fn shaped(node: &Node) -> String {
    let (open, close) = match node.shape {
        Shape::Step => ("[", "]"),
        Shape::Source => ("([", "])"),
        Shape::Global => ("[[", "]]"),
        Shape::Route => ("{", "}"),
        Shape::Store => ("[(", ")]"),
    };
    let lines = [&node.name, &node.what].into_iter().filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(|line| escape(&text::clip(line, LINE, "…"))).collect();
    format!("{open}\"{}\"{close}", lines.join("<br/>"))
}

/// Names for the nodes that mean nothing to Mermaid, as `end` does, and that tell who reads the text which step it is.
fn names(graph: &Graph) -> Vec<String> {
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(graph.nodes.len());
    for (at, node) in graph.nodes.iter().enumerate() {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name = format!("n_{}", node.name.chars().map(plain).collect::<String>());
        while !used.insert(name.clone()) {
            let _ = write!(name, "_{at}");
        }
        names.push(name);
    }
    names
}

/// The text as Mermaid shows it letter for letter.
fn escape(text: &str) -> String {
    let line = text::escape_line(text);
    let mut escaped = String::with_capacity(line.len());
    let mut before = ' ';
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        if is_plain(before, char, after) {
            escaped.push(char);
        } else {
            let _ = write!(escaped, "#{};", u32::from(char));
        }
        before = char;
    }
    // Markdown makes a link of it.
    escaped.replace("www.", "www#46;")
}

/// Whether nobody on the way takes the character for more than it is.
fn is_plain(before: char, char: char, after: char) -> bool {
    let within = before.is_alphanumeric() && after.is_alphanumeric();
    match char {
        ' ' => before != ' ',
        ',' | '(' | '=' | '\'' | '…' => true,
        ':' => before.is_alphanumeric() && after == ' ',
        // A number at the beginning of a line, and one of these, make a list.
        ')' => !before.is_ascii_digit(),
        '/' | '.' | '-' | '_' => within,
        char => char.is_alphanumeric(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::graph::Edge;

    fn node(name: &str, what: &str, shape: Shape) -> Node {
        Node { name: name.to_owned(), what: what.to_owned(), shape }
    }

    #[test]
    fn labels_are_what_they_were() {
        for (text, expected) in [
            ("text/normalise", "text/normalise"),
            ("sink out/all-of_it.parquet", "sink out/all-of_it.parquet"),
            ("length(a) >= 20", "length(a) #62;= 20"),
            ("say \"hi\" & <b>go</b>", "say #34;hi#34; #38; #60;b#62;go#60;#47;b#62;"),
            ("#35; in\n*x*", "#35;35#59; in#92;n#42;x#42;"),
            ("1. one", "1#46; one"),
            (
                "1) - _a_ `b` ~c~ [d] {e} |f|",
                "1#41; #45; #95;a#95; #96;b#96; #126;c#126; #91;d#93; #123;e#125; #124;f#124;",
            ),
            ("long: a, b", "long: a, b"),
            ("style:a#b;", "style#58;a#35;b#59;"),
            ("www.example.org", "www#46;example.org"),
            ("Größe 日本 fl°", "Größe 日本 fl#176;"),
            ("a    b", "a #32;#32;#32;b"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }

    #[test]
    fn nodes_have_names_of_their_own() {
        let nodes = ["end", "a-b", "a_b", "a_b_1", "ä"].map(|name| node(name, "", Shape::Step));
        let graph = Graph { nodes: nodes.into(), ..Graph::default() };
        assert_eq!(names(&graph), ["n_end", "n_a_b", "n_a_b_2", "n_a_b_1", "n__"]);
    }

    #[test]
    fn shapes_tell_kinds_apart() {
        let nodes = vec![
            node("read", "source in/*.jsonl", Shape::Source),
            node("sort", "table/sort", Shape::Global),
            node("split", "", Shape::Route),
            node("keep", "where n > 1", Shape::Step),
            node("out", "sink", Shape::Store),
        ];
        let edge = |from, branch: Option<&str>, to| Edge { from, branch: branch.map(str::to_owned), to };
        let edges = vec![edge(0, None, 1), edge(2, Some("long"), 3)];
        let expected = "flowchart TD
    n_read([\"read<br/>source in#47;#42;#46;jsonl\"])
    n_sort[[\"sort<br/>table/sort\"]]
    n_split{\"split\"}
    n_keep[\"keep<br/>where n #62; 1\"]
    n_out[(\"out<br/>sink\")]
    n_read --> n_sort
    n_split -->|\"long\"| n_keep
";
        assert_eq!(flowchart(&Graph { nodes, edges, ..Graph::default() }), expected);
    }
}
