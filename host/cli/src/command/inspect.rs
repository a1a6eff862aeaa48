//! `still inspect`: what a plugin can do, before it does anything.

use std::path::Path;
use std::process::ExitCode;

use miette::{Result, miette};
use serde_json::json;
use stillroom::capability::{EnvGrant, Grants, LogLevel};
use stillroom::{Engine, Plugin, PluginOptions, grants_yaml};

use crate::args::InspectArgs;
use crate::home;
use crate::show::plugin;
use crate::terminal::Stream;

/// Loads a plugin and prints what it says of itself and what it imports.
pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    let engine = args.cache.engine(Some(1))?;
    let (plugin, origin) = open(&engine, &args.plugin, PluginOptions::default())?;
    let words = if args.json { to_json(&plugin) } else { plugin::plugin(Stream::Out, &plugin, origin) };
    super::print(&words)
}

/// As in a pipeline's `use:`: a bare name is a built-in plugin, all else a file. (A bare name that is none may be a file.)
/// It is granted what it asks for, and nothing that it could use.
pub(super) fn open(engine: &Engine, name: &str, options: PluginOptions) -> Result<(Plugin, &'static str)> {
    let options = PluginOptions { grants: anything(), ..options };
    let builtins = super::builtins();
    if let Some((name, bytes)) = builtins.iter().find(|(built_in, _)| *built_in == name) {
        return Ok((Plugin::load(engine, name, bytes, &options)?, "built in"));
    }
    let file = home::expand(name);
    if !Path::new(&file).exists() {
        let names: Vec<String> = builtins.iter().map(|(name, _)| format!("`{name}`")).collect();
        let help = format!("built in are {}; `still steps` lists their steps", names.join(", "));
        return Err(miette!(help = help, "there is no file and no built-in plugin `{name}`"));
    }
    Ok((Plugin::load_file(engine, Path::new(&file), &options)?, "file"))
}

/// Enough that a plugin loads, whatever it asks for, and nothing that it could use.
pub(super) fn anything() -> Grants {
    Grants {
        log: Some(LogLevel::Error),
        files: Some(Vec::new()),
        http: Some(Vec::new()),
        env: Some(EnvGrant::default()),
        clock: false,
        random: false,
        llm: Some(Vec::new()),
        embedding: Some(Vec::new()),
    }
}

fn to_json(plugin: &Plugin) -> String {
    let value = json!({
        "name": plugin.name(),
        "bytes": plugin.bytes(),
        "sha256": plugin.digest(),
        "imports": plugin.imports(),
        "requests": plugin.requests().iter().map(|request| json!({ "name": request.name(), "could": request.could() })).collect::<Vec<_>>(),
        "grants_yaml": (!plugin.requests().is_empty()).then(|| grants_yaml(plugin.name(), plugin.requests())),
        "steps": plugin.steps(),
    });
    format!("{value:#}\n")
}
