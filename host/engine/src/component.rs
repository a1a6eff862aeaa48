//! Plugins: loaded, checked, compiled once and shared by all threads.

mod compile;
mod encode;
mod exports;
mod strip;
mod weigh;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use wasmtime::component::{Component, InstancePre, types::ComponentItem};

use self::compile::compile;
pub use self::encode::{CONTRACT_WIT, encode};
pub(crate) use self::exports::ALLOCATE;
use self::exports::exported;
pub use self::strip::strip;
use crate::capability::{Capability, Grants};
use crate::contract::v0_1::{Column, Exports, Kind, Manifest};
use crate::contract::{STEP_INTERFACE, VERSIONS};
use crate::engine::{Engine, Way};
use crate::error::{Blame, Error, PluginError, Result};
use crate::instance::{Guest, Instance, clip};
use crate::limits::{Limits, LoadLimits};
use crate::linker::{self, Import};
use crate::lock::{self, Pin};
use crate::plan::grants_yaml;

/// Most steps of a plugin, most columns that a step knows by name, and longest text in what it says of itself.
const MAX_STEPS: usize = 256;
const MAX_COLUMNS: usize = 1024;
const MAX_TEXT: usize = 64 << 10;

/// A loaded plugin: compiled code and what its steps say of themselves. Cheap to clone, shared by all threads.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    digest: String,
    bytes: usize,
    imports: Vec<String>,
    requests: Vec<Capability>,
    manifests: Vec<Manifest>,
    code: Code,
}

/// What instances are made of.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) exports: Exports,
    /// Whether it may have to wait for something, and so is called on a stack of its own.
    pub(crate) waits: bool,
    /// Whether its instances have abilities.
    pub(crate) is_able: bool,
    /// Whether what it answers may hang on a seed.
    pub(crate) hangs_on_seed: bool,
    /// Whether its calls have no time limit.
    pub(crate) is_endless: bool,
    pub(crate) grants: Arc<Grants>,
    pub(crate) engine: Engine,
    /// How often the clock has ticked that interrupts its calls.
    pub(crate) ticks: Arc<AtomicU64>,
    /// What it exports, by function, where its stack is to be looked at.
    pub(crate) names: Arc<HashMap<u32, String>>,
}

/// What a step says of itself, before it knows parameters or data.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StepInfo {
    /// The step's name within its plugin.
    pub name: String,
    /// `transform`, `ordered`, `global` or `source`.
    pub kind: &'static str,
    /// One line.
    pub summary: String,
    /// JSON Schema of its parameters.
    pub params: serde_json::Value,
    /// The columns it knows by name.
    pub columns: Vec<ColumnInfo>,
}

/// A column that a step reads.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ColumnInfo {
    /// The name that the step uses.
    pub name: String,
    /// Accepted types, best first; empty: all.
    pub data_types: Vec<String>,
    /// Whether the data must have it.
    pub required: bool,
    /// One line.
    pub summary: String,
}

/// How to load a plugin.
#[derive(Debug, Clone, Default)]
pub struct PluginOptions {
    /// What it may do beyond computing. What it imports and is not granted makes loading fail.
    pub grants: Grants,
    /// What loading it may cost.
    pub load: LoadLimits,
    /// Limits of asking it for its steps; the engine's own where this is none.
    pub limits: Option<Limits>,
    /// Whether its calls have no time limit and cannot be interrupted; its code is then faster.
    pub endless: bool,
    /// Whether its stacks may be without source lines; traps are then cheaper.
    pub terse: bool,
    /// What a file has to be, where that is known. The bytes that are held against it are those that are loaded.
    pub pin: Option<Pin>,
}

impl Plugin {
    /// Loads a plugin that is granted nothing from a file: a component, or a core module that carries its component type.
    ///
    /// # Errors
    /// [`PluginError`]: unreadable, not WebAssembly, another contract version, an import that nobody granted.
    pub fn from_file(engine: &Engine, path: &Path) -> Result<Self> {
        Self::load_file(engine, path, &PluginOptions::default())
    }

    /// Loads a plugin that is granted nothing from memory; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn from_bytes(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Self> {
        Self::load(engine, name, bytes, &PluginOptions::default())
    }

    /// Loads a plugin from a file.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn load_file(engine: &Engine, path: &Path, options: &PluginOptions) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = read(path, &options.load)?;
        options.pin.as_ref().map_or(Ok(()), |pin| pin.check(&name, &lock::sha256(&bytes), bytes.len()))?;
        Self::load(engine, &name, &bytes, options)
    }

    /// Loads a plugin from memory; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn load(engine: &Engine, name: &str, bytes: &[u8], options: &PluginOptions) -> Result<Self> {
        let sandbox = engine.sandbox(Way { endless: options.endless, terse: options.terse && has_lines(bytes) })?;
        let compiled = compile(&sandbox.wasm, name, bytes, &options.load)?;
        let imports = check_contract(&sandbox.wasm, name, &compiled)?;
        let requests = requests(name, &imports, &options.grants)?;
        let unfit = |error: wasmtime::Error| {
            plugin_error(name, format!("does not fit the contract: {}", first_lines(&error)), "")
        };
        let exports = Exports::find(&compiled).map_err(unfit)?;
        let linker = linker::linker(&sandbox.wasm, &imports, &options.grants).map_err(unfit)?;
        let code = Code {
            pre: linker.instantiate_pre(&compiled).map_err(unfit)?,
            exports,
            waits: imports.iter().any(|import| linker::waits(import)),
            is_able: imports.iter().any(|import| linker::is_ability(import)),
            hangs_on_seed: requests.contains(&Capability::Random) && !options.grants.random,
            is_endless: options.endless,
            grants: Arc::new(options.grants.clone()),
            engine: engine.clone(),
            ticks: sandbox.ticks.clone(),
            names: Arc::new(if engine.is_sampling() { exported(bytes) } else { HashMap::new() }),
        };
        let limits = options.limits.unwrap_or(engine.options.limits);
        let manifests = Instance::describe(&code, limits).map_err(|failure| {
            let message = format!("cannot describe its steps: {}", failure.message);
            let help = match failure.blame {
                Blame::Limit => "`limits:` of the pipeline or the plugin sets it",
                _ => "it is the plugin's own fault",
            };
            plugin_error(name, message, help)
        })?;
        check_manifests(&manifests).map_err(|why| plugin_error(name, why, "it is the plugin's own fault"))?;
        let digest = lock::sha256(bytes);
        let (name, bytes) = (name.to_owned(), bytes.len());
        Ok(Self { inner: Arc::new(Inner { name, digest, bytes, imports, requests, manifests, code }) })
    }

    /// The plugin's name or file.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// SHA-256 of the file, in hex.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Size of the file, in bytes.
    pub fn bytes(&self) -> usize {
        self.inner.bytes
    }

    /// The interfaces that it imports.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// What it asks to do, by what it imports.
    pub fn requests(&self) -> &[Capability] {
        &self.inner.requests
    }

    /// What it was granted.
    pub fn grants(&self) -> &Grants {
        &self.inner.code.grants
    }

    /// Whether what it answers hangs on its input alone: nothing that it asks for and was granted says otherwise.
    pub fn is_pure(&self) -> bool {
        self.requests().iter().all(|request| *request == Capability::Log || !self.grants().has(*request))
    }

    /// Its steps.
    pub fn steps(&self) -> Vec<StepInfo> {
        self.inner.manifests.iter().map(StepInfo::from).collect()
    }

    pub(crate) fn manifest(&self, step: &str) -> Option<&Manifest> {
        self.inner.manifests.iter().find(|manifest| manifest.name == step)
    }

    pub(crate) fn code(&self) -> &Code {
        &self.inner.code
    }
}

impl From<&Manifest> for StepInfo {
    fn from(manifest: &Manifest) -> Self {
        let columns = manifest.columns.iter().map(|column| ColumnInfo {
            name: column.name.clone(),
            data_types: column.data_types.clone(),
            required: column.required,
            summary: column.summary.clone(),
        });
        Self {
            name: manifest.name.clone(),
            kind: kind_text(manifest.kind),
            summary: manifest.summary.clone(),
            params: serde_json::from_str(&manifest.params).unwrap_or_default(),
            columns: columns.collect(),
        }
    }
}

pub(crate) fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Transform => "transform",
        Kind::Ordered => "ordered",
        Kind::Global => "global",
        Kind::Source => "source",
    }
}

/// Exports the step interface in a version that we speak. Returns the imports.
fn check_contract(wasm: &wasmtime::Engine, name: &str, component: &Component) -> Result<Vec<String>> {
    let signature = component.component_type();
    let exported = signature.exports(wasm).map(|(export, _)| export.to_owned());
    match exported.into_iter().find(|export| export.split('@').next() == Some(STEP_INTERFACE)) {
        None => {
            return Err(plugin_error(
                name,
                format!("does not export `{STEP_INTERFACE}`: it is no plugin of ours"),
                speaks(),
            ));
        }
        Some(export) => {
            let version = export.split('@').nth(1).unwrap_or("none");
            if !VERSIONS.iter().any(|spoken| version.starts_with(&format!("{spoken}."))) {
                return Err(plugin_error(name, format!("speaks contract version {version}"), speaks()));
            }
        }
    }
    // An instance of types alone gives no ability.
    let imports = signature.imports(wasm).filter(|(_, import)| !is_types_only(wasm, &import.ty));
    Ok(imports.map(|(import, _)| import.to_owned()).collect())
}

fn is_types_only(wasm: &wasmtime::Engine, item: &ComponentItem) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(wasm).all(|(_, export)| matches!(export.ty, ComponentItem::Type(_)))
        }
        _ => false,
    }
}

/// Whether a file has debug information.
fn has_lines(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b".debug_info").is_some()
}

/// What it asks for; all of it must be granted.
fn requests(name: &str, imports: &[String], grants: &Grants) -> Result<Vec<Capability>> {
    let mut requests = Vec::new();
    let mut unknown = Vec::new();
    for import in imports {
        match linker::import(import) {
            Import::Harmless => {}
            Import::Of(capability) => requests.push(capability),
            Import::Unknown => unknown.push(format!("`{import}`")),
        }
    }
    if !unknown.is_empty() {
        let message = format!("imports {}, which no host of ours offers and no pipeline can grant", unknown.join(", "));
        return Err(plugin_error(name, message, "build it without that import"));
    }
    requests.sort_unstable();
    requests.dedup();
    // Without a grant these two are there all the same, but hang on nothing but the input.
    let is_free = |capability: &Capability| matches!(capability, Capability::Clock | Capability::Random);
    let missing = requests.iter().copied().filter(|request| !grants.has(*request) && !is_free(request));
    let missing: Vec<Capability> = missing.collect();
    if missing.is_empty() {
        return Ok(requests);
    }
    let names: Vec<String> = missing.iter().map(|request| format!("`{}`", request.name())).collect();
    let message = format!("asks for {}, which nobody granted", names.join(", "));
    let help = format!(
        "`still inspect` shows what it could do. If that is right, the pipeline grants it:\n{}",
        grants_yaml(name, &missing)
    );
    Err(plugin_error(name, message, &help))
}

fn read(path: &Path, limits: &LoadLimits) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let fail = |message: String, help: &str| plugin_error(&name, message, help);
    let unreadable =
        |error: std::io::Error| fail(format!("cannot be read: {error}"), "paths are taken from the working directory");
    // A file that is no file has no size that is worth a look: what is read is counted.
    let mut bytes = Vec::new();
    let most = limits.component_bytes as u64;
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() > limits.component_bytes {
        return Err(fail(format!("more than {most} bytes, its limit"), "strip its debug sections"));
    }
    Ok(bytes)
}

pub(crate) fn check_manifests(manifests: &[Manifest]) -> std::result::Result<(), String> {
    if manifests.is_empty() || manifests.len() > MAX_STEPS {
        return Err(format!("describes {} steps; 1 to {MAX_STEPS} are due", manifests.len()));
    }
    for (at, manifest) in manifests.iter().enumerate() {
        let name = &manifest.name;
        if name.is_empty()
            || name.len() > 100
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            return Err(format!("step {at}: its name is not of letters, digits, `-` and `_`"));
        }
        if manifests[..at].iter().any(|earlier| earlier.name == *name) {
            return Err(format!("describes two steps called `{name}`"));
        }
        check_manifest(manifest).map_err(|why| format!("step `{name}` {why}"))?;
    }
    Ok(())
}

fn check_manifest(manifest: &Manifest) -> std::result::Result<(), String> {
    let Manifest { summary, params, columns, .. } = manifest;
    if columns.len() > MAX_COLUMNS {
        return Err(format!("knows {} columns by name; {MAX_COLUMNS} are the most", columns.len()));
    }
    let words = |column: &'_ Column| column.data_types.iter().map(|word| word.len() + 1).sum::<usize>();
    let texts = columns.iter().map(|column| column.summary.len() + column.name.len() + words(column)).sum::<usize>();
    if params.len() + summary.len() + texts > MAX_TEXT {
        return Err(format!("says more than {MAX_TEXT} bytes of itself"));
    }
    // It is shown on terminals, and names stand in messages.
    let is_odd = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    let summaries = columns.iter().map(|column| &column.summary);
    if is_odd(params) || summaries.chain([summary]).any(|text| is_odd(text)) {
        return Err("has control characters in what it says of itself".to_owned());
    }
    let mut seen = HashSet::new();
    for Column { name, data_types, .. } in columns {
        if name.is_empty() || [name].into_iter().chain(data_types).any(|text| text.chars().any(char::is_control)) {
            return Err("knows a column whose name or types are empty or have control characters".to_owned());
        }
        if !seen.insert(name) {
            return Err(format!("knows the column `{name}` twice"));
        }
    }
    match serde_json::from_str::<serde_json::Value>(params).is_ok_and(|schema| schema.is_object()) {
        true => Ok(()),
        false => Err("has a schema of its parameters that is not a JSON object".to_owned()),
    }
}

fn speaks() -> &'static str {
    "this host speaks contract version 0.1; build the plugin against that SDK"
}

/// wasmtime's errors are chains; the first links say enough.
fn first_lines(error: &wasmtime::Error) -> String {
    let chain: Vec<String> = error.chain().take(3).map(ToString::to_string).collect();
    chain.join(": ")
}

fn plugin_error(plugin: &str, message: String, help: &str) -> Error {
    let help = if help.is_empty() { None } else { Some(help.to_owned()) };
    // What is wrong is often told with a name that the plugin chose.
    PluginError { plugin: plugin.to_owned(), message: clip(message), help }.into()
}
