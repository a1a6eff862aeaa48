//! `still steps`: the built-in catalogue.

use std::process::ExitCode;

use miette::{Result, miette};
use serde_json::{Value, json};
use stillroom::{Engine, Plugin, PluginOptions, StepInfo};

use crate::args::StepsArgs;
use crate::show::table::{Side, Table};
use crate::show::{plugin, text};
use crate::terminal::Stream;

/// A name that is at least so similar to the one given is worth a question.
const SIMILAR: f64 = 0.75;

/// Lists the built-in steps, those of one plugin, or shows one step in full.
pub(super) fn steps(args: &StepsArgs) -> Result<ExitCode> {
    let engine = args.cache.engine(Some(1))?;
    let all = catalogue(&engine)?;
    let found = match &args.name {
        Some(name) => select(&all, name)?,
        None => all.iter().collect(),
    };
    let words = match found.as_slice() {
        entries if args.json => to_json(entries),
        [entry] if args.name.as_deref() == Some(&entry.path()) => one(entry),
        entries => list(entries),
    };
    super::print(&words)
}

/// A step, and the plugin that has it.
struct Entry {
    plugin: String,
    info: StepInfo,
}

impl Entry {
    /// As behind `use:`.
    fn path(&self) -> String {
        format!("{}/{}", self.plugin, self.info.name)
    }
}

fn catalogue(engine: &Engine) -> stillroom::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (name, bytes) in super::builtins().iter() {
        let options = PluginOptions { grants: super::inspect::anything(), ..PluginOptions::default() };
        let steps = Plugin::load(engine, name, bytes, &options)?.steps();
        entries.extend(steps.into_iter().map(|info| Entry { plugin: name.to_owned(), info }));
    }
    Ok(entries)
}

/// A plugin's steps, or the one step.
fn select<'a>(all: &'a [Entry], name: &str) -> Result<Vec<&'a Entry>> {
    let found: Vec<&Entry> = all.iter().filter(|entry| entry.plugin == name || entry.path() == name).collect();
    if found.is_empty() {
        let help = similar(all, name).map_or_else(
            || "`still steps` lists them all".to_owned(),
            |path| format!("did you mean `{path}`? `still steps` lists them all"),
        );
        return Err(miette!(help = help, "no built-in plugin or step is called `{name}`"));
    }
    Ok(found)
}

/// The name that is most like the one given, which may be that of the step alone.
fn similar(all: &[Entry], name: &str) -> Option<String> {
    let likeness =
        |entry: &Entry| strsim::jaro_winkler(&entry.path(), name).max(strsim::jaro_winkler(&entry.info.name, name));
    let scored = all.iter().map(|entry| (likeness(entry), entry));
    let best = scored.filter(|(score, _)| *score >= SIMILAR).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, entry)| entry.path())
}

fn one(entry: &Entry) -> String {
    plugin::step(Stream::Out, &entry.path(), &entry.info).join("\n") + "\n"
}

fn list(entries: &[&Entry]) -> String {
    let mut table = Table::new(&[("step", Side::Left), ("kind", Side::Left), ("what it does", Side::Left)]);
    let widest = entries.iter().map(|entry| text::width(&entry.path())).max().unwrap_or(0);
    // The widest kind, `transform`, and two gaps.
    let room = Stream::Out.width().saturating_sub(widest + 13).max(20);
    for entry in entries {
        let summary = text::clip(&entry.info.summary, room, Stream::Out.ellipsis());
        table.push(vec![entry.path(), entry.info.kind.to_owned(), summary]);
    }
    let mut lines = table.lines(0);
    lines[0] = Stream::Out.bold(&lines[0]);
    lines.join("\n") + "\n"
}

fn to_json(entries: &[&Entry]) -> String {
    let with_plugin = |entry: &&Entry| {
        let mut value = json!(entry.info);
        value["plugin"] = entry.plugin.clone().into();
        value
    };
    format!("{:#}\n", entries.iter().map(with_plugin).collect::<Value>())
}
