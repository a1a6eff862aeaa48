//! Decisions out of bytes: those about what is made are read from the front, those about what is damaged from the back. So an
//! engine that mutates the end of an input damages the same thing in other ways.

/// What is left of an input. Where nothing is left everything is 0, which always means least and last.
pub(crate) struct Data<'a> {
    bytes: &'a [u8],
}

impl<'a> Data<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    pub(crate) fn is(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = end > 256;
        let number = usize::from(self.byte()) | if wide { usize::from(self.byte()) << 8 } else { 0 };
        number % end
    }

    /// So many bytes, zeros behind the end.
    pub(crate) fn fill(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.bytes.split_at(len.min(self.bytes.len()));
        self.bytes = rest;
        let mut bytes = taken.to_vec();
        bytes.resize(len, 0);
        bytes
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// One byte from the back.
    pub(crate) fn last(&mut self) -> u8 {
        let Some((last, rest)) = self.bytes.split_last() else { return 0 };
        self.bytes = rest;
        *last
    }

    pub(crate) fn last_below(&mut self, end: usize) -> usize {
        let wide = end > 256;
        let number = usize::from(self.last()) | if wide { usize::from(self.last()) << 8 } else { 0 };
        number % end
    }

    /// A number that is likely to be wrong.
    pub(crate) fn last_number(&mut self) -> u64 {
        let small = u64::from(self.last());
        match self.last() % 12 {
            0..=3 => small,
            4 => small << 8,
            5 => u64::from(u32::MAX) - small,
            6 => (1 << 31) - small,
            7 => u64::MAX - small,
            8 => (1 << 63) - small,
            9 => small << 24,
            10 => small << 56,
            _ => 1 << (small % 64),
        }
    }
}
