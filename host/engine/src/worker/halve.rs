//! A batch that failed, halved until the rows that are to blame are alone; all others are answered for.

use std::ops::Range;
use std::time::Duration;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_select::concat::concat;

use super::call::{kept_rows, take_all};
use crate::error::Blame;
use crate::instance::{Answer, At, Failure, Over, Spent};
use crate::plan::Call;
use crate::report::Count;

/// The least time that a part of a batch is given: less tells nothing on a machine that is busy.
const LEAST_TIME: Duration = Duration::from_millis(200);

/// Rows that a step failed on, and the answer for all others.
pub(crate) struct Halved {
    pub(crate) answer: Answer,
    /// Row and failure, ascending by row.
    pub(crate) guilty: Vec<(u32, Failure)>,
}

/// One call with some rows of the batch, in so much time.
pub(crate) type Ask<'a> = dyn FnMut(Range<usize>, Duration) -> Result<Answer, Failure> + 'a;

/// Answers for all rows of a batch that can be answered for. `first` is what it failed with as a whole.
///
/// # Errors
/// The failure, where it is nobody's rows' fault: the run is to stop, or the host failed.
pub(crate) fn halve(
    call: &Call,
    rows: usize,
    first: Failure,
    count: &mut Count,
    ask: &mut Ask<'_>,
) -> Result<Halved, Failure> {
    let mut halving = Halving::new(call, rows, first)?;
    while let Some((range, time)) = halving.next()? {
        let answer = ask(range.clone(), time);
        halving.take(range, answer, count)?;
    }
    halving.end()
}

/// A batch on its way to the rows that are to blame, call by call.
///
/// A row is found guilty only where it fails alone, with the whole time of a call. On the way there a part of the batch has
/// its share of that time, twice over: a batch of `n` rows with one that never ends then costs some four times the limit
/// instead of its logarithm times.
pub(crate) struct Halving<'a> {
    call: &'a Call,
    rows: usize,
    stack: Vec<Range<usize>>,
    parts: Vec<(usize, Answer)>,
    guilty: Vec<(u32, Failure)>,
    /// One answer after the other is within its limit, and all of them together are held.
    held: usize,
}

impl<'a> Halving<'a> {
    pub(crate) fn new(call: &'a Call, rows: usize, first: Failure) -> Result<Self, Failure> {
        let (mut stack, mut guilty) = (Vec::new(), Vec::new());
        split(0..rows, first, &mut stack, &mut guilty)?;
        Ok(Self { call, rows, stack, parts: Vec::new(), guilty, held: 0 })
    }

    /// The rows that are to be asked next, and the time that they have.
    pub(crate) fn next(&mut self) -> Result<Option<(Range<usize>, Duration)>, Failure> {
        let Some(range) = self.stack.pop() else { return Ok(None) };
        let limits = &self.call.opening.limits;
        // What is too many for the run is not all looked for first.
        if let Some(most) = limits.rejected_rows.filter(|most| self.guilty.len() as u64 > *most) {
            let message = format!("{} rows of one batch failed; its limit is {most} a run", self.guilty.len());
            return Err(Failure::over(Over::Rejected, message));
        }
        let share = limits.time.mul_f64((2.0 * range.len() as f64 / self.rows as f64).min(1.0)).max(LEAST_TIME);
        let time = if range.len() == 1 { limits.time } else { share.min(limits.time) };
        Ok(Some((range, time)))
    }

    /// What came of them.
    pub(crate) fn take(
        &mut self,
        range: Range<usize>,
        answer: Result<Answer, Failure>,
        count: &mut Count,
    ) -> Result<(), Failure> {
        count.calls += 1;
        let answer = answer.and_then(|answer| {
            let with_it = self.held.saturating_add(answer.spent.bytes_out);
            if with_it > self.call.opening.limits.output_bytes {
                return Err(Failure::too_much_together());
            }
            self.held = with_it;
            Ok(answer)
        });
        match answer {
            Ok(answer) => {
                count.spend(&answer.spent, answer.rows);
                self.parts.push((range.start, answer));
                Ok(())
            }
            Err(failure) => {
                count.spend(&failure.spent, 0);
                split(range, failure, &mut self.stack, &mut self.guilty)
            }
        }
    }

    pub(crate) fn end(self) -> Result<Halved, Failure> {
        Ok(Halved { answer: whole(self.call, self.parts)?, guilty: self.guilty })
    }
}

/// What is to be asked next of rows that failed: both halves, the first one first; nothing of a row that was alone.
fn split(
    rows: Range<usize>,
    failure: Failure,
    stack: &mut Vec<Range<usize>>,
    guilty: &mut Vec<(u32, Failure)>,
) -> Result<(), Failure> {
    if !failure.is_of_rows() {
        return Err(failure);
    }
    if rows.len() <= 1 {
        // Thousands of rows may fail, each with its stack: the message is what is kept.
        guilty.push((rows.start as u32, Failure { backtrace: Vec::new(), ..failure }));
        return Ok(());
    }
    let middle = rows.start + rows.len() / 2;
    stack.push(middle..rows.end);
    stack.push(rows.start..middle);
    Ok(())
}

/// One answer of those to parts of a batch, which are in the rows' order.
fn whole(call: &Call, parts: Vec<(usize, Answer)>) -> Result<Answer, Failure> {
    let host = |error: &dyn std::fmt::Display| Failure::new(Blame::Limit, error.to_string());
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); call.opened.outputs.len()];
    let (mut origins, mut rejected) = (Vec::new(), Vec::new());
    for (first, answer) in parts {
        let (made, rows) = match answer.origins {
            Some(rows) => (answer.columns, rows),
            // The rejected rows have their place in the columns; it goes here.
            None => {
                let kept = kept_rows(answer.rows, &answer.rejected);
                let made = match answer.rejected.is_empty() {
                    true => answer.columns,
                    false => {
                        take_all(&answer.columns, &UInt32Array::from(kept.clone())).map_err(|error| host(&error))?
                    }
                };
                (made, kept)
            }
        };
        columns.iter_mut().zip(made).for_each(|(column, made)| column.push(made));
        origins.extend(rows.iter().map(|row| row + first as u32));
        rejected.extend(answer.rejected.into_iter().map(|(row, why)| (row + first as u32, why)));
    }
    let column = |(parts, field): (&Vec<ArrayRef>, &arrow_schema::Field)| {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        match parts.is_empty() {
            true => Ok(arrow_array::new_empty_array(field.data_type())),
            false => concat(&parts).map_err(|error| host(&error)),
        }
    };
    let columns = columns.iter().zip(&call.opened.outputs).map(column).collect::<Result<Vec<_>, _>>()?;
    Ok(Answer { columns, rows: origins.len(), origins: Some(origins), rejected, spent: Spent::default() })
}

/// Where a part of a batch is.
pub(crate) fn within(at: At, rows: &Range<usize>) -> At {
    At { first_row: at.first_row + rows.start as u64, ..at }
}
