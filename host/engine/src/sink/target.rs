//! Where bytes go: a file under a temporary name beside its final one, or standard output.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::partial::{self, Found, PartialFile};
use super::{Mark, SinkOptions};
use crate::error::SinkError;

/// The temporary files that are open now; `None` once they were given up.
static OPEN: Mutex<Option<Vec<Unfinished>>> = Mutex::new(Some(Vec::new()));

/// A file that is there before its output is complete.
struct Unfinished {
    path: PathBuf,
    /// Says whether it outlives the program.
    keep: Option<Arc<AtomicBool>>,
}

/// Removes the temporary file of every output that is being written, in this whole process, and lets none be completed any
/// more. For a program that ends at once, while a guest may still be running: nothing is dropped then.
///
/// What a run can be resumed from stays.
pub fn remove_partial_outputs() {
    // The lock is held for a rename at most, never while a guest runs.
    let files = OPEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    for file in files.into_iter().flatten() {
        if !file.keep.is_some_and(|keep| keep.load(Ordering::SeqCst)) {
            let _ = std::fs::remove_file(file.path);
        }
    }
    crate::run::remove_unkept();
}

fn remember(path: &Path, keep: Option<Arc<AtomicBool>>) {
    if let Some(files) = OPEN.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        files.push(Unfinished { path: path.to_owned(), keep });
    }
}

/// An open output. Dropped without [`Target::commit`], its temporary file is removed, unless it is kept.
pub(super) struct Target {
    path: PathBuf,
    to: To,
    written: u64,
    /// What the system said when it last refused. The formats' libraries make text of it.
    refused: Option<SinkError>,
}

enum To {
    Temporary(NamedTempFile),
    Partial(Box<PartialFile>),
    /// A device or a pipe: renaming over it would replace it.
    Direct(File),
    Stdout(io::Stdout),
    Committed,
}

impl Target {
    /// Opens the output, and finds out how much of it is there.
    pub(super) fn open(options: &SinkOptions) -> Result<(Self, Found), SinkError> {
        let target = |to, written| Self { path: options.path.clone(), to, written, refused: None };
        let to = open(options).map_err(|error| failed(&options.path, &error))?;
        match (to, &options.partial) {
            (Some(to), _) => Ok((target(to, 0), Found::default())),
            (None, Some(partial)) => {
                let (file, found) = PartialFile::open(&options.path, partial)?;
                remember(file.path(), Some(file.keep.clone()));
                let written = found.bytes();
                Ok((target(To::Partial(Box::new(file)), written), found))
            }
            (None, None) => {
                let file = temporary(&options.path).map_err(|error| failed(&options.path, &error))?;
                remember(file.path(), None);
                Ok((target(To::Temporary(file), 0), Found::default()))
            }
        }
    }

    /// Writes all of `bytes`.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.write_all(bytes).map_err(|error| self.error(error))
    }

    /// The bytes it has.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether it can be gone on with, and so marks are worth their while.
    pub(super) fn is_partial(&self) -> bool {
        matches!(self.to, To::Partial(_))
    }

    /// What is written from here on is there already: it is skipped, up to where the file ends now.
    pub(super) fn replay(&mut self) {
        if let To::Partial(file) = &mut self.to {
            file.skip = std::mem::take(&mut self.written);
        }
    }

    /// Whether all that is there was written again.
    pub(super) fn is_replayed(&self) -> bool {
        !matches!(&self.to, To::Partial(file) if file.skip > 0)
    }

    /// Reads what is there. None: it is not a file that can be gone on with.
    pub(super) fn read<T>(&mut self, read: impl FnOnce(BufReader<&File>) -> io::Result<T>) -> Option<io::Result<T>> {
        match &mut self.to {
            To::Partial(file) => Some(file.read(self.written, read)),
            _ => None,
        }
    }

    /// All of the items before `items` is written, and nothing of the others.
    pub(super) fn whole(&mut self, items: u64) {
        if let To::Partial(file) = &mut self.to {
            file.whole(items, self.written);
        }
    }

    /// Brings to the disk what is whole; see [`super::Sink::mark`].
    pub(super) fn mark(&mut self) -> Result<Option<Mark>, SinkError> {
        let To::Partial(file) = &mut self.to else { return Ok(None) };
        let mark = file.mark();
        mark.map_err(|error| self.failed(&error))
    }

    /// Gives everything to the system, and the system's to the disk.
    pub(super) fn close(&mut self) -> Result<(), SinkError> {
        let result = self.flush().and_then(|()| match &self.to {
            To::Temporary(file) => file.as_file().sync_all(),
            To::Partial(file) => file.sync(),
            To::Direct(_) | To::Stdout(_) | To::Committed => Ok(()),
        });
        result.map_err(|error| self.refused.take().unwrap_or_else(|| self.failed(&error)))
    }

    /// Gives the file its name; the bytes it has.
    pub(super) fn commit(&mut self) -> Result<u64, SinkError> {
        match std::mem::replace(&mut self.to, To::Committed) {
            To::Temporary(file) => {
                let path = file.path().to_owned();
                self.rename(&path, |to| file.persist(to).map(drop).map_err(|error| error.error))?;
            }
            To::Partial(file) => {
                let renamed = self.rename(file.path(), |to| std::fs::rename(file.path(), to)); // locked until here
                if renamed.is_err() && file.path().exists() {
                    self.to = To::Partial(file);
                }
                renamed?;
            }
            To::Direct(_) | To::Stdout(_) | To::Committed => {}
        }
        Ok(self.written)
    }

    fn rename(&self, from: &Path, rename: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), SinkError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(files) = open.as_mut() else {
            return Err(SinkError::new(&self.path, "the program is ending; the output was given up"));
        };
        files.retain(|file| file.path != from);
        rename(&self.path).map_err(|error| failed(&self.path, &error))?;
        drop(open);
        partial::sync_folder(&self.path).map_err(|error| failed(&self.path, &error))
    }

    /// The error behind `error`, with what the system said where it said something.
    pub(super) fn error(&mut self, error: impl ToString) -> SinkError {
        self.refused.take().unwrap_or_else(|| SinkError::new(&self.path, error))
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Temporary(file) => file.as_file_mut().write(bytes),
            To::Partial(file) => file.write(bytes),
            To::Direct(file) => file.write(bytes),
            To::Stdout(stdout) => stdout.write(bytes),
            To::Committed => Ok(bytes.len()),
        }
    }

    fn remember<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.refused = Some(self.failed(error));
        }
        result
    }

    pub(super) fn failed(&self, error: &io::Error) -> SinkError {
        let mut failed = failed(&self.path, error);
        if let To::Partial(file) = &self.to
            && error.kind() == io::ErrorKind::StorageFull
            && file.keep.load(Ordering::SeqCst)
        {
            failed.help = Some("free space, then go on with `--resume`: what was written is kept".into());
        }
        failed
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let path = match &self.to {
            To::Temporary(file) => file.path(),
            To::Partial(file) => file.path(),
            To::Direct(_) | To::Stdout(_) | To::Committed => return,
        };
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(files) = open.as_mut() else { return }; // removed already: by now the name may be another run's
        files.retain(|file| file.path != path);
        if let To::Partial(file) = &self.to
            && !file.keep.load(Ordering::SeqCst)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.write_some(bytes);
        let written = self.remember(result)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match &mut self.to {
            To::Temporary(file) => file.as_file_mut().flush(),
            To::Direct(file) => file.flush(),
            To::Stdout(stdout) => stdout.flush(),
            To::Partial(_) | To::Committed => Ok(()), // nothing is held back
        };
        self.remember(result)
    }
}

/// What the output is written to. None: a file, whose folder is there now.
fn open(options: &SinkOptions) -> io::Result<Option<To>> {
    let path = options.path.as_path();
    if path == Path::new("-") {
        return Ok(Some(To::Stdout(io::stdout())));
    }
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => {
            return OpenOptions::new().write(true).open(path).map(|file| Some(To::Direct(file)));
        }
        _ => {}
    }
    match std::fs::create_dir_all(folder(path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::ErrorKind::NotADirectory.into()),
        made => made.map(|()| None),
    }
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = partial::name(path)?;
    prefix.push("-");
    let mut builder = tempfile::Builder::new();
    builder.prefix::<OsString>(&prefix);
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666)); // less the umask
    builder.tempfile_in(folder(path))
}

/// The folder that `path` is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The error for what the system said about `path`.
pub(super) fn failed(path: &Path, error: &io::Error) -> SinkError {
    use io::ErrorKind::{BrokenPipe, IsADirectory, NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let (message, help) = match error.kind() {
        StorageFull => ("the disk is full", "free space or write elsewhere; the unfinished output was removed"),
        PermissionDenied | ReadOnlyFilesystem => {
            ("cannot be written here", "this user may not write to the folder: choose another")
        }
        IsADirectory => ("is a folder", "name a file in it"),
        NotADirectory => ("a part of the path is a file, not a folder", "choose another path"),
        BrokenPipe => ("nobody reads the output any more", "the program that read standard output ended first"),
        _ => return SinkError::new(path, format!("cannot be written: {error}")),
    };
    SinkError { help: Some(help.into()), ..SinkError::new(path, message) }
}
