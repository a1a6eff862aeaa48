//! Arrow IPC: the file format, or the stream format on standard output and for `.arrows`. Not compressed unless told so.
//!
//! The messages are made by `arrow-ipc`, one by one, and framed and listed here: its own writers cannot go on with a file.
//! What is needed to go on is in the file. The footer's list of blocks is read off the messages; the dictionaries that count
//! are those of the last batch.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::{IpcSchemaEncoder, try_fb_to_schema};
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message,
};
use arrow_ipc::{Block, CompressionType, FooterBuilder, MessageHeader, MetadataVersion, root_as_message};
use arrow_schema::{ArrowError, Schema, SchemaRef};

use super::target::Target;
use super::{Compression, Encode, Encoded, Mark, Opened, Sink, SinkOptions, Whole, begin, unpacked};
use crate::error::SinkError;

/// The start and the end of a file, and what the start is filled up to.
const MAGIC: &[u8] = b"ARROW1";
const ALIGNMENT: usize = 64;

/// The end of the messages.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// A sink of Arrow IPC.
struct Arrow {
    target: BufWriter<Target>,
    schema: SchemaRef,
    options: IpcWriteOptions,
    stream: bool,
    /// The dictionaries that a reader has.
    tracker: DictionaryTracker,
    context: IpcWriteContext,
    /// Whether each batch has a context of its own: a codec keeps its state there, and what it makes of a batch must not
    /// depend on those before.
    afresh: bool,
    /// What the footer lists. A stream has none.
    blocks: Blocks,
    closed: bool,
}

/// Where the messages are.
#[derive(Default)]
struct Blocks {
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
    /// Where the next message begins.
    end: u64,
}

/// Opens a sink of Arrow IPC.
pub(super) fn create(options: &SinkOptions, schema: &SchemaRef) -> Result<Opened, SinkError> {
    let codec = match options.compression {
        None | Some(Compression::None) => None,
        Some(Compression::Lz4) => Some(CompressionType::LZ4_FRAME),
        Some(Compression::Zstd) => Some(CompressionType::ZSTD),
        Some(_) => return Err(unpacked(options, "Arrow")),
    };
    let ipc = IpcWriteOptions::default().try_with_compression(codec);
    let ipc = ipc.map_err(|error| SinkError::new(&options.path, error))?;
    begin(options, |target, marks| Arrow::begin(options, schema, ipc.clone(), target, marks))
}

impl Arrow {
    fn begin(
        options: &SinkOptions,
        schema: &SchemaRef,
        ipc: IpcWriteOptions,
        target: Target,
        marks: &[Mark],
    ) -> Result<Self, SinkError> {
        let stream = is_stream(&options.path);
        let mut arrow = Self {
            target: BufWriter::with_capacity(256 << 10, target),
            schema: schema.clone(),
            options: ipc,
            stream,
            tracker: DictionaryTracker::new(!stream), // a file has one dictionary for a column
            context: IpcWriteContext::default(),
            afresh: options.compression == Some(Compression::Zstd),
            blocks: Blocks::default(),
            closed: false,
        };
        arrow.context.set_reserve_scratch(true);
        let started = arrow.start(marks.is_empty());
        arrow.done(started)?;
        Ok(arrow)
    }

    /// Writes what stands before the first batch, or reads the file from there on.
    fn start(&mut self, fresh: bool) -> Result<(), ArrowError> {
        let mut head = Vec::new();
        if !self.stream {
            head.extend_from_slice(MAGIC);
            head.resize(ALIGNMENT, 0);
        }
        let generator = IpcDataGenerator::default();
        let schema = generator.schema_to_bytes_with_dictionary_tracker(&self.schema, &mut self.tracker, &self.options);
        let message = schema.ipc_message.clone();
        write_message(&mut head, schema, &self.options)?;
        self.blocks.end = head.len() as u64;
        match fresh {
            true => Ok(self.target.write_all(&head)?),
            false => self.resume(&head, &message),
        }
    }

    fn resume(&mut self, head: &[u8], schema: &[u8]) -> Result<(), ArrowError> {
        let target = self.target.get_mut();
        let end = target.written();
        let read = target.read(|mut file| {
            let mut there = vec![0; head.len()];
            file.read_exact(&mut there)?;
            if there != head {
                return Err(io::Error::other("it has other columns"));
            }
            let (blocks, latest) = Blocks::read(&mut file, head.len() as u64, end)?;
            let batch = last_batch(&mut file, schema, &blocks, &latest).map_err(io::Error::other)?;
            Ok((blocks, batch))
        });
        let (blocks, batch) = read.ok_or_else(|| io::Error::other("it is not a file"))??;
        if let Some(batch) = batch {
            self.encode(&batch)?; // for the tracker to learn its dictionaries
        }
        self.blocks = blocks;
        if self.stream {
            self.blocks = Blocks { end, ..Blocks::default() };
        }
        Ok(())
    }

    /// Makes the messages of a batch: new dictionaries, and the batch itself.
    fn encode(&mut self, batch: &RecordBatch) -> Result<(Vec<EncodedData>, EncodedData), ArrowError> {
        if self.afresh {
            self.context = IpcWriteContext::default();
        }
        IpcDataGenerator::default().encode(batch, &mut self.tracker, &self.options, &mut self.context)
    }

    fn put(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let (dictionaries, batch) = self.encode(batch)?;
        for dictionary in dictionaries {
            let block = self.message(dictionary)?;
            self.blocks.dictionaries.extend(block);
        }
        let block = self.message(batch)?;
        self.blocks.batches.extend(block);
        Ok(())
    }

    /// Writes a message; where it is, for the footer.
    fn message(&mut self, message: EncodedData) -> Result<Option<Block>, ArrowError> {
        let (header, body) = write_message(&mut self.target, message, &self.options)?;
        let block = Block::new(self.blocks.end as i64, header as i32, body as i64);
        self.blocks.end += (header + body) as u64;
        Ok((!self.stream).then_some(block))
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        self.target.write_all(&END)?;
        if !self.stream {
            let footer = self.footer();
            self.target.write_all(&footer)?;
            self.target.write_all(&(footer.len() as i32).to_le_bytes())?;
            self.target.write_all(MAGIC)?;
        }
        Ok(self.target.flush()?)
    }

    fn footer(&self) -> Vec<u8> {
        let mut out = IpcSchemaEncoder::new().schema_to_fb(&Schema::empty()); // for the sake of its type alone
        out.reset();
        let dictionaries = out.create_vector(&self.blocks.dictionaries);
        let batches = out.create_vector(&self.blocks.batches);
        let mut ids = DictionaryTracker::new(true);
        let schema =
            IpcSchemaEncoder::new().with_dictionary_tracker(&mut ids).schema_to_fb_offset(&mut out, &self.schema);
        let mut footer = FooterBuilder::new(&mut out);
        footer.add_version(MetadataVersion::V5);
        footer.add_schema(schema);
        footer.add_dictionaries(dictionaries);
        footer.add_recordBatches(batches);
        let footer = footer.finish();
        out.finish(footer, None);
        out.finished_data().to_vec()
    }

    fn done<T>(&mut self, result: Result<T, ArrowError>) -> Result<T, SinkError> {
        result.map_err(|error| self.target.get_mut().error(error))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = self.target.flush();
        flushed.map_err(|error| self.target.get_mut().error(error))
    }
}

impl Sink for Arrow {
    fn encoder(&self) -> Arc<dyn Encode> {
        Arc::new(Whole)
    }

    fn write(&mut self, piece: Encoded) -> Result<(), SinkError> {
        let Encoded::Batch(batch) = piece else { return Ok(()) };
        let result = self.put(&batch);
        self.done(result)
    }

    fn end_item(&mut self, items: u64) -> Result<(), SinkError> {
        if self.target.get_ref().is_partial() {
            self.flush()?;
            self.target.get_mut().whole(items);
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<Option<Mark>, SinkError> {
        self.target.get_mut().mark()
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if !std::mem::replace(&mut self.closed, true) {
            let result = self.finish();
            self.done(result)?;
            self.target.get_mut().close()?;
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<u64, SinkError> {
        self.close()?;
        self.target.get_mut().commit()
    }
}

impl Blocks {
    /// Reads the messages between `at` and `end`, without their bodies; and the last dictionary of each id.
    fn read(file: &mut BufReader<&File>, at: u64, end: u64) -> io::Result<(Self, Vec<Block>)> {
        let mut blocks = Self { end: at, ..Self::default() };
        let mut latest = BTreeMap::new();
        let mut header = Vec::new();
        while blocks.end < end {
            let mut frame = [0; 8];
            file.read_exact(&mut frame)?;
            let [_, _, _, _, length @ ..] = frame;
            header.resize(u32::from_le_bytes(length) as usize, 0);
            file.read_exact(&mut header)?;
            let message = root_as_message(&header).map_err(|error| io::Error::other(error.to_string()))?;
            let block = Block::new(blocks.end as i64, (8 + header.len()) as i32, message.bodyLength());
            match message.header_as_dictionary_batch() {
                Some(dictionary) => {
                    latest.insert(dictionary.id(), block);
                    blocks.dictionaries.push(block);
                }
                None if message.header_type() == MessageHeader::RecordBatch => blocks.batches.push(block),
                None => return Err(io::Error::other("it has a message that was not written here")),
            }
            file.seek_relative(message.bodyLength())?;
            blocks.end += length_of(&block) as u64;
        }
        let mut latest: Vec<Block> = latest.into_values().collect();
        latest.sort_by_key(Block::offset); // one may refer to those before
        Ok((blocks, latest))
    }
}

/// The last batch, where columns have dictionaries.
fn last_batch(
    file: &mut BufReader<&File>,
    schema: &[u8],
    blocks: &Blocks,
    latest: &[Block],
) -> Result<Option<RecordBatch>, ArrowError> {
    let Some(last) = blocks.batches.last().filter(|_| !latest.is_empty()) else { return Ok(None) };
    let schema = root_as_message(schema).ok().and_then(|message| message.header_as_schema());
    let schema = schema.ok_or_else(|| ArrowError::IpcError("a schema is not one".into()))?;
    let mut decoder = FileDecoder::new(Arc::new(try_fb_to_schema(schema)?), MetadataVersion::V5);
    for block in latest {
        decoder.read_dictionary(block, &bytes_of(file, block)?)?;
    }
    decoder.read_record_batch(last, &bytes_of(file, last)?)
}

fn bytes_of(file: &mut BufReader<&File>, block: &Block) -> io::Result<Buffer> {
    let mut bytes = vec![0; length_of(block)];
    file.seek(SeekFrom::Start(block.offset() as u64))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

fn length_of(block: &Block) -> usize {
    block.metaDataLength() as usize + block.bodyLength() as usize
}

fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("arrows"))
}
