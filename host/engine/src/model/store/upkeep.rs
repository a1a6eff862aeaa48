//! What is there, and less of it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::file;
use crate::error::Result;

/// A run that was not gone on with for so long is not gone on with.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

/// Answers removed in one transaction, so that a run that uses the file does not wait long.
const AT_ONCE: i64 = 1000;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) answers: u64,
    /// Different things that were asked.
    pub(crate) asked: u64,
    /// Of the whole file, without its log.
    pub(crate) bytes: u64,
    /// Tokens of all answers.
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Runs that may be gone on with.
    pub(crate) runs: u64,
    pub(crate) jobs: u64,
    /// When the first and the last answer were kept, in milliseconds since 1970.
    pub(crate) oldest: Option<u64>,
    pub(crate) newest: Option<u64>,
}

/// What was removed, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) answers: u64,
    pub(crate) bytes_left: u64,
}

/// What is kept in a file; nothing where there is none.
///
/// # Errors
/// Where it is no database of answers.
pub(crate) fn stats(path: &Path) -> Result<Stats> {
    let Some(connection) = file::open_existing(path)? else { return Ok(Stats::default()) };
    let said = |error: rusqlite::Error| file::broken(path, &error);
    let select = "SELECT count(*), count(DISTINCT key), coalesce(sum(input), 0), coalesce(sum(output), 0),
        (SELECT count(*) FROM runs), (SELECT count(*) FROM jobs), min(at), max(at) FROM answers";
    let bytes = bytes(&connection).map_err(said)?;
    let read = connection.query_row(select, [], |row| {
        let number = |at| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or_default());
        let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.and_then(|time| u64::try_from(time).ok()));
        Ok(Stats {
            answers: number(0)?,
            asked: number(1)?,
            bytes,
            input: number(2)?,
            output: number(3)?,
            runs: number(4)?,
            jobs: number(5)?,
            oldest: time(6)?,
            newest: time(7)?,
        })
    });
    read.map_err(said)
}

/// Removes answers older than `older_than`, and then the oldest until the file has no more than `max_bytes`. Runs may use it
/// meanwhile: what they find gone they ask again.
///
/// # Errors
/// Where it is no database of answers.
pub(crate) fn prune(path: &Path, older_than: Option<Duration>, max_bytes: Option<u64>) -> Result<Pruned> {
    let Some(connection) = file::open_existing(path)? else { return Ok(Pruned::default()) };
    prune_open(&connection, older_than, max_bytes).map_err(|error| file::broken(path, &error))
}

fn prune_open(connection: &Connection, age: Option<Duration>, most: Option<u64>) -> rusqlite::Result<Pruned> {
    let mut answers = 0;
    if let Some(age) = age {
        let before = file::now().saturating_sub(file::millis(age));
        let delete = "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE at < ?1 LIMIT ?2)";
        answers += repeat(|| connection.execute(delete, params![before, AT_ONCE]))?;
    }
    if let Some(most) = most {
        // A row that is written again gets a new number, so the lowest are the oldest.
        let delete = "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY rowid LIMIT ?1)";
        answers += repeat(|| match bytes(connection)? > most {
            true => connection.execute(delete, params![AT_ONCE / 10]),
            false => Ok(0),
        })?;
    }
    // Gives the file's free pages back to the disk.
    for pragma in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        let mut steps = connection.prepare(pragma)?;
        let mut rows = steps.query([])?;
        // A page a step.
        while rows.next()?.is_some() {}
    }
    Ok(Pruned { answers, bytes_left: bytes(connection)? })
}

/// Until nothing is left to do; how much it was.
fn repeat(mut act: impl FnMut() -> rusqlite::Result<usize>) -> rusqlite::Result<u64> {
    let mut all = 0;
    loop {
        match act()? {
            0 => return Ok(all),
            done => all += done as u64,
        }
    }
}

/// What is in use of the file.
fn bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or_default())
}

/// Forgets which answers the places of a run have.
pub(super) fn forget(work: &Connection, run: i64) -> rusqlite::Result<()> {
    work.execute("DELETE FROM taken WHERE run = ?1", params![run]).map(|_| ())
}

/// Forgets the runs that nobody has used for long.
pub(super) fn forget_old(work: &Connection, now: i64) -> rusqlite::Result<()> {
    let before = now.saturating_sub(file::millis(FORGOTTEN_AFTER));
    let old = "(SELECT id FROM runs WHERE used < ?1)";
    for table in ["taken", "spent"] {
        work.execute(&format!("DELETE FROM {table} WHERE run IN {old}"), params![before])?;
    }
    work.execute("DELETE FROM runs WHERE used < ?1", params![before]).map(|_| ())
}
