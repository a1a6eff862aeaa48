//! `still bench`: how fast a step is, and what of that is the boundary.

mod measure;

use std::process::ExitCode;

use miette::Result;
use serde_json::json;

use self::measure::{Run, measure};
use super::target::Target;
use crate::args::BenchArgs;
use crate::show::{number, text};

/// Runs, of which the median is told.
const RUNS: usize = 9;

/// How much of the time is for the boundary, and in how many runs.
const BOUNDARY_PART: f64 = 0.25;
const BOUNDARY_RUNS: usize = 5;

/// What was measured.
struct Figures {
    runs: Vec<Run>,
    /// What the boundary takes, in seconds a row.
    boundary: Option<f64>,
}

/// Measures and tells.
pub(super) fn bench(args: &BenchArgs) -> Result<ExitCode> {
    let engine = args.target.cache.engine(Some(1))?;
    let target = Target::open(&engine, &args.target, false)?;
    let mut meter = target.trial.meter(target.input.as_ref(), args.target.batch_rows)?;
    // A global step works on all rows, and its runs are whole.
    let is_whole = target.trial.kind() == "global";
    let runs = measure(&mut meter, args.seconds, RUNS, is_whole)?;
    let boundary = match meter.stand_in()? {
        None => None,
        Some(mut stand_in) => {
            let runs = measure(&mut stand_in, args.seconds * BOUNDARY_PART, BOUNDARY_RUNS, false)?;
            Some(1.0 / median(&runs))
        }
    };
    let figures = Figures { runs, boundary };
    super::print(&if args.json { to_json(args, &target, &figures) } else { shown(args, &target, &figures) })
}

/// Rows a second.
fn median(runs: &[Run]) -> f64 {
    let mut rates: Vec<f64> = runs.iter().map(Run::rate).collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

impl Figures {
    fn rate(&self) -> f64 {
        median(&self.runs)
    }

    fn extremes(&self) -> (f64, f64) {
        let rates = || self.runs.iter().map(Run::rate);
        (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max))
    }

    /// Bytes that went in, of each row.
    fn bytes_in(&self) -> f64 {
        let (bytes, rows) = self.runs.iter().fold((0, 0), |(bytes, rows), run| (bytes + run.bytes_in, rows + run.rows));
        bytes as f64 / rows as f64
    }

    fn memory(&self) -> u64 {
        self.runs.iter().map(|run| run.memory).max().unwrap_or_default()
    }

    fn instances(&self) -> u64 {
        self.runs.iter().map(|run| run.instances).sum()
    }

    /// The boundary's part of the time. The two are measured apart, so it may come out as more than all.
    fn share(&self) -> Option<f64> {
        self.boundary.map(|boundary| (boundary * self.rate()).min(1.0))
    }
}

fn shown(args: &BenchArgs, target: &Target, figures: &Figures) -> String {
    let rows = target.input.as_ref().map_or(0, |rows| rows.len() as u64);
    let batch = number::counted(args.target.batch_rows as u64, "row");
    let given = if rows == 0 { String::new() } else { format!("{} in ", number::counted(rows, "row")) };
    let rate = figures.rate();
    let (least, most) = figures.extremes();
    let count = |rate: f64| number::count(rate as u64);
    let mut lines = vec![
        format!(
            "{}/{}  {}, {given}batches of {batch}",
            text::escape_line(&target.plugin),
            text::escape_line(&target.step),
            target.trial.kind()
        ),
        format!(
            "  rows/s    {}  (median of {}; {} to {})",
            count(rate),
            number::counted(figures.runs.len() as u64, "run"),
            count(least),
            count(most)
        ),
        format!("  ns/row    {}", nanos(1e9 / rate)),
    ];
    if figures.bytes_in() > 0.0 {
        lines.push(format!("  MB/s      {}", count(figures.bytes_in() * rate / 1e6)));
    }
    lines.push(match (figures.boundary, figures.share()) {
        (Some(seconds), Some(share)) => format!("  boundary  {:.0} %, {} ns/row", share * 100.0, nanos(seconds * 1e9)),
        _ => "  boundary  not measured: the answer is not to one batch".to_owned(),
    });
    lines.push(format!("  memory    {}", number::bytes(figures.memory())));
    if target.trial.kind() == "transform" && figures.instances() > 1 {
        lines.push(format!("  instances {}: it grows, and is made anew as in a run", figures.instances()));
    }
    lines.join("\n") + "\n"
}

fn nanos(nanos: f64) -> String {
    if nanos < 100.0 { format!("{nanos:.1}") } else { number::count(nanos.round() as u64) }
}

fn to_json(args: &BenchArgs, target: &Target, figures: &Figures) -> String {
    let (least, most) = figures.extremes();
    let value = json!({
        "plugin": target.plugin,
        "step": target.step,
        "kind": target.trial.kind(),
        "rows": target.input.as_ref().map(stillroom::testing::Rows::len),
        "batch_rows": args.target.batch_rows,
        "runs": figures.runs.len(),
        "rows_per_second": figures.rate(),
        "rows_per_second_least": least,
        "rows_per_second_most": most,
        "ns_per_row": 1e9 / figures.rate(),
        "bytes_per_second": figures.bytes_in() * figures.rate(),
        "boundary_ns_per_row": figures.boundary.map(|seconds| seconds * 1e9),
        "boundary_share": figures.share(),
        "memory_bytes": figures.memory(),
        "instances": figures.instances(),
    });
    format!("{value:#}\n")
}
