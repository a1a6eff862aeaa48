//! A pipeline's runtime parameters and the values that they have.

use serde_json::Value;
use stillroom::pipeline::{Param, ParamKind};

use super::table::{Side, Table};
use super::text;
use crate::terminal::Stream;

/// Columns of a value.
const VALUE: usize = 40;

/// A line for each parameter, under a heading; none where there are no parameters.
pub(crate) fn params(stream: Stream, params: &[Param]) -> Vec<String> {
    if params.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[("", Side::Left); 4]);
    for param in params {
        let value = text::clip(&value(param), VALUE, stream.ellipsis());
        table.push(vec![
            param.name.value.clone(),
            kind(param.kind).to_owned(),
            value,
            text::escape_line(&param.origin),
        ]);
    }
    let mut lines = vec![stream.bold("parameters")];
    for (line, param) in table.lines(2).into_iter().zip(params) {
        let words = param.description.as_deref().map(text::escape_line).unwrap_or_default();
        // Descriptions are sentences: they stand below where there is no room behind.
        if text::width(&line) + 2 + text::width(&words) <= stream.width() {
            lines.push(format!("{line}  {words}").trim_end().to_owned());
        } else {
            lines.push(line);
            let words = text::wrap(&words, stream.width().saturating_sub(6));
            lines.extend(words.into_iter().map(|line| format!("      {line}")));
        }
    }
    lines
}

/// The value as one would set it.
fn value(param: &Param) -> String {
    match &param.value {
        _ if param.secret => "***".to_owned(),
        Value::String(text) if !text.trim().is_empty() => text.clone(),
        other => other.to_string(),
    }
}

fn kind(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Text => "text",
        ParamKind::Int => "int",
        ParamKind::Float => "float",
        ParamKind::Bool => "bool",
        ParamKind::List => "list",
    }
}
