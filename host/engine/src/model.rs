//! Models that steps ask: how they are declared, what they are asked, what they answer.
//!
//! A guest's request becomes an [`Ask`]. `wire` puts it into the form of a provider and reads the answer, `pace` holds it to the
//! model's rates, `store` keeps every answer by what was asked.

pub(crate) mod ask;
pub(crate) mod spec;
pub(crate) mod wire;
