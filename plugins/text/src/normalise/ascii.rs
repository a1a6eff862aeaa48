//! The plain bytes of a text, sixteen at a time: case and runs of whitespace.

use crate::simd::{U8x16, load_padded};

/// What is done to letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// Nothing.
    #[default]
    Keep,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
}

/// Where normalised text is written.
///
/// A vector is stored whole and then counted for as many bytes as it is worth, so `bytes` reaches beyond `len`.
pub(super) struct Out {
    bytes: Vec<u8>,
    len: usize,
    /// The row's last character so far was whitespace, or nothing was written yet.
    blank: bool,
}

/// What a stored vector may reach beyond what it counts for.
const SLACK: usize = 16;

impl Out {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes + SLACK], len: 0, blank: true }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Makes room for `more` bytes.
    #[inline]
    pub(super) fn reserve(&mut self, more: usize) {
        if self.len + more + SLACK > self.bytes.len() {
            self.bytes.resize((self.len + more + SLACK).next_power_of_two(), 0);
        }
    }

    /// Gives up what was written beyond `len`, and stands at the start of a row.
    #[inline]
    pub(super) fn restart(&mut self, len: usize) {
        self.len = len;
        self.blank = true;
    }

    /// Takes the space back that a run of whitespace at the row's end, which began at `start`, became.
    #[inline]
    pub(super) fn trim(&mut self, start: usize) {
        if self.blank && self.len > start {
            self.len -= 1;
        }
    }

    /// Whitespace, of which a run becomes one space and a run at the start nothing.
    #[inline]
    pub(super) fn space(&mut self) {
        if !self.blank {
            self.push(b" ");
            self.blank = true;
        }
    }

    /// A character.
    #[inline]
    pub(super) fn push(&mut self, character: &[u8]) {
        self.reserve(character.len());
        self.bytes[self.len..][..character.len()].copy_from_slice(character);
        self.len += character.len();
        self.blank = false;
    }

    #[inline(always)]
    fn store(&mut self, vector: U8x16, len: usize) {
        if let Some(room) = self.bytes[self.len..].first_chunk_mut() {
            vector.store(room);
        }
        self.len += len;
    }

    /// The bytes of `vector` whose bit in `keep` is set.
    #[inline(always)]
    fn store_some(&mut self, vector: U8x16, keep: u32) {
        let mut from = [0; 16];
        vector.store(&mut from);
        if let Some(room) = self.bytes[self.len..].first_chunk_mut::<16>() {
            let mut at = 0;
            for (i, byte) in from.into_iter().enumerate() {
                room[at & 15] = byte;
                at += (keep >> i & 1) as usize;
            }
            self.len += at;
        }
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }
}

/// The loop's constants.
#[derive(Clone, Copy)]
pub(super) struct Ascii {
    first_letter: U8x16,
    case_bit: U8x16,
    controls: U8x16,
}

impl Ascii {
    pub(super) fn new(case: Case, strip_control: bool) -> Self {
        let (first_letter, case_bit) = match case {
            Case::Keep => (0, 0),
            Case::Lower => (b'A', 0x20),
            Case::Upper => (b'a', 0x20),
        };
        Self {
            first_letter: U8x16::splat(first_letter),
            case_bit: U8x16::splat(case_bit),
            controls: U8x16::splat(if strip_control { 0xff } else { 0 }),
        }
    }

    /// The other case of the letters that are not in the wanted one.
    #[inline(always)]
    fn case(self, v: U8x16) -> U8x16 {
        let letters = v.sub(self.first_letter).le(U8x16::splat(25));
        v.xor(letters.and(self.case_bit))
    }

    /// Writes `values[from..to]` up to the first byte that is not ASCII or is to be stripped; says where that is.
    #[inline(always)]
    pub(super) fn run<const COLLAPSE: bool>(self, values: &[u8], from: usize, to: usize, out: &mut Out) -> usize {
        let mut at = from;
        while at < to {
            let v = load_padded(values, at);
            let count = (to - at).min(16);
            let blank = v.is(b' ').or(v.within(9, 13)).or(v.within(0x1c, 0x1f));
            let control = v.le(U8x16::splat(0x1f)).or(v.is(0x7f)).and(self.controls);
            // (No whitespace is a control, so these two meet in no bit but where the first is taken from the second.)
            let stop = v.or(control.and(blank.xor(U8x16::splat(0xff)))).mask() & ((1 << count) - 1);
            let count = if stop == 0 { count } else { stop.trailing_zeros() as usize };
            if COLLAPSE {
                self.collapse(v, blank, count, out);
            } else {
                out.store(self.case(v), count);
            }
            at += count;
            if stop != 0 {
                break;
            }
        }
        at
    }

    #[inline(always)]
    fn collapse(self, v: U8x16, blank: U8x16, count: usize, out: &mut Out) {
        let cased = self.case(v);
        let spaced = cased.xor(cased.xor(U8x16::splat(b' ')).and(blank));
        let live = (1 << count) - 1;
        let blank = blank.mask() & live;
        let surplus = blank & (blank << 1 | u32::from(out.blank));
        if surplus == 0 {
            out.store(spaced, count);
        } else {
            out.store_some(spaced, live & !surplus);
        }
        if count > 0 {
            out.blank = blank >> (count - 1) & 1 == 1;
        }
    }
}
