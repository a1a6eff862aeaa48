//! Running other programs, with errors that name them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, bail};

/// One line about what is being done. On standard error: what commands print on standard output stays theirs.
pub(crate) fn say(line: impl std::fmt::Display) {
    eprintln!("xtask: {line}");
}

/// Runs `command` on this terminal and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs `command` silently and returns what it printed; what it complained about is in the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", line(command), output.status, stderr.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program and its arguments, as a person would type them.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A new folder that is gone when this value is.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("stillroom-xtask-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).with_context(|| format!("cannot create the folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What stays behind in the temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Puts the folder `from` in the place of `to`, which is whole at every moment it can be seen.
///
/// `from` is first copied beside `to`, then renamed; an interrupted copy leaves `to` as it was.
pub(crate) fn replace_dir(from: &Path, to: &Path) -> Result<()> {
    let beside = |what| {
        let mut path = to.as_os_str().to_owned();
        path.push(format!(".{what}-{}", std::process::id()));
        PathBuf::from(path)
    };
    let (new, old) = (beside("new"), beside("old"));
    let replace = || {
        copy_dir(from, &new)?;
        match fs::rename(to, &old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::rename(&new, to),
        }
    };
    let replaced = replace();
    for leftover in [new, old] {
        let _ = fs::remove_dir_all(leftover);
    }
    replaced.with_context(|| format!("cannot write {}; run this as the user who owns the folder", to.display()))
}

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_replaces_another_whole() {
        let dir = TempDir::new().unwrap();
        let [from, to] = ["from", "deep/to"].map(|name| dir.path().join(name));
        fs::create_dir_all(from.join("sub")).unwrap();
        fs::write(from.join("sub/new"), "new").unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("stale"), "stale").unwrap();

        replace_dir(&from, &to).unwrap();

        assert_eq!(fs::read_to_string(to.join("sub/new")).unwrap(), "new");
        assert!(!to.join("stale").exists());
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn an_error_says_what_failed_and_why() {
        let error = output(Command::new("sh").args(["-c", "echo no disk >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("`sh -c "), "{error}");
        assert!(error.ends_with("(exit status: 3): no disk"), "{error}");
    }
}
