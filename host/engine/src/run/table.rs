//! The table on which items and batons lie, and the rule by which a thread picks up its next job.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stage::{End, Feed, Stage};
use crate::error::{Error, Result};
use crate::report::Progress;
use crate::worker::Item;

/// How often a waiting thread looks whether somebody asked for a stop.
const LOOK: Duration = Duration::from_millis(50);

/// One thing to do.
pub(super) enum Job {
    /// Read the next piece of input, decode it and take it through the first segment.
    Read(Feed, u64),
    /// Take an item through a later segment.
    Segment(usize, Item),
    /// Give a stage its next item.
    Stage(usize, Stage, Item),
    /// All items have been at the stage: let it answer.
    Finish(usize, Stage),
}

pub(super) struct Table {
    state: Mutex<State>,
    changed: Condvar,
    /// Most items under way between reading and writing.
    room: usize,
}

struct State {
    feed: Option<Feed>,
    read: u64,
    under_way: usize,
    stations: Vec<Station>,
    error: Option<Error>,
    /// There is a failure: what lies behind it need not be read.
    closing: bool,
    over: bool,
}

/// A stage with its items: those that came through its segment, and those that wait to enter the next one.
struct Station {
    stage: Option<Stage>,
    /// Through the segment, waiting for their turn.
    arrived: BTreeMap<u64, Item>,
    /// The next item's number.
    turn: u64,
    /// How many items there will be, once that is known.
    total: Option<u64>,
    /// Passed on, waiting for the segment behind.
    passed: VecDeque<Item>,
    /// How many were passed on.
    sent: u64,
}

impl Table {
    pub(super) fn new(feed: Feed, stages: Vec<Stage>, room: usize) -> Self {
        let station = |stage| Station {
            stage: Some(stage),
            arrived: BTreeMap::new(),
            turn: 0,
            total: None,
            passed: VecDeque::new(),
            sent: 0,
        };
        let stations = stages.into_iter().map(station).collect();
        let state =
            State { feed: Some(feed), read: 0, under_way: 0, stations, error: None, closing: false, over: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), room }
    }

    /// Waits for something to do; none when the run is over.
    pub(super) fn next_job(&self, progress: &Progress) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.over || state.error.is_some() || progress.is_stopped() {
                state.over = true;
                self.changed.notify_all();
                return None;
            }
            if let Some(job) = state.pick(self.room) {
                return Some(job);
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// An item is through segment `at`.
    pub(super) fn put_item(&self, at: usize, item: Item) {
        let mut state = self.lock();
        state.closing |= item.failure.is_some();
        state.stations[at].arrived.insert(item.number, item);
        self.changed.notify_all();
    }

    /// The source has given a piece, or come to its end.
    pub(super) fn put_feed(&self, feed: Feed, more: bool) {
        let mut state = self.lock();
        if more {
            state.read += 1;
            state.feed = Some(feed);
        } else {
            state.under_way -= 1;
            state.stations[0].total = Some(state.read);
        }
        self.changed.notify_all();
    }

    /// A stage has had its item; what it passes on goes to the next segment.
    pub(super) fn put_stage(&self, at: usize, stage: Stage, item: Option<Item>) {
        let mut state = self.lock();
        let station = &mut state.stations[at];
        station.turn += 1;
        station.stage = Some(stage);
        match item {
            Some(item) => {
                let failed = item.failure.is_some();
                station.pass(item);
                state.closing |= failed;
            }
            None => state.under_way -= 1,
        }
        self.changed.notify_all();
    }

    /// A stage has given a piece of its answer, or come to the end of it.
    pub(super) fn finish_stage(&self, at: usize, stage: Stage, item: Option<Item>) {
        let mut state = self.lock();
        let station = &mut state.stations[at];
        match item {
            Some(item) => {
                station.stage = Some(stage);
                station.pass(item);
            }
            None => {
                let sent = station.sent;
                state.under_way -= 1;
                match stage {
                    Stage::End(_) => {
                        state.stations[at].stage = Some(stage);
                        state.over = true;
                    }
                    _ => state.stations[at + 1].total = Some(sent),
                }
            }
        }
        self.changed.notify_all();
    }

    pub(super) fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.error.get_or_insert(error);
        self.changed.notify_all();
    }

    /// After the last thread is done: the last stage, or what went wrong.
    pub(super) fn outcome(&mut self) -> Result<Box<End>> {
        let mut state = self.lock();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        match state.stations.last_mut().and_then(|station| station.stage.take()) {
            Some(Stage::End(end)) => Ok(end),
            _ => Err(Error::Stopped),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every change, so a thread that panicked elsewhere left nothing half-done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The job that is nearest to the end of the pipeline.
    fn pick(&mut self, room: usize) -> Option<Job> {
        for at in (0..self.stations.len()).rev() {
            if let Some(job) = self.station_job(at, room) {
                return Some(job);
            }
            if let Some(item) = at.checked_sub(1).and_then(|before| self.stations[before].passed.pop_front()) {
                return Some(Job::Segment(at, item));
            }
        }
        if self.under_way < room
            && !self.closing
            && let Some(feed) = self.feed.take()
        {
            self.under_way += 1;
            return Some(Job::Read(feed, self.read));
        }
        None
    }

    fn station_job(&mut self, at: usize, room: usize) -> Option<Job> {
        let station = &mut self.stations[at];
        station.stage.as_ref()?;
        if let Some(item) = station.arrived.remove(&station.turn) {
            return station.stage.take().map(|stage| Job::Stage(at, stage, item));
        }
        if station.total == Some(station.turn) && self.under_way < room {
            self.under_way += 1;
            return station.stage.take().map(|stage| Job::Finish(at, stage));
        }
        None
    }
}

impl Station {
    fn pass(&mut self, item: Item) {
        self.sent += 1;
        self.passed.push_back(item);
    }
}
