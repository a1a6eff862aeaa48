//! The table on which items and batons lie, and the rule by which a thread picks up its next job.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::feed::Feed;
use super::stage::{Emit, Finished, Stage};
use crate::error::Error;
use crate::plan::{Exit, Out};
use crate::report::Progress;
use crate::worker::{Failed, Item, Parcel};

/// How often a waiting thread looks whether somebody asked for a stop.
const LOOK: Duration = Duration::from_millis(50);

/// Counts what is under way: each item has one, and all that comes of the item shares it.
#[derive(Clone)]
pub(crate) struct Token {
    _counted: Arc<Counted>,
}

struct Counted(Arc<AtomicUsize>);

impl Token {
    pub(super) fn new(under_way: &Arc<AtomicUsize>) -> Self {
        under_way.fetch_add(1, Ordering::Relaxed);
        Self { _counted: Arc::new(Counted(under_way.clone())) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One thing to do.
pub(super) enum Job {
    /// Read the next piece of input, decode it and take it through its segment.
    Read(usize, Box<Feed>, Token),
    /// Take an item through a segment.
    Segment(usize, Item),
    /// Give a stage the next item of a port, or of all ports.
    Stage(usize, Box<Stage>, usize, Vec<Parcel>),
    /// All items have been at the stage: let it answer.
    Finish(usize, Box<Stage>, Token),
}

pub(super) struct Table {
    state: Mutex<State>,
    changed: Condvar,
    under_way: Arc<AtomicUsize>,
    /// Most items under way between reading and writing.
    room: usize,
    /// Of each segment, the ports that it leads to.
    exits: Vec<Vec<Exit>>,
}

struct State {
    /// Of each source: itself, and the segment that its rows enter.
    feeds: Vec<(Option<Box<Feed>>, usize)>,
    /// Of each segment, the items that wait to enter it.
    waiting: Vec<VecDeque<Item>>,
    stations: Vec<Station>,
    error: Option<Error>,
    /// There is a failure: what lies behind it need not be read.
    closing: bool,
    /// Failures that were told to stages, which may have had the item before the run was resumed.
    failures: Vec<Failed>,
    /// Jobs under way.
    busy: usize,
    /// Items that wait for models.
    waiting_for: usize,
    over: bool,
}

/// A stage with what has come to its ports.
pub(super) struct Station {
    pub(super) stage: Option<Box<Stage>>,
    pub(super) ports: Vec<Port>,
    /// Whether it takes an item of all ports at once.
    pub(super) together: bool,
    pub(super) out: Option<Out>,
    /// How many items it has passed on.
    pub(super) sent: u64,
    /// Items before this one are not wanted by those behind: they have them.
    pub(super) wanted: u64,
    pub(super) over: bool,
}

/// Items that are through the segment and wait for their turn.
#[derive(Default)]
pub(super) struct Port {
    arrived: BTreeMap<u64, Parcel>,
    /// The next item's number.
    pub(super) turn: u64,
    /// How many items there will be, once that is known.
    pub(super) total: Option<u64>,
}

impl Port {
    pub(super) fn from(turn: u64) -> Self {
        Self { turn, ..Self::default() }
    }

    /// Where the turn is the last, there is nothing to come.
    pub(super) fn with_end(self, is_end: bool) -> Self {
        Self { total: is_end.then_some(self.turn), ..self }
    }

    fn is_over(&self) -> bool {
        self.total.is_some_and(|total| self.turn >= total)
    }
}

impl Table {
    pub(super) fn new(
        feeds: Vec<(Option<Box<Feed>>, usize)>,
        stations: Vec<Station>,
        exits: Vec<Vec<Exit>>,
        room: usize,
    ) -> Self {
        let over = stations.iter().all(|station| station.over);
        let waiting = exits.iter().map(|_| VecDeque::new()).collect();
        let (error, failures) = (None, Vec::new());
        let state = State { feeds, waiting, stations, error, closing: false, failures, busy: 0, waiting_for: 0, over };
        Self { state: Mutex::new(state), changed: Condvar::new(), under_way: Arc::default(), room, exits }
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
            if let Some(job) = self.pick(&mut state) {
                state.busy += 1;
                return Some(job);
            }
            if state.busy == 0 && state.waiting_for == 0 {
                // Nothing is under way and nothing can be: somebody's failure was nobody's to raise.
                let told = state.failures.iter().find_map(Failed::take);
                state.error = Some(told.unwrap_or_else(standstill));
                continue;
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A job is done.
    pub(super) fn done(&self) {
        self.lock().busy -= 1;
        self.changed.notify_all();
    }

    /// An item is through a segment.
    pub(super) fn put_parcels(&self, segment: usize, parcels: Vec<Parcel>) {
        let mut state = self.lock();
        for (parcel, exit) in parcels.into_iter().zip(&self.exits[segment]) {
            state.closing |= parcel.failure.is_some();
            state.failures.extend(parcel.failure.clone());
            state.arrive(*exit, parcel);
        }
        self.changed.notify_all();
    }

    /// An item begins to wait for models.
    pub(super) fn begin_waiting(&self) {
        self.lock().waiting_for += 1;
    }

    /// It goes on.
    pub(super) fn put_waited(&self, at: usize, item: Item) {
        let mut state = self.lock();
        state.waiting_for -= 1;
        state.pass(at, Emit::Item(item));
        self.changed.notify_all();
    }

    /// The source has given a piece; or it has come to its end, after so many.
    pub(super) fn put_feed(&self, at: usize, feed: Box<Feed>, end: Option<u64>) {
        let mut state = self.lock();
        match end {
            None => state.feeds[at].0 = Some(feed),
            Some(total) => {
                let segment = state.feeds[at].1;
                self.segment_ends(&mut state, segment, total);
            }
        }
        self.changed.notify_all();
    }

    /// A stage has had its item; what it passes on goes its way.
    pub(super) fn put_stage(&self, at: usize, stage: Box<Stage>, port: usize, emit: Emit) {
        let mut state = self.lock();
        let station = &mut state.stations[at];
        let ports = if station.together { 0..station.ports.len() } else { port..port + 1 };
        station.ports[ports].iter_mut().for_each(|port| port.turn += 1);
        station.stage = Some(stage);
        state.pass(at, emit);
        self.changed.notify_all();
    }

    /// A stage has given a part of its answer, or come to the end of it.
    pub(super) fn finish_stage(&self, at: usize, stage: Box<Stage>, finished: Finished) {
        let mut state = self.lock();
        state.stations[at].stage = Some(stage);
        match finished {
            Finished::Part(emit) => state.pass(at, emit),
            Finished::End => {
                state.stations[at].over = true;
                let (sent, out) = (state.stations[at].sent, state.stations[at].out);
                match out {
                    Some(Out::Segment(segment)) => self.segment_ends(&mut state, segment, sent),
                    Some(Out::Port(exit)) => state.stations[exit.stage].ports[exit.port].total = Some(sent),
                    None => {}
                }
                state.over = state.stations.iter().all(|station| station.over);
            }
        }
        self.changed.notify_all();
    }

    fn segment_ends(&self, state: &mut State, segment: usize, total: u64) {
        for exit in &self.exits[segment] {
            state.stations[exit.stage].ports[exit.port].total = Some(total);
        }
    }

    pub(super) fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.error.get_or_insert(error);
        self.changed.notify_all();
    }

    /// After the last thread is done: what went wrong, and the stages as they were left.
    pub(super) fn outcome(&self) -> (Option<Error>, bool, Vec<Option<Box<Stage>>>) {
        let mut state = self.lock();
        let error = state.error.take();
        let is_complete = state.stations.iter().all(|station| station.over);
        (error, is_complete, state.stations.iter_mut().map(|station| station.stage.take()).collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every change, so a thread that panicked elsewhere left nothing half-done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job that is nearest to the end of the pipeline.
    fn pick(&self, state: &mut State) -> Option<Job> {
        let has_room = self.under_way.load(Ordering::Relaxed) < self.room;
        for at in (0..state.stations.len()).rev() {
            if let Some(job) = state.stations[at].job(at, has_room, &self.under_way) {
                return Some(job);
            }
        }
        for at in (0..state.waiting.len()).rev() {
            if let Some(item) = state.waiting[at].pop_front() {
                return Some(Job::Segment(at, item));
            }
        }
        if !has_room || state.closing {
            return None;
        }
        let (at, feed) =
            state.feeds.iter_mut().enumerate().find_map(|(at, (feed, _))| feed.take().map(|feed| (at, feed)))?;
        Some(Job::Read(at, feed, Token::new(&self.under_way)))
    }
}

/// Should never be.
fn standstill() -> Error {
    Error::Engine {
        message: "the run came to a standstill".to_owned(),
        help: Some("this is a bug in Stillroom; please report it with the pipeline".to_owned()),
    }
}

impl Station {
    fn job(&mut self, at: usize, has_room: bool, under_way: &Arc<AtomicUsize>) -> Option<Job> {
        if self.over || self.stage.is_none() {
            return None;
        }
        if let Some((port, parcels)) = self.next() {
            return self.stage.take().map(|stage| Job::Stage(at, stage, port, parcels));
        }
        // What passes nothing on adds nothing to what is under way.
        if self.ports.iter().all(Port::is_over) && (has_room || self.out.is_none()) {
            return self.stage.take().map(|stage| Job::Finish(at, stage, Token::new(under_way)));
        }
        None
    }

    fn next(&mut self) -> Option<(usize, Vec<Parcel>)> {
        if self.together {
            let is_there = self.ports.iter().all(|port| port.arrived.contains_key(&port.turn));
            let parcels = self.ports.iter_mut().filter(|_| is_there).filter_map(|port| port.arrived.remove(&port.turn));
            return Some((0, parcels.collect::<Vec<_>>())).filter(|(_, parcels)| !parcels.is_empty());
        }
        let found =
            self.ports.iter_mut().enumerate().find_map(|(at, port)| Some((at, port.arrived.remove(&port.turn)?)));
        found.map(|(port, parcel)| (port, vec![parcel]))
    }
}

impl State {
    /// What is before a port's turn is there already.
    fn arrive(&mut self, exit: Exit, parcel: Parcel) {
        let station = &mut self.stations[exit.stage];
        let port = &mut station.ports[exit.port];
        if parcel.number >= port.turn && !station.over {
            port.arrived.insert(parcel.number, parcel);
        }
    }

    fn pass(&mut self, at: usize, emit: Emit) {
        let station = &mut self.stations[at];
        match emit {
            Emit::Nothing => {}
            Emit::Later(number) => station.sent = station.sent.max(number + 1),
            Emit::Item(mut item) => {
                station.sent = station.sent.max(item.number + 1);
                let is_wanted = item.number >= station.wanted;
                let Some(Out::Segment(segment)) = station.out else { return };
                self.closing |= item.failure.is_some();
                if is_wanted {
                    self.waiting[segment].push_back(item);
                } else if let Some(error) = item.failure.take() {
                    // Those behind have the item already: it failed only now.
                    self.error.get_or_insert(error);
                }
            }
            Emit::Parcel(parcel) => {
                station.sent = station.sent.max(parcel.number + 1);
                if let Some(Out::Port(exit)) = station.out {
                    self.arrive(exit, parcel);
                }
            }
        }
    }
}
