//! Write Stillroom steps in Rust.
//!
//! A step is a struct that implements [`Step`]: [`open`](Step::open) settles parameters and columns, and
//! [`process`](Step::process) answers batches. [`register!`] makes a component of it.
//!
//! ```
//! use stillroom_sdk::*;
//!
//! struct Upper { text: In<Utf8> }
//!
//! impl Step for Upper {
//!     const NAME: &str = "upper";
//!     const SUMMARY: &str = "Upper-case a text column.";
//!     const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
//!     type Params = NoParams;
//!
//!     fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
//!         let text = schema.input("text")?;
//!         schema.output::<Utf8>("text");
//!         Ok(Upper { text })
//!     }
//!
//!     fn process(&mut self, batch: &Batch) -> Result<Output> {
//!         let upper: Utf8Builder = batch.column(self.text)?.iter().map(|text| text.map(str::to_uppercase)).collect();
//!         Ok(Output::of(upper))
//!     }
//! }
//!
//! register!(Upper);
//!
//! # fn main() -> Result<()> {
//! let output = test::run::<Upper>("{}", test::batch().utf8("text", [Some("straße"), None]))?;
//! assert_eq!(output.values::<Utf8>("text"), [Some("STRASSE"), None]);
//! # Ok(())
//! # }
//! ```
//!
//! - **In**: [`Batch`] gives typed columns ([`Rows`]: `len`, `is_null`, `get`, `iter`) that borrow the buffers which the
//!   host sent; nothing is copied. Whole buffers (`values()`, `offsets()`, `validity()`) are the fast path.
//! - **Out**: builders ([`Build`]), or columns of the input as they are ([`Batch::take_column`]) or row by row
//!   ([`take`], [`concat()`]), which work for every type.
//! - **Parameters**: [`params!`] and [`choices!`].
//! - **More than computing**: [`log`], [`http`], [`llm`] and [`embedding`], which a pipeline has to grant.
//! - **Tasks** for language models, a prompt and a parser: see [`mod@task`].
//! - **Tests** need no WebAssembly: see [`mod@test`].

#[cfg(target_endian = "big")]
compile_error!("Arrow's buffers are little-endian, and so is every guest");

mod array;
mod batch;
mod bitmap;
mod build;
mod column;
mod data_type;
pub mod embedding;
mod fault;
mod gather;
pub mod http;
mod json;
pub mod llm;
pub mod log;
mod output;
mod params;
mod plugin;
mod schema;
mod step;
pub mod task;

#[cfg(not(target_family = "wasm"))]
mod check;
#[cfg(not(target_family = "wasm"))]
pub mod test;

#[cfg(target_family = "wasm")]
mod component;

pub use array::AnyArray;
pub use batch::Batch;
pub use bitmap::{Bitmap, Bits};
pub use build::*;
pub use column::*;
pub use data_type::{DataType, Field, TimeUnit};
pub use fault::{Fault, Result};
pub use gather::{concat, take};
pub use json::Value;
pub use output::{Output, Rejection};
pub use params::{NoParams, ParamType, Params};
pub use plugin::{Entry, Manifest, Plugin};
pub use schema::{In, Schema};
pub use step::{Column, Kind, Step};

/// What the macros need.
#[doc(hidden)]
pub mod __private {
    pub use crate::json::Object;
    pub use crate::params::{Member, choose, describe, describe_choices, member, refuse_unknown, write, write_choice};
}
