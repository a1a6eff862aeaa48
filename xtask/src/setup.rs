//! Makes the wasm target usable: by rustup where rustup can download, else built from the source that Debian packages.

use std::process::Command;

use anyhow::{Context, Error, Result, anyhow};

use crate::{
    build_std,
    shell::{run, say},
    toolchain::{TARGET, Toolchain},
};

/// Does what is missing, and in a moment nothing where nothing is.
pub(crate) fn setup() -> Result<()> {
    let toolchain = Toolchain::find()?;
    if toolchain.probe().is_ok() {
        return ready(&toolchain);
    }
    let no_rustup = match add_by_rustup(&toolchain) {
        Ok(()) => return ready(&toolchain),
        Err(error) => error,
    };
    say(format_args!("rustup cannot provide {TARGET}; building it from source"));
    build_std::install(&toolchain).map_err(|no_source| what_to_install(&toolchain, &no_rustup, &no_source))?;
    toolchain.probe()?;
    ready(&toolchain)
}

/// Builds the target's standard library here even where there is one: with SIMD, which the downloaded one is without.
pub(crate) fn from_source() -> Result<()> {
    let toolchain = Toolchain::find()?;
    build_std::install(&toolchain)?;
    toolchain.probe()?;
    ready(&toolchain)
}

fn ready(toolchain: &Toolchain) -> Result<()> {
    let std = if toolchain.std_is_ours() { "std built here, with SIMD" } else { "std as downloaded, without SIMD" };
    say(format_args!("{TARGET} is ready (rustc {}, {std})", toolchain.release));
    Ok(())
}

fn add_by_rustup(toolchain: &Toolchain) -> Result<()> {
    say(format_args!("rustup target add {TARGET}"));
    run(Command::new("rustup").args(["target", "add", TARGET]))?;
    toolchain.probe().context("rustup has added the target, but not to the rustc that is in use")
}

fn what_to_install(toolchain: &Toolchain, no_rustup: &Error, no_source: &Error) -> Error {
    let Toolchain { release, .. } = toolchain;
    let source = toolchain.library_source();
    anyhow!(
        "{TARGET} cannot be set up on this machine\n\
         - by rustup: {no_rustup:#}\n\
         - from source: {no_source:#}\n\
         Do one of these, then run this again:\n\
         - install rustup and a toolchain with it, and run `rustup target add {TARGET}`\n\
         - where rustc {release} is Debian's or Ubuntu's own: `apt-get install libstd-rust-dev-wasm32`\n\
         - put the folder `library` of Rust {release}'s source at {}",
        source.display()
    )
}
