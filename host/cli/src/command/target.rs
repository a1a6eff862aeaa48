//! A step that is named on the command line, and rows to try it on.

use std::path::Path;

use miette::{Result, miette};
use stillroom::testing::{Rows, Setup, Trial, open};
use stillroom::{Engine, Plugin, PluginOptions, StepInfo};

use super::inspect;
use crate::args::TargetArgs;
use crate::home;
use crate::progress::Busy;

/// A step, opened over its rows.
pub(super) struct Target {
    /// The plugin's name or file.
    pub(super) plugin: String,
    pub(super) step: String,
    pub(super) trial: Trial,
    /// None for a step that makes rows.
    pub(super) input: Option<Rows>,
}

impl Target {
    /// Loads the plugin, and makes or reads the rows.
    pub(super) fn open(engine: &Engine, args: &TargetArgs, is_terse: bool) -> Result<Self> {
        let _busy = Busy::start(format!("making {} ready", args.step));
        let (name, step) = split(&args.step);
        // Stacks are not worth their lines where there are thousands of them.
        let options = PluginOptions { terse: is_terse, ..PluginOptions::default() };
        let (plugin, _) = inspect::open(engine, name, options)?;
        let info = choose(&plugin, step)?;
        let input = if info.kind == "source" { None } else { Some(rows(&info, args)?) };
        let setup = Setup { step: &info.name, params: args.params.clone(), ..Setup::default() };
        let trial = open(&plugin, &setup, input.as_ref())?;
        Ok(Self { plugin: plugin.name().to_owned(), step: info.name, trial, input })
    }
}

/// `dist/shout.wasm/shout`: a file, and a step in it. `dist/shout.wasm`, `text`: one without a step.
fn split(name: &str) -> (&str, Option<&str>) {
    let is_plugin = super::builtins().iter().any(|(built_in, _)| built_in == name) || is_file(name);
    match name.rsplit_once('/') {
        Some((plugin, step)) if !is_plugin => (plugin, Some(step)),
        _ => (name, None),
    }
}

fn is_file(name: &str) -> bool {
    Path::new(&home::expand(name)).is_file()
}

fn choose(plugin: &Plugin, step: Option<&str>) -> Result<StepInfo> {
    let steps = plugin.steps();
    let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.name)).collect();
    let help = format!("it has {}", names.join(", "));
    let found = match step {
        Some(name) => steps.into_iter().find(|one| one.name == name),
        None if steps.len() > 1 => {
            return Err(miette!(help = help, "say which step of {0}: {0}/STEP", plugin.name()));
        }
        None => steps.into_iter().next(),
    };
    found.ok_or_else(|| miette!(help = help, "{} has no step `{}`", plugin.name(), step.unwrap_or_default()))
}

fn rows(info: &StepInfo, args: &TargetArgs) -> Result<Rows> {
    if let Some(file) = &args.input {
        let rows = Rows::read(&home::expand_path(file).to_string_lossy(), args.rows)?;
        return if rows.is_empty() { Err(miette!("{} has no rows", file.display())) } else { Ok(rows) };
    }
    Ok(Rows::made(&columns(info, &args.columns), args.rows)?)
}

/// The columns that are made: those that the step requires, of the first type that it takes, and those that were said. A step
/// that says nothing gets a text.
fn columns(info: &StepInfo, said: &[(String, String)]) -> Vec<(String, String)> {
    let required = info.columns.iter().filter(|column| column.required);
    let words = |types: &[String]| types.first().map_or_else(|| "utf8".to_owned(), Clone::clone);
    let mut columns: Vec<(String, String)> = said.to_vec();
    let own = required.map(|column| (column.name.clone(), words(&column.data_types)));
    columns.extend(own.filter(|(name, _)| !said.iter().any(|(said, _)| said == name)));
    if columns.is_empty() {
        columns.push(("text".to_owned(), "utf8".to_owned()));
    }
    columns
}
