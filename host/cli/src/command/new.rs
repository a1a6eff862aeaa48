//! `still new`: a folder that builds and passes its test at once.

mod name;
mod sdk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, WrapErr, miette};

use self::name::Name;
pub(super) use self::sdk::carried;
use super::build::NAMES;
use crate::args::{NewArgs, Start};
use crate::home;
use crate::show::text;

/// Writes a plugin's folder and says what comes next.
pub(super) fn new(args: &NewArgs) -> Result<ExitCode> {
    let name = Name::parse(&args.name)?;
    if matches!(args.lang, Start::Python) && name.is_pythons() {
        return Err(miette!(
            "`{}` is a module of Python's own library, and the plugin's file would hide it",
            args.name
        ));
    }
    let folder = args.dir.as_deref().map_or_else(|| PathBuf::from(&name.kebab), home::expand_path);
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        let help = "another name, or `--dir` with another folder";
        return Err(miette!(help = help, "{} is there already, and not empty", folder.display()));
    }
    let files = files(args.lang, &name)?;
    for (path, bytes) in &files {
        write(&folder.join(path), bytes)?;
    }
    let shown = text::escape_line(&folder.display().to_string());
    let install = if matches!(args.lang, Start::Js | Start::Ts) { "  npm install\n" } else { "" };
    super::print(&format!(
        "{shown}: {} files\n\nnext:\n  cd {shown}\n{install}  still build\n  still test\n  still run pipeline.yaml\n",
        files.len()
    ))
}

/// What is written, by paths within the folder: the template with its name put in, and the SDK.
fn files(start: Start, name: &Name) -> Result<Vec<(String, Vec<u8>)>> {
    let (language, template) = match start {
        Start::Python => ("python", "template"),
        Start::Js => ("js", "template-js"),
        Start::Ts => ("js", "template-ts"),
        Start::C => ("c", "template"),
        Start::Cpp => ("c", "template-cpp"),
        Start::Go => ("go", "template"),
        Start::Zig => ("zig", "template"),
        Start::Rust => ("rust", "template"),
    };
    let template: Vec<(&str, &[u8])> = sdk::within(&format!("{language}/{template}/")).collect();
    if template.is_empty() {
        return Err(miette!("this `still` was built without a template for {language}"));
    }
    let mut files: Vec<(String, Vec<u8>)> =
        template.into_iter().map(|(path, bytes)| (name.put_into(path), put_into(name, bytes))).collect();
    files.extend(sdk::vendored(language)?);
    if matches!(start, Start::C | Start::Cpp | Start::Zig) {
        files.push((NAMES.to_owned(), format!("name = \"{}\"\n", name.kebab).into_bytes()));
    }
    Ok(files)
}

/// The name in the place of its placeholders; what is no text has none.
fn put_into(name: &Name, bytes: &[u8]) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.to_vec(), |text| name.put_into(text).into_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
    written.into_diagnostic().wrap_err_with(|| format!("{} cannot be written", path.display()))
}
