//! The SDKs and their templates, which the program carries: a plugin has the SDK of the program that made it.

use miette::{Result, miette};

/// By their paths in `sdk/`.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// A file by its path in `sdk/`.
pub(in crate::command) fn carried(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

/// The files of a folder of `sdk/`, by their paths within it.
pub(super) fn within(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(folder)?, *bytes)))
}

/// A language's SDK as it stands in a project, by paths within that.
pub(super) fn vendored(language: &str) -> Result<Vec<(String, Vec<u8>)>> {
    if language == "rust" {
        return rust();
    }
    let folder = format!("{language}/src/");
    let files = within(&folder);
    let files: Vec<(String, Vec<u8>)> = files.map(|(path, bytes)| (format!("sdk/{path}"), bytes.to_vec())).collect();
    if files.is_empty() { Err(miette!("this `still` was built without the SDK for {language}")) } else { Ok(files) }
}

/// The Rust SDK is a crate that reads the contract beside it, as in the repository.
fn rust() -> Result<Vec<(String, Vec<u8>)>> {
    let files = within("rust/src/").map(|(path, bytes)| (format!("sdk/rust/src/{path}"), bytes.to_vec()));
    let mut files: Vec<(String, Vec<u8>)> = files.collect();
    let contract = within("wit/").map(|(path, bytes)| (format!("sdk/wit/{path}"), bytes.to_vec()));
    files.extend(contract);
    let manifest = carried("rust/Cargo.toml").and_then(|bytes| std::str::from_utf8(bytes).ok());
    let manifest = manifest.ok_or_else(|| miette!("this `still` was built without the SDK for Rust"))?;
    files.push(("sdk/rust/Cargo.toml".to_owned(), stand_alone(manifest).into_bytes()));
    Ok(files)
}

/// The crate's manifest without what it has of the workspace, and without what its own tests need.
fn stand_alone(manifest: &str) -> String {
    let mut lines = vec![
        "[package]".to_owned(),
        "name = \"stillroom-sdk\"".to_owned(),
        format!("version = {:?}", env!("CARGO_PKG_VERSION")),
        "edition = \"2024\"".to_owned(),
        format!("rust-version = {:?}", env!("CARGO_PKG_RUST_VERSION")),
        format!("license = {:?}", env!("CARGO_PKG_LICENSE")),
        String::new(),
    ];
    let mut is_kept = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = line == "[dependencies]" || line.starts_with("[target.");
        }
        if is_kept && !line.starts_with('#') {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_sdk_stands_alone() {
        let files = rust().unwrap();
        let manifest = &files.iter().find(|(path, _)| path == "sdk/rust/Cargo.toml").unwrap().1;
        let manifest = std::str::from_utf8(manifest).unwrap();
        assert!(!manifest.contains("workspace") && !manifest.contains("dev-dependencies"), "{manifest}");
        let parsed: toml::Table = toml::from_str(manifest).unwrap();
        assert!(parsed["dependencies"].get("bytemuck").is_some() && parsed["target"].is_table(), "{manifest}");
        for path in ["sdk/rust/src/lib.rs", "sdk/wit/v0.1/step.wit"] {
            assert!(files.iter().any(|(name, _)| name == path), "{path}");
        }
    }

    #[test]
    fn nothing_is_carried_that_was_built() {
        for (path, _) in FILES {
            assert!(
                !path.contains("node_modules") && !path.contains("__pycache__") && !path.ends_with(".wasm"),
                "{path}"
            );
        }
    }
}
