/// Bits that are read: bit `i` is bit `i % 8` of byte `i / 8`, lowest first, as Arrow has it.
#[derive(Clone, Copy, Debug)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Bits<'a> {
    /// `len` bits; `bytes` holds at least so many.
    pub(crate) fn new(bytes: &'a [u8], len: usize) -> Self {
        debug_assert!(bytes.len() >= len.div_ceil(8));
        Self { bytes, len }
    }

    /// The number of bits.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there is no bit.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Bit `index`. Panics where there is none.
    #[inline]
    pub fn get(self, index: usize) -> bool {
        self.bytes[index / 8] >> (index % 8) & 1 != 0
    }

    /// The bytes that hold the bits; what the last one holds beyond them means nothing.
    pub fn bytes(self) -> &'a [u8] {
        &self.bytes[..self.len.div_ceil(8)]
    }

    /// All bits in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = bool> + DoubleEndedIterator + 'a {
        (0..self.len).map(move |index| self.get(index))
    }

    /// How many bits are unset.
    pub fn count_zeros(self) -> usize {
        let whole = self.len / 8;
        let ones: u32 = self.bytes[..whole].iter().map(|byte| byte.count_ones()).sum();
        let rest = (whole * 8..self.len).filter(|&index| self.get(index)).count();
        self.len - ones as usize - rest
    }
}

/// Bits that are written; what [`Bits`] reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    bytes: Vec<u8>,
    len: usize,
}

impl Bitmap {
    /// No bits yet, with room for `bits`.
    pub fn with_capacity(bits: usize) -> Self {
        Self { bytes: Vec::with_capacity(bits.div_ceil(8)), len: 0 }
    }

    /// `len` set bits, with room for `capacity`.
    pub fn ones(len: usize, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity.max(len).div_ceil(8));
        bytes.resize(len.div_ceil(8), 0xff);
        if !len.is_multiple_of(8) {
            bytes[len / 8] = (1 << (len % 8)) - 1;
        }
        Self { bytes, len }
    }

    /// One bit more.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        self.bytes[self.len / 8] |= u8::from(bit) << (self.len % 8);
        self.len += 1;
    }

    /// The number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no bit.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// To read the bits.
    pub fn bits(&self) -> Bits<'_> {
        Bits::new(&self.bytes, self.len)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let bits = bits.into_iter();
        let mut bitmap = Self::with_capacity(bits.size_hint().0);
        bits.for_each(|bit| bitmap.push(bit));
        bitmap
    }
}

/// Which rows of an array under construction have a value. Costs nothing until the first null.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validity {
    bits: Option<Bitmap>,
    len: usize,
    nulls: usize,
}

impl Validity {
    /// Of a bitmap, or of `len` rows that all have a value.
    pub(crate) fn new(bitmap: Option<Bitmap>, len: usize) -> Self {
        let nulls = bitmap.as_ref().map_or(0, |bitmap| bitmap.bits().count_zeros());
        Self { bits: bitmap.filter(|_| nulls > 0), len, nulls }
    }

    #[inline]
    pub(crate) fn push(&mut self, valid: bool) {
        if !valid {
            self.start();
            self.nulls += 1;
        }
        if let Some(bits) = &mut self.bits {
            bits.push(valid);
        }
        self.len += 1;
    }

    pub(crate) fn extend_valid(&mut self, rows: usize) {
        if let Some(bits) = &mut self.bits {
            (0..rows).for_each(|_| bits.push(true));
        }
        self.len += rows;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// The buffer as Arrow wants it: empty where there is no null.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bits.map(Bitmap::into_bytes).unwrap_or_default()
    }

    #[cold]
    fn start(&mut self) {
        let len = self.len;
        self.bits.get_or_insert_with(|| Bitmap::ones(len, len + 64));
    }
}
