//! `still check`: what a pipeline means, without a row moved.

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use miette::Result;
use stillroom::pipeline::Action;
use stillroom::{Pipeline, Plan, PlannedStep};

use crate::args::CheckArgs;
use crate::show::leaf::{self, Leaf};
use crate::show::{graph, models, number, planned, setting, text};
use crate::terminal::Stream;

/// Checks a pipeline and prints what each step reads and makes.
pub(super) fn check(args: &CheckArgs) -> Result<ExitCode> {
    let pipeline = super::load(&args.file, &args.values)?;
    let engine = args.cache.engine(Some(1))?;
    let (plan, _) = super::plan(&engine, &args.file, &pipeline)?;
    super::print(&describe(Stream::Out, &pipeline, &plan))
}

fn describe(stream: Stream, pipeline: &Pipeline, plan: &Plan) -> String {
    let steps = plan.steps();
    let mut lines = setting::params(stream, &pipeline.params);
    for (at, step) in steps.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &steps[before]);
        let action = pipeline.steps.get(at).map(|step| &step.action);
        lines.extend(describe_step(stream, step, action, before));
    }
    lines.extend(columns(stream, steps));
    lines.extend(planned::plugins(stream, pipeline, plan));
    lines.extend(models::models(stream, pipeline));
    lines.extend(data_sets(stream, steps, &leaf::leaves(pipeline, plan)));
    let count = number::counted(steps.len() as u64, "step");
    lines.push(String::new());
    lines.push(format!("{}: {count}, all well", text::escape_line(&pipeline.name)));
    lines.join("\n") + "\n"
}

fn describe_step(
    stream: Stream,
    step: &PlannedStep,
    action: Option<&Action>,
    before: Option<&PlannedStep>,
) -> Vec<String> {
    let what = match step.kind {
        // What comes together is said below.
        "concat" | "join" => graph::what(step, action),
        kind if step.uses.is_empty() || step.uses == kind => kind.to_owned(),
        kind => format!("{kind} {}", text::escape_line(&step.uses)),
    };
    let mut lines = vec![format!("{}  {what}", stream.bold(&step.id))];
    if before.is_none_or(|before| step.inputs != [before.id.as_str()]) {
        lines.extend(wrapped(stream, "  from   ", &step.inputs));
    }
    lines.extend(wrapped(stream, "  reads  ", &step.reads));
    lines.extend(wrapped(stream, "  makes  ", &step.makes));
    lines.extend(wrapped(stream, "  branches  ", &step.branches));
    lines
}

/// The columns at the end: at each, where there are several.
fn columns(stream: Stream, steps: &[PlannedStep]) -> Vec<String> {
    let ends = leaf::ends(steps);
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut lines = Vec::new();
    for end in &ends {
        let of = if ends.len() > 1 { format!(" of {}", end.stream(steps)) } else { String::new() };
        lines.push(stream.bold(&format!("columns at the end{of}")));
        lines.extend(wrapped(stream, "  ", &final_columns(steps, &places, end.step)));
    }
    lines
}

/// Names and types of the columns after a step. What made a column said its type in the contract's words; it is the
/// nearest that made one of that name.
fn final_columns(steps: &[PlannedStep], places: &HashMap<&str, usize>, end: usize) -> Vec<String> {
    let way = way_back(steps, places, end);
    let fields = steps[end].schema.fields().iter().map(|field| {
        let prefix = format!("{}: ", field.name());
        let made = way.iter().flat_map(|at| &steps[*at].makes).find(|made| made.starts_with(&prefix));
        made.cloned().unwrap_or_else(|| format!("{prefix}{}", field.data_type().to_string().to_lowercase()))
    });
    fields.collect()
}

/// The steps that rows went through, the last first.
fn way_back(steps: &[PlannedStep], places: &HashMap<&str, usize>, end: usize) -> Vec<usize> {
    let mut way = vec![end];
    let mut seen = HashSet::from([end]);
    let mut next = 0;
    while let Some(&at) = way.get(next) {
        let ids = steps[at].inputs.iter().map(|input| input.split_once('.').map_or(input.as_str(), |(id, _)| id));
        way.extend(ids.filter_map(|id| places.get(id).copied()).filter(|before| seen.insert(*before)));
        next += 1;
    }
    way
}

/// Where the rows go that no sink writes.
fn data_sets(stream: Stream, steps: &[PlannedStep], leaves: &[Leaf]) -> Vec<String> {
    let mut lines = Vec::new();
    if !leaves.is_empty() {
        lines.push(stream.bold("data sets"));
    }
    for leaf in leaves {
        let (name, from) = (text::escape_line(&leaf.name), leaf.end.stream(steps));
        let from = if from == name { String::new() } else { format!(" (from {from})") };
        lines.extend(wrapped(stream, &format!("  {name}{from}  "), &leaf.files));
    }
    lines
}

/// The entries one behind the other, in lines that stand under each other behind the first one's heading.
fn wrapped(stream: Stream, heading: &str, entries: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let comma = if at + 1 < entries.len() { "," } else { "" };
        let entry = format!("{}{comma}", text::escape_line(entry));
        match lines.last_mut() {
            Some(line) if text::width(line) + 1 + text::width(&entry) <= stream.width() => {
                line.push(' ');
                line.push_str(&entry);
            }
            Some(_) => lines.push(" ".repeat(text::width(heading)) + &entry),
            None => lines.push(heading.to_owned() + &entry),
        }
    }
    lines
}
