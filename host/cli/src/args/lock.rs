//! What was said behind `still lock`.

use std::path::PathBuf;

use super::ValueArgs;

/// `still lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = LOCK_HELP)]
pub(crate) struct LockArgs {
    /// Pipeline files (YAML)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) values: ValueArgs,

    /// Writes nothing; exits with 2 where something would change
    #[arg(long)]
    pub(crate) check: bool,

    /// Takes out the files that none of these pipelines uses
    #[arg(long)]
    pub(crate) prune: bool,
}

const LOCK_HELP: &str = "\
`stillroom.lock` lies beside the pipeline files of a folder. `still run` notes in it the SHA-256 of
each plugin's file that it finds for the first time, and refuses one that is another file later.
This says that the files as they are now are right.

Examples:
  still lock corpus.yaml
  still lock *.yaml --prune
  still lock *.yaml --check      as in CI";
