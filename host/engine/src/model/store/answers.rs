//! Answers, and which of them a place has.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use xxhash_rust::xxh3::xxh3_64;

use super::{Key, Place, file};
use crate::model::ask::Usage;

/// An answer as it is kept.
pub(super) struct Answer {
    pub(super) key: Key,
    pub(super) n: u64,
    pub(super) place: Place,
    pub(super) json: String,
    pub(super) alias: String,
    pub(super) latency: Duration,
    pub(super) usage: Usage,
}

/// Where a run's orders are done, within a transaction.
pub(super) struct Desk<'a> {
    pub(super) work: &'a Connection,
    pub(super) run: i64,
    /// Answers from before count as not there.
    pub(super) since: i64,
}

type Done<T> = rusqlite::Result<T>;

impl Desk<'_> {
    /// The number that a place has, and the answer's JSON if there is one.
    pub(super) fn take(&self, key: &Key, place: &Place) -> Done<(u64, Option<String>)> {
        let n = match self.number_of(key, place)? {
            Some(n) => n,
            None => self.give(key, place)?,
        };
        Ok((number(n), self.json(key, n)?))
    }

    /// Keeps an answer, under another number where its own has one already. Nothing that was paid for is written over.
    pub(super) fn keep(&self, answer: &Answer) -> Done<u64> {
        let Answer { key, place, json, alias, usage, .. } = answer;
        let n = match self.room(key, signed(answer.n))? {
            true => signed(answer.n),
            false => self.move_on(key, signed(answer.n), place)?,
        };
        let insert = "INSERT OR REPLACE INTO answers (key, n, at, latency_ms, input, output, alias, sum, json)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        // A clock that was set back does not make a new answer an old one.
        let at = file::now().max(self.since);
        let (latency, sum) = (file::millis(answer.latency), sum(json));
        let (input, output) = (signed(usage.input), signed(usage.output));
        let all = params![key, n, at, latency, input, output, alias, sum, json];
        self.work.prepare_cached(insert)?.execute(all)?;
        let spend = "INSERT INTO spent (run, alias, answers, input, output) VALUES (?1, ?2, 1, ?3, ?4)
            ON CONFLICT DO UPDATE SET answers = answers + 1, input = input + ?3, output = output + ?4";
        self.work.prepare_cached(spend)?.execute(params![self.run, alias, input, output])?;
        Ok(number(n))
    }

    /// Gives back what these places have; the numbers are the next that other places get.
    pub(super) fn release(&self, places: &[Place]) -> Done<()> {
        let mut free = self.work.prepare_cached("UPDATE taken SET place = NULL WHERE run = ?1 AND place = ?2")?;
        places.iter().try_for_each(|place| free.execute(params![self.run, place]).map(|_| ()))
    }

    /// Removes an answer that cannot be read.
    pub(super) fn drop(&self, key: &Key, n: u64) -> Done<()> {
        let mut drop = self.work.prepare_cached("DELETE FROM answers WHERE key = ?1 AND n = ?2")?;
        drop.execute(params![key, signed(n)]).map(|_| ())
    }

    fn number_of(&self, key: &Key, place: &Place) -> Done<Option<i64>> {
        let select = "SELECT n FROM taken WHERE run = ?1 AND place = ?2 AND key = ?3";
        let mut select = self.work.prepare_cached(select)?;
        select.query_row(params![self.run, place, key], |row| row.get(0)).optional()
    }

    /// The lowest number of this key that no place of this run has: one that was given back, or the next.
    fn give(&self, key: &Key, place: &Place) -> Done<i64> {
        // A place asks one thing at a time: what it asked before is another's now.
        self.release(&[*place])?;
        let select = "SELECT n FROM taken WHERE run = ?1 AND place IS NULL AND key = ?2 ORDER BY n LIMIT 1";
        let mut select = self.work.prepare_cached(select)?;
        let free: Option<i64> = select.query_row(params![self.run, key], |row| row.get(0)).optional()?;
        let n = match free {
            Some(n) => n,
            None => self.last_taken(key)?.map_or(0, |n| n + 1),
        };
        let insert = "INSERT OR REPLACE INTO taken (run, key, n, place) VALUES (?1, ?2, ?3, ?4)";
        self.work.prepare_cached(insert)?.execute(params![self.run, key, n, place])?;
        Ok(n)
    }

    fn last_taken(&self, key: &Key) -> Done<Option<i64>> {
        let mut select = self.work.prepare_cached("SELECT max(n) FROM taken WHERE run = ?1 AND key = ?2")?;
        select.query_row(params![self.run, key], |row| row.get(0))
    }

    fn last_kept(&self, key: &Key) -> Done<Option<i64>> {
        let mut select = self.work.prepare_cached("SELECT max(n) FROM answers WHERE key = ?1")?;
        select.query_row(params![key], |row| row.get(0))
    }

    /// An answer's JSON, if it is there, new enough, and what was written.
    fn json(&self, key: &Key, n: i64) -> Done<Option<String>> {
        let select = "SELECT json, sum FROM answers WHERE key = ?1 AND n = ?2 AND at >= ?3";
        let mut select = self.work.prepare_cached(select)?;
        let text = |row: &rusqlite::Row<'_>| Ok((row.get_ref(0)?.as_bytes().ok().map(<[u8]>::to_vec), row.get(1).ok()));
        let found = select.query_row(params![key, n, self.since], text).optional()?;
        let Some((bytes, written)) = found else { return Ok(None) };
        let json = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|json| Some(sum(json)) == written);
        if json.is_none() {
            tracing::warn!("a kept answer is damaged and is asked for again");
            self.drop(key, number(n))?;
        }
        Ok(json)
    }

    /// Whether this number has no answer that counts.
    fn room(&self, key: &Key, n: i64) -> Done<bool> {
        let select = "SELECT 1 FROM answers WHERE key = ?1 AND n = ?2 AND at >= ?3";
        Ok(!self.work.prepare_cached(select)?.exists(params![key, n, self.since])?)
    }

    /// A number that neither an answer nor a place of this run has. Who asked for the old one gets it, if that is still so;
    /// what he leaves is the next that another place gets, for there is an answer.
    fn move_on(&self, key: &Key, old: i64, place: &Place) -> Done<i64> {
        let n = self.last_taken(key)?.max(self.last_kept(key)?).map_or(0, |n| n + 1);
        if self.number_of(key, place)? == Some(old) {
            self.release(&[*place])?;
            let insert = "INSERT INTO taken (run, key, n, place) VALUES (?1, ?2, ?3, ?4)";
            self.work.prepare_cached(insert)?.execute(params![self.run, key, n, place])?;
        }
        Ok(n)
    }
}

/// Against damage on our own disk.
pub(super) fn sum(json: &str) -> i64 {
    i64::from_le_bytes(xxh3_64(json.as_bytes()).to_le_bytes())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
