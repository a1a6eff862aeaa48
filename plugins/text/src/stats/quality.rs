//! The quality signals of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1.1) and C4 (Raffel et al. 2020,
//! arXiv:1910.10683, section 2.2), word by word and line by line.

use super::count::marked_each;
use super::repeats::Lines;
use crate::column::{NotUtf8, Texts};
use crate::normalise::is_blank;
use crate::simd::U8x16;
use crate::words;

/// The English words of which Gopher wants two in a text.
pub const STOP_WORDS: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

/// What was counted in one text. Ratios of nothing are 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quality {
    /// Bytes.
    pub bytes: usize,
    /// Characters.
    pub chars: usize,
    /// Characters that are no whitespace.
    pub word_chars: usize,
    /// Words: runs without whitespace.
    pub words: usize,
    /// Words with at least one alphabetic character.
    pub alpha_words: usize,
    /// Words that are stop words, whatever their case and the punctuation around them.
    pub stop_words: usize,
    /// Which stop words occur: a bit for each of [`STOP_WORDS`].
    pub stop_kinds: u8,
    /// `#` characters.
    pub hashes: usize,
    /// `…` and `...`.
    pub ellipses: usize,
    /// ASCII digits.
    pub digits: usize,
    /// Lines that are not blank; all that follows is of these.
    pub lines: usize,
    /// Lines that begin with a bullet.
    pub bullet_lines: usize,
    /// Lines that end with an ellipsis.
    pub ellipsis_lines: usize,
    /// Lines that end as a sentence does: `.`, `!`, `?`, or a closing quotation mark.
    pub terminal_lines: usize,
    /// Lines that stood there before.
    pub duplicate_lines: usize,
    /// The characters of those.
    pub duplicate_line_chars: usize,
    /// A `{` or `}`: code.
    pub curly_brace: bool,
    /// "lorem ipsum", in any case.
    pub lorem_ipsum: bool,
}

impl Quality {
    /// Counts in one row.
    ///
    /// # Errors
    /// Where it is not UTF-8.
    pub fn of(texts: Texts<'_>, row: usize, lines: &mut Lines) -> Result<Self, NotUtf8> {
        let text = texts.text(row)?;
        let marks = |v: U8x16| [v.within(0x80, 0xbf), v.is(b'#'), v.within(b'0', b'9'), v.is(b'{').or(v.is(b'}'))];
        let [continued, hashes, digits, braces] = marked_each(texts, row, marks);
        let mut quality = Self {
            bytes: text.len(),
            chars: text.len() - continued,
            ellipses: ellipses(text.as_bytes()),
            curly_brace: braces > 0,
            hashes,
            digits,
            ..Self::default()
        };
        quality.count_words(texts, row);
        quality.count_lines(text, lines);
        Ok(quality)
    }

    fn count_words(&mut self, texts: Texts<'_>, row: usize) {
        let (mut q, mut lorem) = (*self, false);
        words::each(texts, row, |from, to| {
            let word = &texts.values()[from..to];
            q.words += 1;
            q.word_chars += q.characters(word);
            q.alpha_words += usize::from(has_letter(word));
            if let Some(kind) = stop_word(word) {
                q.stop_words += 1;
                q.stop_kinds |= 1 << kind;
            }
            q.lorem_ipsum |= lorem && word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"ipsum"));
            lorem = ends_in_lorem(word);
        });
        *self = q;
    }

    fn count_lines(&mut self, text: &str, lines: &mut Lines) {
        lines.clear();
        let (mut from, mut only) = (0, "");
        for to in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            let line = text[from..to].trim_matches(is_blank);
            from = to + 1;
            if line.is_empty() {
                continue;
            }
            self.lines += 1;
            self.bullet_lines += usize::from(line.starts_with(['•', '‣', '◦', '▪', '●', '-', '–', '*']));
            self.ellipsis_lines += usize::from(line.ends_with('…') || line.ends_with("..."));
            self.terminal_lines += usize::from(line.ends_with(['.', '!', '?', '"', '”', '»', '。', '！', '？']));
            // A line alone repeats nothing, and many a text has but one.
            if self.lines > 1 {
                lines.push(line, self.characters(line.as_bytes()));
            } else {
                only = line;
            }
        }
        if self.lines > 1 {
            lines.push(only, self.characters(only.as_bytes()));
        }
        (self.duplicate_lines, self.duplicate_line_chars) = lines.duplicates();
    }

    /// How many characters a part of this text has.
    #[inline]
    fn characters(&self, part: &[u8]) -> usize {
        if self.chars == self.bytes { part.len() } else { characters(part) }
    }

    /// The higher of `#` per word and ellipses per word: Gopher's symbol-to-word ratio, which it bounds "for either".
    #[must_use]
    pub fn symbol_ratio(&self) -> f64 {
        ratio(self.hashes.max(self.ellipses), self.words)
    }

    /// Characters per word.
    #[must_use]
    pub fn mean_word_length(&self) -> f64 {
        ratio(self.word_chars, self.words)
    }

    /// How many of the eight stop words occur.
    #[must_use]
    pub fn distinct_stop_words(&self) -> u32 {
        self.stop_kinds.count_ones()
    }
}

/// `part` of `whole`; 0 of nothing.
#[must_use]
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// How many `…` and `...` there are.
fn ellipses(text: &[u8]) -> usize {
    let (mut count, mut next) = (0, 0);
    for at in memchr::memchr2_iter(b'.', 0xe2, text) {
        if at >= next && (text[at..].starts_with(b"...") || text[at..].starts_with("…".as_bytes())) {
            count += 1;
            next = at + 3;
        }
    }
    count
}

/// How many characters these bytes are.
pub(crate) fn characters(word: &[u8]) -> usize {
    word.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

#[inline]
fn has_letter(word: &[u8]) -> bool {
    let plain = word.iter().any(u8::is_ascii_alphabetic);
    plain || (!word.is_ascii() && std::str::from_utf8(word).is_ok_and(|word| word.contains(char::is_alphabetic)))
}

/// Which stop word it is, punctuation at its ends aside.
#[inline]
fn stop_word(word: &[u8]) -> Option<usize> {
    let bare = matches!(word, [first, .., last] if first.is_ascii_alphabetic() && last.is_ascii_alphabetic());
    let word = if bare { word } else { trim_punctuation(word) };
    let key = match *word {
        [a, b] => u32::from_be_bytes([0, 0, a, b]) | 0x2020,
        [a, b, c] => u32::from_be_bytes([0, a, b, c]) | 0x20_2020,
        [a, b, c, d] => u32::from_be_bytes([a, b, c, d]) | 0x2020_2020,
        _ => return None,
    };
    KEYS.iter().position(|&stop| stop == key)
}

fn trim_punctuation(word: &[u8]) -> &[u8] {
    let is_solid = |b: &u8| !b.is_ascii_punctuation();
    match (word.iter().position(is_solid), word.iter().rposition(is_solid)) {
        (Some(from), Some(to)) => &word[from..=to],
        _ => &[],
    }
}

/// [`STOP_WORDS`] as numbers.
const KEYS: [u32; 8] = {
    let mut keys = [0; 8];
    let mut i = 0;
    while i < 8 {
        let mut word = STOP_WORDS[i].as_bytes();
        while let [letter, rest @ ..] = word {
            keys[i] = keys[i] << 8 | *letter as u32;
            word = rest;
        }
        i += 1;
    }
    keys
};

#[inline]
fn ends_in_lorem(word: &[u8]) -> bool {
    matches!(word, [.., b'm' | b'M']) && word.len() >= 5 && word[word.len() - 5..].eq_ignore_ascii_case(b"lorem")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::TextBuf;

    fn of(text: &str) -> Quality {
        let column: TextBuf = [text].into_iter().collect();
        Quality::of(column.as_texts(), 0, &mut Lines::default()).unwrap()
    }

    #[test]
    fn words_are_judged() {
        let q = of("The cat, with (THE) 12 dogs… and 3 # signs... — thé");
        assert_eq!((q.words, q.alpha_words, q.stop_words, q.distinct_stop_words()), (12, 8, 4, 3));
        assert_eq!((q.hashes, q.ellipses, q.digits), (1, 2, 3));
        assert_eq!(q.chars - q.word_chars, 11);
        assert!((q.symbol_ratio() - 2.0 / 12.0).abs() < 1e-12);
    }

    #[test]
    fn lines_are_judged() {
        let q = of("• one\n- two...\n\n  Same.\nSame.\n“Said.”\nSame.\n");
        assert_eq!((q.lines, q.bullet_lines, q.ellipsis_lines, q.terminal_lines), (6, 2, 1, 5));
        assert_eq!((q.duplicate_lines, q.duplicate_line_chars), (2, 10));
    }

    #[test]
    fn marks_of_code_and_of_filler() {
        for (text, curly, lorem) in [
            ("plain", false, false),
            ("f() { }", true, false),
            ("Lorem  ipsum, dolor", false, true),
            ("lorem", false, false),
            ("ipsum lorem", false, false),
        ] {
            assert_eq!((of(text).curly_brace, of(text).lorem_ipsum), (curly, lorem), "{text}");
        }
    }

    #[test]
    fn nothing_has_no_ratios() {
        let q = of(" \n ");
        assert_eq!((q.words, q.lines, q.mean_word_length(), q.symbol_ratio()), (0, 0, 0.0, 0.0));
    }
}
