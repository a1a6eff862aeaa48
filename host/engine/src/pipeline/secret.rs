//! What is not to be shown, and texts without it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use memchr::memmem;

use super::fault::SHORT;

/// What stands where a secret was.
const HIDDEN: &str = "***";

/// The forms that secrets are written in.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} forms of secrets", self.0.len())
    }
}

impl Secrets {
    /// Adds a secret: as it is, without the blanks around it, and as JSON and Rust put it in quotes.
    pub(super) fn add(&mut self, secret: &str) {
        let json = serde_json::to_string(secret).unwrap_or_default();
        let rust = format!("{secret:?}");
        let unquoted = |text: &str| text.get(1..text.len().saturating_sub(1)).unwrap_or_default().to_owned();
        for form in [secret.to_owned(), secret.trim().to_owned(), unquoted(&json), unquoted(&rust)] {
            if !form.trim().is_empty() && !self.0.contains(&form) {
                self.0.push(form);
            }
        }
    }

    /// The text with `***` for every secret.
    pub(super) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        without(text, &self.found(text))
    }

    /// As [`redact`](Self::redact), and what [`Short`](super::fault::Short) left of a secret is gone too.
    pub(super) fn redact_message<'a>(&self, message: &'a str) -> Cow<'a, str> {
        let mut found = self.found(message);
        found.extend(self.cut(message));
        without(message, &merged(found))
    }

    /// The redacted text, and where a range of the text is in it.
    pub(super) fn redact_with<'a>(&self, text: &'a str, range: Range<usize>) -> (Cow<'a, str>, Range<usize>) {
        let found = self.found(text);
        let start = moved(&found, range.start, false);
        (without(text, &found), start..moved(&found, range.end, true).max(start))
    }

    /// Where secrets stand, in order and apart.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let ranges = |form: &String| {
            let len = form.len();
            memmem::find_iter(text.as_bytes(), form.as_bytes()).map(move |at| at..at + len).collect::<Vec<_>>()
        };
        merged(self.0.iter().flat_map(ranges).collect())
    }

    /// Beginnings of secrets before an ellipsis.
    fn cut(&self, text: &str) -> Vec<Range<usize>> {
        let beginning = |end: usize, secret: &str| {
            let ends = secret.char_indices().take(SHORT + 1).map(|(at, _)| at).filter(|at| *at > 0);
            ends.filter(|len| text[..end].ends_with(&secret[..*len])).max().map(|len| end - len..end)
        };
        text.match_indices('…')
            .flat_map(|(end, _)| self.0.iter().filter_map(move |form| beginning(end, form)))
            .collect()
    }
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

fn without<'a>(text: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        kept += &text[end..range.start];
        kept += HIDDEN;
        end = range.end;
    }
    Cow::Owned(kept + &text[end..])
}

/// Where an offset is after redaction; one within a secret goes to an edge of it.
fn moved(ranges: &[Range<usize>], offset: usize, is_end: bool) -> usize {
    let mut at = offset;
    for range in ranges.iter().rev().filter(|range| range.start < offset) {
        match offset < range.end {
            true if is_end => at = range.start + HIDDEN.len(),
            true => at = range.start,
            false => at = at + HIDDEN.len() - range.len(),
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(all: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        all.iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    #[test]
    fn hides_every_form() {
        for (all, text, expected) in [
            (&["abc"][..], "an abc, abcabc", "an ***, ******"),
            (&["abc", "bcd"], "xabcdx", "x***x"),
            (&["a\"b\n"], r#"{"t": "a\"b\n"} a"b"#, r#"{"t": "***"} ***"#),
            (&["", " ", "\n"], "nothing at all\n", "nothing at all\n"),
            (&["ä€"], "äää€€", "ää***€"),
            (&["***"], "a *** b", "a *** b"),
        ] {
            assert_eq!(secrets(all).redact(text), expected, "{all:?}");
        }
        let long = "s".repeat(100);
        let message = format!("`tok {}…` is wrong", &long[..56]);
        assert_eq!(secrets(&[&long]).redact_message(&message), "`tok ***…` is wrong");
        assert!(!format!("{:?}", secrets(&["abc"])).contains("abc"));
    }

    #[test]
    fn ranges_follow() {
        let secrets = secrets(&["secret", "x"]);
        for (range, expected) in [
            (0..1, "a"),
            (2..8, "***"),
            (4..5, "***"),
            (9..10, "b"),
            (0..14, "a *** b *** c"),
            (13..14, "c"),
            (14..14, ""),
        ] {
            let (text, moved) = secrets.redact_with("a secret b x c", range.clone());
            assert_eq!(&text[moved], expected, "{range:?}");
        }
    }
}
