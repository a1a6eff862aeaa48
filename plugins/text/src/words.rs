//! Where words begin and end: runs without whitespace, as Python's `str.split()` has them.

use crate::column::Texts;
use crate::simd::{U8x16, load_block, load_last_block, mask};

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

/// Walks over a row sixty-four bytes at a time and tells its whitespace from the rest.
struct Blanks<'a> {
    values: &'a [u8],
    at: usize,
    to: usize,
    /// Bytes of the last chunk's last whitespace character that lie in the next chunk.
    spill: u64,
}

impl<'a> Blanks<'a> {
    fn new(texts: Texts<'a>, row: usize) -> Self {
        let (at, to) = texts.bounds(row);
        Self { values: texts.values(), at, to, spill: 0 }
    }

    /// Where the next chunk begins, and its bytes that are not whitespace.
    #[inline(always)]
    fn next(&mut self) -> Option<(usize, u64)> {
        if self.at >= self.to {
            return None;
        }
        let at = self.at;
        let block = load_block(self.values, at).unwrap_or_else(|| load_last_block(self.values, at));
        let mut blank = mask(block.map(blank_bytes)) | self.spill;
        self.spill = 0;
        let mut odd = mask(block.map(|v| v.is(0xc2).or(v.within(0xe1, 0xe3))));
        while odd != 0 {
            let i = odd.trailing_zeros();
            let bytes = (1u128 << wide_blank(&self.values[at + i as usize..])) - 1;
            blank |= (bytes << i) as u64;
            self.spill |= (bytes << i >> 64) as u64;
            odd &= odd - 1;
        }
        self.at = at + 64;
        let live = if self.at > self.to { (1 << (self.to - at)) - 1 } else { u64::MAX };
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
        inside = solid >> 63;
    }
    total as usize
}

/// Calls `visit` with each word of a row, as a range of the column's bytes.
#[inline(always)]
pub fn each(texts: Texts<'_>, row: usize, mut visit: impl FnMut(usize, usize)) {
    let (mut blanks, mut start, mut inside) = (Blanks::new(texts, row), 0, 0);
    loop {
        // Beyond the row is whitespace, so that a word which is open ends there.
        let next = blanks.next();
        let (at, solid) = next.unwrap_or((blanks.to, 0));
        let mut starts = solid & !(solid << 1 | inside);
        let mut ends = !solid & (solid << 1 | inside);
        if inside == 0 {
            start = at + starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
        }
        while ends != 0 {
            visit(start, at + ends.trailing_zeros() as usize);
            start = at + starts.trailing_zeros() as usize;
            (starts, ends) = (starts & starts.wrapping_sub(1), ends & (ends - 1));
        }
        inside = solid >> 63;
        if next.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::column::TextBuf;
    use crate::normalise::is_blank;

    #[test]
    fn words_are_those_of_split() {
        let rows = [
            "",
            " ",
            "one",
            " one  two\tthree\n",
            "exactly sixteen ",
            "exactly sixteen. and more",
            "0123456789abcdef",
            "a\u{a0}b\u{3000}c\u{2028}d",
            "0123456789abcd\u{3000}x",
            "0123456789abcde\u{3000}x",
            "0123456789abcdé\u{a0}\u{85}",
            "“curly” … “quotes”—dash\u{200b}ed",
            "日本語\u{3000}テキスト",
            "x\u{1c}y\u{1f}z\u{0}",
            "0123456789abcdef 0123456789abcdef 0",
        ];
        let column: TextBuf = rows.iter().collect();
        for (row, text) in rows.iter().enumerate() {
            let expected: Vec<_> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
            let all = std::str::from_utf8(column.as_texts().values()).unwrap();
            let mut words = Vec::new();
            super::each(column.as_texts(), row, |from, to| words.push(&all[from..to]));
            assert_eq!(words, expected, "{text:?}");
            assert_eq!(super::count(column.as_texts(), row), expected.len(), "{text:?}");
        }
    }
}
