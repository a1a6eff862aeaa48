//! `still build`: from a plugin's sources to a component that keeps the contract.
//!
//! Here, and nowhere else, other programs are called: a language's own compiler. What they make is encoded, stripped and
//! checked in this process.

mod check;
mod clang;
mod go;
mod javascript;
mod project;
mod python;
mod rust;
mod stale;
mod tool;
mod zig;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use miette::{IntoDiagnostic, Result, WrapErr};
use stillroom::{Engine, Plugin, encode, strip};

use crate::args::BuildArgs;
use crate::home;
use crate::progress::{self, Busy};
use crate::show::{number, text};

use self::project::Language;
pub(super) use self::project::{NAMES, Project};
pub(super) use self::stale::{is_source_name, is_stale};

/// What a compiler made.
struct Made {
    /// A core module, or a component.
    bytes: Vec<u8>,
    /// What a core module imports that is none of ours, and the modules that stand in for it.
    adapters: Vec<(String, Vec<u8>)>,
}

impl From<Vec<u8>> for Made {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, adapters: Vec::new() }
    }
}

/// A plugin that was built.
pub(super) struct Built {
    pub(super) file: PathBuf,
    plugin: Plugin,
    /// How long it took to load: to compile, where it is not the one that it was.
    seconds: f64,
    is_new: bool,
}

/// Builds a plugin and says what it is.
pub(super) fn build(args: &BuildArgs) -> Result<ExitCode> {
    let project = Project::find(&home::expand_path(&args.dir))?;
    let built = run(&project, &args.cache.engine(None)?, args.keep_debug)?;
    super::print(&report(&built))
}

/// Builds a project: compiles, encodes, strips, checks, and puts it in its place as a whole.
pub(super) fn run(project: &Project, engine: &Engine, keep_debug: bool) -> Result<Built> {
    let made = compile(project)?;
    let adapters: Vec<(&str, &[u8])> =
        made.adapters.iter().map(|(name, module)| (name.as_str(), module.as_slice())).collect();
    let mut bytes = encode(&project.name, &made.bytes, &adapters)?;
    if !keep_debug {
        bytes = strip(&project.name, &bytes)?;
    }
    let file = project.component();
    let is_new = fs::read(&file).map_or(true, |old| old != bytes);
    let start = Instant::now();
    let plugin = {
        let _busy = Busy::start(format!("compiling {} of {}", project.name, number::bytes(bytes.len() as u64)));
        check::check(engine, &file, &bytes)?
    };
    let seconds = start.elapsed().as_secs_f64();
    place(&file, &bytes)?;
    Ok(Built { file, plugin, seconds, is_new })
}

fn compile(project: &Project) -> Result<Made> {
    match project.language {
        Language::Rust => rust::compile(project),
        Language::Python => python::compile(project),
        Language::JavaScript => javascript::compile(project),
        Language::Go => go::compile(project),
        Language::Zig => zig::compile(project),
        Language::C => clang::compile(project),
    }
}

/// Nobody ever reads half a file: it is written beside, then renamed.
fn place(file: &Path, bytes: &[u8]) -> Result<()> {
    let beside = file.with_extension(format!("wasm.new-{}", std::process::id()));
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&beside, bytes));
    let placed = written.and_then(|()| fs::rename(&beside, file));
    placed.into_diagnostic().wrap_err_with(|| format!("{} cannot be written", file.display()))
}

fn report(built: &Built) -> String {
    let Built { file, plugin, seconds, is_new } = built;
    let how = if *is_new { "compiles" } else { "as it was; loads" };
    let mut lines = vec![format!(
        "{} ({}; {how} in {})",
        text::escape_line(&file.display().to_string()),
        number::bytes(plugin.bytes() as u64),
        number::seconds(*seconds)
    )];
    let requests: Vec<&str> = plugin.requests().iter().map(|request| request.name()).collect();
    lines.push(match requests.is_empty() {
        true => "  can    compute, and nothing else".to_owned(),
        false => format!("  asks   for {}: a pipeline has to grant it (`still inspect` says how)", requests.join(", ")),
    });
    let steps = plugin.steps().into_iter().map(|step| {
        format!("  {}  {} - {}", text::escape_line(&step.name), step.kind, text::escape_line(&step.summary))
    });
    lines.extend(steps);
    lines.join("\n") + "\n"
}

/// Says something that is not a failure.
fn remark(words: &str) {
    progress::note(&text::escape(words));
}
