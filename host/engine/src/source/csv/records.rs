//! CSV records one by one, as the header, the sample and the search for an error's place need them.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::SourceError;
use crate::source::SourceOptions;
use crate::source::pieces::Piece;

/// What the user says of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) header: bool,
}

impl Dialect {
    /// As `options` say; where they say nothing else than a comma, a `.tsv` file has tabs.
    pub(super) fn new(options: &SourceOptions) -> Self {
        let tabs =
            options.delimiter == b',' && options.paths.iter().any(|path| path.to_ascii_lowercase().contains(".tsv"));
        Self { delimiter: if tabs { b'\t' } else { options.delimiter }, header: options.header }
    }
}

/// The records of some bytes.
pub(super) struct Records<'a> {
    reader: Reader,
    bytes: &'a [u8],
    at: usize,
}

/// One record.
pub(super) struct Record {
    /// Where it begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        Self { reader: ReaderBuilder::new().delimiter(delimiter).build(), bytes, at: 0 }
    }

    fn read(&mut self, record: &mut Record) -> bool {
        let (mut text, mut ends) = (0, 0);
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(&self.bytes[self.at..], &mut record.text[text..], &mut record.ends[ends..]);
            (self.at, text, ends) = (self.at + read, text + written, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {} // asked again, with nothing, it ends the record
                ReadRecordResult::OutputFull => record.text.resize(record.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize(record.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    record.ends.truncate(ends);
                    record.end = self.at;
                    return true;
                }
                ReadRecordResult::End => return false,
            }
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
        let mut record = Record { start: self.at, end: self.at, text: vec![0; 1024], ends: vec![0; 64] };
        self.read(&mut record).then_some(record)
    }
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }

    /// The columns' names, where this is the first record of a file.
    pub(super) fn names(&self, piece: &Piece, header: bool) -> Result<Vec<String>, SourceError> {
        if !header {
            return Ok((1..=self.len()).map(|number| format!("column_{number}")).collect());
        }
        let mut names: Vec<String> = Vec::with_capacity(self.len());
        for field in self.fields() {
            let name = std::str::from_utf8(field)
                .map_err(|_| wrong(piece, self.start, None, "invalid UTF-8 in the header"))?;
            if names.iter().any(|other| other == name) {
                return Err(wrong(piece, self.start, Some(name), "the header has this name twice"));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }
}

/// An error at the byte `at` of `piece`.
pub(super) fn wrong(piece: &Piece, at: usize, column: Option<&str>, message: impl Into<String>) -> SourceError {
    SourceError {
        line: Some(piece.line_at(at)),
        column: column.map(|name| format!("`{name}`")),
        ..SourceError::new(&*piece.path, message)
    }
}
