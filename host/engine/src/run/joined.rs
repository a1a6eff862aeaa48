//! What the instances of a global step answered, as one, and beside it what was carried along.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::hold::Storage;
use super::part::Answers;
use crate::error::{Error, Result};
use crate::pipeline::OnError;
use crate::plan::{Call, From};
use crate::report::Count;
use crate::spool::{self, Place, Spool};
use crate::worker::{Reason, arrange, new_batch};

/// All answers as one, in their order: the columns made, and behind them the place of the row that each came from.
pub(super) struct Joined {
    pub(super) rows: Spool,
    /// What is carried along, in the answers' order, where taking it from where it lies would be slow.
    carried: Option<Spool>,
    pub(super) rejected: Vec<(u32, Reason)>,
    pub(super) at: usize,
    /// Whether it is settled how to take what is carried along.
    is_begun: bool,
    /// Whether it is written down.
    pub(super) is_marked: bool,
}

/// What is written down of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) rows: spool::Mark,
    pub(super) rejected: Vec<(u32, Reason)>,
    pub(super) count: Count,
}

/// The column with the places of the rows, behind the columns made.
const PLACE: &str = "\0place";

impl Joined {
    fn schema(call: &Call) -> SchemaRef {
        let fields = call.opened.outputs.iter().cloned().chain([Field::new(PLACE, DataType::UInt32, false)]);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// A step's answer keeps its order. A keyed one's are put together in the order of the rows that they came from, however
    /// many instances there were.
    pub(super) fn new(call: &Call, storage: &Storage, name: &str, mut heard: Vec<Answers>) -> Result<Self> {
        let mut rejected: Vec<(u32, Reason)> = Vec::new();
        for answers in &mut heard {
            let own = std::mem::take(&mut answers.rejected).into_iter();
            rejected.extend(own.map(|(row, message)| (row, Reason { blame: None, message })));
            if call.on_error != OnError::Skip {
                rejected.append(&mut answers.guilty);
            }
        }
        rejected.sort_by_key(|(row, _)| *row);
        let schema = Self::schema(call);
        let mut rows = Spool::new(schema.clone(), storage.budget.clone(), storage.place(&format!("{name}.answer")));
        let mut order: Vec<(u32, usize, u32)> = Vec::new();
        if !call.key.is_empty() {
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
        Ok(Self { rows, carried: None, rejected, at: 0, is_begun: false, is_marked: false })
    }

    pub(super) fn reopen(call: &Call, storage: &Storage, place: &Place, answered: &Answered) -> Result<Option<Self>> {
        let Place::Kept(path) = place else { return Ok(None) };
        let marks = [answered.rows];
        let (rows, good, _) = Spool::reopen(Self::schema(call), storage.budget.clone(), path.clone(), &marks)?;
        let joined =
            Self { rows, carried: None, rejected: answered.rejected.clone(), at: 0, is_begun: false, is_marked: true };
        Ok((good == 1).then_some(joined))
    }

    pub(super) fn piece(&mut self, call: &Call, held: &mut Spool, len: usize) -> Result<RecordBatch> {
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
        if !std::mem::replace(&mut self.is_begun, true) {
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
            order.extend(
                batch
                    .columns()
                    .last()
                    .into_iter()
                    .flat_map(|places| places.as_primitive::<UInt32Type>().values().iter().copied()),
            );
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
