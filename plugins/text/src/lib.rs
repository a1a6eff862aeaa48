//! Stillroom's built-in text steps.
pub mod column;
pub mod gopher;
pub mod hash;
pub mod normalise;
mod segment;
mod simd;
pub mod stats;
mod words;
