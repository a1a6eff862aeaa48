//! Stillroom's built-in text steps.
pub mod column;
pub mod chunk;
pub mod gopher;
pub mod hash;
pub mod normalise;
pub mod segment;
mod simd;
pub mod stats;
pub mod truncate;
pub mod words;
