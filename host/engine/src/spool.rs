//! Rows that wait: record batches of one schema kept in order, in memory up to a budget that all spools of a run share,
//! beyond it on disk. A spool that is kept can be opened again by another run of the program.

mod budget;
pub(crate) mod codec;
mod compact;
mod file;
mod permute;
mod size;
mod take;
#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

pub(crate) use budget::Budget;
use budget::Share;
use codec::Codec;
use file::{Block, BlockFile};
pub(crate) use size::{batch_bytes, largest_row};

use crate::error::{Error, Result};
use crate::worker::new_batch;

/// Where a spool's rows go when memory is full.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A file without a name in this folder, made when it is first needed and gone with the spool.
    Temporary(PathBuf),
    /// A file that survives the program; what it holds counts up to the last mark.
    Kept(PathBuf),
}

impl Place {
    fn open(&self) -> Result<BlockFile> {
        match self {
            Self::Temporary(folder) => BlockFile::temporary(folder),
            Self::Kept(path) => BlockFile::create(path),
        }
    }

    /// The folder for what is only needed for a while.
    fn beside(&self) -> Self {
        match self {
            Self::Temporary(folder) => Self::Temporary(folder.clone()),
            Self::Kept(path) => Self::Temporary(path.parent().unwrap_or(Path::new(".")).to_path_buf()),
        }
    }
}

/// How far a kept spool is safely on disk: what to write into a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Mark {
    pub(crate) batches: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) file_bytes: u64,
    #[serde(default)]
    pub(crate) largest: u64,
}

/// Record batches in order. Those on disk are always the first ones; any of those may be in memory too.
pub(crate) struct Spool {
    schema: SchemaRef,
    budget: Arc<Budget>,
    place: Place,
    codec: Option<Codec>,
    file: Option<BlockFile>,
    slots: Vec<Slot>,
    /// Of each batch, the number of its first row; and behind them, the number of rows.
    starts: Vec<u64>,
    bytes: u64,
    largest: u64,
    /// How many batches are on disk.
    written: usize,
    /// What the others take.
    unwritten: u64,
    /// Batches that are on disk and in memory: what can be forgotten at no cost.
    copies: Vec<usize>,
    clock: u64,
}

/// One batch.
struct Slot {
    bytes: u64,
    block: Option<Block>,
    held: Option<Held>,
    used: u64,
}

/// A batch in memory, with its share of the budget.
struct Held {
    batch: RecordBatch,
    _share: Share,
}

impl Spool {
    pub(crate) fn new(schema: SchemaRef, budget: Arc<Budget>, place: Place) -> Self {
        Self {
            schema,
            budget,
            place,
            codec: None,
            file: None,
            slots: Vec::new(),
            starts: vec![0],
            bytes: 0,
            largest: 0,
            written: 0,
            unwritten: 0,
            copies: Vec::new(),
            clock: 0,
        }
    }

    /// Opens a kept spool again, by the marks that a journal has of it, oldest first. Reads the file once, up to the last
    /// mark, and goes back to the last mark before the first damage. Says how many of the marks hold, and what was damaged.
    pub(crate) fn reopen(
        schema: SchemaRef,
        budget: Arc<Budget>,
        path: PathBuf,
        marks: &[Mark],
    ) -> Result<(Self, usize, Option<String>)> {
        let mut spool = Self::new(schema, budget, Place::Kept(path.clone()));
        if marks.is_empty() {
            return Ok((spool, 0, None));
        }
        let scanned = file::scan(&path, marks)?;
        let holds = scanned.holds;
        spool.largest = holds.checked_sub(1).map_or(0, |last| marks[last].largest);
        if holds > 0 && marks[holds - 1].batches > 0 {
            spool.file = Some(BlockFile::reopen(&path, marks[holds - 1].file_bytes)?);
        }
        for block in scanned.blocks {
            spool.add(block.bytes, block.rows, Some(block), None);
        }
        spool.written = spool.slots.len();
        Ok((spool, holds, scanned.warning))
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn rows(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    pub(crate) fn batches(&self) -> usize {
        self.slots.len()
    }

    /// What the batches take in memory, as they were pushed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// No row takes more than this, in bytes.
    pub(crate) fn largest_row(&self) -> u64 {
        self.largest
    }

    /// What is in memory only.
    pub(crate) fn unwritten_bytes(&self) -> u64 {
        self.unwritten
    }

    /// Adds a batch behind the others; one without rows is skipped. Nothing is copied while there is room in memory.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = self.typed(batch)?;
        let (rows, bytes) = (batch.num_rows() as u64, batch_bytes(&batch) as u64);
        let largest = batch.columns().iter().map(|column| largest_row(column.as_ref()));
        self.largest = self.largest.max(largest.fold(0, usize::saturating_add) as u64);
        while !self.budget.has_room(bytes) && (self.forget_copy() || self.write_oldest()?) {}
        if let Some(share) = self.budget.reserve(bytes) {
            self.add(bytes, rows, None, Some(Held { batch, _share: share }));
            return Ok(());
        }
        // Another spool has the memory: straight to the disk, behind everything that came before.
        self.write_all()?;
        let block = self.write(&batch, bytes)?;
        self.add(bytes, rows, Some(block), None);
        self.written = self.slots.len();
        Ok(())
    }

    /// Brings everything to the disk for good. Copies stay in memory as long as the budget lets them.
    pub(crate) fn mark(&mut self) -> Result<Mark> {
        self.write_all()?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.place.open()?),
        };
        file.sync()?;
        let (batches, file_bytes) = (self.slots.len() as u64, file.end());
        Ok(Mark { batches, rows: self.rows(), bytes: self.bytes, file_bytes, largest: self.largest })
    }

    /// A batch as it was pushed.
    pub(crate) fn batch(&mut self, index: usize) -> Result<RecordBatch> {
        self.clock += 1;
        let clock = self.clock;
        let Some(slot) = self.slots.get_mut(index) else {
            return Err(internal(format!("there is no batch {index} among {}", self.batches())));
        };
        slot.used = clock;
        match (&slot.held, slot.block) {
            (Some(held), _) => Ok(held.batch.clone()),
            (None, Some(block)) => self.load(index, block),
            (None, None) => Err(internal(format!("batch {index} is neither in memory nor on disk"))),
        }
    }

    /// Reads a batch from the disk, and keeps it for a while: where there is no room, until the next one is read.
    fn load(&mut self, index: usize, block: Block) -> Result<RecordBatch> {
        while !self.budget.has_room(block.bytes) && self.forget_copy() {}
        let share = self.budget.force(block.bytes);
        self.codec()?;
        let (Some(codec), Some(file)) = (&self.codec, &mut self.file) else {
            return Err(internal("a batch on disk without a file".into()));
        };
        let payload = file.read(block)?;
        let batch = codec.decode(&payload, block.rows).map_err(|message| file.damaged(block, &message))?;
        self.slots[index].held = Some(Held { batch: batch.clone(), _share: share });
        self.copies.push(index);
        Ok(batch)
    }

    /// Whether a batch can be had without reading.
    fn is_held(&self, index: usize) -> bool {
        self.slots[index].held.is_some()
    }

    fn add(&mut self, bytes: u64, rows: u64, block: Option<Block>, held: Option<Held>) {
        self.starts.push(self.rows() + rows);
        self.bytes += bytes;
        self.unwritten += if block.is_none() { bytes } else { 0 };
        self.slots.push(Slot { bytes, block, held, used: 0 });
    }

    /// The batch under the spool's own schema; its columns must be of these types.
    fn typed(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if Arc::ptr_eq(batch.schema_ref(), &self.schema) {
            return Ok(batch);
        }
        let rows = batch.num_rows();
        new_batch(&self.schema, batch.columns().to_vec(), rows)
    }

    /// Gives the memory back of the copy that was used least recently; false when there is none.
    fn forget_copy(&mut self) -> bool {
        let oldest = self.copies.iter().enumerate().min_by_key(|(_, index)| self.slots[**index].used);
        let Some(at) = oldest.map(|(at, _)| at) else { return false };
        let index = self.copies.swap_remove(at);
        self.slots[index].held = None;
        true
    }

    /// Brings the first batch to the disk that is not there yet; false when all are.
    fn write_oldest(&mut self) -> Result<bool> {
        let index = self.written;
        let Some(slot) = self.slots.get(index) else { return Ok(false) };
        let (bytes, Some(held)) = (slot.bytes, &slot.held) else {
            return Err(internal(format!("batch {index} is neither in memory nor on disk")));
        };
        let batch = held.batch.clone();
        let block = self.write(&batch, bytes)?;
        self.slots[index].block = Some(block);
        self.written += 1;
        self.unwritten -= bytes;
        self.copies.push(index);
        Ok(true)
    }

    fn write_all(&mut self) -> Result<()> {
        while self.write_oldest()? {}
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch, bytes: u64) -> Result<Block> {
        let payload = self.codec()?.encode(batch)?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.place.open()?),
        };
        file.append(batch.num_rows() as u64, bytes, &payload)
    }

    fn codec(&mut self) -> Result<&Codec> {
        match &mut self.codec {
            Some(codec) => Ok(codec),
            none => Ok(none.insert(Codec::new(&self.schema)?)),
        }
    }
}

fn internal(message: String) -> Error {
    Error::Engine { message: format!("rows kept aside: {message}"), help: None }
}
