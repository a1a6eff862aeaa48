//! Contract 0.1, generated from `sdk/wit/v0.1/step.wit`.
//!
//! `Borrowing`: what the host passes is lowered straight from its own buffers, one copy a buffer.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::undocumented_unsafe_blocks)]

wasmtime::component::bindgen!({
    path: "../../sdk/wit/v0.1",
    world: "plugin",
    ownership: Borrowing { duplicate_if_necessary: true },
});

pub(crate) use self::exports::stillroom::step::step::{
    Column, Fault, Kind, Manifest, Output, Rejection, RowCount, Signature,
};
pub(crate) use self::stillroom::step::data::{ArrayParam, ArrayResult, BatchParam, BatchResult, FieldParam};
pub(crate) use self::stillroom::step::diagnostics;
