//! The thread that does everything: one transaction for all that is waiting.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::answers::{Answer, Desk};
use super::jobs::{self, Job, Spent};
use super::{Key, Place, RunId, file, upkeep};
use crate::error::Result;

/// Most orders in one transaction, so that the first does not wait long for the last.
const AT_ONCE: usize = 512;

/// Who waits for what comes of an order.
type Waiting<T> = oneshot::Sender<Result<T>>;

/// What the thread is told to do.
pub(super) enum Order {
    Take { asks: Vec<(Key, Place)>, reply: Waiting<Vec<(u64, Option<String>)>> },
    Keep { answer: Answer, reply: Waiting<u64> },
    Drop { key: Key, n: u64 },
    Release { places: Vec<Place> },
    Spent { reply: Waiting<Vec<Spent>> },
    Forget { reply: Waiting<()> },
    Jobs { reply: Waiting<Vec<Job>> },
    PutJob { job: Job, reply: Waiting<()> },
    RemoveJob { id: String, reply: Waiting<()> },
}

/// Told whether the transaction was committed.
type Answered = Box<dyn FnOnce(Result<()>)>;

/// The file, and whose it is.
pub(super) struct Writer {
    path: PathBuf,
    connection: Connection,
    /// The run's number in the file.
    run: i64,
    name: RunId,
    /// Answers from before count as not there.
    since: i64,
}

impl Writer {
    pub(super) fn open(path: &Path, name: RunId, refresh: bool) -> Result<Self> {
        let mut connection = file::open(path)?;
        let (run, begun) = begin(&mut connection, name).map_err(|error| file::broken(path, &error))?;
        let since = if refresh { begun } else { i64::MIN };
        Ok(Self { path: path.to_owned(), connection, run, name, since })
    }

    /// Works until nobody can order anything any more.
    pub(super) fn work(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            let mut batch = vec![first];
            batch.extend(orders.try_iter().take(AT_ONCE - 1));
            let mut answered = Vec::with_capacity(batch.len());
            let done = self.transact(batch, &mut answered);
            let error = done.err();
            if let Some(error) = &error {
                tracing::error!(path = %self.path.display(), %error, "answers cannot be kept");
            }
            for one in answered {
                one(error.as_ref().map_or(Ok(()), |error| Err(file::broken(&self.path, error))));
            }
        }
    }

    fn transact(&mut self, batch: Vec<Order>, answered: &mut Vec<Answered>) -> rusqlite::Result<()> {
        let (run, name, since) = (self.run, self.name, self.since);
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let mut failed = None;
        let work = begun.map_err(|error| failed = Some(error)).ok();
        for order in batch {
            // After a failure the others are not tried: nothing of this transaction is kept. Who waits hears the reason.
            let desk = work.as_ref().filter(|_| failed.is_none()).map(|work| Desk { work, run, since });
            if let Err(error) = one(desk.as_ref(), name, order, answered) {
                failed = Some(error);
            }
        }
        match (failed, work) {
            (None, Some(work)) => work.commit(),
            (Some(error), _) => Err(error),
            (None, None) => Ok(()),
        }
    }
}

/// Does one order; without a desk it only notes who is to hear that it was not done.
fn one(desk: Option<&Desk<'_>>, name: RunId, order: Order, answered: &mut Vec<Answered>) -> rusqlite::Result<()> {
    match order {
        Order::Take { asks, reply } => {
            let all = |desk: &Desk<'_>| asks.iter().map(|(key, place)| desk.take(key, place)).collect();
            answer(desk, reply, answered, all)
        }
        Order::Keep { answer: kept, reply } => answer(desk, reply, answered, |desk| desk.keep(&kept)),
        Order::Drop { key, n } => desk.map_or(Ok(()), |desk| desk.drop(&key, n)),
        Order::Release { places } => desk.map_or(Ok(()), |desk| desk.release(&places)),
        Order::Spent { reply } => answer(desk, reply, answered, |desk| jobs::spent(desk.work, desk.run)),
        Order::Forget { reply } => answer(desk, reply, answered, |desk| upkeep::forget(desk.work, desk.run)),
        Order::Jobs { reply } => answer(desk, reply, answered, |desk| jobs::all(desk.work)),
        Order::PutJob { job, reply } => answer(desk, reply, answered, |desk| jobs::put(desk.work, name, &job)),
        Order::RemoveJob { id, reply } => answer(desk, reply, answered, |desk| jobs::remove(desk.work, &id)),
    }
}

/// Does it, and has whoever waits told once it is committed.
fn answer<T: 'static>(
    desk: Option<&Desk<'_>>,
    reply: Waiting<T>,
    answered: &mut Vec<Answered>,
    act: impl FnOnce(&Desk<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<()> {
    let (value, error) = match desk.map(act) {
        Some(Ok(value)) => (Some(value), Ok(())),
        Some(Err(error)) => (None, Err(error)),
        None => (None, Ok(())),
    };
    answered.push(Box::new(move |committed| {
        // Where there is no value, the transaction was not committed. Nobody may be waiting any more.
        let _ = match (committed, value) {
            (Ok(()), Some(value)) => reply.send(Ok(value)).is_ok(),
            (Err(error), _) => reply.send(Err(error)).is_ok(),
            (Ok(()), None) => false,
        };
    }));
    error
}

/// The run's number in the file and when it began. Runs that nobody goes on with any more are forgotten here.
fn begin(connection: &mut Connection, name: RunId) -> rusqlite::Result<(i64, i64)> {
    let now = file::now();
    let work: Transaction<'_> = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let insert = "INSERT INTO runs (name, begun, used) VALUES (?1, ?2, ?2) ON CONFLICT (name) DO UPDATE SET used = ?2";
    work.execute(insert, params![name.0, now])?;
    let select = "SELECT id, begun FROM runs WHERE name = ?1";
    let found = work.query_row(select, params![name.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    upkeep::forget_old(&work, now)?;
    work.commit()?;
    Ok(found)
}
