//! Rust: cargo makes a core module that carries its component type.

use std::path::PathBuf;
use std::process::Command;

use miette::{Result, miette};
use serde_json::Value;

use super::{Made, Project, tool};

/// No system, no standard input: nothing to stand in for.
const TARGET: &str = "wasm32-unknown-unknown";

const INSTALL: &str = "see rustup.rs for `rustup`, then `rustup target add wasm32-unknown-unknown`";

pub(super) fn compile(project: &Project) -> Result<Made> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&project.folder).args(["build", "--release", "--quiet", "--target", TARGET]);
    cargo.arg("--message-format=json-render-diagnostics");
    // What cargo tells those that it calls is not meant for the next cargo.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_") && !matches!(&*name, "CARGO_HOME" | "CARGO_TARGET_DIR") && !name.contains("NET") {
            cargo.env_remove(&*name);
        }
    }
    let output = tool::try_call(&mut cargo, INSTALL)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("can't find crate for `core`") {
        return Err(miette!(help = INSTALL, "this Rust has no target {TARGET}:\n{}", said.trim_end()));
    }
    if !output.status.success() {
        return Err(tool::failed(&cargo, &output, &said));
    }
    let module = module(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        miette!(help = "under `[lib]`: `crate-type = [\"cdylib\"]`", "cargo made no module of `{}`", project.name)
    })?;
    tool::made(&module).map(Made::from)
}

/// The last module that cargo tells of: that of the package itself.
fn module(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = messages.flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    let mut modules = files.filter_map(|file| file.as_str().filter(|file| file.ends_with(".wasm")).map(PathBuf::from));
    modules.next_back()
}
