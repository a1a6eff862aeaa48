//! Whether a plugin's sources have changed: all of them are looked at, now and then. That works in every file system, also
//! where nobody would tell of changes.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::super::build::is_source_name;

/// Rows that a pipeline reads.
const DATA: &str = "data";

/// Files that are larger are known by time and size alone.
const MAX_READ: u64 = 4 << 20;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// What the plugin is built of.
    Sources,
    /// What it is tried on.
    Rows,
}

/// Files as they were when they were last looked at.
#[derive(Debug)]
pub(super) struct Sources {
    /// A file outside of the folder.
    input: Option<PathBuf>,
    sources: Files,
    rows: Files,
}

type Files = BTreeMap<PathBuf, File>;

/// A file. Who writes what was there already has changed nothing.
#[derive(Debug, Clone)]
struct File {
    modified: Option<SystemTime>,
    size: u64,
    digest: u64,
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        (self.size, self.digest) == (other.size, other.digest)
    }
}

impl Sources {
    /// What lies in this folder, and one file more.
    pub(super) fn look(input: Option<&Path>) -> Self {
        let mut now = Self { input: input.map(Path::to_owned), sources: Files::new(), rows: Files::new() };
        now.update();
        now
    }

    /// Waits until something has changed, and nothing more does.
    pub(super) fn wait(&mut self, every: Duration) -> Change {
        let mut change = None;
        loop {
            match (self.update(), change) {
                // An editor, or whoever unpacks something, may not be done.
                (Some(new), None | Some(Change::Rows)) => change = Some(new),
                (None, Some(change)) => return change,
                _ => {}
            }
            thread::sleep(every);
        }
    }

    /// Looks again; answers what has changed.
    fn update(&mut self) -> Option<Change> {
        let (mut sources, mut rows) = (Files::new(), Files::new());
        walk(Path::new("."), true, &self.sources, &mut sources, &is_source);
        walk(Path::new(DATA), true, &self.rows, &mut rows, &|_, _| true);
        let beside = fs::read_dir(".").into_iter().flatten().flatten().map(|entry| entry.path());
        let yaml = beside.filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
        for path in yaml.chain(self.input.clone()) {
            note(&path, &self.rows, &mut rows);
        }
        let change = match (sources != self.sources, rows != self.rows) {
            (true, _) => Some(Change::Sources),
            (_, true) => Some(Change::Rows),
            _ => None,
        };
        (self.sources, self.rows) = (sources, rows);
        change
    }
}

/// What a build writes down of its own accord is none.
fn is_source(name: &str, is_top: bool) -> bool {
    let is_written = [".yml", ".lock", "-lock.json", ".sum"].iter().any(|ending| name.ends_with(ending));
    is_source_name(name, is_top) && !is_written
}

/// Files of a folder and of those within.
fn walk(folder: &Path, is_top: bool, before: &Files, now: &mut Files, is_wanted: &impl Fn(&str, bool) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_wanted(&entry.file_name().to_string_lossy(), is_top) {
            continue;
        }
        // A link to a folder is not followed: it may lead back.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), false, before, now, is_wanted),
            Ok(_) => note(&entry.path(), before, now),
            Err(_) => {}
        }
    }
}

/// A file that is gone meanwhile is not there.
fn note(path: &Path, before: &Files, now: &mut Files) {
    let Ok(about) = fs::metadata(path).map(|about| (about.modified().ok(), about.len())) else { return };
    let (modified, size) = about;
    let known = before.get(path).filter(|file| file.modified == modified && file.size == size && modified.is_some());
    let digest = known.map_or_else(|| digest(path, size), |file| file.digest);
    now.insert(path.to_owned(), File { modified, size, digest });
}

fn digest(path: &Path, size: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    match fs::read(path) {
        Ok(bytes) if size <= MAX_READ => bytes.hash(&mut hasher),
        _ => fs::metadata(path).and_then(|about| about.modified()).ok().hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let look = |before: &Files| {
            let mut now = Files::new();
            walk(folder.path(), true, before, &mut now, &is_source);
            now
        };
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("step.py", "a = 1");
        fs::create_dir(folder.path().join("dist")).unwrap();
        let first = look(&Files::new());
        assert_eq!(first.len(), 1);

        write("dist/x.wasm", "built");
        write("pipeline.yaml", "steps: []");
        fs::create_dir_all(folder.path().join("src/node_modules")).unwrap();
        write("src/node_modules/x.js", "");
        write("Cargo.lock", "version = 4");
        write("step.py", "a = 1");
        assert_eq!(look(&first), first);

        write("step.py", "a = 2");
        assert_ne!(look(&first), first);
        // Within, a folder of any name may have sources.
        fs::create_dir(folder.path().join("src/data")).unwrap();
        write("src/data/mod.rs", "");
        assert_eq!(look(&first).len(), 2);
        fs::remove_file(folder.path().join("src/data/mod.rs")).unwrap();
        write("other.py", "");
        assert_eq!(look(&first).len(), 2);
        fs::remove_file(folder.path().join("step.py")).unwrap();
        assert!(!look(&first).contains_key(&folder.path().join("step.py")));
    }
}
