//! Text that somebody else wrote (data, plugins, file names), made safe for a terminal and clipped to a width.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text on one line: what would move the cursor, change colours or turn the direction is written as an escape.
pub(crate) fn escape_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, char| {
        push(&mut line, char);
        line
    })
}

/// As [`escape_line`], but line breaks and tabs stay.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut lines, char| {
        if matches!(char, '\n' | '\t') {
            lines.push(char)
        } else {
            push(&mut lines, char)
        }
        lines
    })
}

/// The text on one line, escaped and no wider than `limit`; `ellipsis` at the end says that there is more. Looks at no
/// more of the text than it shows, so that a row of 50 MB costs nothing.
pub(crate) fn clip(text: &str, limit: usize, ellipsis: &str) -> String {
    let room = limit.saturating_sub(width(ellipsis));
    let mut line = String::new();
    let mut used = 0;
    // Where to cut if the text turns out to be too long.
    let mut cut = 0;
    for char in text.chars() {
        let before = line.len();
        push(&mut line, char);
        used += width(&line[before..]);
        if used > limit {
            line.truncate(cut);
            line += ellipsis;
            return line;
        }
        if used <= room {
            cut = line.len();
        }
    }
    line
}

/// The text broken between words into lines of at most `limit`; longer words stay whole.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(escape_line) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= limit => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn push(line: &mut String, char: char) {
    match char {
        '\n' => line.push_str("\\n"),
        '\t' => line.push_str("\\t"),
        '\r' => line.push_str("\\r"),
        char if is_unsafe(char) => {
            // Writing to a string does not fail.
            let _ = write!(line, "\\u{{{:x}}}", u32::from(char));
        }
        char => line.push(char),
    }
}

/// Control characters, line and paragraph separators, and what turns the direction of the text around it.
fn is_unsafe(char: char) -> bool {
    char.width().is_none()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(escape_line("a\n\t\r\x1b[31m\u{202e}\u{9b}\0z"), "a\\n\\t\\r\\u{1b}[31m\\u{202e}\\u{9b}\\u{0}z");
        assert_eq!(escape("a\n\x07"), "a\n\\u{7}");
    }

    #[test]
    fn clips_by_columns_not_characters() {
        for (text, limit, expected) in [
            ("short", 5, "short"),
            ("shorter", 5, "shor~"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本~"),
            ("日本語", 4, "日~"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}~"),
            ("\x1b\x1b", 7, "\\u{1b}~"),
            ("", 0, ""),
        ] {
            assert_eq!(clip(text, limit, "~"), expected, "{text:?} in {limit}");
        }
    }

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrap("one two\nthree fourteen", 9), ["one two", "three", "fourteen"]);
        assert!(wrap(" ", 9).is_empty());
    }
}
