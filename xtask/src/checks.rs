//! Checks that need more than cargo brings: sanitizers, and `cargo deny`.

use std::{env, ffi::OsString, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::{
    shell::{output, run, say},
    toolchain::{Toolchain, cargo, target_dir},
};

/// The crates with `unsafe` in what runs natively and in the sandbox alike; they need few others.
const UNSAFE: [&str; 3] = ["stillroom-sdk", "stillroom-plugin-text", "stillroom-plugin-dedup"];

/// The version of `cargo deny` that the lists of `deny.toml` are for.
const DENY: &str = "0.20.2";

/// The tests of what is `unsafe` under AddressSanitizer: every access is to memory that is there.
pub(crate) fn sanitize() -> Result<()> {
    let target = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "x86_64-unknown-linux-gnu",
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        (os, arch) => {
            say(format_args!(
                "sanitize: left out, it is set up for Linux on x86-64 and AArch64, not for {os} on {arch}"
            ));
            return Ok(());
        }
    };
    let runtime = Toolchain::find()?.sysroot.join("lib/rustlib").join(target).join("lib/librustc-stable_rt.asan.a");
    if !runtime.exists() {
        say(format_args!("sanitize: left out, this toolchain has no AddressSanitizer ({})", runtime.display()));
        return Ok(());
    }
    let mut test = cargo();
    test.args(["test", "--release", "--lib", "--tests", "--target", target]);
    UNSAFE.iter().for_each(|package| _ = test.args(["--package", package]));
    // The flag is not a stable one; what it does is, for as long as the toolchain is pinned.
    test.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    run(test.env("CARGO_TARGET_DIR", target_dir().join("asan")))
}

/// Licences, sources and versions of all crates, by `deny.toml`; known vulnerabilities where their list can be had.
pub(crate) fn deny() -> Result<()> {
    let deny = find_deny()?;
    let check = |what: &[&str]| {
        let mut check = cargo();
        check.arg("deny").args(["--locked", "--log-level", "error", "check", "--hide-inclusion-graph"]).args(what);
        check.env("PATH", &deny);
        check
    };
    run(&mut check(&["licenses", "bans", "sources"]))?;
    if let Err(error) = output(cargo().arg("deny").args(["--locked", "fetch", "db"]).env("PATH", &deny)) {
        let reason = format!("{error:#}");
        let reason = reason.lines().next_back().unwrap_or_default();
        say(format_args!("deny: advisories were NOT looked at, their list cannot be fetched: {reason}"));
        return Ok(());
    }
    run(&mut check(&["advisories"]))
}

/// `PATH` with `cargo deny` on it. Where there is none of the version it is built, unoptimised, which takes a minute or two,
/// once.
fn find_deny() -> Result<OsString> {
    let tools = target_dir().join("tools");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.join("bin")).chain(env::split_paths(&path)).collect::<Vec<PathBuf>>();
    let path = env::join_paths(folders).context("PATH")?;
    let version = Command::new(tools.join("bin/cargo-deny")).arg("--version").output();
    let is_there = |version: &[u8]| String::from_utf8_lossy(version).trim().ends_with(DENY);
    if version.is_ok_and(|output| is_there(&output.stdout)) {
        return Ok(path);
    }
    say(format_args!("cargo install cargo-deny {DENY}"));
    let mut install = cargo();
    install.args(["install", "cargo-deny", "--locked", "--no-default-features", "--quiet", "--version"]);
    install.arg(format!("={DENY}")).arg("--root").arg(&tools).arg("--target-dir").arg(tools.join("build"));
    // It runs for seconds; it need not be fast.
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
    run(install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64"))?;
    Ok(path)
}
