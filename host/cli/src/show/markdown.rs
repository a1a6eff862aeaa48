//! A stranger's text in a Markdown page: it is read as text, and never as markup.

use super::text::escape_line;

/// Text on one line: of what Markdown and HTML know, only code between single backticks is left.
pub(crate) fn inline(text: &str) -> String {
    let text = escape_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut line = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('`') {
        match behind.split_once('`') {
            // Two side by side, or a longer row of them, are no code.
            Some((inner, after)) if !inner.is_empty() && !after.starts_with('`') => {
                escape(&mut line, before);
                line.push_str(&code(inner));
                rest = after;
            }
            _ => {
                escape(&mut line, before);
                line.push_str("&#96;");
                rest = behind;
            }
        }
    }
    escape(&mut line, rest);
    at_start(line)
}

/// Text as code, also in a table.
pub(crate) fn code(text: &str) -> String {
    let text = escape_line(text);
    // A table takes a bar for a border, also in code, and what stands before it for an escape.
    if text.trim() != text || text.is_empty() || text.contains(['`', '|', '\\']) {
        return format!("<code>{}</code>", entities(&text));
    }
    format!("`{text}`")
}

/// A block of code.
pub(crate) fn block(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}

fn escape(line: &mut String, text: &str) {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let is_inner = before.is_some_and(char::is_alphanumeric) && chars.peek().is_some_and(|c| c.is_alphanumeric());
        match char {
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '|' | '\\' | '@' => line.push_str(&entity(char)),
            // What a page would make a link of.
            ':' if chars.peek() == Some(&'/') => line.push_str(&entity(char)),
            '.' if line.len() >= 3 && line[line.len() - 3..].eq_ignore_ascii_case("www") => {
                line.push_str(&entity(char))
            }
            '_' if is_inner => line.push(char),
            '*' | '_' | '[' | ']' | '~' | '#' | '$' | '!' => line.extend(['\\', char]),
            char => line.push(char),
        }
        before = Some(char);
    }
}

/// What would begin a list, or underline what is above it.
fn at_start(line: String) -> String {
    let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
    match line[digits..].chars().next() {
        Some('-' | '+' | '=') if digits == 0 => format!("\\{line}"),
        Some('.' | ')') if digits > 0 => format!("{}\\{}", &line[..digits], &line[digits..]),
        _ => line,
    }
}

fn entities(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_punctuation() { entity(c) } else { c.to_string() }).collect()
}

fn entity(char: char) -> String {
    format!("&#{};", u32::from(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_text() {
        for (text, expected) in [
            ("plain, words. (1) snake_case", "plain, words. (1) snake_case"),
            ("<script>alert(1)</script> &lt;", "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;"),
            ("a | b \\| c", "a &#124; b &#92;&#124; c"),
            ("*bold* _it_ [x](javascript:1) ![i](u)", "\\*bold\\* \\_it\\_ \\[x\\](javascript:1) \\!\\[i\\](u)"),
            ("https://x.example @you", "https&#58;//x.example &#64;you"),
            ("of `nfc`, not `n", "of `nfc`, not &#96;n"),
            ("```sh\nrm\n```", "&#96;&#96;&#96;sh rm &#96;&#96;&#96;"),
            ("# head\n\n- item", "\\# head - item"),
            ("- item", "\\- item"),
            ("12. item", "12\\. item"),
            ("a\u{202e}b\u{7}", "a\\u{202e}b\\u{7}".replace('\\', "&#92;").as_str()),
        ] {
            assert_eq!(inline(text), expected, "{text:?}");
        }
    }

    #[test]
    fn code_ends_where_it_should() {
        for (text, expected) in [
            ("integer, 0 or more", "`integer, 0 or more`"),
            ("a|b", "<code>a&#124;b</code>"),
            ("`", "<code>&#96;</code>"),
            ("", "<code></code>"),
            (" x", "<code> x</code>"),
            ("<b>", "`<b>`"),
            ("a\nb", "<code>a&#92;nb</code>"),
        ] {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(block("yaml", "a: 1\n"), "```yaml\na: 1\n```");
        assert_eq!(block("", "a ```` b"), "`````\na ```` b\n`````");
    }
}
