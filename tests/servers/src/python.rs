//! Python packages of fixed versions, each set in an environment of its own under `target/servers`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// The interpreter of the environment `name`, with these packages (a line each, `package==version`) and no others.
///
/// Installs them where that was not done yet; several tests may ask at once.
pub fn environment(name: &str, packages: &str) -> Result<PathBuf> {
    let base = folder()?;
    let (venv, bin) = (base.join(name), if cfg!(windows) { "Scripts" } else { "bin" });
    let (python, stamp) = (venv.join(bin).join(PYTHON), venv.join("stillroom-packages"));
    let lock = base.join(format!("{name}.lock"));
    let lock = File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
    lock.lock().with_context(|| format!("cannot lock the environment {name}"))?;
    if fs::read_to_string(&stamp).is_ok_and(|there| there == packages) {
        return Ok(python);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).with_context(|| format!("cannot remove {}", venv.display()))?;
    }
    run(Command::new(PYTHON).args(["-m", "venv"]).arg(&venv))?;
    let list = base.join(format!("{name}.txt"));
    fs::write(&list, packages).with_context(|| format!("cannot write {}", list.display()))?;
    // The list is complete. Compiling all of it takes longer than what is used of it, when it is.
    let how = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"];
    run(Command::new(&python).args(how).args(["--only-binary", ":all:", "-r"]).arg(&list))?;
    fs::write(&stamp, packages).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// Where servers, their models and their logs are kept: `target/servers`.
pub fn folder() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let folder = target.join("servers");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))
}

fn run(command: &mut Command) -> Result<()> {
    let done = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !done.status.success() {
        bail!("{command:?} failed ({}):\n{}", done.status, String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}
