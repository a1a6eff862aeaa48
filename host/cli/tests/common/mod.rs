//! What the tests of the program share: running it, and files of their own.

#![allow(dead_code)] // every file of tests needs another part of it

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Runs `still` as a script would: no terminal, compiled plugins in the tests' own folder.
pub(crate) fn still(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_still"))
        .args(arguments)
        .env("STILLROOM_CACHE_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
        .env("STILLROOM_RESULTS_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("results"))
        .env_remove("STILLROOM_THREADS")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What a successful command prints.
pub(crate) fn stdout(arguments: &[&str]) -> String {
    let output = still(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code and the message of one that fails, which prints nothing else.
pub(crate) fn failure(arguments: &[&str]) -> (i32, String) {
    let output = still(arguments);
    assert!(output.stdout.is_empty(), "{arguments:?} prints to standard output");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A pipeline file of the tests' own.
pub(crate) fn pipeline(name: &str, text: &str) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}
