//! WebAssembly's 128-bit vectors. The operations' meanings are those of `portable`.

use core::arch::wasm32::*;

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16(v128);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        // SAFETY: the reference covers the sixteen bytes that are read; `v128.load` asks for no alignment.
        Self(unsafe { v128_load(bytes.as_ptr().cast()) })
    }
    #[inline(always)]
    pub(crate) fn store(self, to: &mut [u8; 16]) {
        // SAFETY: the reference covers the sixteen bytes that are written; `v128.store` asks for no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), self.0) }
    }
    #[inline(always)]
    pub(crate) fn splat(byte: u8) -> Self {
        Self(u8x16_splat(byte))
    }
    #[inline(always)]
    pub(crate) fn eq(self, other: Self) -> Self {
        Self(u8x16_eq(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn le(self, other: Self) -> Self {
        Self(u8x16_eq(u8x16_min(self.0, other.0), self.0))
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(u8x16_add(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(u8x16_sub(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(v128_or(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn mask(self) -> u32 {
        u32::from(u8x16_bitmask(self.0))
    }
    #[inline(always)]
    pub(crate) fn total(self) -> u32 {
        let sums = u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(self.0));
        U32x4(sums).to_array().iter().sum()
    }
}

/// Four words.
#[derive(Clone, Copy)]
pub(crate) struct U32x4(v128);

impl U32x4 {
    #[inline(always)]
    pub(crate) fn new([a, b, c, d]: [u32; 4]) -> Self {
        Self(u32x4(a, b, c, d))
    }
    #[inline(always)]
    pub(crate) fn to_array(self) -> [u32; 4] {
        let v = self.0;
        [u32x4_extract_lane::<0>(v), u32x4_extract_lane::<1>(v), u32x4_extract_lane::<2>(v), u32x4_extract_lane::<3>(v)]
    }
    #[inline(always)]
    pub(crate) fn splat(word: u32) -> Self {
        Self(u32x4_splat(word))
    }
    #[inline(always)]
    pub(crate) fn load_be(bytes: &[u8; 16]) -> Self {
        let v = U8x16::load(bytes).0;
        Self(u8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(v, v))
    }
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(u32x4_add(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }
    #[inline(always)]
    pub(crate) fn shr<const N: u32>(self) -> Self {
        Self(u32x4_shr(self.0, N))
    }
    #[inline(always)]
    pub(crate) fn rotate_right<const N: u32>(self) -> Self {
        // The halves share no bit; of or, add and xor, xor lets the compiler regroup a sigma's terms.
        Self(v128_xor(u32x4_shr(self.0, N), u32x4_shl(self.0, 32 - N)))
    }
    #[inline(always)]
    pub(crate) fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (low_ab, high_ab) = (u32x4_shuffle::<0, 4, 1, 5>(a.0, b.0), u32x4_shuffle::<2, 6, 3, 7>(a.0, b.0));
        let (low_cd, high_cd) = (u32x4_shuffle::<0, 4, 1, 5>(c.0, d.0), u32x4_shuffle::<2, 6, 3, 7>(c.0, d.0));
        [
            Self(u64x2_shuffle::<0, 2>(low_ab, low_cd)),
            Self(u64x2_shuffle::<1, 3>(low_ab, low_cd)),
            Self(u64x2_shuffle::<0, 2>(high_ab, high_cd)),
            Self(u64x2_shuffle::<1, 3>(high_ab, high_cd)),
        ]
    }
}
