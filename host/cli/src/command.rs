//! What is done: a file a command.

use std::path::Path;
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, WrapErr};
use stillroom::pipeline::Settings;
use stillroom::{Builtins, Engine, Error, Lock, Pipeline, Plan, PlanOptions};

use crate::args::{Args, ValueArgs, Verb};
use crate::home;
use crate::terminal::Stream;

mod bench;
mod build;
mod cache;
mod check;
mod completions;
mod dev;
mod docs;
mod graph;
mod inspect;
mod lock;
mod new;
mod profile;
mod run;
mod schema;
mod steps;
mod target;
mod test;

/// Does what was said; answers the program's exit code.
pub(crate) fn dispatch(args: Args) -> Result<ExitCode> {
    match args.verb {
        Verb::Run(run) => run::run(&run, args.verbose > 0),
        Verb::Check(args) => check::check(&args),
        Verb::Graph(args) => graph::graph(&args),
        Verb::Inspect(args) => inspect::inspect(&args),
        Verb::Lock(args) => lock::lock(&args),
        Verb::New(args) => new::new(&args),
        Verb::Build(args) => build::build(&args),
        Verb::Test(args) => test::test(&args),
        Verb::Dev(args) => dev::dev(&args),
        Verb::Bench(args) => bench::bench(&args),
        Verb::Profile(args) => profile::profile(&args),
        Verb::Docs(args) => docs::docs(&args),
        Verb::Steps(args) => steps::steps(&args),
        Verb::Cache(args) => cache::cache(&args),
        Verb::Schema => schema::schema(),
        Verb::Completions { shell } => completions::completions(shell),
    }
}

/// Prints what was asked for.
fn print(words: &str) -> Result<ExitCode> {
    Stream::Out.print(words).into_diagnostic().wrap_err("standard output cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

/// The plugins in this program.
fn builtins() -> Builtins {
    Builtins::new(stillroom_builtin::PLUGINS)
}

/// A pipeline's plan, its plugins held against the lock beside the pipeline's file.
fn plan(engine: &Engine, file: &Path, pipeline: &Pipeline) -> Result<(Plan, Lock)> {
    let lock = Lock::beside(&home::expand_path(file))?;
    let plan = Plan::with_options(engine, pipeline, &PlanOptions { builtins: builtins(), lock: Some(&lock) })?;
    Ok((plan, lock))
}

/// The pipeline of a file, with its parameters' values, each `--set` applied and `~/` expanded in its paths.
fn load(file: &Path, values: &ValueArgs) -> Result<Pipeline> {
    let params = values.params.as_deref().map(home::expand_path);
    let text = params.as_deref().map(|path| {
        std::fs::read_to_string(path)
            .into_diagnostic()
            .wrap_err_with(|| format!("the parameter file {} cannot be read", path.display()))
    });
    let text = text.transpose()?;
    let name = params.as_deref().map(|path| path.display().to_string());
    let env = |name: &str| std::env::var(name).ok();
    let settings = Settings {
        set: values.set.iter().map(String::as_str).collect(),
        params_file: name.as_deref().zip(text.as_deref()),
        env: Some(&env),
    };
    let mut pipeline = Pipeline::load_with_settings(home::expand_path(file), &settings).map_err(Error::from)?;
    pipeline.map_paths(home::expand);
    Ok(pipeline)
}
