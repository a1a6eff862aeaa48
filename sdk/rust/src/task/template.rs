use super::{Row, ValueIn};
use crate::params::names;
use crate::{Fault, Result, Schema};

/// Text with `{{ column }}` in it, which stands for the row's value of that column. Nothing else is special: a line's end, a
/// single brace and whatever stands in the data are as they are. `{{ '{{' }}` writes two braces.
///
/// Not a template language with loops and conditions: the smallest that there is would be 0.9 MB of every plugin that has
/// templates (`minijinja`, measured); `table/merge` and `format/template` put together what needs a loop.
#[derive(Debug, Clone)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Column(ValueIn),
}

impl Template {
    /// Reads a template, the parameter `param`, and takes its columns. Where `columns` names any, it may use no others.
    /// [`Fault::Params`] says what is wrong with it, and where.
    pub fn take(param: &str, text: &str, columns: &[String], schema: &mut Schema) -> Result<Self> {
        let mut parts = Vec::new();
        for piece in pieces(param, text)? {
            parts.push(match piece {
                Piece::Text(text) => Part::Text(text.to_owned()),
                Piece::Column(name) => Part::Column(column(param, name, columns, schema)?),
            });
        }
        Ok(Self { parts })
    }

    /// The columns that it uses, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for part in &self.parts {
            match part {
                Part::Column(column) if !columns.contains(&column.name()) => columns.push(column.name()),
                _ => {}
            }
        }
        columns
    }

    /// The text of a row; a null is a reason to reject the row.
    pub fn of(&self, row: Row<'_>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Column(column) => text.push_str(&column.get(row)?),
            }
        }
        Ok(text)
    }
}

enum Piece<'a> {
    Text(&'a str),
    Column(&'a str),
}

fn pieces<'a>(param: &str, text: &'a str) -> Result<Vec<Piece<'a>>> {
    let wrong = |at: usize, what: &str| {
        let line = text[..at].matches('\n').count() + 1;
        Fault::params(format!("parameter `{param}`, line {line}: {what}"))
    };
    if let Some((before, _)) = text.split_once("{%").filter(|(_, rest)| rest.contains("%}")) {
        let what = "`{% … %}` is not known here; a template has `{{ column }}` and nothing else";
        return Err(wrong(before.len(), what));
    }
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        pieces.push(Piece::Text(&text[at..open]));
        let inside = &text[open + 2..];
        let Some(quoted) = quoted(inside) else {
            let Some(close) = inside.find("}}") else {
                let what = "`{{` without `}}` behind it; for two braces as they are, write `{{ '{{' }}`";
                return Err(wrong(open, what));
            };
            let name = inside[..close].trim();
            if name.is_empty() {
                return Err(wrong(open, "`{{ }}` names no column"));
            }
            pieces.push(Piece::Column(name));
            at = open + 2 + close + 2;
            continue;
        };
        pieces.push(Piece::Text("{{"));
        at = open + 2 + quoted;
    }
    pieces.push(Piece::Text(&text[at..]));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    Ok(pieces)
}

/// How long `'{{' }}` is, where a text begins with it.
fn quoted(inside: &str) -> Option<usize> {
    let rest = inside.trim_start();
    let rest = rest.strip_prefix("'{{'").or_else(|| rest.strip_prefix("\"{{\""))?;
    let rest = rest.trim_start().strip_prefix("}}")?;
    Some(inside.len() - rest.len())
}

fn column(param: &str, name: &str, columns: &[String], schema: &mut Schema) -> Result<ValueIn> {
    let there: Vec<String> = match columns.is_empty() {
        true => schema.fields().iter().map(|field| field.name.clone()).collect(),
        false => columns.to_vec(),
    };
    if there.iter().any(|column| column == name) {
        return ValueIn::take(schema, name);
    }
    let mut message = format!("parameter `{param}`: there is no column `{name}`");
    if let Some(near) = near(name, &there) {
        message.push_str(&format!("; did you mean `{near}`?"));
    } else if name.contains(['|', '(', '.', '[']) {
        message.push_str("; between `{{` and `}}` stands the name of a column, and nothing else");
    }
    // A step is told of the columns that its parameters name, and so of none where the only name is wrong: the host, who
    // knows all, has the word then.
    if !there.is_empty() {
        let whose = if columns.is_empty() { "the step knows of" } else { "parameter `columns` has" };
        message.push_str(&format!(" ({whose} {})", names(&there)));
    }
    Err(Fault::params(message))
}

/// The name that is nearest to one that is wrong, if any is near.
fn near<'a>(name: &str, there: &'a [String]) -> Option<&'a String> {
    let most = (name.chars().count() / 3).max(1);
    there.iter().map(|other| (distance(name, other), other)).filter(|(far, _)| *far <= most).min().map(|(_, near)| near)
}

/// How many letters have to be changed, put in or left out (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.to_lowercase().chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    fn take(text: &str, columns: &[&str]) -> Result<Template> {
        let batch = test::batch().utf8("instruction", [Some("a")]).int64("n 1", [Some(1)]);
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        Template::take("template", text, &columns, &mut Schema::new(batch.fields()))
    }

    #[test]
    fn columns_are_found() {
        let template = take("{ {{instruction}} } {{ n 1 }}{{ instruction }} {{ '{{' }} x }}", &[]).unwrap();
        assert_eq!(template.columns(), ["instruction", "n 1"]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let message = |text: &str, columns: &[&str]| take(text, columns).unwrap_err().message().to_owned();
        let known = "(the step knows of `instruction`, `n 1`)";
        let cases = [
            ("{{ instrction }}", format!("there is no column `instrction`; did you mean `instruction`? {known}")),
            ("{{ whatever }}", format!("there is no column `whatever` {known}")),
            (
                "{{ a | upper }}",
                "there is no column `a | upper`; between `{{` and `}}` stands the name of a column, \
                and nothing else (the step knows of `instruction`, `n 1`)"
                    .to_owned(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(message(text, &[]), format!("parameter `template`: {expected}"));
        }
        assert_eq!(
            message("{{ n 1 }}", &["instruction"]),
            "parameter `template`: there is no column `n 1` (parameter `columns` has `instruction`)"
        );
        let line = "parameter `template`, line 2: ";
        assert_eq!(
            message("a\n{{ b", &[]),
            format!("{line}`{{{{` without `}}}}` behind it; for two braces as they are, write `{{{{ '{{{{' }}}}`")
        );
        assert_eq!(message("a\n{{ }}", &[]), format!("{line}`{{{{ }}}}` names no column"));
        assert!(message("a\n{% if x %}{% endif %}", &[]).starts_with(line));
    }
}
