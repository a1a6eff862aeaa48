//! Text files as pieces of whole rows: plain reads of about `batch_bytes`, cut after the last row's end, the rest carried
//! over. Nothing is parsed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::input::Input;
use super::{MAX_ROW_BYTES, SourceOptions};
use crate::error::SourceError;

/// Whole rows of one file.
pub(super) struct Piece {
    /// The file.
    pub(super) path: Arc<Path>,
    /// Which of the source's files it is.
    pub(super) file: usize,
    /// The number of its first line, from 1.
    pub(super) first_line: u64,
    /// The rows' bytes.
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    /// The number of the line that the byte at `offset` stands in.
    pub(super) fn line_at(&self, offset: usize) -> u64 {
        self.first_line + newlines(&self.bytes[..offset.min(self.bytes.len())])
    }
}

/// Finds where rows end.
pub(super) trait Cut: Send {
    /// A new piece begins.
    fn reset(&mut self);
    /// Looks at what `bytes` has more than at the last call; answers the end of the first (or else the last) whole row
    /// that ends there.
    fn scan(&mut self, bytes: &[u8], first: bool) -> Option<usize>;
}

/// Every newline ends a row.
#[derive(Default)]
pub(super) struct Lines {
    seen: usize,
}

impl Cut for Lines {
    fn reset(&mut self) {
        self.seen = 0;
    }

    fn scan(&mut self, bytes: &[u8], first: bool) -> Option<usize> {
        let new = &bytes[self.seen..];
        let found = if first { memchr::memchr(b'\n', new) } else { memchr::memrchr(b'\n', new) };
        let end = found.map(|at| self.seen + at + 1);
        self.seen = bytes.len();
        end
    }
}

/// The pieces of one file after the other.
pub(super) struct Pieces<C> {
    paths: Vec<Arc<Path>>,
    opened: usize,
    open: Option<Open>,
    cut: C,
    batch_bytes: usize,
    taken: Arc<AtomicU64>,
    total: Option<u64>,
}

struct Open {
    input: Input,
    line: u64,
    carry: Vec<u8>,
    ended: bool,
}

impl<C: Cut> Pieces<C> {
    pub(super) fn new(paths: Vec<Arc<Path>>, cut: C, options: &SourceOptions) -> Self {
        let length =
            |path: &Arc<Path>| std::fs::metadata(path).ok().filter(|file| file.is_file()).map(|file| file.len());
        let total = paths.iter().map(length).sum();
        let batch_bytes = options.batch_bytes.max(1);
        Self { paths, opened: 0, open: None, cut, batch_bytes, taken: Arc::default(), total }
    }

    /// As [`super::Source::progress`].
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        (self.taken.load(Ordering::Relaxed), self.total)
    }

    /// The next piece; never empty, and never of two files.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, SourceError> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { continue };
            let path = &self.paths[self.opened - 1];
            let bytes = open.fill(path, &mut self.cut, self.batch_bytes)?;
            if bytes.is_empty() {
                self.open = None;
                continue;
            }
            let first_line = open.line;
            open.line += newlines(&bytes);
            return Ok(Some(Piece { path: path.clone(), file: self.opened - 1, first_line, bytes }));
        }
    }

    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some(path) = self.paths.get(self.opened) else { return Ok(false) };
        let mut input = Input::open(path, &self.taken)?;
        let mut carry = Vec::new();
        input.read(&mut carry, 3)?;
        if carry == b"\xef\xbb\xbf" {
            carry.clear(); // the byte-order mark of a Windows editor
        }
        self.open = Some(Open { input, line: 1, carry, ended: false });
        self.opened += 1;
        Ok(true)
    }
}

impl Open {
    /// Whole rows: as many as end within `batch_bytes`, or the one that does not. Empty at the end.
    fn fill(&mut self, path: &Path, cut: &mut impl Cut, batch_bytes: usize) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::with_capacity(batch_bytes + 64);
        bytes.append(&mut self.carry);
        cut.reset();
        let mut wanted = batch_bytes.saturating_sub(bytes.len());
        let mut large = false;
        loop {
            if !self.ended {
                self.ended = self.input.read(&mut bytes, wanted)? < wanted;
            }
            let end = match cut.scan(&bytes, large) {
                Some(end) if large || !self.ended => end,
                _ if self.ended => bytes.len(),
                _ if bytes.len() > MAX_ROW_BYTES => return Err(too_long(path, self.line)),
                _ => {
                    (wanted, large) = (batch_bytes, true);
                    continue;
                }
            };
            self.carry.extend_from_slice(&bytes[end..]);
            bytes.truncate(end);
            return Ok(bytes);
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn too_long(path: &Path, line: u64) -> SourceError {
    SourceError {
        line: Some(line),
        help: Some("is this text of the format that it is read as?".into()),
        ..SourceError::new(path, format!("a row of more than {} MiB", MAX_ROW_BYTES >> 20))
    }
}
