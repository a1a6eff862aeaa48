//! Stillroom's built-in task for what has no step of its own: the pipeline file says what is asked and what is made of the
//! answer.

pub mod ask;
mod output;
mod pattern;

stillroom_sdk::register!(stillroom_sdk::task::Asked<ask::Ask>);
