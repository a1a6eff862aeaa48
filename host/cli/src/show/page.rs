//! A plugin's page in Markdown. The same plugin gives the same page, wherever it is.

use std::path::Path;

use serde_json::Value;
use stillroom::{ColumnInfo, Plugin, StepInfo, grants_yaml};

use super::markdown::{block, code, inline};
use super::parameter::{Parameter, examples, parameters};
use super::plugin::kind;

/// The page of a plugin that a pipeline names by its file.
pub(crate) fn of_file(plugin: &Plugin) -> String {
    let path = Path::new(plugin.name());
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let title = path.file_stem().unwrap_or_default().to_string_lossy();
    // Where it lies here is nobody's business elsewhere.
    page(plugin, &title, &format!("./{file}"), "")
}

/// The page of a built-in plugin.
pub(crate) fn of_builtin(plugin: &Plugin) -> String {
    let name = plugin.name();
    page(plugin, name, name, &format!("A built-in plugin. `still docs {name}` writes this page.\n\n"))
}

/// A page that lists the steps of all these built-in plugins.
pub(crate) fn index(plugins: &[Plugin]) -> String {
    let mut page = "# Built-in steps\n\n`still docs --builtin` writes these pages; `still steps` shows the same.\n\n\
                    | step | kind | what it does |\n|---|---|---|\n"
        .to_owned();
    for plugin in plugins {
        let name = plugin.name();
        for step in plugin.steps() {
            let link = format!("{name}.md#{}", anchor(&step));
            let path = code(&format!("{name}/{}", step.name));
            page += &format!("| [{path}]({link}) | {} | {} |\n", step.kind, inline(&step.summary));
        }
    }
    page
}

fn page(plugin: &Plugin, title: &str, path: &str, remark: &str) -> String {
    let steps = plugin.steps();
    let mut page = format!("# {}\n\n{remark}", inline(title));
    page += "| step | kind | what it does |\n|---|---|---|\n";
    for step in &steps {
        let row =
            format!("| [{}](#{}) | {} | {} |\n", code(&step.name), anchor(step), step.kind, inline(&step.summary));
        page += &row;
    }
    page += &format!("\n{}\n", abilities(plugin, path));
    steps.iter().for_each(|step| page += &section(step, path));
    page
}

/// As the page's reader makes it of the heading. (A step's name is of letters, digits, `-` and `_`.)
fn anchor(step: &StepInfo) -> String {
    step.name.to_ascii_lowercase()
}

/// What it could do where a pipeline lets it.
fn abilities(plugin: &Plugin, path: &str) -> String {
    let requests = plugin.requests();
    if requests.is_empty() {
        return "It can compute, and nothing else.".to_owned();
    }
    let mut words = "It can compute. What more it asks for, a pipeline grants or does not:\n\n".to_owned();
    for request in requests {
        words += &format!("- {}: {}\n", code(request.name()), request.could());
    }
    words + "\n" + &block("yaml", &grants_yaml(path, requests))
}

fn section(step: &StepInfo, path: &str) -> String {
    let mut section = format!("\n## {}\n\n{}\n\n{}\n", step.name, inline(&step.summary), capital(&kind(step.kind)));
    let parameters = parameters(&step.params);
    if !parameters.is_empty() {
        section += "\n### Parameters\n\nUnder `with:`.\n\n| name | what it may be | default | what it does |\n|---|---|---|---|\n";
        parameters.iter().for_each(|one| section += &parameter(one));
    }
    if !step.columns.is_empty() {
        section += "\n### Columns\n\nOf the data; `columns:` gives them other names.\n\n| name | type | | what it is |\n|---|---|---|---|\n";
        step.columns.iter().for_each(|one| section += &column(one));
    }
    section + &format!("\n### Example\n\n{}\n", block("yaml", &example(step, path)))
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>() + ".").unwrap_or_default()
}

fn parameter(one: &Parameter) -> String {
    let default = match one.default.as_str() {
        "" => "none".to_owned(),
        "required" => "**required**".to_owned(),
        default => code(default),
    };
    format!("| {} | {} | {default} | {} |\n", code(&one.name), inline(&one.kind), inline(&one.description))
}

fn column(one: &ColumnInfo) -> String {
    let types: Vec<String> = one.data_types.iter().map(|words| code(words)).collect();
    let types = if types.is_empty() { "any".to_owned() } else { types.join(" or ") };
    let required = if one.required { "**required**" } else { "optional" };
    format!("| {} | {types} | {required} | {} |\n", code(&one.name), inline(&one.summary))
}

/// A pipeline with the step, and a value for each parameter that it requires.
fn example(step: &StepInfo, path: &str) -> String {
    let mut lines = vec!["steps:".to_owned()];
    if step.kind != "source" {
        lines.extend(["  - id: read".to_owned(), "    source: data/in.jsonl".to_owned()]);
    }
    lines.extend([
        format!("  - id: {}", plain(&step.name)),
        format!("    use: {}", plain(&format!("{path}/{}", step.name))),
    ]);
    let values = examples(&step.params);
    if !values.is_empty() {
        lines.push("    with:".to_owned());
        lines.extend(values.iter().map(|(name, value)| format!("      {}: {value}", plain(name))));
    }
    lines.extend(["  - id: write".to_owned(), "    sink: out/out.jsonl".to_owned()]);
    lines.join("\n")
}

/// A text in YAML: as it is where that can be nothing else, or else as in JSON.
fn plain(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_');
    let is_word = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || text.starts_with("./"));
    let is_other =
        matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    match is_word && !is_other && text.chars().all(is_safe) {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_manifest_is_text_on_the_page() {
        let evil = "<img src=x onerror=alert(1)> | [x](javascript:1) ``` \n# Heading";
        let step = StepInfo {
            name: "evil".to_owned(),
            kind: "transform",
            summary: evil.to_owned(),
            params: serde_json::json!({
                "required": ["a|b`c"],
                "properties": { "a|b`c": { "type": "string", "default": "```\n<b>|", "description": evil } },
            }),
            columns: vec![ColumnInfo {
                name: "c|<i>".to_owned(),
                data_types: vec!["list<utf8>".to_owned(), "x`|".to_owned()],
                required: true,
                summary: evil.to_owned(),
            }],
        };
        let expected = r#"
## evil

&lt;img src=x onerror=alert(1)&gt; &#124; \[x\](javascript:1) &#96;&#96;&#96; \# Heading

Transform: works on any batch by itself, on all threads.

### Parameters

Under `with:`.

| name | what it may be | default | what it does |
|---|---|---|---|
| <code>a&#124;b&#96;c</code> | string | **required** | &lt;img src=x onerror=alert(1)&gt; &#124; \[x\](javascript:1) &#96;&#96;&#96; \# Heading |

### Columns

Of the data; `columns:` gives them other names.

| name | type | | what it is |
|---|---|---|---|
| <code>c&#124;&lt;i&gt;</code> | `list<utf8>` or <code>x&#96;&#124;</code> | **required** | &lt;img src=x onerror=alert(1)&gt; &#124; \[x\](javascript:1) &#96;&#96;&#96; \# Heading |

### Example

````yaml
steps:
  - id: read
    source: data/in.jsonl
  - id: evil
    use: ./evil.wasm/evil
    with:
      "a|b`c": "```\n<b>|"
  - id: write
    sink: out/out.jsonl
````
"#;
        let page = section(&step, "./evil.wasm");
        // Of entities, which ones is no matter.
        let page = page.replace("&#60;", "&lt;").replace("&#62;", "&gt;");
        assert_eq!(page, expected, "{page}");
    }

    #[test]
    fn names_are_quoted_where_yaml_would_see_something_else() {
        for (text, expected) in [
            ("text/normalise", "text/normalise"),
            ("./a.wasm/b", "./a.wasm/b"),
            ("./a b.wasm/b", "\"./a b.wasm/b\""),
            ("a: b", "\"a: b\""),
            ("null", "\"null\""),
            ("12", "\"12\""),
            ("-", "\"-\""),
            ("a\"\n```", "\"a\\\"\\n```\""),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
