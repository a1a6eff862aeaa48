//! Every language's conformance plugin against the same cases, and the page that shows it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    languages::{LANGUAGES, Language, still, with_tools},
    shell::{run, say},
    tasks,
    toolchain::root,
};

/// The page that is made of it.
const PAGE: &str = "docs/conformance.md";

/// Of each case, whether it passed, in the order of the languages.
type Matrix = BTreeMap<String, Vec<Option<bool>>>;

/// Builds each language's plugin, runs all cases against it, prints the matrix and writes the page.
pub(crate) fn conformance(only: &[&str]) -> Result<()> {
    let languages: Vec<&Language> =
        LANGUAGES.iter().filter(|language| only.is_empty() || only.contains(&language.folder)).collect();
    if languages.is_empty() {
        bail!("there is no such language; there are {}", LANGUAGES.map(|language| language.folder).join(", "));
    }
    let mut matrix = Matrix::new();
    for (at, language) in languages.iter().enumerate() {
        let plugin = build(language)?;
        for (case, passed) in cases(language, &plugin)? {
            matrix.entry(case).or_insert_with(|| vec![None; languages.len()])[at] = Some(passed);
        }
    }
    let page = page(&languages, &matrix);
    print!("{page}");
    if only.is_empty() {
        fs::write(root().join(PAGE), &page).with_context(|| format!("cannot write {PAGE}"))?;
    }
    let failed = matrix.values().flatten().filter(|passed| **passed != Some(true)).count();
    if failed > 0 {
        bail!("{failed} cases failed: `still test --plugin FILE --cases tests/conformance` says why");
    }
    if only.is_empty() { together() } else { Ok(()) }
}

/// A step of every language in one pipeline, over real texts: all count the same words.
fn together() -> Result<()> {
    tasks::run_demo("demo/languages.yaml")?;
    let differences = "out/demo/differences.jsonl";
    let different =
        fs::read_to_string(root().join(differences)).with_context(|| format!("cannot read {differences}"))?;
    match different.lines().count() {
        0 => Ok(()),
        rows => bail!("the languages do not agree on {rows} texts: {differences}"),
    }
}

/// Fails where a case fails, or where the page that is there is not the one that would be written.
pub(crate) fn check() -> Result<()> {
    let before = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    conformance(&[])?;
    let after = fs::read_to_string(root().join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    if before != after {
        bail!("{PAGE} was not up to date; it is now");
    }
    Ok(())
}

fn build(language: &Language) -> Result<PathBuf> {
    let folder = root().join("sdk").join(language.folder).join("conformance");
    say(format_args!("{}: the conformance plugin", language.name));
    if folder.join("package.json").exists() {
        run(Command::new(npm()).args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    run(with_tools(Command::new(still()).arg("build").arg(&folder))?)?;
    Ok(folder.join("dist/conformance.wasm"))
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// What `still test --json` says of each case.
fn cases(language: &Language, plugin: &Path) -> Result<Vec<(String, bool)>> {
    let cases = root().join("tests/conformance");
    let mut test = Command::new(still());
    test.arg("test").arg("--plugin").arg(plugin).arg("--cases").arg(&cases).arg("--json");
    // It fails where a case does; what its lines say counts.
    let answered = test.output().with_context(|| format!("cannot start {}", still().display()))?;
    let lines = String::from_utf8_lossy(&answered.stdout);
    let told: Vec<(String, bool)> = lines.lines().filter_map(parse).collect();
    let there = fs::read_dir(&cases).context("tests/conformance")?.count();
    if told.len() != there {
        bail!("{}: {} of {there} cases ran\n{}", language.name, told.len(), String::from_utf8_lossy(&answered.stderr));
    }
    for line in lines.lines().filter(|line| line.contains("\"passed\":false")) {
        say(format_args!("{}: {line}", language.name));
    }
    Ok(told)
}

/// The name and the outcome in a line of `still test --json`. Names are of letters, digits and `-`.
fn parse(line: &str) -> Option<(String, bool)> {
    let name = line.strip_prefix("{\"case\":\"")?.split('"').next()?;
    let passed = line.split_once("\"passed\":")?.1.starts_with("true");
    Some((name.to_owned(), passed))
}

fn page(languages: &[&Language], matrix: &Matrix) -> String {
    let mut page = String::from(
        "# Conformance\n\n\
         One input and one expectation for all languages. Each language's SDK has the same plugin (`sdk/<language>/conformance`), and each case\n\
         of [tests/conformance](../tests/conformance) runs against all of them in the sandbox: as it is, in new instances, row by row and all at\n\
         once. This page is made by `cargo xtask conformance`.\n\n| case |",
    );
    languages.iter().for_each(|language| _ = write!(page, " {} |", language.name));
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(languages.len()));
    for (case, passed) in matrix {
        _ = write!(page, "\n| {case} |");
        for passed in passed {
            page.push_str(if *passed == Some(true) { " yes |" } else { " **no** |" });
        }
    }
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_name_and_outcome() {
        let line = r#"{"case":"echo-binary","passed":false,"seconds":0.02,"findings":["\"passed\":true"]}"#;
        assert_eq!(parse(line), Some(("echo-binary".to_owned(), false)));
        assert_eq!(parse("progress"), None);
    }
}
