//! One thread of a run. It owns its live instances, one a step, made on first use and kept for batch after batch.

use std::time::Instant;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take;

use crate::error::{Blame, Error, Result, StepError};
use crate::instance::{Answer, Failure, Instance};
use crate::plan::{Call, From, Op, Work};
use crate::report::Count;
use crate::run::Sinks;
use crate::sink::Encoded;

/// What goes through a stretch of the pipeline as one: the batches of one piece of input.
pub(crate) struct Item {
    /// Its place in the order.
    pub(crate) number: u64,
    /// Rows that it had when it entered the stretch.
    pub(crate) entered: u64,
    pub(crate) batches: Vec<RecordBatch>,
    /// For each sink, what it is to write.
    pub(crate) encoded: Vec<Vec<Encoded>>,
    pub(crate) rejected: Vec<Rejected>,
    /// The first thing that went wrong; nothing more is done with the item but to report it in its turn.
    pub(crate) failure: Option<Error>,
    /// Whether the failure knows its rows counted over all, and not only within the item.
    pub(crate) placed: bool,
}

impl Item {
    pub(crate) fn new(number: u64, batches: Vec<RecordBatch>) -> Self {
        let entered = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        Self { number, entered, batches, encoded: Vec::new(), rejected: Vec::new(), failure: None, placed: false }
    }

    pub(crate) fn failed(number: u64, failure: Error) -> Self {
        Self { failure: Some(failure), ..Self::new(number, Vec::new()) }
    }
}

/// Rows that a step rejected, as they came to it.
pub(crate) struct Rejected {
    /// The step's id.
    pub(crate) step: String,
    pub(crate) rows: RecordBatch,
    /// A reason for each row.
    pub(crate) reasons: Vec<String>,
}

/// A step's output, to be put beside what stayed outside, and who was rejected.
pub(crate) struct Outcome {
    pub(crate) pieces: Pieces,
    pub(crate) rejected: Option<Rejected>,
}

/// An output that is handed on in pieces of the batch's size where a step multiplied rows.
pub(crate) struct Pieces {
    made: Vec<ArrayRef>,
    /// The input row of each output row; `None`: the same rows.
    origins: Option<UInt32Array>,
    rows: usize,
    at: usize,
    /// Rows of a piece.
    size: usize,
}

impl Pieces {
    /// The next piece, carried columns taken by origin beside the made ones.
    pub(crate) fn next_piece(&mut self, call: &Call, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        if self.at >= self.rows {
            return Ok(None);
        }
        let (start, len) = (self.at, self.size.min(self.rows - self.at));
        self.at += len;
        let made: Vec<ArrayRef> = self.made.iter().map(|column| column.slice(start, len)).collect();
        let origins = self.origins.as_ref().map(|origins| origins.slice(start, len));
        let carried = |column: usize| match &origins {
            None => Ok(batch.column(column).clone()),
            Some(origins) => take(batch.column(column), origins, None).map_err(arrow),
        };
        new_batch(&call.schema, arrange(&call.layout, carried, &made)?, len).map(Some)
    }
}

pub(crate) struct Worker<'a> {
    sinks: &'a Sinks,
    instances: Vec<Option<Instance>>,
    pub(crate) counts: Vec<Count>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(steps: usize, sinks: &'a Sinks) -> Self {
        Self {
            sinks,
            instances: std::iter::repeat_with(|| None).take(steps).collect(),
            counts: vec![Count::default(); steps],
        }
    }

    /// Takes an item through a stretch of steps. A failure stays with the item, with the rows that it was at.
    pub(crate) fn segment(&mut self, ops: &[Op], item: &mut Item) {
        let mut first_row = 0;
        for batch in std::mem::take(&mut item.batches) {
            let rows = batch.num_rows() as u64;
            if let Err(error) = self.through(ops, batch, item) {
                item.failure = Some(at_rows(error, first_row, rows));
                return;
            }
            first_row += rows;
        }
    }

    /// Depth first: where a step makes many rows of few, each piece of them goes to the end before the next one is made.
    fn through(&mut self, ops: &[Op], batch: RecordBatch, item: &mut Item) -> Result<()> {
        let Some((op, rest)) = ops.split_first() else {
            item.batches.push(batch);
            return Ok(());
        };
        if let Work::Call(call) = &op.work {
            return self.call(call, rest, batch, item);
        }
        let start = Instant::now();
        let rows_in = batch.num_rows() as u64;
        let batch = match &op.work {
            Work::Sink(sink) => self.encode(*sink, op.step, batch, item)?,
            Work::Filter(expression) => {
                let keep = expression.filter(&batch).map_err(|error| self.host_error(op.step, item, error.message))?;
                if keep.true_count() == batch.num_rows() {
                    batch
                } else {
                    filter_record_batch(&batch, &keep).map_err(arrow)?
                }
            }
            Work::Compute(columns, schema) => {
                let made = columns.iter().map(|(at, expression)| Ok((*at, expression.evaluate(&batch)?)));
                let made = made.collect::<std::result::Result<Vec<_>, crate::expression::ExpressionError>>();
                let made = made.map_err(|error| self.host_error(op.step, item, error.message))?;
                replace(&batch, made, schema)?
            }
            Work::Project(columns, schema) => {
                let columns = columns.iter().map(|column| batch.column(*column).clone()).collect();
                new_batch(schema, columns, batch.num_rows())?
            }
            Work::Call(_) => batch,
        };
        let count = &mut self.counts[op.step];
        count.rows_in += rows_in;
        count.rows_out += batch.num_rows() as u64;
        count.dropped += rows_in - batch.num_rows() as u64;
        count.time += start.elapsed();
        self.through(rest, batch, item)
    }

    fn call(&mut self, call: &Call, rest: &[Op], batch: RecordBatch, item: &mut Item) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let start = Instant::now();
        let fail = |failure| step_error(call, item.number, batch.num_rows(), failure);
        let mut instance = match self.instances[call.step].take() {
            Some(instance) => instance,
            None => Instance::open(&call.opening).map_err(fail)?,
        };
        let outcome = transform(call, &mut instance, &batch, &mut self.counts[call.step]).map_err(fail)?;
        if !instance.is_bloated() {
            self.instances[call.step] = Some(instance);
        }
        item.rejected.extend(outcome.rejected);
        let mut pieces = outcome.pieces;
        let mut time = start.elapsed();
        loop {
            let start = Instant::now();
            let Some(piece) = pieces.next_piece(call, &batch)? else { break };
            time += start.elapsed();
            self.through(rest, piece, item)?;
        }
        self.counts[call.step].time += time;
        Ok(())
    }

    fn encode(&mut self, sink: usize, step: usize, batch: RecordBatch, item: &mut Item) -> Result<RecordBatch> {
        item.encoded.resize_with(self.sinks.encoders.len(), Vec::new);
        if batch.num_rows() > 0 {
            let encoded = self.sinks.encoders[sink].encode(&batch)?;
            self.counts[step].bytes_in += match &encoded {
                Encoded::Bytes(bytes) => bytes.len(),
                Encoded::Batch(batch) => batch_bytes(batch),
            } as u64;
            item.encoded[sink].push(encoded);
        }
        Ok(batch)
    }

    fn host_error(&self, step: usize, item: &Item, message: String) -> Error {
        let rows = item.entered;
        let (id, uses) = self.sinks.step_names[step].clone();
        StepError {
            step: id,
            uses,
            batch: item.number,
            first_row: 0,
            rows,
            blame: Blame::Expression,
            message,
            backtrace: Vec::new(),
            help: None,
        }
        .into()
    }
}

/// One batch through one instance: columns in, columns out, the rest carried along by row origin.
pub(crate) fn transform(
    call: &Call,
    instance: &mut Instance,
    batch: &RecordBatch,
    count: &mut Count,
) -> Result<Outcome, Failure> {
    let columns = inputs(call, batch)?;
    let answer = instance.process(batch.num_rows(), &columns)?;
    count.calls += 1;
    count.bytes_in += answer.bytes_in as u64;
    account(count, batch.num_rows(), &answer);
    outcome(call, batch, answer).map_err(|error| internal(&error))
}

/// The columns that a step signed for, converted where it takes another type.
pub(crate) fn inputs(call: &Call, batch: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
    let column = |input: &crate::plan::Input| {
        let column = batch.column(input.column);
        match &input.cast {
            None => Ok(column.clone()),
            Some(wanted) => arrow_cast::cast(column, wanted).map_err(|error| internal(&arrow(error))),
        }
    };
    call.inputs.iter().map(column).collect()
}

fn internal(error: &Error) -> Failure {
    Failure { blame: Blame::Limit, message: error.to_string(), backtrace: Vec::new(), params: false }
}

/// Books an answer: every input row is in the output, dropped or rejected.
pub(crate) fn account(count: &mut Count, rows_in: usize, answer: &Answer) {
    let rejected = answer.rejected.len();
    let (rows_out, distinct) = match &answer.origins {
        None => (answer.rows - rejected, answer.rows - rejected),
        Some(origins) => (answer.rows, distinct(origins, rows_in)),
    };
    count.rows_in += rows_in as u64;
    count.rows_out += rows_out as u64;
    count.rejected += rejected as u64;
    count.repeated += (rows_out - distinct) as u64;
    count.dropped += (rows_in - distinct - rejected) as u64;
}

fn distinct(origins: &[u32], rows_in: usize) -> usize {
    if origins.windows(2).all(|pair| pair[0] < pair[1]) {
        return origins.len();
    }
    let mut seen = vec![false; rows_in];
    origins.iter().filter(|row| !std::mem::replace(&mut seen[**row as usize], true)).count()
}

fn outcome(call: &Call, batch: &RecordBatch, answer: Answer) -> Result<Outcome> {
    let rejected = rejected(call, batch, &answer.rejected)?;
    let (made, origins) = match answer.origins {
        None if answer.rejected.is_empty() => (answer.columns, None),
        // The rejected rows have their place in the columns; it goes here.
        None => {
            let kept = UInt32Array::from(kept_rows(answer.rows, &answer.rejected));
            (take_all(&answer.columns, &kept)?, Some(kept))
        }
        Some(origins) => (answer.columns, Some(UInt32Array::from(origins))),
    };
    let rows = origins.as_ref().map_or(answer.rows, Array::len);
    let size = if rows <= batch.num_rows() { rows } else { piece_rows(call, batch, &made, rows) };
    Ok(Outcome { pieces: Pieces { made, origins, rows, at: 0, size: size.max(1) }, rejected })
}

fn kept_rows(rows: usize, rejected: &[(u32, String)]) -> Vec<u32> {
    let mut rejected = rejected.iter().map(|(row, _)| *row).peekable();
    (0..rows as u32).filter(|row| rejected.next_if_eq(row).is_none()).collect()
}

/// Rows of a piece where a step made more rows than it got. The input's bytes count as those of its largest row could: a
/// batch has either rows of ordinary size or one that is alone.
fn piece_rows(call: &Call, batch: &RecordBatch, made: &[ArrayRef], rows: usize) -> usize {
    let carried = call.layout.iter().filter_map(|from| match from {
        From::Carried(column) => Some(largest_row(batch.column(*column))),
        From::Made(_) => None,
    });
    let row_bytes = carried.sum::<usize>() + made.iter().map(array_bytes).sum::<usize>() / rows;
    call.batch.rows.min(2 * call.batch.bytes / row_bytes.max(1)).max(1)
}

/// Bytes of the largest value of a column of text or bytes; of other columns, what a row takes on average.
fn largest_row(column: &ArrayRef) -> usize {
    match column.data_type() {
        DataType::Utf8 => widest(column.as_string::<i32>().value_offsets()),
        DataType::Binary => widest(column.as_binary::<i32>().value_offsets()),
        _ => array_bytes(column) / column.len().max(1),
    }
}

fn widest(offsets: &[i32]) -> usize {
    offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize).max().unwrap_or(0)
}

/// What a column's rows take, without the rest of the buffers that it shares.
fn array_bytes(column: &ArrayRef) -> usize {
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
}

pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(array_bytes).sum()
}

fn rejected(call: &Call, batch: &RecordBatch, rejected: &[(u32, String)]) -> Result<Option<Rejected>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let (rows, reasons): (Vec<u32>, Vec<String>) = rejected.iter().cloned().unzip();
    let columns = take_all(batch.columns(), &UInt32Array::from(rows))?;
    let rows = new_batch(&batch.schema(), columns, reasons.len())?;
    Ok(Some(Rejected { step: call.id.clone(), rows, reasons }))
}

fn take_all(columns: &[ArrayRef], rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| take(column, rows, None).map_err(arrow)).collect()
}

/// The columns after a step, in the layout's order.
pub(crate) fn arrange(
    layout: &[From],
    mut carried: impl FnMut(usize) -> Result<ArrayRef>,
    made: &[ArrayRef],
) -> Result<Vec<ArrayRef>> {
    layout
        .iter()
        .map(|from| match from {
            From::Carried(column) => carried(*column),
            From::Made(column) => Ok(made[*column].clone()),
        })
        .collect()
}

fn replace(batch: &RecordBatch, made: Vec<(usize, ArrayRef)>, schema: &SchemaRef) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    for (at, column) in made {
        if at < columns.len() { columns[at] = column } else { columns.push(column) }
    }
    new_batch(schema, columns, batch.num_rows())
}

pub(crate) fn new_batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(arrow)
}

pub(crate) fn step_error(call: &Call, batch: u64, rows: usize, failure: Failure) -> Error {
    let help = match failure.blame {
        Blame::Contract => Some("the plugin broke the contract: its author should hear of it".to_owned()),
        Blame::Limit => Some("smaller batches need less memory: `batch-bytes:` in the pipeline".to_owned()),
        Blame::Data | Blame::Plugin | Blame::Expression => None,
    };
    StepError {
        step: call.id.clone(),
        uses: call.uses.clone(),
        batch,
        first_row: 0,
        rows: rows as u64,
        blame: failure.blame,
        message: failure.message,
        backtrace: failure.backtrace,
        help,
    }
    .into()
}

pub(crate) fn arrow(error: arrow_schema::ArrowError) -> Error {
    Error::Engine { message: error.to_string(), help: None }
}

/// The rows of the item at which a step failed.
pub(crate) fn at_rows(mut error: Error, first_row: u64, rows: u64) -> Error {
    if let Error::Step(step) = &mut error {
        (step.first_row, step.rows) = (first_row, rows);
    }
    error
}
