//! Characters, words and lines, counted in bulk.

use crate::column::Texts;
use crate::simd::{U8x16, load_block, load_padded};
use crate::words;

stillroom_sdk::choices! {
    /// What a word is.
    pub enum Words {
        /// A run without whitespace: as many as Python's `text.split()` gives.
        Whitespace,
        /// What stands between two spaces, and be it nothing: as many as Python's `text.split(" ")` gives.
        Spaces,
    }
}

/// Every row's number of characters (Unicode scalar values).
#[must_use]
pub fn chars(texts: Texts<'_>) -> Vec<i64> {
    // In UTF-8 every character has one byte that does not continue another.
    each_row(texts, |row| {
        let (from, to) = texts.bounds(row);
        to - from - marked(texts, row, |v| v.within(0x80, 0xbf))
    })
}

/// Every row's number of words.
#[must_use]
pub fn words(texts: Texts<'_>, what: Words) -> Vec<i64> {
    match what {
        Words::Whitespace => each_row(texts, |row| words::count(texts, row)),
        Words::Spaces => each_row(texts, |row| marked(texts, row, |v| v.is(b' ')) + 1),
    }
}

/// Every row's number of bytes.
#[must_use]
pub fn bytes(texts: Texts<'_>) -> Vec<i64> {
    each_row(texts, |row| texts.bytes(row).len())
}

/// Every row's number of lines; one that nothing follows on needs no line break.
#[must_use]
pub fn lines(texts: Texts<'_>) -> Vec<i64> {
    each_row(texts, |row| {
        let open = texts.bytes(row).last().is_some_and(|&b| b != b'\n');
        marked(texts, row, |v| v.is(b'\n')) + usize::from(open)
    })
}

fn each_row(texts: Texts<'_>, count: impl Fn(usize) -> usize) -> Vec<i64> {
    (0..texts.len()).map(|row| count(row) as i64).collect()
}

/// How many of a row's bytes have all ones in what `marks` says of sixteen.
#[inline(always)]
fn marked(texts: Texts<'_>, row: usize, marks: impl Fn(U8x16) -> U8x16) -> usize {
    marked_each(texts, row, |v| [marks(v)])[0]
}

/// The same for several marks at once.
#[inline(always)]
pub(super) fn marked_each<const N: usize>(
    texts: Texts<'_>,
    row: usize,
    marks: impl Fn(U8x16) -> [U8x16; N],
) -> [usize; N] {
    let ((mut at, to), values) = (texts.bounds(row), texts.values());
    let mut total = [0; N];
    let mut add = |sums: [U8x16; N]| total = std::array::from_fn(|i| total[i] + sums[i].total() as usize);
    let zero = [U8x16::splat(0); N];
    // A lane counts to 255, so a sum may take as many vectors.
    while at + 64 <= to {
        let stop = to.min(at + 63 * 64);
        let mut sums = zero;
        while at + 64 <= stop
            && let Some(block) = load_block(values, at)
        {
            let [a, b, c, d] = block.map(&marks);
            sums = std::array::from_fn(|i| sums[i].sub(a[i].add(b[i]).add(c[i].add(d[i]))));
            at += 64;
        }
        add(sums);
    }
    let mut sums = zero;
    while at < to {
        let (marks, live) = (marks(load_padded(values, at)), first((to - at).min(16)));
        sums = std::array::from_fn(|i| sums[i].sub(marks[i].and(live)));
        at += 16;
    }
    add(sums);
    total
}

/// Ones in the first `count` bytes.
#[inline(always)]
fn first(count: usize) -> U8x16 {
    const ONES: [u8; 32] = {
        let mut ones = [0; 32];
        let mut i = 0;
        while i < 16 {
            ones[i] = 0xff;
            i += 1;
        }
        ones
    };
    load_padded(&ONES, 16 - count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::TextBuf;

    #[test]
    fn counts_are_those_of_python() {
        let long = "wörter ".repeat(1500);
        // text, len(text), len(text.split()), len(text.split(" ")), lines
        let rows = [
            ("", 0, 0, 1, 0),
            (" ", 1, 0, 2, 1),
            ("one", 3, 1, 1, 1),
            ("a  b\n", 5, 2, 3, 1),
            ("é\u{3000}漢字 x\ny\n\nz", 11, 5, 2, 4),
            ("0123456789abcdef 0", 18, 2, 2, 1),
            (long.as_str(), 10500, 1500, 1501, 1),
        ];
        let column: TextBuf = rows.iter().map(|row| row.0).collect();
        let texts = column.as_texts();
        let ours = (chars(texts), words(texts, Words::Whitespace), words(texts, Words::Spaces), lines(texts));
        for (i, row) in rows.iter().enumerate() {
            assert_eq!((ours.0[i], ours.1[i], ours.2[i], ours.3[i]), (row.1, row.2, row.3, row.4), "{:.20}", row.0);
            assert_eq!(bytes(texts)[i], row.0.len() as i64);
        }
    }
}
