//! One step by itself, over rows in memory: what `still test` is made of, and tests of programs that embed the engine.
//!
//! A step is opened as a plan opens it, and its answers go through the same checks as in a run; only the batches are cut as a
//! test says, and instances live as long as it says.
//!
//! ```no_run
//! use stillroom::testing::{Batching, Rows, Setup, Subject};
//! use stillroom::{Engine, EngineOptions};
//!
//! # fn main() -> stillroom::Result<()> {
//! let engine = Engine::new(EngineOptions::default())?;
//! let shout = Subject::read(&engine, "dist/shout.wasm".as_ref())?;
//! let rows = Rows::parse("input", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n", &Default::default())?;
//! let setup = Setup { step: "shout", params: serde_json::json!({ "mark": "!" }), ..Setup::default() };
//!
//! let together = shout.open(&setup, Some(&rows))?.run(&rows, Batching::whole())?;
//! let alone = shout.open(&setup, Some(&rows))?.run(&rows, Batching { rows: 1, fresh: true })?;
//! assert_eq!(together.rows.values()?, alone.rows.values()?);
//! # Ok(())
//! # }
//! ```

mod build;
mod made;
mod meter;
mod rows;
mod stand_in;
mod trial;
mod values;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

pub use self::meter::{Frame, Lap, Meter, Sample, Samples, Stack};
pub use self::rows::Rows;
pub use self::trial::{Batching, Outcome, Trial};
use crate::component::{Plugin, PluginOptions};
use crate::contract::data_type;
use crate::engine::Engine;
use crate::error::{Error, PluginError, Result};
use crate::pipeline::Pipeline;
use crate::plan;

/// What the plugin is called where a pipeline would name its file.
const PLUGIN: &str = "plugin";

/// A plugin under test. It is compiled once for all grants.
pub struct Subject {
    engine: Engine,
    name: String,
    bytes: Vec<u8>,
    /// Loaded plugins, by the grants that they were loaded with.
    loaded: Mutex<HashMap<String, Plugin>>,
}

/// How a step is opened.
#[derive(Debug, Clone, Default)]
pub struct Setup<'a> {
    /// The step's name within its plugin.
    pub step: &'a str,
    /// Its parameters: an object, or nothing.
    pub params: Value,
    /// What its plugin is granted, as under `plugins:` of a pipeline: an object, or nothing.
    pub grants: Value,
}

impl Subject {
    /// Reads a plugin's file; it is loaded when a step is opened.
    ///
    /// # Errors
    /// [`PluginError`]: it cannot be read.
    pub fn read(engine: &Engine, file: &Path) -> Result<Self> {
        let name = file.display().to_string();
        let bytes = std::fs::read(file).map_err(|error| PluginError {
            plugin: name.clone(),
            message: format!("cannot be read: {error}"),
            help: Some("`still build` makes it".to_owned()),
        })?;
        Ok(Self { engine: engine.clone(), name, bytes, loaded: Mutex::default() })
    }

    /// Opens a step over data of these columns; none where it makes rows itself.
    ///
    /// # Errors
    /// As planning a pipeline with this step alone.
    pub fn open(&self, setup: &Setup<'_>, data: Option<&Rows>) -> Result<Trial> {
        let pipeline = pipeline(setup)?;
        let plugin = self.plugin(&pipeline)?;
        alone(&pipeline, &plugin, data)
    }

    fn plugin(&self, pipeline: &Pipeline) -> Result<Plugin> {
        let grants = pipeline.plugin(PLUGIN).map(|spec| spec.grants.clone()).unwrap_or_default();
        let key = format!("{grants:?}");
        // Whoever comes second waits, and does not compile again.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&key) {
            return Ok(plugin.clone());
        }
        let options = PluginOptions { grants, ..PluginOptions::default() };
        let plugin = Plugin::load(&self.engine, &self.name, &self.bytes, &options)?;
        loaded.insert(key, plugin.clone());
        Ok(plugin)
    }
}

/// Opens a step of a plugin that is loaded over data of these columns; none where it makes rows itself. What the plugin is
/// granted was said when it was loaded.
///
/// # Errors
/// As [`Subject::open`].
pub fn open(plugin: &Plugin, setup: &Setup<'_>, data: Option<&Rows>) -> Result<Trial> {
    alone(&pipeline(setup)?, plugin, data)
}

fn alone(pipeline: &Pipeline, plugin: &Plugin, data: Option<&Rows>) -> Result<Trial> {
    let schema = data.map(|rows| rows.batch().schema());
    plan::alone(&plugin.code().engine, pipeline, plugin, schema.as_deref()).map(Trial::new)
}

/// A pipeline of this one step. (JSON is YAML.)
fn pipeline(setup: &Setup<'_>) -> Result<Pipeline> {
    let mut step = json!({ "id": setup.step, "use": format!("{PLUGIN}/{}", setup.step) });
    if !setup.params.is_null() {
        step["with"] = setup.params.clone();
    }
    let mut text = json!({ "name": "test", "steps": [step] });
    if !setup.grants.is_null() {
        text["plugins"] = json!({ PLUGIN: { "grants": setup.grants } });
    }
    Pipeline::parse("the case", &text.to_string()).map_err(Error::from)
}

/// Whether a column's type in words is one: `list<utf8>`, or a word alone where any of its kind is meant.
pub fn is_type(words: &str) -> bool {
    const HEADS: [&str; 11] = [
        "fixed-size-binary",
        "time32",
        "time64",
        "duration",
        "timestamp",
        "decimal128",
        "list",
        "large-list",
        "fixed-size-list",
        "dictionary",
        "struct",
    ];
    HEADS.contains(&words) || data_type::parse(words).is_ok()
}
