//! Which columns of the data a step is told of: those that its plugin declares or that the pipeline names. A stranger's
//! step sees neither the values nor the names of any other.

use std::collections::HashSet;

use serde_json::Value;

use crate::contract::v0_1::Manifest;
use crate::pipeline::{ColumnsSpec, PluginSpec, UseSpec};

/// The columns that a step is told of.
pub(super) struct Told<'a> {
    /// By its own names: what it declares, and what its parameters name.
    named: HashSet<String>,
    /// What the pipeline says of its plugin.
    allowed: Option<&'a ColumnsSpec>,
}

impl<'a> Told<'a> {
    pub(super) fn new(manifest: &Manifest, uses: &UseSpec, plugin: Option<&'a PluginSpec>) -> Self {
        let mut named: HashSet<String> = manifest.columns.iter().map(|column| column.name.clone()).collect();
        named.extend(uses.columns.keys().map(|own| own.value.clone()));
        uses.with.values().for_each(|value| mention(value, &mut named));
        // What a parameter is where nobody gives it, the plugin declares.
        let schema: Value = serde_json::from_str(&manifest.params).unwrap_or_default();
        let is_given = |name: &str| uses.with.keys().any(|given| given.value == name);
        named.extend(by_default(&schema, is_given));
        Self { named, allowed: plugin.and_then(|plugin| plugin.columns.as_ref()) }
    }

    /// Whether it is told of a column, by its own name for it and by the data's.
    pub(super) fn knows(&self, own: &str, theirs: &str) -> bool {
        match self.allowed {
            Some(ColumnsSpec::All) => true,
            Some(ColumnsSpec::These(names)) => names.iter().any(|name| name.value == theirs),
            None => self.named.contains(own),
        }
    }
}

/// Names that parameters have where nobody gives them: of columns, maybe. One of several choices is none.
pub(crate) fn by_default(params: &Value, is_given: impl Fn(&str) -> bool) -> HashSet<String> {
    let mut named = HashSet::new();
    for (name, schema) in params.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = schema.get("default").filter(|_| !is_given(name) && schema.get("enum").is_none()) {
            mention(default, &mut named);
        }
    }
    named
}

/// How to tell a step of a column that it wants.
pub(super) fn help(spec: Option<&PluginSpec>, plugin: &str, column: &str) -> String {
    match spec.and_then(|spec| spec.columns.as_ref()) {
        Some(_) => format!(
            "the data has a column `{column}`, which `columns:` of the plugin `{plugin}` leaves out: add it there, if it may \
             be read"
        ),
        None => format!(
            "the data has a column `{column}`, but the plugin does not declare it and the step does not name it, so it is not \
             told of it. If it may read it, list all that it may read: `plugins: {{ {plugin}: {{ columns: [{column}, …] }} }}`"
        ),
    }
}

/// The texts in a value, and what stands in braces in them, as in a template.
fn mention(value: &Value, named: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            let braced = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.trim());
            named.extend(braced.map(str::to_owned));
            named.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| mention(item, named)),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            named.insert(key.clone());
            mention(value, named);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_name_columns_but_choices_do_not() {
        let params = serde_json::json!({ "properties": {
            "column": { "default": "text" }, "form": { "enum": ["a", "b"], "default": "a" }, "given": { "default": "x" } } });
        assert_eq!(by_default(&params, |name| name == "given"), HashSet::from(["text".to_owned()]));
    }

    #[test]
    fn parameters_name_columns() {
        let mut named = HashSet::new();
        let value = serde_json::json!({ "a": ["b", 1, { "c": "d {e} {{ f }} {g" }], "h": null });
        mention(&value, &mut named);
        let mut named: Vec<String> = named.into_iter().collect();
        named.sort_unstable();
        assert_eq!(named, ["a", "b", "c", "d {e} {{ f }} {g", "e", "f", "h"]);
    }
}
