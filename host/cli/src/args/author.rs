//! What was said behind `still new`, `still build` and `still test`: the program of a plugin's author.

use std::path::PathBuf;

use clap::ValueEnum;

use super::CacheArgs;

/// `still new`.
#[derive(Debug, clap::Args)]
#[command(after_help = NEW_HELP)]
pub(crate) struct NewArgs {
    /// The plugin's name: small letters, digits and `-`
    pub(crate) name: String,

    /// The language to write it in
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: Start,

    /// The folder to make [default: one of that name, here]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

/// What a new plugin begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Start {
    Python,
    Js,
    Ts,
    C,
    Cpp,
    Go,
    Zig,
    Rust,
}

/// `still build`.
#[derive(Debug, clap::Args)]
#[command(after_help = BUILD_HELP)]
pub(crate) struct BuildArgs {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Keeps debug information: a trap's stack has source lines, and the file is several times as large
    #[arg(long)]
    pub(crate) keep_debug: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// `still test`.
#[derive(Debug, clap::Args)]
#[command(after_help = TEST_HELP)]
pub(crate) struct TestArgs {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Only cases with this in their names; may be said several times
    #[arg(long = "case", value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Writes what the steps answer as what is expected
    #[arg(long)]
    pub(crate) bless: bool,

    /// The folder of the cases [default: tests/cases in the plugin's folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cases: Option<PathBuf>,

    /// Tests this file and builds nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) plugin: Option<PathBuf>,

    /// Does not build, also where the sources are newer
    #[arg(long)]
    pub(crate) no_build: bool,

    /// Prints a line of JSON for each case
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

const NEW_HELP: &str = "\
Examples:
  still new shout --lang python
  still new quality --lang rust --dir plugins/quality";

const BUILD_HELP: &str = "\
Finds the language by its files, calls its compiler, makes a component of the result, checks it
against the contract, and leaves it in `dist/`.

Examples:
  still build
  still build plugins/quality";

const TEST_HELP: &str = "\
A case is a folder in `tests/cases` with `case.yaml`, `input.jsonl` and `expected.jsonl`. Each runs
in the sandbox; then again in new instances, row by row and all at once: what a step answers must
not hang on that.

Exit codes: 0 all cases pass, 1 a case failed, 2 could not run.

Examples:
  still test
  still test --case nulls --bless
  still test --plugin dist/shout.wasm --cases ../cases --json";
