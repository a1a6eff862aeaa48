//! One of the instances of a global step: it is fed the step's own columns, and asked when all have been there.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::hold::Storage;
use super::ordered::rows_of;
use super::stage::{Emit, Finished, contract};
use super::steady::Steady;
use super::{Found, Keep, Token, Word};
use crate::cache::{InputKey, Kept, digest_columns};
use crate::error::Result;
use crate::instance::{Answer, At, Failure};
use crate::plan::Call;
use crate::report::Count;
use crate::spool::{Place, Spool};
use crate::worker::{Halved, Parcel, Reason, at_rows, inputs, new_batch, step_error, take_all};

/// One of the instances of a global step.
pub(super) struct Part {
    call: Arc<Call>,
    share: usize,
    shares: usize,
    steady: Steady,
    /// What was held of it before the run was resumed, to be fed again, and the items that this was.
    again: Option<Spool>,
    items: u64,
    /// Where its answers are kept between runs, and the digest of what it has had so far.
    keep: Option<Arc<Keep>>,
    key: Option<InputKey>,
    /// A batch failed on its way here: what comes behind it is of no interest any more.
    is_stopped: bool,
    /// Rows that came so far, all shares together.
    rows: u64,
    /// Of the rows that the instance has accepted, their places among all; none as long as these are all rows.
    mine: Option<Vec<u32>>,
    /// None once they are told.
    answers: Option<Answers>,
    /// When it began to answer.
    asking: Option<Instant>,
    count: Count,
}

/// The largest answer that is kept for other runs.
const MOST_KEPT_BYTES: u64 = 256 << 20;

/// What an instance has to say about the rows.
pub(crate) struct Answers {
    /// Places of the rows that its output rows came from.
    pub(super) origins: Vec<u32>,
    pub(super) made: Spool,
    pub(super) rejected: Vec<(u32, String)>,
    /// Rows that it failed on, and why.
    pub(super) guilty: Vec<(u32, Reason)>,
}

impl Part {
    pub(super) fn new(
        steady: Steady,
        call: Arc<Call>,
        (share, shares): (usize, usize),
        items: u64,
        storage: &Storage,
        again: Option<Spool>,
        keep: Option<Arc<Keep>>,
    ) -> Self {
        let schema = made_schema(&call);
        let made = Spool::new(schema, storage.budget.clone(), Place::Temporary(storage.folder.clone()));
        let answers = Some(Answers { origins: Vec::new(), made, rejected: Vec::new(), guilty: Vec::new() });
        let mine = (shares > 1).then(Vec::new);
        Self {
            call,
            share,
            shares,
            steady,
            again,
            items,
            keep,
            key: None,
            is_stopped: false,
            rows: 0,
            mine,
            answers,
            asking: None,
            count: Count::default(),
        }
    }

    pub(super) fn take(&mut self, parcel: Parcel) -> Result<()> {
        // The one who holds the rows raises it.
        self.is_stopped |= parcel.failure.is_some();
        if self.is_stopped || parcel.number < self.items {
            return Ok(());
        }
        self.feed_again()?;
        let start = Instant::now();
        for batch in &parcel.batches {
            self.feed(parcel.number, batch)?;
        }
        self.count.time += start.elapsed();
        Ok(())
    }

    fn feed_again(&mut self) -> Result<()> {
        let Some(mut again) = self.again.take() else { return Ok(()) };
        let start = Instant::now();
        for at in 0..again.batches() {
            let batch = again.batch(at)?;
            self.feed(at as u64, &batch)?;
        }
        self.count.time += start.elapsed();
        Ok(())
    }

    fn feed(&mut self, number: u64, batch: &RecordBatch) -> Result<()> {
        let (first, rows) = (self.rows, batch.num_rows());
        if rows == 0 {
            return Ok(());
        }
        self.rows += rows as u64;
        let call = &self.call;
        let fail = |failure| at_rows(step_error(call, number, rows, failure), first, rows as u64);
        if u32::try_from(self.rows).is_err() {
            return Err(fail(contract("a global step takes at most 2^32 rows")));
        }
        let mut columns = inputs(call, batch).map_err(fail)?;
        let mut places: Option<Vec<u32>> = None;
        if self.shares > 1 {
            let mine = rows_of(call.step, batch, self.share, self.shares);
            columns = take_all(&columns, &mine)?;
            places = Some(mine.values().iter().map(|row| first as u32 + row).collect());
        }
        let len = places.as_ref().map_or(rows, Vec::len);
        if len == 0 {
            return Ok(());
        }
        if self.keep.is_some() {
            // What has no digest is not kept.
            self.key = digest_columns(len, &columns, self.key.as_ref()).ok();
            self.keep = self.keep.take().filter(|_| self.key.is_some());
        }
        let at = At { item: number, first_row: 0 };
        let Halved { answer, guilty } = self.steady.process(len, &columns, at, &mut self.count).map_err(fail)?;
        if answer.rows > 0 || !answer.rejected.is_empty() {
            return Err(fail(contract("a global step answers in `finish`, not in `process`")));
        }
        self.count.calls += 1;
        self.count.spend(&answer.spent, 0);
        let places = places.unwrap_or_else(|| (first as u32..self.rows as u32).collect());
        self.place(first, &places, guilty);
        Ok(())
    }

    /// Books where the rows are that the instance accepted, and which ones it failed on.
    fn place(&mut self, first: u64, places: &[u32], guilty: Vec<(u32, Failure)>) {
        if !guilty.is_empty() {
            // From here on its own numbers are not those of the rows.
            self.mine.get_or_insert_with(|| (0..first as u32).collect());
            // The answer to what it accepted is not the one to what it was given.
            (self.keep, self.key) = (None, None);
        }
        if let Some(mine) = &mut self.mine {
            let mut gone = guilty.iter().map(|(row, _)| *row as usize).peekable();
            let is_kept = |(row, _): &(usize, &u32)| gone.next_if_eq(row).is_none();
            mine.extend(places.iter().enumerate().filter(is_kept).map(|(_, place)| *place));
        }
        let Some(answers) = &mut self.answers else { return };
        answers.guilty.extend(guilty.into_iter().map(|(row, failure)| {
            (places[row as usize], Reason { blame: Some(failure.blame), message: failure.message })
        }));
    }

    /// Asks the instance for the next part of its answer; at the end, all of it goes to the one who holds the rows.
    pub(super) fn finish(&mut self, token: Token) -> Result<Finished> {
        if self.answers.is_none() {
            return Ok(Finished::End);
        }
        self.feed_again()?;
        let start = Instant::now();
        if self.steady.has_seen() && self.asking.is_none() && self.recall()? {
            self.steady.end();
        }
        let asking = *self.asking.get_or_insert(start);
        let is_more = self.ask()?;
        self.count.time += start.elapsed();
        if !is_more && self.count.cached == 0 {
            self.remember(asking)?;
        }
        if is_more {
            // A guest may answer with no rows, for ever: each time the run looks whether it is to stop.
            return Ok(Finished::Part(Emit::Nothing));
        }
        self.steady.end();
        let Some(answers) = self.answers.take() else { return Ok(Finished::End) };
        let word = Word::Part(Box::new(answers), Box::new(std::mem::take(&mut self.count)));
        Ok(Finished::Part(Emit::Parcel(Parcel {
            number: 0,
            entered: 0,
            batches: Vec::new(),
            encoded: Vec::new(),
            rejected: Vec::new(),
            counts: Arc::from([]),
            failure: None,
            word: Some(word),
            token,
        })))
    }

    /// Rows that the instance has accepted.
    fn own_rows(&self) -> usize {
        self.mine.as_ref().map_or(self.rows as usize, Vec::len)
    }

    /// Takes the answer that is kept from before, where there is one.
    fn recall(&mut self) -> Result<bool> {
        let (Some(keep), Some(key)) = (self.keep.clone().filter(|keep| keep.is_wanted()), self.key) else {
            return Ok(false);
        };
        let Found::Answer(answer) = keep.get(&self.call, self.own_rows(), key) else { return Ok(false) };
        self.count.cached += 1;
        self.hear(*answer)?;
        Ok(true)
    }

    /// Keeps the whole answer for other runs, where it is worth it.
    fn remember(&mut self, since: Instant) -> Result<()> {
        let (Some(keep), Some(key), Some(answers)) = (self.keep.clone(), self.key, &mut self.answers) else {
            return Ok(());
        };
        let bytes = answers.made.bytes() + 4 * answers.origins.len() as u64;
        if bytes > MOST_KEPT_BYTES || !keep.is_worth_keeping(bytes, since.elapsed()) {
            return Ok(());
        }
        let batches = (0..answers.made.batches()).map(|at| answers.made.batch(at)).collect::<Result<Vec<_>>>()?;
        let made = crate::plan::whole(&made_schema(&self.call), &batches)?;
        // By the share's own rows: where they stand among all is another run's affair.
        let own = |place: &u32| match &self.mine {
            Some(mine) => mine.binary_search(place).unwrap_or(0) as u32,
            None => *place,
        };
        let kept = Kept {
            columns: made.columns().to_vec(),
            fields: self.call.opened.outputs.clone(),
            rows: made.num_rows(),
            origins: Some(answers.origins.iter().map(own).collect()),
            rejected: answers.rejected.iter().map(|(place, why)| (own(place), why.clone())).collect(),
        };
        keep.put(&key, &kept);
        Ok(())
    }

    fn ask(&mut self) -> Result<bool> {
        let rows = self.own_rows();
        let fail = |failure| step_error(&self.call, 0, rows, failure);
        let Some(answer) = self.steady.finish(rows, &mut self.count).map_err(fail)? else { return Ok(false) };
        self.count.calls += 1;
        self.hear(answer)?;
        Ok(true)
    }

    fn hear(&mut self, answer: Answer) -> Result<()> {
        let Answer { columns, rows, origins, rejected, .. } = answer;
        let origins = origins.unwrap_or_else(|| (0..rows as u32).collect());
        let place = |row: u32| self.mine.as_ref().map_or(row, |mine| mine[row as usize]);
        let Some(answers) = &mut self.answers else { return Ok(()) };
        answers.origins.extend(origins.into_iter().map(place));
        answers.rejected.extend(rejected.into_iter().map(|(row, why)| (place(row), why)));
        answers.made.push(new_batch(&made_schema(&self.call), columns, rows)?)
    }
}

/// The columns that a step makes.
fn made_schema(call: &Call) -> SchemaRef {
    Arc::new(Schema::new(call.opened.outputs.clone()))
}
