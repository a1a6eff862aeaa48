//! Stillroom's built-in text steps.
pub mod chunk;
pub mod column;
pub mod gopher;
pub mod hash;
pub mod normalise;
pub mod segment;
mod simd;
pub mod stats;
pub mod truncate;
pub mod words;

stillroom_sdk::register!(
    normalise::Normalise,
    stats::Stats,
    gopher::Gopher,
    truncate::Truncate,
    chunk::Chunk,
    hash::Hash,
);
