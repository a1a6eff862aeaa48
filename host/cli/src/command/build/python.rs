//! Python: componentize-py bundles CPython, the SDK and the step as a component.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde_json::Value;

use super::{Made, Project, tool};

const VERSION: &str = "0.25.1";
const INSTALL: &str = "pip install componentize-py==0.25.1";

/// What Python is called here.
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// The script that mends a component.
const MEND: &str = include_str!("../../../../../sdk/python/src/stillroom_mend.py");

/// What the SDK's script exits with where a component is another than it knows.
const UNKNOWN: i32 = 3;

/// Where pip puts what the step depends on.
const PACKAGES: &str = "build/packages";

/// A Python environment without packages: those of this machine are not the step's.
const EMPTY: &str = "build/empty";

pub(super) fn compile(project: &Project) -> Result<Made> {
    let found =
        tool::version("componentize-py", &["--version"]).ok_or_else(|| tool::missing("componentize-py", INSTALL))?;
    if !found.ends_with(&format!(" {VERSION}")) {
        return Err(miette!(help = format!("install it: {INSTALL}"), "`{found}` is not componentize-py {VERSION}"));
    }
    let contract = tool::contract(&project.imports()?)?;
    let has_packages = packages(project)?;
    let site = project.folder.join(EMPTY).join("lib/site-packages");
    fs::create_dir_all(&site).into_diagnostic().wrap_err_with(|| format!("{} cannot be made", site.display()))?;
    let environment = fs::canonicalize(project.folder.join(EMPTY)).into_diagnostic()?;
    let scratch = tool::scratch()?;
    let component = scratch.path().join("component.wasm");
    let mut command = Command::new("componentize-py");
    command.current_dir(&project.folder).env("VIRTUAL_ENV", environment);
    command.env_remove("PIPENV_ACTIVE").env_remove("PYTHONPATH");
    command.args(["-q", "-w", tool::WORLD, "-d"]).arg(contract.path()).args(["componentize", "stillroom_app"]);
    let sdk = project.setting("sdk").and_then(Value::as_str).unwrap_or("sdk");
    command.args(["--stub-wasi", "-p", ".", "-p", sdk]);
    if has_packages {
        command.args(["-p", PACKAGES]);
    }
    let output = tool::try_call(command.arg("-o").arg(&component), INSTALL)?;
    if !output.status.success() {
        return Err(failed(&command, &output));
    }
    mend(scratch.path(), &component)?;
    tool::made(&component).map(Made::from)
}

/// Has the component free what it returns, which this version of componentize-py forgets (`sdk/python/README.md`, "Memory"). One
/// that the SDK's script does not know stays as it was. The script is the one that this program carries, whatever the project has.
fn mend(scratch: &Path, component: &Path) -> Result<()> {
    let file = scratch.join("stillroom_mend.py");
    fs::write(&file, MEND).into_diagnostic().wrap_err_with(|| format!("{} cannot be written", file.display()))?;
    let mut script = Command::new(PYTHON);
    script.current_dir(scratch).arg(&file).arg(component);
    let output = tool::try_call(&mut script, "Python 3")?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(UNKNOWN) => {
            tracing::warn!("its memory grows with what it returns: {}", tool::said(&output).trim_end());
            Ok(())
        }
        _ => Err(tool::failed(&script, &output, &tool::said(&output))),
    }
}

/// Fetches what the step depends on, where that is not there already; answers whether there is anything.
fn packages(project: &Project) -> Result<bool> {
    let wanted = project.manifest.get("project").and_then(|about| about.get("dependencies")).and_then(Value::as_array);
    let wanted: Vec<&str> = wanted.into_iter().flatten().filter_map(Value::as_str).collect();
    let folder = project.folder.join(PACKAGES);
    let note = folder.join(".stillroom");
    if wanted.is_empty() || fs::read_to_string(&note).is_ok_and(|there| there == wanted.join("\n")) {
        return Ok(!wanted.is_empty());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).into_diagnostic()?;
    }
    fetch(&project.folder, &wanted)?;
    fs::create_dir_all(&folder).and_then(|()| fs::write(&note, wanted.join("\n"))).into_diagnostic()?;
    Ok(true)
}

/// Pure Python alone: what is compiled is compiled for this machine.
fn fetch(folder: &Path, wanted: &[&str]) -> Result<()> {
    if let Some(option) = wanted.iter().find(|name| name.starts_with('-')) {
        return Err(miette!("`{option}` under `dependencies` in pyproject.toml is an option of pip, and no package"));
    }
    let mut pip = Command::new(PYTHON);
    pip.current_dir(folder).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--upgrade", "--target", PACKAGES, "--only-binary=:all:", "--implementation", "py", "--abi", "none"]);
    let output = tool::try_call(pip.args(["--platform", "any", "--python-version", "3.14"]).args(wanted), "Python 3")?;
    if output.status.success() {
        return Ok(());
    }
    let said = tool::said(&output);
    let none =
        said.lines().find_map(|line| line.split_once("No matching distribution found for ")).map(|(_, name)| name);
    Err(match none {
        Some(name) => miette!(
            help = "only pure-Python packages run in a step: native code is compiled for this machine, not for the sandbox",
            "{} has no pure-Python wheel:\n{}",
            name.trim(),
            said.trim_end()
        ),
        None => tool::failed(&pip, &output, &said),
    })
}

/// What the SDK says of the step, where it came so far; the rest is the tool's own backtrace.
fn failed(command: &Command, output: &Output) -> miette::Report {
    let said = tool::said(output);
    let own = said.split_once("-- stillroom --\n").and_then(|(_, rest)| rest.split_once("-- end --"));
    match own {
        Some((own, _)) => miette!("the step does not load:\n{}", own.trim_end()),
        None => tool::failed(command, output, &said.lines().take(20).collect::<Vec<_>>().join("\n")),
    }
}
