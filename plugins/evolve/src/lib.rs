//! Stillroom's built-in evolving tasks: a text is rewritten several times by a model, each time in one of several ways.
//!
//! Which way a row is rewritten hangs on a seed and on the row's text alone, so it is the same in every run. All rows of a
//! batch are asked about together, so `n` evolutions are `n` rounds of requests.

mod answering;
mod check;
pub mod complexity;
pub mod instruct;
mod kept;
mod lineage;
mod mutation;
pub mod quality;
mod rounds;
#[cfg(test)]
mod test_util;
pub mod write;

use stillroom_sdk::task::Asked;

stillroom_sdk::register!(
    Asked<instruct::Instruct>,
    Asked<complexity::Complexity>,
    Asked<quality::Quality>,
    Asked<write::Write>,
);
