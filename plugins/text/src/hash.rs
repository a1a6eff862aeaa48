//! Digests of text or binary values.
pub mod sha256;
