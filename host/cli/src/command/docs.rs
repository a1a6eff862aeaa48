//! `still docs`: a page about a plugin's steps, made of what the plugin says of itself.

use std::path::Path;
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use stillroom::{Engine, PluginOptions};

use super::inspect;
use crate::args::DocsArgs;
use crate::home;
use crate::show::{page, text};

/// The page that lists the others.
const INDEX: &str = "README.md";

/// Writes a page, or one for each built-in plugin.
pub(super) fn docs(args: &DocsArgs) -> Result<ExitCode> {
    let engine = args.cache.engine(Some(1))?;
    let output = args.output.as_deref().map(home::expand_path);
    let Some(name) = &args.plugin else {
        let folder =
            output.ok_or_else(|| miette!("`--builtin` writes several pages: name a folder with `--output`"))?;
        return builtin(&engine, &folder);
    };
    let (plugin, origin) = inspect::open(&engine, name, PluginOptions::default())?;
    let page = match origin {
        "file" => page::of_file(&plugin),
        _ => page::of_builtin(&plugin),
    };
    match output {
        None => super::print(&page),
        Some(file) => {
            write(&file, &page)?;
            super::print(&format!("wrote {}\n", text::escape_line(&file.display().to_string())))
        }
    }
}

fn builtin(engine: &Engine, folder: &Path) -> Result<ExitCode> {
    let mut plugins = Vec::new();
    for (name, _) in super::builtins().iter() {
        plugins.push(inspect::open(engine, name, PluginOptions::default())?.0);
    }
    std::fs::create_dir_all(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("the folder {} cannot be made", folder.display()))?;
    for plugin in &plugins {
        write(&folder.join(plugin.name()).with_extension("md"), &page::of_builtin(plugin))?;
    }
    write(&folder.join(INDEX), &page::index(&plugins))?;
    super::print(&format!(
        "wrote {} and {} more to {}\n",
        INDEX,
        plugins.len(),
        text::escape_line(&folder.display().to_string())
    ))
}

fn write(file: &Path, page: &str) -> Result<()> {
    std::fs::write(file, page).into_diagnostic().wrap_err_with(|| format!("{} cannot be written", file.display()))
}
