//! What is done serially and in order: ordered and global steps, streams that meet, writing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Token;
use super::collect::Collect;
use super::hold::Hold;
use super::journal::{Journal, Mark};
use super::ordered::{Gather, Ordered, Share};
use super::output::Output;
use super::part::Part;
use super::quarantine::Quarantine;
use super::steady::Tally;
use super::wait::Wait;
use crate::error::{Error, Result};
use crate::instance::Failure;
use crate::plan::Meet;
use crate::report::Count;
use crate::worker::{Item, Parcel, meet_item};

/// How fast rows that are held go to the disk, cautiously: compressed by one thread.
const SPOOL_BYTES_PER_SECOND: f64 = 250e6;

/// Something serial between two segments, or at the end.
pub(super) enum Stage {
    Output(Box<Output>),
    Quarantine(Quarantine),
    Wait(Wait),
    Ordered(Ordered),
    Share(Share),
    Gather(Gather),
    Part(Box<Part>),
    Hold(Box<Hold>),
    Meet(MeetStage),
    Collect(Box<Collect>),
    /// Nothing is left to do.
    Done,
}

/// What a stage passes on.
pub(super) enum Emit {
    Nothing,
    /// To the segment behind it.
    Item(Item),
    /// To another stage.
    Parcel(Parcel),
    /// The item of this number goes to the segment behind it in time.
    Later(u64),
}

/// What a stage does once all items have been there.
pub(super) enum Finished {
    /// A part of its answer; there may be more.
    Part(Emit),
    End,
}

impl Stage {
    /// Gives the stage its next item; what it passes on comes back. A failure is passed on too, so that items before it come
    /// to the end first; a stage that has had all of them raises it.
    pub(super) fn take(&mut self, port: usize, mut parcels: Vec<Parcel>) -> Result<Emit> {
        let Some(parcel) = parcels.pop() else { return Ok(Emit::Nothing) };
        match self {
            Self::Output(output) => output.take(parcel).map(|()| Emit::Nothing),
            Self::Quarantine(quarantine) => quarantine.take(port, parcel).map(|()| Emit::Nothing),
            Self::Ordered(ordered) => Ok(Emit::Item(ordered.take(parcel))),
            Self::Share(share) => Ok(Emit::Parcel(share.take(parcel))),
            Self::Gather(gather) => {
                parcels.push(parcel);
                gather.take(parcels).map(Emit::Item)
            }
            Self::Part(part) => part.take(parcel).map(|()| Emit::Nothing),
            Self::Hold(hold) => hold.take(port, parcel).map(|()| Emit::Nothing),
            Self::Meet(meet) => {
                parcels.push(parcel);
                Ok(Emit::Item(meet.take(parcels)))
            }
            Self::Collect(collect) => collect.take(port, parcel),
            // It is the run that has somebody who waits.
            Self::Wait(_) | Self::Done => Ok(Emit::Nothing),
        }
    }

    /// Whether its items go on in their own time.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Wait(_))
    }

    /// After the last item.
    pub(super) fn finish(&mut self, token: Token) -> Result<Finished> {
        match self {
            Self::Output(output) => output.finish().map(|()| Finished::End),
            Self::Quarantine(quarantine) => quarantine.finish().map(|()| Finished::End),
            Self::Part(part) => part.finish(token),
            Self::Hold(hold) => hold.finish(token),
            Self::Collect(collect) => collect.finish(token),
            Self::Wait(_) | Self::Ordered(_) | Self::Share(_) | Self::Gather(_) | Self::Meet(_) | Self::Done => {
                Ok(Finished::End)
            }
        }
    }

    /// What the steps of the segment before a port counted, where the stage keeps that.
    pub(super) fn counts(&self, port: usize) -> Option<&[Count]> {
        match self {
            Self::Output(output) => Some(output.counts()),
            Self::Quarantine(quarantine) => Some(quarantine.counts(port)),
            Self::Hold(hold) if port == 0 => Some(hold.counts()),
            Self::Collect(collect) => Some(collect.counts(port)),
            _ => None,
        }
    }

    /// Writes down how far it is, before the run is left.
    pub(super) fn leave(&mut self) -> Result<()> {
        match self {
            Self::Output(output) => output.mark(),
            Self::Quarantine(quarantine) => quarantine.mark_all(),
            Self::Hold(hold) => hold.mark(),
            Self::Collect(collect) => collect.mark_all(),
            _ => Ok(()),
        }
    }
}

/// What a stage has had at one of its ports.
pub(super) struct Intake {
    pub(super) stage: String,
    pub(super) port: usize,
    pub(super) journal: Option<Arc<Journal>>,
    /// Items so far.
    pub(super) items: u64,
    /// Rows of these items as they entered the segment.
    pub(super) entered: u64,
    /// What the segment's steps counted of them.
    pub(super) counts: Vec<Count>,
    marked: Option<Instant>,
    /// Items when the last mark was made.
    marked_items: Option<u64>,
}

impl Intake {
    pub(super) fn new(stage: &str, port: usize, journal: Option<Arc<Journal>>) -> Self {
        Self {
            stage: stage.to_owned(),
            port,
            journal,
            items: 0,
            entered: 0,
            counts: Vec::new(),
            marked: None,
            marked_items: None,
        }
    }

    /// Goes on from a mark.
    pub(super) fn resume(&mut self, mark: &Mark) {
        (self.items, self.entered) = (mark.items, mark.entered);
        self.counts.clone_from(&mark.counts);
        self.marked_items = Some(mark.items);
    }

    /// Books an item; false where it was here before, or where its failure is another's to raise.
    pub(super) fn take(&mut self, parcel: &Parcel) -> Result<bool> {
        if parcel.number < self.items {
            return Ok(false);
        }
        if let Some(failed) = &parcel.failure {
            return failed.take().map_or(Ok(false), |error| Err(placed(error, failed.placed, self.entered)));
        }
        self.items = parcel.number + 1;
        self.entered += parcel.entered;
        add(&mut self.counts, &parcel.counts);
        Ok(true)
    }

    /// Whether it is time to write down how far the stage is.
    pub(super) fn is_due(&self) -> bool {
        self.is_due_with(0)
    }

    /// The same where so many bytes would have to go to the disk for it that need not otherwise: that is to take no more than
    /// a tenth of the time.
    pub(super) fn is_due_with(&self, bytes: u64) -> bool {
        let cost = Duration::from_secs_f64(bytes as f64 / SPOOL_BYTES_PER_SECOND);
        self.journal.as_ref().is_some_and(|journal| journal.is_due(self.marked, 10 * cost))
    }

    /// Whether there is anything new to write down.
    pub(super) fn is_new(&self) -> bool {
        self.marked_items != Some(self.items)
    }

    pub(super) fn mark(&self, state: serde_json::Value) -> Mark {
        Mark {
            stage: self.stage.clone(),
            port: self.port,
            items: self.items,
            is_done: false,
            entered: self.entered,
            counts: self.counts.clone(),
            state,
        }
    }

    pub(super) fn write(&mut self, mark: &Mark) -> Result<()> {
        if let Some(journal) = &self.journal {
            journal.write(mark)?;
        }
        (self.marked, self.marked_items) = (Some(Instant::now()), Some(mark.items));
        Ok(())
    }
}

pub(super) fn add(all: &mut Vec<Count>, more: &[Count]) {
    if all.len() < more.len() {
        all.resize(more.len(), Count::default());
    }
    all.iter_mut().zip(more).for_each(|(all, more)| all.add(more));
}

/// A failure, now that it is known how many rows came before its item.
pub(super) fn placed(mut error: Error, is_placed: bool, before: u64) -> Error {
    if let (Error::Step(step), false) = (&mut error, is_placed) {
        step.first_row += before;
    }
    error
}

/// A failed item to pass on, where the failure of one of the parcels is still there to be told.
pub(super) fn pass_failure(number: u64, parcels: &[Parcel], before: u64, token: Token) -> Item {
    let told = parcels.iter().filter_map(|parcel| parcel.failure.as_ref());
    match told.filter_map(|failed| Some((failed.take()?, failed.placed))).next() {
        Some((error, is_placed)) => {
            Item { placed: true, ..Item::failed(number, placed(error, is_placed, before), token) }
        }
        // Another stage raises it; the run is ending.
        None => Item::new(number, Vec::new(), token),
    }
}

pub(super) fn contract(message: &str) -> Failure {
    let message = message.to_owned();
    Failure::new(crate::error::Blame::Contract, message)
}

/// Streams that come in the same items meet item by item.
pub(super) struct MeetStage {
    pub(super) meet: Arc<Meet>,
    pub(super) entered: u64,
    pub(super) tally: Arc<Tally>,
}

impl MeetStage {
    fn take(&mut self, parcels: Vec<Parcel>) -> Item {
        let Some(first) = parcels.first() else { return Item::new(0, Vec::new(), super::idle_token()) };
        let (number, token, before) = (first.number, first.token.clone(), self.entered);
        self.entered += first.entered;
        if parcels.iter().any(|parcel| parcel.failure.is_some()) {
            return pass_failure(number, &parcels, before, token);
        }
        let mut count = Count::default();
        let inputs = parcels.into_iter().map(|parcel| parcel.batches).collect();
        match meet_item(&self.meet, inputs, &mut count, &self.tally) {
            Ok(batches) => Item { counts: vec![count], ..Item::new(number, batches, token) },
            Err(error) => Item { placed: true, ..Item::failed(number, error, token) },
        }
    }
}
