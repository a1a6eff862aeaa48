//! Where rejected rows go: a JSON object a line, with the step, whose doing it was, the reason and the row as it came to
//! the step.
//!
//! Each segment's rejects are written to a file of their own, in input order; in the end the files are put one behind the
//! other, in the order of the segments. So what the quarantine holds does not hang on threads.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use xxhash_rust::xxh3::Xxh3;

use super::journal::Journal;
use super::stage::Intake;
use crate::error::{Blame, Error, Result, SinkError};
use crate::json as rows_json;
use crate::plan::visible;
use crate::report::Count;
use crate::sink::{self, Encoded, Partial, Sink, SinkOptions};
use crate::source::Format;
use crate::worker::{Parcel, Rejected};

/// The stage that sets rejected rows aside.
pub(super) struct Quarantine {
    path: String,
    journal: Option<Arc<Journal>>,
    parts: Vec<Part>,
}

/// What one segment's steps rejected.
struct Part {
    intake: Intake,
    /// Where it is kept; none where it goes with the program.
    path: Option<PathBuf>,
    file: Option<File>,
    told: Told,
    hash: Xxh3,
}

/// What is written of a part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Told {
    rows: u64,
    bytes: u64,
    /// XXH3 (64 bits) of the bytes from the beginning.
    hash: u64,
}

impl Quarantine {
    /// Opens what there is.
    pub(super) fn open(name: &str, path: String, ports: usize, journal: Option<&Arc<Journal>>) -> Result<Self> {
        let parts = (0..ports).map(|port| Part::open(name, port, journal));
        Ok(Self { parts: parts.collect::<Result<_>>()?, path, journal: journal.cloned() })
    }

    /// Of a port: the items that are in its file.
    pub(super) fn items(&self, port: usize) -> u64 {
        self.parts[port].intake.items
    }

    pub(super) fn counts(&self, port: usize) -> &[Count] {
        &self.parts[port].intake.counts
    }

    pub(super) fn take(&mut self, port: usize, parcel: Parcel) -> Result<()> {
        let part = &mut self.parts[port];
        if !part.intake.take(&parcel)? {
            return Ok(());
        }
        parcel.rejected.iter().try_for_each(|rejected| part.set_aside(rejected, &self.path))?;
        if part.intake.is_due() { part.mark(&self.path) } else { Ok(()) }
    }

    /// Writes down how far it is.
    pub(super) fn mark_all(&mut self) -> Result<()> {
        self.parts.iter_mut().try_for_each(|part| part.mark(&self.path))
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    pub(super) fn rejected(&self) -> u64 {
        self.parts.iter().map(|part| part.told.rows).sum()
    }

    /// All parts as one file, complete and closed under its temporary name; none where nothing was rejected.
    pub(super) fn into_sink(mut self) -> Result<Option<Box<dyn Sink>>> {
        if self.rejected() == 0 {
            if Path::new(&self.path).is_file() {
                // An earlier run's rejected rows beside this run's outputs would be taken for this run's.
                let removed = std::fs::remove_file(&self.path);
                removed.map_err(|error| SinkError::new(&self.path, error))?;
            }
            return Ok(None);
        }
        let partial = self.journal.as_ref().map(|journal| Partial { keep: journal.keep(), marks: Vec::new() });
        let options =
            SinkOptions { path: self.path.clone().into(), format: Some(Format::Jsonl), compression: None, partial };
        let mut sink = sink::create(&options, Arc::new(arrow_schema::Schema::empty()))?.sink;
        for part in &mut self.parts {
            part.copy_to(sink.as_mut(), &self.path)?;
        }
        sink.close()?;
        Ok(Some(sink))
    }
}

impl Part {
    fn open(name: &str, port: usize, journal: Option<&Arc<Journal>>) -> Result<Self> {
        let path = journal.map(|journal| journal.file(&format!("{name}.{port}.jsonl")));
        let intake = Intake::new(name, port, journal.cloned());
        let mut part = Self { intake, path, file: None, told: Told::default(), hash: Xxh3::new() };
        let marks = journal.map_or(&[][..], |journal| journal.marks(name, port));
        for mark in marks {
            // The file is read once: each mark says what it was up to there.
            let told: Told = serde_json::from_value(mark.state.clone()).unwrap_or_default();
            if !part.verify(&told) {
                break;
            }
            part.intake.resume(mark);
            part.told = told;
        }
        part.cut().map_err(|error| SinkError::new(part.path.clone().unwrap_or_default(), error))?;
        Ok(part)
    }

    /// Whether the file has what a mark says.
    fn verify(&mut self, told: &Told) -> bool {
        if told.bytes == 0 {
            return true;
        }
        if self.file.is_none() {
            let opened = self.path.as_ref().and_then(|path| OpenOptions::new().read(true).write(true).open(path).ok());
            self.file = opened;
        }
        let Some(file) = &mut self.file else { return false };
        let mut more = BufReader::new(file.take(told.bytes - self.told.bytes));
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = more.read(&mut buffer) {
            self.hash.update(&buffer[..read]);
        }
        self.hash.digest() == told.hash
    }

    /// What stands behind the last good mark is not ours any more.
    fn cut(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.set_len(self.told.bytes)?;
            file.rewind()?;
            self.hash = Xxh3::new();
            let mut buffer = Vec::new();
            file.read_to_end(&mut buffer)?;
            self.hash.update(&buffer);
        }
        Ok(())
    }

    fn set_aside(&mut self, rejected: &Rejected, path: &str) -> Result<()> {
        let mut lines = Vec::new();
        let seen = match visible(&rejected.rows.schema()) {
            None => rejected.rows.clone(),
            Some(columns) => rejected.rows.project(&columns).map_err(crate::worker::arrow)?,
        };
        for (row, reason) in rows_json::rows(&seen)?.into_iter().zip(&rejected.reasons) {
            let cause = reason.blame.map_or("rejected", Blame::name);
            let line = json!({ "step": rejected.step, "cause": cause, "reason": reason.message, "row": row });
            serde_json::to_writer(&mut lines, &line)
                .map_err(|error| Error::Engine { message: error.to_string(), help: None })?;
            lines.push(b'\n');
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create(self.path.as_deref()).map_err(|error| SinkError::new(path, error))?),
        };
        file.write_all(&lines).map_err(|error| SinkError::new(path, error))?;
        self.hash.update(&lines);
        self.told.rows += rejected.reasons.len() as u64;
        self.told.bytes += lines.len() as u64;
        self.told.hash = self.hash.digest();
        Ok(())
    }

    fn mark(&mut self, path: &str) -> Result<()> {
        if self.intake.journal.is_none() || !self.intake.is_new() {
            return Ok(());
        }
        if let Some(file) = &self.file {
            file.sync_data().map_err(|error| SinkError::new(path, error))?;
        }
        let mark = self.intake.mark(json!(self.told));
        self.intake.write(&mark)
    }

    fn copy_to(&mut self, sink: &mut dyn Sink, path: &str) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let failed = |error: io::Error| Error::from(SinkError::new(path, error));
        file.rewind().map_err(failed)?;
        loop {
            let mut bytes = Vec::with_capacity(1 << 20);
            if file.take(1 << 20).read_to_end(&mut bytes).map_err(failed)? == 0 {
                return Ok(());
            }
            sink.write(Encoded::Bytes(bytes))?;
        }
    }
}

fn create(path: Option<&Path>) -> io::Result<File> {
    let Some(path) = path else { return tempfile::tempfile() };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
}
