//! The plain bytes of a text, sixteen at a time: case and runs of whitespace.

use crate::simd::{Block, U8x16, load_block, load_padded, mask};
use crate::words::blank_bytes;

stillroom_sdk::choices! {
    /// What is done to letters.
    pub enum Case {
        /// Nothing.
        Keep,
        /// Lower case.
        Lower,
        /// Upper case.
        Upper,
    }
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

    #[inline(always)]
    fn store_block(&mut self, block: Block) {
        if let Some(room) = self.bytes[self.len..].first_chunk_mut::<64>() {
            for (vector, room) in block.into_iter().zip(room.as_chunks_mut().0) {
                vector.store(room);
            }
        }
        self.len += 64;
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
            if at + 64 <= to
                && let Some(block) = load_block(values, at)
                && self.plain_block::<COLLAPSE>(block, out)
            {
                at += 64;
                continue;
            }
            for _ in 0..4 {
                if at >= to {
                    break;
                }
                let v = load_padded(values, at);
                let count = (to - at).min(16);
                let stop = self.stops(v, blank_bytes(v)).mask() & ((1 << count) - 1);
                let count = if stop == 0 { count } else { stop.trailing_zeros() as usize };
                self.chunk::<COLLAPSE>(v, count, out);
                at += count;
                if stop != 0 {
                    return at;
                }
            }
        }
        at
    }

    /// Writes sixty-four bytes, if nothing in them is to be left out.
    #[inline(always)]
    fn plain_block<const COLLAPSE: bool>(self, block: Block, out: &mut Out) -> bool {
        let blanks = block.map(blank_bytes);
        let [a, b, c, d] = std::array::from_fn(|i| self.stops(block[i], blanks[i]));
        let blank = mask(blanks);
        let surplus = if COLLAPSE { blank & (blank << 1 | u64::from(out.blank)) } else { 0 };
        if a.or(b).or(c.or(d)).mask() != 0 || surplus != 0 {
            return false;
        }
        let spaced = |i: usize| if COLLAPSE { space(self.case(block[i]), blanks[i]) } else { self.case(block[i]) };
        out.store_block(std::array::from_fn(spaced));
        if COLLAPSE {
            out.blank = blank >> 63 == 1;
        }
        true
    }

    /// The top bit where a byte is not ASCII or is to be stripped.
    #[inline(always)]
    fn stops(self, v: U8x16, blank: U8x16) -> U8x16 {
        let control = v.le(U8x16::splat(0x1f)).xor(blank.and(v.le(U8x16::splat(0x1f)))).or(v.is(0x7f));
        v.or(control.and(self.controls))
    }

    /// Writes the first `count` bytes of `v`.
    #[inline(always)]
    fn chunk<const COLLAPSE: bool>(self, v: U8x16, count: usize, out: &mut Out) {
        if !COLLAPSE || count == 0 {
            return out.store(self.case(v), count);
        }
        let (blank, live) = (blank_bytes(v), (1 << count) - 1);
        let spaced = space(self.case(v), blank);
        let blank = blank.mask() & live;
        let surplus = blank & (blank << 1 | u32::from(out.blank));
        if surplus == 0 {
            out.store(spaced, count);
        } else {
            out.store_some(spaced, live & !surplus);
        }
        out.blank = blank >> (count - 1) & 1 == 1;
    }
}

/// Spaces where there is whitespace.
#[inline(always)]
fn space(v: U8x16, blank: U8x16) -> U8x16 {
    v.xor(v.xor(U8x16::splat(b' ')).and(blank))
}
