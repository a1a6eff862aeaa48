//! One call into the sandbox: what goes in, what comes out, and how that meets the columns that stayed outside.

use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::take::take;

use crate::error::{Blame, Error, Result, StepError};
use crate::instance::{Answer, Failure};
use crate::pipeline::OnError;
use crate::plan::{Call, From};
use crate::report::Count;
use crate::spool::largest_row;

/// Rows that a step rejected, as they came to it.
pub(crate) struct Rejected {
    /// The step's id.
    pub(crate) step: String,
    pub(crate) rows: RecordBatch,
    /// A reason for each row.
    pub(crate) reasons: Vec<Reason>,
}

/// Why a row is in the quarantine.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Reason {
    /// Whose fault it is that the step failed on it; none where the step rejected it.
    pub(crate) blame: Option<Blame>,
    pub(crate) message: String,
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
    /// Whether rows of the input come out more than once.
    repeats: bool,
}

impl Pieces {
    /// Whether more may come out than came in: what is carried along grows with each repetition, however many rows there are.
    pub(crate) fn grows(&self) -> bool {
        self.repeats
    }

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
        let piece = arrange(&call.layout, carried, &made).and_then(|columns| new_batch(&call.schema, columns, len));
        piece.map(Some)
    }
}

/// Books an answer, and puts it beside what stayed outside.
pub(crate) fn settle(call: &Call, batch: &RecordBatch, answer: Answer, count: &mut Count) -> Result<Outcome, Failure> {
    count.calls += 1;
    count.spend(&answer.spent, answer.rows);
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
    Failure::new(Blame::Limit, error.to_string())
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

pub(crate) fn outcome(call: &Call, batch: &RecordBatch, answer: Answer) -> Result<Outcome> {
    let rejected = rejected(call, batch, &answer.rejected)?;
    let rows_in = batch.num_rows();
    let repeats = answer.origins.as_ref().is_some_and(|origins| repeats(origins, rows_in));
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
    let size = if repeats { piece_rows(call, batch, &made, rows) } else { rows };
    Ok(Outcome { pieces: Pieces { made, origins, rows, at: 0, size: size.max(1), repeats }, rejected })
}

/// Whether one of so many rows is there more than once. (`u32::MAX` is none of them.)
pub(crate) fn repeats(rows: &[u32], of: usize) -> bool {
    if rows.windows(2).all(|pair| pair[0] < pair[1]) {
        return false;
    }
    let mut seen = vec![false; of];
    rows.iter().any(|row| seen.get_mut(*row as usize).is_some_and(|seen| std::mem::replace(seen, true)))
}

pub(super) fn kept_rows(rows: usize, rejected: &[(u32, String)]) -> Vec<u32> {
    let mut rejected = rejected.iter().map(|(row, _)| *row).peekable();
    (0..rows as u32).filter(|row| rejected.next_if_eq(row).is_none()).collect()
}

/// Rows of a piece where a step repeats rows. The input's bytes count as those of its largest row could: a
/// batch has either rows of ordinary size or one that is alone.
fn piece_rows(call: &Call, batch: &RecordBatch, made: &[ArrayRef], rows: usize) -> usize {
    let carried = call.layout.iter().filter_map(|from| match from {
        From::Carried(column) => Some(largest_row(batch.column(*column).as_ref())),
        From::Made(_) => None,
    });
    let row_bytes =
        carried.fold(0, usize::saturating_add).saturating_add(made.iter().map(array_bytes).sum::<usize>() / rows);
    call.batch.rows.min(2 * call.batch.bytes / row_bytes.max(1)).max(1)
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
    let reason = |(row, message): &(u32, String)| (*row, Reason { blame: None, message: message.clone() });
    let (rows, reasons): (Vec<u32>, Vec<Reason>) = rejected.iter().map(reason).unzip();
    set_aside(call, batch, rows, reasons).map(Some)
}

/// Rows of a batch that leave the stream.
fn set_aside(call: &Call, batch: &RecordBatch, rows: Vec<u32>, reasons: Vec<Reason>) -> Result<Rejected> {
    let columns = take_all(batch.columns(), &UInt32Array::from(rows))?;
    let rows = new_batch(&batch.schema(), columns, reasons.len())?;
    Ok(Rejected { step: call.id.clone(), rows, reasons })
}

/// Books the rows that a step failed on, and sets them aside where they are not to be left out.
pub(crate) fn fail_rows(
    call: &Call,
    batch: &RecordBatch,
    guilty: Vec<(u32, Failure)>,
    count: &mut Count,
) -> Result<Option<Rejected>> {
    // They came to the step, but no answer tells of them.
    let failed = guilty.len() as u64;
    if call.on_error == OnError::Skip {
        (count.skipped, count.dropped) = (count.skipped + failed, count.dropped - failed);
        return Ok(None);
    }
    count.failed += failed;
    count.rejected += failed;
    count.dropped -= failed;
    let reason =
        |(row, failure): (u32, Failure)| (row, Reason { blame: Some(failure.blame), message: failure.message });
    let (rows, reasons): (Vec<u32>, Vec<Reason>) = guilty.into_iter().map(reason).unzip();
    if rows.is_empty() { Ok(None) } else { set_aside(call, batch, rows, reasons).map(Some) }
}

pub(crate) fn take_all(columns: &[ArrayRef], rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
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

pub(crate) fn new_batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(arrow)
}

pub(crate) fn step_error(call: &Call, batch: u64, rows: usize, failure: Failure) -> Error {
    if failure.blame == Blame::Stopped {
        return Error::Stopped;
    }
    let usual = match failure.blame {
        Blame::Contract => Some("the plugin broke the contract: its author should hear of it".to_owned()),
        Blame::Limit => Some(
            "`limits:` sets it, of a step or a plugin; smaller batches need less (`batch-rows:`, `batch-bytes:`)"
                .to_owned(),
        ),
        Blame::Host => Some("this is a bug in Stillroom; please report it".to_owned()),
        Blame::Data | Blame::Plugin | Blame::Expression | Blame::Stopped => None,
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
        help: failure.over.map(|over| over.help().to_owned()).or(usual),
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
