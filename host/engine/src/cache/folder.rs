//! The cache's folder: what is in it, and what goes. Only files with the cache's own kind of name are ever looked at.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{About, InputKey, StepKey, hex, unreadable};
use crate::error::Result;

/// Beside a step's entries: what they are results of.
pub(super) const ABOUT: &str = "about.json";

/// What files are called while they are written.
const UNFINISHED: &str = ".unfinished-";

/// An unfinished file of this age belongs to nobody any more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How often an entry's folder is made again where others remove it.
const TRIES: usize = 20;

/// More than any honest entry: what is larger is not read.
const MOST_BYTES: u64 = 4 << 30;

/// A step of which results are kept.
#[derive(Debug, Clone)]
pub struct CachedStep {
    /// The step's key: the name of its folder.
    pub key: String,
    /// What the results are results of, where that is known.
    pub about: Option<About>,
    /// How many results there are.
    pub entries: u64,
    /// What they take on disk.
    pub bytes: u64,
    /// When one of them was last used, to the hour.
    pub last_used: SystemTime,
}

/// An entry that is not what it should be.
#[derive(Debug, Clone)]
pub struct Damaged {
    /// The entry's file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// Whether it was removed.
    pub removed: bool,
}

/// What was removed, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries removed.
    pub entries: u64,
    /// What they took on disk.
    pub bytes: u64,
    /// What the others take.
    pub bytes_left: u64,
}

pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) step: StepKey,
    pub(super) input: InputKey,
    pub(super) bytes: u64,
    used: SystemTime,
}

/// All of a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let len = fs::symlink_metadata(path)?.len();
    if len > MOST_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { fs::read(path) }
}

/// Writes a file beside its place, and then renames it. It need not survive a crash whole: its checksum tells.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut written = write_into(path, bytes);
    for _ in 0..TRIES {
        match &written {
            // The first entry in its folder; or somebody is pruning, and removed the folder because it was empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = fs::create_dir_all(path.parent().unwrap_or(Path::new(".")));
                written = made.and_then(|()| write_into(path, bytes));
            }
            _ => break,
        }
    }
    written
}

fn write_into(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Notes that an entry was used, if that was not noted lately. Where it cannot be, it only goes sooner.
pub(super) fn touch(path: &Path, after: Duration) {
    let noted = || -> io::Result<()> {
        let file = File::open(path)?;
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age < after { Ok(()) } else { file.set_times(FileTimes::new().set_modified(SystemTime::now())) }
    };
    let _ = noted();
}

/// Every entry; what vanishes meanwhile is left out.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (step, path) in steps(folder)? {
        for (group, path) in children(&path, 2) {
            for (rest, path) in children(&path, 62) {
                let (Some(input), Ok(data)) = (key(&(group.clone() + &rest)), fs::symlink_metadata(&path)) else {
                    continue;
                };
                if data.is_file() {
                    let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    entries.push(Entry { path, step, input: InputKey(input), bytes: data.len(), used });
                }
            }
        }
    }
    Ok(entries)
}

fn steps(folder: &Path) -> Result<Vec<(StepKey, PathBuf)>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(folder, &error)),
        Ok(_) => Ok(children(folder, 64).filter_map(|(name, path)| Some((StepKey(key(&name)?), path))).collect()),
    }
}

/// What is in a folder under names of so many hexadecimal digits.
fn children(folder: &Path, digits: usize) -> impl Iterator<Item = (String, PathBuf)> {
    let found = fs::read_dir(folder).into_iter().flatten().filter_map(std::result::Result::ok);
    let named = found.filter_map(|child| Some((child.file_name().into_string().ok()?, child.path())));
    let is_ours = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    named.filter(move |(name, _)| name.len() == digits && name.bytes().all(is_ours))
}

fn key(name: &str) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(name).ok().map(|hash| *hash.as_bytes())
}

pub(super) fn list(folder: &Path) -> Result<Vec<CachedStep>> {
    let mut listed = BTreeMap::new();
    for (step, path) in steps(folder)? {
        let about = read(&path.join(ABOUT)).ok().and_then(|json| serde_json::from_slice(&json).ok());
        let last_used = SystemTime::UNIX_EPOCH;
        listed.insert(step.0, CachedStep { key: hex(&step.0), about, entries: 0, bytes: 0, last_used });
    }
    for entry in entries(folder)? {
        let Some(step) = listed.get_mut(&entry.step.0) else { continue };
        step.entries += 1;
        step.bytes += entry.bytes;
        step.last_used = step.last_used.max(entry.used);
    }
    Ok(listed.into_values().filter(|step| step.entries > 0 || step.about.is_some()).collect())
}

/// Removes entries last used before a time, and then the oldest until so many bytes are left; and what is empty then.
pub(super) fn prune(folder: &Path, keep: Option<u64>, before: Option<SystemTime>) -> Result<Pruned> {
    let mut entries = entries(folder)?;
    entries.sort_by_key(|entry| entry.used);
    let mut pruned = Pruned { bytes_left: entries.iter().map(|entry| entry.bytes).sum(), ..Pruned::default() };
    for entry in entries {
        let old = before.is_some_and(|before| entry.used < before);
        if !old && keep.is_none_or(|keep| pruned.bytes_left <= keep) {
            continue;
        }
        let removed = fs::remove_file(&entry.path);
        if removed.is_ok() || removed.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            pruned.entries += 1;
            pruned.bytes += entry.bytes;
            pruned.bytes_left -= entry.bytes;
        }
    }
    for (_, step) in steps(folder)? {
        tidy(&step);
    }
    Ok(pruned)
}

/// Removes what nobody finished, and folders in which nothing is left.
fn tidy(step: &Path) {
    remove_unfinished(step);
    let mut empty = true;
    for (_, group) in children(step, 2) {
        remove_unfinished(&group);
        empty &= fs::remove_dir(&group).is_ok();
    }
    if empty && children(step, 2).next().is_none() {
        let _ = fs::remove_file(step.join(ABOUT));
        let _ = fs::remove_dir(step);
    }
}

fn remove_unfinished(folder: &Path) {
    for child in fs::read_dir(folder).into_iter().flatten().filter_map(std::result::Result::ok) {
        let age = child.metadata().and_then(|data| data.modified()).ok().and_then(|used| used.elapsed().ok());
        let ours = child.file_name().to_string_lossy().starts_with(UNFINISHED);
        if ours && age.is_some_and(|age| age > GIVEN_UP_AFTER) {
            let _ = fs::remove_file(child.path());
        }
    }
}
