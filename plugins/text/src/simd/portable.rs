//! Plain arrays: every other machine, and what the other backends are tested against.

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16([u8; 16]);

impl U8x16 {
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        Self(*bytes)
    }
    pub(crate) fn store(self, to: &mut [u8; 16]) {
        *to = self.0;
    }
    pub(crate) fn splat(byte: u8) -> Self {
        Self([byte; 16])
    }
    fn zip(self, other: Self, f: impl Fn(u8, u8) -> u8) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
    /// All ones where equal.
    pub(crate) fn eq(self, other: Self) -> Self {
        self.zip(other, |a, b| if a == b { 255 } else { 0 })
    }
    /// All ones where not greater, unsigned.
    pub(crate) fn le(self, other: Self) -> Self {
        self.zip(other, |a, b| if a <= b { 255 } else { 0 })
    }
    pub(crate) fn add(self, other: Self) -> Self {
        self.zip(other, u8::wrapping_add)
    }
    pub(crate) fn sub(self, other: Self) -> Self {
        self.zip(other, u8::wrapping_sub)
    }
    pub(crate) fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
    pub(crate) fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
    pub(crate) fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }
    /// The top bit of each byte, the first byte's lowest.
    pub(crate) fn mask(self) -> u32 {
        (0..16).fold(0, |mask, i| mask | (u32::from(self.0[i] >> 7) << i))
    }
    /// The sum of the sixteen bytes.
    pub(crate) fn total(self) -> u32 {
        self.0.iter().map(|&b| u32::from(b)).sum()
    }
}

/// Four words.
#[derive(Clone, Copy)]
pub(crate) struct U32x4([u32; 4]);

impl U32x4 {
    pub(crate) fn new(words: [u32; 4]) -> Self {
        Self(words)
    }
    pub(crate) fn to_array(self) -> [u32; 4] {
        self.0
    }
    pub(crate) fn splat(word: u32) -> Self {
        Self([word; 4])
    }
    /// Four big-endian words.
    pub(crate) fn load_be(bytes: &[u8; 16]) -> Self {
        Self(std::array::from_fn(|i| {
            u32::from_be_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]])
        }))
    }
    fn zip(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
    pub(crate) fn add(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_add)
    }
    pub(crate) fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
    pub(crate) fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }
    pub(crate) fn shr<const N: u32>(self) -> Self {
        Self(self.0.map(|w| w >> N))
    }
    pub(crate) fn rotate_right<const N: u32>(self) -> Self {
        Self(self.0.map(|w| w.rotate_right(N)))
    }
    /// Rows to columns.
    pub(crate) fn transpose(rows: [Self; 4]) -> [Self; 4] {
        std::array::from_fn(|column| Self(rows.map(|row| row.0[column])))
    }
}
