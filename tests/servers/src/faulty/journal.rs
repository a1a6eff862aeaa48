//! What was asked, and what became of it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::asked::Asked;
use super::fault::Fault;
use super::wire::Request;

/// A request in the journal.
#[derive(Clone, Debug)]
pub struct Record {
    /// The request itself.
    pub asked: Asked,
    /// When it had come, after the server's start.
    pub came: Duration,
    /// What went wrong by the rules.
    pub fault: Fault,
    /// The answer's status, when there was one.
    pub status: Option<u16>,
    /// When a complete answer had been handed to the connection. None: not yet, not all of it, or the client had gone.
    pub answered: Option<Duration>,
    /// When it was over: answered, failed, or left by its client.
    pub ended: Option<Duration>,
}

/// Requests by number.
pub(super) struct Journal {
    start: Instant,
    held: Mutex<Held>,
    file: Option<Mutex<File>>,
}

#[derive(Default)]
struct Held {
    records: Vec<Record>,
    seen: HashMap<String, usize>,
    open: usize,
    most: usize,
}

impl Journal {
    pub(super) fn new(file: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            let file = File::options().create(true).append(true).open(path);
            file.with_context(|| format!("cannot write {}", path.display()))
        };
        let file = file.map(open).transpose()?.map(Mutex::new);
        Ok(Self { start: Instant::now(), held: Mutex::default(), file })
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.held().records.clone()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.held().most
    }

    /// A request that has come.
    pub(super) fn came(&self, request: Request) -> Asked {
        let mut digest = blake3::Hasher::new();
        digest.update(request.path.as_bytes()).update(b"\n").update(&request.body);
        let hash = digest.finalize().to_hex()[..32].to_owned();
        let Request { method, path, headers, body } = request;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let came = self.start.elapsed();
        let mut held = self.held();
        let before = held.seen.entry(hash.clone()).or_default();
        let asked = Asked { number: 0, before: *before, method, path, headers, body, hash };
        *before += 1;
        let asked = Asked { number: held.records.len(), ..asked };
        held.open += 1;
        held.most = held.most.max(held.open);
        let fault = Fault::None;
        held.records.push(Record { asked: asked.clone(), came, fault, status: None, answered: None, ended: None });
        drop(held);
        self.line(|| {
            let headers: Vec<Value> = asked.headers.iter().map(|(name, value)| json!([name, value])).collect();
            let path = (&asked.method, &asked.path);
            json!({"event": "asked", "number": asked.number, "hash": asked.hash, "time": now(),
                "method": path.0, "path": path.1, "headers": headers})
        });
        asked
    }

    /// What became of a request.
    pub(super) fn went(&self, asked: &Asked, fault: &Fault, status: Option<u16>, complete: bool) {
        let at = self.start.elapsed();
        let mut held = self.held();
        held.open = held.open.saturating_sub(1);
        if let Some(record) = held.records.get_mut(asked.number) {
            (record.fault, record.status) = (fault.clone(), status);
            (record.answered, record.ended) = (complete.then_some(at), Some(at));
        }
        drop(held);
        self.line(|| {
            json!({"event": "answered", "number": asked.number, "hash": asked.hash, "time": now(),
                "fault": fault.name(), "status": status, "complete": complete})
        });
    }

    fn line(&self, line: impl FnOnce() -> Value) {
        if let Some(file) = &self.file {
            let line = format!("{}\n", line());
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = file.write_all(line.as_bytes()) {
                eprintln!("the server's log cannot be written: {error}");
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
