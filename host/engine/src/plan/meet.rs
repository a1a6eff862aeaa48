//! Where streams meet: which columns come of it, and which rows of which input stand in which row of the output.
//!
//! Rows meet by their origin, a number that each row has carried since its way parted from the others'. Positions play no
//! part, so a branch may drop, repeat and reorder rows as it likes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::interleave::interleave;
use arrow_select::take::take;

use super::BatchSize;
use crate::error::{Error, Result, StepError};
use crate::instance::Failure;
use crate::pipeline::JoinKind;
use crate::report::Count;
use crate::spool::largest_row;
use crate::worker::{arrow, new_batch};

/// How streams meet.
pub(crate) struct Meet {
    /// The step's place, and its id.
    pub(crate) step: (usize, String),
    pub(crate) kind: MeetKind,
    pub(crate) inputs: Vec<MeetInput>,
    /// For each column of the output, and each input, the column there.
    pub(crate) columns: Vec<Vec<Option<usize>>>,
    pub(crate) schema: SchemaRef,
    pub(crate) batch: BatchSize,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeetKind {
    /// Every row, in the order of the origins; those of one origin in the inputs' order.
    Concat,
    /// Every row, one input after the other.
    Append,
    /// Rows of one origin side by side.
    Join(JoinKind),
}

/// One of the streams.
#[derive(Clone)]
pub(crate) struct MeetInput {
    pub(crate) schema: SchemaRef,
    /// Its column of origins; none is needed to append.
    pub(crate) origin: Option<usize>,
}

/// A stream on its way to a meeting: its columns, and for each the number of what made it.
///
/// Columns with makers before `known` have one value for all rows of one origin.
pub(super) struct Arriving<'a> {
    pub(super) id: &'a str,
    pub(super) schema: &'a SchemaRef,
    pub(super) makers: &'a [u32],
    pub(super) known: u32,
}

/// Columns that cannot stand side by side.
pub(super) struct Clash {
    pub(super) column: String,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// The output's columns: the schema, who made each, and where each comes from in every input.
pub(super) type Columns = (Schema, Vec<u32>, Vec<Vec<Option<usize>>>);

/// The columns of a concatenation: all that any input has, by name; null where an input lacks one.
pub(super) fn concat_columns(inputs: &[Arriving<'_>]) -> Result<Columns, Clash> {
    let (mut fields, mut makers, mut columns): (Vec<Field>, Vec<u32>, Vec<Vec<Option<usize>>>) = Default::default();
    for (at, input) in inputs.iter().enumerate() {
        for (column, field) in input.schema.fields().iter().enumerate() {
            let Some(there) = fields.iter().position(|earlier| earlier.name() == field.name()) else {
                fields.push(field.as_ref().clone());
                makers.push(input.makers[column]);
                columns.push(vec![None; inputs.len()]);
                columns[fields.len() - 1][at] = Some(column);
                continue;
            };
            if fields[there].data_type() != field.data_type() {
                return Err(different_types(&fields[there], field, input.id));
            }
            let is_nullable = fields[there].is_nullable() || field.is_nullable();
            fields[there].set_nullable(is_nullable);
            makers[there] = if makers[there] == input.makers[column] { makers[there] } else { super::NOBODY };
            columns[there][at] = Some(column);
        }
    }
    for ((field, maker), from) in fields.iter_mut().zip(&mut makers).zip(&columns) {
        if from.contains(&None) {
            field.set_nullable(true);
            *maker = super::NOBODY;
        }
    }
    Ok((Schema::new(fields), makers, columns))
}

/// The columns of a join: those of all inputs. One that several carried along unchanged from their origin is one column.
pub(super) fn join_columns(kind: JoinKind, inputs: &[Arriving<'_>]) -> Result<Columns, Clash> {
    let (mut fields, mut makers, mut columns): (Vec<Field>, Vec<u32>, Vec<Vec<Option<usize>>>) = Default::default();
    for (at, input) in inputs.iter().enumerate() {
        for (column, field) in input.schema.fields().iter().enumerate() {
            let maker = input.makers[column];
            let there = fields.iter().position(|earlier| earlier.name() == field.name());
            match there {
                Some(there) if is_one(field, makers[there], maker, input.known) => columns[there][at] = Some(column),
                Some(_) => return Err(two_makers(field, input.id)),
                None => {
                    fields.push(field.as_ref().clone());
                    makers.push(maker);
                    columns.push(vec![None; inputs.len()]);
                    columns[fields.len() - 1][at] = Some(column);
                }
            }
        }
    }
    for ((field, maker), from) in fields.iter_mut().zip(&mut makers).zip(&columns) {
        let always = match kind {
            JoinKind::Inner => true,
            JoinKind::Left => from[0].is_some(),
            JoinKind::Outer => !from.contains(&None),
        };
        if !always {
            field.set_nullable(true);
            *maker = super::NOBODY;
        }
    }
    Ok((Schema::new(fields), makers, columns))
}

/// Whether two columns of one name have the same values for rows of one origin: where they are one column that was there
/// when the rows got their numbers. What was made later may differ from row to row of one origin.
fn is_one(field: &Field, maker: u32, other: u32, known: u32) -> bool {
    maker == other && maker < known && maker != super::NOBODY || super::column::is_hidden(field.name())
}

fn different_types(one: &Field, other: &Field, id: &str) -> Clash {
    let text = super::field_text;
    Clash {
        column: other.name().clone(),
        message: format!("`{id}` brings `{}`, and another input `{}`", text(other), text(one)),
        help: "convert one of them before: `compute: { … : cast(… as …) }`",
    }
}

fn two_makers(field: &Field, id: &str) -> Clash {
    Clash {
        column: field.name().clone(),
        message: format!(
            "`{id}` brings a column `{}`, and so does an input before it, with values of its own",
            field.name()
        ),
        help: "give one of them another name before (`rename:`, `outputs:`), or drop it",
    }
}

/// Most rows that a join makes of one origin row.
const MAX_PRODUCT: usize = 1 << 20;

fn too_many(groups: &[Range<usize>]) -> Error {
    let counts = groups.iter().map(|group| group.len().to_string()).collect::<Vec<_>>().join(" × ");
    Error::Engine {
        message: format!("a join would make more than {MAX_PRODUCT} rows of one origin row: {counts}"),
        help: Some("its inputs multiply rows: join before one of them does".to_owned()),
    }
}

/// No row of this input.
pub(crate) const NONE: u32 = u32::MAX;

/// Rows of the output: for each input its row, or [`NONE`].
pub(crate) struct Merged {
    pub(crate) rows: Vec<Vec<u32>>,
    pub(crate) len: usize,
}

impl Meet {
    /// Puts together what the inputs have by their origins, and books it.
    ///
    /// # Errors
    /// Where one origin has so many rows in several inputs that all of them together are too many.
    pub(crate) fn merge(&self, origins: &[Vec<u64>], count: &mut Count) -> Result<Merged> {
        let order: Vec<Vec<u32>> = origins.iter().map(|origins| sorted(origins)).collect();
        let mut merged = Merged { rows: vec![Vec::new(); origins.len()], len: 0 };
        let mut groups = vec![0..0; origins.len()];
        loop {
            let next = |input: usize| order[input].get(groups[input].end).map(|row| origins[input][*row as usize]);
            let Some(origin) = (0..origins.len()).filter_map(next).min() else { break };
            for (input, group) in groups.iter_mut().enumerate() {
                let rest = &order[input][group.end..];
                let len = rest.iter().take_while(|row| origins[input][**row as usize] == origin).count();
                *group = group.end..group.end + len;
            }
            self.group(&order, &groups, &mut merged, count)?;
        }
        Ok(merged)
    }

    /// The rows of one origin: of each input, a range of `order`.
    fn group(&self, order: &[Vec<u32>], groups: &[Range<usize>], merged: &mut Merged, count: &mut Count) -> Result<()> {
        let rows_in = groups.iter().map(Range::len).sum::<usize>() as u64;
        count.rows_in += rows_in;
        let MeetKind::Join(kind) = self.kind else {
            for (input, group) in groups.iter().enumerate() {
                order[input][group.clone()].iter().for_each(|row| merged.push_single(input, *row));
            }
            count.rows_out += rows_in;
            return Ok(());
        };
        let is_whole = match kind {
            JoinKind::Inner => groups.iter().all(|group| !group.is_empty()),
            JoinKind::Left => !groups[0].is_empty(),
            JoinKind::Outer => true,
        };
        if !is_whole {
            count.dropped += rows_in;
            return Ok(());
        }
        let made = groups.iter().try_fold(1usize, |made, group| made.checked_mul(group.len().max(1)));
        let Some(made) = made.filter(|made| *made <= MAX_PRODUCT) else { return Err(too_many(groups)) };
        (0..made).for_each(|number| merged.push_product(order, groups, number));
        // Every row is in some row of the output. The first input that has any stands for the rows; the others joined it.
        let first = groups.iter().map(Range::len).find(|len| *len > 0).unwrap_or(0) as u64;
        count.rows_out += made as u64;
        count.repeated += made as u64 - first;
        count.merged += rows_in - first;
        Ok(())
    }

    /// Rows of a piece where rows are repeated: any may be the largest.
    pub(crate) fn piece_rows(&self, inputs: &[RecordBatch]) -> usize {
        let columns = inputs.iter().flat_map(RecordBatch::columns);
        let largest = columns.map(|column| largest_row(column.as_ref())).fold(0, usize::saturating_add);
        self.batch.rows.min(2 * self.batch.bytes / largest.max(1)).max(1)
    }

    /// What it failed with, named.
    pub(crate) fn failed(&self, failure: Failure, rows: usize) -> Error {
        let help = failure.over.map(|over| over.help().to_owned());
        let (batch, first_row, uses, backtrace) = Default::default();
        let (step, rows, blame, message) = (self.step.1.clone(), rows as u64, failure.blame, failure.message);
        StepError { step, uses, batch, first_row, rows, blame, message, backtrace, help }.into()
    }

    /// The rows of the output from those of the inputs, each as one batch.
    pub(crate) fn gather(&self, merged: &Merged, inputs: &[RecordBatch]) -> Result<RecordBatch> {
        let column = |from: &Vec<Option<usize>>| {
            let providers: Vec<(usize, &ArrayRef)> =
                from.iter().enumerate().filter_map(|(input, at)| Some((input, inputs[input].column((*at)?)))).collect();
            match providers[..] {
                [(input, array)] => take(array, &optional(&merged.rows[input]), None).map_err(arrow),
                _ => first_of(&providers, merged),
            }
        };
        new_batch(&self.schema, self.columns.iter().map(column).collect::<Result<Vec<_>>>()?, merged.len)
    }

    /// The origins of an input's rows.
    pub(crate) fn origins(&self, input: usize, batch: &RecordBatch) -> Vec<u64> {
        self.inputs[input]
            .origin
            .and_then(|column| batch.column(column).as_primitive_opt::<UInt64Type>())
            .map(|origins| origins.values().to_vec())
            .unwrap_or_default()
    }
}

impl Merged {
    /// A part of it.
    pub(crate) fn slice(&self, start: usize, len: usize) -> Self {
        Self { rows: self.rows.iter().map(|rows| rows[start..start + len].to_vec()).collect(), len }
    }

    fn push_single(&mut self, input: usize, row: u32) {
        self.rows.iter_mut().enumerate().for_each(|(at, rows)| rows.push(if at == input { row } else { NONE }));
        self.len += 1;
    }

    /// The `number`th combination of a row of each group; the last group's rows change fastest.
    fn push_product(&mut self, order: &[Vec<u32>], groups: &[Range<usize>], mut number: usize) {
        for ((rows, order), group) in self.rows.iter_mut().zip(order).zip(groups).rev() {
            let len = group.len().max(1);
            rows.push(order[group.clone()].get(number % len).copied().unwrap_or(NONE));
            number /= len;
        }
        self.len += 1;
    }
}

/// Row numbers by falling age of their origin: the rows as they are where they are in order already.
fn sorted(origins: &[u64]) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..origins.len() as u32).collect();
    if !origins.is_sorted() {
        rows.sort_by_key(|row| origins[*row as usize]);
    }
    rows
}

fn optional(rows: &[u32]) -> UInt32Array {
    rows.iter().map(|row| (*row != NONE).then_some(*row)).collect()
}

/// A column that several inputs have: of each row, that of the first input that has the row.
fn first_of(providers: &[(usize, &ArrayRef)], merged: &Merged) -> Result<ArrayRef> {
    let Some((_, first)) = providers.first() else {
        return Ok(new_null_array(&arrow_schema::DataType::Null, merged.len));
    };
    let null = new_null_array(first.data_type(), 1);
    let mut arrays: Vec<&dyn arrow_array::Array> = providers.iter().map(|(_, array)| array.as_ref()).collect();
    arrays.push(null.as_ref());
    let place = |row: usize| {
        let of = |(at, (input, _)): (usize, &(usize, &ArrayRef))| {
            let there = merged.rows[*input][row];
            (there != NONE).then_some((at, there as usize))
        };
        providers.iter().enumerate().find_map(of).unwrap_or((providers.len(), 0))
    };
    let places: Vec<(usize, usize)> = (0..merged.len).map(place).collect();
    interleave(&arrays, &places).map_err(arrow)
}

/// All rows of one input as one batch.
pub(crate) fn whole(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    match batches {
        [] => Ok(RecordBatch::new_empty(schema.clone())),
        [batch] => Ok(batch.clone()),
        _ => arrow_select::concat::concat_batches(schema, batches).map_err(arrow),
    }
}

impl MeetInput {
    /// A stream whose rows carry the origins of a step, or none.
    pub(super) fn new(schema: &SchemaRef, origin: Option<usize>) -> Self {
        let origin = origin.and_then(|step| schema.index_of(&super::column::origin_name(step)).ok());
        Self { schema: Arc::clone(schema), origin }
    }
}
