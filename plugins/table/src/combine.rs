//! `table/combine`: several columns written into one text.

use crate::columns::{inputs, type_of};
use std::fmt::Write;
use stillroom_sdk::*;

params! {
    /// Parameters of `combine`.
    pub struct CombineParams {
        /// The columns, in order: text, numbers or truth values.
        pub from: Vec<String>,
        /// The column to make.
        pub output: String = "combined".to_owned(),
        /// What stands between two values. Nulls are left out, and nothing stands for them.
        pub separator: String = "\n".to_owned(),
        /// Instead of `separator`: the text, with `{name}` where a column's value goes (`{{` for a brace). A null is empty.
        pub template: Option<String>,
    }
}

/// The step.
pub struct Combine {
    from: Vec<In<Any>>,
    plan: Plan,
}

/// How a row is written.
enum Plan {
    Joined(String),
    /// Text, and which column comes after it.
    Template(Vec<(String, Option<usize>)>),
}

impl Step for Combine {
    const NAME: &str = "combine";
    const SUMMARY: &str = "Write the values of several columns into one text, with a separator or by a template.";
    type Params = CombineParams;

    fn open(params: CombineParams, schema: &mut Schema) -> Result<Self> {
        let from = inputs(schema, "from", &params.from)?;
        for name in &params.from {
            let data_type = type_of(schema, name)?;
            if !is_writable(data_type) {
                let wanted = "text, numbers or truth values";
                return Err(Fault::params(format!("column `{name}` is {data_type}; only {wanted} can be combined")));
            }
        }
        schema.output::<Utf8>(params.output);
        let plan = match params.template {
            Some(template) => Plan::Template(parse(&template, &params.from)?),
            None => Plan::Joined(params.separator),
        };
        Ok(Self { from, plan })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let columns = self.from.iter().map(|&column| batch.column(column)).collect::<Result<Vec<_>>>()?;
        let mut out = Utf8Builder::with_capacity(batch.len(), 0);
        for row in 0..batch.len() {
            if columns.iter().all(|column| column.is_null(row)) {
                out.push_null();
            } else {
                self.plan.write(&columns, row, out.values_mut())?;
                out.finish_row();
            }
        }
        Ok(Output::of(out))
    }
}

impl Plan {
    fn write(&self, columns: &[AnyColumn<'_>], row: usize, out: &mut String) -> Result<()> {
        match self {
            Self::Joined(separator) => {
                let values = columns.iter().filter(|column| !column.is_null(row));
                for (i, column) in values.enumerate() {
                    out.push_str(if i > 0 { separator } else { "" });
                    value(*column, row, out)?;
                }
            }
            Self::Template(parts) => {
                for (text, column) in parts {
                    out.push_str(text);
                    if let Some(column) = column.map(|column| columns[column]).filter(|column| !column.is_null(row)) {
                        value(column, row, out)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads a template: text, and the column after it.
fn parse(template: &str, names: &[String]) -> Result<Vec<(String, Option<usize>)>> {
    let fault = |what: String| Fault::params(format!("parameter `template`: {what}"));
    let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(brace) = ["{{", "}}"].iter().find(|braces| rest.starts_with(**braces)) {
            text.push_str(&brace[..1]);
            rest = &rest[2..];
            continue;
        }
        let Some((name, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Err(fault("a brace has no partner; write `{{` or `}}` for a brace".to_owned()));
        };
        let column = names.iter().position(|known| known == name);
        let column = column.ok_or_else(|| fault(format!("`{{{name}}}` is no column of `from`")))?;
        parts.push((std::mem::take(&mut text), Some(column)));
        rest = after;
    }
    parts.push((text + rest, None));
    Ok(parts)
}

macro_rules! writable {
    ($($data_type:ident: $write:ident),+) => {
        fn is_writable(data_type: &DataType) -> bool {
            matches!(data_type, $(DataType::$data_type)|+)
        }

        /// Writes a value that is not null.
        fn value(column: AnyColumn<'_>, row: usize, out: &mut String) -> Result<()> {
            match column.data_type() {
                $(DataType::$data_type => write!(out, "{}", $write(column.downcast::<$data_type>()?.value(row)))?,)+
                other => return Err(Fault::plugin(format!("a {other} cannot be written"))),
            }
            Ok(())
        }
    };
}

fn as_is<T>(value: T) -> T {
    value
}

writable!(
    Utf8: as_is, LargeUtf8: as_is, Utf8View: as_is, Bool: as_is, Float32: as_is, Float64: as_is,
    Int8: as_is, Int16: as_is, Int32: as_is, Int64: as_is, UInt8: as_is, UInt16: as_is, UInt32: as_is, UInt64: as_is
);

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> test::TestBatch {
        let batch = test::batch().utf8("q", [Some("why"), Some("how"), None]).int64("n", [Some(1), None, None]);
        batch.float64("x", [Some(0.5), Some(2.0), None]).bool("b", [Some(true), None, None])
    }

    #[test]
    fn values_are_joined_or_filled_in() {
        let rows = [
            (r#""from": ["q", "n"]"#, [Some("why\n1"), Some("how"), None]),
            (r#""from": ["n", "q", "x", "b"], "separator": ", ""#, [Some("1, why, 0.5, true"), Some("how, 2"), None]),
            (
                r#""from": ["q", "n"], "template": "Q: {q}? {{{n}}} {q}""#,
                [Some("Q: why? {1} why"), Some("Q: how? {} how"), None],
            ),
        ];
        for (params, expected) in rows {
            let output = test::run::<Combine>(format!("{{{params}}}"), batch()).unwrap();
            assert_eq!(output.values::<Utf8>("combined"), expected, "{params}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let batch =
            || batch().column("list", ListBuilder::<_>::from_lengths(Int64Builder::new(), [None, None, None]).unwrap());
        for params in [
            r#"{"from": []}"#,
            r#"{"from": ["q", "q"]}"#,
            r#"{"from": ["zzz"]}"#,
            r#"{"from": ["list"]}"#,
            r#"{"from": ["q"], "template": "{n}"}"#,
            r#"{"from": ["q"], "template": "{q"}"#,
        ] {
            assert!(matches!(test::run::<Combine>(params, batch()), Err(Fault::Params(_))), "{params}");
        }
    }
}
