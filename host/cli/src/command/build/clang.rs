//! C and C++: zig's clang, which brings its libc along, or the machine's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use miette::{Result, miette};

use super::{Made, Project, remark, tool};

const INSTALL: &str = "pip install ziglang==0.17.1";

const CPP: &[&str] = &["cpp", "cc", "cxx"];

/// What a module imports that was built for a system.
const SYSTEM: &str = "wasi_snapshot_preview1";

pub(super) fn compile(project: &Project) -> Result<Made> {
    let (c, cpp) = (project.sources(&["c"]), project.sources(CPP));
    let scratch = tool::scratch()?;
    let module = scratch.path().join("core.wasm");
    let compiler = Compiler { sdk: project.sdk(), folder: project.folder.clone(), scratch: scratch.path().to_owned() };
    match (c.is_empty(), cpp.is_empty()) {
        (false, true) => compiler.link(false, &["-std=c11"], &c, &module)?,
        (true, false) => compiler.link(true, CPP_FLAGS, &cpp, &module)?,
        _ => {
            // A language's own flags are refused for the other one.
            let objects = compiler.objects(false, &["-std=c11"], &c)?.into_iter();
            let objects: Vec<PathBuf> = objects.chain(compiler.objects(true, CPP_FLAGS, &cpp)?).collect();
            compiler.link(true, &[], &objects, &module)?;
        }
    }
    let bytes = tool::made(&module)?;
    let adapters = match has_system(&bytes) {
        false => Vec::new(),
        true => {
            remark(
                "it asks for a system's input and output (printf?), which a step does not have: a line of the log is `sr_log`",
            );
            let stub = project.folder.join(compiler.sdk.join("wasi-stub.wat"));
            let stub = wat::parse_file(&stub).map_err(|error| miette!("{}: {error}", stub.display()))?;
            vec![(SYSTEM.to_owned(), stub)]
        }
    };
    Ok(Made { bytes, adapters })
}

const CPP_FLAGS: &[&str] = &["-std=c++17", "-fno-exceptions", "-fno-rtti"];

struct Compiler {
    sdk: PathBuf,
    folder: PathBuf,
    scratch: PathBuf,
}

impl Compiler {
    fn link(&self, is_cpp: bool, flags: &[&str], files: &[PathBuf], module: &Path) -> Result<()> {
        let mut command = self.command(is_cpp, flags)?;
        command.args(["-mexec-model=reactor", "-Wl,-z,stack-size=65536", "-s"]);
        tool::call(command.args(names(files)).arg("-o").arg(module), INSTALL).map(drop)
    }

    fn objects(&self, is_cpp: bool, flags: &[&str], files: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let object = |(at, file): (usize, &PathBuf)| {
            let object = self.scratch.join(format!("{at}-{is_cpp}.o"));
            let mut command = self.command(is_cpp, flags)?;
            tool::call(command.arg("-c").args(names(std::slice::from_ref(file))).arg("-o").arg(&object), INSTALL)?;
            Ok(object)
        };
        files.iter().enumerate().map(object).collect()
    }

    fn command(&self, is_cpp: bool, flags: &[&str]) -> Result<Command> {
        let words = find(is_cpp)?;
        let mut command = Command::new(&words[0]);
        command.current_dir(&self.folder).args(&words[1..]);
        command.env("ZIG_LOCAL_CACHE_DIR", self.scratch.join("zig"));
        command.args(["--target=wasm32-wasi", "-O3", "-msimd128", "-Wall", "-Wextra"]).args(flags);
        command.arg("-I").arg(&self.sdk);
        Ok(command)
    }
}

/// The compiler: what the author says, zig, or clang.
fn find(is_cpp: bool) -> Result<Vec<String>> {
    let (variable, kind, clang) = match is_cpp {
        false => ("STILLROOM_CC", "cc", "clang"),
        true => ("STILLROOM_CXX", "c++", "clang++"),
    };
    let words = |words: &[&str]| Ok(words.iter().map(|word| (*word).to_owned()).collect());
    if let Some(said) = std::env::var(variable).ok().filter(|said| !said.trim().is_empty()) {
        return words(&said.split_whitespace().collect::<Vec<_>>());
    }
    if let Some((zig, _)) = super::zig::find("") {
        return Ok(zig.into_iter().chain([kind.to_owned()]).collect());
    }
    match tool::version(clang, &["--version"]) {
        Some(_) => words(&[clang]),
        None => Err(miette!(
            help = format!("install it: {INSTALL} (zig's Python package; nothing else is needed)"),
            "a step in C needs a compiler for WebAssembly: neither `zig` nor `{clang}` is there"
        )),
    }
}

/// By their names where they lie in the project's folder, in which the compiler is called.
fn names(files: &[PathBuf]) -> Vec<OsString> {
    let name = |file: &PathBuf| match file.extension().is_some_and(|ending| ending == "o") {
        true => file.clone().into_os_string(),
        false => file.file_name().unwrap_or_default().to_owned(),
    };
    files.iter().map(name).collect()
}

fn has_system(module: &[u8]) -> bool {
    module.windows(SYSTEM.len()).any(|window| window == SYSTEM.as_bytes())
}
