//! `still lock`: says that plugins' files are right as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::Result;
use stillroom::pipeline::Action;
use stillroom::{Change, LoadLimits, Lock, Pin, Pipeline};

use crate::args::LockArgs;
use crate::failure;
use crate::home;
use crate::show::{number, text};

/// The plugins' files of one folder's pipelines.
type Locks = BTreeMap<PathBuf, (Lock, Vec<(String, Pin)>)>;

/// Notes every plugin's file of some pipelines.
pub(super) fn lock(args: &LockArgs) -> Result<ExitCode> {
    let mut locks = Locks::new();
    for file in &args.files {
        let pipeline = super::load(file, &args.values)?;
        let lock = Lock::beside(&home::expand_path(file))?;
        let (lock, pins) = locks.entry(lock.path()).or_insert((lock, Vec::new()));
        note(lock, &pipeline, pins)?;
    }
    let mut lines = Vec::new();
    let mut is_same = true;
    for (path, (lock, pins)) in &mut locks {
        let unused = lock.changes(pins, true).len() - lock.changes(pins, false).len();
        let changes = if args.check { lock.changes(pins, args.prune) } else { lock.accept(pins, args.prune)? };
        is_same &= changes.is_empty();
        lines.extend(changes.iter().map(said));
        if unused > 0 && !args.prune {
            let files = number::counted(unused as u64, "file");
            lines.push(format!("{files} more that none of these pipelines uses; `--prune` takes them out"));
        }
        let what = match (changes.is_empty(), args.check) {
            (true, _) => "is up to date",
            (false, true) => "would change",
            (false, false) => "is written",
        };
        lines.push(format!(
            "{} {what} ({})",
            text::escape_line(&path.display().to_string()),
            number::counted(pins.len() as u64, "file")
        ));
    }
    super::print(&(lines.join("\n") + "\n"))?;
    Ok(if is_same || !args.check { ExitCode::SUCCESS } else { ExitCode::from(failure::EXIT_CODE) })
}

/// The plugins' files of a pipeline, but for those that are not to be pinned.
fn note(lock: &Lock, pipeline: &Pipeline, pins: &mut Vec<(String, Pin)>) -> Result<()> {
    for step in &pipeline.steps {
        let Action::Use(uses) = &step.action else { continue };
        let spec = pipeline.plugin(&uses.plugin);
        let is_pinned = spec.is_none_or(|plugin| plugin.pin);
        let path = Path::new(&uses.plugin.value);
        let name = lock.name_of(path);
        if !uses.is_file() || !is_pinned || pins.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let load = spec.map_or_else(LoadLimits::default, |plugin| plugin.load);
        pins.push((name, Pin::of_file(path, load.component_bytes)?));
    }
    Ok(())
}

/// A change, for people.
pub(super) fn said(change: &Change) -> String {
    let size = |pin: &Pin| format!("SHA-256 {}..., {}", pin.short(), number::bytes(pin.bytes));
    match change {
        Change::Added(name, pin) => format!("added    {} ({})", text::escape_line(name), size(pin)),
        Change::Changed(name, old, new) => {
            format!(
                "changed  {} (was {}, locked {}; now {})",
                text::escape_line(name),
                size(old),
                text::escape_line(&old.locked),
                size(new)
            )
        }
        Change::Removed(name, pin) => format!("removed  {} ({})", text::escape_line(name), size(pin)),
    }
}
