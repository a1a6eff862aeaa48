//! `still run`: the whole way of a pipeline, watched and summed up.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use stillroom::{Checkpoint, Error, Lock, Plan, Progress, Report, Results, RunOptions};

use crate::args::{CheckpointArgs, KeepResults, ResultsArgs, RunArgs};
use crate::progress::{self, Watch};
use crate::show::{dry_run, number, summary, text};
use crate::terminal::Stream;
use crate::{home, interrupt};

/// The exit code of a run that came to its end but for rows that steps rejected.
const SOME_REJECTED: u8 = 1;

/// Runs a pipeline.
pub(super) fn run(args: &RunArgs, is_verbose: bool) -> Result<ExitCode> {
    let progress = Arc::new(Progress::default());
    interrupt::listen(Arc::clone(&progress));
    let pipeline = super::load(&args.file, &args.values)?;
    let report_file = args.report.as_deref().map(home::expand_path);
    report_file.as_deref().map_or(Ok(()), check_report_file)?;
    let engine = args.cache.engine(args.threads)?;
    let (plan, lock) = super::plan(&engine, &args.file, &pipeline)?;
    if let Some(rows) = args.dry_run {
        let tried = plan.try_out(rows, progress)?;
        return super::print(&dry_run::show(Stream::Out, &tried));
    }
    note_new(&plan, lock, args.quiet)?;
    let to_stdout = plan.outputs().any(|(_, path)| path == Path::new("-"));

    // Rows that go to the terminal are their own progress.
    let is_silent = args.quiet || (to_stdout && Stream::Out.is_terminal());
    let options = options(args, &plan, Arc::clone(&progress));
    let report = drive(plan, options, !is_silent)?;

    if let Some(file) = report_file {
        write_report(&file, &report)?;
    }
    if !args.quiet {
        // Rows on standard output are for the next program; what is said about them goes elsewhere.
        let stream = if to_stdout { Stream::Err } else { Stream::Out };
        if let Err(error) = stream.print(&summary::summary(stream, &report, is_verbose)) {
            tracing::warn!(%error, "the run is complete, but what it did cannot be shown");
        }
    }
    Ok(verdict(&report))
}

/// Locks the plugins' files that nothing is noted of yet.
fn note_new(plan: &Plan, mut lock: Lock, is_quiet: bool) -> Result<()> {
    let new = plan.unlocked();
    if new.is_empty() {
        return Ok(());
    }
    match lock.add(&new) {
        Ok(changes) if is_quiet => drop(changes),
        Ok(changes) => {
            let path = text::escape_line(&lock.path().display().to_string());
            changes.iter().for_each(|change| progress::note(&format!("{path}: {}", super::lock::said(change))));
        }
        // Another run has found another file under this name meanwhile.
        Err(error @ Error::Plugin(_)) => return Err(error.into()),
        // A folder that is only read is no reason not to run.
        Err(error) => {
            progress::note(&format!("warning: {}; the plugins are not locked", text::escape_line(&error.to_string())))
        }
    }
    Ok(())
}

fn options(args: &RunArgs, plan: &Plan, progress: Arc<Progress>) -> RunOptions {
    RunOptions {
        limit: args.limit,
        progress,
        checkpoint: checkpoint(&args.checkpoint, plan),
        memory: args.memory,
        results: results(&args.results),
        answers: args.answers.answers.as_ref().map(|path| home::expand_path(path)),
        refresh: args.answers.refresh,
    }
}

/// The results that are kept between runs.
fn results(args: &ResultsArgs) -> Option<Results> {
    if args.results == KeepResults::Off {
        return None;
    }
    match args.place.open() {
        Some(Ok(cache)) => Some(Results { cache: Arc::new(cache), always: args.results == KeepResults::Always }),
        // A run does not fail over what it might have saved.
        Some(Err(error)) => {
            progress::note(&format!(
                "warning: no results are kept or looked up: {}",
                text::escape_line(&error.to_string())
            ));
            None
        }
        None => None,
    }
}

/// Where and how often the run writes down how far it is.
fn checkpoint(args: &CheckpointArgs, plan: &Plan) -> Option<Checkpoint> {
    let folder = plan.run_folder().filter(|_| !args.no_checkpoint);
    if args.resume && folder.is_none() {
        progress::note("note: standard input is read from its beginning: there is nothing to go on with");
    }
    let folder = folder?;
    let folder = match (&args.run_dir, folder.file_name()) {
        (Some(elsewhere), Some(name)) => home::expand_path(elsewhere).join(name),
        _ => folder,
    };
    if args.resume && !folder.exists() {
        progress::note("note: there is no run to go on with; this one begins at the beginning");
    }
    Some(Checkpoint { folder, interval: Duration::from_secs_f64(args.checkpoint), resume: args.resume })
}

/// The run itself, watched where somebody wants to see it and stopped where somebody asks.
fn drive(plan: Plan, options: RunOptions, is_watched: bool) -> stillroom::Result<Report> {
    let progress = Arc::clone(&options.progress);
    let watch = is_watched.then(|| Watch::start(Arc::clone(&progress)));
    interrupt::run_begins();
    let result = plan.run(options);
    interrupt::run_ended();
    drop(watch);
    if result.is_err() && progress.is_kept() {
        progress::note("what is finished is kept: go on with `still run FILE --resume`");
    }
    result
}

fn verdict(report: &Report) -> ExitCode {
    for warning in &report.warnings {
        progress::note(&format!("warning: {}", text::escape_line(warning)));
    }
    if !report.is_balanced() {
        progress::note(
            "warning: the steps' accounts of their rows are not even; please report this as a defect of Stillroom",
        );
    }
    summary::losses(&report.steps).iter().for_each(|line| progress::note(&format!("warning: {line}")));
    if report.rejected == 0 {
        return ExitCode::SUCCESS;
    }
    let rejected = number::counted(report.rejected, "row");
    progress::note(&match &report.quarantine {
        Some(file) => format!("warning: {rejected} rejected; each with its reason in {}", text::escape_line(file)),
        None => format!("warning: {rejected} rejected; name a file as `quarantine:` in the pipeline to keep them"),
    });
    ExitCode::from(SOME_REJECTED)
}

/// A long run should not end in a folder that is not there.
fn check_report_file(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.is_dir() || !folder.is_dir() {
        return Err(miette!(
            help = "`--report` takes a file in a folder that exists",
            "cannot write {}",
            file.display()
        ));
    }
    Ok(())
}

fn write_report(file: &Path, report: &Report) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(report).into_diagnostic()?;
    json.push(b'\n');
    std::fs::write(file, json)
        .into_diagnostic()
        .wrap_err_with(|| format!("the run is complete, but its report {} cannot be written", file.display()))
}
