//! Whether a plugin's sources are newer than what was built of them.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::Project;

/// Folders of a project, at its top, in which nobody writes sources.
const NOT_SOURCES: &[&str] = &["dist", "build", "target", "tests", "data", "out", "zig-out", "venv"];

/// What tools leave anywhere.
const LEFT: &[&str] = &["node_modules", "__pycache__"];

/// Whether a project is to be built before it is tested.
pub(in crate::command) fn is_stale(project: &Project) -> bool {
    let built = fs::metadata(project.component()).and_then(|about| about.modified());
    built.map_or(true, |built| newest(&project.folder, true) > Some(built))
}

/// Whether a file or folder of this name, at the project's top or further down, may be what a plugin is built of.
pub(in crate::command) fn is_source_name(name: &str, is_top: bool) -> bool {
    let is_left = name.starts_with('.') || LEFT.contains(&name);
    !is_left && !(is_top && (NOT_SOURCES.contains(&name) || name.ends_with(".yaml")))
}

/// When a file in a folder, or in one within, was written last.
fn newest(folder: &Path, is_top: bool) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let when = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !is_source_name(&name, is_top) {
            return None;
        }
        match entry.file_type().ok()?.is_dir() {
            true => newest(&entry.path(), false),
            false => entry.metadata().ok()?.modified().ok(),
        }
    };
    entries.filter_map(when).max()
}
