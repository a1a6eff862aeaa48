//! Stillroom's built-in select steps: which rows stay.
//!
//! All are global: they see every row before they answer. What they choose follows from the data, the parameters and
//! the seed, and not from how the data is cut into batches.

mod columns;
pub mod deita;
pub mod diverse;
pub mod draw;
mod groups;
mod random;
pub mod sample;
pub mod stratified;
#[cfg(test)]
mod test_util;
pub mod top_k;
mod vectors;

stillroom_sdk::register!(
    sample::Sample,
    stratified::Stratified,
    top_k::TopK,
    deita::Deita,
    diverse::Diverse,
    draw::Draw,
);
