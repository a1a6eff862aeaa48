//! A pipeline as a graph: what its nodes and edges are. How they look is [`mermaid`]'s and [`svg`]'s.

use std::collections::HashMap;
use std::path::Path;

use stillroom::pipeline::{Action, ConcatOrder, JoinKind};
use stillroom::{Pipeline, Plan, PlannedStep};

use super::leaf::{self, Leaf};

mod layers;
mod layout;
pub(crate) mod mermaid;
mod order;
mod place;
pub(crate) mod svg;
#[cfg(test)]
mod tests;

/// Steps and data sets, and the ways of the rows.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The pipeline's name.
    pub(crate) name: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

/// A step, or a data set.
#[derive(Debug)]
pub(crate) struct Node {
    /// The step's id, or the data set's name.
    pub(crate) name: String,
    /// What it does.
    pub(crate) what: String,
    pub(crate) shape: Shape,
}

/// What kind of node it is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Step,
    Source,
    /// A step that needs all rows.
    Global,
    Route,
    /// A sink, or a data set.
    Store,
}

/// A way of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    /// Which branch of a route it is.
    pub(crate) branch: Option<String>,
    pub(crate) to: usize,
}

impl Graph {
    /// The graph of a planned pipeline.
    pub(crate) fn new(pipeline: &Pipeline, plan: &Plan) -> Self {
        let steps = plan.steps();
        let node = |(at, step): (usize, &PlannedStep)| Node {
            name: step.id.clone(),
            what: what(step, pipeline.steps.get(at).map(|step| &step.action)),
            shape: shape(step.kind),
        };
        let mut graph = Self {
            name: pipeline.redact(&pipeline.name).into_owned(),
            nodes: steps.iter().enumerate().map(node).collect(),
            edges: edges(steps),
        };
        leaf::leaves(pipeline, plan).into_iter().for_each(|leaf| graph.push(leaf));
        graph
    }

    /// Adds a data set.
    fn push(&mut self, leaf: Leaf) {
        self.edges.push(Edge { from: leaf.end.step, branch: leaf.end.branch, to: self.nodes.len() });
        self.nodes.push(Node { what: folder(&leaf.files), name: leaf.name, shape: Shape::Store });
    }
}

/// What a step does, in a line: a plugin's step by its name, the host's own by what they are and what with.
pub(crate) fn what(step: &PlannedStep, action: Option<&Action>) -> String {
    match (step.kind, action) {
        // What they take is what the edges say.
        ("concat", Some(Action::Concat(ConcatOrder::Origin))) => "concat by origin".to_owned(),
        ("concat", _) => "concat".to_owned(),
        ("join", Some(Action::Join(kind))) => format!("join {}", join_word(*kind)),
        ("transform" | "ordered" | "global", _) => step.uses.clone(),
        (kind, _) if step.uses.is_empty() || step.uses == kind => kind.to_owned(),
        (kind, _) => format!("{kind} {}", step.uses),
    }
}

fn join_word(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Outer => "outer",
    }
}

fn shape(kind: &str) -> Shape {
    match kind {
        "source" => Shape::Source,
        "global" => Shape::Global,
        "route" => Shape::Route,
        "sink" => Shape::Store,
        _ => Shape::Step,
    }
}

/// Each way once, also where a step takes the same rows twice.
fn edges(steps: &[PlannedStep]) -> Vec<Edge> {
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut edges: Vec<Edge> = Vec::new();
    for (to, step) in steps.iter().enumerate() {
        let first = edges.len();
        for input in &step.inputs {
            let (id, branch) = input.split_once('.').map_or((input.as_str(), None), |(id, branch)| (id, Some(branch)));
            let Some(&from) = places.get(id) else { continue };
            let edge = Edge { from, branch: branch.map(str::to_owned), to };
            if !edges[first..].contains(&edge) {
                edges.push(edge);
            }
        }
    }
    edges
}

/// What a data set does: it is a folder with a file or two.
fn folder(files: &[String]) -> String {
    let folder = files.first().and_then(|file| Path::new(file).parent());
    folder.map_or_else(|| "data set".to_owned(), |folder| format!("data set {}", folder.display()))
}
