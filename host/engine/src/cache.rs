//! Results of steps kept between runs, by content: a folder with one file for each batch that a step once answered.
//!
//! `FOLDER/<step>/<2 hex>/<62 hex>`: the step is a digest of everything that makes it what it is, the rest a digest of the
//! columns it was given. Any number of threads and processes may use one folder; nothing is locked. An entry is written
//! beside its place and renamed; reading one checks all of it, so it may have been damaged or forged by anyone.
//!
//! Measured with batches of 512 KiB of text that LZ4 halves, on a core of a machine that was three times overloaded: put
//! 90 MB/s (LZ4, nearly all of it), get 530 MB/s (the file in the page cache).

mod digest;
mod entry;
mod folder;
#[cfg(test)]
mod tests;
mod types;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use arrow_array::ArrayRef;
use arrow_schema::Field;

pub(crate) use digest::digest_columns;
use folder::Entry;
pub use folder::{CachedStep, Damaged, Pruned};

use crate::error::{Error, Result};

/// An entry's time is when it was last used, to the hour: to note every use would be a write for every read.
const TOUCH_AFTER: Duration = Duration::from_secs(3600);

/// Results of steps kept between runs: by digest of the step (component, contract version, step name, parameters, input and
/// output fields) and digest of the input columns. Threads share it; what they do to get a result takes no lock.
#[derive(Debug)]
pub struct ResultCache {
    folder: PathBuf,
    limit: u64,
    /// What the entries take on disk, about: other processes write and prune too. It is counted when the first is added.
    used: AtomicU64,
    is_counted: AtomicBool,
    pruning: AtomicBool,
    /// Set once writing has failed: nothing more is written, what is there is still read.
    full: AtomicBool,
}

/// What makes a step what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StepKey([u8; 32]);

/// What a step was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct InputKey([u8; 32]);

/// What a step answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: usize,
    /// The input row of each output row; `None`: the same rows.
    pub(crate) origins: Option<Vec<u32>>,
    /// Row and reason, ascending by row, each row once.
    pub(crate) rejected: Vec<(u32, String)>,
}

/// What a result must be, to be an answer to the question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The columns that the step signed for.
    pub(crate) fields: &'a [Field],
    /// Rows of the input, to which origins and rejected rows refer.
    pub(crate) rows_in: usize,
}

/// What the results of a step are results of; for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct About {
    /// The step's name in its plugin.
    pub step: String,
    /// The plugin.
    pub plugin: String,
    /// The component's digest.
    pub digest: String,
    /// The contract's version.
    pub contract: String,
    /// The parameters, without what is secret.
    pub params: serde_json::Value,
    /// When the first result was kept, in seconds since 1970.
    pub created: u64,
}

impl ResultCache {
    /// Uses a folder, which need not exist: it is made when there is something to keep. Where it comes to hold more than
    /// `limit_bytes`, what was not used for longest goes.
    ///
    /// # Errors
    /// Where it is no folder.
    pub fn open(folder: impl Into<PathBuf>, limit_bytes: u64) -> Result<Self> {
        let folder = folder.into();
        if std::fs::metadata(&folder).is_ok_and(|there| !there.is_dir()) {
            let message = format!("{} is no folder: results cannot be kept there", folder.display());
            return Err(Error::Engine { message, help: Some("name another folder".to_owned()) });
        }
        let no = || AtomicBool::new(false);
        let (used, is_counted, pruning, full) = (AtomicU64::new(0), no(), no(), no());
        Ok(Self { folder, limit: limit_bytes, used, is_counted, pruning, full })
    }

    /// Looks what is there already: once, and not before there is something to add. Thousands of entries take a while.
    fn count(&self) {
        if self.is_counted.swap(true, Ordering::Relaxed) {
            return;
        }
        match folder::entries(&self.folder) {
            Ok(entries) => _ = self.used.fetch_add(entries.iter().map(|entry| entry.bytes).sum(), Ordering::Relaxed),
            Err(error) => self.give_up(&io::Error::other(error.to_string())),
        }
    }

    /// The key of a step, of everything that its answers depend on besides its input.
    pub(crate) fn step(&self, parts: &[&[u8]]) -> StepKey {
        let mut hasher = blake3::Hasher::new_derive_key("stillroom 2026 a step");
        parts.iter().for_each(|part| hash_part(&mut hasher, part));
        StepKey(*hasher.finalize().as_bytes())
    }

    /// Whether there may be any result of this step.
    pub(crate) fn knows(&self, step: &StepKey) -> bool {
        self.step_folder(step).is_dir()
    }

    /// The result for this input, checked; a damaged one is removed.
    pub(crate) fn get(&self, step: &StepKey, input: &InputKey, expected: Expected<'_>) -> Option<Kept> {
        let path = self.path(step, input);
        let bytes = match folder::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a kept result cannot be read");
                return None;
            }
        };
        match entry::decode(bytes, step, input, expected) {
            Ok(kept) => {
                folder::touch(&path, TOUCH_AFTER);
                Some(kept)
            }
            Err(message) => {
                tracing::warn!(path = %path.display(), message, "a kept result is damaged and was removed");
                let _ = std::fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps a result; the bytes that it takes on disk. Where that does not work, a warning says so once, and nothing more
    /// is kept: a run does not fail over its cache.
    ///
    /// # Errors
    /// Where the columns are not what the fields say.
    pub(crate) fn put(&self, step: &StepKey, input: &InputKey, kept: &Kept) -> Result<u64> {
        if self.full.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let Some(bytes) = entry::encode(step, input, kept)? else { return Ok(0) };
        if bytes.len() as u64 > self.limit {
            return Ok(0);
        }
        self.count();
        if let Err(error) = folder::write(&self.path(step, input), &bytes) {
            self.give_up(&error);
            return Ok(0);
        }
        self.used.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.keep_limit();
        Ok(bytes.len() as u64)
    }

    /// Notes what a step's results are results of, where it is not noted yet.
    pub(crate) fn describe(&self, step: &StepKey, about: &About) {
        let path = self.step_folder(step).join(folder::ABOUT);
        if self.full.load(Ordering::Relaxed) || path.exists() {
            return;
        }
        let written = serde_json::to_vec_pretty(about).map_err(io::Error::from);
        if let Err(error) = written.and_then(|json| folder::write(&path, &json)) {
            self.give_up(&error);
        }
    }

    /// The steps that there are results of.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn list(&self) -> Result<Vec<CachedStep>> {
        folder::list(&self.folder)
    }

    /// Reads every entry, and says which are damaged; removes these if told to.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn verify(&self, remove: bool) -> Result<Vec<Damaged>> {
        let mut damaged = Vec::new();
        for Entry { path, step, input, .. } in folder::entries(&self.folder)? {
            let checked = match folder::read(&path) {
                Ok(bytes) => entry::check(&bytes, &step, &input).map(|_| ()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => Err(error.to_string()),
            };
            let Err(message) = checked else { continue };
            let removed = remove && std::fs::remove_file(&path).is_ok();
            damaged.push(Damaged { path, message, removed });
        }
        Ok(damaged)
    }

    /// Removes what was not used for longer than `older_than`, and then what was not used for longest until no more than
    /// `keep_bytes` are left.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn prune(&self, keep_bytes: Option<u64>, older_than: Option<Duration>) -> Result<Pruned> {
        let before = older_than.and_then(|age| SystemTime::now().checked_sub(age));
        let pruned = folder::prune(&self.folder, keep_bytes, before)?;
        self.used.store(pruned.bytes_left, Ordering::Relaxed);
        Ok(pruned)
    }

    /// Prunes where there is more than may be, to a tenth below, so that it is not to do again at once. One thread does it;
    /// the others go on.
    fn keep_limit(&self) {
        if self.used.load(Ordering::Relaxed) <= self.limit || self.pruning.swap(true, Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.prune(Some(self.limit - self.limit / 10), None) {
            tracing::warn!(%error, "kept results cannot be pruned");
        }
        self.pruning.store(false, Ordering::Release);
    }

    fn give_up(&self, error: &io::Error) {
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!(folder = %self.folder.display(), %error, "no more results are kept in this run");
        }
    }

    /// What comes of an entry for `kept` in which `forge` changed something and made the checksum fit.
    #[doc(hidden)]
    pub(crate) fn forged(kept: &Kept, rows_in: usize, forge: impl FnOnce(&mut Vec<u8>)) -> Result<Kept, String> {
        let (step, input) = (StepKey([1; 32]), InputKey([2; 32]));
        let encoded = entry::encode(&step, &input, kept).map_err(|error| error.to_string())?;
        let mut bytes = encoded.ok_or("a type that does not cross")?;
        forge(&mut bytes);
        entry::seal(&mut bytes);
        entry::decode(bytes, &step, &input, Expected { fields: &kept.fields, rows_in })
    }

    fn step_folder(&self, step: &StepKey) -> PathBuf {
        self.folder.join(hex(&step.0))
    }

    fn path(&self, step: &StepKey, input: &InputKey) -> PathBuf {
        let name = hex(&input.0);
        let (group, rest) = name.split_at(2);
        self.step_folder(step).join(group).join(rest)
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

/// A part with its length before it, so that no two lists of parts look the same.
fn hash_part(hasher: &mut blake3::Hasher, part: &[u8]) {
    hasher.update(&(part.len() as u64).to_le_bytes());
    hasher.update(part);
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let message = format!("{}: kept results cannot be read: {error}", path.display());
    Error::Engine { message, help: Some("choose another folder for kept results, or do without".into()) }
}
