//! Zig: its compiler makes a core module; the author's `build.zig` is for editors and not run.

use std::ffi::OsString;
use std::process::Command;

use miette::{Result, miette};

use super::{Made, Project, tool};

const INSTALL: &str = "pip install ziglang==0.17.1";

/// The SDK is written for this one: Zig changes its language with each.
const VERSION: &str = "0.17.";

/// How zig is called: by its name, or as the Python package that it comes in.
const WAYS: &[&str] = &["zig", "python3 -m ziglang", "python -m ziglang"];

/// How zig is called here, and its version, where it is there at all: as the author says, or in the first of the usual ways whose
/// version begins with `wanted`, or else in the first that is there.
pub(super) fn find(wanted: &str) -> Option<(Vec<String>, String)> {
    let said = std::env::var("STILLROOM_ZIG").ok().filter(|said| !said.trim().is_empty());
    let ways = said.as_deref().into_iter().chain(WAYS.iter().copied());
    let mut first = None;
    for way in ways.filter_map(found) {
        if way.1.starts_with(wanted) {
            return Some(way);
        }
        first = first.or(Some(way));
    }
    first
}

fn found(way: &str) -> Option<(Vec<String>, String)> {
    let words: Vec<String> = way.split_whitespace().map(str::to_owned).collect();
    let (program, arguments) = words.split_first()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["version"]).collect();
    let version = tool::version(program, &arguments)?;
    Some((words, version))
}

pub(super) fn compile(project: &Project) -> Result<Made> {
    let (way, version) = find(VERSION).ok_or_else(|| tool::missing("zig", INSTALL))?;
    if !version.starts_with(VERSION) {
        let help = format!("install it: {INSTALL}");
        return Err(miette!(help = help, "a step in Zig needs Zig {VERSION}x, and this is {version}"));
    }
    let sources = project.sources(&["zig"]);
    let is_step = |path: &&std::path::PathBuf| path.file_stem().is_some_and(|stem| stem == "step");
    let is_source = |path: &&std::path::PathBuf| path.file_stem().is_some_and(|stem| stem != "build");
    let root = sources.iter().find(is_step).or_else(|| sources.iter().find(is_source));
    let root = root.and_then(|root| root.file_name()).ok_or_else(|| miette!("there is no file `step.zig` here"))?;
    let scratch = tool::scratch()?;
    let module = scratch.path().join("core.wasm");
    let mut zig = Command::new(&way[0]);
    zig.current_dir(&project.folder).args(&way[1..]).arg("build-exe");
    zig.args(["-target", "wasm32-freestanding", "-mcpu", "generic+simd128+bulk_memory", "-fno-entry", "-rdynamic"]);
    zig.args(["-O", "ReleaseSafe", "-fstrip", "--stack", "65536", "--dep", "stillroom"]);
    let mut main = OsString::from("-Mroot=");
    main.push(root);
    zig.arg(main).arg(format!("-Mstillroom={}", project.sdk().join("stillroom.zig").display()));
    zig.arg(format!("-femit-bin={}", module.display())).arg("--cache-dir").arg(scratch.path().join("cache"));
    tool::call(&mut zig, INSTALL)?;
    tool::made(&module).map(Made::from)
}
