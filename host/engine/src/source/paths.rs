//! From what the user wrote to the files that are read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::SourceError;

/// The files behind `patterns`, at least one: globs expanded and sorted, everything else in the order given.
pub(crate) fn expand(patterns: &[String]) -> Result<Vec<Arc<Path>>, SourceError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        match is_glob(pattern) {
            true => paths.extend(matches(pattern)?),
            false => paths.push(one(pattern)?),
        }
    }
    match paths.is_empty() {
        true => Err(SourceError::new("", "no file to read was named")),
        false => Ok(paths),
    }
}

/// A name that exists is a name, even with brackets in it.
fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[']) && !Path::new(pattern).exists()
}

fn one(name: &str) -> Result<Arc<Path>, SourceError> {
    let path = PathBuf::from(name);
    if name != "-" {
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if metadata.is_dir() {
            return Err(SourceError {
                help: Some(format!("name its files, such as `{}/*.jsonl`", name.trim_end_matches('/'))),
                ..SourceError::new(path, "is a folder")
            });
        }
    }
    Ok(path.into())
}

fn matches(pattern: &str) -> Result<Vec<Arc<Path>>, SourceError> {
    let bad = |error: glob::PatternError| SourceError::new(pattern, format!("not a glob pattern: {error}"));
    let mut paths: Vec<Arc<Path>> = Vec::new();
    for found in glob::glob(pattern).map_err(bad)? {
        let path = found.map_err(|error| unreadable(error.path(), error.error()))?;
        if !path.is_dir() {
            paths.push(path.into());
        }
    }
    if paths.is_empty() {
        return Err(SourceError {
            help: Some("`*` stops at `/`, `**` does not; relative patterns start at the current folder".into()),
            ..SourceError::new(pattern, "no file matches")
        });
    }
    paths.sort_unstable();
    Ok(paths)
}

/// The error for a file that the system does not let us read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => Some("check the name; relative names start at the current folder".into()),
        std::io::ErrorKind::PermissionDenied => Some("this user may not read it".into()),
        _ => None,
    };
    SourceError { help, ..SourceError::new(path, format!("cannot be read: {error}")) }
}
