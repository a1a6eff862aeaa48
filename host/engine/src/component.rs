//! Plugins: loaded, checked, compiled once and shared by all threads.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, types::ComponentItem};

use crate::contract::v0_1::{Kind, Manifest, PluginPre};
use crate::contract::{DIAGNOSTICS_INTERFACE, STEP_INTERFACE, VERSIONS};
use crate::engine::Engine;
use crate::error::{Error, PluginError, Result};
use crate::instance::Instance;

/// The beginning of every WebAssembly file; a component and a module differ in the four bytes after it.
const MAGIC: &[u8] = b"\0asm";

/// The custom section in which a core module carries its component type.
const TYPE_SECTION: &[u8] = b"component-type";

/// A plugin larger than this is refused before anything parses it.
const MAX_BYTES: u64 = 128 << 20;

/// Most steps of a plugin, and longest text in what it says of itself.
const MAX_STEPS: usize = 256;
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
    manifests: Vec<Manifest>,
    pre: PluginPre<crate::instance::Guest>,
    engine: Engine,
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

impl Plugin {
    /// Loads a plugin from a file: a component, or a core module that carries its component type.
    ///
    /// # Errors
    /// [`PluginError`]: unreadable, not WebAssembly, another contract version, an import that nobody granted.
    pub fn from_file(engine: &Engine, path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let fail = |message: String, help: &str| plugin_error(&name, message, help);
        let size = std::fs::metadata(path)
            .map_err(|error| fail(format!("cannot be read: {error}"), "paths are taken from the working directory"))?
            .len();
        if size > MAX_BYTES {
            return Err(fail(format!("{size} bytes; the limit is {MAX_BYTES}"), "strip its debug sections"));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(format!("cannot be read: {error}"), ""))?;
        Self::from_bytes(engine, &name, &bytes)
    }

    /// Loads a plugin from memory; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn from_bytes(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Self> {
        let component = as_component(name, bytes)?;
        let compiled = Component::from_binary(&engine.wasm, &component).map_err(|error| {
            plugin_error(
                name,
                format!("is not a valid component: {}", first_lines(&error)),
                "build it again, or fetch it again",
            )
        })?;
        let imports = check_contract(engine, name, &compiled)?;
        let pre =
            engine.linker.instantiate_pre(&compiled).and_then(PluginPre::new).map_err(|error| {
                plugin_error(name, format!("does not fit the contract: {}", first_lines(&error)), "")
            })?;
        let manifests = Instance::describe(engine, &pre).map_err(|failure| {
            plugin_error(
                name,
                format!("cannot describe its steps: {}", failure.message),
                "it is the plugin's own fault",
            )
        })?;
        check_manifests(&manifests).map_err(|why| plugin_error(name, why, "it is the plugin's own fault"))?;
        let digest = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let inner = Inner {
            name: name.to_owned(),
            digest,
            bytes: bytes.len(),
            imports,
            manifests,
            pre,
            engine: engine.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
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

    /// What it imports, which is what it could do.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// Its steps.
    pub fn steps(&self) -> Vec<StepInfo> {
        self.inner.manifests.iter().map(StepInfo::from).collect()
    }

    pub(crate) fn manifest(&self, step: &str) -> Option<&Manifest> {
        self.inner.manifests.iter().find(|manifest| manifest.name == step)
    }

    pub(crate) fn pre(&self) -> &PluginPre<crate::instance::Guest> {
        &self.inner.pre
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
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

/// A core module is wrapped as the component that it says it is; so an author needs nothing but the language's compiler.
fn as_component<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    if bytes.get(..4) != Some(MAGIC) {
        return Err(plugin_error(name, "is not a WebAssembly file".to_owned(), "a plugin is a `.wasm` component"));
    }
    if bytes.get(4..8) != Some(&[1, 0, 0, 0]) {
        return Ok(Cow::Borrowed(bytes));
    }
    if !bytes.windows(TYPE_SECTION.len()).any(|window| window == TYPE_SECTION) {
        return Err(plugin_error(
            name,
            "is a core module without a component type".to_owned(),
            "build it against a Stillroom SDK, or from sdk/wit with wit-bindgen",
        ));
    }
    wit_component::ComponentEncoder::default()
        .module(bytes)
        .and_then(|encoder| encoder.validate(false).encode())
        .map(Cow::Owned)
        .map_err(|error| plugin_error(name, format!("cannot be made a component: {error:#}"), speaks()))
}

/// Exports the step interface in a version that we speak, imports nothing that nobody granted. Returns the imports.
fn check_contract(engine: &Engine, name: &str, component: &Component) -> Result<Vec<String>> {
    let signature = component.component_type();
    let exported = signature.exports(&engine.wasm).map(|(export, _)| export.to_owned());
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
    let imports: Vec<String> = signature
        .imports(&engine.wasm)
        .filter(|(_, import)| !is_types_only(engine, &import.ty))
        .map(|(import, _)| import.to_owned())
        .collect();
    match imports.iter().find(|import| *import != DIAGNOSTICS_INTERFACE) {
        None => Ok(imports),
        Some(import) => Err(plugin_error(
            name,
            format!("imports `{import}`, which nobody granted"),
            "a step may compute and nothing else; build it without that import",
        )),
    }
}

fn is_types_only(engine: &Engine, item: &ComponentItem) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(&engine.wasm).all(|(_, export)| matches!(export.ty, ComponentItem::Type(_)))
        }
        _ => false,
    }
}

fn check_manifests(manifests: &[Manifest]) -> std::result::Result<(), String> {
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
        let texts = manifest.columns.iter().map(|column| column.summary.len() + column.name.len()).sum::<usize>();
        if manifest.params.len() + manifest.summary.len() + texts > MAX_TEXT {
            return Err(format!("step `{name}` says more than {MAX_TEXT} bytes of itself"));
        }
        if !serde_json::from_str::<serde_json::Value>(&manifest.params).is_ok_and(|schema| schema.is_object()) {
            return Err(format!("step `{name}`: the schema of its parameters is not a JSON object"));
        }
    }
    Ok(())
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
    PluginError { plugin: plugin.to_owned(), message, help }.into()
}
