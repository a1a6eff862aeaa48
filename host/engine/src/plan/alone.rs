//! A step by itself, without a pipeline around it: for tests of the step.

use arrow_schema::Schema;

use super::lookup::Lookup;
use super::{BatchSize, Builtins, Call, Pinned, PlanOptions, PlannedPlugin};
use crate::component::Plugin;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::pipeline::{Action, Pipeline};

/// No bound worth the name, and none that overflows where it is doubled.
const UNBOUNDED: BatchSize = BatchSize { rows: usize::MAX, bytes: 1 << 40 };

/// The first step of a pipeline, which uses this plugin, opened over data of this schema as it would be in a run; none where
/// it makes rows itself.
pub(crate) fn alone(engine: &Engine, pipeline: &Pipeline, plugin: &Plugin, data: Option<&Schema>) -> Result<Call> {
    let Some((step, Action::Use(uses))) = pipeline.steps.first().map(|step| (step, &step.action)) else {
        return Err(Error::Engine { message: "there is no step of a plugin to try".to_owned(), help: None });
    };
    let options = PlanOptions { builtins: Builtins::none(), lock: None };
    let mut lookup = Lookup::new(engine, pipeline, &options);
    let name = uses.plugin.value.clone();
    lookup.loaded.insert(name.clone(), PlannedPlugin { name, plugin: plugin.clone(), pinned: Pinned::Unlocked });
    lookup.call(step, uses, data, UNBOUNDED)
}
