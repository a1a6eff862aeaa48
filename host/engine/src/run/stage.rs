//! What is done serially and in order: reading, ordered and global steps, writing.

use std::time::Instant;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_select::interleave::interleave;

use crate::contract::v0_1::Kind;
use crate::error::{Blame, Error, Result, SourceError};
use crate::instance::{Failure, Instance};
use crate::plan::Call;
use crate::report::{Count, Progress};
use crate::source::{Source, Work};
use crate::worker::{Item, arrange, arrow, at_rows, batch_bytes, inputs, new_batch, step_error, transform};

pub(super) use super::end::End;

/// The beginning of the pipeline.
pub(super) struct Feed {
    origin: Origin,
    left: Option<u64>,
}

enum Origin {
    Files(Box<dyn Source>),
    Plugin { call: Box<Call>, instance: Option<Box<Instance>>, rows: usize },
}

/// A piece of input, read but perhaps not decoded.
pub(super) enum Piece {
    Raw(Work),
    Rows(Vec<RecordBatch>),
    Failed(Error),
}

impl Feed {
    pub(super) fn files(source: Box<dyn Source>, limit: Option<u64>) -> Self {
        Self { origin: Origin::Files(source), left: limit }
    }

    pub(super) fn plugin(call: Call, rows: usize, limit: Option<u64>) -> Self {
        Self { origin: Origin::Plugin { call: Box::new(call), instance: None, rows }, left: limit }
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self, number: u64, progress: &Progress, count: &mut Count) -> Option<Piece> {
        if self.left == Some(0) {
            return None;
        }
        let start = Instant::now();
        let piece = match &mut self.origin {
            Origin::Files(source) => {
                let next = source.next();
                progress.set_bytes(source.progress());
                next.map(|work| work.map(Piece::Raw)).map_err(Error::from)
            }
            Origin::Plugin { call, instance, rows } => {
                let wanted = self.left.map_or(*rows, |left| (*rows).min(usize::try_from(left).unwrap_or(usize::MAX)));
                generate(call, instance, wanted, number).map(|batch| batch.map(|batch| Piece::Rows(vec![batch])))
            }
        };
        count.time += start.elapsed();
        match (piece, &mut self.left) {
            (Ok(None), _) => None,
            (Ok(Some(piece)), None) => Some(piece),
            // To count rows they must be decoded here; a limit is for looking, not for speed.
            (Ok(Some(piece)), Some(left)) => Some(piece.limit(left)),
            (Err(error), _) => {
                self.left = Some(0);
                Some(Piece::Failed(error))
            }
        }
    }
}

impl Piece {
    pub(super) fn decode(self, number: u64, count: &mut Count, progress: &Progress) -> Item {
        let start = Instant::now();
        let item = match self.rows() {
            Ok(batches) => Item::new(number, batches),
            Err(error) => Item::failed(number, error),
        };
        count.time += start.elapsed();
        count.rows_out += item.entered;
        progress.add_read(item.entered);
        item
    }

    fn rows(self) -> Result<Vec<RecordBatch>> {
        match self {
            Self::Raw(work) => work().map_err(|error: SourceError| error.into()),
            Self::Rows(batches) => Ok(batches),
            Self::Failed(error) => Err(error),
        }
    }

    fn limit(self, left: &mut u64) -> Self {
        let batches = match self.rows() {
            Ok(batches) => batches,
            Err(error) => return Self::Failed(error),
        };
        let mut kept = Vec::new();
        for batch in batches {
            let rows = usize::try_from(*left).unwrap_or(usize::MAX).min(batch.num_rows());
            *left -= rows as u64;
            kept.push(batch.slice(0, rows));
        }
        Self::Rows(kept)
    }
}

fn generate(
    call: &Call,
    instance: &mut Option<Box<Instance>>,
    rows: usize,
    number: u64,
) -> Result<Option<RecordBatch>> {
    let fail = |failure| step_error(call, number, rows, failure);
    if instance.is_none() {
        *instance = Some(Box::new(Instance::open(&call.opening).map_err(fail)?));
    }
    let Some(live) = instance else { return Ok(None) };
    let answer = live.process(rows, &[]).map_err(fail)?;
    if answer.rows > rows || !answer.rejected.is_empty() {
        let message = format!("made {} rows where {rows} were wanted, or rejected some", answer.rows);
        return Err(fail(Failure { blame: Blame::Contract, message, backtrace: Vec::new(), params: false }));
    }
    if answer.rows == 0 {
        return Ok(None);
    }
    new_batch(&call.schema, answer.columns, answer.rows).map(Some)
}

/// Something serial between two segments, or at the end.
pub(super) enum Stage {
    Ordered(Box<Ordered>),
    Global(Box<Global>),
    End(Box<End>),
}

impl Stage {
    pub(super) fn of(call: Call) -> Self {
        if call.opened.kind == Kind::Global {
            Self::Global(Box::new(Global::new(call)))
        } else {
            Self::Ordered(Box::new(Ordered { call, instance: None, seen: 0 }))
        }
    }

    /// Gives the stage its next item; what it passes on comes back. A failure is passed on too, so that items before it come
    /// to the end first; only a global step, which has had all of them, raises it.
    pub(super) fn take(&mut self, item: Item, counts: &mut [Count]) -> Result<Option<Item>> {
        match self {
            Self::Ordered(ordered) => Ok(Some(ordered.take(item, counts))),
            Self::Global(global) => global.take(item, counts).map(|()| None),
            Self::End(end) => end.take(item, counts).map(|()| None),
        }
    }

    /// After the last item: the next piece of its answer, or none.
    pub(super) fn finish(&mut self, counts: &mut [Count]) -> Result<Option<Item>> {
        match self {
            Self::Ordered(_) => Ok(None),
            Self::Global(global) => global.finish(counts),
            Self::End(end) => end.close(counts).map(|()| None),
        }
    }
}

/// A step of which one instance sees every batch, in order.
pub(super) struct Ordered {
    call: Call,
    instance: Option<Instance>,
    seen: u64,
}

impl Ordered {
    fn take(&mut self, mut item: Item, counts: &mut [Count]) -> Item {
        let before = self.seen;
        self.seen += item.entered;
        let number = item.number;
        if item.failure.is_none() {
            match self.call(item, before, counts) {
                Ok(passed) => return passed,
                Err(error) => item = Item { placed: true, ..Item::failed(number, error) },
            }
        }
        place(&mut item, before);
        item
    }

    fn call(&mut self, item: Item, mut row: u64, counts: &mut [Count]) -> Result<Item> {
        let start = Instant::now();
        let count = &mut counts[self.call.step];
        let mut passed = Item { rejected: item.rejected, encoded: item.encoded, ..Item::new(item.number, Vec::new()) };
        for batch in item.batches.into_iter().filter(|batch| batch.num_rows() > 0) {
            let rows = batch.num_rows();
            let fail = |failure| at_rows(step_error(&self.call, item.number, rows, failure), row, rows as u64);
            let instance = match &mut self.instance {
                Some(instance) => instance,
                none => none.insert(Instance::open(&self.call.opening).map_err(fail)?),
            };
            let mut outcome = transform(&self.call, instance, &batch, count).map_err(fail)?;
            while let Some(piece) = outcome.pieces.next_piece(&self.call, &batch)? {
                passed.entered += piece.num_rows() as u64;
                passed.batches.push(piece);
            }
            passed.rejected.extend(outcome.rejected);
            row += rows as u64;
        }
        count.time += start.elapsed();
        Ok(passed)
    }
}

/// A step that sees everything before it answers. The rows wait here, in memory.
pub(super) struct Global {
    call: Call,
    instance: Option<Instance>,
    seen: u64,
    batches: Vec<RecordBatch>,
    bytes: usize,
    /// Of each batch, the number of its first row; and behind them, the number of rows.
    starts: Vec<usize>,
    answered: Vec<bool>,
    ready: Option<Ready>,
    carried: (Vec<Vec<crate::sink::Encoded>>, Vec<crate::worker::Rejected>),
    sent: u64,
}

/// A part of an answer, handed on in pieces.
struct Ready {
    columns: Vec<ArrayRef>,
    origins: Vec<u32>,
    at: usize,
}

impl Global {
    fn new(call: Call) -> Self {
        Self {
            call,
            instance: None,
            seen: 0,
            batches: Vec::new(),
            bytes: 0,
            starts: vec![0],
            answered: Vec::new(),
            ready: None,
            carried: Default::default(),
            sent: 0,
        }
    }

    fn rows(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    fn take(&mut self, mut item: Item, counts: &mut [Count]) -> Result<()> {
        raise(&mut item, self.seen)?;
        self.seen += item.entered;
        let start = Instant::now();
        self.carried.0.resize_with(item.encoded.len().max(self.carried.0.len()), Vec::new);
        self.carried.0.iter_mut().zip(item.encoded).for_each(|(all, more)| all.extend(more));
        self.carried.1.extend(item.rejected);
        for batch in item.batches.into_iter().filter(|batch| batch.num_rows() > 0) {
            let (row, rows) = (self.rows() as u64, batch.num_rows() as u64);
            self.consume(item.number, batch, &mut counts[self.call.step]).map_err(|error| at_rows(error, row, rows))?;
        }
        counts[self.call.step].time += start.elapsed();
        Ok(())
    }

    fn consume(&mut self, number: u64, batch: RecordBatch, count: &mut Count) -> Result<()> {
        let rows = batch.num_rows();
        let fail = |failure| step_error(&self.call, number, rows, failure);
        let columns = inputs(&self.call, &batch).map_err(fail)?;
        if self.instance.is_none() {
            self.instance = Some(Instance::open(&self.call.opening).map_err(fail)?);
        }
        let Some(instance) = &mut self.instance else { return Ok(()) };
        let answer = instance.process(rows, &columns).map_err(fail)?;
        if answer.rows > 0 || !answer.rejected.is_empty() {
            return Err(fail(contract("a global step answers in `finish`, not in `process`")));
        }
        count.calls += 1;
        count.rows_in += rows as u64;
        count.bytes_in += answer.bytes_in as u64;
        self.starts.push(self.rows() + rows);
        self.bytes += batch_bytes(&batch);
        self.batches.push(batch);
        if u32::try_from(self.rows()).is_err() {
            return Err(step_error(&self.call, number, rows, contract("a global step takes at most 2^32 rows")));
        }
        Ok(())
    }

    fn finish(&mut self, counts: &mut [Count]) -> Result<Option<Item>> {
        let start = Instant::now();
        let item = self.next_piece(&mut counts[self.call.step]);
        counts[self.call.step].time += start.elapsed();
        item
    }

    fn next_piece(&mut self, count: &mut Count) -> Result<Option<Item>> {
        if self.ready.is_none() && !self.ask(count)? {
            return Ok(self.last(count));
        }
        // A guest may answer with no rows, for ever: each time the run looks whether it is to stop.
        let Some(mut ready) = self.ready.take() else { return Ok(Some(self.item(Vec::new()))) };
        let len = self.piece_rows().min(ready.origins.len() - ready.at);
        let batch = self.gather(&ready, len)?;
        ready.at += len;
        if ready.at < ready.origins.len() {
            self.ready = Some(ready);
        }
        Ok(Some(self.item(vec![batch])))
    }

    /// Asks the guest for the next part of its answer; false when there is none.
    fn ask(&mut self, count: &mut Count) -> Result<bool> {
        let rows = self.rows();
        let fail = |failure| step_error(&self.call, 0, rows, failure);
        let Some(instance) = &mut self.instance else { return Ok(false) };
        let Some(answer) = instance.finish(rows).map_err(fail)? else {
            self.instance = None;
            return Ok(false);
        };
        count.calls += 1;
        self.answered.resize(rows, false);
        let mut booked = Count::default();
        let origins = answer.origins.clone().unwrap_or_else(|| (0..answer.rows as u32).collect());
        for row in &origins {
            let again = std::mem::replace(&mut self.answered[*row as usize], true);
            booked.repeated += u64::from(again);
        }
        for (row, _) in &answer.rejected {
            if std::mem::replace(&mut self.answered[*row as usize], true) {
                return Err(fail(contract("rejects a row that it has answered for or rejected before")));
            }
        }
        count.rows_out += origins.len() as u64;
        count.repeated += booked.repeated;
        count.rejected += answer.rejected.len() as u64;
        self.reject(answer.rejected)?;
        if !origins.is_empty() {
            self.ready = Some(Ready { columns: answer.columns, origins, at: 0 });
        }
        Ok(true)
    }

    /// The end: rows that nothing came of were dropped. What other steps left with the items goes on without rows.
    fn last(&mut self, count: &mut Count) -> Option<Item> {
        if self.starts.len() > 1 {
            self.answered.resize(self.rows(), false);
            count.dropped += self.answered.iter().filter(|answered| !**answered).count() as u64;
            self.starts = vec![0];
            self.batches.clear();
        }
        let left = !self.carried.0.iter().all(Vec::is_empty) || !self.carried.1.is_empty();
        left.then(|| self.item(Vec::new()))
    }

    fn piece_rows(&self) -> usize {
        let row_bytes = self.bytes / self.rows().max(1);
        self.call.batch.rows.min(2 * self.call.batch.bytes / row_bytes.max(1)).max(1)
    }

    fn item(&mut self, batches: Vec<RecordBatch>) -> Item {
        let (encoded, rejected) = std::mem::take(&mut self.carried);
        let item = Item { encoded, rejected, ..Item::new(self.sent, batches) };
        self.sent += 1;
        item
    }

    fn gather(&self, ready: &Ready, len: usize) -> Result<RecordBatch> {
        let places: Vec<(usize, usize)> =
            ready.origins[ready.at..ready.at + len].iter().map(|row| self.place(*row)).collect();
        let made: Vec<ArrayRef> = ready.columns.iter().map(|column| column.slice(ready.at, len)).collect();
        let columns = arrange(&self.call.layout, |column| self.carry(column, &places), &made)?;
        new_batch(&self.call.schema, columns, len)
    }

    fn carry(&self, column: usize, places: &[(usize, usize)]) -> Result<ArrayRef> {
        let arrays: Vec<&dyn arrow_array::Array> =
            self.batches.iter().map(|batch| batch.column(column).as_ref()).collect();
        interleave(&arrays, places).map_err(arrow)
    }

    /// The batch of a row, and its place in it.
    fn place(&self, row: u32) -> (usize, usize) {
        let batch = self.starts.partition_point(|start| *start <= row as usize) - 1;
        (batch, row as usize - self.starts[batch])
    }

    fn reject(&mut self, rejected: Vec<(u32, String)>) -> Result<()> {
        if rejected.is_empty() {
            return Ok(());
        }
        let (rows, reasons): (Vec<u32>, Vec<String>) = rejected.into_iter().unzip();
        let places: Vec<(usize, usize)> = rows.iter().map(|row| self.place(*row)).collect();
        let schema = self.batches[0].schema();
        let columns =
            (0..schema.fields().len()).map(|column| self.carry(column, &places)).collect::<Result<Vec<_>>>()?;
        let rows = new_batch(&schema, columns, reasons.len())?;
        self.carried.1.push(crate::worker::Rejected { step: self.call.id.clone(), rows, reasons });
        Ok(())
    }
}

fn contract(message: &str) -> Failure {
    Failure { blame: Blame::Contract, message: message.to_owned(), backtrace: Vec::new(), params: false }
}

/// An item's failure, when its turn has come.
pub(super) fn raise(item: &mut Item, seen: u64) -> Result<()> {
    place(item, seen);
    item.failure.take().map_or(Ok(()), Err)
}

/// Now it is known how many rows came before the item.
fn place(item: &mut Item, seen: u64) {
    if let (Some(Error::Step(step)), false) = (&mut item.failure, item.placed) {
        step.first_row += seen;
        item.placed = true;
    }
}
