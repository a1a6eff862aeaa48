//! What stands in a text more than once: lines, paragraphs, runs of words.
//!
//! Kept are 64-bit hashes, not the text: two of a million different lines of one text are taken for the same once in forty
//! million such texts.

use super::quality::characters;

/// A hash for [`Lines`] and [`Grams`], eight bytes a turn. (XXH3 multiplies to 128 bits, which in a sandbox is a call.)
#[inline]
fn fingerprint(bytes: &[u8]) -> u64 {
    let mix = |hash: u64| {
        let hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^ hash >> 32
    };
    let (words, rest) = bytes.as_chunks();
    let last = rest.iter().fold(bytes.len() as u64, |last, &byte| last << 8 | u64::from(byte));
    mix(words.iter().fold(mix(last), |hash, word| mix(hash ^ u64::from_le_bytes(*word))))
}

/// The lines (or paragraphs, or whatever was pushed) of one text.
#[derive(Debug, Default)]
pub struct Lines {
    seen: Vec<(u64, usize)>,
}

impl Lines {
    /// Begins another text.
    pub fn clear(&mut self) {
        self.seen.clear();
    }

    /// One more, which has so many characters.
    pub fn push(&mut self, line: &str, chars: usize) {
        self.seen.push((fingerprint(line.as_bytes()), chars));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// How many stood there before, and how many characters these have.
    pub fn duplicates(&mut self) -> (usize, usize) {
        self.seen.sort_unstable();
        let repeated = self.seen.array_windows().filter(|[one, other]| one == other);
        repeated.fold((0, 0), |(count, chars), [line, _]| (count + 1, chars + line.1))
    }
}

/// The runs of `n` words of one text.
#[derive(Debug, Default)]
pub struct Grams {
    /// Hash of all words up to here (a polynomial in their hashes, so a run's own is a difference), and their characters.
    upto: Vec<(u64, usize)>,
    table: Table,
}

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Grams {
    /// Begins another text.
    pub fn clear(&mut self) {
        self.upto.clear();
        self.upto.push((0, 0));
    }

    /// One word more.
    pub fn push(&mut self, word: &[u8]) {
        let (hash, chars) = self.upto.last().copied().unwrap_or_default();
        self.upto.push((hash.wrapping_mul(BASE).wrapping_add(fingerprint(word)), chars + characters(word)));
    }

    /// Characters in all words.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.upto.last().map_or(0, |last| last.1)
    }

    /// The characters that the most frequent run of `n` words covers (of several, the longest), where it comes twice.
    pub fn top(&mut self, n: usize) -> usize {
        let mut best = (1, 0);
        self.each(n, |table, hash, chars| {
            let count = table.count(hash);
            best = best.max((count, chars));
            false
        });
        if best.0 > 1 { best.0 * best.1 } else { 0 }
    }

    /// The characters that runs of `n` words cover which stood there before; a run that is counted ends before the next
    /// begins.
    pub fn duplicate(&mut self, n: usize) -> usize {
        let mut covered = 0;
        self.each(n, |table, hash, chars| {
            let again = table.count(hash) > 1;
            covered += if again { chars } else { 0 };
            again
        });
        covered
    }

    /// Every run of `n` words in order; after one of which `visit` says so, those that overlap it are left out.
    fn each(&mut self, n: usize, mut visit: impl FnMut(&mut Table, u64, usize) -> bool) {
        let power = BASE.wrapping_pow(n as u32);
        self.table.reset(self.upto.len());
        let mut at = 0;
        while at + n < self.upto.len() {
            let (from, to) = (self.upto[at], self.upto[at + n]);
            let hash = to.0.wrapping_sub(from.0.wrapping_mul(power));
            at += if visit(&mut self.table, hash, to.1 - from.1) { n } else { 1 };
        }
    }
}

/// How often each hash came.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<(u64, u32)>,
}

impl Table {
    fn reset(&mut self, entries: usize) {
        self.slots.clear();
        self.slots.resize((2 * entries).next_power_of_two(), (0, 0));
    }

    /// With this time.
    fn count(&mut self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (hash ^ hash >> 29).wrapping_mul(BASE) as usize >> 4 & mask;
        while self.slots[at].1 > 0 && self.slots[at].0 != hash {
            at = (at + 1) & mask;
        }
        self.slots[at].0 = hash;
        self.slots[at].1 += 1;
        self.slots[at].1 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_come_again() {
        // text, n, characters of the most frequent run times its count, characters of those that stood there before
        let rows = [
            ("a b c d", 2, 0, 0),
            ("a b a b a b", 2, 3 * 2, 2 * 2),
            ("one two x one two y three four", 2, 2 * 6, 6),
            ("aa aa aa aa", 2, 3 * 4, 4),
            ("a", 2, 0, 0),
            ("", 3, 0, 0),
        ];
        for (text, n, top, duplicate) in rows {
            let mut grams = Grams::default();
            grams.clear();
            text.split_whitespace().for_each(|word| grams.push(word.as_bytes()));
            assert_eq!((grams.top(n), grams.duplicate(n)), (top, duplicate), "{text}");
            assert_eq!(grams.chars(), text.replace(' ', "").len());
        }
    }
}
