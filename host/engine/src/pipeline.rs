//! What the user wrote: a pipeline file read into [`Pipeline`], with the place of everything kept so that later stages can
//! point at it.
//!
//! The way of a file: text → `tree` (YAML, with places) → `set` (`--set` changes nodes) → `param`, `substitute` (`$(name)`
//! becomes a value) → `decode` (by serde, into the tables of `written`, from which the JSON Schema comes too) → `check`,
//! `route`, `graph` → `spec` (one shape per step, checked as far as one can without plugins and data). What the pipeline
//! means is the planner's question.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::capability::EnvGrant;
use crate::error::PipelineError;

use check::Checked;
use fault::{Fault, Segment};
use graph::Graph;
use model::Declarations;
use reference::References;
use settings::Draft;
use substitute::substitute;
use texts::Texts;
use tree::Node;

pub use document::document;
pub use graph::Input;
pub use model::ModelInfo;
pub use place::{Place, Spanned};
pub use settings::{Lookup, Settings};
pub use spec::{
    Action, ColumnsSpec, Compression, ConcatOrder, CsvSpec, DatasetSpec, Format, JoinKind, LimitsSpec, OnError, Param,
    ParamKind, PluginSpec, RouteBy, RouteSpec, RouteUnit, SinkSpec, SourceSpec, Step, UseSpec,
};
pub(crate) use suggest::did_you_mean;

mod check;
mod decode;
mod document;
mod fault;
mod graph;
mod model;
mod param;
mod place;
mod reference;
mod route;
mod schema;
mod secret;
mod set;
mod settings;
mod spec;
mod substitute;
mod suggest;
mod texts;
mod tree;
mod written;

#[cfg(test)]
mod tests;

/// A pipeline as its file says it.
#[derive(Clone)]
pub struct Pipeline {
    /// Its name; the file's stem where it gives none.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The most rows in a batch.
    pub batch_rows: Option<usize>,
    /// The most bytes in a batch that has more than one row.
    pub batch_bytes: Option<usize>,
    /// A file for the rows that steps reject.
    pub quarantine: Option<String>,
    /// Where the leaves go that are no sinks.
    pub dataset: Option<DatasetSpec>,
    /// The runtime parameters and the values that they have.
    pub params: Vec<Param>,
    /// `plugins:` what the pipeline says of plugins; no two of the same name.
    pub plugins: Vec<PluginSpec>,
    /// `answers:` where the answers of models are kept.
    pub answers: Option<String>,
    /// `limits:` of all steps of plugins.
    pub limits: LimitsSpec,
    /// `on-error:` of all steps of plugins.
    pub on_error: OnError,
    /// `seed:` of what steps take for randomness, where they are granted none. 0, where it was left out.
    pub seed: u64,
    /// The steps, in the file's order; at least one.
    pub steps: Vec<Step>,
    graph: Graph,
    models: Declarations,
    /// What it was made from, with every `--set` so far.
    draft: Draft,
}

/// A pipeline file is written by hand; what is larger is something else.
const MAX_BYTES: usize = 4 << 20;

/// How to declare a model.
pub(crate) const MODELS_HELP: &str =
    "declare one:\nmodels:\n  small:\n    url: http://127.0.0.1:8080/v1\n    model: NAME";

impl Pipeline {
    /// Reads a pipeline from a text; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Box<PipelineError>> {
        Self::parse_with(name, text, [])
    }

    /// As [`parse`](Self::parse), with values [`set`](Self::set) first: only what they come to together must be right.
    pub fn parse_with<'a>(
        name: &str,
        text: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Box<PipelineError>> {
        Self::parse_with_settings(name, text, &Settings { set: arguments.into_iter().collect(), ..Settings::default() })
    }

    /// As [`parse`](Self::parse), for a run with these settings.
    pub fn parse_with_settings(name: &str, text: &str, settings: &Settings<'_>) -> Result<Self, Box<PipelineError>> {
        let mut draft = Draft::new(name, text)?;
        draft.apply(settings)?;
        let mut pipeline = Self::of(draft)?;
        pipeline.look_up(settings.env);
        Ok(pipeline)
    }

    /// Reads a pipeline file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Box<PipelineError>> {
        Self::load_with(path, [])
    }

    /// As [`load`](Self::load), with values [`set`](Self::set) first: only what they come to together must be right.
    pub fn load_with<'a>(
        path: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Box<PipelineError>> {
        Self::load_with_settings(path, &Settings { set: arguments.into_iter().collect(), ..Settings::default() })
    }

    /// As [`load`](Self::load), for a run with these settings.
    pub fn load_with_settings(path: impl AsRef<Path>, settings: &Settings<'_>) -> Result<Self, Box<PipelineError>> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let fail = |fault: Fault| Texts::new(&name, "").raise(fault);
        let bytes = std::fs::read(path)
            .map_err(|error| fail(Fault::new(format!("cannot read the pipeline file `{name}`: {error}"))))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            fail(Fault::new(format!("the pipeline file `{name}` is not UTF-8 text: invalid bytes on line {line}")))
        })?;
        Self::parse_with_settings(&name, &text, settings)
    }

    /// Changes a value, as `--set` does: `step.key=value`, where a plugin step's parameters may be named without `with.`, or
    /// `key=value` for the pipeline's own. `name=value` is a declared parameter's, also as `params.name=value`.
    ///
    /// `[…]`, `{…}` and quoted values are YAML; any other value is taken as it stands, and means what it would in the file.
    /// Where a source, a sink or the data set is written as a table, a plain value replaces its path and leaves the rest.
    ///
    /// To be called before [`map_paths`](Self::map_paths), which it undoes. A failed call changes nothing.
    pub fn set(&mut self, argument: &str) -> Result<(), Box<PipelineError>> {
        self.set_all([argument])
    }

    /// [`set`](Self::set)s several values, in this order; only what they come to together must be right.
    pub fn set_all<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) -> Result<(), Box<PipelineError>> {
        let mut draft = self.draft.clone();
        draft.apply(&Settings { set: arguments.into_iter().collect(), ..Settings::default() })?;
        *self = Self::of(draft)?;
        self.look_up(None);
        Ok(())
    }

    /// Passes every path through `f`: sources, sinks, the quarantine file, the answers, the data set's folder, plugins that are files
    /// and the folders that they are granted.
    /// The engine expands neither `~` nor variables; a program that wants to does so here.
    pub fn map_paths(&mut self, mut f: impl FnMut(&str) -> String) {
        if let Some(path) = &mut self.quarantine {
            *path = f(path);
        }
        if let Some(path) = &mut self.answers {
            *path = f(path);
        }
        if let Some(dataset) = &mut self.dataset {
            dataset.folder.value = f(&dataset.folder);
        }
        for plugin in &mut self.plugins {
            if spec::is_file(&plugin.name) {
                plugin.name.value = f(&plugin.name);
            }
            for folder in plugin.grants.files.iter_mut().flatten() {
                folder.path = f(&folder.path.to_string_lossy()).into();
            }
        }
        for step in &mut self.steps {
            match &mut step.action {
                Action::Source(source) => source.paths.iter_mut().for_each(|path| path.value = f(path)),
                Action::Sink(sink) => sink.path.value = f(&sink.path),
                Action::Use(uses) if uses.is_file() => uses.plugin.value = f(&uses.plugin),
                _ => {}
            }
        }
    }

    /// What the pipeline says of a plugin, by its name or path as `use:` has it.
    pub fn plugin(&self, name: &str) -> Option<&PluginSpec> {
        self.plugins.iter().find(|plugin| *plugin.name == name)
    }

    /// The step of that id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.get(self.step_index(id)?)
    }

    /// The index of the step of that id.
    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.graph.index.get(id).copied()
    }

    /// Where a step's rows come from, in the order of its `from`; the step before, where it has none. Empty for sources, and
    /// for a first step.
    pub fn inputs(&self, index: usize) -> Vec<Input> {
        self.graph.inputs.get(index).cloned().unwrap_or_default()
    }

    /// All steps, each after those that it takes rows from; else as in the file.
    pub fn order(&self) -> &[usize] {
        &self.graph.order
    }

    /// The name of the file, as given to [`parse`](Self::parse) or [`load`](Self::load).
    pub fn file(&self) -> &str {
        self.draft.texts.file()
    }

    /// The text of the file as it was written, with neither what was set nor secrets.
    pub fn source_text(&self) -> Cow<'_, str> {
        self.draft.texts.file_text()
    }

    /// A text with `***` for every secret parameter's value, also where it stands in JSON.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.draft.texts.redact(text)
    }

    /// An error that points at a place in the pipeline file, or in what else the value came from. It shows no secrets.
    pub fn error(
        &self,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) -> PipelineError {
        *self.draft.texts.raise(Fault::new(message).at(place).label(label).maybe_help(help))
    }

    /// The place of a byte range within a text value, as an expression's error gives it; the whole value where quotes or
    /// folding moved its bytes.
    pub fn place_within(&self, value: &Spanned<String>, bytes: std::ops::Range<usize>) -> Place {
        self.draft.texts.within(value.place, value, bytes)
    }

    /// The line of a place, from 1.
    pub fn line(&self, place: Place) -> Option<usize> {
        self.draft.texts.line(place)
    }

    /// The JSON Schema of a pipeline file.
    pub fn json_schema() -> serde_json::Value {
        schema::schema()
    }

    /// The values of the variables that plugins are granted and that models have their keys in. One that is not set is left
    /// out.
    fn look_up(&mut self, env: Option<Lookup<'_>>) {
        for plugin in &mut self.plugins {
            let Some(EnvGrant(granted)) = &mut plugin.grants.env else { continue };
            for name in &plugin.env {
                granted.extend(self.draft.variable(name, env).map(|value| (name.value.clone(), value)));
            }
        }
        self.models.look_up(|name| self.draft.variable(name, env));
    }

    fn of(draft: Draft) -> Result<Self, Box<PipelineError>> {
        match Self::decode(&draft) {
            Ok((file, params)) => Ok(Self::new(file, params, draft)),
            Err(fault) => Err(draft.texts.raise(fault)),
        }
    }

    fn decode(draft: &Draft) -> Result<(Checked, Vec<Param>), Fault> {
        let params = param::params(&draft.root, &draft.given, &draft.texts)?;
        let root = match params.is_empty() {
            true => Cow::Borrowed(&draft.root),
            false => Cow::Owned(
                substitute(&draft.root, &params, &draft.texts).map_err(|fault| name_step(fault, &draft.root))?,
            ),
        };
        let file = written::PipelineFile::deserialize(&*root);
        let checked = file.and_then(|file| file.check(&References::new(&draft.texts, &params)));
        checked.map(|file| (file, params)).map_err(|fault| name_step(fault, &root))
    }

    fn new(file: Checked, params: Vec<Param>, draft: Draft) -> Self {
        let stem = |name: &str| {
            Path::new(name).file_stem().map_or_else(|| "pipeline".into(), |stem| stem.to_string_lossy().into_owned())
        };
        Self {
            name: file.name.unwrap_or_else(|| stem(draft.texts.file())),
            description: file.description,
            batch_rows: file.batch_rows,
            batch_bytes: file.batch_bytes,
            quarantine: file.quarantine,
            dataset: file.dataset,
            params,
            plugins: file.plugins,
            models: file.models,
            answers: file.answers,
            limits: file.limits,
            on_error: file.on_error,
            seed: file.seed,
            steps: file.steps,
            graph: file.graph,
            draft,
        }
    }
}

/// Without secrets, which may be in any value by now.
impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = format!(
            "Pipeline {{ name: {:?}, dataset: {:?}, limits: {:?}, on_error: {:?}, seed: {}, plugins: {:?}, params: {:?}, \
             steps: {:?}, models: {:?} }}",
            self.name,
            self.dataset,
            self.limits,
            self.on_error,
            self.seed,
            self.plugins,
            self.params,
            self.steps,
            self.models
        );
        f.write_str(&self.redact(&shown))
    }
}

/// Begins a fault's message with the id of the step that it is in.
fn name_step(fault: Fault, root: &Node) -> Fault {
    let [.., Segment::Index(index), Segment::Key(key)] = fault.path.as_slice() else { return fault };
    let step = root.get(key).and_then(Node::list).and_then(|steps| steps.get(*index));
    match step.and_then(|step| step.get("id")).and_then(Node::text) {
        Some(id) => fault.named(format_args!("step `{}`", fault::Short(id))),
        None => fault,
    }
}
