//! The end of the pipeline: outputs written in order, rejected rows set aside, the report.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::Summary;
use super::stage::raise;
use crate::error::{Error, Result, SinkError};
use crate::json as rows_json;
use crate::plan::{Output, Plan};
use crate::report::{Count, Progress, Report, StepReport};
use crate::sink::{self, Encode, Sink, SinkOptions};
use crate::source::Format;
use crate::worker::{Item, Rejected};

/// Rows shown in the report.
const SAMPLES: usize = 3;

/// The last stage.
pub(super) struct End {
    sinks: Vec<Box<dyn Sink>>,
    /// Of each sink, its step's place in the pipeline.
    steps: Vec<usize>,
    quarantine: Option<Quarantine>,
    quarantine_path: String,
    progress: Arc<Progress>,
    /// Rows that entered the last stretch of steps, to tell where a failure was.
    entered: u64,
    rows: u64,
    rejected: u64,
    samples: Vec<Value>,
    closed: bool,
}

/// Where rejected rows go: a JSON object a line, with the step, the reason and the row as it came to the step.
struct Quarantine {
    sink: Box<dyn Sink>,
}

impl End {
    pub(super) fn create(plan: &Plan, progress: Arc<Progress>) -> Result<Self> {
        let create = |output: &Output| Ok(sink::create(&output.options, output.schema.clone())?);
        let sinks = plan.sinks.iter().map(create).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            sinks,
            steps: plan.sinks.iter().map(|output| output.step).collect(),
            quarantine: None,
            quarantine_path: plan.quarantine.clone(),
            progress,
            entered: 0,
            rows: 0,
            rejected: 0,
            samples: Vec::new(),
            closed: false,
        })
    }

    pub(super) fn encoders(&self) -> Vec<Arc<dyn Encode>> {
        self.sinks.iter().map(|sink| sink.encoder()).collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn take(&mut self, mut item: Item, counts: &mut [Count]) -> Result<()> {
        raise(&mut item, self.entered)?;
        self.entered += item.entered;
        for ((sink, step), pieces) in self.sinks.iter_mut().zip(&self.steps).zip(item.encoded) {
            let start = Instant::now();
            pieces.into_iter().try_for_each(|piece| sink.write(piece))?;
            counts[*step].time += start.elapsed();
        }
        for rejected in &item.rejected {
            self.set_aside(rejected)?;
        }
        for batch in &item.batches {
            if self.samples.len() < SAMPLES {
                let rows = batch.slice(0, batch.num_rows().min(SAMPLES - self.samples.len()));
                self.samples.extend(rows_json::rows(&rows)?);
            }
        }
        let rows = item.batches.iter().map(|batch| batch.num_rows() as u64).sum();
        self.rows += rows;
        self.progress.add_done(rows);
        Ok(())
    }

    fn set_aside(&mut self, rejected: &Rejected) -> Result<()> {
        if self.quarantine.is_none() {
            self.quarantine = Some(Quarantine::create(&self.quarantine_path)?);
        }
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.write(rejected)?;
        }
        self.rejected += rejected.reasons.len() as u64;
        Ok(())
    }

    /// Everything is written: flush it all, and only when the system has all of it give it its names.
    pub(super) fn close(&mut self, counts: &mut [Count]) -> Result<()> {
        let mut sinks: Vec<Box<dyn Sink>> = std::mem::take(&mut self.sinks);
        for (sink, step) in sinks.iter_mut().zip(&self.steps) {
            let start = Instant::now();
            sink.close()?;
            counts[*step].time += start.elapsed();
        }
        if let Some(Quarantine { mut sink }) = self.quarantine.take() {
            sink.close()?;
            sinks.push(sink);
        } else if Path::new(&self.quarantine_path).is_file() {
            // An earlier run's rejected rows beside this run's outputs would be taken for this run's.
            let removed = std::fs::remove_file(&self.quarantine_path);
            removed.map_err(|error| SinkError::new(&self.quarantine_path, error))?;
        }
        sinks.into_iter().try_for_each(|sink| sink.commit().map(drop))?;
        self.closed = true;
        Ok(())
    }
}

impl Quarantine {
    fn create(path: &str) -> Result<Self> {
        let options = SinkOptions { path: path.into(), format: Some(Format::Jsonl), compression: None };
        Ok(Self { sink: sink::create(&options, Arc::new(arrow_schema::Schema::empty()))? })
    }

    fn write(&mut self, rejected: &Rejected) -> Result<()> {
        let mut lines = Vec::new();
        for (row, reason) in rows_json::rows(&rejected.rows)?.into_iter().zip(&rejected.reasons) {
            let line = json!({ "step": rejected.step, "reason": reason, "row": row });
            serde_json::to_writer(&mut lines, &line)
                .map_err(|error| Error::Engine { message: error.to_string(), help: None })?;
            lines.push(b'\n');
        }
        Ok(self.sink.write(sink::Encoded::Bytes(lines))?)
    }
}

/// Adds up what the threads counted.
pub(super) fn report(summary: &Summary, counts: &[Vec<Count>], end: End, start: Instant) -> Result<Report> {
    let step = |(at, planned): (usize, &crate::plan::PlannedStep)| {
        let mut all = Count::default();
        counts.iter().for_each(|thread| all.add(&thread[at]));
        StepReport {
            id: planned.id.clone(),
            kind: planned.kind.to_owned(),
            uses: planned.uses.clone(),
            digest: planned.digest.clone(),
            rows_in: all.rows_in,
            rows_out: all.rows_out,
            dropped: all.dropped,
            repeated: all.repeated,
            rejected: all.rejected,
            bytes_in: all.bytes_in,
            calls: all.calls,
            seconds: all.time.as_secs_f64(),
        }
    };
    let steps: Vec<StepReport> = summary.steps.iter().enumerate().map(step).collect();
    Ok(Report {
        pipeline: summary.pipeline.clone(),
        seconds: start.elapsed().as_secs_f64(),
        threads: summary.threads,
        rows_in: steps.first().map_or(0, |step| step.rows_out),
        rows_out: end.rows,
        rejected: end.rejected,
        samples: end.samples,
        quarantine: if end.rejected > 0 { Some(summary.quarantine.clone()) } else { None },
        steps,
    })
}
