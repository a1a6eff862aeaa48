//! `still dev`: builds a plugin and tries it on a few rows, again and again as its sources change.

mod differ;
mod rows;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde_json::json;
use stillroom::capability::Capability;
use stillroom::pipeline::{Action, Settings};
use stillroom::{Engine, Error, Pipeline, Plan, PlanOptions, Plugin, PluginOptions, Progress, SeenStep};

use self::watch::{Change, Sources};
use super::build::{self, Project};
use super::inspect;
use crate::args::DevArgs;
use crate::progress::{self, Busy};
use crate::show::{number, text};
use crate::terminal::Stream;
use crate::{failure, home, interrupt};

/// What the pipeline is called that shows how the plugin is used.
const PIPELINE: &str = "pipeline.yaml";

/// Rows that are kept of what came out, for each that went in; a step may make many of one.
const ROWS_OUT: u64 = 10;

/// What one round has to say.
struct Seen {
    /// Of each step of the plugin.
    steps: Vec<SeenStep>,
    /// Step and reason.
    rejected: Vec<(String, String)>,
}

/// Builds and tries, until Ctrl-C ends it.
pub(super) fn dev(args: &DevArgs) -> Result<ExitCode> {
    let engine = args.cache.engine(Some(1))?;
    let input = args.input.as_deref().map(home::expand_path).map(std::path::absolute).transpose().into_diagnostic()?;
    // Paths of the pipeline are taken from its folder, wherever it is looked at from.
    let folder = home::expand_path(&args.dir);
    std::env::set_current_dir(&folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("there is no folder {}", folder.display()))?;
    let project = Project::find(Path::new("."))?;
    let round = Round { args, engine: &engine, project: &project, input };
    if args.once {
        let seen = round.go(build::is_stale(&project))?;
        super::print(&rows::shown(Stream::Out, &seen))?;
        return Ok(ExitCode::SUCCESS);
    }
    listen();
    round.watch()
}

/// Nothing is written that would have to be taken back.
fn listen() {
    let end = || {
        progress::clear();
        std::process::exit(interrupt::EXIT_CODE.into())
    };
    if let Err(error) = ctrlc::set_handler(end) {
        tracing::warn!(%error, "Ctrl-C will not be clean");
    }
}

struct Round<'a> {
    args: &'a DevArgs,
    engine: &'a Engine,
    project: &'a Project,
    input: Option<PathBuf>,
}

impl Round<'_> {
    /// One round after the other, each when something has changed.
    fn watch(&self) -> Result<ExitCode> {
        let (mut is_stale, mut before) = (build::is_stale(self.project), None);
        let mut sources = Sources::look(self.input.as_deref());
        loop {
            match self.go(is_stale) {
                Ok(seen) => {
                    super::print(&rows::shown(Stream::Out, &seen))?;
                    before.iter().try_for_each(|before| super::print(&differ::shown(before, &seen)).map(drop))?;
                    before = Some(seen);
                    is_stale = false;
                }
                // It is still to be built, once that is possible.
                Err(error) => {
                    failure::report(&error);
                    is_stale = build::is_stale(self.project);
                }
            }
            super::print("waiting for a change\n\n")?;
            is_stale |= sources.wait(self.args.every) == Change::Sources;
        }
    }

    /// Builds, where there is something to build, and takes the rows through the steps.
    fn go(&self, is_stale: bool) -> Result<Seen> {
        let start = Instant::now();
        if is_stale {
            let _busy = Busy::start(format!("building {}", self.project.name));
            // What the project says of itself may have changed as well.
            build::run(&Project::find(Path::new("."))?, self.engine, false)?;
        }
        let (built, start) = (start.elapsed().as_secs_f64(), Instant::now());
        let pipeline = self.pipeline()?;
        let plan =
            Plan::with_options(self.engine, &pipeline, &PlanOptions { builtins: super::builtins(), lock: None })?;
        let (planned, start) = (start.elapsed().as_secs_f64(), Instant::now());
        let most = usize::try_from(self.args.rows * ROWS_OUT).unwrap_or(usize::MAX);
        let tried = plan.try_out_showing(self.args.rows, most, Arc::new(Progress::default()))?;
        let ran = start.elapsed().as_secs_f64();
        let steps: Vec<SeenStep> = tried.steps.into_iter().filter(|step| self.is_wanted(step)).collect();
        if steps.is_empty() {
            let file = self.project.component();
            return Err(miette!("no step of {PIPELINE} uses {}, or none of those that were asked for", file.display()));
        }
        let built = if is_stale { format!("built in {}", number::seconds(built)) } else { "built before".to_owned() };
        super::print(&format!(
            "{}: {built}, loaded in {}, ran in {}\n\n",
            text::escape_line(&self.project.component().display().to_string()),
            number::seconds(planned),
            number::seconds(ran)
        ))?;
        let ids: Vec<&String> = steps.iter().map(|step| &step.id).collect();
        let rejected = tried.rejected.into_iter().filter(|(step, _)| ids.contains(&step)).collect();
        Ok(Seen { steps, rejected })
    }

    /// Whether a step is one of the plugin's, and is to be shown.
    fn is_wanted(&self, step: &SeenStep) -> bool {
        let Some((file, name)) = step.uses.rsplit_once('/') else { return false };
        let real = |path: &Path| path.canonicalize().ok();
        let is_own = real(Path::new(file)).is_some_and(|file| Some(file) == real(&self.project.component()));
        is_own && (self.args.steps.is_empty() || self.args.steps.iter().any(|wanted| wanted == name))
    }

    /// That of the folder, reading what was named; or else one of the plugin's steps alone.
    fn pipeline(&self) -> Result<Pipeline> {
        let input = self.input.as_ref().map(|input| input.to_string_lossy().into_owned());
        if Path::new(PIPELINE).is_file() {
            return written(input);
        }
        let Some(input) = input else {
            let help = "write one that uses the plugin, or name rows: `--input FILE`";
            return Err(miette!(help = help, "there is no {PIPELINE} in the plugin's folder"));
        };
        let file = self.project.component();
        let options = PluginOptions::default();
        let (plugin, _) = inspect::open(self.engine, &file.to_string_lossy(), options)?;
        Ok(alone(&plugin, &file, &input, &self.args.steps)?)
    }
}

/// The folder's pipeline; `input` is what its first source reads instead.
fn written(input: Option<String>) -> Result<Pipeline> {
    let text = std::fs::read_to_string(PIPELINE).into_diagnostic().wrap_err(format!("{PIPELINE} cannot be read"))?;
    let env = |name: &str| std::env::var(name).ok();
    let read = |set: &[String]| -> stillroom::Result<Pipeline> {
        let settings = Settings { set: set.iter().map(String::as_str).collect(), params_file: None, env: Some(&env) };
        let mut pipeline = Pipeline::parse_with_settings(PIPELINE, &text, &settings).map_err(Error::from)?;
        pipeline.map_paths(home::expand);
        Ok(pipeline)
    };
    let pipeline = read(&[])?;
    let Some(input) = input else { return Ok(pipeline) };
    let source = pipeline.steps.iter().find(|step| matches!(step.action, Action::Source(_)));
    let source = source.ok_or_else(|| miette!("{PIPELINE} has no source that could read {input} instead"))?;
    Ok(read(&[format!("{}.source={}", source.id.value, json!(input))])?)
}

/// Each step of the plugin, or those that were asked for, on rows of a file.
fn alone(plugin: &Plugin, file: &Path, input: &str, wanted: &[String]) -> stillroom::Result<Pipeline> {
    let mut steps = vec![json!({ "id": "read", "source": input })];
    for step in plugin.steps().iter().filter(|step| wanted.is_empty() || wanted.contains(&step.name)) {
        let uses = format!("{}/{}", file.display(), step.name);
        let mut one = json!({ "id": step.name, "use": uses });
        if step.kind != "source" {
            one["from"] = "read".into();
        }
        steps.push(one);
        steps.push(
            json!({ "id": format!("write-{}", step.name), "from": step.name, "sink": format!("{}.jsonl", step.name) }),
        );
    }
    let mut text = json!({ "name": "dev", "steps": steps });
    // As `still test` has it: the log is for whoever writes the step.
    if plugin.requests().contains(&Capability::Log) {
        text["plugins"][file.display().to_string()] = json!({ "grants": { "log": "info" } });
    }
    let text = text.to_string();
    Pipeline::parse("the plugin's steps", &text).map_err(Error::from)
}
