//! `still test`: a plugin's cases, each in the sandbox, and each again with other batches and other instances.

mod case;
mod compare;
mod expect;
mod listen;
mod vary;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use miette::{Result, miette};
use serde_json::json;
use stillroom::Engine;
use stillroom::testing::Subject;

use self::case::Case;
use self::expect::Finding;
use super::build::{self, Project};
use crate::args::TestArgs;
use crate::failure;
use crate::home;
use crate::progress::Busy;
use crate::show::{number, text};

/// The exit code where a case failed.
const FAILED: u8 = 1;

/// What became of a case.
struct Verdict {
    findings: Vec<Finding>,
    seconds: f64,
    blessed: Vec<&'static str>,
}

/// Runs the cases; answers the exit code.
pub(super) fn test(args: &TestArgs) -> Result<ExitCode> {
    let engine = args.cache.engine(Some(1))?;
    let folder = home::expand_path(&args.dir);
    let cases = args.cases.as_deref().map_or_else(|| folder.join("tests/cases"), home::expand_path);
    let names = names(&cases, &args.only)?;
    let file = component(args, &folder, &engine)?;
    let subject = Subject::read(&engine, &file)?;
    let (mut failed, mut broken) = (0, 0);
    for name in &names {
        let verdict = verdict(&subject, &file, &cases.join(name), args.bless);
        failed += usize::from(!verdict.findings.is_empty());
        broken += usize::from(verdict.findings.iter().any(|finding| finding.kind == "case"));
        super::print(&if args.json { to_json(name, &verdict) } else { shown(name, &verdict) })?;
    }
    if !args.json {
        let passed = number::counted((names.len() - failed) as u64, "case");
        let rest = if failed > 0 { format!(", {failed} FAILED") } else { String::new() };
        super::print(&format!("\n{passed} passed{rest}\n"))?;
    }
    Ok(match (failed, broken) {
        (0, _) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::from(FAILED),
        _ => ExitCode::from(failure::EXIT_CODE),
    })
}

/// The cases' folders, by name.
fn names(folder: &Path, only: &[String]) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| {
        let help = "a case is a folder in `tests/cases` with a file `case.yaml`; `--cases` names another folder";
        miette!(help = help, "{} cannot be read: {error}", folder.display())
    })?;
    let names = entries.flatten().filter(|entry| entry.path().join("case.yaml").is_file());
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let all = names.len();
    names.retain(|name| only.is_empty() || only.iter().any(|part| name.contains(part.as_str())));
    names.sort();
    match names.is_empty() {
        true if all > 0 => Err(miette!("none of the {all} cases in {} has such a name", folder.display())),
        true => Err(miette!("{} holds no case: a folder with a file `case.yaml`", folder.display())),
        false => Ok(names),
    }
}

/// The file to test, built anew where its sources are newer.
fn component(args: &TestArgs, folder: &Path, engine: &Engine) -> Result<PathBuf> {
    if let Some(plugin) = &args.plugin {
        return Ok(home::expand_path(plugin));
    }
    let project = Project::find(folder)?;
    if !args.no_build && build::is_stale(&project) {
        build::run(&project, engine, false)?;
    }
    Ok(project.component())
}

fn verdict(subject: &Subject, file: &Path, folder: &Path, bless: bool) -> Verdict {
    let start = Instant::now();
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let _busy = Busy::start(format!("case {name} with {}", file.display()));
    let mut blessed = Vec::new();
    let findings = match Case::read(folder) {
        Err(error) => vec![error],
        Ok(mut case) => expect::judge(subject, &mut case, bless, &mut blessed),
    };
    Verdict { findings, seconds: start.elapsed().as_secs_f64(), blessed }
}

fn to_json(name: &str, verdict: &Verdict) -> String {
    let findings = verdict.findings.iter().map(|finding| json!({ "kind": finding.kind, "lines": finding.lines }));
    let line = json!({
        "case": name,
        "passed": verdict.findings.is_empty(),
        "seconds": verdict.seconds,
        "findings": findings.collect::<Vec<_>>(),
    });
    format!("{line}\n")
}

fn shown(name: &str, verdict: &Verdict) -> String {
    let word = if verdict.findings.is_empty() { "ok" } else { "FAILED" };
    let mut lines = vec![format!("{word:<7}{}  ({})", text::escape_line(name), number::seconds(verdict.seconds))];
    if !verdict.blessed.is_empty() {
        lines.push(format!("       written: {}", verdict.blessed.join(", ")));
    }
    let found = verdict.findings.iter().flat_map(|finding| &finding.lines);
    lines.extend(found.flat_map(|line| line.lines()).map(|line| format!("  {}", text::escape(line))));
    lines.join("\n") + "\n"
}
