//! Tests of steps, natively: make a batch, run a step, look at what came out.
//!
//! What a step answers is checked as the host checks it, so a test also finds the offset that is off by one. A lie is
//! [`Fault::Plugin`](crate::Fault::Plugin).
//!
//! ```
//! # use stillroom_sdk::*;
//! # struct Length { text: In<Utf8> }
//! # impl Step for Length {
//! #     const NAME: &str = "length";
//! #     const SUMMARY: &str = "";
//! #     type Params = NoParams;
//! #     fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
//! #         schema.output::<Int64>("length");
//! #         Ok(Length { text: schema.input("text")? })
//! #     }
//! #     fn process(&mut self, batch: &Batch) -> Result<Output> {
//! #         let text = batch.column(self.text)?;
//! #         Ok(Output::of(text.iter().map(|text| text.map(|text| text.len() as i64)).collect::<Int64Builder>()))
//! #     }
//! # }
//! # fn main() -> Result<()> {
//! let batch = test::batch().utf8("text", [Some("four"), None]);
//! let output = test::run::<Length>("{}", batch)?;
//! assert_eq!(output.values::<Int64>("length"), [Some(4), None]);
//! # Ok(())
//! # }
//! ```

mod asked;
mod batch;
mod output;
mod runner;

pub use asked::{Asked, answering};
pub use batch::{TestBatch, batch, rows};
pub use output::TestOutput;
pub use runner::{Runner, run};
