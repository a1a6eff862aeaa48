//! Ordered steps: one instance sees every batch, in order; of a keyed one each of several sees all rows of some keys.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_select::interleave::interleave;

use super::Word;
use super::stage::pass_failure;
use super::steady::{Steady, Tally};
use crate::error::Result;
use crate::instance::{Answer, At, Failure, Spent};
use crate::plan::{Call, key_name};
use crate::report::Count;
use crate::worker::{
    Failed, Halved, Item, Parcel, Pieces, account, arrow, at_rows, batch_bytes, fail_rows, inputs, outcome, settle,
    step_error, take_all,
};

/// A step of which one instance sees every batch, in order.
pub(super) struct Ordered {
    call: Arc<Call>,
    steady: Steady,
    tally: Arc<Tally>,
    seen: u64,
}

impl Ordered {
    pub(super) fn new(steady: Steady, call: Arc<Call>, tally: Arc<Tally>) -> Self {
        Self { call, steady, tally, seen: 0 }
    }

    pub(super) fn take(&mut self, parcel: Parcel) -> Item {
        let (before, number, token) = (self.seen, parcel.number, parcel.token.clone());
        self.seen += parcel.entered;
        if parcel.failure.is_some() {
            return pass_failure(number, &[parcel], before, token);
        }
        match self.call(parcel, before) {
            Ok(item) => item,
            Err(error) => Item { placed: true, ..Item::failed(number, error, token) },
        }
    }

    fn call(&mut self, parcel: Parcel, before: u64) -> Result<Item> {
        let mut row = before;
        let start = Instant::now();
        let mut count = Count::default();
        let mut passed = Item::new(parcel.number, Vec::new(), parcel.token);
        let mut held = 0;
        for batch in parcel.batches.into_iter().filter(|batch| batch.num_rows() > 0) {
            let rows = batch.num_rows();
            let fail = |failure| at_rows(step_error(&self.call, parcel.number, rows, failure), row, rows as u64);
            let at = At { item: parcel.number, first_row: row - before };
            let columns = inputs(&self.call, &batch).map_err(fail)?;
            let Halved { answer, guilty } = self.steady.process(rows, &columns, at, &mut count).map_err(fail)?;
            let mut outcome = settle(&self.call, &batch, answer, &mut count).map_err(fail)?;
            let aside = guilty.len() + outcome.rejected.iter().map(|rejected| rejected.reasons.len()).sum::<usize>();
            let failed = fail_rows(&self.call, &batch, guilty, &mut count)?;
            self.tally.reject(&self.call, aside).map_err(fail)?;
            held += hand_on(&self.call, &self.tally, &mut outcome.pieces, &batch, held, &mut passed).map_err(fail)?;
            passed.rejected.extend(outcome.rejected.into_iter().chain(failed));
            row += rows as u64;
        }
        count.time += start.elapsed();
        passed.counts = vec![count];
        Ok(passed)
    }
}

/// Hands the pieces of an answer on: the bytes of them, where rows were multiplied. `held` were there of the item before.
fn hand_on(
    call: &Call,
    tally: &Tally,
    pieces: &mut Pieces,
    batch: &RecordBatch,
    held: usize,
    item: &mut Item,
) -> Result<usize, Failure> {
    let (grows, mut more) = (pieces.grows(), 0);
    while let Some(piece) = pieces.next_piece(call, batch).map_err(|error| host(&error))? {
        if grows {
            more += batch_bytes(&piece);
            tally.hold(held + more)?;
        }
        item.batches.push(piece);
    }
    Ok(more)
}

/// The rows of a batch that are this share's, by the hash of their key.
pub(super) fn rows_of(step: usize, batch: &RecordBatch, share: usize, shares: usize) -> UInt32Array {
    let key = batch.column_by_name(&key_name(step)).filter(|_| shares > 1);
    let Some(hashes) = key.and_then(|column| column.as_primitive_opt::<UInt32Type>()) else {
        return UInt32Array::from_iter_values(0..batch.num_rows() as u32);
    };
    let mine = hashes.values().iter().enumerate().filter(|(_, hash)| **hash as usize % shares == share);
    UInt32Array::from_iter_values(mine.map(|(row, _)| row as u32))
}

/// One of several instances of a keyed step.
pub(super) struct Share {
    call: Arc<Call>,
    share: usize,
    shares: usize,
    steady: Steady,
    seen: u64,
}

/// What a share answered to a batch, by the batch's own row numbers.
pub(crate) struct ShareAnswer {
    columns: Vec<ArrayRef>,
    origins: Vec<u32>,
    rejected: Vec<(u32, String)>,
    guilty: Vec<(u32, Failure)>,
    /// What its calls took. The last one is the batch's own, and not counted here.
    count: Count,
}

impl Share {
    pub(super) fn new(steady: Steady, call: Arc<Call>, share: usize, shares: usize) -> Self {
        Self { call, share, shares, steady, seen: 0 }
    }

    /// The parcel as it came, with what this share has to say to each of its batches.
    pub(super) fn take(&mut self, mut parcel: Parcel) -> Parcel {
        let before = self.seen;
        self.seen += parcel.entered;
        if parcel.failure.is_some() {
            return parcel;
        }
        let start = Instant::now();
        match self.answers(&parcel, before) {
            Ok(answers) => parcel.word = Some(Word::Share(answers, start.elapsed())),
            Err(error) => parcel.failure = Some(Failed::new(error, true)),
        }
        parcel
    }

    fn answers(&mut self, parcel: &Parcel, before: u64) -> Result<Vec<ShareAnswer>> {
        let mut row = before;
        let mut answers = Vec::with_capacity(parcel.batches.len());
        for batch in &parcel.batches {
            let rows = batch.num_rows();
            let answer = self.answer(batch, At { item: parcel.number, first_row: row - before });
            let fail = |failure| at_rows(step_error(&self.call, parcel.number, rows, failure), row, rows as u64);
            answers.push(answer.map_err(fail)?);
            row += rows as u64;
        }
        Ok(answers)
    }

    fn answer(&mut self, batch: &RecordBatch, at: At) -> Result<ShareAnswer, Failure> {
        let mine = rows_of(self.call.step, batch, self.share, self.shares);
        let columns = take_all(&inputs(&self.call, batch)?, &mine).map_err(|error| host(&error))?;
        let rows = mine.values();
        if rows.is_empty() {
            let none = |field: &arrow_schema::Field| arrow_array::new_empty_array(field.data_type());
            let columns = self.call.opened.outputs.iter().map(none).collect();
            let (origins, rejected, guilty, count) = Default::default();
            return Ok(ShareAnswer { columns, origins, rejected, guilty, count });
        }
        let mut count = Count::default();
        let Halved { answer, guilty } = self.steady.process(rows.len(), &columns, at, &mut count)?;
        count.spend(&answer.spent, answer.rows);
        let guilty = guilty.into_iter().map(|(row, failure)| (rows[row as usize], failure)).collect();
        let rejected = answer.rejected.into_iter().map(|(row, why)| (rows[row as usize], why)).collect::<Vec<_>>();
        let (columns, origins) = match answer.origins {
            Some(origins) => (answer.columns, origins.iter().map(|row| rows[*row as usize]).collect()),
            None if !rejected.is_empty() => {
                let mut gone = rejected.iter().map(|(row, _)| *row).peekable();
                let is_kept = |row: &u32| gone.next_if_eq(&rows[*row as usize]).is_none();
                let kept: Vec<u32> = (0..rows.len() as u32).filter(is_kept).collect();
                let origins = kept.iter().map(|row| rows[*row as usize]).collect();
                (take_all(&answer.columns, &UInt32Array::from(kept)).map_err(|error| host(&error))?, origins)
            }
            None => (answer.columns, rows.to_vec()),
        };
        Ok(ShareAnswer { columns, origins, rejected, guilty, count })
    }
}

fn host(error: &crate::Error) -> Failure {
    Failure::new(crate::error::Blame::Limit, error.to_string())
}

/// Puts together what the shares answered, in the order of the rows.
pub(super) struct Gather {
    call: Arc<Call>,
    tally: Arc<Tally>,
    seen: u64,
}

impl Gather {
    pub(super) fn new(call: Arc<Call>, tally: Arc<Tally>) -> Self {
        Self { call, tally, seen: 0 }
    }

    pub(super) fn take(&mut self, mut parcels: Vec<Parcel>) -> Result<Item> {
        let before = self.seen;
        let Some(first) = parcels.first() else { return Ok(Item::new(0, Vec::new(), super::idle_token())) };
        let (number, token) = (first.number, first.token.clone());
        self.seen += first.entered;
        if parcels.iter().any(|parcel| parcel.failure.is_some()) {
            return Ok(pass_failure(number, &parcels, before, token));
        }
        let start = Instant::now();
        let batches = std::mem::take(&mut parcels[0].batches);
        let mut item = Item::new(number, Vec::new(), token);
        let mut count = Count::default();
        let mut shares = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            if let Some(Word::Share(answers, time)) = parcel.word {
                count.time += time;
                shares.push(answers.into_iter());
            }
        }
        let (mut row, mut held) = (before, 0);
        for batch in batches {
            let answers: Vec<ShareAnswer> = shares.iter_mut().filter_map(Iterator::next).collect();
            let rows = batch.num_rows() as u64;
            if rows > 0 {
                self.gather(&batch, answers, (&mut item, &mut held), &mut count)
                    .map_err(|error| at_rows(error, row, rows))?;
            }
            row += rows;
        }
        count.time += start.elapsed();
        item.counts = vec![count];
        Ok(item)
    }

    fn gather(
        &self,
        batch: &RecordBatch,
        mut answers: Vec<ShareAnswer>,
        (item, held): (&mut Item, &mut usize),
        count: &mut Count,
    ) -> Result<()> {
        answers.iter().for_each(|answer| count.add(&answer.count));
        let mut guilty: Vec<_> = answers.iter_mut().flat_map(|answer| std::mem::take(&mut answer.guilty)).collect();
        guilty.sort_by_key(|(row, _)| *row);
        let answer = self.answer(batch.num_rows(), answers)?;
        count.calls += 1;
        account(count, batch.num_rows(), &answer);
        let mut outcome = outcome(&self.call, batch, answer)?;
        let aside = guilty.len() + outcome.rejected.iter().map(|rejected| rejected.reasons.len()).sum::<usize>();
        let failed = fail_rows(&self.call, batch, guilty, count)?;
        let number = item.number;
        let fail = |failure| step_error(&self.call, number, batch.num_rows(), failure);
        self.tally.reject(&self.call, aside).map_err(fail)?;
        *held += hand_on(&self.call, &self.tally, &mut outcome.pieces, batch, *held, item).map_err(fail)?;
        item.rejected.extend(outcome.rejected.into_iter().chain(failed));
        Ok(())
    }

    /// One answer of several: a row's own rows stay in the order in which its share gave them.
    fn answer(&self, rows_in: usize, answers: Vec<ShareAnswer>) -> Result<Answer> {
        let mut places: Vec<(u32, usize, usize)> = Vec::new();
        let mut rejected: Vec<(u32, String)> = Vec::new();
        for (share, answer) in answers.iter().enumerate() {
            places.extend(answer.origins.iter().enumerate().map(|(at, row)| (*row, share, at)));
        }
        places.sort_by_key(|(row, ..)| *row);
        let order: Vec<(usize, usize)> = places.iter().map(|(_, share, at)| (*share, *at)).collect();
        let column = |column: usize| {
            let arrays: Vec<&dyn arrow_array::Array> =
                answers.iter().map(|answer| answer.columns[column].as_ref()).collect();
            interleave(&arrays, &order).map_err(arrow)
        };
        let columns = (0..self.call.opened.outputs.len()).map(column).collect::<Result<Vec<_>>>()?;
        answers.into_iter().for_each(|answer| rejected.extend(answer.rejected));
        rejected.sort_by_key(|(row, _)| *row);
        let origins: Vec<u32> = places.into_iter().map(|(row, ..)| row).collect();
        let rows = order.len();
        // Where every row has its place, nothing is to be said of rows.
        let origins = (self.call.opened.any_rows || rows < rows_in).then_some(origins);
        Ok(Answer { columns, rows, origins, rejected, spent: Spent::default() })
    }
}
