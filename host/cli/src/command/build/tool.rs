//! Calling a compiler, and telling what became of it.

use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use miette::{Result, miette};
use stillroom::CONTRACT_WIT;
use tempfile::TempDir;

use crate::progress::Busy;

/// Calls a tool and waits for it. (Python takes no module from the folder that it is called in.) `install` is how it is had where it is missing.
pub(super) fn call(command: &mut Command, install: &str) -> Result<Output> {
    let output = try_call(command, install)?;
    match output.status.success() {
        true => Ok(output),
        false => Err(failed(command, &output, &said(&output))),
    }
}

/// As [`call`], where a failure is the caller's to tell.
pub(super) fn try_call(command: &mut Command, install: &str) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let _busy = Busy::start(words(command));
    command.env("PYTHONSAFEPATH", "1").stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(&name, install),
        _ => miette!("`{name}` cannot be called: {error}"),
    })
}

/// A tool that is not there.
pub(super) fn missing(name: &str, install: &str) -> miette::Report {
    miette!(help = format!("install it: {install}"), "`{name}` is not there")
}

/// Whether a tool is there, and what it calls itself.
pub(super) fn version(program: &str, arguments: &[&str]) -> Option<String> {
    // A file `ziglang.py` in the author's folder is not the tool.
    let mut command = Command::new(program);
    command.env("PYTHONSAFEPATH", "1");
    if program.starts_with("python") {
        // Older than 3.11, it does not know that variable.
        command.current_dir(std::env::temp_dir());
    }
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A tool that failed, with what it said.
pub(super) fn failed(command: &Command, output: &Output, said: &str) -> miette::Report {
    let code = output.status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    let said = if said.trim().is_empty() { "it said nothing" } else { said.trim_end() };
    miette!("`{}` failed ({code}):\n{said}", words(command))
}

/// All that a tool said.
pub(super) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The tool and what it was to do, without the options.
fn words(command: &Command) -> String {
    let is_word = |word: &String| (word == "-m" || !word.starts_with('-')) && !word.contains(['/', '=', '\\']);
    let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned()).take_while(is_word).take(3);
    std::iter::once(command.get_program().to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The name of the world of [`contract`].
pub(super) const WORLD: &str = "stillroom-plugin";

/// A folder with the contract, and in it a world with these imports, for tools that make components themselves.
pub(super) fn contract(imports: &[&str]) -> Result<TempDir> {
    let imports: String = imports.iter().map(|import| format!("  import {import};\n")).collect();
    written(&format!("{CONTRACT_WIT}\nworld {WORLD} {{\n  include plugin;\n{imports}}}\n"))
}

/// A folder with the contract as it is, for those that find their imports themselves.
pub(super) fn plain_contract() -> Result<TempDir> {
    written(CONTRACT_WIT)
}

fn written(text: &str) -> Result<TempDir> {
    let folder = scratch()?;
    let path = folder.path().join("step.wit");
    std::fs::write(&path, text).map_err(|error| miette!("{} cannot be written: {error}", path.display()))?;
    Ok(folder)
}

/// A folder for what a compiler leaves on its way.
pub(super) fn scratch() -> Result<TempDir> {
    TempDir::new().map_err(|error| miette!("a temporary folder cannot be made: {error}"))
}

/// What a tool wrote.
pub(super) fn made(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| miette!("{} was not made: {error}", path.display()))
}
