//! Rows of a spool in any order.

use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::SchemaRef;
use arrow_select::interleave::interleave;

use super::compact::compact;
use super::{Spool, internal};
use crate::error::Result;
use crate::worker::{arrow, new_batch};

/// A batch and a row in it.
type At = (u32, u32);

/// Batches that an order may go back to and still count as local, where the budget has no room for more.
const NEAR: usize = 1;

impl Spool {
    /// Rows in the order asked for; they may repeat.
    pub(crate) fn take(&mut self, rows: &[u32]) -> Result<RecordBatch> {
        let places = self.places(rows)?;
        self.gather(&places, self.schema.clone())
    }

    /// Whether rows can be taken in this order piece by piece without reading the same batches again and again.
    pub(crate) fn is_local(&self, order: &[u32]) -> bool {
        if self.is_in_memory() {
            return true;
        }
        let room = self.budget.limit() / (self.bytes / self.batches().max(1) as u64).max(1);
        let window = usize::try_from(room / 2).unwrap_or(usize::MAX).clamp(NEAR, 16);
        let most = self.batches() + self.batches() / 4 + 1;
        let mut recent: Vec<usize> = Vec::with_capacity(window + 1);
        let (mut read, mut last) = (0, usize::MAX);
        for row in order {
            let block = self.block_of(u64::from(*row), last);
            if block == last {
                continue;
            }
            last = block;
            match recent.iter().position(|known| *known == block) {
                Some(at) => drop(recent.remove(at)),
                None => read += 1,
            }
            recent.push(block);
            if recent.len() > window {
                recent.remove(0);
            }
            if read > most {
                return false;
            }
        }
        true
    }

    pub(super) fn is_in_memory(&self) -> bool {
        self.slots.iter().all(|slot| slot.held.is_some())
    }

    /// The batch of a row; mostly it is the one before, or the next one.
    pub(super) fn block_of(&self, row: u64, last: usize) -> usize {
        if let Some([start, end]) = self.starts.get(last..).and_then(<[u64]>::first_chunk::<2>)
            && (*start..*end).contains(&row)
        {
            return last;
        }
        self.starts.partition_point(|start| *start <= row) - 1
    }

    fn places(&self, rows: &[u32]) -> Result<Vec<At>> {
        let mut places = Vec::with_capacity(rows.len());
        let mut block = usize::MAX;
        for row in rows.iter().map(|row| u64::from(*row)) {
            if row >= self.rows() {
                return Err(internal(format!("there is no row {row} among {}", self.rows())));
            }
            block = self.block_of(row, block);
            places.push((block as u32, (row - self.starts[block]) as u32));
        }
        Ok(places)
    }

    fn gather(&mut self, places: &[At], schema: SchemaRef) -> Result<RecordBatch> {
        let mut blocks: Vec<u32> = places.iter().map(|(block, _)| *block).collect();
        blocks.dedup();
        blocks.sort_unstable();
        blocks.dedup();
        if let ([block], true) = (blocks.as_slice(), is_range(places)) {
            let (_, columns, _) = self.batch(*block as usize)?.slice(places[0].1 as usize, places.len()).into_parts();
            return new_batch(&schema, columns, places.len());
        }
        if blocks.len() > 1 && blocks.iter().any(|block| !self.is_held(*block as usize)) {
            return self.gather_parts(places, &blocks, &schema);
        }
        let batches = blocks.iter().map(|block| self.batch(*block as usize)).collect::<Result<Vec<_>>>()?;
        let mut at = 0;
        let picked = places.iter().map(|(block, row)| (find(&blocks, *block, &mut at), *row as usize)).collect();
        pick(&schema, &batches, picked)
    }

    /// Batch by batch, so that no more than one need be in memory: of each what is wanted, and then these in order.
    fn gather_parts(&mut self, places: &[At], blocks: &[u32], schema: &SchemaRef) -> Result<RecordBatch> {
        let mut wanted: Vec<Vec<(usize, usize)>> = vec![Vec::new(); blocks.len()];
        let (mut picked, mut at) = (Vec::with_capacity(places.len()), 0);
        for (block, row) in places {
            let part = find(blocks, *block, &mut at);
            picked.push((part, wanted.get(part).map_or(0, Vec::len)));
            if let Some(rows) = wanted.get_mut(part) {
                rows.push((0, *row as usize));
            }
        }
        let mut parts = Vec::with_capacity(blocks.len());
        for (block, rows) in blocks.iter().zip(wanted) {
            let batch = self.batch(*block as usize)?;
            parts.push(pick_apart(&batch, rows)?);
        }
        pick(schema, &parts, picked)
    }
}

/// Whether the places are neighbours in one batch.
fn is_range(places: &[At]) -> bool {
    places.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 + 1 == pair[1].1)
}

/// Where in `blocks` a block is, or behind them all for no row; `at` is where the last one was.
fn find(blocks: &[u32], block: u32, at: &mut usize) -> usize {
    if blocks.get(*at) != Some(&block) {
        *at = blocks.binary_search(&block).unwrap_or(blocks.len());
    }
    *at
}

/// Rows of one batch, without what else the batch holds.
pub(super) fn pick_apart(batch: &RecordBatch, rows: Vec<(usize, usize)>) -> Result<RecordBatch> {
    let picked = pick(batch.schema_ref(), std::slice::from_ref(batch), rows)?;
    let columns = picked.columns().iter().map(compact).collect::<Result<Vec<_>, _>>().map_err(arrow)?;
    new_batch(batch.schema_ref(), columns, picked.num_rows())
}

/// Rows of several batches; a batch's number behind the last one means nulls.
pub(super) fn pick(schema: &SchemaRef, batches: &[RecordBatch], rows: Vec<(usize, usize)>) -> Result<RecordBatch> {
    let with_null = batches.is_empty() || rows.iter().any(|(batch, _)| *batch == batches.len());
    let column = |at: usize| -> Result<ArrayRef> {
        let null = with_null.then(|| new_null_array(schema.field(at).data_type(), 1));
        let mut arrays: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
        arrays.extend(null.as_deref());
        interleave(&arrays, &rows).map_err(arrow)
    };
    let columns = (0..schema.fields().len()).map(column).collect::<Result<Vec<_>>>()?;
    new_batch(schema, columns, rows.len())
}
