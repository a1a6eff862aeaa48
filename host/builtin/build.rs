//! Lists what `cargo xtask plugins` left in `target/plugins`, one `.wasm` a plugin.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("target/plugins");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut plugins: Vec<_> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    plugins.sort();
    if plugins.is_empty() {
        println!("cargo::error=the built-in plugins are not built yet: run `cargo xtask plugins` first");
        return;
    }
    let entries: String = plugins
        .iter()
        .map(|path| {
            println!("cargo::rerun-if-changed={}", path.display());
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            format!("    (\"{name}\", include_bytes!({:?})),\n", path.canonicalize().unwrap_or(path.clone()))
        })
        .collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("plugins.rs"), format!("&[\n{entries}]\n")).expect("OUT_DIR can be written");
}
