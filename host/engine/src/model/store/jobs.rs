//! Requests that a provider's batch API has, and what a run has paid for.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{Key, Place, RunId};
use crate::model::ask::Usage;

/// Requests that were handed in together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    /// The provider's name of it.
    pub(crate) id: String,
    /// Who handed it in; `put_job` writes the store's own run.
    pub(crate) run: RunId,
    /// The declared model.
    pub(crate) alias: String,
    /// What is to be known to collect it.
    pub(crate) state: serde_json::Value,
    pub(crate) asks: Vec<JobAsk>,
}

/// One of its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobAsk {
    pub(crate) key: Key,
    pub(crate) n: u64,
    /// In the run that handed it in.
    pub(crate) place: Place,
    pub(crate) ask: serde_json::Value,
}

/// What a run has paid for, of one declared model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) alias: String,
    pub(crate) answers: u64,
    pub(crate) usage: Usage,
}

type Done<T> = rusqlite::Result<T>;

pub(super) fn spent(work: &Connection, run: i64) -> Done<Vec<Spent>> {
    let select = "SELECT alias, answers, input, output FROM spent WHERE run = ?1 ORDER BY alias";
    let mut select = work.prepare_cached(select)?;
    let spent = select.query_map(params![run], |row| {
        let number = |at| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or_default());
        let usage = Usage { input: number(2)?, output: number(3)? };
        Ok(Spent { alias: row.get(0)?, answers: number(1)?, usage })
    })?;
    spent.collect()
}

/// The jobs, oldest first. One that cannot be read is left out: what it asked is asked again.
pub(super) fn all(work: &Connection) -> Done<Vec<Job>> {
    let mut select = work.prepare_cached("SELECT id, run, alias, state, asks FROM jobs ORDER BY number")?;
    let rows = select.query_map([], |row| {
        let (state, asks): (String, String) = (row.get(3)?, row.get(4)?);
        Ok((row.get(0)?, RunId(row.get(1)?), row.get(2)?, state, asks))
    })?;
    let mut jobs = Vec::new();
    for row in rows {
        let (id, run, alias, state, asks) = row?;
        match (serde_json::from_str(&state), serde_json::from_str(&asks)) {
            (Ok(state), Ok(asks)) => jobs.push(Job { id, run, alias, state, asks }),
            _ => tracing::warn!(job = id, "a batch job's note is damaged: its requests are asked again"),
        }
    }
    Ok(jobs)
}

pub(super) fn put(work: &Connection, run: RunId, job: &Job) -> Done<()> {
    let json = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    let asks = serde_json::to_string(&job.asks).map_err(json)?;
    let insert = "INSERT INTO jobs (id, run, alias, state, asks) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (id) DO UPDATE SET run = ?2, alias = ?3, state = ?4, asks = ?5";
    work.execute(insert, params![job.id, run.0, job.alias, job.state.to_string(), asks]).map(|_| ())
}

pub(super) fn remove(work: &Connection, id: &str) -> Done<()> {
    work.execute("DELETE FROM jobs WHERE id = ?1", params![id]).map(|_| ())
}
