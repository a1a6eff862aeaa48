//! A file of blocks, one a batch: a header with the block's length and checksum, and the batch as an Arrow IPC stream.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow_buffer::Buffer;
use xxhash_rust::xxh3::Xxh3;

use super::Mark;
use crate::error::{Error, Result};

/// What each block begins with; the digit is the format's version.
const MAGIC: &[u8; 8] = b"STILBLK1";

/// Magic, rows, bytes in memory, bytes of the payload, checksum of all of these and the payload.
const HEADER: usize = 40;

/// Where a batch is in the file, and what it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    at: u64,
    /// Bytes behind the header.
    len: u64,
    pub(super) rows: u64,
    /// What the batch takes in memory.
    pub(super) bytes: u64,
}

impl Block {
    fn end(&self) -> u64 {
        self.at + HEADER as u64 + self.len
    }

    fn header(&self) -> [u8; HEADER - 8] {
        let mut header = [0; HEADER - 8];
        let words = [*MAGIC, self.rows.to_le_bytes(), self.bytes.to_le_bytes(), self.len.to_le_bytes()];
        header.chunks_exact_mut(8).zip(words).for_each(|(to, word)| to.copy_from_slice(&word));
        header
    }

    /// The block that a header tells of, and its checksum.
    fn parse(at: u64, header: &[u8; HEADER]) -> Option<(Self, u64)> {
        let (words, _) = header.as_chunks::<8>();
        let [magic, rows, bytes, len, sum] = words else { return None };
        let [rows, bytes, len, sum] = [rows, bytes, len, sum].map(|word| u64::from_le_bytes(*word));
        (magic == MAGIC).then_some((Self { at, len, rows, bytes }, sum))
    }
}

pub(super) struct BlockFile {
    file: File,
    /// For messages: the file, or the folder of one without a name.
    name: PathBuf,
    end: u64,
    /// Where the next byte would be written or read.
    position: u64,
}

impl BlockFile {
    /// A file that has no name and is gone when it is closed.
    pub(super) fn temporary(folder: &Path) -> Result<Self> {
        let made = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
        made.map(|file| Self::of(file, folder, 0)).map_err(|error| failed(folder, &error))
    }

    /// A new file at `path`, in place of one that was there.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let open = || OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let made = std::fs::create_dir_all(folder).and_then(|()| open());
        let file = made.map_err(|error| failed(path, &error))?;
        // The name must survive a crash as well; not every system lets a folder be synced.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(Self::of(file, path, 0))
    }

    /// The file at `path`, without what is behind `end`.
    pub(super) fn reopen(path: &Path, end: u64) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            file.set_len(end).map(|()| file)
        };
        open().map(|file| Self::of(file, path, end)).map_err(|error| failed(path, &error))
    }

    fn of(file: File, name: &Path, end: u64) -> Self {
        Self { file, name: name.to_path_buf(), end, position: 0 }
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes a block behind the others. After a failure the next one takes its place.
    pub(super) fn append(&mut self, rows: u64, bytes: u64, payload: &[u8]) -> Result<Block> {
        let block = Block { at: self.end, len: payload.len() as u64, rows, bytes };
        let mut header = [0; HEADER];
        let (fields, sum) = header.split_at_mut(HEADER - 8);
        fields.copy_from_slice(&block.header());
        let mut hasher = Xxh3::new();
        hasher.update(fields);
        hasher.update(payload);
        sum.copy_from_slice(&hasher.digest().to_le_bytes());
        self.write(&header, payload).map_err(|error| failed(&self.name, &error))?;
        (self.end, self.position) = (block.end(), block.end());
        Ok(block)
    }

    fn write(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        self.seek(self.end)?;
        self.position = u64::MAX;
        self.file.write_all(header)?;
        self.file.write_all(payload)
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        if self.position != to {
            self.file.seek(SeekFrom::Start(to))?;
        }
        Ok(())
    }

    /// A block's payload, its checksum verified.
    pub(super) fn read(&mut self, block: Block) -> Result<Buffer> {
        let bytes = self.read_at(block.at, block.end() - block.at).map_err(|error| failed(&self.name, &error))?;
        let (Some(header), payload) = (bytes.first_chunk::<HEADER>(), bytes.get(HEADER..).unwrap_or_default()) else {
            return Err(self.damaged(block, "it ends too early"));
        };
        let mut hasher = Xxh3::new();
        hasher.update(&block.header());
        hasher.update(payload);
        match Block::parse(block.at, header) {
            Some((_, sum)) if sum == hasher.digest() => Ok(Buffer::from_vec(bytes).slice(HEADER)),
            _ => Err(self.damaged(block, "its checksum does not fit")),
        }
    }

    fn read_at(&mut self, at: u64, len: u64) -> io::Result<Vec<u8>> {
        self.seek(at)?;
        self.position = u64::MAX;
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        (&self.file).take(len).read_to_end(&mut bytes)?;
        self.position = at + bytes.len() as u64;
        Ok(bytes)
    }

    pub(super) fn damaged(&self, block: Block, message: &str) -> Error {
        let message = format!("{}: the block at byte {} is damaged: {message}", self.name.display(), block.at);
        Error::Engine { message, help: Some("the file was changed while it was in use, or the disk is failing".into()) }
    }

    /// Brings everything to the disk itself.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| failed(&self.name, &error))
    }
}

/// What a file holds, as far as it is sound.
pub(super) struct Scanned {
    pub(super) blocks: Vec<Block>,
    /// How many of the marks hold.
    pub(super) holds: usize,
    pub(super) warning: Option<String>,
}

/// Verifies the blocks up to the last mark, in one pass. A block that is not there counts as damaged.
pub(super) fn scan(path: &Path, marks: &[Mark]) -> Result<Scanned> {
    let file = match File::open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(path, &error)),
    };
    let size = file.as_ref().map_or(Ok(0), |file| file.metadata().map(|data| data.len()));
    let size = size.map_err(|error| failed(path, &error))?;
    let mut reader = file.map(|file| BufReader::with_capacity(1 << 18, file));
    let mut scanned = Scanned { blocks: Vec::new(), holds: 0, warning: None };
    let (mut sound, mut total) = (0, Mark::default());
    for mark in marks {
        while total.batches < mark.batches {
            let next = reader.as_mut().ok_or("the file is not there".to_owned());
            match next.and_then(|reader| next_block(reader, total.file_bytes, size)) {
                Ok(block) => {
                    total = after(total, block);
                    scanned.blocks.push(block);
                }
                Err(message) => return Ok(scanned.stop(path, sound, &message, marks.len())),
            }
        }
        // What no block tells is the mark's to say.
        total.largest = mark.largest;
        if total != *mark {
            return Ok(scanned.stop(path, sound, "it is not what was written there", marks.len()));
        }
        scanned.holds += 1;
        sound = scanned.blocks.len();
    }
    Ok(scanned)
}

fn after(total: Mark, block: Block) -> Mark {
    Mark {
        batches: total.batches + 1,
        rows: total.rows.saturating_add(block.rows),
        bytes: total.bytes.saturating_add(block.bytes),
        file_bytes: block.end(),
        largest: total.largest,
    }
}

impl Scanned {
    fn stop(mut self, path: &Path, sound: usize, message: &str, marks: usize) -> Self {
        let (block, holds) = (self.blocks.len(), self.holds);
        let name = path.display();
        self.blocks.truncate(sound);
        self.warning = Some(format!("{name}: block {block} is damaged ({message}): {holds} of {marks} marks hold"));
        self
    }
}

/// Reads over a block that begins at `at`; the reader is there.
fn next_block(reader: &mut BufReader<File>, at: u64, size: u64) -> Result<Block, String> {
    let mut header = [0; HEADER];
    reader.read_exact(&mut header).map_err(|error| error.to_string())?;
    let (block, sum) = Block::parse(at, &header).ok_or("it has no header")?;
    if block.len > size.saturating_sub(at + HEADER as u64) {
        return Err("it ends too early".into());
    }
    let (mut hasher, mut left, mut part) = (Xxh3::new(), block.len, vec![0; 1 << 18]);
    hasher.update(&block.header());
    while left > 0 {
        let len = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        reader.read_exact(&mut part[..len]).map_err(|error| error.to_string())?;
        hasher.update(&part[..len]);
        left -= len as u64;
    }
    if hasher.digest() == sum { Ok(block) } else { Err("its checksum does not fit".into()) }
}

/// The error for what the system said about `path`.
pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let name = path.display();
    let (message, help) = match error.kind() {
        StorageFull | QuotaExceeded => ("the disk is full", "free space, or keep rows that wait in another folder"),
        PermissionDenied | ReadOnlyFilesystem => ("cannot be written here", "choose another folder for rows that wait"),
        _ => return Error::Engine { message: format!("{name}: rows cannot be kept here: {error}"), help: None },
    };
    Error::Engine { message: format!("{name}: {message}"), help: Some(help.into()) }
}
