//! The beginning of the pipeline: reading, one piece after the other.

use std::collections::VecDeque;
use std::time::Instant;

use arrow_array::RecordBatch;

use super::Token;
use crate::error::{Blame, Error, Result, SourceError};
use crate::instance::At;
use crate::instance::{Failure, Instance};
use crate::plan::{Call, Origin};
use crate::report::{Count, Progress};
use crate::source::{Source, Work, bounded};
use crate::worker::{Item, new_batch, step_error};

/// Rows of an item, and its bytes, where steps ask models.
const CUT_ROWS: usize = 32;
const CUT_BYTES: usize = 512 << 10;

/// A source, and how far it is read.
pub(super) struct Feed {
    origin: Read,
    left: Option<u64>,
    /// The segment that its rows enter.
    segment: usize,
    /// The next piece's number.
    next: u64,
    /// Time spent since the last piece.
    time: std::time::Duration,
    /// Whether pieces are cut small, and what is left of the last one.
    is_cut: bool,
    cut: VecDeque<RecordBatch>,
}

enum Read {
    Files(Box<dyn Source>),
    Plugin { call: Box<Call>, instance: Option<Box<Instance>>, rows: usize },
}

/// A piece of input, read but perhaps not decoded.
pub(super) enum Piece {
    Raw(Work),
    Rows(Vec<RecordBatch>),
    Failed(Error),
}

impl Feed {
    pub(super) fn new(origin: Origin, segment: usize, rows: usize, limit: Option<u64>, is_cut: bool) -> Self {
        let rows = if is_cut { rows.min(CUT_ROWS) } else { rows };
        let origin = match origin {
            Origin::Files(source) => Read::Files(source),
            Origin::Plugin(call) => Read::Plugin { call, instance: None, rows },
        };
        let (time, cut) = (std::time::Duration::ZERO, VecDeque::new());
        Self { origin, left: limit, segment, next: 0, time, is_cut, cut }
    }

    /// Leaves out what was read before the run was stopped: pieces are found and not decoded.
    pub(super) fn skip(&mut self, pieces: u64, progress: &Progress) -> Result<()> {
        while self.next < pieces {
            match self.next(progress) {
                Some((_, Piece::Failed(error))) => return Err(error),
                Some(_) => {}
                None => {
                    return Err(Error::Engine {
                        message: "the input ends before the place where the run was stopped".to_owned(),
                        help: Some("it has changed since: run without `--resume`".to_owned()),
                    });
                }
            }
        }
        Ok(())
    }

    /// The segment that its rows enter.
    pub(super) fn segment(&self) -> usize {
        self.segment
    }

    /// How many pieces it has given.
    pub(super) fn given(&self) -> u64 {
        self.next
    }

    /// The next piece and its number; `None` at the end.
    pub(super) fn next(&mut self, progress: &Progress) -> Option<(u64, Piece)> {
        let start = Instant::now();
        let number = self.next;
        if let Some(batch) = self.cut.pop_front() {
            self.next += 1;
            return Some((number, Piece::Rows(vec![batch])));
        }
        if self.left == Some(0) {
            return None;
        }
        let piece = match &mut self.origin {
            Read::Files(source) => {
                let next = source.next();
                progress.set_bytes(source.progress());
                next.map(|work| work.map(Piece::Raw)).map_err(Error::from)
            }
            Read::Plugin { call, instance, rows } => {
                let wanted = self.left.map_or(*rows, |left| (*rows).min(usize::try_from(left).unwrap_or(usize::MAX)));
                generate(call, instance, wanted, number).map(|batch| batch.map(|batch| Piece::Rows(vec![batch])))
            }
        };
        self.time += start.elapsed();
        let piece = match (piece, &mut self.left) {
            (Ok(None), _) => return None,
            (Ok(Some(piece)), None) => piece,
            // To count rows they must be decoded here; a limit is for looking, not for speed.
            (Ok(Some(piece)), Some(left)) => piece.limit(left),
            (Err(error), _) => {
                self.left = Some(0);
                Piece::Failed(error)
            }
        };
        let piece = if self.is_cut { self.cut(piece) } else { piece };
        self.next += 1;
        Some((number, piece))
    }

    /// The first part of a piece; the others come next.
    fn cut(&mut self, piece: Piece) -> Piece {
        let batches = match piece.rows() {
            Ok(batches) => batches,
            Err(error) => return Piece::Failed(error),
        };
        let mut parts = Vec::new();
        batches.into_iter().for_each(|batch| bounded(batch, CUT_ROWS, CUT_BYTES, &mut parts));
        self.cut = parts.into();
        Piece::Rows(self.cut.pop_front().into_iter().collect())
    }

    /// What reading took since it was asked last.
    pub(super) fn take_time(&mut self) -> std::time::Duration {
        std::mem::take(&mut self.time)
    }
}

impl Piece {
    pub(super) fn decode(self, number: u64, time: std::time::Duration, token: Token, progress: &Progress) -> Item {
        let start = Instant::now();
        let mut item = match self.rows() {
            Ok(batches) => Item::new(number, batches, token),
            Err(error) => Item::failed(number, error, token),
        };
        let rows = item.batches.iter().map(|batch| batch.num_rows() as u64).sum();
        item.counts = vec![Count { rows_out: rows, time: time + start.elapsed(), ..Count::default() }];
        progress.add_read(rows);
        item
    }

    fn rows(self) -> Result<Vec<RecordBatch>> {
        match self {
            Self::Raw(work) => work().map_err(|error: SourceError| error.into()),
            Self::Rows(batches) => Ok(batches),
            Self::Failed(error) => Err(error),
        }
    }

    fn limit(self, left: &mut u64) -> Self {
        let batches = match self.rows() {
            Ok(batches) => batches,
            Err(error) => return Self::Failed(error),
        };
        let mut kept = Vec::new();
        for batch in batches {
            let rows = usize::try_from(*left).unwrap_or(usize::MAX).min(batch.num_rows());
            *left -= rows as u64;
            kept.push(batch.slice(0, rows));
        }
        Self::Rows(kept)
    }
}

/// The next rows of a plugin's step that makes rows; none at the end.
pub(crate) fn generate(
    call: &Call,
    instance: &mut Option<Box<Instance>>,
    rows: usize,
    number: u64,
) -> Result<Option<RecordBatch>> {
    let fail = |failure| step_error(call, number, rows, failure);
    if instance.is_none() {
        *instance = Some(Box::new(Instance::open(&call.opening).map_err(fail)?));
    }
    let Some(live) = instance else { return Ok(None) };
    let answer = live.process(rows, &[], At { item: number, first_row: 0 }).map_err(fail)?;
    if answer.rows > rows || !answer.rejected.is_empty() {
        let message = format!("made {} rows where {rows} were wanted, or rejected some", answer.rows);
        return Err(fail(Failure::new(Blame::Contract, message)));
    }
    if answer.rows == 0 {
        return Ok(None);
    }
    new_batch(&call.schema, answer.columns, answer.rows).map(Some)
}
