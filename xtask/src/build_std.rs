//! The target's standard library, built from source with SIMD and placed where the compiler looks for it.
//!
//! A function of a std without `simd128` is not inlined into code that has it, so a std of our own is worth having for
//! its speed alone: the same byte loop costs 1.2–1.3 × native with it, and 1.55–1.7 × with the downloaded one.

use std::{fs, io::ErrorKind, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    apt,
    shell::{TempDir, output, replace_dir, run, say},
    toolchain::{TARGET, Toolchain, cargo, target_dir},
};

/// The file that says which compiler a folder placed in the sysroot is for.
pub(crate) const MARK: &str = "stillroom-xtask";

/// `opt-level` and `codegen-units` as in the std that rustup downloads.
const MANIFEST: &str = r#"
[package]
name = "xtask-empty"
version = "0.0.0"
edition = "2024"

[profile.release]
opt-level = 3
codegen-units = 1

[workspace]
"#;

/// Puts the standard library in the sysroot, and its source if it is not there.
pub(crate) fn install(toolchain: &Toolchain) -> Result<()> {
    let work = TempDir::new()?;
    ensure_source(toolchain, work.path())?;

    say(format_args!("building the standard library of rustc {} for {TARGET}: about a minute", toolchain.release));
    let staged = work.path().join("staged");
    build(toolchain, work.path(), &staged)
        .with_context(|| format!("cannot build the standard library in {}", work.path().display()))?;

    let to = toolchain.target_dir();
    say(format_args!("placing it in {}", to.display()));
    // rustup fails at its next update where files it has placed are gone: it must take them away itself.
    // Where it cannot, its list is of no use to anybody.
    if toolchain.target_is_rustups()
        && let Err(error) = run(Command::new("rustup").args(["target", "remove", TARGET]))
    {
        say(format_args!("{error:#}; replacing it all the same"));
    }
    replace_dir(&staged, &to)?;
    // Cargo does not see that the library under its feet is another one.
    let built = target_dir().join(TARGET);
    match fs::remove_dir_all(&built) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", built.display()))
        }
        _ => Ok(()),
    }
}

/// The source must be this compiler's own. One without our mark is rustup's, which keeps it in step; one with another
/// compiler's mark was left behind by an update.
fn ensure_source(toolchain: &Toolchain, work: &Path) -> Result<()> {
    let library = toolchain.library_source();
    let stale = fs::read_to_string(library.join(MARK)).is_ok_and(|commit| commit != toolchain.commit);
    if library.join("std/Cargo.toml").exists() && !stale {
        say(format_args!("using the source in {}", library.display()));
        return Ok(());
    }
    let package = apt::download("rust-src", &toolchain.release, work)?;
    let unpacked = work.join("rust-src");
    run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&unpacked))?;
    let from = unpacked.join(format!("usr/src/rustc-{}/library", toolchain.release));
    if !from.join("std/Cargo.toml").exists() {
        bail!("the package rust-src {} holds no source of std", toolchain.release);
    }
    say(format_args!("placing the source in {}", library.display()));
    fs::write(from.join(MARK), &toolchain.commit)?;
    replace_dir(&from, &library)
}

/// Builds an empty crate together with its standard library, and stages the latter's files as the sysroot has them.
fn build(toolchain: &Toolchain, work: &Path, staged: &Path) -> Result<()> {
    let (package, target) = (work.join("empty"), work.join("target"));
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("Cargo.toml"), MANIFEST)?;
    fs::write(package.join("src/lib.rs"), "")?;
    // In a folder of its own and with flags of its own: no configuration of a project reaches it.
    let mut cargo = cargo();
    cargo.current_dir(&package).args(["build", "--quiet", "--release", "-Zbuild-std=std,panic_abort"]);
    cargo.args(["--target", TARGET, "--target-dir"]).arg(&target);
    cargo.env("RUSTC_BOOTSTRAP", "1");
    // Bitcode, so that plugins can be linked with LTO through std.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes\x1f-Ctarget-feature=+simd128");
    output(&mut cargo)?;

    fs::create_dir_all(staged.join("lib"))?;
    fs::write(staged.join(MARK), &toolchain.commit)?;
    for entry in fs::read_dir(target.join(TARGET).join("release/deps"))? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libxtask_empty") {
            fs::rename(entry.path(), staged.join("lib").join(&name))?;
        }
    }
    Ok(())
}
