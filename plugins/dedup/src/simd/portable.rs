//! Plain arrays: every other machine, and what the other backends are tested against.

/// Four words.
#[derive(Clone, Copy, Debug)]
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
    fn zip(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
    pub(crate) fn add(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_add)
    }
    pub(crate) fn mul(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_mul)
    }
    pub(crate) fn min(self, other: Self) -> Self {
        self.zip(other, u32::min)
    }
}

/// Four floats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32x4([f32; 4]);

impl F32x4 {
    pub(crate) fn new(floats: [f32; 4]) -> Self {
        Self(floats)
    }
    pub(crate) fn to_array(self) -> [f32; 4] {
        self.0
    }
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
    pub(crate) fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    pub(crate) fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    pub(crate) fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}
