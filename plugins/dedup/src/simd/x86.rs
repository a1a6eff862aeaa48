//! SSE2, which every x86-64 has. The operations' meanings are those of `portable`.

use core::arch::x86_64::*;

/// Every intrinsic in here is one of SSE2.
macro_rules! sse2 {
    ($call:expr) => {
        // SAFETY: SSE2 is part of the x86-64 baseline, so the instruction exists; it touches registers only.
        unsafe { $call }
    };
}

/// Four words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct U32x4(__m128i);

impl U32x4 {
    #[inline(always)]
    pub(crate) fn new(words: [u32; 4]) -> Self {
        let [a, b, c, d] = words.map(u32::cast_signed);
        Self(sse2!(_mm_set_epi32(d, c, b, a)))
    }
    #[inline(always)]
    pub(crate) fn to_array(self) -> [u32; 4] {
        let mut words = [0; 4];
        // SAFETY: SSE2 is baseline; the array is the sixteen bytes that are written, `storeu` asks for no alignment.
        unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), self.0) }
        words
    }
    #[inline(always)]
    pub(crate) fn splat(word: u32) -> Self {
        Self(sse2!(_mm_set1_epi32(word.cast_signed())))
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        // The baseline multiplies the even words, to 64 bits; so twice, and the lower halves together.
        Self(sse2!({
            let even = _mm_mul_epu32(self.0, other.0);
            let odd = _mm_mul_epu32(_mm_srli_epi64::<32>(self.0), _mm_srli_epi64::<32>(other.0));
            let (even, odd) = (_mm_shuffle_epi32::<0b00_00_10_00>(even), _mm_shuffle_epi32::<0b00_00_10_00>(odd));
            _mm_unpacklo_epi32(even, odd)
        }))
    }
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        // The baseline compares signed words.
        Self(sse2!({
            let flip = _mm_set1_epi32(i32::MIN);
            let greater = _mm_cmpgt_epi32(_mm_xor_si128(self.0, flip), _mm_xor_si128(other.0, flip));
            _mm_or_si128(_mm_and_si128(greater, other.0), _mm_andnot_si128(greater, self.0))
        }))
    }
}

/// Four floats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F32x4(__m128);

impl F32x4 {
    #[inline(always)]
    pub(crate) fn new([a, b, c, d]: [f32; 4]) -> Self {
        Self(sse2!(_mm_set_ps(d, c, b, a)))
    }
    #[inline(always)]
    pub(crate) fn to_array(self) -> [f32; 4] {
        let mut floats = [0.0; 4];
        // SAFETY: SSE2 is baseline; the array is the sixteen bytes that are written, `storeu` asks for no alignment.
        unsafe { _mm_storeu_ps(floats.as_mut_ptr(), self.0) }
        floats
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_ps(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(sse2!(_mm_sub_ps(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn mul(self, other: Self) -> Self {
        Self(sse2!(_mm_mul_ps(self.0, other.0)))
    }
}
