//! From `use: plugin/step` to an opened step.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{Field, Schema};
use serde_json::Value;

use super::call::{Input, layout, lossless_cast};
use super::column::is_hidden;
use super::told::{self, Told};
use super::{BatchSize, Call, Loaded, Pinned, PlanOptions, PlannedPlugin, columns_help};
use crate::capability::Capability;
use crate::component::{Plugin, PluginOptions};
use crate::contract::data_type;
use crate::contract::v0_1::{Column, Kind, Manifest};
use crate::engine::Engine;
use crate::error::{Error, PipelineError, Result};
use crate::instance::{Failure, Instance, Opening};
use crate::limits::{Brake, Limits, LoadLimits};
use crate::lock::Pin;
use crate::model::Models;
use crate::pipeline::{Action, MODELS_HELP, OnError, Pipeline, Place, Spanned, Step, UseSpec, did_you_mean};

/// The plugins that a program brings along: name and bytes. They have no privilege over a stranger's.
#[derive(Debug, Clone, Copy)]
pub struct Builtins(&'static [(&'static str, &'static [u8])]);

impl Builtins {
    /// Plugins by name.
    pub const fn new(plugins: &'static [(&'static str, &'static [u8])]) -> Self {
        Self(plugins)
    }

    /// No plugins: a pipeline names files.
    pub const fn none() -> Self {
        Self(&[])
    }

    /// Name and bytes of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        self.0.iter().copied()
    }
}

/// What a call of a step that asks models may hand over, requests included, where the pipeline says nothing, in bytes.
const WAITING_OUTPUT_BYTES: usize = 64 << 20;

/// Whether a plugin's steps ask models.
fn asks(plugin: &Plugin) -> bool {
    plugin.requests().iter().any(|request| matches!(request, Capability::Llm | Capability::Embedding))
}

pub(super) struct Lookup<'a> {
    pub(super) engine: &'a Engine,
    pipeline: &'a Pipeline,
    options: &'a PlanOptions<'a>,
    pub(super) loaded: Loaded,
    pub(super) brake: Brake,
    pub(super) models: Arc<Models>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(engine: &'a Engine, pipeline: &'a Pipeline, options: &'a PlanOptions<'a>) -> Self {
        Self {
            engine,
            pipeline,
            options,
            loaded: Loaded::new(),
            brake: Brake::default(),
            models: Arc::new(Models::new(pipeline.models().to_vec(), pipeline.budget())),
        }
    }

    /// Loads, checks against the data and opens a step; `data` is none where the step has no input.
    pub(super) fn call(
        &mut self,
        step: &Step,
        uses: &UseSpec,
        data: Option<&Schema>,
        batch: BatchSize,
    ) -> Result<Call> {
        let (has_source, nothing) = (data.is_some(), Schema::empty());
        let data = data.unwrap_or(&nothing);
        let plugin = self.plugin(uses)?;
        let manifest = self.manifest(&plugin, uses)?;
        self.check_place(step, manifest, uses, has_source)?;
        self.check_params(step, manifest, uses)?;
        let Names { own: names, untold } = self.names(step, manifest, uses, data)?;
        let casts = self.casts(step, manifest, uses, data, &names)?;
        let offered = offered(data, &names, &casts);
        let mut opening = Opening {
            plugin: plugin.clone(),
            id: step.id.value.clone(),
            step: uses.step.value.clone(),
            limits: self.limits(step, uses),
            seed: self.pipeline.seed,
            brake: self.brake.clone(),
            models: self.models.clone(),
            signed: None,
            params: uses.parameters().to_string(),
            fields: offered.iter().map(|offer| (offer.name.clone(), offer.text.clone(), offer.nullable)).collect(),
        };
        // Many of its instances are live at once: what each may hand over is less than where each thread has one.
        if asks(&plugin) && opening.limits.output_bytes == Limits::default().output_bytes {
            opening.limits.output_bytes = WAITING_OUTPUT_BYTES;
        }
        let instance = Instance::open(&opening).map_err(|failure| self.open_error(step, uses, &failure, &untold))?;
        let (opened, at_rest) = (instance.opened().clone(), instance.memory());
        opening.signed = Some(Arc::new(opened.clone()));
        let inputs: Vec<Input> = opened
            .inputs
            .iter()
            .filter_map(|name| offered.iter().find(|offer| offer.name == *name))
            .map(|offer| Input { column: offer.column, cast: casts[offer.column].clone() })
            .collect();
        self.check_outputs(step, uses, &opened.outputs)?;
        let (schema, layout) = layout(data, &opened, &inputs, uses).map_err(|clash| {
            self.fail(uses.uses.place, format!("step `{}`: {}", *step.id, clash.message), clash.help)
        })?;
        let key = opened.key.iter().map(|name| opened.inputs.iter().position(|input| input == name));
        let key = key.map(|at| at.map(|at| inputs[at].column)).collect::<Option<Vec<_>>>().unwrap_or_default();
        Ok(Call {
            step: self.pipeline.step_index(&step.id).unwrap_or(0),
            id: step.id.value.clone(),
            uses: uses.uses.value.clone(),
            opening,
            opened,
            inputs,
            layout,
            schema: Arc::new(schema),
            batch,
            key,
            cache: step.cache,
            on_error: step.on_error.unwrap_or(self.pipeline.on_error),
            retries: step.retries.unwrap_or(0),
            waits: asks(&plugin),
            wait_rows: step.batch_rows,
            at_rest,
        })
    }

    /// Whether a plugin's step makes rows.
    pub(super) fn is_source(&mut self, uses: &UseSpec) -> Result<bool> {
        let plugin = self.plugin(uses)?;
        Ok(self.manifest(&plugin, uses)?.kind == Kind::Source)
    }

    fn plugin(&mut self, uses: &UseSpec) -> Result<Plugin> {
        let name = &uses.plugin.value;
        if let Some(loaded) = self.loaded.get(name) {
            return Ok(loaded.plugin.clone());
        }
        let (plugin, pinned) = self.load(uses)?;
        self.check_models(uses, &plugin, &pinned)?;
        self.loaded.insert(name.clone(), PlannedPlugin { name: name.clone(), plugin: plugin.clone(), pinned });
        Ok(plugin)
    }

    /// What loading a plugin may cost.
    pub(super) fn load_limits(&self, plugin: &str) -> LoadLimits {
        let spec = self.pipeline.plugins.iter().find(|spec| *spec.name == plugin);
        spec.map(|spec| spec.load).unwrap_or_default()
    }

    fn load(&self, uses: &UseSpec) -> Result<(Plugin, Pinned)> {
        let name = &uses.plugin.value;
        let spec = self.pipeline.plugin(name);
        let mut options = PluginOptions {
            grants: spec.map(|spec| spec.grants.clone()).unwrap_or_default(),
            load: spec.map(|spec| spec.load).unwrap_or_default(),
            limits: Some(self.plugin_limits(uses)),
            endless: spec.is_some_and(|spec| spec.endless),
            terse: self.is_terse(name),
            pin: None,
        };
        if !uses.is_file() {
            let found = self.options.builtins.iter().find(|(builtin, _)| builtin == name);
            let Some((_, bytes)) = found else { return Err(self.no_plugin(uses).into()) };
            // What the program brings along may ask every model, where the pipeline does not say which.
            let all = || Some(self.pipeline.models().iter().map(|model| model.name.clone()).collect());
            options.grants.llm = options.grants.llm.or_else(all);
            options.grants.embedding = options.grants.embedding.or_else(all);
            return Ok((Plugin::load(self.engine, name, bytes, &options)?, Pinned::BuiltIn));
        }
        let path = Path::new(name);
        let is_pinned = spec.is_none_or(|spec| spec.pin);
        let lock = self.options.lock.filter(|_| is_pinned);
        options.pin = lock.and_then(|lock| lock.get(path)).cloned();
        let plugin = Plugin::load_file(self.engine, path, &options)?;
        let pinned = match (lock, options.pin) {
            (None, _) => {
                if is_pinned {
                    Pinned::Unlocked
                } else {
                    Pinned::Off
                }
            }
            (Some(_), Some(pin)) => Pinned::Locked(pin),
            (Some(lock), None) => Pinned::New(lock.name_of(path), Pin::new(plugin.digest(), plugin.bytes() as u64)),
        };
        Ok((plugin, pinned))
    }

    /// A plugin that asks models has some to ask, and they have their keys.
    fn check_models(&self, uses: &UseSpec, plugin: &Plugin, pinned: &Pinned) -> Result<()> {
        let grants = plugin.grants();
        let asks = |capability| plugin.requests().contains(&capability);
        let llm = grants.llm.iter().flatten().filter(|_| asks(Capability::Llm));
        let embedding = grants.embedding.iter().flatten().filter(|_| asks(Capability::Embedding));
        let names: Vec<String> = llm.chain(embedding).cloned().collect();
        let asks_models = asks(Capability::Llm) || asks(Capability::Embedding);
        if asks_models && matches!(pinned, Pinned::BuiltIn) && self.pipeline.models().is_empty() {
            let message = format!("`{}` asks models, and the pipeline declares none", uses.uses.value);
            return Err(self.fail(uses.uses.place, message, MODELS_HELP).into());
        }
        Ok(self.pipeline.check_keys(&names).map_err(|error| *error)?)
    }

    /// Whether no failure of the plugin's steps is shown with its stack: all of them are quarantined or left out.
    fn is_terse(&self, plugin: &str) -> bool {
        let uses = self
            .pipeline
            .steps
            .iter()
            .filter(|step| matches!(&step.action, Action::Use(uses) if *uses.plugin == plugin));
        uses.map(|step| step.on_error.unwrap_or(self.pipeline.on_error)).all(|on_error| on_error != OnError::Fail)
    }

    fn plugin_limits(&self, uses: &UseSpec) -> Limits {
        let outer = self.pipeline.limits.over(self.engine.options.limits);
        self.pipeline.plugin(&uses.plugin).map_or(outer, |spec| spec.limits.over(outer))
    }

    fn limits(&self, step: &Step, uses: &UseSpec) -> Limits {
        step.limits.over(self.plugin_limits(uses))
    }

    fn no_plugin(&self, uses: &UseSpec) -> PipelineError {
        let names: Vec<&str> = self.options.builtins.iter().map(|(name, _)| name).collect();
        let help = did_you_mean(&uses.plugin, "built-in plugins", names.iter().copied()).unwrap_or_default();
        let help = format!("{help}; a file is named with its path, as in `./my.wasm/step`");
        self.fail(uses.plugin.place, format!("there is no built-in plugin `{}`", uses.plugin.value), help)
    }

    fn manifest<'p>(&self, plugin: &'p Plugin, uses: &UseSpec) -> Result<&'p Manifest> {
        plugin.manifest(&uses.step).ok_or_else(|| {
            let steps = plugin.steps();
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            let help = did_you_mean(&uses.step, "it has", names.iter().copied()).unwrap_or_default();
            self.fail(
                uses.step.place,
                format!("the plugin `{}` has no step `{}`", uses.plugin.value, uses.step.value),
                help,
            )
            .into()
        })
    }

    fn check_place(&self, step: &Step, manifest: &Manifest, uses: &UseSpec, has_source: bool) -> Result<()> {
        match (manifest.kind == Kind::Source, has_source) {
            (true, true) => Err(self
                .fail(
                    uses.uses.place,
                    format!("step `{}` makes rows, but there are some already", *step.id),
                    "a source comes first",
                )
                .into()),
            (false, false) => Err(self
                .fail(
                    uses.uses.place,
                    format!("step `{}` has no rows to work on", *step.id),
                    "the first step is a `source:`, or uses a step that makes rows",
                )
                .into()),
            _ => Ok(()),
        }
    }

    /// Unknown parameters are found here, with the place and a suggestion; values are the step's own affair, in `open`.
    fn check_params(&self, step: &Step, manifest: &Manifest, uses: &UseSpec) -> Result<()> {
        let schema: Value = serde_json::from_str(&manifest.params).unwrap_or_default();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
        for (name, _) in &uses.with {
            if !properties.contains_key(&name.value) {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                let help =
                    did_you_mean(name, "it has", known.iter().copied()).unwrap_or_else(|| "it has none".to_owned());
                let message = format!("step `{}`: `{}` has no parameter `{}`", *step.id, uses.uses.value, name.value);
                return Err(self.fail(name.place, message, help).into());
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required {
            if !uses.with.keys().any(|given| given.value == name) {
                let message = format!("step `{}`: `{}` needs the parameter `{name}`", *step.id, uses.uses.value);
                return Err(self.fail(uses.uses.place, message, format!("give it: `with: {{ {name}: … }}`")).into());
            }
        }
        Ok(())
    }

    /// For each column of the data, the name that the step uses for it; none where it is not told of it.
    fn names(&self, step: &Step, manifest: &Manifest, uses: &UseSpec, data: &Schema) -> Result<Names> {
        // What the host added for itself has no name here.
        let name = |field: &Arc<Field>| if is_hidden(field.name()) { String::new() } else { field.name().clone() };
        let mut names: Vec<String> = data.fields().iter().map(name).collect();
        for (own, theirs) in &uses.columns {
            self.check_own(step, manifest, uses, own)?;
            let column = data.index_of(theirs).ok().filter(|_| !is_hidden(theirs)).ok_or_else(|| {
                let message = format!("step `{}`: there is no column `{}`", *step.id, theirs.value);
                Error::from(self.fail(theirs.place, message, columns_help(theirs, data)))
            })?;
            // A column of the data that has this name by chance is out of sight.
            names.iter_mut().filter(|name| **name == own.value).for_each(String::clear);
            names[column].clone_from(&own.value);
        }
        let told = Told::new(manifest, uses, self.pipeline.plugin(&uses.plugin));
        let mut untold = Vec::new();
        for (own, field) in names.iter_mut().zip(data.fields()).filter(|(own, _)| !own.is_empty()) {
            if !told.knows(own, field.name()) {
                untold.push((std::mem::take(own), field.name().clone()));
            }
        }
        for column in manifest.columns.iter().filter(|column| column.required) {
            if let Some((own, theirs)) = untold.iter().find(|(own, _)| *own == column.name) {
                let message = format!("step `{}`: `{}` reads a column `{own}`", *step.id, uses.uses.value);
                return Err(self
                    .fail(
                        uses.uses.place,
                        message,
                        told::help(self.pipeline.plugin(&uses.plugin), &uses.plugin, theirs),
                    )
                    .into());
            }
            if !names.contains(&column.name) {
                let message = format!(
                    "step `{}`: `{}` reads a column `{}`, which the data does not have",
                    *step.id, uses.uses.value, column.name
                );
                let help =
                    format!("{}; name one: `columns: {{ {}: … }}`", columns_help(&column.name, data), column.name);
                return Err(self.fail(uses.uses.place, message, help).into());
            }
        }
        Ok(Names { own: names, untold })
    }

    fn check_own(&self, step: &Step, manifest: &Manifest, uses: &UseSpec, own: &Spanned<String>) -> Result<()> {
        let known: Vec<&str> = manifest.columns.iter().map(|column| column.name.as_str()).collect();
        if known.is_empty() || known.contains(&own.value.as_str()) {
            return Ok(());
        }
        let help = did_you_mean(own, "it reads", known.iter().copied()).unwrap_or_default();
        Err(self
            .fail(
                own.place,
                format!("step `{}`: `{}` reads no column `{}`", *step.id, uses.uses.value, own.value),
                help,
            )
            .into())
    }

    /// For each column of the data, the type that it is converted to before the step sees it.
    fn casts(
        &self,
        step: &Step,
        manifest: &Manifest,
        uses: &UseSpec,
        data: &Schema,
        names: &[String],
    ) -> Result<Vec<Option<arrow_schema::DataType>>> {
        let mut casts = vec![None; names.len()];
        for (at, name) in names.iter().enumerate() {
            let Some(column) = manifest.columns.iter().find(|column| column.name == *name) else { continue };
            casts[at] = cast_for(column, data.field(at)).map_err(|found| {
                let message = format!(
                    "step `{}`: column `{}` is of type {found}, and `{}` takes {}",
                    *step.id,
                    data.field(at).name(),
                    uses.uses.value,
                    column.data_types.join(" or ")
                );
                let place = uses
                    .columns
                    .iter()
                    .find(|(own, _)| own.value == *name)
                    .map_or(uses.uses.place, |(_, theirs)| theirs.place);
                Error::from(self.fail(
                    place,
                    message,
                    "name another column under `columns:`, or convert it: `compute: { … : cast(… as text) }`",
                ))
            })?;
        }
        Ok(casts)
    }

    fn check_outputs(&self, step: &Step, uses: &UseSpec, outputs: &[Field]) -> Result<()> {
        for (own, _) in &uses.outputs {
            if !outputs.iter().any(|field| *field.name() == own.value) {
                let known: Vec<&str> = outputs.iter().map(|field| field.name().as_str()).collect();
                let help = did_you_mean(own, "it makes", known.iter().copied()).unwrap_or_default();
                let message = format!("step `{}`: `{}` makes no column `{}`", *step.id, uses.uses.value, own.value);
                return Err(self.fail(own.place, message, help).into());
            }
        }
        Ok(())
    }

    /// A step that does not open: points at the parameter that it names, where it names one.
    fn open_error(&self, step: &Step, uses: &UseSpec, failure: &Failure, untold: &[(String, String)]) -> PipelineError {
        let named = uses.with.iter().find(|(name, _)| failure.message.contains(&format!("`{}`", name.value)));
        let place = named.map_or(uses.uses.place, |(_, value)| value.place);
        let whose = if failure.params { "" } else { "the plugin failed: " };
        let wanted = untold.iter().find(|(own, _)| failure.message.contains(&format!("`{own}`")));
        let help = match wanted {
            Some((_, theirs)) => told::help(self.pipeline.plugin(&uses.plugin), &uses.plugin, theirs),
            None if failure.params => format!("`still steps {}` shows its parameters and columns", uses.uses.value),
            None => failure.backtrace.join("\n"),
        };
        self.fail(place, format!("step `{}`: {whose}{}", *step.id, failure.message), help)
    }

    fn fail(&self, place: Place, message: impl Into<String>, help: impl Into<String>) -> PipelineError {
        self.pipeline.error(place, message, "", Some(help.into()).filter(|help: &String| !help.is_empty()))
    }
}

/// What a step calls the data's columns.
struct Names {
    /// One a column; empty for those that it is not told of.
    own: Vec<String>,
    /// The names that the others would have, and the data's.
    untold: Vec<(String, String)>,
}

/// A column as the step is shown it.
struct Offer {
    column: usize,
    name: String,
    text: String,
    nullable: bool,
}

/// All columns that can cross, by the step's names.
fn offered(data: &Schema, names: &[String], casts: &[Option<arrow_schema::DataType>]) -> Vec<Offer> {
    data.fields()
        .iter()
        .zip(names)
        .zip(casts)
        .enumerate()
        .filter(|(_, ((_, name), _))| !name.is_empty())
        .filter_map(|(column, ((field, name), cast))| {
            let text = data_type::to_text(cast.as_ref().unwrap_or_else(|| field.data_type()))?;
            Some(Offer { column, name: name.clone(), text, nullable: field.is_nullable() })
        })
        .collect()
}

/// The conversion that makes a field acceptable; none needed is `Ok(None)`; impossible is the type that was found.
fn cast_for(column: &Column, field: &Field) -> std::result::Result<Option<arrow_schema::DataType>, String> {
    let found = data_type::to_text(field.data_type()).unwrap_or_else(|| field.data_type().to_string());
    let accepts = |wanted: &String| *wanted == found || *wanted == data_type::head(&found);
    if column.data_types.is_empty() || column.data_types.iter().any(accepts) {
        return Ok(None);
    }
    let possible = column.data_types.iter().filter_map(|wanted| data_type::parse(wanted).ok());
    possible.into_iter().find(|wanted| lossless_cast(field.data_type(), wanted)).map(Some).ok_or(found)
}
