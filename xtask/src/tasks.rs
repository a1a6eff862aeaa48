//! The commands that are mostly calls of cargo.

use std::{env, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    checks, conformance, languages, plugins, sdk,
    shell::{run, say},
    toolchain::{cargo, root, target_dir},
};

/// Plugins first: the program carries them.
pub(crate) fn build() -> Result<()> {
    plugins::plugins()?;
    run(cargo().args(["build", "--release", "--package", "stillroom-cli"]))
}

/// Every check runs even where one before it fails: one call tells all there is to repair. What fails is told
/// again at the end.
pub(crate) fn test() -> Result<()> {
    plugins::plugins()?;
    let tests: [(&str, &[&str]); 3] = [
        ("formatting (`cargo fmt` repairs it)", &["fmt", "--all", "--check"]),
        // In the release profile, which shares build scripts and macros with what is built anyway.
        ("clippy", &["clippy", "--release", "--workspace", "--all-targets", "--", "-Dwarnings"]),
        ("tests", &["test", "--release", "--workspace", "--no-fail-fast"]),
    ];
    let mut failed = Vec::new();
    let mut check = |name: &'static str, checked: Result<()>| {
        if let Err(error) = checked {
            say(format_args!("{error:#}"));
            failed.push(name);
        }
    };
    say(format_args!("the supply chain"));
    check("the supply chain (`deny.toml`)", checks::deny());
    for (name, args) in tests {
        say(format_args!("cargo {}", args.join(" ")));
        check(name, run(cargo().args(args)));
    }
    // With the program that the tests were built with.
    check("the SDKs' read-mes (`cargo xtask sdk`)", sdk::from_nothing(&[]));
    check("conformance (`cargo xtask conformance`)", conformance::check());
    // Behind it: JavaScript's tests need what npm has installed for that.
    check("the SDKs' own tests (`cargo xtask native`)", languages::native());
    say(format_args!("what is `unsafe`, under AddressSanitizer"));
    check("what is `unsafe` (`cargo xtask sanitize`)", checks::sanitize());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Some of the tests, without the other checks. Not `--workspace`: it would overrule `--package`.
pub(crate) fn test_only(args: &[&str]) -> Result<()> {
    plugins::plugins()?;
    run(cargo().args(["test", "--release"]).args(args))
}

pub(crate) fn demo() -> Result<()> {
    build()?;
    run_demo("demo/corpus.yaml")?;
    run_demo("demo/code.yaml")?;
    say(format_args!("the results are in {}", root().join("out/demo").display()));
    Ok(())
}

/// Runs a pipeline over the sources in cargo's registry folder.
pub(crate) fn run_demo(pipeline: &str) -> Result<()> {
    let text = fs::read_to_string(root().join(pipeline)).with_context(|| format!("cannot read {pipeline}"))?;
    say(format_args!("still run {pipeline}"));
    let mut still = Command::new(target_dir().join("release/still"));
    still.current_dir(root()).args(["run", pipeline]);
    if let Some(globs) = env::var_os("CARGO_HOME").and_then(|home| globs_in_cargo_home(&text, Path::new(&home))) {
        still.arg("--set").arg(format!("read.source.files={globs}"));
    }
    run(&mut still)
}

/// The demo reads cargo's registry at its usual place, `~/.cargo`; where `CARGO_HOME` is another, its globs go there.
fn globs_in_cargo_home(pipeline: &str, cargo_home: &Path) -> Option<String> {
    const USUAL: &str = "~/.cargo";
    if env::home_dir().is_some_and(|home| home.join(".cargo") == cargo_home) {
        return None;
    }
    let lines = pipeline.lines().filter(|line| !line.trim_start().starts_with('#'));
    let globs = lines.filter_map(|line| {
        let rest = line.split_once(USUAL)?.1.split(['"', '\'']).next()?;
        Some(format!("'{}{rest}'", cargo_home.display()))
    });
    let globs: Vec<_> = globs.collect();
    (!globs.is_empty()).then(|| format!("[{}]", globs.join(", ")))
}

/// The program as users run it, against peers and by itself; then what a boundary and a sandbox cost.
pub(crate) fn bench() -> Result<()> {
    build()?;
    for script in ["bench/cpu3/compare.py", "bench/minhash/compare.py", "bench/scale.py"] {
        let still = target_dir().join("release/still");
        run(Command::new("python3").arg(root().join(script)).arg("--still").arg(still))?;
    }
    run(cargo().args(["bench", "--package", "stillroom-bench"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_follows_cargo_home() {
        let pipeline = "\
            # from ~/.cargo\n\
            source:\n  files:\n    - \"~/.cargo/registry/src/*/*/**/*.md\"\n    - '~/.cargo/registry/src/*/*/LICENSE*'\n";
        let elsewhere = globs_in_cargo_home(pipeline, Path::new("/elsewhere"));
        let expected = "['/elsewhere/registry/src/*/*/**/*.md', '/elsewhere/registry/src/*/*/LICENSE*']";
        assert_eq!(elsewhere.as_deref(), Some(expected));
        assert_eq!(globs_in_cargo_home("steps: []", Path::new("/elsewhere")), None);
        let usual = env::home_dir().unwrap().join(".cargo");
        assert_eq!(globs_in_cargo_home(pipeline, &usual), None);
    }
}
