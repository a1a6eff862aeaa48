//! An output: what was encoded in parallel is written in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::journal::{Journal, Mark};
use super::stage::Intake;
use crate::error::Result;
use crate::json as rows_json;
use crate::plan;
use crate::report::{Count, OutputReport, Progress};
use crate::sink::{self, Encode, Partial, Sink};
use crate::worker::Parcel;

/// Rows shown of an output.
const SAMPLES: usize = 3;

/// Characters of a text in them.
const SAMPLE_CHARS: usize = 1000;

/// The stage that writes an output.
pub(super) struct Output {
    intake: Intake,
    sink: Option<Box<dyn Sink>>,
    /// Where its own step is counted among those of the segment.
    slot: Option<usize>,
    told: Told,
    /// What there was to tell after each item since the sink's last mark: a format may be behind.
    history: VecDeque<(Mark, Told)>,
    progress: Arc<Progress>,
    is_closed: bool,
    /// The step whose output it is; none for a leaf's data set.
    step: Option<usize>,
    about: OutputReport,
}

/// What is told of an output.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Told {
    rows: u64,
    /// Shared: they do not change any more once there are enough.
    samples: Arc<Vec<Value>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    sink: Option<sink::Mark>,
    told: Told,
}

/// A stage as it was found.
pub(super) struct Opened {
    pub(super) output: Output,
    pub(super) encoder: Arc<dyn Encode>,
    pub(super) warning: Option<String>,
}

impl Output {
    /// Opens an output, from where it was left where the run is resumed.
    pub(super) fn open(
        name: &str,
        plan: &plan::Output,
        (step, slot): (Option<usize>, Option<usize>),
        journal: Option<&Arc<Journal>>,
        progress: Arc<Progress>,
    ) -> Result<Opened> {
        let marks = journal.map_or(&[][..], |journal| journal.marks(name, 0));
        let states: Vec<Option<State>> =
            marks.iter().map(|mark| serde_json::from_value(mark.state.clone()).ok()).collect();
        let mut options = plan.options.clone();
        options.partial = journal.map(|journal| Partial {
            keep: journal.keep(),
            marks: states.iter().flatten().filter_map(|state| state.sink.clone()).collect(),
        });
        let opened = sink::create(&options, plan.schema.clone())?;
        let mut intake = Intake::new(name, 0, journal.cloned());
        let mut told = Told::default();
        let found = marks.iter().zip(&states).rev().find(|(mark, _)| mark.items == opened.items && opened.items > 0);
        if let Some((mark, Some(state))) = found {
            intake.resume(mark);
            told.clone_from(&state.told);
        }
        let about = OutputReport {
            name: plan.name.clone(),
            split: plan.split.map(str::to_owned),
            path: plan.options.path.to_string_lossy().into_owned(),
            is_leaf: plan.is_leaf,
            columns: plan.schema.fields().iter().map(|field| field.name().clone()).collect(),
            types: plan.schema.fields().iter().map(|field| type_text(field.data_type())).collect(),
            ..OutputReport::default()
        };
        let encoder = opened.sink.encoder();
        let sink = Some(opened.sink);
        let output =
            Self { intake, sink, slot, told, history: VecDeque::new(), progress, is_closed: false, step, about };
        Ok(Opened { output, encoder, warning: opened.warning })
    }

    /// Items that are in the file.
    pub(super) fn items(&self) -> u64 {
        self.intake.items
    }

    pub(super) fn counts(&self) -> &[Count] {
        &self.intake.counts
    }

    pub(super) fn take(&mut self, parcel: Parcel) -> Result<()> {
        if !self.intake.take(&parcel)? {
            return Ok(());
        }
        let start = Instant::now();
        let Some(sink) = &mut self.sink else { return Ok(()) };
        parcel.encoded.into_iter().try_for_each(|piece| sink.write(piece))?;
        sink.end_item(self.intake.items)?;
        self.told.tell(&parcel.batches)?;
        if self.about.is_leaf {
            self.progress.add_done(parcel.batches.iter().map(|batch| batch.num_rows() as u64).sum());
        }
        if let Some(count) = self.slot.and_then(|slot| self.intake.counts.get_mut(slot)) {
            count.time += start.elapsed();
        }
        if self.intake.journal.is_some() {
            self.history.push_back((self.intake.mark(Value::Null), self.told.clone()));
        }
        if self.intake.is_due() { self.mark() } else { Ok(()) }
    }

    /// Writes down how much of the file is on the disk.
    pub(super) fn mark(&mut self) -> Result<()> {
        let Some(sink) = self.sink.as_mut().filter(|_| self.intake.journal.is_some() && !self.is_closed) else {
            return Ok(());
        };
        let Some(written) = sink.mark()? else { return Ok(()) };
        while self.history.front().is_some_and(|(mark, _)| mark.items < written.items) {
            self.history.pop_front();
        }
        if let Some((mark, told)) = self.history.pop_front().filter(|(mark, _)| mark.items == written.items) {
            let state = json!(State { sink: Some(written), told });
            self.intake.write(&Mark { state, ..mark })?;
        }
        Ok(())
    }

    /// Ends the file, under its temporary name still.
    pub(super) fn finish(&mut self) -> Result<()> {
        let start = Instant::now();
        if let Some(sink) = &mut self.sink {
            sink.close()?;
        }
        self.is_closed = true;
        self.history.clear();
        if let Some(count) = self.slot.and_then(|slot| self.intake.counts.get_mut(slot)) {
            count.time += start.elapsed();
        }
        Ok(())
    }

    /// The time that writing took belongs to the output's own step.
    pub(super) fn book_time(&self, counts: &mut [Count]) {
        if let (Some(step), Some(slot)) = (self.step, self.slot)
            && let Some(count) = self.intake.counts.get(slot)
        {
            counts[step].time = count.time;
        }
    }

    /// What is told of it, and the sink, to be given its name.
    pub(super) fn into_parts(self) -> (OutputReport, Option<Box<dyn Sink>>) {
        let report =
            OutputReport { rows: self.told.rows, samples: Arc::unwrap_or_clone(self.told.samples), ..self.about };
        (report, self.sink)
    }
}

fn type_text(data_type: &arrow_schema::DataType) -> String {
    crate::contract::data_type::to_text(data_type).unwrap_or_else(|| data_type.to_string())
}

impl Told {
    fn tell(&mut self, batches: &[RecordBatch]) -> Result<()> {
        for batch in batches {
            if self.samples.len() < SAMPLES {
                let rows = batch.slice(0, batch.num_rows().min(SAMPLES - self.samples.len()));
                let rows = rows_json::rows(&rows)?;
                let short = rows.iter().map(|row| rows_json::shortened(row, SAMPLE_CHARS));
                Arc::make_mut(&mut self.samples).extend(short);
            }
            self.rows += batch.num_rows() as u64;
        }
        Ok(())
    }
}
