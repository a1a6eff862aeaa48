//! SSE2, which every x86-64 has. The operations' meanings are those of `portable`.

use core::arch::x86_64::*;

/// Every intrinsic in here is one of SSE2.
macro_rules! sse2 {
    ($call:expr) => {
        // SAFETY: SSE2 is part of the x86-64 baseline, so the instruction exists; it touches registers only.
        unsafe { $call }
    };
}

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16(__m128i);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        // SAFETY: SSE2 is baseline; the reference covers the sixteen bytes that are read, `loadu` asks for no alignment.
        Self(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }
    #[inline(always)]
    pub(crate) fn store(self, to: &mut [u8; 16]) {
        // SAFETY: SSE2 is baseline; the reference covers the bytes that are written, `storeu` asks for no alignment.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    pub(crate) fn splat(byte: u8) -> Self {
        Self(sse2!(_mm_set1_epi8(byte.cast_signed())))
    }
    #[inline(always)]
    pub(crate) fn eq(self, other: Self) -> Self {
        Self(sse2!(_mm_cmpeq_epi8(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn le(self, other: Self) -> Self {
        Self(sse2!(_mm_cmpeq_epi8(_mm_min_epu8(self.0, other.0), self.0)))
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi8(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(sse2!(_mm_sub_epi8(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(sse2!(_mm_and_si128(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(sse2!(_mm_or_si128(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(sse2!(_mm_xor_si128(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn mask(self) -> u32 {
        sse2!(_mm_movemask_epi8(self.0)).cast_unsigned()
    }
    #[inline(always)]
    pub(crate) fn total(self) -> u32 {
        let halves = U32x4(sse2!(_mm_sad_epu8(self.0, _mm_setzero_si128()))).to_array();
        halves[0] + halves[2]
    }
}

/// Four words.
#[derive(Clone, Copy)]
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
    pub(crate) fn load_be(bytes: &[u8; 16]) -> Self {
        let v = U8x16::load(bytes).0;
        // Bytes in pairs, then pairs in words: the baseline has no byte shuffle.
        sse2!({
            let pairs = _mm_or_si128(_mm_slli_epi16::<8>(v), _mm_srli_epi16::<8>(v));
            Self(_mm_shufflehi_epi16::<0b10_11_00_01>(_mm_shufflelo_epi16::<0b10_11_00_01>(pairs)))
        })
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(sse2!(_mm_and_si128(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(sse2!(_mm_xor_si128(self.0, other.0)))
    }
    #[inline(always)]
    pub(crate) fn shr<const N: u32>(self) -> Self {
        Self(sse2!(_mm_srl_epi32(self.0, _mm_cvtsi32_si128(N.cast_signed()))))
    }
    #[inline(always)]
    pub(crate) fn rotate_right<const N: u32>(self) -> Self {
        let left = sse2!(_mm_sll_epi32(self.0, _mm_cvtsi32_si128((32 - N).cast_signed())));
        Self(left).xor(self.shr::<N>())
    }
    #[inline(always)]
    pub(crate) fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        sse2!({
            let (low_ab, high_ab) = (_mm_unpacklo_epi32(a.0, b.0), _mm_unpackhi_epi32(a.0, b.0));
            let (low_cd, high_cd) = (_mm_unpacklo_epi32(c.0, d.0), _mm_unpackhi_epi32(c.0, d.0));
            [
                Self(_mm_unpacklo_epi64(low_ab, low_cd)),
                Self(_mm_unpackhi_epi64(low_ab, low_cd)),
                Self(_mm_unpacklo_epi64(high_ab, high_cd)),
                Self(_mm_unpackhi_epi64(high_ab, high_cd)),
            ]
        })
    }
}
