//! Global steps: rows are held by the host, on disk where they are many, while the step's own columns go through its
//! instances; when all have been there the instances answer, and what was held is put beside their answers.

use std::sync::Arc;
use std::time::Instant;

use arrow_schema::SchemaRef;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::joined::{Answered, Joined};
use super::journal::Journal;
use super::part::Answers;
use super::stage::{Emit, Finished, Intake, contract};
use super::steady::Tally;
use super::{Token, Word};
use crate::error::Result;
use crate::pipeline::OnError;
use crate::plan::Call;
use crate::report::Count;
use crate::spool::{self, Budget, Place, Spool};
use crate::worker::{Item, Parcel, Reason, Rejected, step_error};

/// The most that a piece of a global step's answer may take where rows are repeated, in bytes.
const PIECE_BYTES: usize = 32 << 20;

/// Where a global step keeps what it has, in memory up to a budget and in the run folder where there is one.
pub(super) struct Storage {
    pub(super) budget: Arc<Budget>,
    pub(super) folder: std::path::PathBuf,
    pub(super) journal: Option<Arc<Journal>>,
}

impl Storage {
    pub(super) fn place(&self, name: &str) -> Place {
        match &self.journal {
            Some(journal) => Place::Kept(journal.file(&format!("{name}.spool"))),
            None => Place::Temporary(self.folder.clone()),
        }
    }
}

/// Holds the rows of a global step until its instances have answered.
pub(super) struct Hold {
    call: Arc<Call>,
    tally: Arc<Tally>,
    intake: Intake,
    rows: Spool,
    /// The marks of what was there when the run was resumed.
    found: Vec<spool::Mark>,
    storage: Storage,
    heard: Vec<Answers>,
    count: Count,
    /// What it came to when the instances had answered.
    booked: Count,
    answer: Option<Joined>,
    /// The next item to pass on.
    next: u64,
    /// Rows of an item.
    piece: usize,
}

/// What is written down of a global step.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    held: Option<spool::Mark>,
    /// Once the instances have answered.
    answer: Option<Answered>,
}

/// What a resumed run finds of a global step.
pub(super) struct OpenHold {
    pub(super) hold: Hold,
    /// To be fed to the instances again; none where they have answered.
    pub(super) has_answered: bool,
    pub(super) warning: Option<String>,
}

impl Hold {
    /// Opens what there is; `next` is the first item that those behind it want.
    pub(super) fn open(
        call: Arc<Call>,
        name: &str,
        schema: SchemaRef,
        storage: Storage,
        tally: Arc<Tally>,
        next: u64,
    ) -> Result<OpenHold> {
        let mut intake = Intake::new(name, 0, storage.journal.clone());
        let marks = storage.journal.as_ref().map_or(&[][..], |journal| journal.marks(name, 0));
        let states: Vec<State> =
            marks.iter().filter_map(|mark| serde_json::from_value(mark.state.clone()).ok()).collect();
        let (mut warning, mut answer, mut count, mut kept) = (None, None, Count::default(), 0);
        let held: Vec<spool::Mark> = states.iter().filter_map(|state| state.held).collect();
        let rows = match &storage.place(name) {
            Place::Kept(path) if !held.is_empty() => {
                let (rows, good, why) = Spool::reopen(schema, storage.budget.clone(), path.clone(), &held)?;
                if let Some(mark) = good.checked_sub(1).and_then(|at| marks.get(at)) {
                    intake.resume(mark);
                }
                (warning, kept) = (why, good);
                if let Some(answered) =
                    states.last().and_then(|state| state.answer.as_ref()).filter(|_| good == held.len())
                {
                    let place = storage.place(&format!("{name}.answer"));
                    answer = Joined::reopen(&call, &storage, &place, answered)?;
                    count = answered.count;
                }
                rows
            }
            _ => Spool::new(schema, storage.budget.clone(), storage.place(name)),
        };
        let has_answered = answer.is_some();
        let found = held[..kept].to_vec();
        let mut hold = Self {
            call,
            tally,
            intake,
            rows,
            found,
            storage,
            heard: Vec::new(),
            count,
            booked: count,
            answer,
            next,
            piece: 0,
        };
        if has_answered {
            hold.begin();
        }
        Ok(OpenHold { hold, has_answered, warning })
    }

    /// Items that it has and need not come again.
    pub(super) fn items(&self) -> u64 {
        self.intake.items
    }

    /// What it was found to hold, to be read by an instance.
    pub(super) fn again(&self) -> Result<Option<Spool>> {
        let Place::Kept(path) = self.storage.place(&self.intake.stage) else { return Ok(None) };
        if self.found.is_empty() {
            return Ok(None);
        }
        let (schema, budget) = (self.rows.schema().clone(), self.storage.budget.clone());
        Spool::reopen(schema, budget, path, &self.found).map(|(rows, ..)| Some(rows))
    }

    pub(super) fn counts(&self) -> &[Count] {
        &self.intake.counts
    }

    pub(super) fn take(&mut self, port: usize, parcel: Parcel) -> Result<()> {
        if port > 0 {
            if let Some(Word::Part(answers, count)) = parcel.word {
                self.heard.push(*answers);
                self.count.add(&count);
            }
            return Ok(());
        }
        if !self.intake.take(&parcel)? {
            return Ok(());
        }
        let start = Instant::now();
        for batch in parcel.batches {
            self.count.rows_in += batch.num_rows() as u64;
            self.rows.push(batch)?;
        }
        self.count.time += start.elapsed();
        if self.intake.is_due_with(self.rows.unwritten_bytes()) { self.mark() } else { Ok(()) }
    }

    fn unwritten_bytes(&self) -> u64 {
        self.rows.unwritten_bytes() + self.answer.as_ref().map_or(0, |joined| joined.rows.unwritten_bytes())
    }

    /// Writes down how far it is.
    pub(super) fn mark(&mut self) -> Result<()> {
        if self.intake.journal.is_none() {
            return Ok(());
        }
        match &mut self.answer {
            None if self.intake.is_new() => {
                let state = State { held: Some(self.rows.mark()?), answer: None };
                self.write(&state, false)
            }
            Some(joined) if !joined.is_marked => {
                joined.is_marked = true;
                let (rows, rejected) = (joined.rows.mark()?, joined.rejected.clone());
                let held = Some(self.rows.mark()?);
                self.write(&State { held, answer: Some(Answered { rows, rejected, count: self.booked }) }, true)
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, state: &State, is_done: bool) -> Result<()> {
        let mut mark = self.intake.mark(json!(state));
        mark.is_done = is_done;
        self.intake.write(&mark)
    }

    pub(super) fn finish(&mut self, token: Token) -> Result<Finished> {
        let start = Instant::now();
        if self.answer.is_none() {
            self.join()?;
            self.begin();
        }
        if self.intake.is_due_with(self.unwritten_bytes()) {
            self.mark()?;
        }
        let item = self.next_item(token)?;
        let Some(mut item) = item else { return Ok(Finished::End) };
        let mut count = std::mem::take(&mut self.count);
        count.time += start.elapsed();
        item.counts = vec![count];
        Ok(Finished::Part(Emit::Item(item)))
    }

    /// Books what the instances answered, and puts it together.
    fn join(&mut self) -> Result<()> {
        let rows = self.rows.rows() as usize;
        self.count.rows_in = rows as u64;
        let heard = std::mem::take(&mut self.heard);
        self.book(&heard, rows)?;
        self.answer = Some(Joined::new(&self.call, &self.storage, &self.intake.stage, heard)?);
        self.booked = self.count;
        Ok(())
    }

    /// Every row is answered for, rejected or dropped.
    fn book(&mut self, heard: &[Answers], rows: usize) -> Result<()> {
        let mut answered = vec![false; rows];
        let fail = |message| step_error(&self.call, 0, rows, contract(message));
        for row in heard.iter().flat_map(|answers| &answers.origins) {
            self.count.repeated += u64::from(std::mem::replace(&mut answered[*row as usize], true));
            self.count.rows_out += 1;
        }
        for (row, _) in heard.iter().flat_map(|answers| &answers.rejected) {
            if std::mem::replace(&mut answered[*row as usize], true) {
                return Err(fail("rejects a row that it has answered for or rejected before"));
            }
            self.count.rejected += 1;
        }
        let guilty = heard.iter().flat_map(|answers| &answers.guilty);
        let failed = guilty.clone().count() as u64;
        guilty.for_each(|(row, _)| answered[*row as usize] = true);
        match self.call.on_error {
            OnError::Skip => self.count.skipped += failed,
            OnError::Fail | OnError::Quarantine => {
                (self.count.failed, self.count.rejected) = (self.count.failed + failed, self.count.rejected + failed);
            }
        }
        let aside = (self.count.rejected + self.count.skipped) as usize;
        self.tally.reject(&self.call, aside).map_err(|failure| step_error(&self.call, 0, rows, failure))?;
        self.count.dropped += answered.iter().filter(|answered| !**answered).count() as u64;
        Ok(())
    }

    /// Where to begin, and how much at once: by the bytes of what was held, so that it is the same after a resumption. Where
    /// rows are repeated all of a piece may be the largest, so that has a bound of its own: with that alone, one large row would
    /// cut all others into batches of one.
    fn begin(&mut self) {
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX).max(1);
        let row_bytes = bytes(self.rows.bytes() / self.rows.rows().max(1));
        let most = if self.booked.repeated == 0 { usize::MAX } else { PIECE_BYTES / bytes(self.rows.largest_row()) };
        self.piece = self.call.batch.rows.min(2 * self.call.batch.bytes / row_bytes).min(most).max(1);
        if self.next > 0 {
            // The first item told it, and those behind have that.
            self.count = Count::default();
        }
        if let Some(joined) = &mut self.answer {
            joined.at = (self.next as usize).saturating_mul(self.piece);
        }
    }

    fn next_item(&mut self, token: Token) -> Result<Option<Item>> {
        let Some(joined) = &mut self.answer else { return Ok(None) };
        let rows = joined.rows.rows() as usize;
        // The first item comes even where it is empty: it tells what was counted and rejected.
        if joined.at >= rows && self.next > 0 {
            return Ok(None);
        }
        let len = self.piece.min(rows.saturating_sub(joined.at));
        let mut item = Item::new(self.next, Vec::new(), token);
        if len > 0 {
            item.batches.push(joined.piece(&self.call, &mut self.rows, len)?);
        }
        if self.next == 0 {
            // They stay: it may be written down only later what was answered.
            let rejected = joined.rejected.clone();
            item.rejected.extend(reject(&self.call, &mut self.rows, rejected)?);
        }
        self.next += 1;
        Ok(Some(item))
    }
}

fn reject(call: &Call, rows: &mut Spool, rejected: Vec<(u32, Reason)>) -> Result<Option<Rejected>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let (places, reasons): (Vec<u32>, Vec<Reason>) = rejected.into_iter().unzip();
    Ok(Some(Rejected { step: call.id.clone(), rows: rows.take(&places)?, reasons }))
}
