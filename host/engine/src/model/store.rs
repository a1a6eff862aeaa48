//! Answers that were paid for, kept as they arrive: a SQLite file that any number of runs and processes may share.
//!
//! An answer is kept by what was asked: a digest of it, the *key*. Two rows may ask exactly the same and want two different
//! samples, so one key has any number of answers, numbered from 0. Which of them a request gets is decided for each run: a
//! request has a *place* in its run (step, item, row, ordinal). A place that has a number in this run gets the same again;
//! any other gets the lowest that no place of this run has. So a new run takes stored answers from 0 up, and one that is gone
//! on with takes those that it had.
//!
//! A thread for each open store does everything, and puts all that is waiting into one transaction; a caller hears of it once
//! that is committed. The file is in WAL mode with `synchronous=NORMAL`: a commit is a `write()` to the log, which outlives
//! the process's death, `kill -9` included. It is not synced, so a power cut may take the last seconds; the file is whole
//! after that too, for SQLite syncs where it moves the log into the file.

mod answers;
mod file;
mod jobs;
#[cfg(test)]
mod tests;
mod upkeep;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

#[allow(unused_imports, reason = "the batch mode is in the making")]
pub(crate) use self::jobs::{Job, JobAsk, Spent};
#[allow(unused_imports, reason = "in the making")]
pub(crate) use self::upkeep::{Pruned, Stats, prune, stats};
use self::writer::{Order, Writer};
use super::ask::Reply;
use crate::error::{Error, Result};

/// The file's name, in the folder that the user names.
pub(crate) const FILE: &str = "answers.db";

/// What was asked: 32 bytes of BLAKE3.
pub(crate) type Key = [u8; 32];

/// Where in the run it was asked.
pub(crate) type Place = [u8; 16];

/// A run, and the same where it is gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RunId(pub(crate) [u8; 16]);

/// Kept answers, as one run uses them. Dropping it waits until everything is written.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// None while it is dropped.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What a place has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Taken {
    /// This answer, the n-th.
    Answer(u64, Reply),
    /// No answer yet: the n-th is reserved for it.
    Nothing(u64),
}

/// About an answer, for people and for budgets.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// The declared model that answered.
    pub(crate) alias: String,
    pub(crate) latency: Duration,
}

impl Store {
    /// Opens the file for a run, and makes it where there is none. With `refresh`, answers from before the run's start are
    /// as if they were not there, and are replaced as new ones come; a run that is gone on with keeps its start.
    ///
    /// # Errors
    /// Where the file is no database, another program's, or a newer version's.
    pub(crate) fn open(path: &Path, run: RunId, refresh: bool) -> Result<Self> {
        let writer = Writer::open(path, run, refresh)?;
        let (orders, waiting) = std::sync::mpsc::channel();
        let named = std::thread::Builder::new().name("answers".to_owned());
        let thread = named.spawn(move || writer.work(&waiting)).map_err(|error| Error::Engine {
            message: format!("no thread for the kept answers in {}: {error}", path.display()),
            help: None,
        })?;
        Ok(Self { path: path.to_owned(), orders: Some(orders), thread: Some(thread) })
    }

    /// The answer that a place of this run has to what it asks.
    pub(crate) async fn take(&self, key: Key, place: Place) -> Result<Taken> {
        let mut taken = self.take_many(vec![(key, place)]).await?;
        taken.pop().ok_or_else(|| self.ended())
    }

    /// The answers that places of this run have, in their order. One order, however many they are.
    pub(crate) async fn take_many(&self, asks: Vec<(Key, Place)>) -> Result<Vec<Taken>> {
        if asks.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = asks.iter().map(|(key, _)| *key).collect();
        let found = self.order(|reply| Order::Take { asks, reply }).await?;
        Ok(keys.into_iter().zip(found).map(|(key, (n, json))| self.read(key, n, json)).collect())
    }

    /// Keeps an answer, and returns once nothing but the disk's own death can take it away; the number that it has. That is
    /// `n`, unless another run has kept its own answer there meanwhile: both are kept.
    pub(crate) async fn keep(&self, key: Key, n: u64, place: Place, reply: &Reply, about: About) -> Result<u64> {
        let usage = reply.usage();
        let json = serde_json::to_string(reply).map_err(|error| Error::Engine {
            message: format!("an answer cannot be kept in {}: {error}", self.path.display()),
            help: None,
        })?;
        let About { alias, latency } = about;
        let answer = answers::Answer { key, n, place, json, alias, latency, usage };
        self.order(|reply| Order::Keep { answer, reply }).await
    }

    /// Gives back what these places have: a call that failed is made again, and gets the same answers.
    pub(crate) fn release(&self, places: &[Place]) {
        if !places.is_empty() {
            self.send(Order::Release { places: places.to_vec() });
        }
    }

    /// What this run paid for, by declared model; all of it, where it was gone on with.
    pub(crate) async fn spent(&self) -> Result<Vec<Spent>> {
        self.order(|reply| Order::Spent { reply }).await
    }

    /// The run is complete, and never gone on with: nobody asks again which answers its places had. The answers stay.
    pub(crate) async fn forget(&self) -> Result<()> {
        self.order(|reply| Order::Forget { reply }).await
    }

    /// Requests handed to a provider's batch API, of all runs, oldest first.
    pub(crate) async fn jobs(&self) -> Result<Vec<Job>> {
        self.order(|reply| Order::Jobs { reply }).await
    }

    /// Notes a job, in place of what was noted of it before.
    pub(crate) async fn put_job(&self, job: Job) -> Result<()> {
        self.order(|reply| Order::PutJob { job, reply }).await
    }

    /// A job is over.
    pub(crate) async fn remove_job(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.order(|reply| Order::RemoveJob { id, reply }).await
    }

    /// An answer that this version cannot read counts as not there, and makes room for a new one.
    fn read(&self, key: Key, n: u64, json: Option<String>) -> Taken {
        let Some(json) = json else { return Taken::Nothing(n) };
        match serde_json::from_str(&json) {
            Ok(reply) => Taken::Answer(n, reply),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "a kept answer cannot be read and is asked for again");
                self.send(Order::Drop { key, n });
                Taken::Nothing(n)
            }
        }
    }

    async fn order<T>(&self, make: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(make(reply));
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Never waits. Where the thread has ended, whoever waits for an answer hears of it.
    fn send(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }

    fn ended(&self) -> Error {
        let message = format!("the thread that keeps answers in {} has ended", self.path.display());
        Error::Engine { message, help: Some("this is a defect of Stillroom: please report it".to_owned()) }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
