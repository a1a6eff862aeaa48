//! `still graph`: a pipeline as a picture.

use std::path::Path;
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, WrapErr};

use crate::args::GraphArgs;
use crate::home;
use crate::show::graph::{Graph, mermaid, svg};
use crate::show::{number, text};

/// Prints a pipeline's graph, or writes it to a file.
pub(super) fn graph(args: &GraphArgs) -> Result<ExitCode> {
    let pipeline = super::load(&args.file, &args.values)?;
    let engine = args.cache.engine(Some(1))?;
    let (plan, _) = super::plan(&engine, &args.file, &pipeline)?;
    let graph = Graph::new(&pipeline, &plan);
    match args.svg.as_deref() {
        None => super::print(&mermaid::flowchart(&graph)),
        Some(file) if file == Path::new("-") => super::print(&svg::svg(&graph)),
        Some(file) => write(&home::expand_path(file), &graph, plan.steps().len()),
    }
}

fn write(file: &Path, graph: &Graph, steps: usize) -> Result<ExitCode> {
    let name = file.display().to_string();
    std::fs::write(file, svg::svg(graph)).into_diagnostic().wrap_err_with(|| format!("cannot write {name}"))?;
    super::print(&format!("wrote {}: {}\n", text::escape_line(&name), number::counted(steps as u64, "step")))
}
