//! libFuzzer over the fuzz targets, with the stable toolchain.
//!
//! Only the engine and the targets are instrumented: cargo calls this program in the place of the compiler for the crates of
//! the workspace, and it adds to the arguments for those two. So the libraries stay as they were built.

use std::{env, ffi::OsString, fs, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    shell::{run, say},
    toolchain::{cargo, root, target_dir},
};

/// Set where this program stands in the compiler's place.
const WRAPS: &str = "STILLROOM_XTASK_SANCOV";

/// The crates whose branches libFuzzer sees.
const SEEN: [&str; 2] = ["stillroom", "stillroom_fuzz"];

/// What clang's `-fsanitize=fuzzer-no-link` is to the compiler.
const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Compiles instead of the compiler, if that is what this program was called for.
pub(crate) fn wrap() -> Option<Result<()>> {
    env::var_os(WRAPS)?;
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let (rustc, args) = args.split_first()?;
    let name = args.iter().skip_while(|arg| *arg != "--crate-name").nth(1);
    let is_seen = name.is_some_and(|name| SEEN.iter().any(|seen| name == seen));
    Some(run(Command::new(rustc).args(args).args(if is_seen { &FLAGS[..] } else { &[] })))
}

/// Builds, and runs libFuzzer with `args` over the target until it finds something. What reached new code is kept in
/// `target/fuzz/NAME`, beginning with the corpus.
pub(crate) fn fuzz(name: &str, args: &[&str]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("libFuzzer is set up for Linux; `cargo run --release --bin stillroom-fuzz {name}` goes everywhere");
    }
    let this = env::current_exe().context("cannot find this program")?;
    run(cargo()
        .env("RUSTC_WORKSPACE_WRAPPER", this)
        .env(WRAPS, "1")
        // A folder of its own would have all libraries built again. As tests are built: with the same features of libraries.
        .args(["test", "--release", "--workspace", "--test", "bounded", "--no-run"])
        .args(["--features", "stillroom-fuzz/libfuzzer"]))?;
    let kept = target_dir().join("fuzz");
    let found = kept.join(name);
    fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
    let mut fuzzer = Command::new(target_dir().join("release/stillroom-fuzz"));
    fuzzer.env("STILLROOM_FUZZ", name).arg(&found).arg(root().join("fuzz/corpus").join(name));
    fuzzer.arg(format!("-artifact_prefix={}/{name}-", kept.display()));
    fuzzer.args(["-timeout=20", "-rss_limit_mb=4096", "-max_len=4096", "-print_final_stats=1"]).args(args);
    say(format_args!("libFuzzer over {name}; inputs are kept in {}", found.display()));
    run(&mut fuzzer)
}
