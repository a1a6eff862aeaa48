//! `stillroom.lock` from outside: what is noted, what is refused, and how it is accepted.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{failure, stdout, still};

/// A folder of a test's own, with a pipeline that uses a copy of a test guest.
struct Bench {
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("plugins")).unwrap();
        let bench = Self { folder };
        bench.plugin("kinds");
        bench.pipeline("p.yaml", "");
        bench
    }

    /// Puts a test guest where the pipeline has its plugin.
    fn plugin(&self, guest: &str) {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
        let bytes = std::fs::read(guests.join(guest).with_extension("wasm")).unwrap();
        std::fs::write(self.path("plugins/kinds.wasm"), bytes).unwrap();
    }

    fn pipeline(&self, name: &str, more: &str) -> String {
        let plugin = self.path("plugins/kinds.wasm");
        let (plugin, out) = (plugin.to_str().unwrap(), self.path("out.jsonl"));
        let more = more.replace("PLUGIN", plugin);
        let out = out.to_str().unwrap();
        let text =
            format!("{more}\nsteps:\n  - {{ id: count, use: {plugin}/count }}\n  - {{ id: write, sink: {out} }}\n");
        std::fs::write(self.path(name), text).unwrap();
        self.file(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn lock(&self) -> Option<String> {
        std::fs::read_to_string(self.path("stillroom.lock")).ok()
    }

    /// Makes the plugin another file that works as well: a custom section without a meaning at its end.
    fn change(&self) {
        let mut bytes = std::fs::read(self.path("plugins/kinds.wasm")).unwrap();
        bytes.extend([0, 3, 1, b'x', b'y']);
        std::fs::write(self.path("plugins/kinds.wasm"), bytes).unwrap();
    }
}

fn said(arguments: &[&str]) -> String {
    let output = still(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_first_run_locks_and_says_so() {
    let bench = Bench::new("lock-first");
    let file = bench.file("p.yaml");
    assert!(stdout(&["check", &file]).contains("not locked yet"));
    stdout(&["run", &file, "--dry-run"]);
    assert_eq!(bench.lock(), None, "neither of them writes");
    let words = said(&["run", &file]);
    assert!(words.contains("added    plugins/kinds.wasm (SHA-256 "), "{words}");
    let lock = bench.lock().unwrap();
    assert!(lock.starts_with("{\"stillroom-lock\":1}\n{\"plugin\":\"plugins/kinds.wasm\",\"sha256\":\""), "{lock}");
    assert!(!said(&["run", &file]).contains("added"));
    assert_eq!(bench.lock().unwrap(), lock);
    assert!(stdout(&["check", &file]).contains(", locked at 20"));
}

#[test]
fn a_changed_file_is_refused_until_it_is_accepted() {
    let bench = Bench::new("lock-changed");
    let file = bench.file("p.yaml");
    said(&["run", &file]);
    let old = bench.lock().unwrap();
    std::fs::remove_file(bench.path("out.jsonl")).unwrap();
    bench.change();
    for arguments in [&["run", &file][..], &["check", &file], &["run", &file, "--dry-run"], &["graph", &file]] {
        let (code, words) = failure(arguments);
        assert_eq!(code, 2, "{words}");
        let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["is not the file that stillroom.lock records", "when it was locked at 20", "`still lock PIPELINE`"]
        {
            assert!(joined.contains(part), "{part} in {joined}");
        }
    }
    assert!(!bench.path("out.jsonl").exists() && bench.lock().unwrap() == old);
    let check = still(&["lock", &file, "--check"]);
    let words = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.code() == Some(2) && words.contains("changed  plugins/kinds.wasm (was SHA-256 "), "{words}");
    assert_eq!(bench.lock().unwrap(), old);
    assert!(stdout(&["lock", &file]).contains("changed  plugins/kinds.wasm"));
    assert!(stdout(&["lock", &file, "--check"]).contains("is up to date (1 file)"));
    said(&["run", &file]);
}

#[test]
fn what_nobody_uses_is_taken_out_on_purpose() {
    let bench = Bench::new("lock-prune");
    let file = bench.file("p.yaml");
    stdout(&["lock", &file]);
    let free = bench.pipeline("free.yaml", "plugins: { PLUGIN: { pin: false } }");
    let words = stdout(&["lock", &free]);
    assert!(words.contains("1 file more that none of these pipelines uses"), "{words}");
    assert!(stdout(&["lock", &file, &free, "--prune"]).contains("is up to date"));
    let words = stdout(&["lock", &free, "--prune"]);
    assert!(words.contains("removed  plugins/kinds.wasm"), "{words}");
    assert_eq!(bench.lock().unwrap(), "{\"stillroom-lock\":1}\n");
}

#[test]
fn a_plugin_that_is_not_pinned_may_change() {
    let bench = Bench::new("lock-free");
    let file = bench.pipeline("p.yaml", "plugins: { PLUGIN: { pin: false } }");
    said(&["run", &file]);
    bench.change();
    said(&["run", &file]);
    assert_eq!(bench.lock(), None);
    assert!(stdout(&["check", &file]).contains(", not pinned"));
}

#[test]
fn a_lock_that_is_none_is_refused() {
    let bench = Bench::new("lock-broken");
    let file = bench.file("p.yaml");
    std::fs::write(bench.path("stillroom.lock"), "<<<<<<< HEAD\n").unwrap();
    let (code, words) = failure(&["run", &file]);
    assert!(code == 2 && words.contains("line 1: it does not begin with"), "{words}");
}

/// A pipeline file without a folder of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_lock_that_cannot_be_written_is_a_warning() {
    let bench = Bench::new("lock-unwritable");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_still"))
        .args(["run", "/proc/self/fd/0", "--results", "off"])
        .env("STILLROOM_CACHE_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
        .stdin(std::fs::File::open(bench.path("p.yaml")).unwrap())
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && words.contains("cannot be written") && words.contains("not locked"), "{words}");
    assert!(bench.path("out.jsonl").exists());
}

#[test]
fn built_in_plugins_are_not_locked() {
    let bench = Bench::new("lock-builtin");
    let text = "steps:\n  - { id: read, source: { rows: [{ text: A }] } }\n  - { id: low, use: text/normalise }\n  - { id: out, sink: { path: \"-\", format: jsonl } }\n";
    std::fs::write(bench.path("b.yaml"), text).unwrap();
    said(&["run", &bench.file("b.yaml")]);
    assert_eq!(bench.lock(), None);
    assert!(stdout(&["check", &bench.file("b.yaml")]).contains("  text  built in\n"));
}
