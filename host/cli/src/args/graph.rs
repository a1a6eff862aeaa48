//! What was said behind `still graph`.

use std::path::PathBuf;

use super::{CacheArgs, ValueArgs};

/// `still graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = GRAPH_HELP)]
pub(crate) struct GraphArgs {
    /// The pipeline file (YAML)
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) values: ValueArgs,

    /// Writes an SVG file instead; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

const GRAPH_HELP: &str = "\
Prints a Mermaid flowchart, which many sites and editors draw; most of them up to 500 arrows only.
An SVG file can be opened in any browser, and has no such limit.

Examples:
  still graph corpus.yaml
  still graph corpus.yaml --svg corpus.svg
  (echo '```mermaid'; still graph corpus.yaml; echo '```') >> README.md";
