//! `still profile`: in which functions a step spends its time.

mod firefox;
mod top;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use stillroom::testing::{Meter, Samples, Trial};

use super::target::Target;
use crate::args::ProfileArgs;
use crate::home;
use crate::progress::Busy;
use crate::show::{number, text};
use crate::terminal::Stream;

/// How often a stack is looked at.
const EVERY: Duration = Duration::from_millis(1);

/// The part of the time that goes to warming up.
const WARM_UP: f64 = 0.05;

/// Functions that are shown.
const TOP: usize = 10;

/// Samples, writes the profile, and shows what took longest.
pub(super) fn profile(args: &ProfileArgs) -> Result<ExitCode> {
    let engine = args.target.cache.sampling_engine(EVERY)?;
    let target = Target::open(&engine, &args.target, true)?;
    let usual = || PathBuf::from(format!("{}.profile.json", target.step));
    let file = args.output.as_deref().map_or_else(usual, home::expand_path);
    let samples = {
        let _busy = Busy::start(format!("looking at {}", target.step));
        look(&target.trial, &target, args)?
    };
    let ticks: u64 = samples.taken.iter().map(|sample| sample.ticks).sum();
    if ticks == 0 {
        return Err(miette!(help = "`--seconds` gives it longer", "the step was done before it was looked at"));
    }
    write(&file, &firefox::profile(&target.step, &samples, EVERY))?;
    let shown = top::top(Stream::Out, &samples, TOP);
    let nameless = top::is_nameless(&samples);
    let mut words = format!(
        "{}/{}: {}, one a millisecond\n{shown}\n{}: open it at profiler.firefox.com\n",
        text::escape_line(&target.plugin),
        text::escape_line(&target.step),
        number::counted(ticks, "sample"),
        text::escape_line(&file.display().to_string()),
    );
    if nameless {
        words += "the file has no names of functions: build it without stripping them, as `still build` does\n";
    }
    super::print(&words)
}

fn look(trial: &Trial, target: &Target, args: &ProfileArgs) -> Result<Samples> {
    let mut meter = trial.meter(target.input.as_ref(), args.target.batch_rows)?;
    let all = Duration::from_secs_f64(args.seconds);
    calls(&mut meter, all.mul_f64(WARM_UP))?;
    meter.sample();
    calls(&mut meter, all)?;
    Ok(meter.samples())
}

fn calls(meter: &mut Meter<'_>, time: Duration) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < time {
        meter.lap()?;
    }
    Ok(())
}

fn write(file: &Path, profile: &serde_json::Value) -> Result<()> {
    let written =
        serde_json::to_vec(profile).into_diagnostic().and_then(|bytes| std::fs::write(file, bytes).into_diagnostic());
    written.wrap_err_with(|| format!("{} cannot be written", file.display()))
}
