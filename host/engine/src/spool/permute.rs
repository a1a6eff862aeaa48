//! A new order for rows that are all over the place, in two passes that read and write in sequence. The first deals the
//! rows out to buckets, each a range of positions in the new order that fits into memory; the second puts a bucket after
//! the other in order.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::budget::Share;
use super::file::{Block, BlockFile};
use super::take::{pick, pick_apart};
use super::{Spool, batch_bytes, internal};
use crate::error::Result;

/// Bytes of a batch in the new spool, about.
const PIECE_BYTES: u64 = 1 << 20;

/// Most rows of a batch in the new spool.
const PIECE_ROWS: usize = 1 << 16;

/// Buckets and what waits to be written are at least as large, whatever the budget, and at most: their rows become one array.
const LEAST_BYTES: u64 = 1 << 20;
const MOST_BYTES: u64 = 1 << 29;

impl Spool {
    /// A new temporary spool with the rows of `order`, which may repeat rows or leave them out. Takes 4 bytes of memory
    /// for each of its rows, and twice the space on disk for a while.
    pub(crate) fn permuted(&mut self, order: &[u32]) -> Result<Self> {
        if let Some(row) = order.iter().find(|row| u64::from(**row) >= self.rows()) {
            return Err(internal(format!("there is no row {row} among {}", self.rows())));
        }
        let mut out = Self::new(self.schema.clone(), self.budget.clone(), self.place.beside());
        if self.is_in_memory() {
            let rows = piece_rows(self.bytes, self.rows());
            order.chunks(rows).try_for_each(|rows| out.push(self.take(rows)?))?;
            return Ok(out);
        }
        self.write_all()?;
        while self.forget_copy() {}
        let mut deal = Deal::new(self, order);
        let mut parts = Parts::new(self, deal.buckets.len())?;
        for block in 0..self.batches() {
            self.deal_out(order, block, &deal, &mut parts)?;
        }
        while self.forget_copy() {}
        for bucket in 0..deal.buckets.len() {
            let picked = deal.picked(self, order, bucket);
            parts.collect(self, bucket, &picked, &mut out)?;
        }
        Ok(out)
    }

    /// Gives every row of a batch to the buckets that want it.
    fn deal_out(&mut self, order: &[u32], block: usize, deal: &Deal, parts: &mut Parts) -> Result<()> {
        let mut wanted = deal.of_block(block);
        if wanted.is_empty() {
            return Ok(());
        }
        let (batch, first) = (self.batch(block)?, self.starts[block]);
        while let Some(position) = wanted.first() {
            let bucket = deal.bucket_of(*position);
            let len = wanted.partition_point(|position| (*position as usize) < deal.buckets[bucket].end);
            let rows = wanted[..len].iter().map(|at| (0, (u64::from(order[*at as usize]) - first) as usize)).collect();
            parts.add(self, bucket, pick_apart(&batch, rows)?)?;
            wanted = &wanted[len..];
        }
        Ok(())
    }
}

fn piece_rows(bytes: u64, rows: u64) -> usize {
    usize::try_from(PIECE_BYTES * rows.max(1) / bytes.max(1)).unwrap_or(PIECE_ROWS).clamp(1, PIECE_ROWS)
}

/// Which rows go where.
struct Deal {
    /// The positions of each bucket, in order.
    buckets: Vec<Range<usize>>,
    /// Positions by the batch that their row comes from, ascending in each.
    positions: Vec<u32>,
    /// Where each batch's positions begin; and behind them, their number.
    starts: Vec<usize>,
    /// How far each batch's positions have been collected.
    done: Vec<usize>,
}

impl Deal {
    fn new(spool: &Spool, order: &[u32]) -> Self {
        let mut starts = vec![0; spool.batches() + 1];
        let mut buckets = Vec::new();
        let (limit, mut bytes, mut begin, mut block) = (bucket_bytes(spool), 0, 0, usize::MAX);
        for (at, row) in order.iter().enumerate() {
            block = spool.block_of(u64::from(*row), block);
            starts[block + 1] += 1;
            let row_bytes = spool.slots[block].bytes / (spool.starts[block + 1] - spool.starts[block]).max(1) + 1;
            if bytes + row_bytes > limit && at > begin {
                buckets.push(begin..at);
                (begin, bytes) = (at, 0);
            }
            bytes += row_bytes;
        }
        buckets.push(begin..order.len());
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let (mut next, mut positions) = (starts.clone(), vec![0; order.len()]);
        for (at, row) in order.iter().enumerate() {
            block = spool.block_of(u64::from(*row), block);
            positions[next[block]] = at as u32;
            next[block] += 1;
        }
        Self { buckets, positions, done: starts.clone(), starts }
    }

    fn of_block(&self, block: usize) -> &[u32] {
        &self.positions[self.starts[block]..self.starts[block + 1]]
    }

    fn bucket_of(&self, position: u32) -> usize {
        self.buckets.partition_point(|bucket| bucket.end <= position as usize)
    }

    /// For each position of a bucket, which of the bucket's rows it is, as they were dealt out. Buckets in order.
    fn picked(&mut self, spool: &Spool, order: &[u32], bucket: usize) -> Vec<u32> {
        let range = self.buckets[bucket].clone();
        let (mut picked, mut next) = (vec![0; range.len()], 0);
        debug_assert!(order.len() >= range.end && spool.batches() == self.done.len() - 1);
        for block in 0..self.done.len() - 1 {
            while self.done[block] < self.starts[block + 1] {
                let position = self.positions[self.done[block]] as usize;
                if position >= range.end {
                    break;
                }
                picked[position - range.start] = next;
                (next, self.done[block]) = (next + 1, self.done[block] + 1);
            }
        }
        picked
    }
}

fn bucket_bytes(spool: &Spool) -> u64 {
    (spool.budget.limit() / 4).clamp(LEAST_BYTES, MOST_BYTES)
}

/// The buckets' rows, in one file.
struct Parts {
    file: BlockFile,
    buckets: Vec<Bucket>,
    waiting_bytes: u64,
    most_waiting: u64,
}

#[derive(Default)]
struct Bucket {
    blocks: Vec<Block>,
    /// What is not written yet, with its share of the budget.
    waiting: Vec<(RecordBatch, Share)>,
    waiting_bytes: u64,
}

impl Parts {
    fn new(spool: &Spool, buckets: usize) -> Result<Self> {
        let buckets = std::iter::repeat_with(Bucket::default).take(buckets).collect();
        let most_waiting = (spool.budget.limit() / 2).clamp(LEAST_BYTES, MOST_BYTES);
        Ok(Self { file: spool.place.beside().open()?, buckets, waiting_bytes: 0, most_waiting })
    }

    fn add(&mut self, spool: &mut Spool, bucket: usize, rows: RecordBatch) -> Result<()> {
        let bytes = batch_bytes(&rows) as u64;
        let share = spool.budget.force(bytes);
        self.buckets[bucket].waiting.push((rows, share));
        self.buckets[bucket].waiting_bytes += bytes;
        self.waiting_bytes += bytes;
        while self.waiting_bytes > self.most_waiting {
            let fullest = (0..self.buckets.len()).max_by_key(|bucket| self.buckets[*bucket].waiting_bytes);
            let Some(fullest) = fullest else { break };
            self.write(spool, fullest)?;
        }
        Ok(())
    }

    /// Writes what waits in a bucket, as one block where its batches fit together.
    fn write(&mut self, spool: &mut Spool, bucket: usize) -> Result<()> {
        let waiting = std::mem::take(&mut self.buckets[bucket].waiting);
        self.waiting_bytes -= std::mem::take(&mut self.buckets[bucket].waiting_bytes);
        let batches: Vec<&RecordBatch> = waiting.iter().map(|(batch, _)| batch).collect();
        // Dictionaries may together have more values than their keys can count.
        let batches = match concat_batches(&spool.schema, batches.iter().copied()) {
            Ok(one) => vec![one],
            Err(_) => batches.into_iter().cloned().collect(),
        };
        for batch in batches {
            let payload = spool.codec()?.encode(&batch)?;
            let block = self.file.append(batch.num_rows() as u64, batch_bytes(&batch) as u64, &payload)?;
            self.buckets[bucket].blocks.push(block);
        }
        Ok(())
    }

    /// Pushes a bucket's rows in their order.
    fn collect(&mut self, spool: &mut Spool, bucket: usize, picked: &[u32], out: &mut Spool) -> Result<()> {
        let Bucket { blocks, waiting, waiting_bytes } = std::mem::take(&mut self.buckets[bucket]);
        self.waiting_bytes -= waiting_bytes;
        let (mut batches, mut shares, mut starts, mut bytes) = (Vec::new(), Vec::new(), vec![0], waiting_bytes);
        for block in blocks {
            shares.push(spool.budget.force(block.bytes));
            bytes += block.bytes;
            let payload = self.file.read(block)?;
            let batch = spool.codec()?.decode(&payload, block.rows);
            batches.push(batch.map_err(|message| self.file.damaged(block, &message))?);
        }
        for (batch, share) in waiting {
            batches.push(batch);
            shares.push(share);
        }
        for batch in &batches {
            starts.push(starts[starts.len() - 1] + batch.num_rows());
        }
        for rows in picked.chunks(piece_rows(bytes, picked.len() as u64)) {
            let place = |row: &u32| {
                let batch = starts.partition_point(|start| *start <= *row as usize) - 1;
                (batch, *row as usize - starts[batch])
            };
            out.push(pick(&spool.schema, &batches, rows.iter().map(place).collect())?)?;
        }
        Ok(())
    }
}
