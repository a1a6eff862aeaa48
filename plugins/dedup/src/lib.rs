//! Stillroom's built-in dedup steps: rows that are the same, texts that are nearly the same, vectors that are close.

pub mod cluster;
pub mod embedding;
pub mod exact;
pub mod minhash;
mod mix;
pub mod neighbours;
#[cfg(test)]
mod samples;
mod simd;
mod vectors;
pub mod verdict;

// How rows are told apart is one question with one answer: the source is that of `table/distinct`.
#[allow(dead_code, reason = "the table steps use more of it")]
#[path = "../../table/src/columns.rs"]
mod columns;
#[allow(dead_code, reason = "the table steps use more of it")]
#[path = "../../table/src/key.rs"]
mod key;

stillroom_sdk::register!(
    exact::Exact,
    minhash::MinHash,
    cluster::MinHashCluster,
    neighbours::Neighbours,
    embedding::Embedding,
);
