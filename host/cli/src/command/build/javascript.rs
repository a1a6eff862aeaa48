//! JavaScript and TypeScript: the SDK's own script bundles the step with its packages and makes a component of that.

use std::process::Command;

use miette::{Result, miette};

use super::{Made, Project, tool};

const INSTALL: &str = "Node 20 or later, with npm (Debian: `apt-get install -y nodejs npm`)";

/// Where npm puts the SDK.
const SCRIPT: &str = "node_modules/stillroom/build.mjs";

pub(super) fn compile(project: &Project) -> Result<Made> {
    tool::version("node", &["--version"]).ok_or_else(|| tool::missing("node", INSTALL))?;
    if !project.folder.join(SCRIPT).exists() {
        let help = format!("in {}: npm install", project.folder.display());
        return Err(miette!(help = help, "what the plugin is built with is not installed yet: there is no {SCRIPT}"));
    }
    let contract = tool::contract(&project.imports()?)?;
    let scratch = tool::scratch()?;
    let component = scratch.path().join("component.wasm");
    let mut node = Command::new("node");
    node.current_dir(&project.folder).arg(SCRIPT).arg("--wit").arg(contract.path()).arg("--out").arg(&component);
    let output = tool::try_call(&mut node, INSTALL)?;
    if !output.status.success() {
        // The script says what is wrong, and what to do.
        return Err(tool::failed(&node, &output, &tool::said(&output)));
    }
    tool::made(&component).map(Made::from)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_not_installed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.json"), "{\"name\": \"@me/shout\"}").unwrap();
        let project = Project::find(folder.path()).unwrap();
        assert_eq!(project.name, "shout");
        let told =
            compile(&project).err().map(|error| format!("{error} {:?}", error.help().map(|help| help.to_string())));
        let told = told.unwrap();
        assert!(told.contains("npm install") || told.contains("`node` is not there"), "{told}");
    }
}
