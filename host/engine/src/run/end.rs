//! The end of a run: outputs get their names, the report is made.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::Summary;
use super::journal::Journal;
use super::stage::Stage;
use crate::card;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::report::{Count, ModelReport, OutputReport, Report, StepReport};
use crate::sink::{self, Sink};

/// All stages of a run that is complete.
pub(super) struct End<'a> {
    pub(super) summary: &'a Summary,
    pub(super) stages: Vec<Option<Box<Stage>>>,
    pub(super) models: Vec<ModelReport>,
    pub(super) journal: Option<&'a Journal>,
}

impl End<'_> {
    /// Everything is on the disk under temporary names. Once that is written down, the outputs get their names: a run that
    /// dies now needs only to be told to go on.
    pub(super) fn complete(self, start: Instant) -> Result<Report> {
        let mut counts = self.counts();
        let (mut outputs, mut sinks, mut rejected): (Vec<OutputReport>, Vec<Box<dyn Sink>>, u64) = Default::default();
        for stage in self.stages.into_iter().flatten() {
            match *stage {
                Stage::Output(output) => {
                    output.book_time(&mut counts);
                    let (report, sink) = output.into_parts();
                    outputs.push(report);
                    sinks.extend(sink);
                }
                Stage::Quarantine(quarantine) => {
                    rejected = quarantine.rejected();
                    sinks.extend(quarantine.into_sink()?);
                }
                _ => {}
            }
        }
        let mut report = Report { models: self.models, ..report(self.summary, &counts, outputs, rejected, start) };
        report.resumed = self.journal.is_some_and(Journal::is_resumed);
        if let Some(journal) = self.journal {
            let json = serde_json::to_value(&report).map_err(|error| internal(&error))?;
            journal.finish(&json)?;
        }
        sinks.into_iter().try_for_each(|sink| sink.commit().map(drop))?;
        if self.summary.has_card {
            card::write(&self.summary.pipeline, &report)?;
        }
        forget(self.journal);
        Ok(report)
    }

    /// What each step counted, from a stage behind its segment that knows.
    fn counts(&self) -> Vec<Count> {
        let mut counts = vec![Count::default(); self.summary.steps.len()];
        for (steps, exits) in self.summary.counted.iter().zip(&self.summary.exits) {
            let told = exits.iter().find_map(|exit| self.stages[exit.stage].as_ref()?.counts(exit.port));
            for (step, count) in steps.iter().zip(told.unwrap_or_default()) {
                counts[*step].add(count);
            }
        }
        counts
    }
}

/// Goes on with a run that died while its outputs got their names.
pub(super) fn name_outputs(plan: &Plan, report: &Value, journal: Option<&Journal>) -> Result<Report> {
    let mut report: Report = serde_json::from_value(report.clone()).map_err(|error| internal(&error))?;
    report.resumed = true;
    for output in &plan.outputs {
        sink::finish_commit(&output.options.path)?;
    }
    if report.rejected > 0 {
        sink::finish_commit(Path::new(&plan.quarantine))?;
    }
    if plan.has_card {
        card::write(&plan.pipeline, &report)?;
    }
    forget(journal);
    Ok(report)
}

/// Everything is where it belongs: that the run folder cannot be removed is no failure any more.
fn forget(journal: Option<&Journal>) {
    if let Some(Err(error)) = journal.map(Journal::remove) {
        tracing::warn!(%error, "the run is complete, but its run folder cannot be removed");
    }
}

fn internal(error: &serde_json::Error) -> Error {
    Error::Engine { message: format!("the report cannot be made: {error}"), help: None }
}

fn report(summary: &Summary, counts: &[Count], outputs: Vec<OutputReport>, rejected: u64, start: Instant) -> Report {
    let step = |(planned, all): (&crate::PlannedStep, &Count)| StepReport {
        id: planned.id.clone(),
        kind: planned.kind.to_owned(),
        inputs: planned.inputs.clone(),
        uses: planned.uses.clone(),
        digest: planned.digest.clone(),
        rows_in: all.rows_in,
        rows_out: all.rows_out,
        dropped: all.dropped,
        repeated: all.repeated,
        merged: all.merged,
        rejected: all.rejected,
        bytes_in: all.bytes_in,
        calls: all.calls,
        cached: all.cached,
        seconds: all.time.as_secs_f64(),
        failed: all.failed,
        skipped: all.skipped,
        peak: all.peak,
        limits: planned.limits,
        log: (all.log_bytes, all.log_dropped),
    };
    let mut outputs = outputs;
    for output in &mut outputs {
        output.path = summary.pipeline.redact(&output.path).into_owned();
    }
    let steps: Vec<StepReport> = summary.steps.iter().zip(counts).map(step).collect();
    Report {
        models: Vec::new(),
        pipeline: summary.name.clone(),
        seconds: start.elapsed().as_secs_f64(),
        threads: summary.threads,
        rows_in: steps.iter().filter(|step| step.kind == "source").map(|step| step.rows_out).sum(),
        rows_out: outputs.iter().filter(|output| output.is_leaf).map(|output| output.rows).sum(),
        rejected,
        resumed: false,
        warnings: summary.warnings.clone(),
        quarantine: (rejected > 0).then(|| summary.quarantine.clone()),
        steps,
        outputs,
    }
}
