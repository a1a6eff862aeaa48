//! The two streams: how wide they are, what they can show, and writing to them without a panic where nobody reads.

use std::io::{self, IsTerminal, Write};

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: what was asked for.
    Out,
    /// Standard error: what else there is to say.
    Err,
}

/// The width where there is no terminal to ask.
const DEFAULT_WIDTH: usize = 100;

impl Stream {
    /// Whether a person is looking at it.
    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// Whether colours are wanted: on a terminal that is not dumb, and without `NO_COLOR`.
    pub(crate) fn has_colour(self) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        self.is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether more than ASCII can be shown: on a terminal that says so.
    pub(crate) fn has_unicode(self) -> bool {
        self.is_terminal() && (cfg!(windows) || is_utf8_locale(|name| std::env::var(name).ok()))
    }

    /// The end of a clipped text.
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.has_unicode() { "…" } else { "..." }
    }

    /// Columns of text.
    pub(crate) fn width(self) -> usize {
        let size = match self {
            Self::Out => terminal_size::terminal_size_of(io::stdout()),
            Self::Err => terminal_size::terminal_size_of(io::stderr()),
        };
        size.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).max(40))
    }

    /// Writes the text. Where the reader has gone away (`still steps | head -1`) there is nobody to tell: not a failure.
    pub(crate) fn print(self, text: &str) -> io::Result<()> {
        let written = match self {
            Self::Out => write_all(io::stdout().lock(), text),
            Self::Err => write_all(io::stderr().lock(), text),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// A heading, bold where it can be.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.has_colour() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn write_all(mut stream: impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// The first of the three that is set and not empty decides, as in `setlocale`.
fn is_utf8_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.ends_with("utf-8") || locale.ends_with("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_decides() {
        let is_utf8 = |values: &[(&str, &str)]| {
            is_utf8_locale(|name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(is_utf8(&[("LANG", "en_GB.UTF-8")]));
        assert!(is_utf8(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
        assert!(!is_utf8(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(!is_utf8(&[]));
    }
}
