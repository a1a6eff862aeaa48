//! Whether a component keeps the contract, as far as that shows before it is given rows.

use std::path::Path;

use miette::{Result, miette};
use stillroom::testing::is_type;
use stillroom::{Engine, Plugin, PluginOptions, StepInfo};

/// Loads it, whatever it asks for, asks it for its steps, and looks at what it says of them.
pub(super) fn check(engine: &Engine, file: &Path, bytes: &[u8]) -> Result<Plugin> {
    let options = PluginOptions { grants: super::super::inspect::anything(), ..PluginOptions::default() };
    let plugin = Plugin::load(engine, &file.display().to_string(), bytes, &options)?;
    let wrong: Vec<String> = plugin.steps().iter().flat_map(wrong).collect();
    match wrong.is_empty() {
        true => Ok(plugin),
        false => Err(miette!("{} does not keep the contract:\n{}", file.display(), wrong.join("\n"))),
    }
}

/// What is wrong with what a step says of itself, beyond what loading refuses.
fn wrong(step: &StepInfo) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: String| wrong.push(format!("step `{}`: {what}", step.name));
    if step.summary.trim().is_empty() || step.summary.contains('\n') {
        say("its summary is not one line of text".to_owned());
    }
    if step.params.get("type").is_some_and(|kind| kind != "object") {
        say("its parameters' schema is not one of an object".to_owned());
    }
    if step.params.get("properties").is_some_and(|properties| !properties.is_object()) {
        say("its parameters' schema has `properties` that are no object".to_owned());
    }
    for column in &step.columns {
        for words in column.data_types.iter().filter(|words| !is_type(words)) {
            say(format!("column `{}` takes `{words}`, which is no type", column.name));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stillroom::ColumnInfo;

    use super::*;

    #[test]
    fn what_a_step_says_of_itself_has_a_meaning() {
        let column = |words: &str| ColumnInfo {
            name: "c".into(),
            data_types: vec![words.into()],
            required: true,
            summary: String::new(),
        };
        let step = |summary: &str, params, words: &str| StepInfo {
            name: "s".into(),
            kind: "transform",
            summary: summary.into(),
            params,
            columns: vec![column(words)],
            columns_by_default: Vec::new(),
        };
        let schema = json!({ "type": "object", "properties": {} });
        assert!(wrong(&step("Does.", schema.clone(), "list<utf8>")).is_empty());
        assert!(wrong(&step("Does.", json!({}), "timestamp")).is_empty());
        for (step, words) in [
            (step(" ", schema.clone(), "utf8"), "not one line"),
            (step("a\nb", schema.clone(), "utf8"), "not one line"),
            (step("Does.", json!({ "type": "array" }), "utf8"), "not one of an object"),
            (step("Does.", json!({ "properties": [] }), "utf8"), "no object"),
            (step("Does.", schema, "string"), "`string`, which is no type"),
        ] {
            let found = wrong(&step);
            assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
        }
    }
}
