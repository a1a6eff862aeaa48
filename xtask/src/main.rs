//! The project's own commands: `cargo xtask` lists them.
//!
//! Each command is a function of its own in the module that knows how. This crate compiles in seconds and stays so:
//! it depends on nothing that the product depends on.

mod apt;
mod build_std;
mod checks;
mod conformance;
mod fuzz;
mod languages;
mod plugins;
mod sdk;
mod setup;
mod shell;
mod tasks;
mod toolchain;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask <command>

  setup    makes Rust's wasm32-unknown-unknown target usable; does nothing where it is
           --from-source  builds its standard library here, with SIMD, even where there is one
  plugins  setup, then builds every plugin and test guest to a .wasm file under target/
  build    plugins, then the program target/release/still
  test     plugins, then the supply chain, formatting, lints, every test and the sanitizer
           -- ARGS        only `cargo test --release ARGS`
  sdk      build, then each language's five commands as its sdk/LANGUAGE/README.md has them, in an empty folder; a part of `test`
           LANGUAGE...    only these
  fuzz     TARGET [-- ARGS]  libFuzzer over a target of fuzz/ until it finds something; ARGS are libFuzzer's
  sanitize the tests of what is `unsafe` under AddressSanitizer; a part of `test`
  deny     licences, sources and advisories of all crates (`cargo deny`); a part of `test`
  native   the SDKs' own tests, outside the sandbox; a part of `test`
  conformance [NAME…]  every language's plugin against the same cases; writes docs/conformance.md; a part of `test`
  demo     build, then runs the pipelines of demo/ over the sources in cargo's registry folder
  bench    build, then every benchmark
";

fn main() -> ExitCode {
    if let Some(compiled) = fuzz::wrap() {
        // The compiler has said what was wrong.
        return if compiled.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        [] | ["help" | "-h" | "--help", ..] | [_, "-h" | "--help"] => print!("{HELP}"),
        ["setup"] => setup::setup()?,
        ["setup", "--from-source"] => setup::from_source()?,
        ["plugins"] => plugins::plugins()?,
        ["build"] => tasks::build()?,
        ["test"] => tasks::test()?,
        ["test", "--", only @ ..] => tasks::test_only(only)?,
        ["sdk", languages @ ..] => sdk::sdk(languages)?,
        ["fuzz", target] => fuzz::fuzz(target, &[])?,
        ["fuzz", target, "--", args @ ..] => fuzz::fuzz(target, args)?,
        ["sanitize"] => checks::sanitize()?,
        ["deny"] => checks::deny()?,
        ["native"] => languages::native()?,
        ["conformance", only @ ..] => conformance::conformance(only)?,
        ["demo"] => tasks::demo()?,
        ["bench"] => tasks::bench()?,
        _ => bail!("`{}` is not understood\n\n{HELP}", args.join(" ")),
    }
    Ok(())
}
