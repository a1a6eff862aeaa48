//! Where a pipeline ends: the streams that no step takes. Those of sinks are files by then, the others become data sets.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use stillroom::{Pipeline, Plan, PlannedStep};

/// A stream that no step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// The place of the step that it comes from.
    pub(crate) step: usize,
    /// The branch that it is, of a route.
    pub(crate) branch: Option<String>,
}

impl End {
    /// The stream, as behind `from:`.
    pub(crate) fn stream(&self, steps: &[PlannedStep]) -> String {
        let id = &steps[self.step].id;
        self.branch.as_ref().map_or_else(|| id.clone(), |branch| format!("{id}.{branch}"))
    }
}

/// A stream that becomes a data set.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) end: End,
    /// The data set's name.
    pub(crate) name: String,
    /// The files that are written.
    pub(crate) files: Vec<String>,
}

/// The streams that no step takes.
pub(crate) fn ends(steps: &[PlannedStep]) -> Vec<End> {
    let taken: HashSet<&str> = steps.iter().flat_map(|step| &step.inputs).map(String::as_str).collect();
    let all = steps.iter().enumerate().flat_map(|(step, planned)| {
        let branches = planned.branches.iter().map(move |branch| End { step, branch: Some(branch.clone()) });
        let whole = planned.branches.is_empty().then_some(End { step, branch: None });
        branches.chain(whole)
    });
    all.filter(|end| !taken.contains(end.stream(steps).as_str())).collect()
}

/// The data sets of a pipeline.
pub(crate) fn leaves(pipeline: &Pipeline, plan: &Plan) -> Vec<Leaf> {
    let (steps, mut files) = (plan.steps(), files(pipeline, plan));
    let ends = ends(steps).into_iter().filter(|end| steps[end.step].kind != "sink");
    let leaf = ends.map(|end| {
        let own = pipeline.steps.get(end.step).and_then(|step| step.dataset.as_ref());
        let name = own.map_or_else(|| end.stream(steps).replace('.', "-"), |name| name.value.clone());
        let files = files.remove(&name).unwrap_or_default();
        Leaf { end, name: pipeline.redact(&name).into_owned(), files }
    });
    leaf.collect()
}

/// The files of each data set. A sink may have a data set's name, but does not write to its folder.
fn files(pipeline: &Pipeline, plan: &Plan) -> HashMap<String, Vec<String>> {
    let mut files: HashMap<String, Vec<String>> = HashMap::new();
    let Some(dataset) = &pipeline.dataset else { return files };
    for (name, path) in plan.outputs() {
        if path.parent() == Some(&Path::new(&dataset.folder.value).join(name)) {
            let path = pipeline.redact(&path.to_string_lossy()).into_owned();
            files.entry(name.to_owned()).or_default().push(path);
        }
    }
    files
}
