//! HTML in text: character references and tags.

use crate::simd::load_padded;
use std::borrow::Cow;

/// The named character references of HTML5, `name codepoint..` a line in byte order; those of old also without their
/// semicolon. Written by `python3 -c "from html.entities import html5; [print(n, *(f'{ord(c):x}' for c in html5[n]))
/// for n in sorted(html5)]"`.
const NAMED: &str = include_str!("entities.txt");

/// Whether there is anything for `plain` to do: a `<` or an `&`.
pub(super) fn may_have(row: &[u8]) -> bool {
    (0..row.len()).step_by(16).any(|at| {
        let v = load_padded(row, at);
        v.is(b'<').or(v.is(b'&')).mask() != 0
    })
}

/// Text without tags, then without character references: what `&lt;b&gt;` stands for is text.
pub(super) fn plain(text: &str, strip: bool, unescape: bool) -> Cow<'_, str> {
    let text = if strip && text.contains('<') { Cow::Owned(strip_tags(text)) } else { Cow::Borrowed(text) };
    if unescape && text.contains('&') { Cow::Owned(unescape_references(&text)) } else { text }
}

/// As Python's `html.unescape`, which is what HTML5 says of references in text.
fn unescape_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let taken = match rest.strip_prefix('#') {
            Some(number) => numeric(number, &mut out).map(|taken| taken + 1),
            None => named(rest, &mut out),
        };
        match taken {
            Some(taken) => rest = &rest[taken..],
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// `38;` or `x26;`: how long it was.
fn numeric(text: &str, out: &mut String) -> Option<usize> {
    let (radix, digits) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, text),
    };
    let length = digits.bytes().position(|b| !char::from(b).is_digit(radix)).unwrap_or(digits.len());
    let semicolon = usize::from(digits[length..].starts_with(';'));
    if length == 0 {
        return None;
    }
    // What is too large for 32 bits is too large for a character.
    let number = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    out.extend(code_point(number));
    Some(text.len() - digits.len() + length + semicolon)
}

/// The character of a number; windows-1252's for what would be a C1 control, nothing for what is no character at all.
fn code_point(number: u32) -> Option<char> {
    #[rustfmt::skip]
    const C1: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match number {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => Some(C1[(number - 0x80) as usize]),
        1..=8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if number <= 0x10_ffff && number & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(number).unwrap_or('\u{fffd}')),
    }
}

/// `amp;`, or one of the old names without its semicolon, which may have other letters after it: how long it was.
fn named(text: &str, out: &mut String) -> Option<usize> {
    let name = text.split(|c| "\t\n\x0c <&#;".contains(c)).next().unwrap_or_default();
    let name = name.char_indices().nth(32).map_or(name, |(end, _)| &name[..end]);
    let whole = name.len() + usize::from(text[name.len()..].starts_with(';'));
    let ends = std::iter::once(whole).chain((2..whole).rev());
    let (end, codes) = ends.filter_map(|end| Some((end, look_up(text.get(..end)?)?))).next()?;
    out.extend(codes.split(' ').filter_map(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?)));
    Some(end)
}

/// Binary search over the table's lines, wherever they begin.
fn look_up(name: &str) -> Option<&'static str> {
    let mut table = NAMED;
    while !table.is_empty() {
        let middle = table.as_bytes()[..table.len() / 2].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let end = table[middle..].find('\n').map_or(table.len(), |i| middle + i + 1);
        let (key, codes) = table[middle..end].trim_end().split_once(' ')?;
        match name.cmp(key) {
            std::cmp::Ordering::Equal => return Some(codes),
            std::cmp::Ordering::Less => table = &table[..middle],
            std::cmp::Ordering::Greater => table = &table[end..],
        }
    }
    None
}

/// Elements that begin and end a line where they stand.
#[rustfmt::skip]
const BLOCKS: [&str; 39] = [
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li", "main",
    "nav", "ol", "option", "p", "pre", "section", "table", "td", "th", "title", "tr", "ul",
];

/// Text without comments, declarations, tags, and what stands in `<script>` and `<style>`. A block's tag leaves a line
/// break where there was none. A `<` that begins nothing of this kind, or nothing that ends, is text.
fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut ends = Ends::default();
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let markup = ends.markup(rest);
        if markup.is_none() {
            out.push('<');
        }
        let Markup { length, breaks } = markup.unwrap_or(Markup { length: 1, breaks: false });
        if breaks && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

struct Markup {
    length: usize,
    breaks: bool,
}

/// What is known not to come any more: each is looked for to the text's end in vain but once.
#[derive(Default)]
struct Ends {
    missing: [bool; 4],
}

impl Ends {
    /// The markup that `text` begins with.
    fn markup(&mut self, text: &str) -> Option<Markup> {
        if let Some(comment) = text.strip_prefix("<!--") {
            return Some(Markup { length: self.find(0, comment, "-->")? + 7, breaks: false });
        }
        if text.starts_with("<!") || text.starts_with("<?") {
            return Some(Markup { length: self.find(1, text, ">")? + 1, breaks: false });
        }
        let name = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
        let length =
            name.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'-' && b != b':').unwrap_or(name.len());
        let name = name[..length].to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let length = tag_end(text)?;
        let hidden = match name.as_str() {
            "script" if !text.starts_with("</") => self.find(2, &text[length..], "</script").unwrap_or(0),
            "style" if !text.starts_with("</") => self.find(3, &text[length..], "</style").unwrap_or(0),
            _ => 0,
        };
        Some(Markup { length: length + hidden, breaks: BLOCKS.contains(&name.as_str()) })
    }

    fn find(&mut self, which: usize, text: &str, end: &str) -> Option<usize> {
        if self.missing[which] {
            return None;
        }
        let is_end = |window: &[u8]| window.eq_ignore_ascii_case(end.as_bytes());
        let found = text.as_bytes().windows(end.len()).position(is_end);
        self.missing[which] = found.is_none();
        found
    }
}

/// Where a tag ends: at the first `>` that is not in quotes, and before the next `<`.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, b) in text.bytes().enumerate().skip(1) {
        match (quote, b) {
            (None, b'>') => return Some(i + 1),
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(open), b) if open == b => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn tags_go_and_text_stays() {
        let rows = [
            ("<p>one</p><p>two", "one\ntwo"),
            ("a <b class=\"x>y\">bold</b> word", "a bold word"),
            ("x<!-- <b> -->y<!DOCTYPE html>z<?php ?>", "xyz"),
            ("<script>if (a<b) {}</SCRIPT >after<style>p{}</style>", "after"),
            ("a < b and c > d, <3, 1<2", "a < b and c > d, <3, 1<2"),
            ("<unfinished tag", "<unfinished tag"),
            ("<a <b>c</b>", "<a c"),
            ("<!-- never ended", "<!-- never ended"),
            ("<script>never ended", "never ended"),
            ("line<br/>break<BR>", "line\nbreak\n"),
            ("<é>", "<é>"),
        ];
        for (text, expected) in rows {
            assert_eq!(super::strip_tags(text), expected, "{text}");
        }
    }

    #[test]
    fn openings_without_end_take_linear_time() {
        for opening in ["<!--", "<script>", "<!", "<a ", "<a '\"", "<a \"<b '"] {
            let text = opening.repeat(200_000);
            assert!(super::strip_tags(&text).len() <= text.len());
        }
    }

    #[test]
    fn references_before_tags_are_text() {
        assert_eq!(super::plain("<i>1 &lt;b&gt; 2</i>", true, true), "1 <b> 2");
        assert_eq!(super::plain("<i>&amp;</i>", false, true), "<i>&</i>");
    }
}
