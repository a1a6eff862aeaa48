//! Four words or floats at a time.
//!
//! One small vocabulary with three backends, as in the text steps: WebAssembly's `simd128`, x86-64's SSE2 (part of its
//! baseline), and plain arrays.

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
pub(crate) use portable::{F32x4, U32x4};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use wasm::{F32x4, U32x4};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x4, U32x4};

#[cfg(any(test, not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64"))))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests {
    use super::{F32x4, U32x4, portable};

    #[test]
    fn words_agree_with_the_portable_backend() {
        let numbers = [0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x1234_5678, u32::MAX];
        for (a, b) in numbers.iter().flat_map(|a| numbers.map(|b| (*a, b))) {
            let (a, b) = ([a, b, a ^ 5, 3], [b, a, b ^ 9, a]);
            let fast = |f: fn(U32x4, U32x4) -> U32x4| f(U32x4::new(a), U32x4::new(b)).to_array();
            let plain = |f: fn(portable::U32x4, portable::U32x4) -> portable::U32x4| {
                f(portable::U32x4::new(a), portable::U32x4::new(b)).to_array()
            };
            assert_eq!(fast(U32x4::add), plain(portable::U32x4::add));
            assert_eq!(fast(U32x4::mul), plain(portable::U32x4::mul));
            assert_eq!(fast(U32x4::min), plain(portable::U32x4::min));
            assert_eq!(U32x4::splat(a[0]).to_array(), portable::U32x4::splat(a[0]).to_array());
        }
    }

    #[test]
    fn floats_agree_with_the_portable_backend() {
        let (a, b) = ([0.0, 1.5, -2.25, f32::MAX], [1.0, -0.1, 1e-20, 2.0]);
        let fast = |f: fn(F32x4, F32x4) -> F32x4| f(F32x4::new(a), F32x4::new(b)).to_array();
        let plain = |f: fn(portable::F32x4, portable::F32x4) -> portable::F32x4| {
            f(portable::F32x4::new(a), portable::F32x4::new(b)).to_array()
        };
        assert_eq!(fast(F32x4::add), plain(portable::F32x4::add));
        assert_eq!(fast(F32x4::sub), plain(portable::F32x4::sub));
        assert_eq!(fast(F32x4::mul), plain(portable::F32x4::mul));
    }
}
