//! `still cache`: results of steps that are kept between runs.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use miette::{Result, miette};
use stillroom::{CachedStep, ResultCache};

use crate::args::{CacheCommand, CacheVerb};
use crate::failure;
use crate::show::table::{Side, Table};
use crate::show::{number, text};

/// Lists, verifies or prunes.
pub(super) fn cache(args: &CacheCommand) -> Result<ExitCode> {
    let Some(cache) = args.place.open() else {
        return Err(miette!(help = "name one with `--results-dir`", "this user has no cache folder"));
    };
    let cache = cache?;
    match args.verb {
        CacheVerb::List { json: true } => super::print(&json(&cache)?),
        CacheVerb::List { json: false } => super::print(&list(&cache)?),
        CacheVerb::Verify { remove } => verify(&cache, remove),
        CacheVerb::Prune { keep, older_than } => {
            let age = older_than.map(|days| Duration::from_secs(days.saturating_mul(86_400)));
            let keep = if keep.is_none() && age.is_none() { Some(0) } else { keep };
            let pruned = cache.prune(keep.map(|bytes| bytes as u64), age)?;
            super::print(&format!(
                "removed {} ({}); {} left\n",
                number::counted(pruned.entries, "result"),
                number::bytes(pruned.bytes),
                number::bytes(pruned.bytes_left),
            ))
        }
    }
}

fn list(cache: &ResultCache) -> Result<String> {
    use Side::{Left, Right};
    let steps = cache.list()?;
    if steps.is_empty() {
        return Ok("no results are kept\n".to_owned());
    }
    let mut table = Table::new(&[
        ("step", Left),
        ("parameters", Left),
        ("results", Right),
        ("size", Right),
        ("used", Right),
        ("plugin", Left),
    ]);
    for step in &steps {
        table.push(row(step));
    }
    let bytes: u64 = steps.iter().map(|step| step.bytes).sum();
    let total = format!("{} of {}", number::bytes(bytes), number::counted(steps.len() as u64, "step"));
    Ok(table.lines(0).join("\n") + "\n" + &total + "\n")
}

fn row(step: &CachedStep) -> Vec<String> {
    let about = step.about.as_ref();
    let name = about.map_or("?".to_owned(), |about| format!("{}/{}", about.plugin, about.step));
    let age = SystemTime::now().duration_since(step.last_used).unwrap_or_default().as_secs();
    let used = match age {
        0..7200 => "now".to_owned(),
        7200..172_800 => format!("{} h ago", age / 3600),
        _ => format!("{} days ago", age / 86_400),
    };
    vec![
        text::escape_line(&name),
        text::escape_line(&about.map_or(String::new(), |about| about.params.to_string())),
        number::count(step.entries),
        number::bytes(step.bytes),
        used,
        about.map_or(String::new(), |about| about.digest.chars().take(12).collect()),
    ]
}

fn json(cache: &ResultCache) -> Result<String> {
    let steps = cache.list()?;
    let step = |step: &CachedStep| {
        serde_json::json!({
            "key": step.key,
            "about": step.about,
            "entries": step.entries,
            "bytes": step.bytes,
            "last_used": step.last_used.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        })
    };
    let json = serde_json::Value::Array(steps.iter().map(step).collect());
    Ok(format!("{json:#}\n"))
}

/// Damaged results are a failure, so that a script notices.
fn verify(cache: &ResultCache, remove: bool) -> Result<ExitCode> {
    let damaged = cache.verify(remove)?;
    let mut words = String::new();
    for entry in &damaged {
        let what = if entry.removed { "removed" } else { "damaged" };
        words += &format!("{what} {}: {}\n", entry.path.display(), text::escape_line(&entry.message));
    }
    if damaged.is_empty() {
        words += "all results are sound\n";
    }
    super::print(&words)?;
    let is_sound = damaged.iter().all(|entry| entry.removed);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(failure::EXIT_CODE) })
}
