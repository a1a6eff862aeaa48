//! What was said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use stillroom::{CompileCache, Engine, EngineOptions, ResultCache};

use crate::home;

mod author;
mod graph;
mod lock;
mod tools;

pub(crate) use author::{BuildArgs, NewArgs, Start, TestArgs};
pub(crate) use graph::GraphArgs;
pub(crate) use lock::LockArgs;
pub(crate) use tools::{BenchArgs, DevArgs, DocsArgs, ProfileArgs, TargetArgs};

/// Runs dataset pipelines whose every step is a sandboxed WebAssembly component.
#[derive(Debug, Parser)]
#[command(name = "still", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// Says more on standard error; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Args {
    /// Whether nothing but failures is to be said.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(&self.verb, Verb::Run(run) if run.quiet)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Runs a pipeline
    Run(RunArgs),
    /// Checks a pipeline: opens every step and types every column, but moves no row
    Check(CheckArgs),
    /// Draws a pipeline's steps, and how rows go from one to the other
    Graph(GraphArgs),
    /// Says what a plugin can do: its steps, their parameters and columns, what it may reach
    Inspect(InspectArgs),
    /// Says that plugins' files are right as they are, in `stillroom.lock`
    Lock(LockArgs),
    /// Writes a new plugin, in a language of your choice, that builds and passes its tests
    New(NewArgs),
    /// Builds a plugin from its sources
    Build(BuildArgs),
    /// Runs a plugin's test cases in the sandbox
    Test(TestArgs),
    /// Builds a plugin and tries it on a few rows, whenever its sources change
    Dev(DevArgs),
    /// Measures a step: rows a second, memory, and what the boundary costs
    Bench(BenchArgs),
    /// Says in which functions a step spends its time
    Profile(ProfileArgs),
    /// Writes a page about a plugin's steps, in Markdown
    Docs(DocsArgs),
    /// Lists the built-in steps, or shows one
    Steps(StepsArgs),
    /// Lists, verifies and removes results of steps that are kept between runs
    Cache(CacheCommand),
    /// Prints the JSON Schema of a pipeline file, for editors
    #[command(after_help = SCHEMA_HELP)]
    Schema,
    /// Prints a shell's completion script
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `still run`.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    /// The pipeline file (YAML)
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) values: ValueArgs,

    /// Reads so many rows of each source and no more
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<u64>,

    /// Takes a few rows through all steps and shows them at each; writes nothing
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "3", conflicts_with_all = ["limit", "resume", "report"])]
    pub(crate) dry_run: Option<u64>,

    #[command(flatten)]
    pub(crate) checkpoint: CheckpointArgs,

    #[command(flatten)]
    pub(crate) results: ResultsArgs,

    /// Memory for rows that wait for the end of the input, such as `512MB`; what is more goes to disk [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<usize>,

    #[command(flatten)]
    pub(crate) answers: AnswersArgs,

    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", env = "STILLROOM_THREADS", hide_env_values = true,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Writes what each step did to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Shows no progress and no table
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// What models answered before.
#[derive(Debug, clap::Args)]
pub(crate) struct AnswersArgs {
    /// File that the answers of models are kept in, so that none is paid for twice [default: `answers:` of the pipeline, or
    /// .stillroom/answers.db beside the first output]
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,

    /// Asks models again for what they have answered before
    #[arg(long)]
    pub(crate) refresh: bool,
}

/// `still check`.
#[derive(Debug, clap::Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    /// The pipeline file (YAML)
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) values: ValueArgs,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Values for a pipeline.
#[derive(Debug, clap::Args)]
pub(crate) struct ValueArgs {
    /// Changes a value of the pipeline, as often as needed: `write.sink=out.parquet`, or sets a parameter: `min-words=20`
    #[arg(long, value_name = "[STEP.]KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Takes the pipeline's parameters from a file: YAML or JSON, a name and a value each
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<PathBuf>,
}

/// Results of steps that are kept between runs.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultsArgs {
    /// Whether steps' results are kept for the next run: of those that cost much more to compute than to keep, of all, or
    /// of none
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = KeepResults::Auto)]
    pub(crate) results: KeepResults,

    #[command(flatten)]
    pub(crate) place: ResultsPlace,
}

/// Where results are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct ResultsPlace {
    /// Where steps' results are kept [default: `stillroom` in the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "STILLROOM_RESULTS_DIR", hide_env_values = true, global = true)]
    results_dir: Option<PathBuf>,

    /// How much is kept at most; what was not used for longest goes
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = size, global = true)]
    results_limit: usize,
}

impl ResultsPlace {
    /// The folder of the results; none where the user has no cache folder and names none.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let usual = || dirs::cache_dir().map(|folder| folder.join("stillroom").join("results"));
        self.results_dir.as_deref().map(home::expand_path).or_else(usual)
    }

    /// Opens them.
    pub(crate) fn open(&self) -> Option<stillroom::Result<ResultCache>> {
        self.folder().map(|folder| ResultCache::open(folder, self.results_limit as u64))
    }
}

/// Which steps' results are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeepResults {
    /// Of those that cost ten times more to compute than to keep, and of those with `cache: true`
    Auto,
    /// Of all
    Always,
    /// Of none
    Off,
}

/// `still cache`.
#[derive(Debug, clap::Args)]
#[command(after_help = CACHE_HELP)]
pub(crate) struct CacheCommand {
    #[command(subcommand)]
    pub(crate) verb: CacheVerb,

    #[command(flatten)]
    pub(crate) place: ResultsPlace,
}

/// What to do with the results.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheVerb {
    /// Lists the steps whose results are kept
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Reads every result and says which are damaged
    Verify {
        /// Removes these
        #[arg(long)]
        remove: bool,
    },
    /// Removes results: all, or what is old, or what is too much
    Prune {
        /// Leaves so much, of what was used last
        #[arg(long, value_name = "SIZE", value_parser = size)]
        keep: Option<usize>,

        /// Removes what was not used for so many days
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u64>,
    },
}

/// How a run can be gone on with.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointArgs {
    /// Goes on with a run that was stopped, however that was; begins anew where there is none
    #[arg(long, conflicts_with = "no_checkpoint")]
    pub(crate) resume: bool,

    /// Where the run folder is made [default: beside the first output]
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_checkpoint")]
    pub(crate) run_dir: Option<PathBuf>,

    /// How often each part of the run writes down how far it is, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(crate) checkpoint: f64,

    /// Keeps nothing to go on with
    #[arg(long)]
    pub(crate) no_checkpoint: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("0 to 86400 seconds".to_owned()) }
}

/// A number of bytes, as in `512MB`, `2GiB` or `1000000`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| "a size is a number and a unit, as in `512MB`".to_owned())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" | "k" => 1024.0,
        "mib" | "m" => 1024.0 * 1024.0,
        "gib" | "g" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err("the units are B, KB, MB, GB, KiB, MiB and GiB".to_owned()),
    };
    Ok((number * factor) as usize)
}

/// `still inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = INSPECT_HELP)]
pub(crate) struct InspectArgs {
    /// A plugin's file, or the name of a built-in plugin
    pub(crate) plugin: String,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// `still steps`.
#[derive(Debug, clap::Args)]
#[command(after_help = STEPS_HELP)]
pub(crate) struct StepsArgs {
    /// A built-in plugin, or one of its steps: `text`, `text/normalise`
    pub(crate) name: Option<String>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Where compiled plugins are kept between runs.
#[derive(Debug, clap::Args)]
pub(crate) struct CacheArgs {
    /// Compiles every plugin anew and keeps nothing
    #[arg(long)]
    no_cache: bool,

    /// Where compiled plugins are kept [default: wasmtime's folder in the user's cache folder]
    #[arg(long, value_name = "FOLDER", env = "STILLROOM_CACHE_DIR", hide_env_values = true)]
    cache_dir: Option<PathBuf>,
}

impl CacheArgs {
    /// Sets the sandbox up for looking at what guests do, so often.
    pub(crate) fn sampling_engine(&self, every: Duration) -> stillroom::Result<Engine> {
        Engine::with_clock(EngineOptions { cache: self.cache(), threads: 1, ..EngineOptions::default() }, every)
    }

    /// Sets the sandbox up.
    pub(crate) fn engine(&self, threads: Option<u16>) -> stillroom::Result<Engine> {
        let mut options = EngineOptions { cache: self.cache(), ..EngineOptions::default() };
        if let Some(threads) = threads {
            options.threads = threads.into();
        }
        Engine::new(options)
    }

    fn cache(&self) -> CompileCache {
        match &self.cache_dir {
            _ if self.no_cache => CompileCache::Off,
            Some(folder) => CompileCache::Folder(home::expand_path(folder)),
            None => CompileCache::Default,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  still steps                          what is built in
  still check corpus.yaml              is this pipeline right?
  still run corpus.yaml --limit 1000   try it on the first thousand rows
  still run corpus.yaml                run it
  still inspect ./quality.wasm         what could this plugin do?
  still lock corpus.yaml               its plugins' files are right as they are now
  still new shout --lang python        begin a plugin; then `still build` and `still test`

Exit codes:
  0    all well
  1    ran to the end, but rows were rejected, or steps failed on them: they are in the quarantine
  2    could not run; no output was written
  130  stopped by Ctrl-C; no output was written
A run that was stopped after a few seconds is gone on with by `still run FILE --resume`.";

const RUN_HELP: &str = "\
Paths are relative to the folder that you are in; `~/` is your home folder, `-` standard input or
output. Outputs appear when the run is complete; a run that fails or is stopped leaves none, but
what it has done is kept in a run folder, `.NAME.still-run` by the first output's name, from its first
checkpoint on.

Examples:
  still run corpus.yaml
  still run corpus.yaml --limit 1000 --set 'write.sink={path: \"-\", format: jsonl}'
  still run corpus.yaml --set read.source=in.jsonl --set clean.form=nfkc
  still run corpus.yaml --dry-run 5
  still run corpus.yaml --resume
  still run corpus.yaml --report report.json --threads 4";

const CHECK_HELP: &str = "\
Examples:
  still check corpus.yaml
  still check corpus.yaml --params small.yaml --set min-words=20";

const INSPECT_HELP: &str = "\
Examples:
  still inspect ./quality.wasm
  still inspect text --json";

const CACHE_HELP: &str = "\
A result is known by the step (its component, parameters and columns) and by the content of the
batch that it was given: what has changed is never taken for what it was.

Examples:
  still cache list
  still cache verify --remove
  still cache prune --older-than 30
  still cache prune --keep 2GiB";

const STEPS_HELP: &str = "\
Examples:
  still steps
  still steps text/normalise";

const SCHEMA_HELP: &str = "\
Example:
  still schema > stillroom.schema.json

A first line in the pipeline file that tells many editors where it is:
  # yaml-language-server: $schema=stillroom.schema.json";

const COMPLETIONS_HELP: &str = "\
Examples:
  still completions bash > ~/.local/share/bash-completion/completions/still
  still completions zsh > ~/.zfunc/_still
  still completions fish > ~/.config/fish/completions/still.fish";
