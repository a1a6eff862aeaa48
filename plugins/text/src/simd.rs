//! Sixteen bytes or four words at a time.
//!
//! One small vocabulary with three backends: WebAssembly's `simd128`, x86-64's SSE2 (part of its baseline), and plain
//! arrays that the compiler may vectorise. The same algorithm so runs in the sandbox and, for tests and for measuring
//! what the sandbox costs, outside of it.

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
pub(crate) use portable::{U8x16, U32x4};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm::{U8x16, U32x4};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{U8x16, U32x4};

#[cfg(any(test, not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64"))))]
#[cfg_attr(test, allow(dead_code, reason = "tests compare what they need"))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

impl U8x16 {
    /// All ones where a byte lies in `first..=last`.
    #[inline(always)]
    pub(crate) fn within(self, first: u8, last: u8) -> Self {
        self.sub(Self::splat(first)).le(Self::splat(last - first))
    }

    /// All ones where a byte is `byte`.
    #[inline(always)]
    pub(crate) fn is(self, byte: u8) -> Self {
        self.eq(Self::splat(byte))
    }
}

/// The sixteen bytes from `at` on, zeros where `bytes` ends before.
#[inline(always)]
pub(crate) fn load_padded(bytes: &[u8], at: usize) -> U8x16 {
    let rest = &bytes[at..];
    match rest.first_chunk::<16>() {
        Some(chunk) => U8x16::load(chunk),
        None => {
            let mut chunk = [0; 16];
            chunk[..rest.len()].copy_from_slice(rest);
            U8x16::load(&chunk)
        }
    }
}

/// Sixty-four bytes: loops over a sandbox's memory look at a clock each time round, so each time does more.
pub(crate) type Block = [U8x16; 4];

/// The sixty-four bytes from `at` on, where there are so many.
#[inline(always)]
pub(crate) fn load_block(bytes: &[u8], at: usize) -> Option<Block> {
    let (chunks, _) = bytes.get(at..at + 64)?.as_chunks::<16>();
    Some([U8x16::load(&chunks[0]), U8x16::load(&chunks[1]), U8x16::load(&chunks[2]), U8x16::load(&chunks[3])])
}

/// The same where there are fewer: zeros behind them.
#[inline(never)]
pub(crate) fn load_last_block(bytes: &[u8], at: usize) -> Block {
    [0, 16, 32, 48].map(|i| load_padded(bytes, (at + i).min(bytes.len())))
}

/// The top bit of each byte, the first byte's lowest.
#[inline(always)]
pub(crate) fn mask(block: Block) -> u64 {
    let [a, b, c, d] = block.map(|v| u64::from(v.mask()));
    a | b << 16 | c << 32 | d << 48
}

#[cfg(test)]
mod tests {
    use super::{U8x16, U32x4, portable};

    const A: [u8; 16] = [0, 1, 9, 32, 64, 65, 90, 97, 122, 127, 128, 191, 192, 224, 254, 255];
    const B: [u8; 16] = [0, 2, 9, 31, 65, 65, 91, 127, 128, 0, 128, 192, 191, 255, 1, 255];

    fn bytes(v: U8x16) -> [u8; 16] {
        let mut out = [0; 16];
        v.store(&mut out);
        out
    }

    #[test]
    fn bytes_agree_with_the_portable_backend() {
        type Op<V> = fn(V, V) -> V;
        let rows: [(&str, Op<U8x16>, Op<portable::U8x16>); 7] = [
            ("eq", U8x16::eq, portable::U8x16::eq),
            ("le", U8x16::le, portable::U8x16::le),
            ("add", U8x16::add, portable::U8x16::add),
            ("sub", U8x16::sub, portable::U8x16::sub),
            ("and", U8x16::and, portable::U8x16::and),
            ("or", U8x16::or, portable::U8x16::or),
            ("xor", U8x16::xor, portable::U8x16::xor),
        ];
        for (name, fast, plain) in rows {
            let mut expected = [0; 16];
            plain(portable::U8x16::load(&A), portable::U8x16::load(&B)).store(&mut expected);
            assert_eq!(bytes(fast(U8x16::load(&A), U8x16::load(&B))), expected, "{name}");
        }
        assert_eq!(U8x16::load(&A).mask(), portable::U8x16::load(&A).mask());
        assert_eq!(U8x16::load(&A).total(), A.iter().map(|&b| u32::from(b)).sum());
    }

    #[test]
    fn words_agree_with_the_portable_backend() {
        let (a, b) = ([0, 1, 0x8000_0001, u32::MAX], [7, u32::MAX, 0x1234_5678, 1]);
        let fast = |f: fn(U32x4, U32x4) -> U32x4| f(U32x4::new(a), U32x4::new(b)).to_array();
        let each = |f: fn(u32, u32) -> u32| std::array::from_fn(|i| f(a[i], b[i]));
        assert_eq!(fast(U32x4::add), each(u32::wrapping_add));
        assert_eq!(fast(U32x4::xor), each(|a, b| a ^ b));
        assert_eq!(fast(U32x4::and), each(|a, b| a & b));
        assert_eq!(fast(|a, _| a.shr::<7>()), each(|a, _| a >> 7));
        assert_eq!(fast(|a, _| a.rotate_right::<7>()), each(|a, _| a.rotate_right(7)));
        let rows = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]].map(U32x4::new);
        let turned = U32x4::transpose(rows).map(U32x4::to_array);
        assert_eq!(turned, [[1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [4, 8, 12, 16]]);
        assert_eq!(U32x4::load_be(&A).to_array()[1], 0x4041_5a61);
    }
}
