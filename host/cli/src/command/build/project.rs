//! A plugin's folder: in which language it is written, and what it is called.

use std::fs;
use std::path::{Path, PathBuf};

use miette::{Result, miette};
use serde_json::Value;

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Language {
    Python,
    /// TypeScript too.
    JavaScript,
    Go,
    Zig,
    /// C++ too.
    C,
    Rust,
}

/// What names a plugin whose language has no manifest; without it that is its folder's name.
pub(in crate::command) const NAMES: &str = "stillroom.toml";

/// A plugin's folder.
#[derive(Debug)]
pub(in crate::command) struct Project {
    pub(in crate::command) folder: PathBuf,
    pub(super) language: Language,
    pub(in crate::command) name: String,
    /// What the file says that names the plugin: pyproject.toml, package.json, Cargo.toml, stillroom.toml; null where there is
    /// none.
    pub(super) manifest: Value,
}

impl Project {
    /// What lies in a folder.
    pub(in crate::command) fn find(folder: &Path) -> Result<Self> {
        if !folder.is_dir() {
            return Err(miette!("there is no folder {}", folder.display()));
        }
        let Some(language) = language(folder) else {
            let help = "a plugin has a pyproject.toml, package.json, go.mod, Cargo.toml, or files in .zig, .c or .cpp; \
                        `still new NAME --lang LANGUAGE` begins one";
            return Err(miette!(help = help, "{} holds no plugin's sources", folder.display()));
        };
        let manifest = manifest(folder, language)?;
        let name = name(folder, language, &manifest)?;
        Ok(Self { folder: folder.to_owned(), language, name, manifest })
    }

    /// The file that it becomes.
    pub(in crate::command) fn component(&self) -> PathBuf {
        self.folder.join("dist").join(&self.name).with_added_extension("wasm")
    }

    /// A file of the SDK: the project's own copy, or beside it in the SDK's own folder.
    pub(super) fn sdk(&self) -> PathBuf {
        let own = Path::new("sdk");
        if self.folder.join(own).is_dir() { own.to_owned() } else { Path::new("../src").to_owned() }
    }

    /// What stands under `stillroom` in the manifest.
    pub(super) fn setting(&self, name: &str) -> Option<&Value> {
        let own = match self.language {
            Language::Python => self.manifest.get("tool")?.get("stillroom"),
            _ => self.manifest.get("stillroom"),
        };
        own?.get(name)
    }

    /// The interfaces that it wants to import, where its language has to be told before it compiles.
    pub(super) fn imports(&self) -> Result<Vec<&str>> {
        let Some(imports) = self.setting("imports") else { return Ok(Vec::new()) };
        let wrong = || miette!("`imports` is a list of `log`, `http`, `llm` and `embedding`, not {imports}");
        let names = imports.as_array().ok_or_else(wrong)?.iter().map(Value::as_str);
        let names = names.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        let known = |name: &&str| matches!(*name, "log" | "http" | "llm" | "embedding");
        if names.iter().all(known) { Ok(names) } else { Err(wrong()) }
    }

    /// Files of its folder, not of those within, that end in one of these; by name.
    pub(super) fn sources(&self, endings: &[&str]) -> Vec<PathBuf> {
        files(&self.folder, endings)
    }
}

fn language(folder: &Path) -> Option<Language> {
    let has = |name: &str| folder.join(name).is_file();
    Some(match () {
        () if has("pyproject.toml") => Language::Python,
        () if has("package.json") => Language::JavaScript,
        () if has("go.mod") => Language::Go,
        () if has("build.zig") || !files(folder, &["zig"]).is_empty() => Language::Zig,
        () if !files(folder, &["c", "cpp", "cc", "cxx"]).is_empty() => Language::C,
        () if has("Cargo.toml") => Language::Rust,
        () => return None,
    })
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let ends = |path: &PathBuf| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file() && ends(path)).collect();
    files.sort();
    files
}

fn manifest(folder: &Path, language: Language) -> Result<Value> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| miette!("{} cannot be read: {error}", path.display()))
    };
    let unfit = |name: &str, why: &dyn std::fmt::Display| miette!("{}: {why}", folder.join(name).display());
    match language {
        Language::Python => toml::from_str(&read("pyproject.toml")?).map_err(|why| unfit("pyproject.toml", &why)),
        Language::Rust => toml::from_str(&read("Cargo.toml")?).map_err(|why| unfit("Cargo.toml", &why)),
        Language::JavaScript => serde_json::from_str(&read("package.json")?).map_err(|why| unfit("package.json", &why)),
        Language::Go => {
            let text = read("go.mod")?;
            let module = text.lines().find_map(|line| line.trim().strip_prefix("module "));
            Ok(serde_json::json!({ "name": module.and_then(|module| module.trim().rsplit('/').next()) }))
        }
        // These have no manifest of their own.
        Language::Zig | Language::C if !folder.join(NAMES).is_file() => Ok(Value::Null),
        Language::Zig | Language::C => toml::from_str(&read(NAMES)?).map_err(|why| unfit(NAMES, &why)),
    }
}

/// What its manifest calls it, or else its folder.
fn name(folder: &Path, language: Language, manifest: &Value) -> Result<String> {
    let said = match language {
        Language::Python => manifest.get("project").and_then(|project| project.get("name")),
        Language::Rust => manifest.get("package").and_then(|package| package.get("name")),
        _ => manifest.get("name"),
    };
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = match said.and_then(Value::as_str) {
        // A package of npm's may be `@somebody/name`.
        Some(name) => name.rsplit('/').next().unwrap_or(name).to_owned(),
        None => real.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(miette!("{}: `{name}` is no name for a plugin's file", folder.display()));
    }
    Ok(name)
}
