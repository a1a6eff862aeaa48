//! Stillroom's engine: dataset pipelines whose every step is a sandboxed WebAssembly component, run by threads of one
//! process.
//!
//! # The life of a batch
//!
//! A [`Pipeline`] is what the user wrote; a [`Plan`] is what it means: plugins loaded ([`Plugin`]), every step opened,
//! every column typed. [`Plan::run`] drives it. A `Source` reads the input piece by piece; a worker thread decodes a piece
//! into Arrow record batches and takes them through a stretch of steps while they are in its cache. For a plugin's step it
//! has a live `Instance` of its own: the declared columns are lowered into the guest's memory, the guest's answer is
//! lifted out and checked, and what was not declared is carried along outside. `Sink`s encode in parallel, and write in
//! input order to a temporary name that becomes the real one when everything has succeeded.
//!
//! ```no_run
//! use stillroom::{Builtins, Engine, EngineOptions, Pipeline, Plan, RunOptions};
//!
//! # fn main() -> stillroom::Result<()> {
//! let engine = Engine::new(EngineOptions::default())?;
//! let pipeline = Pipeline::load("pipeline.yaml").map_err(stillroom::Error::from)?;
//! let report = Plan::new(&engine, &pipeline, Builtins::none())?.run(RunOptions::default())?;
//! println!("{} rows in, {} out", report.rows_in, report.rows_out);
//! # Ok(())
//! # }
//! ```

pub mod pipeline;

pub mod expression;

mod plan;

mod source;

mod spool;

mod cache;

mod run;

mod worker;

mod engine;

mod component;

mod instance;

mod transfer;

mod session;

pub mod testing;

mod contract;

mod limits;

mod lock;

mod linker;
// Models that steps ask.
mod model;

pub mod capability;

mod sink;

mod json;

mod report;

mod card;

pub mod error;

#[doc(hidden)]
pub mod fuzzing;

pub use cache::{About, CachedStep, Damaged, Pruned, ResultCache};
pub use component::{CONTRACT_WIT, ColumnInfo, Plugin, PluginOptions, StepInfo, encode, strip};
pub use contract::VERSIONS as CONTRACT_VERSIONS;
pub use engine::{CompileCache, Engine, EngineOptions};
pub use error::{Error, Result};
pub use limits::{Limits, LoadLimits};
pub use lock::{Change, LOCK_FILE, Lock, Pin};
pub use pipeline::Pipeline;
pub use plan::{Builtins, Pinned, Plan, PlanOptions, PlannedPlugin, PlannedStep, grants_yaml};
pub use report::{LimitsReport, ModelReport, OutputReport, Peak, Progress, Report, StepReport};
pub use run::{Checkpoint, Results, RunOptions, SeenStep, TryOut};
pub use session::{Answered, Session};
pub use sink::remove_partial_outputs;
