//! Arrow IPC: the file format, or the stream format on standard output and for `.arrows`. Not compressed unless told so.

use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, SchemaRef};

use super::target::Target;
use super::{Compression, Encode, Encoded, Sink, SinkOptions, Whole, unpacked};
use crate::error::SinkError;

/// A sink of Arrow IPC.
pub(super) struct Arrow {
    writer: Writer,
    closed: bool,
}

enum Writer {
    File(FileWriter<BufWriter<Target>>),
    Stream(StreamWriter<BufWriter<Target>>),
}

impl Arrow {
    pub(super) fn create(options: &SinkOptions, schema: &SchemaRef) -> Result<Self, SinkError> {
        let codec = match options.compression {
            None | Some(Compression::None) => None,
            Some(Compression::Lz4) => Some(CompressionType::LZ4_FRAME),
            Some(Compression::Zstd) => Some(CompressionType::ZSTD),
            Some(_) => return Err(unpacked(options, "Arrow")),
        };
        let target = BufWriter::with_capacity(256 << 10, Target::create(&options.path)?);
        let writer =
            IpcWriteOptions::default().try_with_compression(codec).and_then(|ipc| match is_stream(&options.path) {
                true => StreamWriter::try_new_with_options(target, schema, ipc).map(Writer::Stream),
                false => FileWriter::try_new_with_options(target, schema, ipc).map(Writer::File),
            });
        let writer = writer.map_err(|error| SinkError::new(&options.path, error))?;
        Ok(Self { writer, closed: false })
    }

    fn target(&mut self) -> &mut Target {
        match &mut self.writer {
            Writer::File(file) => file.get_mut().get_mut(),
            Writer::Stream(stream) => stream.get_mut().get_mut(),
        }
    }

    fn done(&mut self, result: Result<(), ArrowError>) -> Result<(), SinkError> {
        result.map_err(|error| self.target().error(error))
    }
}

impl Writer {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match self {
            Self::File(file) => file.write(batch),
            Self::Stream(stream) => stream.write(batch),
        }
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        match self {
            Self::File(file) => file.finish().and_then(|()| file.flush()),
            Self::Stream(stream) => stream.finish().and_then(|()| stream.flush()),
        }
    }
}

impl Sink for Arrow {
    fn encoder(&self) -> Arc<dyn Encode> {
        Arc::new(Whole)
    }

    fn write(&mut self, piece: Encoded) -> Result<(), SinkError> {
        let Encoded::Batch(batch) = piece else { return Ok(()) };
        let result = self.writer.write(&batch);
        self.done(result)
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if !std::mem::replace(&mut self.closed, true) {
            let result = self.writer.finish();
            self.done(result)?;
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<u64, SinkError> {
        self.close()?;
        self.target().commit()
    }
}

fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("arrows"))
}
