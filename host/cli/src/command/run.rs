//! `still run`: the whole way of a pipeline, watched and summed up.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use stillroom::{Plan, Progress, Report, RunOptions};

use crate::args::RunArgs;
use crate::progress::{self, Watch};
use crate::show::{number, summary, text};
use crate::terminal::Stream;
use crate::{home, interrupt};

/// The exit code of a run that came to its end but for rows that steps rejected.
const SOME_REJECTED: u8 = 1;

/// Runs a pipeline.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode> {
    let progress = Arc::new(Progress::default());
    interrupt::listen(Arc::clone(&progress));
    let pipeline = super::load(&args.file, &args.set)?;
    let report_file = args.report.as_deref().map(home::expand_path);
    report_file.as_deref().map_or(Ok(()), check_report_file)?;
    let engine = args.cache.engine(args.threads)?;
    let plan = Plan::new(&engine, &pipeline, super::builtins())?;
    let columns = columns(&plan);
    let outputs = summary::outputs(&pipeline);
    let to_stdout = outputs.iter().any(|(_, path)| path == "-");

    // Rows that go to the terminal are their own progress.
    let is_silent = args.quiet || (to_stdout && Stream::Out.is_terminal());
    let report = drive(plan, args.limit, progress, !is_silent)?;

    if let Some(file) = report_file {
        write_report(&file, &report)?;
    }
    if !args.quiet {
        // Rows on standard output are for the next program; what is said about them goes elsewhere.
        let stream = if to_stdout { Stream::Err } else { Stream::Out };
        if let Err(error) = stream.print(&summary::summary(stream, &report, &outputs, &columns)) {
            tracing::warn!(%error, "the run is complete, but what it did cannot be shown");
        }
    }
    Ok(verdict(&report))
}

/// The columns at the end, in order.
fn columns(plan: &Plan) -> Vec<String> {
    let fields = plan.steps().last().map(|step| step.schema.fields().iter().map(|field| field.name().clone()));
    fields.into_iter().flatten().collect()
}

/// The run itself, watched where somebody wants to see it and stopped where somebody asks.
fn drive(plan: Plan, limit: Option<u64>, progress: Arc<Progress>, is_watched: bool) -> stillroom::Result<Report> {
    let watch = is_watched.then(|| Watch::start(Arc::clone(&progress)));
    interrupt::run_begins();
    let result = plan.run(RunOptions { limit, progress });
    interrupt::run_ended();
    drop(watch);
    result
}

fn verdict(report: &Report) -> ExitCode {
    if !report.is_balanced() {
        progress::note(
            "warning: the steps' accounts of their rows are not even; please report this as a defect of Stillroom",
        );
    }
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
