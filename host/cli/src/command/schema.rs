//! `still schema`: what a pipeline file may hold, for editors that complete and check it.

use std::process::ExitCode;

use miette::Result;
use stillroom::Pipeline;

/// Prints the JSON Schema of a pipeline file.
pub(super) fn schema() -> Result<ExitCode> {
    super::print(&format!("{:#}\n", Pipeline::json_schema()))
}
