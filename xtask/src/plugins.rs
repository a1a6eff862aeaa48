//! Builds what runs in the sandbox: every crate of `plugins/` and `tests/guests/`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    setup,
    shell::{run, say},
    toolchain::{TARGET, cargo, root, target_dir},
};

/// Where the crates are, the workspace's profile that they are built with, and where each becomes `<folder's name>.wasm`. The
/// latter is the same whatever `CARGO_TARGET_DIR` says: the program's build script and the tests read it there.
const GROUPS: [(&str, &str, &str); 2] =
    [("plugins", "plugin", "target/plugins"), ("tests/guests", "guest", "target/guests")];

/// One call of cargo a group; a file is only written where its bytes have changed.
pub(crate) fn plugins() -> Result<()> {
    setup::setup()?;
    GROUPS.iter().try_for_each(|(folder, profile, to)| {
        let guests = crates(&root().join(folder))?;
        if !guests.is_empty() {
            build(&guests, profile)?;
        }
        place(&guests, profile, &root().join(to))
    })
}

fn build(guests: &[Guest], profile: &str) -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--profile", profile, "--target", TARGET]);
    // Flags in these are for the host's own code; the target's stand in .cargo/config.toml.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    for guest in guests {
        build.args(["--package", &guest.package]);
    }
    run(&mut build)
}

/// A crate that becomes a WebAssembly module.
#[derive(Debug, PartialEq)]
struct Guest {
    /// The folder's name, and so the module's.
    name: String,
    package: String,
    /// What the compiler calls the library.
    library: String,
}

/// The crates in a folder, by name; none where there is no such folder.
fn crates(folder: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        let manifest = path.join("Cargo.toml");
        if let (true, Some(name)) = (manifest.exists(), path.file_name().and_then(OsStr::to_str)) {
            let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
            let guest = guest(name, &text).with_context(|| format!("{} names no package", manifest.display()))?;
            guests.push(guest);
        }
    }
    guests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(guests)
}

fn guest(folder: &str, manifest: &str) -> Option<Guest> {
    let package = name_in("[package]", manifest)?;
    let library = name_in("[lib]", manifest).unwrap_or(package).replace('-', "_");
    Some(Guest { name: folder.into(), package: package.into(), library })
}

/// The value of `name = "…"` in one section of a manifest.
fn name_in<'a>(section: &str, manifest: &'a str) -> Option<&'a str> {
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != section).skip(1);
    let mut fields = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('='));
    fields.find(|(key, _)| key.trim() == "name")?.1.split('"').nth(1)
}

/// Makes `to` hold exactly these guests' modules.
fn place(guests: &[Guest], profile: &str, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for Guest { name, library, .. } in guests {
        let from = target_dir().join(TARGET).join(profile).join(format!("{library}.wasm"));
        let Ok(module) = fs::read(&from) else {
            bail!("the crate of `{name}` builds no {library}.wasm: it needs `crate-type = [\"cdylib\"]` under `[lib]`");
        };
        let to = to.join(format!("{name}.wasm"));
        if fs::read(&to).is_ok_and(|old| old == module) {
            continue;
        }
        write_whole(&to, &module)?;
        say(format_args!("{} ({} kB)", to.display(), module.len().div_ceil(1000)));
    }
    remove_others(guests, to)
}

/// Nobody ever reads half a file: it is written beside, then renamed.
fn write_whole(to: &Path, bytes: &[u8]) -> Result<()> {
    let beside = to.with_extension(format!("new-{}", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, to));
    written.with_context(|| format!("cannot write {}", to.display()))
}

/// A module whose crate is gone must not be taken for a plugin.
fn remove_others(guests: &[Guest], folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        let is_guest = guests.iter().any(|guest| path.file_stem() == Some(OsStr::new(&guest.name)));
        if path.extension() == Some(OsStr::new("wasm")) && !is_guest {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_manifest() {
        let manifest = "\
            [package]\n\
            version.workspace = true\n\
            name = \"stillroom-text\" # a remark\n\
            \n\
            [dependencies]\n\
            name = \"not-this\"\n";
        let expected =
            Guest { name: "text".into(), package: "stillroom-text".into(), library: "stillroom_text".into() };
        assert_eq!(guest("text", manifest), Some(expected));

        let manifest = "[lib]\ncrate-type = [\"cdylib\"]\nname=\"steps\"\n[package]\nname = \"text\"\n";
        let expected = Guest { name: "text".into(), package: "text".into(), library: "steps".into() };
        assert_eq!(guest("text", manifest), Some(expected));

        assert_eq!(guest("text", "[workspace]\nname = \"no-package\"\n"), None);
    }
}
