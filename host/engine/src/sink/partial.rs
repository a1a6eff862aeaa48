//! An unfinished output that survives the program: `.NAME.still-partial` beside the file `NAME`, and how much of it can be
//! relied on.
//!
//! A mark says how long the file was when so many items were in it, and gives a checksum of everything up to there. So a
//! mark holds or does not hold by itself, whichever marks came before it and whichever run took it: an output's bytes are
//! the same in every run, and marks of runs that were resumed further back can stay in the list.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use xxhash_rust::xxh3::Xxh3Default;

use super::target::{failed, folder};
use super::{Mark, Partial};
use crate::error::SinkError;

/// What of a partial output can be gone on with. Nothing, by default.
#[derive(Default)]
pub(super) struct Found {
    /// The marks that hold, shortest first.
    pub(super) marks: Vec<Mark>,
    /// What was wrong with the first that does not.
    pub(super) warning: Option<String>,
}

impl Found {
    pub(super) fn items(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.items)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.bytes)
    }
}

/// An open partial output, at its end.
pub(super) struct PartialFile {
    path: PathBuf,
    /// Locked for as long as it is open.
    file: File,
    pub(super) keep: Arc<AtomicBool>,
    /// Bytes to come that are in the file already.
    pub(super) skip: u64,
    /// Of all bytes that are written.
    sum: Xxh3Default,
    whole: Whole,
    /// The items of the last mark.
    marked: u64,
    /// Whether the file's name is on the disk.
    named: bool,
}

/// Up to where whole items reach.
#[derive(Clone, Copy, Default)]
struct Whole {
    items: u64,
    bytes: u64,
    sum: u64,
}

impl PartialFile {
    /// Opens the partial output of `path` at the end of the last mark that holds. What comes after it is cut off.
    pub(super) fn open(path: &Path, partial: &Partial) -> Result<(Self, Found), SinkError> {
        let name = folder(path).join(name(path).map_err(|error| failed(path, &error))?);
        let mut file = lock(path, &name)?;
        let (found, sum) = check(&mut file, path, &name, &partial.marks);
        let bytes = found.bytes();
        let cut = file.set_len(bytes).and_then(|()| file.seek(SeekFrom::Start(bytes)));
        cut.map_err(|error| failed(path, &error))?;
        let whole = Whole { items: found.items(), bytes, sum: sum.digest() };
        let keep = partial.keep.clone();
        Ok((Self { path: name, file, keep, skip: 0, sum, whole, marked: whole.items, named: false }, found))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All items before `items`, and nothing else, are in the file's first `bytes`.
    pub(super) fn whole(&mut self, items: u64, bytes: u64) {
        self.whole = Whole { items, bytes, sum: self.sum.digest() };
    }

    /// Brings what is whole to the disk, and says what it is, unless it is what the last mark said.
    pub(super) fn mark(&mut self) -> io::Result<Option<Mark>> {
        let Whole { items, bytes, sum } = self.whole;
        if items <= self.marked {
            return Ok(None);
        }
        self.file.sync_data()?;
        if !std::mem::replace(&mut self.named, true) {
            sync_folder(&self.path)?;
        }
        self.marked = items;
        Ok(Some(Mark { items, bytes, sum: format!("{sum:016x}"), groups: Vec::new() }))
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Reads the file from its start, and goes back to its end, at `bytes`.
    pub(super) fn read<T>(
        &mut self,
        bytes: u64,
        read: impl FnOnce(BufReader<&File>) -> io::Result<T>,
    ) -> io::Result<T> {
        (&self.file).seek(SeekFrom::Start(0))?;
        let result = read(BufReader::new(&self.file));
        (&self.file).seek(SeekFrom::Start(bytes))?;
        result
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.skip > 0 {
            let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= skipped as u64;
            return Ok(skipped);
        }
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }
}

/// The name of the partial output of `path`.
pub(super) fn name(path: &Path) -> io::Result<OsString> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::InvalidFilename)?);
    name.push(".still-partial");
    Ok(name)
}

/// Removes the partial output of `path`, if there is one and nobody is writing it.
pub(crate) fn remove(path: &Path) {
    let Some(name) = name(path).ok().map(|name| path.with_file_name(name)) else { return };
    if let Ok(file) = OpenOptions::new().read(true).write(true).open(&name)
        && file.try_lock().is_ok()
    {
        let _ = std::fs::remove_file(name);
    }
}

/// Opens the file `name`, which no other run may have open. Its bytes are left as they are.
fn lock(path: &Path, name: &Path) -> Result<File, SinkError> {
    for _ in 0..100 {
        if std::fs::symlink_metadata(name).is_ok_and(|there| !there.is_file()) {
            return Err(SinkError {
                help: Some("remove it or choose another path".into()),
                ..SinkError::new(path, format!("`{}` is in the way: it is not a file", name.display()))
            });
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(name);
        let file = file.map_err(|error| failed(path, &error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(_)) | Ok(()) => {} // not every file system has locks
        }
        if is_at(&file, name) {
            return Ok(file);
        }
        // Between opening and locking, the run that had it ended.
    }
    Err(SinkError {
        help: Some("wait until it ends, or choose another path".into()),
        ..SinkError::new(path, "another run is writing this output")
    })
}

/// Whether `name` still is this file: it may have got its final name, or be gone.
#[cfg(unix)]
fn is_at(file: &File, name: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |there: std::fs::Metadata| (there.dev(), there.ino());
    file.metadata().is_ok_and(|open| std::fs::symlink_metadata(name).is_ok_and(|there| id(open) == id(there)))
}

#[cfg(not(unix))]
fn is_at(_: &File, name: &Path) -> bool {
    name.is_file()
}

/// The marks that hold, and the checksum of the bytes that they vouch for.
fn check(file: &mut File, path: &Path, name: &Path, marks: &[Mark]) -> (Found, Xxh3Default) {
    let mut marks = marks.to_vec();
    marks.sort_by_key(|mark| (mark.bytes, mark.items));
    let (mut found, mut good) = (Found::default(), Xxh3Default::new());
    for mark in marks {
        let (sum, wrong) = match read_on(file, good.clone(), mark.bytes - found.bytes()) {
            Ok(sum) if format!("{:016x}", sum.digest()) == mark.sum => (Some(sum), ""),
            Ok(_) => (None, "does not have the bytes that were written to it"),
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => (None, "cannot be read"),
            Err(_) if file.metadata().is_ok_and(|there| there.len() == 0) => (None, "is gone"),
            Err(_) => (None, "is shorter than it was"),
        };
        let Some(sum) = sum else {
            found.warning = Some(again(path, name, wrong, found.bytes()));
            break;
        };
        good = sum;
        found.marks.push(mark);
    }
    (found, good)
}

/// Adds the next `bytes` of the file to `sum`.
fn read_on(file: &mut File, mut sum: Xxh3Default, mut bytes: u64) -> io::Result<Xxh3Default> {
    let mut buffer = vec![0; bytes.min(1 << 20) as usize];
    while bytes > 0 {
        let part = &mut buffer[..bytes.min(1 << 20) as usize];
        file.read_exact(part)?;
        sum.update(part);
        bytes -= part.len() as u64;
    }
    Ok(sum)
}

/// Says that the output is written again from byte `from`.
pub(super) fn again(path: &Path, name: &Path, wrong: &str, from: u64) -> String {
    let (name, path) = (name.display(), path.display());
    format!("`{name}` {wrong}: `{path}` is written again from byte {from}")
}

/// Gives an output its name that was closed by a run that ended before it was committed. Nothing, if it was.
pub(crate) fn finish_commit(path: &Path) -> Result<(), SinkError> {
    let Ok(name) = name(path) else { return Ok(()) };
    let partial = folder(path).join(name);
    if partial.is_file() {
        let _locked = lock(path, &partial)?;
        std::fs::rename(&partial, path).map_err(|error| failed(path, &error))?;
    }
    sync_folder(path).map_err(|error| failed(path, &error))
}

/// Brings to the disk what the folder that `path` is in says of it: a new name is safe only then.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(folder(path)).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot, and there are folders to write to but not to read: no reason not to write.
        Err(error) if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) && !is_io(&error) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Whether the disk itself failed.
#[cfg(unix)]
fn is_io(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.raw_os_error() == Some(EIO)
}

/// Folders are not synced where they are not files.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
