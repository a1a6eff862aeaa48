//! `still check`: what a pipeline means, without a row moved.

use std::process::ExitCode;

use miette::Result;
use stillroom::{Pipeline, Plan, PlannedStep};

use crate::args::CheckArgs;
use crate::show::{number, text};
use crate::terminal::Stream;

/// Checks a pipeline and prints what each step reads and makes.
pub(super) fn check(args: &CheckArgs) -> Result<ExitCode> {
    let pipeline = super::load(&args.file, &args.values)?;
    let engine = args.cache.engine(Some(1))?;
    let plan = Plan::new(&engine, &pipeline, super::builtins())?;
    super::print(&describe(Stream::Out, &pipeline, plan.steps()))
}

fn describe(stream: Stream, pipeline: &Pipeline, steps: &[PlannedStep]) -> String {
    let mut lines: Vec<String> = steps.iter().flat_map(|step| describe_step(stream, step)).collect();
    if let Some(last) = steps.last() {
        lines.push(stream.bold("columns at the end"));
        lines.extend(wrapped(stream, "  ", &final_columns(steps, last)));
    }
    let count = number::counted(steps.len() as u64, "step");
    lines.push(String::new());
    lines.push(format!("{}: {count}, all well", text::escape_line(&pipeline.name)));
    lines.join("\n") + "\n"
}

fn describe_step(stream: Stream, step: &PlannedStep) -> Vec<String> {
    let what = if step.uses.is_empty() || step.uses == step.kind {
        step.kind.to_owned()
    } else {
        format!("{} {}", step.kind, text::escape_line(&step.uses))
    };
    let mut lines = vec![format!("{}  {what}", stream.bold(&step.id))];
    if !step.reads.is_empty() {
        lines.extend(wrapped(stream, "  reads  ", &step.reads));
    }
    if !step.makes.is_empty() {
        lines.extend(wrapped(stream, "  makes  ", &step.makes));
    }
    lines
}

/// Names and types of the columns at the end. What made a column said its type in the contract's words; it is the last
/// that made one of that name.
fn final_columns(steps: &[PlannedStep], last: &PlannedStep) -> Vec<String> {
    let fields = last.schema.fields().iter().map(|field| {
        let prefix = format!("{}: ", field.name());
        let made = steps.iter().rev().flat_map(|step| &step.makes).find(|made| made.starts_with(&prefix));
        made.cloned().unwrap_or_else(|| format!("{prefix}{}", field.data_type().to_string().to_lowercase()))
    });
    fields.collect()
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
            Some(_) => lines.push(" ".repeat(heading.len()) + &entry),
            None => lines.push(heading.to_owned() + &entry),
        }
    }
    lines
}
