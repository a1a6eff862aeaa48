//! What a plugin says of itself, for people. All of it is a stranger's text, so it is escaped and wrapped here.

use stillroom::capability::Capability;
use stillroom::{ColumnInfo, Plugin, StepInfo, grants_yaml};

use super::parameter::{Parameter, parameters};
use super::table::{Side, Table};
use super::{number, text};
use crate::terminal::Stream;

/// The widest column of words in a list of parameters; longer descriptions are wrapped below.
const MAX_WORDS: usize = 48;

/// The plugin: where it comes from, what it may do, its steps in full.
pub(crate) fn plugin(stream: Stream, plugin: &Plugin, origin: &str) -> String {
    let mut lines = vec![
        format!("{} ({origin})", stream.bold(&text::escape_line(plugin.name()))),
        format!("  size     {}", number::bytes(plugin.bytes() as u64)),
        format!("  SHA-256  {}", plugin.digest()),
    ];
    lines.extend(abilities(stream, plugin.name(), plugin.requests()));
    for info in plugin.steps() {
        lines.push(String::new());
        lines.extend(step(stream, &info.name, &info));
    }
    lines.join("\n") + "\n"
}

/// A step: kind, summary, parameters, columns; `name` is what to call it.
pub(crate) fn step(stream: Stream, name: &str, info: &StepInfo) -> Vec<String> {
    let mut lines = vec![format!("{} - {}", stream.bold(&text::escape_line(name)), kind(info.kind))];
    lines.extend(indented(stream, 2, &info.summary));
    let parameters = parameters(&info.params);
    section(&mut lines, "Parameters (with:)", parameters.iter().map(|one| describe_parameter(stream, one)));
    section(&mut lines, "Columns (columns:)", info.columns.iter().map(|one| describe_column(stream, one)));
    if !info.columns_by_default.is_empty() {
        lines.extend([
            String::new(),
            "  Of other columns it is told where one has the name of a parameter's default:".to_owned(),
        ]);
        let names: Vec<String> = info.columns_by_default.iter().map(|name| format!("`{name}`")).collect();
        lines.extend(indented(stream, 4, &names.join(", ")));
    }
    lines
}

/// What it could do where it is granted what it asks for, and the lines that grant it.
fn abilities(stream: Stream, name: &str, requests: &[Capability]) -> Vec<String> {
    if requests.is_empty() {
        return vec!["  can      compute, and nothing else".to_owned()];
    }
    let mut lines = vec!["  can      compute, and what a pipeline grants it of what it asks for:".to_owned()];
    let widest = requests.iter().map(|request| request.name().len()).max().unwrap_or_default().max(7);
    for request in requests {
        let words = text::wrap(request.could(), stream.width().saturating_sub(13 + widest));
        let heads = std::iter::once(request.name()).chain(std::iter::repeat(""));
        lines.extend(words.iter().zip(heads).map(|(line, head)| format!("           {head:<widest$}  {line}")));
    }
    lines.push("  granted by".to_owned());
    lines.extend(grants_yaml(name, requests).lines().map(|line| format!("    {}", text::escape_line(line))));
    lines
}

/// The kind, and what it means for the rows.
pub(super) fn kind(kind: &str) -> String {
    let meaning = match kind {
        "transform" => "works on any batch by itself, on all threads",
        "ordered" => "sees every batch, in order",
        "global" => "sees all rows before it answers",
        "source" => "makes rows",
        _ => return text::escape_line(kind),
    };
    format!("{kind}: {meaning}")
}

/// A heading with what stands under it: an aligned line each, and its description below where that is long.
fn section(lines: &mut Vec<String>, heading: &str, entries: impl Iterator<Item = (Vec<String>, Vec<String>)>) {
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        return;
    }
    let mut table = Table::new(&[("", Side::Left), ("", Side::Left), ("", Side::Left)]);
    entries.iter().for_each(|(row, _)| table.push(row.clone()));
    lines.push(String::new());
    lines.push(format!("  {heading}"));
    for (line, (_, below)) in table.lines(4).into_iter().zip(entries) {
        lines.push(line);
        lines.extend(below);
    }
}

fn describe_parameter(stream: Stream, one: &Parameter) -> (Vec<String>, Vec<String>) {
    let default = match one.default.as_str() {
        "" => "optional".to_owned(),
        "required" => "required".to_owned(),
        default => format!("default {default}"),
    };
    let words = [&one.name, &one.kind, &default].map(|word| text::clip(word, MAX_WORDS, stream.ellipsis()));
    (words.to_vec(), indented(stream, 8, &one.description))
}

fn describe_column(stream: Stream, one: &ColumnInfo) -> (Vec<String>, Vec<String>) {
    let types = if one.data_types.is_empty() { "any type".to_owned() } else { one.data_types.join(" or ") };
    let required = if one.required { "required" } else { "optional" };
    let words = [one.name.as_str(), &types, required].map(|word| text::clip(word, MAX_WORDS, stream.ellipsis()));
    (words.to_vec(), indented(stream, 8, &one.summary))
}

fn indented(stream: Stream, indent: usize, words: &str) -> Vec<String> {
    let lines = text::wrap(words, stream.width().saturating_sub(indent));
    lines.into_iter().map(|line| " ".repeat(indent) + &line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_in_plain_words() {
        assert_eq!(abilities(Stream::Out, "x", &[]), ["  can      compute, and nothing else"]);
        let words = abilities(Stream::Out, "./x.wasm", &[Capability::Log, Capability::Http]).join("\n");
        let expected =
            "  granted by\n    plugins:\n      ./x.wasm:\n        grants:\n          log: info\n          http: [HOST]";
        assert!(words.contains("           http     send what it sees") && words.ends_with(expected), "{words}");
    }
}
