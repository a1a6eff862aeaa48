//! Every language's five commands, as its author reads them: from nothing to a passing test.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    plugins,
    shell::{run, say},
    toolchain::{cargo, root, target_dir},
};

/// Builds the program, and then as [`from_nothing`].
pub(crate) fn sdk(only: &[&str]) -> Result<()> {
    plugins::plugins()?;
    // As the tests build it: one package alone would have other features, and compile the sandbox once more.
    run(cargo().args(["test", "--release", "--workspace", "--no-run"]))?;
    from_nothing(only)
}

/// The languages, or those that are named, with the program that was built last; all of them are tried, also behind one that
/// fails.
pub(crate) fn from_nothing(only: &[&str]) -> Result<()> {
    let languages = languages(&root().join("sdk"))?;
    if let Some(unknown) = only.iter().find(|name| !languages.iter().any(|(language, _)| language == *name)) {
        let known: Vec<&str> = languages.iter().map(|(language, _)| language.as_str()).collect();
        bail!("no SDK `{unknown}` has five commands; these have: {}", known.join(", "));
    }
    let mut failed = Vec::new();
    for (language, commands) in languages {
        if !only.is_empty() && !only.contains(&language.as_str()) {
            continue;
        }
        say(format_args!("{language}: from nothing to a passing test"));
        if let Err(error) = run_commands(&language, &commands) {
            say(format_args!("{language}: {error:#}"));
            failed.push(language);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Each folder of `sdk/` whose read-me has commands, with these.
fn languages(sdk: &Path) -> Result<Vec<(String, String)>> {
    let mut languages = Vec::new();
    for entry in fs::read_dir(sdk).with_context(|| format!("cannot read {}", sdk.display()))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(text) = fs::read_to_string(folder.join("README.md"))
            && let Some(commands) = commands(&text)
        {
            languages.push((name, commands.to_owned()));
        }
    }
    languages.sort();
    Ok(languages)
}

/// The first block of shell commands in a read-me.
fn commands(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```sh\n")?;
    rest.split_once("```").map(|(commands, _)| commands)
}

/// Runs them in an empty folder. What they install goes into an environment beside it, and not into the machine.
fn run_commands(language: &str, commands: &str) -> Result<()> {
    let base = target_dir().join("sdk").join(language);
    let (work, venv) = (base.join("work"), base.join("venv"));
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    if commands.contains("pip install") && !venv.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let own = [venv.join("bin"), base.join("npm/bin"), target_dir().join("release")];
    let path = env::join_paths(own.into_iter().chain(env::split_paths(&path)).collect::<Vec<PathBuf>>())?;
    let mut shell = Command::new("sh");
    shell.args(["-e", "-u", "-x", "-c", commands]).current_dir(&work).env("PATH", path).env("VIRTUAL_ENV", &venv);
    shell.env("npm_config_prefix", base.join("npm")).env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    // What cargo says to this program is not meant for the cargo that the commands may call.
    for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_ENCODED_RUSTFLAGS", "RUSTUP_TOOLCHAIN"] {
        shell.env_remove(name);
    }
    run(&mut shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_commands_is_taken() {
        let text = "# X\n\n```python\nno\n```\n\n```sh\nstill new a\ncd a\n```\n\n```sh\nanother\n```\n";
        assert_eq!(commands(text), Some("still new a\ncd a\n"));
        assert_eq!(commands("# X\n```rust\n```\n"), None);
        assert_eq!(commands("```sh\nno end\n"), None);
    }

    /// Whoever reads a read-me's first block finds these three in it.
    #[test]
    fn every_sdk_has_its_commands() {
        for (language, commands) in languages(&root().join("sdk")).unwrap() {
            for words in ["still new ", "still build", "still test"] {
                assert!(commands.contains(words), "{language}: {words:?} in {commands}");
            }
        }
    }
}
