//! Models that steps ask: how they are declared, what they are asked, what they answer.
//!
//! A guest's request becomes an [`Ask`]. `wire` puts it into the form of a provider and reads the answer, `pace` holds it to the
//! model's rates, `store` keeps every answer by what was asked.

pub(crate) mod ask;
mod desk;
mod lane;
mod pace;
mod schema;
pub(crate) mod spec;
#[allow(dead_code, reason = "jobs and upkeep have no caller yet")]
mod store;
#[allow(dead_code, reason = "the batch interface has no driver yet")]
mod wire;

pub(crate) use desk::{Asked, Halt, Models};
pub(crate) use store::{RunId, Store};
