//! Stillroom's built-in text steps.
pub mod column;
pub mod hash;
pub mod normalise;
mod simd;
