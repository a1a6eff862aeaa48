//! `still dev`: a plugin in Rust, built by the real compiler, whose source is edited while it is watched.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::stdout;

/// Whoever waits for longer waits for nothing.
const HANGS: Duration = Duration::from_secs(900);

/// A new project. Each has a name of its own: they share the folder in which the compiler keeps what it made.
fn project(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    stdout(&["new", name, "--lang", "rust", "--dir", folder.to_str().unwrap()]);
    folder
}

fn still(arguments: &[&str]) -> Command {
    let temporary = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_still"));
    command.args(arguments).env("STILLROOM_CACHE_DIR", temporary.join("compiled"));
    command.env("CARGO_TARGET_DIR", temporary.join("author-target")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Puts one text in the place of another.
fn edit(file: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{old} in {text}");
    std::fs::write(file, text.replace(old, new)).unwrap();
}

/// A program and the lines that it says, on both streams.
struct Watched {
    child: Child,
    lines: Receiver<String>,
}

impl Watched {
    fn start(arguments: &[&str]) -> Self {
        let mut child = still(arguments).spawn().unwrap();
        let (said, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let said = said.clone();
            std::thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| said.send(line))
            });
        }
        Self { child, lines }
    }

    /// All lines up to one with these words.
    fn until(&self, words: &str) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(HANGS).unwrap_or_else(|_| panic!("never said {words:?}: {said}"));
            said += &line;
            said.push('\n');
            if line.contains(words) {
                return said;
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_round_builds_and_shows_the_rows() {
    let folder = project("dev-once");
    let dir = folder.to_str().unwrap();
    let output = still(&["dev", dir, "--once"]).output().unwrap();
    let (said, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{wrong}");
    assert!(said.starts_with("./dist/dev-once.wasm: built in "), "{said}");
    assert!(said.contains("\nshout  ./dist/dev-once.wasm/shout: 3 rows\n"), "{said}");
    assert!(said.contains("THE QUICK BROWN FOX!"), "{said}");
    assert!(!folder.join("out").exists(), "nothing is written");

    // Other rows, fewer of them, and without a pipeline.
    let rows = folder.join("data/more.jsonl");
    std::fs::write(&rows, "{\"text\": \"ä\"}\n{\"text\": \"b\"}\n").unwrap();
    let with = |more: &[&str]| {
        let arguments = [&["dev", dir, "--once", "--input", rows.to_str().unwrap()], more].concat();
        let output = still(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = with(&["--rows", "1"]);
    assert!(said.starts_with("./dist/dev-once.wasm: built before") && said.contains("/shout: 1 row\n"), "{said}");
    std::fs::remove_file(folder.join("pipeline.yaml")).unwrap();
    assert!(with(&["--step", "shout"]).contains("    0  Ä!\n    1  B!\n"), "{}", with(&[]));

    let output = still(&["dev", dir, "--once"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no pipeline.yaml"));
}

#[test]
fn an_edit_is_built_and_what_it_changed_is_shown() {
    let folder = project("dev-watch");
    let source = folder.join("src/lib.rs");
    let mut dev = Watched::start(&["dev", folder.to_str().unwrap(), "--every", "50"]);
    let first = dev.until("waiting for a change");
    assert!(first.contains("THE QUICK BROWN FOX!") && !first.contains("the time before"), "{first}");

    edit(&source, "text.to_uppercase()", "text.to_lowercase()");
    let second = dev.until("waiting for a change");
    let change = "  shout: row 0, column `text`: \"THE QUICK BROWN FOX!\" -> \"the quick brown fox!\"";
    assert!(second.contains(change), "{second}");

    // What cannot be built ends nothing.
    edit(&source, "text.to_lowercase()", "text.to_lowercas()");
    dev.until("no method named `to_lowercas`");
    edit(&source, "text.to_lowercas()", "text.to_lowercase()");
    let fourth = dev.until("the time before");
    assert!(fourth.ends_with("all as it was the time before\n"), "{fourth}");
    dev.until("waiting for a change");

    // Rows are read anew without a build.
    std::fs::write(folder.join("data/texts.jsonl"), "{\"id\": 1, \"text\": \"ONE\"}\n").unwrap();
    let fifth = dev.until("waiting for a change");
    assert!(fifth.contains("built before") && fifth.contains("shout: 1 row, and 3 before"), "{fifth}");

    let killed = Command::new("kill").args(["-INT", &dev.child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(dev.child.wait().unwrap().code(), Some(130));
}
