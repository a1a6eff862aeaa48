//! Streams meet that do not come in the same items: each is held until all of them are there.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use serde_json::json;

use super::Token;
use super::hold::Storage;
use super::stage::{Emit, Finished, Intake};
use crate::error::Result;
use crate::plan::{Meet, MeetKind, Merged, NONE};
use crate::report::Count;
use crate::spool::{self, Place, Spool};
use crate::worker::{Item, Parcel, new_batch};

/// Holds streams until all of them are there. To put one after the other, the first goes on at once.
pub(super) struct Collect {
    meet: Arc<Meet>,
    inputs: Vec<Held>,
    merged: Option<Merged>,
    /// The next item to pass on.
    next: u64,
    /// Items that the first input had, where that goes on at once.
    passed: u64,
    count: Count,
    piece: usize,
}

struct Held {
    intake: Intake,
    rows: Spool,
    /// Whether it goes on at once, and nothing is kept of it.
    goes_on: bool,
    warning: Option<String>,
    /// Whether it was found to be complete.
    is_done: bool,
}

impl Collect {
    /// Opens what there is; `next` is the first item that those behind it want.
    pub(super) fn open(meet: Arc<Meet>, name: &str, storage: &Storage, next: u64) -> Result<Self> {
        let inputs = (0..meet.inputs.len()).map(|port| Held::open(&meet, name, port, storage, next));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        Ok(Self { meet, inputs, merged: None, next, passed: 0, count: Count::default(), piece: 0 })
    }

    /// Of a port: the items that it has and need not come again, and whether those are all.
    pub(super) fn items(&self, port: usize) -> (u64, bool) {
        (self.inputs[port].intake.items, self.inputs[port].is_done)
    }

    pub(super) fn warnings(&mut self) -> impl Iterator<Item = String> {
        self.inputs.iter_mut().filter_map(|held| held.warning.take())
    }

    pub(super) fn counts(&self, port: usize) -> &[Count] {
        &self.inputs[port].intake.counts
    }

    fn goes_on(&self, port: usize) -> bool {
        port == 0 && self.meet.kind == MeetKind::Append
    }

    pub(super) fn take(&mut self, port: usize, parcel: Parcel) -> Result<Emit> {
        let goes_on = self.goes_on(port);
        if !self.inputs[port].intake.take(&parcel)? {
            return Ok(Emit::Nothing);
        }
        if goes_on {
            let mut item = Item::new(parcel.number, Vec::new(), parcel.token);
            let mut count = Count::default();
            for batch in parcel.batches {
                count.rows_in += batch.num_rows() as u64;
                item.batches.push(self.append(0, &batch)?);
            }
            count.rows_out = count.rows_in;
            item.counts = vec![count];
            if self.inputs[0].intake.is_due() {
                self.inputs[0].mark(false)?;
            }
            return Ok(Emit::Item(item));
        }
        let start = Instant::now();
        for batch in parcel.batches {
            self.inputs[port].rows.push(batch)?;
        }
        self.count.time += start.elapsed();
        let held = &mut self.inputs[port];
        if held.intake.is_due_with(held.rows.unwritten_bytes()) {
            held.mark(false)?;
        }
        Ok(Emit::Nothing)
    }

    /// Writes down how far it is.
    pub(super) fn mark_all(&mut self) -> Result<()> {
        self.inputs.iter_mut().try_for_each(|held| held.mark(false))
    }

    pub(super) fn finish(&mut self, token: Token) -> Result<Finished> {
        let start = Instant::now();
        if self.merged.is_none() {
            self.begin()?;
        }
        let Some(merged) = &self.merged else { return Ok(Finished::End) };
        let at = (self.next - self.passed) as usize * self.piece;
        let is_first = self.next == self.passed;
        if at >= merged.len && !is_first {
            return Ok(Finished::End);
        }
        let len = self.piece.min(merged.len.saturating_sub(at));
        let part = merged.slice(at.min(merged.len), len);
        let mut item = Item::new(self.next, Vec::new(), token);
        if len > 0 {
            item.batches.push(self.gather(&part)?);
        }
        self.count.time += start.elapsed();
        item.counts = vec![std::mem::take(&mut self.count)];
        self.next += 1;
        Ok(Finished::Part(Emit::Item(item)))
    }

    /// All are there: which rows stand beside or after which.
    fn begin(&mut self) -> Result<()> {
        if self.meet.kind == MeetKind::Append {
            self.passed = self.inputs[0].intake.items;
        }
        for held in &mut self.inputs {
            if held.intake.is_due_with(held.rows.unwritten_bytes()) {
                held.mark(true)?;
            }
        }
        let mut count = Count::default();
        let merged = match self.meet.kind {
            MeetKind::Append => self.appended(&mut count),
            _ => {
                let origins = self
                    .inputs
                    .iter_mut()
                    .zip(&self.meet.inputs)
                    .map(|(held, input)| input.origin.map_or_else(|| Ok(Vec::new()), |column| held.column(column)));
                let origins = origins.collect::<Result<Vec<_>>>()?;
                self.meet.merge(&origins, &mut count)?
            }
        };
        let (rows, bytes) =
            self.inputs.iter().fold((0, 0), |(rows, bytes), held| (rows + held.rows.rows(), bytes + held.rows.bytes()));
        let row_bytes = (bytes / rows.max(1)) as usize;
        self.piece = self.meet.batch.rows.min(2 * self.meet.batch.bytes / row_bytes.max(1)).max(1);
        self.merged = Some(merged);
        // Those behind that have the first item have what was counted with it.
        if self.next <= self.passed {
            self.next = self.passed;
            count.time = self.count.time;
            self.count = count;
        } else {
            self.count = Count::default();
        }
        Ok(())
    }

    fn appended(&self, count: &mut Count) -> Merged {
        let lens: Vec<usize> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(at, held)| if at == 0 { 0 } else { held.rows.rows() as usize })
            .collect();
        let len = lens.iter().sum();
        let mut rows = vec![vec![NONE; len]; lens.len()];
        let mut at = 0;
        for (rows, own) in rows.iter_mut().zip(&lens) {
            rows[at..at + own].iter_mut().enumerate().for_each(|(row, place)| *place = row as u32);
            at += own;
        }
        (count.rows_in, count.rows_out) = (len as u64, len as u64);
        Merged { rows, len }
    }

    /// Rows of the output, from where the inputs' rows lie.
    fn gather(&mut self, part: &Merged) -> Result<RecordBatch> {
        let mut local = Merged { rows: Vec::with_capacity(part.rows.len()), len: part.len };
        let mut inputs = Vec::with_capacity(part.rows.len());
        for (held, rows) in self.inputs.iter_mut().zip(&part.rows) {
            let wanted: Vec<u32> = rows.iter().copied().filter(|row| *row != NONE).collect();
            let mut next = 0;
            let place = |row: &u32| {
                next += u32::from(*row != NONE);
                if *row == NONE { NONE } else { next - 1 }
            };
            local.rows.push(rows.iter().map(place).collect());
            inputs.push(held.rows.take(&wanted)?);
        }
        self.meet.gather(&local, &inputs)
    }

    /// A batch of the first input with the output's columns.
    fn append(&self, input: usize, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |(from, field): (&Vec<Option<usize>>, &Arc<arrow_schema::Field>)| match from[input] {
            Some(column) => batch.column(column).clone(),
            None => arrow_array::new_null_array(field.data_type(), rows),
        };
        let columns = self.meet.columns.iter().zip(self.meet.schema.fields()).map(column).collect();
        new_batch(&self.meet.schema, columns, rows)
    }
}

impl Held {
    fn open(meet: &Meet, name: &str, port: usize, storage: &Storage, next: u64) -> Result<Self> {
        let goes_on = port == 0 && meet.kind == MeetKind::Append;
        let intake = Intake::new(name, port, storage.journal.clone());
        let schema = meet.inputs[port].schema.clone();
        let marks = storage.journal.as_ref().map_or(&[][..], |journal| journal.marks(name, port)).to_vec();
        let place = storage.place(&format!("{name}.{port}"));
        let mut held = Self {
            intake,
            rows: Spool::new(schema.clone(), storage.budget.clone(), place.clone()),
            goes_on,
            warning: None,
            is_done: false,
        };
        let good = if goes_on {
            // Nothing is kept of it: it comes again from where those behind it want it.
            marks.iter().take_while(|mark| mark.items <= next).count()
        } else {
            let spooled: Vec<spool::Mark> =
                marks.iter().filter_map(|mark| serde_json::from_value(mark.state.clone()).ok()).collect();
            match &place {
                Place::Kept(path) if !spooled.is_empty() => {
                    let (rows, good, warning) = Spool::reopen(schema, storage.budget.clone(), path.clone(), &spooled)?;
                    (held.rows, held.warning) = (rows, warning);
                    good
                }
                _ => 0,
            }
        };
        if let Some(mark) = good.checked_sub(1).and_then(|at| marks.get(at)) {
            held.intake.resume(mark);
            held.is_done = mark.is_done;
        }
        Ok(held)
    }

    fn mark(&mut self, is_done: bool) -> Result<()> {
        let is_wanted = if is_done { !self.is_done } else { self.intake.is_new() };
        let journal = self.intake.journal.as_ref().filter(|journal| !is_done || journal.is_kept());
        if journal.is_none() || !is_wanted {
            return Ok(());
        }
        let state = if self.goes_on { serde_json::Value::Null } else { json!(self.rows.mark()?) };
        let mut mark = self.intake.mark(state);
        mark.is_done = is_done;
        self.is_done = is_done;
        self.intake.write(&mark)
    }

    /// All values of a column of origins.
    fn column(&mut self, column: usize) -> Result<Vec<u64>> {
        let mut values = Vec::with_capacity(self.rows.rows() as usize);
        for at in 0..self.rows.batches() {
            values.extend_from_slice(self.rows.batch(at)?.column(column).as_primitive::<UInt64Type>().values());
        }
        Ok(values)
    }
}
