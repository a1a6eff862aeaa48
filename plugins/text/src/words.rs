//! Where words begin and end: runs without whitespace, as Python's `str.split()` has them.

use crate::column::Texts;
use crate::simd::{U8x16, load_padded};

/// Which of sixteen bytes are ASCII whitespace (with U+001C–U+001F, as in Python).
#[inline(always)]
pub(crate) fn blank_bytes(v: U8x16) -> U8x16 {
    v.is(b' ').or(v.within(9, 13)).or(v.within(0x1c, 0x1f))
}

/// How long the whitespace character beyond ASCII is that these bytes begin with; 0 where they begin with none.
fn wide_blank(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..] | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..] => 3,
        [0xe2, 0x81, 0x9f, ..] | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Walks over a row sixteen bytes at a time and tells its whitespace from the rest.
struct Blanks<'a> {
    values: &'a [u8],
    at: usize,
    to: usize,
    /// Bytes of the last chunk's last whitespace character that lie in the next chunk.
    spill: u32,
}

impl<'a> Blanks<'a> {
    fn new(texts: Texts<'a>, row: usize) -> Self {
        let (at, to) = texts.bounds(row);
        Self { values: &texts.values()[..], at, to, spill: 0 }
    }

    /// Where the next chunk begins, and its bytes that are not whitespace.
    #[inline(always)]
    fn next(&mut self) -> Option<(usize, u32)> {
        if self.at >= self.to {
            return None;
        }
        let at = self.at;
        let v = load_padded(self.values, at);
        let mut blank = blank_bytes(v).mask() | self.spill;
        let mut odd = v.is(0xc2).or(v.within(0xe1, 0xe3)).mask();
        while odd != 0 {
            let i = odd.trailing_zeros();
            blank |= ((1 << wide_blank(&self.values[at + i as usize..])) - 1) << i;
            odd &= odd - 1;
        }
        self.spill = blank >> 16;
        self.at = at + 16;
        let live = if self.at > self.to { (1 << (self.to - at)) - 1 } else { 0xffff };
        Some((at, !blank & live))
    }
}

/// How many words a row has.
#[inline]
#[must_use]
pub fn count(texts: Texts<'_>, row: usize) -> usize {
    let (mut blanks, mut total, mut inside) = (Blanks::new(texts, row), 0, 0);
    while let Some((_, solid)) = blanks.next() {
        total += (solid & !(solid << 1 | inside)).count_ones();
        inside = solid >> 15 & 1;
    }
    total as usize
}

/// The words of a row, as ranges of the column's bytes.
#[must_use]
pub fn words(texts: Texts<'_>, row: usize) -> Words<'_> {
    Words { blanks: Blanks::new(texts, row), at: 0, edges: 0, inside: 0 }
}

/// What [`words`] walks over.
pub struct Words<'a> {
    blanks: Blanks<'a>,
    /// Where the chunk begins, and where in it words begin and end that were not told yet.
    at: usize,
    edges: u32,
    /// The chunk's last byte belongs to a word.
    inside: u32,
}

impl Words<'_> {
    #[inline(always)]
    fn edge(&mut self) -> Option<usize> {
        while self.edges == 0 {
            let (at, solid) = self.blanks.next()?;
            self.at = at;
            self.edges = (solid ^ (solid << 1 | self.inside)) & 0xffff;
            self.inside = solid >> 15 & 1;
        }
        let edge = self.at + self.edges.trailing_zeros() as usize;
        self.edges &= self.edges - 1;
        Some(edge)
    }
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        let from = self.edge()?;
        Some((from, self.edge().unwrap_or(self.blanks.to)))
    }
}

#[cfg(test)]
mod tests {
    use crate::column::TextBuf;
    use crate::normalise::is_blank;

    #[test]
    fn words_are_those_of_split() {
        let rows = [
            "", " ", "one", " one  two\tthree\n", "exactly sixteen ", "exactly sixteen. and more", "0123456789abcdef", 
            "a\u{a0}b\u{3000}c\u{2028}d", "0123456789abcd\u{3000}x", "0123456789abcde\u{3000}x", "0123456789abcdé\u{a0}\u{85}",
            "“curly” … “quotes”—dash\u{200b}ed", "日本語\u{3000}テキスト", "x\u{1c}y\u{1f}z\u{0}", "0123456789abcdef 0123456789abcdef 0",
        ];
        let column: TextBuf = rows.iter().collect();
        for (row, text) in rows.iter().enumerate() {
            let expected: Vec<_> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
            let all = std::str::from_utf8(column.as_texts().values()).unwrap();
            let words: Vec<_> = super::words(column.as_texts(), row).map(|(from, to)| &all[from..to]).collect();
            assert_eq!(words, expected, "{text:?}");
            assert_eq!(super::count(column.as_texts(), row), expected.len(), "{text:?}");
        }
    }
}
