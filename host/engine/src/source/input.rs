//! One file or standard input as plain bytes: decompressed where its first bytes, or its name, say so.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::paths::unreadable;
use crate::error::SourceError;

/// How a text file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// An open input.
pub(super) struct Input {
    path: Arc<Path>,
    packing: Packing,
    reader: Box<dyn Read + Send>,
    /// Counts the bytes taken from the file.
    taken: Arc<AtomicU64>,
}

impl Input {
    /// Opens `path`; `taken` goes up by every byte read from it.
    pub(super) fn open(path: &Arc<Path>, taken: &Arc<AtomicU64>) -> Result<Self, SourceError> {
        let failed = |error: io::Error| unreadable(path, &error);
        let (packing, reader): (_, Box<dyn Read + Send>) = if &**path == Path::new("-") {
            let (head, length) = head(&mut io::stdin()).map_err(failed)?;
            (packing(path, &head[..length]), Box::new(io::Cursor::new(head).take(length as u64).chain(io::stdin())))
        } else {
            let mut file = File::open(path).map_err(failed)?;
            let (head, length) = head(&mut file).map_err(failed)?;
            let reader: Box<dyn Read + Send> = match file.rewind() {
                Ok(()) => Box::new(file),
                Err(_) => Box::new(io::Cursor::new(head).take(length as u64).chain(file)), // a pipe
            };
            (packing(path, &head[..length]), reader)
        };
        Ok(Self {
            path: path.clone(),
            packing,
            reader: unpack(packing, reader, taken).map_err(failed)?,
            taken: taken.clone(),
        })
    }

    /// Appends up to `limit` bytes to `buffer`; fewer only at the end.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, limit: usize) -> Result<usize, SourceError> {
        let read = (&mut self.reader).take(limit as u64).read_to_end(buffer).map_err(|error| self.failed(&error))?;
        if self.packing == Packing::Plain {
            self.taken.fetch_add(read as u64, Ordering::Relaxed);
        }
        Ok(read)
    }

    fn failed(&self, error: &io::Error) -> SourceError {
        let kind = match self.packing {
            Packing::Plain => return unreadable(&self.path, error),
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        };
        match error.kind() {
            io::ErrorKind::UnexpectedEof => SourceError {
                help: Some("the file was cut off: fetch or write it again".into()),
                ..SourceError::new(&*self.path, format!("ends in the middle of its {kind} data"))
            },
            _ => SourceError {
                help: Some(format!("the file is damaged, or not {kind} in spite of its name")),
                ..SourceError::new(&*self.path, format!("bad {kind} data: {error}"))
            },
        }
    }
}

/// The first bytes, at most 4.
fn head(reader: &mut impl Read) -> io::Result<([u8; 4], usize)> {
    let (mut head, mut length) = ([0; 4], 0);
    while length < head.len() {
        match reader.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((head, length))
}

fn packing(path: &Path, head: &[u8]) -> Packing {
    let named = |suffix| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix));
    if head.starts_with(&[0x1f, 0x8b]) || named("gz") {
        Packing::Gzip
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || named("zst") {
        Packing::Zstd
    } else {
        Packing::Plain
    }
}

fn unpack(packing: Packing, reader: Box<dyn Read + Send>, taken: &Arc<AtomicU64>) -> io::Result<Box<dyn Read + Send>> {
    let counted = |reader| BufReader::with_capacity(128 << 10, Counted { reader, taken: taken.clone() });
    Ok(match packing {
        Packing::Plain => reader,
        Packing::Gzip => Box::new(MultiGzDecoder::new(counted(reader))),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(counted(reader))?),
    })
}

/// Counts what goes through.
struct Counted {
    reader: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
