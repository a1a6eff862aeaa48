//! What each plugin of a pipeline asks for and gets: a block each.

use std::time::Duration;

use stillroom::capability::Capability;
use stillroom::pipeline::{Action, PluginSpec, Step};
use stillroom::{Limits, Pinned, Pipeline, Plan, PlannedPlugin};

use super::capability::granted;
use super::{number, text};
use crate::terminal::Stream;

/// The plugins, in the order of their first steps.
pub(crate) fn plugins(stream: Stream, pipeline: &Pipeline, plan: &Plan) -> Vec<String> {
    let blocks: Vec<String> = plan.plugins().flat_map(|planned| block(stream, pipeline, plan, planned)).collect();
    // A folder's name may be a secret's.
    let blocks: Vec<String> = blocks.iter().map(|line| pipeline.redact(line).into_owned()).collect();
    if blocks.is_empty() { blocks } else { [vec![stream.bold("plugins")], blocks].concat() }
}

fn block(stream: Stream, pipeline: &Pipeline, plan: &Plan, planned: &PlannedPlugin) -> Vec<String> {
    let spec = pipeline.plugin(&planned.name);
    let mut lines = vec![format!("  {}  {}", text::escape_line(&planned.name), pinned(planned))];
    let requests = planned.plugin.requests();
    let variables: Vec<String> =
        spec.map(|spec| spec.env.iter().map(|name| name.value.clone()).collect()).unwrap_or_default();
    let grants = planned.plugin.grants();
    for capability in Capability::ALL {
        let line = match (requests.contains(&capability), granted(capability, grants, &variables)) {
            (true, Some(words)) => format!("asks for {}, and gets it: {words}", capability.name()),
            (true, None) => format!("asks for {}, and gets what hangs on its input alone", capability.name()),
            // A built-in plugin may ask every model without a word of the pipeline.
            (false, Some(_)) if is_given(planned, capability, spec) => continue,
            (false, Some(_)) => format!("is granted {}, and does not ask for it: leave it out", capability.name()),
            (false, None) => continue,
        };
        lines.extend(wrapped(stream, &line));
    }
    if requests.is_empty() {
        lines.push("    can compute, and nothing else".to_owned());
    }
    lines.extend(wrapped(stream, &reads(pipeline, plan, &planned.name)));
    lines.extend(limits(pipeline, &planned.name).iter().flat_map(|line| wrapped(stream, line)));
    if spec.is_some_and(|spec| spec.endless) {
        lines.extend(wrapped(
            stream,
            "its time limit is OFF: a call that never returns holds the run until it is stopped",
        ));
    }
    lines
}

/// Whether a plugin has what nobody granted it.
fn is_given(planned: &PlannedPlugin, capability: Capability, spec: Option<&PluginSpec>) -> bool {
    matches!(planned.pinned, Pinned::BuiltIn)
        && matches!(capability, Capability::Llm | Capability::Embedding)
        && spec.is_none_or(|spec| !spec.grants.has(capability))
}

fn pinned(planned: &PlannedPlugin) -> String {
    match &planned.pinned {
        Pinned::BuiltIn => "built in".to_owned(),
        Pinned::Locked(pin) => format!("SHA-256 {}..., locked at {}", pin.short(), text::escape_line(&pin.locked)),
        Pinned::New(_, pin) => {
            format!("SHA-256 {}..., not locked yet: `still run` or `still lock` does it", pin.short())
        }
        Pinned::Off | Pinned::Unlocked => {
            format!("SHA-256 {}..., not pinned", planned.plugin.digest().get(..12).unwrap_or_default())
        }
    }
}

/// Its steps, by their places in the pipeline, which are those in the plan.
fn steps<'a>(pipeline: &'a Pipeline, name: &'a str) -> impl Iterator<Item = (usize, &'a Step)> {
    let is_its = move |step: &Step| matches!(&step.action, Action::Use(uses) if uses.plugin.value == name);
    pipeline.steps.iter().enumerate().filter(move |(_, step)| is_its(step))
}

fn reads(pipeline: &Pipeline, plan: &Plan, name: &str) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for (at, _) in steps(pipeline, name) {
        let reads = plan.steps().get(at).map(|step| step.reads.as_slice()).unwrap_or_default();
        columns.extend(reads.iter().map(String::as_str));
    }
    columns.sort_unstable();
    columns.dedup();
    match columns.is_empty() {
        true => "reads no column".to_owned(),
        false => format!("reads {}", columns.join(", ")),
    }
}

/// The limits of its steps that are not the usual ones, each said once.
fn limits(pipeline: &Pipeline, name: &str) -> Vec<String> {
    let usual = Limits::default();
    let spec = pipeline.plugin(name);
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for (_, step) in steps(pipeline, name) {
        let outer = pipeline.limits.over(usual);
        let limits = step.limits.over(spec.map_or(outer, |spec| spec.limits.over(outer)));
        for line in differences(&limits, &usual) {
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, ids)) => ids.push(&step.id),
                None => lines.push((line, vec![&step.id])),
            }
        }
    }
    let count = steps(pipeline, name).count();
    let line = |(line, ids): (String, Vec<&str>)| match ids.len() == count {
        true => line,
        false => format!("{line} in {}", ids.join(", ")),
    };
    lines.into_iter().map(line).collect()
}

fn differences(limits: &Limits, usual: &Limits) -> Vec<String> {
    let size = |bytes: usize| number::size(bytes as u64);
    let time = |time: Duration| number::seconds(time.as_secs_f64());
    let count = |number: usize| number::count(number as u64);
    let none = |number: Option<u64>| number.map_or_else(|| "no bound".to_owned(), number::count);
    let all = [
        ("memory", size(limits.memory_bytes), size(usual.memory_bytes)),
        ("time of a call", time(limits.time), time(usual.time)),
        ("output", size(limits.output_bytes), size(usual.output_bytes)),
        ("output rows", count(limits.output_rows), count(usual.output_rows)),
        ("rejected rows", none(limits.rejected_rows), none(usual.rejected_rows)),
        ("log", size(limits.log_bytes), size(usual.log_bytes)),
        ("table elements", count(limits.table_elements), count(usual.table_elements)),
        (
            "instances",
            none(limits.instances.map(|instances| instances as u64)),
            none(usual.instances.map(|instances| instances as u64)),
        ),
    ];
    let differs = all.into_iter().filter(|(_, now, usual)| now != usual);
    differs.map(|(what, now, usual)| format!("limit: {what} {now} instead of {usual}")).collect()
}

fn wrapped(stream: Stream, words: &str) -> Vec<String> {
    let lines = text::wrap(words, stream.width().saturating_sub(6));
    lines.into_iter().enumerate().map(|(at, line)| " ".repeat(if at == 0 { 4 } else { 6 }) + &line).collect()
}
