//! The run folder: what is finished, written down so that a run that was killed can be gone on with.
//!
//! Every stage that keeps something (an output, the rows held for a global step) writes down from time to time how far it
//! is: so many items are wholly on the disk. Because the engine is deterministic, no two of these marks need to be of one
//! moment: whoever is behind is fed again, and whoever is ahead leaves out what it has.
//!
//! The journal is a line a mark: a checksum, a space, JSON. A line that was cut off by a crash is no line. A mark is
//! written after what it speaks of has been synced, and is synced itself.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};
use crate::report::Count;

/// The journal's file in the run folder.
const JOURNAL: &str = "journal";

/// The file that whoever uses the run folder has locked.
const LOCK: &str = "lock";

/// The run folders in use by this process, and whether what is in them is worth keeping.
static IN_USE: Mutex<Vec<(PathBuf, Arc<AtomicBool>)>> = Mutex::new(Vec::new());

/// Removes the run folders that hold nothing worth keeping. For a program that ends at once: nothing is dropped then.
pub(crate) fn remove_unkept() {
    for (folder, keep) in IN_USE.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if !keep.load(Ordering::Relaxed) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// What tells this run from all others, for the answers that its rows have.
const RUN_ID: &str = "run-id";

/// An id that no other run has.
pub(crate) fn new_id() -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    hasher.update(&now.as_nanos().to_le_bytes()).update(&std::process::id().to_le_bytes());
    // Two runs of one process at one moment: the hasher's keys differ.
    let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), now);
    hasher.update(&random.to_le_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}

/// What the run is of; it is gone on with only where that is still so.
const MANIFEST: &str = "manifest.json";

/// How far a stage is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Whose mark it is: the stage's name.
    pub(crate) stage: String,
    /// The port, for stages that have several.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) port: usize,
    /// Items of this port that are kept.
    pub(crate) items: u64,
    /// Whether there will be no more.
    #[serde(default)]
    pub(crate) is_done: bool,
    /// Rows of these items as they entered the segment before the stage.
    pub(crate) entered: u64,
    /// What the steps of that segment counted.
    pub(crate) counts: Vec<Count>,
    /// What the stage itself needs to go on.
    pub(crate) state: Value,
}

fn is_zero(port: &usize) -> bool {
    *port == 0
}

/// Where and how often a run writes down how far it is.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The run folder. It is removed when the run is complete, and where it fails before there is anything to go on with.
    pub folder: PathBuf,
    /// How long a stage works before it writes down how far it is. A run that ends before leaves no trace.
    pub interval: Duration,
    /// Goes on with what is in the folder; where there is nothing, from the start.
    pub resume: bool,
}

impl Checkpoint {
    /// The usual interval. What a mark costs (a sync) is then far below a hundredth of the time.
    pub const INTERVAL: Duration = Duration::from_secs(5);
}

/// The run folder of a run. One run uses it at a time.
pub(crate) struct Journal {
    /// Held until the run is over.
    _lock: File,
    folder: PathBuf,
    interval: Duration,
    start: Instant,
    file: Mutex<Option<File>>,
    manifest: Value,
    /// Whether there is a mark: what is there is worth keeping.
    keep: Arc<AtomicBool>,
    is_removed: AtomicBool,
    /// The marks of the run that is resumed, by stage and port, oldest first.
    marks: HashMap<(String, usize), Vec<Mark>>,
    /// The report of a run that died while it named its outputs.
    report: Option<Value>,
}

impl Journal {
    /// Opens the run folder, and what there is to go on with. None where it cannot be made: a run does not fail over that.
    ///
    /// # Errors
    /// Where another run uses it, and where the pipeline, a plugin or an input has changed since the run that is to be gone on
    /// with.
    pub(crate) fn open(checkpoint: &Checkpoint, manifest: Value) -> Result<Option<Self>> {
        let lock = match lock(&checkpoint.folder) {
            Ok(lock) => lock.ok_or_else(|| in_use(&checkpoint.folder))?,
            Err(error) => {
                let folder = checkpoint.folder.display();
                tracing::warn!(%error, "nothing can be kept of this run to go on with: no run folder {folder}");
                return Ok(None);
            }
        };
        let mut journal = Self {
            _lock: lock,
            folder: checkpoint.folder.clone(),
            interval: checkpoint.interval,
            start: Instant::now(),
            file: Mutex::new(None),
            manifest,
            keep: Arc::default(),
            is_removed: AtomicBool::new(false),
            marks: HashMap::new(),
            report: None,
        };
        let in_use = (journal.folder.clone(), journal.keep.clone());
        IN_USE.lock().unwrap_or_else(PoisonError::into_inner).push(in_use);
        if checkpoint.resume {
            journal.read()?;
        }
        Ok(Some(journal))
    }

    /// A run that begins anew has opened its outputs, so no other is writing them: what an earlier one kept is of no use any
    /// more, its partial outputs included.
    pub(crate) fn begin(&self, outputs: &[PathBuf]) -> Result<()> {
        if self.is_resumed() {
            return Ok(());
        }
        let manifest = std::fs::read(self.folder.join(MANIFEST)).ok();
        let old: Option<Value> = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let old = old.as_ref().and_then(|old| old.get("outputs")?.as_array()).into_iter().flatten();
        for path in old.filter_map(Value::as_str).map(Path::new).filter(|path| outputs.iter().all(|new| new != path)) {
            crate::sink::remove_partial(path);
        }
        self.clear().map_err(|error| self.failed(&error))
    }

    /// What tells this run from all others, also when it is gone on with.
    pub(crate) fn run_id(&self) -> [u8; 16] {
        let path = self.folder.join(RUN_ID);
        let found = std::fs::read(&path).ok().filter(|_| self.is_resumed()).and_then(|bytes| bytes.try_into().ok());
        found.unwrap_or_else(|| {
            let id = new_id();
            if let Err(error) = std::fs::write(&path, id) {
                tracing::warn!(%error, "a run that goes on with this one may ask models again for what it has");
            }
            id
        })
    }

    /// Whether something is gone on with.
    pub(crate) fn is_resumed(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The marks of a stage's port, oldest first.
    pub(crate) fn marks(&self, stage: &str, port: usize) -> &[Mark] {
        self.marks.get(&(stage.to_owned(), port)).map_or(&[], Vec::as_slice)
    }

    /// The report of a run that died while it named its outputs: nothing but that is left to do.
    pub(crate) fn finished(&self) -> Option<&Value> {
        self.report.as_ref()
    }

    /// Set once there is a mark.
    pub(crate) fn keep(&self) -> Arc<AtomicBool> {
        self.keep.clone()
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.keep.load(Ordering::Relaxed)
    }

    /// A file of a stage in the run folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether it is time for a mark, `last` being when the one before was made; not before `least` is over.
    pub(crate) fn is_due(&self, last: Option<Instant>, least: Duration) -> bool {
        last.unwrap_or(self.start).elapsed() >= self.interval.max(least)
    }

    /// Whether the run is old enough to be worth keeping when it is stopped.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.is_kept() || self.start.elapsed() >= self.interval
    }

    /// Writes a mark down. What it speaks of has been synced.
    pub(crate) fn write(&self, mark: &Mark) -> Result<()> {
        let line = serde_json::to_string(mark).map_err(|error| self.failed(&io::Error::other(error)))?;
        self.append(&line)
    }

    /// Writes down that all outputs are complete and are about to get their names.
    pub(crate) fn finish(&self, report: &Value) -> Result<()> {
        match self.is_kept() {
            true => self.append(&serde_json::json!({ "finished": report }).to_string()),
            false => Ok(()),
        }
    }

    fn append(&self, json: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match file.as_mut() {
            Some(opened) => opened,
            None => file.insert(self.create().map_err(|error| self.failed(&error))?),
        };
        let line = format!("{:016x} {json}\n", xxh3_64(json.as_bytes()));
        let written = opened.write_all(line.as_bytes()).and_then(|()| opened.sync_data());
        written.map_err(|error| self.failed(&error))?;
        self.keep.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn create(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let manifest = self.folder.join(MANIFEST);
        if !self.is_resumed() {
            let beside = self.folder.join("manifest.new");
            let mut file = File::create(&beside)?;
            file.write_all(self.manifest.to_string().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(beside, manifest)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(self.folder.join(JOURNAL))?;
        sync_folder(&self.folder);
        Ok(file)
    }

    /// Removes what an earlier run left. The journal goes first, so that none ever stands without what it speaks of.
    fn clear(&self) -> io::Result<()> {
        gone(std::fs::remove_file(self.folder.join(JOURNAL)))?;
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name != LOCK && name != RUN_ID) {
                gone(std::fs::remove_file(path))?;
            }
        }
        Ok(())
    }

    /// Removes the run folder.
    pub(crate) fn remove(&self) -> Result<()> {
        // Once it is gone, a folder of this name is another run's.
        if self.is_removed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.clear().and_then(|()| gone(std::fs::remove_dir_all(&self.folder))).map_err(|error| self.failed(&error))
    }

    fn read(&mut self) -> Result<()> {
        // Without a journal nothing is known of what else is there.
        let Ok(text) = std::fs::read(self.folder.join(JOURNAL)) else {
            return self.clear().map_err(|error| self.failed(&error));
        };
        // Until it is found to be of no use, it is not to be lost.
        self.keep.store(true, Ordering::Relaxed);
        let manifest = std::fs::read(self.folder.join(MANIFEST)).ok();
        let manifest: Option<Value> = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        self.check_manifest(manifest.as_ref())?;
        let mut whole = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let Some(value) = line_value(line) else { break };
            whole += line.len() as u64;
            if let Some(report) = value.get("finished") {
                self.report = Some(report.clone());
            } else if let Ok(mark) = serde_json::from_value::<Mark>(value) {
                let marks = self.marks.entry((mark.stage.clone(), mark.port)).or_default();
                // A run that was resumed further back has made what came after anew.
                while marks.last().is_some_and(|last| last.items > mark.items) {
                    marks.pop();
                }
                marks.push(mark);
            }
        }
        let cut = OpenOptions::new().write(true).open(self.folder.join(JOURNAL)).and_then(|file| file.set_len(whole));
        cut.map_err(|error| self.failed(&error))?;
        self.keep.store(self.is_resumed() || self.report.is_some(), Ordering::Relaxed);
        Ok(())
    }

    fn check_manifest(&self, old: Option<&Value>) -> Result<()> {
        let differs = |key: &str| old.and_then(|old| old.get(key)) != self.manifest.get(key);
        let what = ["stillroom", "pipeline", "plugins", "inputs"].into_iter().find(|key| differs(key));
        let message = match what {
            None => return Ok(()),
            Some("stillroom") => "it was begun by another version of Stillroom",
            Some("pipeline") => "the pipeline has changed since it was begun",
            Some("plugins") => "a plugin has changed since it was begun",
            Some(_) => "an input has changed since it was begun",
        };
        Err(Error::Engine {
            message: format!("the run in {} cannot be gone on with: {message}", self.folder.display()),
            help: Some("run without `--resume`: that begins anew".to_owned()),
        })
    }

    fn failed(&self, error: &io::Error) -> Error {
        let help = match error.kind() {
            io::ErrorKind::StorageFull => "free space, then go on with `--resume`",
            _ => "name another folder with `--run-dir`, or do without: `--no-checkpoint`",
        };
        let message = match error.kind() {
            io::ErrorKind::StorageFull => format!("{}: the disk is full", self.folder.display()),
            _ => format!("the run folder {} cannot be used: {error}", self.folder.display()),
        };
        Error::Engine { message, help: Some(help.to_owned()) }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.is_kept() {
            let _ = self.remove();
        }
        IN_USE.lock().unwrap_or_else(PoisonError::into_inner).retain(|(folder, _)| *folder != self.folder);
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes the run folder, and keeps every other run out of it; none where another is in it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    for _ in 0..100 {
        std::fs::create_dir_all(folder)?;
        let file = match OpenOptions::new().create(true).write(true).truncate(false).open(folder.join(LOCK)) {
            // Another run has just removed the folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        match file.try_lock() {
            Ok(()) if folder.join(LOCK).exists() => return Ok(Some(file)),
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => break,
            // A system without locks: one run at a time is then the user's affair.
            Err(std::fs::TryLockError::Error(_)) => return Ok(Some(file)),
        }
    }
    Ok(None)
}

fn in_use(folder: &Path) -> Error {
    Error::Engine {
        message: format!("another run is using the run folder {}", folder.display()),
        help: Some("wait until it ends, or give this one other outputs or another `--run-dir`".to_owned()),
    }
}

/// The mark in a journal's line.
pub(crate) fn mark_of(line: &[u8]) -> Option<Mark> {
    serde_json::from_value(line_value(line)?).ok()
}

fn line_value(line: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, json) = text.split_once(' ')?;
    (u64::from_str_radix(sum, 16).ok()? == xxh3_64(json.as_bytes())).then(|| serde_json::from_str(json).ok())?
}

/// Makes the names in a folder last. Not every system has a way to.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
