//! What the tests of whole pipelines share: a folder, an engine, a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use stillroom::pipeline::Settings;
use stillroom::{Builtins, CompileCache, Engine, EngineOptions, Error, Pipeline, Plan, Progress, Report, RunOptions};
use tempfile::TempDir;

/// The built-in plugins.
pub const BUILTINS: Builtins = Builtins::new(stillroom_builtin::PLUGINS);

/// An engine with so many threads; made once a process, with a compile cache that the tests share.
pub fn engine(threads: usize) -> &'static Engine {
    static ENGINES: [OnceLock<Engine>; 5] = [const { OnceLock::new() }; 5];
    ENGINES[threads].get_or_init(|| {
        let cache = CompileCache::Folder(root().join("target/tmp/compile-cache"));
        Engine::new(EngineOptions { threads, cache, ..EngineOptions::default() }).expect("the sandbox can be set up")
    })
}

/// A test guest's file, built by `cargo xtask plugins`.
pub fn guest(name: &str) -> PathBuf {
    let path = root().join("target/guests").join(name).with_extension("wasm");
    assert!(path.exists(), "{} is not built: run `cargo xtask plugins`", path.display());
    path
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// A folder for one test. In a pipeline's text, `DIR` stands for it and `GUESTS` for the test guests' folder.
pub struct Bench {
    dir: TempDir,
}

impl Default for Bench {
    fn default() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder can be made") }
    }
}

impl Bench {
    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        self.dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("the temporary folder can be written");
        path
    }

    /// Reads a file of the folder.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// What lies in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The pipeline of a text.
    pub fn pipeline(&self, text: &str) -> Result<Pipeline, Error> {
        let text = text
            .replace("DIR", &self.dir.path().to_string_lossy())
            .replace("GUESTS", &root().join("target/guests").to_string_lossy());
        // One variable, and not the machine's own.
        let lookup = |name: &str| (name == "STILLROOM_TEST").then(|| "a test's".to_owned());
        let settings = Settings { env: Some(&lookup), ..Settings::default() };
        Ok(Pipeline::parse_with_settings("test.yaml", &text, &settings)?)
    }

    /// Plans and runs a text on two threads.
    pub fn run(&self, text: &str) -> Result<Report, Error> {
        self.run_on(2, text)
    }

    /// Plans and runs a text.
    pub fn run_on(&self, threads: usize, text: &str) -> Result<Report, Error> {
        self.plan_on(threads, text)?.run(RunOptions::default())
    }

    /// Plans and runs a text that somebody watches.
    pub fn run_watched(&self, text: &str, progress: Arc<Progress>) -> Result<Report, Error> {
        self.plan_on(2, text)?.run(RunOptions { progress, ..RunOptions::default() })
    }

    /// Plans a text.
    pub fn plan(&self, text: &str) -> Result<Plan, Error> {
        self.plan_on(2, text)
    }

    fn plan_on(&self, threads: usize, text: &str) -> Result<Plan, Error> {
        Plan::new(engine(threads), &self.pipeline(text)?, BUILTINS)
    }
}

/// What an error says: message, place as `line:column` where it has one, help.
pub fn explain(error: &Error) -> String {
    use miette::Diagnostic;
    let mut text = error.to_string();
    if let (Some(source), Some(labels)) = (error.source_code(), error.labels()) {
        for label in labels {
            if let Ok(place) = source.read_span(label.inner(), 0, 0) {
                text += &format!("\n at {}:{}", place.line() + 1, place.column() + 1);
            }
        }
    }
    if let Some(help) = error.help() {
        text += &format!("\n help: {help}");
    }
    text
}
