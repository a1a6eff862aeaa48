//! `still completions`: a script that teaches a shell this program's words.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use miette::Result;

use crate::args::Args;

/// Prints the completion script of a shell.
pub(super) fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "still", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}
