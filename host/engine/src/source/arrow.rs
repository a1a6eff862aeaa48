//! Arrow IPC: files are decoded batch by batch in parallel, streams as they come.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use self::file::IpcFile;
use self::stream::IpcStream;
use super::arrange::{Arrange, bounded, guarded, union};
use super::paths::unreadable;
use super::{Source, SourceOptions, Work};
use crate::error::SourceError;

mod file;
mod stream;

/// What a file, as against a stream, begins with; two bytes to align it follow.
const MAGIC: &[u8; 6] = b"ARROW1";

/// Most rows of a batch that has less than a bit for each.
const MAX_EMPTY_ROWS: usize = 1 << 24;

/// A source of Arrow IPC.
pub(super) struct Arrow {
    /// Those of standard input, which can be opened but once, are opened already.
    inputs: VecDeque<(Arc<Path>, Option<Input>)>,
    open: Option<(Input, Arc<Arrange>)>,
    schema: SchemaRef,
    batch_rows: usize,
    batch_bytes: usize,
    read: u64,
    total: Option<u64>,
}

enum Input {
    File(IpcFile),
    Stream(IpcStream),
}

impl Arrow {
    pub(super) fn open(paths: Vec<Arc<Path>>, options: &SourceOptions) -> Result<Self, SourceError> {
        let mut inputs = VecDeque::with_capacity(paths.len());
        let mut schemas = Vec::with_capacity(paths.len());
        for path in &paths {
            let input = Input::open(path)?;
            schemas.push((&**path, input.schema()));
            inputs.push_back((path.clone(), (&**path == Path::new("-")).then_some(input)));
        }
        let total = paths.iter().map(|path| std::fs::metadata(path).ok().map(|file| file.len())).sum();
        let (batch_rows, batch_bytes) = (options.batch_rows.max(1), options.batch_bytes.max(1));
        Ok(Self { inputs, open: None, schema: union(schemas)?, batch_rows, batch_bytes, read: 0, total })
    }

    fn open_next(&mut self) -> Result<bool, SourceError> {
        let Some((path, input)) = self.inputs.pop_front() else { return Ok(false) };
        let input = match input {
            Some(input) => input,
            None => Input::open(&path)?,
        };
        let arrange = Arc::new(Arrange::new(&self.schema, &input.schema()));
        self.open = Some((input, arrange));
        Ok(true)
    }
}

impl Source for Arrow {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<Work>, SourceError> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some((input, arrange)) = &mut self.open else { continue };
            let Some((piece, bytes)) = input.next()? else {
                self.open = None;
                continue;
            };
            self.read += bytes;
            let (path, arrange) = (input.path().clone(), arrange.clone());
            let (rows, bytes) = (self.batch_rows, self.batch_bytes);
            return Ok(Some(Box::new(move || {
                let batch = guarded(|| arrange.apply(&piece()?)).map_err(|message| damaged(&path, &message))?;
                check_rows(&batch).map_err(|message| damaged(&path, &message))?;
                let mut batches = Vec::new();
                bounded(batch, rows, bytes, &mut batches);
                Ok(batches)
            })));
        }
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.read, self.total)
    }
}

/// Columns of nulls have no bytes, so a file of a few may say that it has a quintillion rows.
fn check_rows(batch: &arrow_array::RecordBatch) -> Result<(), String> {
    let (rows, bytes) = (batch.num_rows(), batch.get_array_memory_size());
    match rows > MAX_EMPTY_ROWS && rows / 8 > bytes {
        true => Err(format!("a batch of {rows} rows in {bytes} bytes")),
        false => Ok(()),
    }
}

/// A batch, still to be decoded or not, and the bytes it takes.
type Piece = (Box<dyn FnOnce() -> Result<arrow_array::RecordBatch, arrow_schema::ArrowError> + Send>, u64);

impl Input {
    fn open(path: &Arc<Path>) -> Result<Self, SourceError> {
        let failed = |error| unreadable(path, &error);
        let mut start = Vec::with_capacity(8);
        if &**path == Path::new("-") {
            std::io::stdin().take(8).read_to_end(&mut start).map_err(failed)?;
            // A file is a stream between two magics.
            let head = if start.starts_with(MAGIC) { Vec::new() } else { start };
            let reader = Box::new(std::io::Cursor::new(head).chain(std::io::stdin()));
            return IpcStream::open(path, reader).map(Self::Stream);
        }
        let file = File::open(path).map_err(failed)?;
        (&file).take(8).read_to_end(&mut start).map_err(failed)?;
        match start.starts_with(MAGIC) {
            true => IpcFile::open(path, file).map(Self::File),
            false => IpcStream::open(path, Box::new(std::io::Cursor::new(start).chain(file))).map(Self::Stream),
        }
    }

    fn path(&self) -> &Arc<Path> {
        match self {
            Self::File(file) => file.path(),
            Self::Stream(stream) => stream.path(),
        }
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::File(file) => file.schema(),
            Self::Stream(stream) => stream.schema(),
        }
    }

    fn next(&mut self) -> Result<Option<Piece>, SourceError> {
        match self {
            Self::File(file) => file.next(),
            Self::Stream(stream) => stream.next(),
        }
    }
}

fn damaged(path: &Path, message: &str) -> SourceError {
    SourceError {
        help: Some("the file is cut off or damaged, or not Arrow IPC: fetch or write it again".into()),
        ..SourceError::new(path, format!("not whole Arrow data: {message}"))
    }
}
