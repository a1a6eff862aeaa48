//! Global steps: rows are held by the host, on disk where they are many, while the step's own columns go through its
//! instances; when all have been there the instances answer, and what was held is put beside their answers.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::journal::Journal;
use super::ordered::{live, rows_of};
use super::stage::{Emit, Finished, Intake, contract};
use super::{Found, Keep, Token, Word};
use crate::cache::{InputKey, Kept, digest_columns};
use crate::error::{Error, Result};
use crate::instance::{Answer, Instance};
use crate::plan::{Call, From};
use crate::report::Count;
use crate::spool::{self, Budget, Place, Spool};
use crate::worker::{Item, Parcel, Rejected, arrange, at_rows, inputs, new_batch, step_error, take_all};

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

/// One of the instances of a global step.
pub(super) struct Part {
    call: Arc<Call>,
    share: usize,
    shares: usize,
    instance: Option<Instance>,
    /// What was held of it before the run was resumed, to be fed again, and the items that this was.
    again: Option<Spool>,
    items: u64,
    /// Where its answers are kept between runs, and the digest of what it has had so far.
    keep: Option<Arc<Keep>>,
    key: Option<InputKey>,
    /// Rows that came so far, all shares together.
    rows: u64,
    /// Of this share's rows, their places among all.
    mine: Vec<u32>,
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
    origins: Vec<u32>,
    made: Spool,
    rejected: Vec<(u32, String)>,
}

impl Part {
    pub(super) fn new(
        call: Arc<Call>,
        (share, shares): (usize, usize),
        items: u64,
        storage: &Storage,
        again: Option<Spool>,
        keep: Option<Arc<Keep>>,
    ) -> Self {
        let schema = made_schema(&call);
        let made = Spool::new(schema, storage.budget.clone(), Place::Temporary(storage.folder.clone()));
        let answers = Some(Answers { origins: Vec::new(), made, rejected: Vec::new() });
        let (mine, count) = Default::default();
        Self { call, share, shares, instance: None, again, items, keep, key: None, rows: 0, mine, answers, asking: None, count }
    }

    pub(super) fn take(&mut self, parcel: Parcel) -> Result<()> {
        // The one who holds the rows raises it.
        if parcel.failure.is_some() || parcel.number < self.items {
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
        let mut len = rows;
        if self.shares > 1 {
            let mine = rows_of(call.step, batch, self.share, self.shares);
            columns = take_all(&columns, &mine)?;
            len = mine.len();
            self.mine.extend(mine.values().iter().map(|row| first as u32 + row));
        }
        if len == 0 {
            return Ok(());
        }
        if self.keep.is_some() {
            // What has no digest is not kept.
            self.key = digest_columns(len, &columns, self.key.as_ref()).ok();
            self.keep = self.keep.take().filter(|_| self.key.is_some());
        }
        let answer = live(&mut self.instance, call).and_then(|instance| instance.process(len, &columns)).map_err(fail)?;
        if answer.rows > 0 || !answer.rejected.is_empty() {
            return Err(fail(contract("a global step answers in `finish`, not in `process`")));
        }
        self.count.calls += 1;
        self.count.bytes_in += answer.bytes_in as u64;
        Ok(())
    }

    /// Asks the instance for the next part of its answer; at the end, all of it goes to the one who holds the rows.
    pub(super) fn finish(&mut self, token: Token) -> Result<Finished> {
        if self.answers.is_none() {
            return Ok(Finished::End);
        }
        self.feed_again()?;
        let start = Instant::now();
        if self.instance.is_some() && self.asking.is_none() && self.recall()? {
            self.instance = None;
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
        self.instance = None;
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

    /// Rows that this share has had.
    fn own_rows(&self) -> usize {
        if self.shares > 1 { self.mine.len() } else { self.rows as usize }
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
        let own = |place: &u32| if self.shares > 1 { self.mine.binary_search(place).unwrap_or(0) as u32 } else { *place };
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
        let Some(instance) = &mut self.instance else { return Ok(false) };
        let Some(answer) = instance.finish(rows).map_err(fail)? else { return Ok(false) };
        self.count.calls += 1;
        self.hear(answer)?;
        Ok(true)
    }

    fn hear(&mut self, answer: Answer) -> Result<()> {
        let Answer { columns, rows, origins, rejected, .. } = answer;
        let origins = origins.unwrap_or_else(|| (0..rows as u32).collect());
        let place = |row: u32| if self.shares > 1 { self.mine[row as usize] } else { row };
        let Some(answers) = &mut self.answers else { return Ok(()) };
        answers.origins.extend(origins.into_iter().map(place));
        answers.rejected.extend(rejected.into_iter().map(|(row, why)| (place(row), why)));
        answers.made.push(new_batch(&made_schema(&self.call), columns, rows)?)
    }
}

fn made_schema(call: &Call) -> SchemaRef {
    Arc::new(Schema::new(call.opened.outputs.clone()))
}

/// Holds the rows of a global step until its instances have answered.
pub(super) struct Hold {
    call: Arc<Call>,
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

/// All answers as one, in their order: the columns made, and behind them the place of the row that each came from.
struct Joined {
    rows: Spool,
    /// What is carried along, in the answers' order, where taking it from where it lies would be slow.
    carried: Option<Spool>,
    rejected: Vec<(u32, String)>,
    at: usize,
    /// Whether it is written down.
    is_marked: bool,
}

/// What is written down of a global step.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    held: Option<spool::Mark>,
    /// Once the instances have answered.
    answer: Option<Answered>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    rows: spool::Mark,
    rejected: Vec<(u32, String)>,
    count: Count,
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
    pub(super) fn open(call: Arc<Call>, name: &str, schema: SchemaRef, storage: Storage, next: u64) -> Result<OpenHold> {
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
                if let Some(answered) = states.last().and_then(|state| state.answer.as_ref()).filter(|_| good == held.len())
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
        let mut hold = Self { call, intake, rows, found, storage, heard: Vec::new(), count, booked: count, answer, next, piece: 0 };
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
        if self.intake.is_due() { self.mark() } else { Ok(()) }
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
        if self.intake.is_due() {
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
        self.count.dropped += answered.iter().filter(|answered| !**answered).count() as u64;
        Ok(())
    }

    /// Where to begin, and how much at once: by the bytes of what was held, so that it is the same after a resumption.
    fn begin(&mut self) {
        let row_bytes = self.rows.bytes() as usize / (self.rows.rows() as usize).max(1);
        self.piece = self.call.batch.rows.min(2 * self.call.batch.bytes / row_bytes.max(1)).max(1);
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
            let rejected = std::mem::take(&mut joined.rejected);
            item.rejected.extend(reject(&self.call, &mut self.rows, rejected)?);
        }
        self.next += 1;
        Ok(Some(item))
    }
}

fn reject(call: &Call, rows: &mut Spool, rejected: Vec<(u32, String)>) -> Result<Option<Rejected>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let (places, reasons): (Vec<u32>, Vec<String>) = rejected.into_iter().unzip();
    Ok(Some(Rejected { step: call.id.clone(), rows: rows.take(&places)?, reasons }))
}

/// The column with the places of the rows, behind the columns made.
const PLACE: &str = "\0place";

impl Joined {
    fn schema(call: &Call) -> SchemaRef {
        let fields = call.opened.outputs.iter().cloned().chain([Field::new(PLACE, DataType::UInt32, false)]);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// One instance's answer keeps its order; several are put together in the order of the rows that they came from.
    fn new(call: &Call, storage: &Storage, name: &str, mut heard: Vec<Answers>) -> Result<Self> {
        let mut rejected: Vec<(u32, String)> =
            heard.iter_mut().flat_map(|answers| std::mem::take(&mut answers.rejected)).collect();
        rejected.sort_by_key(|(row, _)| *row);
        let schema = Self::schema(call);
        let mut rows = Spool::new(schema.clone(), storage.budget.clone(), storage.place(&format!("{name}.answer")));
        let mut order: Vec<(u32, usize, u32)> = Vec::new();
        if heard.len() > 1 {
            for (share, answers) in heard.iter().enumerate() {
                order.extend(answers.origins.iter().enumerate().map(|(at, row)| (*row, share, at as u32)));
            }
            order.sort_by_key(|(row, ..)| *row);
            for piece in order.chunks(BATCH) {
                rows.push(interleaved(&schema, piece, &mut heard)?)?;
            }
        } else if let Some(answers) = heard.first_mut() {
            let mut at = 0;
            for batch in 0..answers.made.batches() {
                let made = answers.made.batch(batch)?;
                let places = UInt32Array::from(answers.origins[at..at + made.num_rows()].to_vec());
                at += made.num_rows();
                let columns = made.columns().iter().cloned().chain([Arc::new(places) as ArrayRef]).collect();
                rows.push(new_batch(&schema, columns, made.num_rows())?)?;
            }
        }
        Ok(Self { rows, carried: None, rejected, at: 0, is_marked: false })
    }

    fn reopen(call: &Call, storage: &Storage, place: &Place, answered: &Answered) -> Result<Option<Self>> {
        let Place::Kept(path) = place else { return Ok(None) };
        let marks = [answered.rows];
        let (rows, good, _) = Spool::reopen(Self::schema(call), storage.budget.clone(), path.clone(), &marks)?;
        let joined = Self { rows, carried: None, rejected: answered.rejected.clone(), at: 0, is_marked: true };
        Ok((good == 1).then_some(joined))
    }

    fn piece(&mut self, call: &Call, held: &mut Spool, len: usize) -> Result<RecordBatch> {
        let numbers: Vec<u32> = (self.at..self.at + len).map(|row| row as u32).collect();
        let made = self.rows.take(&numbers)?;
        let Some((places, made)) = made.columns().split_last() else { return Ok(made) };
        let carries = call.layout.iter().any(|from| matches!(from, From::Carried(_)));
        let carried = if carries { Some(self.carry(held, places, &numbers)?) } else { None };
        self.at += len;
        let column = |column: usize| match &carried {
            Some(carried) => Ok(carried.column(column).clone()),
            None => Err(Error::Engine { message: "a column is carried by nobody".to_owned(), help: None }),
        };
        new_batch(&call.schema, arrange(&call.layout, column, made)?, len)
    }

    fn carry(&mut self, held: &mut Spool, places: &ArrayRef, numbers: &[u32]) -> Result<RecordBatch> {
        if self.carried.is_none() {
            let order = self.order()?;
            if !held.is_local(&order) {
                self.carried = Some(held.permuted(&order)?);
            }
        }
        match &mut self.carried {
            Some(carried) => carried.take(numbers),
            None => held.take(places.as_primitive::<UInt32Type>().values()),
        }
    }

    /// The places of all rows of the answer.
    fn order(&mut self) -> Result<Vec<u32>> {
        let mut order = Vec::with_capacity(self.rows.rows() as usize);
        for at in 0..self.rows.batches() {
            let batch = self.rows.batch(at)?;
            order.extend(batch.columns().last().into_iter().flat_map(|places| {
                places.as_primitive::<UInt32Type>().values().iter().copied()
            }));
        }
        Ok(order)
    }
}

/// Rows of a batch where answers are put together.
const BATCH: usize = 8192;

fn interleaved(schema: &SchemaRef, order: &[(u32, usize, u32)], heard: &mut [Answers]) -> Result<RecordBatch> {
    let mut parts = Vec::with_capacity(heard.len());
    let mut places = vec![(0, 0); order.len()];
    for (share, answers) in heard.iter_mut().enumerate() {
        let mut rows = Vec::new();
        for (at, (_, _, row)) in order.iter().enumerate().filter(|(_, (_, of, _))| *of == share) {
            places[at] = (share, rows.len());
            rows.push(*row);
        }
        parts.push(answers.made.take(&rows)?);
    }
    let column = |column: usize| {
        let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.column(column).as_ref()).collect();
        arrow_select::interleave::interleave(&arrays, &places).map_err(crate::worker::arrow)
    };
    let mut columns = (0..schema.fields().len() - 1).map(column).collect::<Result<Vec<_>>>()?;
    columns.push(Arc::new(UInt32Array::from_iter_values(order.iter().map(|(row, ..)| *row))));
    new_batch(schema, columns, order.len())
}
