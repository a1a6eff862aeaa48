//! Lists what `still new` writes: the SDKs and their templates, as they are in `sdk/`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// What compilers and package managers leave, and nobody wants in a new plugin.
const LEFT: &[&str] = &["__pycache__", "node_modules", "zig-out", ".zig-cache", ".pytest_cache"];

/// And what `still` leaves where somebody builds a template in its place.
const BUILT: &[&str] = &["target", "dist", "build", "out"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
    let mut files = Vec::new();
    for language in entries(&root) {
        println!("cargo::rerun-if-changed={}", language.display());
        for part in entries(&language) {
            let name = name(&part);
            let is_carried = name == "src" || name.starts_with("template") || name.starts_with('v');
            if is_carried || name == "stub.wat" || name == "Cargo.toml" {
                walk(&part, &mut files);
            }
        }
    }
    let entry = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        format!("    ({name:?}, include_bytes!({:?})),\n", path.canonicalize().unwrap_or(path.clone()))
    };
    let entries: String = files.iter().map(entry).collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("carried.rs"), format!("&[\n{entries}]\n")).expect("OUT_DIR can be written");
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_dir() {
        entries(path).iter().for_each(|path| walk(path, files));
    } else if path.extension().is_none_or(|extension| extension != "wasm" && extension != "pyc") {
        files.push(path.to_owned());
    }
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_template = name(folder).starts_with("template");
    let is_left = |name: &str| LEFT.contains(&name) || (is_template && BUILT.contains(&name));
    let mut entries: Vec<_> = entries.filter(|path| !is_left(&name(path))).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
