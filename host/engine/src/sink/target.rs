//! Where bytes go: a file under a temporary name beside its final one, or standard output.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use crate::error::SinkError;

/// The temporary files that are open now; `None` once they were given up.
static PARTIAL: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

/// Removes the temporary file of every output that is being written, in this whole process, and lets none be completed any
/// more. For a program that ends at once, while a guest may still be running: nothing is dropped then.
pub fn remove_partial_outputs() {
    // The lock is held for a rename at most, never while a guest runs.
    let paths = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner).take();
    for path in paths.into_iter().flatten() {
        let _ = std::fs::remove_file(path);
    }
}

fn remember(file: NamedTempFile) -> To {
    if let Some(paths) = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        paths.push(file.path().to_owned());
    }
    To::Temporary(file)
}

/// An open output. Dropped without [`Target::commit`], its temporary file is removed.
pub(super) struct Target {
    path: PathBuf,
    to: To,
    written: u64,
    /// What the system said when it last refused. The formats' libraries make text of it.
    refused: Option<SinkError>,
}

enum To {
    Temporary(NamedTempFile),
    /// A device or a pipe: renaming over it would replace it.
    Direct(File),
    Stdout(io::Stdout),
    Committed,
}

impl Target {
    pub(super) fn create(path: &Path) -> Result<Self, SinkError> {
        let to = open(path).map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_path_buf(), to, written: 0, refused: None })
    }

    /// Writes all of `bytes`.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.write_all(bytes).map_err(|error| self.error(error))
    }

    /// Gives everything to the system.
    pub(super) fn close(&mut self) -> Result<(), SinkError> {
        self.flush().map_err(|error| self.error(error))
    }

    /// Gives the file its name; the bytes it has.
    pub(super) fn commit(&mut self) -> Result<u64, SinkError> {
        if let To::Temporary(file) = std::mem::replace(&mut self.to, To::Committed) {
            let mut partial = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(paths) = partial.as_mut() else {
                return Err(SinkError::new(&self.path, "the program is ending; the output was given up"));
            };
            paths.retain(|path| path != file.path());
            file.persist(&self.path).map_err(|error| failed(&self.path, &error.error))?;
        }
        Ok(self.written)
    }

    /// The error behind `error`, with what the system said where it said something.
    pub(super) fn error(&mut self, error: impl ToString) -> SinkError {
        self.refused.take().unwrap_or_else(|| SinkError::new(&self.path, error))
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Temporary(file) => file.as_file_mut().write(bytes),
            To::Direct(file) => file.write(bytes),
            To::Stdout(stdout) => stdout.write(bytes),
            To::Committed => Ok(bytes.len()),
        }
    }

    fn remember<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.refused = Some(failed(&self.path, error));
        }
        result
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let (To::Temporary(file), Some(paths)) =
            (&self.to, PARTIAL.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
        {
            paths.retain(|path| path != file.path());
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
            To::Committed => Ok(()),
        };
        self.remember(result)
    }
}

fn open(path: &Path) -> io::Result<To> {
    if path == Path::new("-") {
        return Ok(To::Stdout(io::stdout()));
    }
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => return Ok(To::Direct(OpenOptions::new().write(true).open(path)?)),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match std::fs::create_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(io::ErrorKind::NotADirectory.into()),
        made => made?,
    }
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
    prefix.push(".still-partial-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666)); // less the umask
    builder.tempfile_in(folder).map(remember)
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
