//! A text column as Arrow lays it out: all bytes in one buffer, and where each row ends in another.
//!
//! The steps' work is written over these, not over the SDK's types: it is the same function in a step, in a test and in
//! the bench that asks what the sandbox costs.

use std::fmt;
use stillroom_sdk::{Bitmap, Fault, Rows, Utf8Column};

/// The rows of a text (or binary) column.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    offsets: &'a [i32],
    values: &'a [u8],
}

/// A column of the SDK's as these.
pub(crate) fn texts<'a>(column: &Utf8Column<'a>) -> Texts<'a> {
    Texts::new(column.offsets(), column.values().as_bytes())
}

/// Which rows of a column are not null, for one that is made of it.
pub(crate) fn validity(column: &Utf8Column<'_>) -> Option<Bitmap> {
    column.validity().map(|bits| bits.iter().collect())
}

/// A row whose bytes are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// Where it stands in its batch.
    pub row: usize,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} is not valid UTF-8", self.row)
    }
}

impl std::error::Error for NotUtf8 {}

impl From<NotUtf8> for Fault {
    fn from(error: NotUtf8) -> Self {
        Fault::data(error.to_string())
    }
}

impl<'a> Texts<'a> {
    /// Row `i` is `values[offsets[i]..offsets[i + 1]]`.
    #[must_use]
    pub fn new(offsets: &'a [i32], values: &'a [u8]) -> Self {
        Self { offsets, values }
    }

    /// How many rows.
    #[must_use]
    pub fn len(self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bytes of all rows, one after the other.
    #[must_use]
    pub fn values(self) -> &'a [u8] {
        self.values
    }

    /// Where row `row` begins and ends in `values`.
    #[inline]
    #[must_use]
    pub fn bounds(self, row: usize) -> (usize, usize) {
        (position(self.offsets[row]), position(self.offsets[row + 1]))
    }

    /// One row's bytes.
    #[inline]
    #[must_use]
    pub fn bytes(self, row: usize) -> &'a [u8] {
        let (from, to) = self.bounds(row);
        &self.values[from..to]
    }

    /// One row's text.
    ///
    /// # Errors
    /// Between two sandboxes nobody has looked whether text is UTF-8, so this does.
    pub fn text(self, row: usize) -> Result<&'a str, NotUtf8> {
        std::str::from_utf8(self.bytes(row)).map_err(|_| NotUtf8 { row })
    }

    /// Every row's bytes, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.offsets.array_windows().map(move |&[from, to]| &self.values[position(from)..position(to)])
    }
}

/// An offset of a valid array is never negative; a wrong one ends in a failed bounds check.
#[inline]
fn position(offset: i32) -> usize {
    offset.cast_unsigned() as usize
}

/// A text column that is being written.
#[derive(Clone, Debug)]
pub struct TextBuf {
    /// Where each row ends, after a 0.
    pub offsets: Vec<i32>,
    /// The bytes of all rows.
    pub values: Vec<u8>,
}

impl TextBuf {
    /// No rows yet, and room for this many with this many bytes in all.
    #[must_use]
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, values: Vec::with_capacity(bytes) }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[u8]) {
        self.values.extend_from_slice(row);
        self.end_row();
    }

    /// What was written to `values` since the last row is a row.
    pub fn end_row(&mut self) {
        self.offsets.push(offset(self.values.len()));
    }

    /// The rows written so far.
    #[must_use]
    pub fn as_texts(&self) -> Texts<'_> {
        Texts::new(&self.offsets, &self.values)
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for TextBuf {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut texts = Self::with_capacity(0, 0);
        rows.into_iter().for_each(|row| texts.push(row.as_ref()));
        texts
    }
}

/// An Arrow offset. A batch of more than 2 GiB does not come about: the host bounds what it sends to a fraction of that,
/// and no step here makes text that is more than eighteen times (NFKC of U+FDFA) what it got.
#[inline]
pub(crate) fn offset(position: usize) -> i32 {
    i32::try_from(position).expect("a text column of more than 2 GiB")
}
