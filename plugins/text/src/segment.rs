//! Sentences and paragraphs: where they begin and end, as ranges of a text's bytes.

use crate::normalise::is_blank;

/// Runs of lines that are not blank, without whitespace at their ends.
pub fn paragraphs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + text[at..].find(|c| !is_blank(c))?;
        let mut end = from;
        for line in text[from..].split_inclusive('\n') {
            if line.chars().all(is_blank) {
                break;
            }
            end += line.len();
        }
        at = end;
        Some((from, from + text[from..end].trim_end_matches(is_blank).len()))
    })
}

/// Sentences, without whitespace at their ends.
///
/// A heuristic for many languages, not a model of one: a sentence ends with its paragraph, or with `.`, `!`, `?` or `…`
/// (and quotes and brackets that close there) before whitespace, unless the dot follows a single capital or one of some
/// English abbreviations, or what follows is a small letter. `。`, `！` and `？` want no whitespace.
pub fn sentences(text: &str) -> impl Iterator<Item = (usize, usize)> {
    paragraphs(text).flat_map(move |(from, to)| {
        let mut at = from;
        std::iter::from_fn(move || {
            at += text[at..to].find(|c| !is_blank(c))?;
            let (from, end) = (at, at + sentence(&text[at..to]));
            at = end;
            Some((from, from + text[from..end].trim_end_matches(is_blank).len()))
        })
    })
}

/// Abbreviations that a capital letter may follow.
const ABBREVIATIONS: [&str; 16] =
    ["Mr", "Mrs", "Ms", "Dr", "Prof", "St", "vs", "etc", "e.g", "i.e", "cf", "Nr", "Fig", "al", "Inc", "Jr"];

/// How long the sentence is that a text begins with.
fn sentence(text: &str) -> usize {
    let stops = text.char_indices().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？'));
    for (at, stop) in stops {
        let after = &text[at + stop.len_utf8()..];
        let rest = after.trim_start_matches(['.', '!', '?', '…', '"', '\'', '”', '’', '»', ')', ']', '」', '』']);
        let wide = matches!(stop, '。' | '！' | '？');
        let follows = rest.trim_start_matches(is_blank);
        let ends = wide || (follows.len() < rest.len() && !follows.starts_with(char::is_lowercase));
        if follows.is_empty() || (ends && !(stop == '.' && is_abbreviation(&text[..at]))) {
            return text.len() - rest.len();
        }
    }
    text.len()
}

/// Whether the last word of a text is an initial or an abbreviation.
fn is_abbreviation(text: &str) -> bool {
    let word = text.rsplit(is_blank).next().unwrap_or_default().trim_start_matches(['(', '[', '"', '“']);
    let initial = word.chars().count() == 1 && word.starts_with(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word)
}

#[cfg(test)]
mod tests {
    fn parts(text: &str, ranges: impl Iterator<Item = (usize, usize)>) -> Vec<&str> {
        ranges.map(|(from, to)| &text[from..to]).collect()
    }

    #[test]
    fn paragraphs_end_at_blank_lines() {
        let rows: [(&str, &[&str]); 4] = [
            ("", &[]),
            (" \n\n ", &[]),
            ("one\ntwo\n\n \nthree", &["one\ntwo", "three"]),
            ("\n  a \n\t\n\nb\n", &["a", "b"]),
        ];
        for (text, expected) in rows {
            assert_eq!(parts(text, super::paragraphs(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn sentences_end_where_a_reader_stops() {
        let rows: [(&str, &[&str]); 8] = [
            ("One. Two! Three?", &["One.", "Two!", "Three?"]),
            ("“Really?” she asked. He said: “No.” And went.", &["“Really?” she asked.", "He said: “No.”", "And went."]),
            (
                "Dr. J. Smith paid 3.50 euros, e.g. for tea. Fine",
                &["Dr. J. Smith paid 3.50 euros, e.g. for tea.", "Fine"],
            ),
            ("No stop\n\nnext", &["No stop", "next"]),
            ("Wait... what? Yes...", &["Wait... what?", "Yes..."]),
            ("東京です。大阪です！はい", &["東京です。", "大阪です！", "はい"]),
            ("a.b.c", &["a.b.c"]),
            ("", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(parts(text, super::sentences(text)), expected, "{text:?}");
        }
    }
}
