//! `format/examples`: queries and their answers as one text of examples, to show in a prompt.
//!
//! The examples that APIGen's generator is shown are written so (Liu et al. 2024, *APIGen: Automated Pipeline for
//! Generating Verifiable and Diverse Function-Calling Datasets*, arXiv:2406.18518); `select/draw` draws them.

use crate::columns::{LISTS, Rejections, Row, TextLists, text_lists};
use stillroom_sdk::*;

params! {
    /// Parameters of `examples`.
    pub struct ExamplesParams {
        /// An example, with `{query}` and `{answers}` where these go (`{{` and `}}` for a brace).
        pub template: String = "## Query:\n{query}\n## Answers:\n{answers}".to_owned(),
        /// What stands between two examples.
        pub separator: String = "\n\n".to_owned(),
    }
}

const QUERY: Column = Column::required("query", LISTS, "Lists of texts: the queries.");
const ANSWERS: Column = Column::required("answers", LISTS, "Lists of texts: the answers to each.");

/// A part of the template.
enum Part {
    Text(String),
    Query,
    Answers,
}

/// The step.
pub struct Examples {
    query: In<Any>,
    answers: In<Any>,
    template: Vec<Part>,
    separator: String,
}

impl Step for Examples {
    const NAME: &str = "examples";
    const SUMMARY: &str = "Write lists of queries and answers into one text of examples.";
    const COLUMNS: &[Column] = &[QUERY, ANSWERS];
    type Params = ExamplesParams;

    fn open(params: ExamplesParams, schema: &mut Schema) -> Result<Self> {
        let (query, answers) = (text_lists(schema, QUERY.name)?, text_lists(schema, ANSWERS.name)?);
        schema.output::<Utf8>("examples");
        Ok(Self { query, answers, template: parse(&params.template)?, separator: params.separator })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let queries = TextLists::of(batch.column(self.query)?)?;
        let answers = TextLists::of(batch.column(self.answers)?)?;
        let mut rejections = Rejections::default();
        let row = |row| rejections.sift(row, self.row(queries, answers, row));
        let examples: Utf8Builder = (0..batch.len()).map(row).collect();
        Ok(rejections.tell(Output::of(examples)))
    }
}

impl Examples {
    fn row(&self, queries: TextLists<'_>, answers: TextLists<'_>, row: usize) -> Row<String> {
        let (queries, answers) = (queries.whole(row, QUERY.name)?, answers.whole(row, ANSWERS.name)?);
        if queries.len() != answers.len() {
            return Err(format!("{} queries have {} answers", queries.len(), answers.len()));
        }
        let mut text = String::new();
        for (place, (query, answers)) in queries.into_iter().zip(answers).enumerate() {
            text.push_str(if place > 0 { &self.separator } else { "" });
            self.template.iter().for_each(|part| match part {
                Part::Text(part) => text.push_str(part),
                Part::Query => text.push_str(query),
                Part::Answers => text.push_str(answers),
            });
        }
        Ok(text)
    }
}

fn parse(template: &str) -> Result<Vec<Part>> {
    let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (part, length) = match rest {
            _ if rest.starts_with("{{") || rest.starts_with("}}") => (Part::Text(rest[..1].to_owned()), 2),
            _ if rest.starts_with("{query}") => (Part::Query, "{query}".len()),
            _ if rest.starts_with("{answers}") => (Part::Answers, "{answers}".len()),
            _ => {
                let places = "`{query}` and `{answers}` are all that may stand in braces; `{{` and `}}` are braces";
                return Err(Fault::params(format!("parameter `template`: {places}")));
            }
        };
        parts.extend([Part::Text(std::mem::take(&mut text)), part]);
        rest = &rest[length..];
    }
    parts.push(Part::Text(text + rest));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{reasons, texts};

    type Texts<'a> = Option<&'a [Option<&'a str>]>;

    fn batch(rows: &[(Texts<'_>, Texts<'_>)]) -> test::TestBatch {
        let queries: Vec<_> = rows.iter().map(|row| row.0).collect();
        let answers: Vec<_> = rows.iter().map(|row| row.1).collect();
        test::batch().column("query", texts(&queries)).column("answers", texts(&answers))
    }

    const TWO: (Texts<'_>, Texts<'_>) = (Some(&[Some("q1"), Some("q2")]), Some(&[Some("[1]"), Some("ü")]));

    #[test]
    fn pairs_are_written() {
        let rows = [
            ("{}", "## Query:\nq1\n## Answers:\n[1]\n\n## Query:\nq2\n## Answers:\nü"),
            (r#"{"template": "{{{answers}}} to {query}", "separator": "; "}"#, "{[1]} to q1; {ü} to q2"),
            (r#"{"template": "", "separator": "-"}"#, "-"),
        ];
        for (params, expected) in rows {
            let output = test::run::<Examples>(params, batch(&[TWO, (Some(&[]), Some(&[]))])).unwrap();
            assert_eq!(output.values::<Utf8>("examples"), [Some(expected), Some("")], "{params}");
        }
    }

    #[test]
    fn rows_without_pairs_are_rejected() {
        let rows =
            [(TWO.0, None), (None, TWO.1), (TWO.0, Some(&[Some("x")][..])), (Some(&[None, Some("a")][..]), TWO.1)];
        let output = test::run::<Examples>("{}", batch(&rows)).unwrap();
        let expected = [
            "0: `answers` is null",
            "1: `query` is null",
            "2: 2 queries have 1 answers",
            "3: `query` has a null at place 0",
        ];
        assert_eq!(reasons(&output), expected);
        assert!(test::run::<Examples>("{}", batch(&[])).unwrap().is_empty());
    }

    #[test]
    fn other_braces_are_refused() {
        for template in ["{answer}", "{", "a } b", "{query"] {
            let params = format!(r#"{{"template": "{template}"}}"#);
            assert!(matches!(test::run::<Examples>(params, batch(&[TWO])), Err(Fault::Params(_))), "{template}");
        }
    }
}
