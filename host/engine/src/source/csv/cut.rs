//! Where CSV rows end, without parsing them: a newline ends a row unless it is within quotes.

use crate::source::pieces::Cut;

/// Knows quotes from text: one opens only at the start of a field, and a doubled one does not close.
pub(super) struct Quoted {
    delimiter: u8,
    /// How far quotes were looked for.
    seen: usize,
    /// How far newlines were.
    searched: usize,
    inside: bool,
}

impl Quoted {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, seen: 0, searched: 0, inside: false }
    }

    fn opens(&self, bytes: &[u8], at: usize) -> bool {
        at == 0 || bytes[at - 1] == self.delimiter || matches!(bytes[at - 1], b'\n' | b'\r')
    }

    /// Goes behind the closing quote, if it is there.
    fn close(&mut self, bytes: &[u8]) -> bool {
        while let Some(at) = memchr::memchr(b'"', &bytes[self.seen..]).map(|at| self.seen + at) {
            match bytes.get(at + 1) {
                Some(b'"') => self.seen = at + 2,
                Some(_) => {
                    (self.seen, self.searched, self.inside) = (at + 1, at + 1, false);
                    return true;
                }
                None => {
                    self.seen = at; // what follows decides
                    return false;
                }
            }
        }
        self.seen = bytes.len();
        false
    }

    /// Goes behind the next quote; the first or last row's end before it.
    fn open(&mut self, bytes: &[u8], first: bool) -> Option<usize> {
        let quote = memchr::memchr(b'"', &bytes[self.seen..]).map(|at| self.seen + at);
        let until = quote.unwrap_or(bytes.len());
        let gap = &bytes[self.searched..until];
        let found = if first { memchr::memchr(b'\n', gap) } else { memchr::memrchr(b'\n', gap) };
        let end = found.map(|at| self.searched + at + 1);
        self.inside = quote.is_some_and(|at| self.opens(bytes, at));
        (self.seen, self.searched) = (quote.map_or(until, |at| at + 1), until);
        end
    }
}

impl Cut for Quoted {
    fn reset(&mut self) {
        *self = Self::new(self.delimiter);
    }

    fn scan(&mut self, bytes: &[u8], first: bool) -> Option<usize> {
        let mut last = None;
        while self.seen < bytes.len() {
            if self.inside {
                if !self.close(bytes) {
                    break;
                }
            } else if let Some(end) = self.open(bytes, first) {
                last = Some(end);
                if first {
                    break;
                }
            }
        }
        last
    }
}
