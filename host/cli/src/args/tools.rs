//! What was said behind `still dev`, `still bench`, `still profile` and `still docs`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::CacheArgs;

/// `still dev`.
#[derive(Debug, clap::Args)]
#[command(after_help = DEV_HELP)]
pub(crate) struct DevArgs {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Rows to try it on, of each source of the pipeline
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) rows: u64,

    /// Takes the rows from this file, and not from where the pipeline reads
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// Shows this step of the plugin; may be said several times [default: all that the pipeline uses]
    #[arg(long = "step", value_name = "STEP")]
    pub(crate) steps: Vec<String>,

    /// Builds and runs once, and does not wait for changes
    #[arg(long)]
    pub(crate) once: bool,

    /// How often the sources are looked at, in milliseconds
    #[arg(long, value_name = "MS", default_value = "250", value_parser = milliseconds)]
    pub(crate) every: Duration,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Which step, and what it is tried on.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// A plugin's file or a built-in plugin, and one of its steps: `dist/shout.wasm/shout`, `text/normalise`
    #[arg(value_name = "PLUGIN[/STEP]")]
    pub(crate) step: String,

    /// Rows to give it: a file in any format that a pipeline reads [default: made by a rule, texts of 200 bytes]
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// Makes a column more, of a name and a type; may be said several times
    #[arg(long = "column", value_name = "NAME=TYPE", value_parser = column, conflicts_with = "input")]
    pub(crate) columns: Vec<(String, String)>,

    /// The step's parameters: a JSON object
    #[arg(long, value_name = "JSON", value_parser = object, default_value = "{}", hide_default_value = true)]
    pub(crate) params: Value,

    /// How many rows there are; they are given round and round
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = at_least_one)]
    pub(crate) rows: usize,

    /// Rows of a batch
    #[arg(long, value_name = "N", default_value_t = 8192, value_parser = at_least_one)]
    pub(crate) batch_rows: usize,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// `still bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_HELP)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// How long to measure, about
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = super::seconds)]
    pub(crate) seconds: f64,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `still profile`.
#[derive(Debug, clap::Args)]
#[command(after_help = PROFILE_HELP)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// How long to look, about
    #[arg(long, value_name = "S", default_value_t = 5.0, value_parser = super::seconds)]
    pub(crate) seconds: f64,

    /// The file to write [default: `STEP.profile.json`]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `still docs`.
#[derive(Debug, clap::Args)]
#[command(after_help = DOCS_HELP)]
pub(crate) struct DocsArgs {
    /// A plugin's file, or the name of a built-in plugin
    #[arg(required_unless_present = "builtin", conflicts_with = "builtin")]
    pub(crate) plugin: Option<String>,

    /// Writes a page for each built-in plugin, and one that lists them, into a folder
    #[arg(long, requires = "output")]
    pub(crate) builtin: bool,

    /// The file to write, or the folder [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

fn column(text: &str) -> Result<(String, String), String> {
    let (name, words) = text.split_once('=').ok_or("a column is a name and a type, as in `n=int64`")?;
    match stillroom::testing::is_type(words) && !name.is_empty() {
        true => Ok((name.to_owned(), words.to_owned())),
        false => Err(format!("`{words}` is no type; types are `utf8`, `int64`, `float32` and so on")),
    }
}

fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("parameters are a JSON object, as in {\"form\": \"nfc\"}".to_owned())
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rows @ 1..=10_000_000) => Ok(rows),
        _ => Err("1 to 100000000".to_owned()),
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(millis @ 10..=60_000) => Ok(Duration::from_millis(millis)),
        _ => Err("10 to 60000 milliseconds".to_owned()),
    }
}

const DEV_HELP: &str = "\
Builds the plugin whenever its sources change, and takes a few rows through those steps of
`pipeline.yaml` in its folder that use it; shows what came out, and what is not as it was the time
before. Sources are known by their content, and looked at again and again, so that it works in
every kind of folder. Where there is no `pipeline.yaml`, `--input` names rows, and each step has its
default parameters. Ctrl-C ends it.

Examples:
  still dev
  still dev plugins/shout --input more.jsonl --rows 3";

const BENCH_HELP: &str = "\
Rows are made by a rule for the columns that the step requires: texts of 200 bytes, numbers, true
and false; `--input` gives it others. One thread, one instance, no disk; first a few calls to warm
up, then about nine runs, of which the median is told, with the slowest and the fastest.

  rows/s    rows that went in (of a step that makes rows: came out), in the time of the calls
  MB/s      bytes of the columns that went in
  boundary  what the calls take that is not the plugin's own work: to lower the batch into its
            memory, to call, to lift the answer and to check it. Measured with a plugin in its place
            that takes the same batch and answers with the same bytes, and does nothing else
  memory    of the instance, at its largest

What a run adds is reading, columns that are carried along, and writing. A global step's boundary is not measured: its answer comes at
the end.

Examples:
  still bench dist/shout.wasm
  still bench text/normalise --params '{\"form\": \"nfkc\"}' --seconds 5
  still bench dist/quality.wasm/score --input sample.parquet --json";

const PROFILE_HELP: &str = "\
Looks at the step's stack a thousand times a second, says which functions it is in, and writes a
file that the Firefox profiler opens (profiler.firefox.com, `Load a profile from file`).

A stack is looked at where the plugin enters a function or goes round a loop; a short function
without either counts as part of what called it. What the host does for a call has functions of
its own, that begin with `(host)`. Functions have names where the file has: `still build` leaves them in.

Examples:
  still profile dist/shout.wasm/shout
  still profile text/normalise --seconds 10 -o normalise.json";

const DOCS_HELP: &str = "\
Examples:
  still docs dist/shout.wasm -o README.steps.md
  still docs text
  still docs --builtin -o docs/steps";
