//! `tools/queries`: what somebody may ask so that a function has to be called, with the calls that answer it.
//!
//! APIGen's generator (Liu et al. 2024, *APIGen: Automated Pipeline for Generating Verifiable and Diverse Function-Calling
//! Datasets*, arXiv:2406.18518). The wording is our own. The answers come as one line of JSON, `[{"name": …, "arguments": {…}}]`;
//! with `number` above 1 both columns are lists, for `table/expand`. `format/examples` writes the examples.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, json};
use stillroom_sdk::{Column, DataType, Fault, Result, Schema, Value, params};

use crate::TEXT_OR_LIST;
use crate::call::{calls, written};
use crate::input::TextOrTexts;
use crate::schema::{TEXT, list, object};

params! {
    /// Parameters of `queries`.
    pub struct QueriesParams {
        /// How many queries an answer has.
        pub number: u32 = 1,
        /// Whether the column `tools` is shown, where the data has it.
        pub use_tools: bool = true,
        /// What the system says, in place of our own words.
        pub system_prompt: Option<String> = None,
    }
}

/// The task.
pub struct Queries {
    func_name: TextIn,
    func_desc: TextIn,
    examples: Option<TextIn>,
    tools: Option<TextOrTexts>,
    params: QueriesParams,
}

const SYSTEM: &str = "You write data from which models learn to call functions: what a person may ask, and the calls that \
    answer it. What you write is varied and true to life, and every call is one that would work.";

const RULES: &str = "- A query is what a person would write who knows nothing of functions: it names neither the function nor \
    its parameters, and has every value that the calls need.
- The queries differ in subject, wording, length and in the values that they have.
- The calls answer the query wholly, and do nothing that was not asked for. Each query needs the function above at least once; \
    it may need it several times, with other values.
- An argument is of the type that the function wants. What is optional and was not asked for is left out.";

impl Task for Queries {
    const NAME: &str = "queries";
    const SUMMARY: &str = "Write queries that need a function, with the calls that answer them.";
    const COLUMNS: &[Column] = &[
        Column::required("func_name", &["utf8"], "The function's name."),
        Column::required("func_desc", &["utf8"], "What it does, and its parameters."),
        Column::optional("examples", &["utf8"], "Queries and answers to learn the form from."),
        Column::optional("tools", TEXT_OR_LIST, "Definitions of the functions, in JSON: a list, or one a text."),
    ];
    type Params = QueriesParams;

    fn open(params: QueriesParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        if params.number == 0 {
            return Err(Fault::params("parameter `number` is 0; it must be 1 or more"));
        }
        for name in ["query", "answers"] {
            let list = DataType::List(Box::new(DataType::Utf8));
            columns.add(name, if params.number == 1 { DataType::Utf8 } else { list });
        }
        let tools = if params.use_tools { TextOrTexts::optional(schema, "tools")? } else { None };
        Ok(Self {
            func_name: TextIn::take(schema, "func_name")?,
            func_desc: TextIn::take(schema, "func_desc")?,
            examples: TextIn::optional(schema, "examples")?,
            tools,
            params,
        })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let (name, description) = (self.func_name.get(row)?, self.func_desc.get(row)?);
        let mut user = format!("<function name=\"{name}\">\n{description}\n</function>\n\n");
        if let Some(tools) = &self.tools {
            user.push_str(&format!("<definitions>\n{}\n</definitions>\n\n", tools.get(row)?.join("\n")));
        }
        let examples = self.examples.as_ref().map(|examples| examples.find(row)).transpose()?.flatten();
        if let Some(examples) = examples.filter(|examples| !examples.trim().is_empty()) {
            user.push_str("These examples, of other functions, show the form. Take nothing else from them.\n\n");
            user.push_str(&format!("<examples>\n{examples}\n</examples>\n\n"));
        }
        let number = self.params.number;
        let queries = if number == 1 { "query".to_owned() } else { "different queries".to_owned() };
        user.push_str(&format!(
            "Write {number} {queries} for the function `{name}`, each with the calls that answer it.\n\n{RULES}\n\nAnswer with \
             a JSON object and nothing else. Its only member is `pairs`, a list of {number}: objects with `query` (a text) and \
             `answers` (a list of calls: objects with `name`, the function's name, and `arguments`, an object of its \
             parameters' names and their values)."
        ));
        Ok(Request::with_system(self.params.system_prompt.as_deref().unwrap_or(SYSTEM), user).schema(schema(number)))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let answer = json(&answer.text)?;
        let Some(Value::Array(pairs)) = answer.get("pairs") else { return Err("there is no list `pairs`".to_owned()) };
        let number = self.params.number as usize;
        if pairs.len() != number {
            return Err(format!("`pairs` has {} items; there must be {number}", pairs.len()));
        }
        let (mut queries, mut answers) = (Vec::new(), Vec::new());
        for (place, item) in pairs.iter().enumerate() {
            let (query, calls) = pair(item).map_err(|why| format!("query {} of {number}: {why}", place + 1))?;
            queries.push(query);
            answers.push(calls);
        }
        Ok(match (queries.as_mut_slice(), answers.as_mut_slice()) {
            ([query], [answers]) => vec![std::mem::take(query).into(), std::mem::take(answers).into()],
            _ => vec![queries.into(), answers.into()],
        })
    }
}

fn pair(item: &Value) -> Result<(String, String), String> {
    let query = item.get("query").and_then(Value::as_str).map(str::trim).filter(|query| !query.is_empty());
    let query = query.ok_or("there is no `query`")?;
    let calls = calls(item.get("answers").ok_or("there are no `answers`")?)?;
    match calls.is_empty() {
        true => Err("`answers` has no call".to_owned()),
        false => Ok((query.to_owned(), written(calls))),
    }
}

fn schema(number: u32) -> String {
    let call = object(&[("name", TEXT), ("arguments", r#"{"type":"object"}"#)]);
    let calls = format!(r#"{{"type":"array","minItems":1,"items":{call}}}"#);
    object(&[("pairs", &list(number as usize, &object(&[("query", TEXT), ("answers", &calls)])))])
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::{List, Rows, Utf8, test};

    use super::*;
    use crate::test_util::{answers, golden, reasons, texts};

    type Step = Asked<Queries>;

    const ONE: &str =
        r#"{"pairs": [{"query": " Sun in Rome? ", "answers": [{"name": "weather", "arguments": {"city": "Rome"}}]}]}"#;

    fn batch(names: &[Option<&str>]) -> test::TestBatch {
        let some = |text: &'static str| names.iter().map(move |_| Some(text));
        test::batch().utf8("func_name", names.iter().copied()).utf8("func_desc", some("The weather of a city."))
    }

    #[test]
    fn what_is_asked() {
        let asked = answers(&[ONE]);
        test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some("weather")])).unwrap();
        golden("queries", &asked);
        let asked = answers(&["?"]);
        let batch = batch(&[Some("weather")]).utf8("examples", [Some("## Query:\nx\n## Answers:\n[]")]);
        let batch = batch.column("tools", texts(&[Some(&[Some(r#"{"name": "a"}"#), Some(r#"{"name": "b"}"#)])]));
        test::run::<Step>(r#"{"model": "small", "number": 3}"#, batch.clone()).unwrap();
        golden("queries-full", &asked);
        let runner = test::Runner::open::<Step>(r#"{"model": "small", "use-tools": false}"#, &batch.fields()).unwrap();
        assert_eq!(runner.inputs(), ["func_name", "func_desc", "examples"]);
    }

    #[test]
    fn one_query_is_a_text_and_several_are_lists() {
        answers(&[ONE]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some("weather"), None])).unwrap();
        assert_eq!(output.values::<Utf8>("query"), [Some("Sun in Rome?"), None]);
        let calls = r#"[{"name":"weather","arguments":{"city":"Rome"}}]"#;
        assert_eq!(output.values::<Utf8>("answers"), [Some(calls), None]);
        assert_eq!(reasons(&output), ["1: `func_name` is null"]);
        answers(&[&ONE.replace(
            "[{\"query\"",
            r#"[{"query": "Q", "answers": [{"name": "n", "arguments": "{\"a\": 1.0}"}]}, {"query""#,
        )]);
        let output = test::run::<Step>(r#"{"model": "small", "number": 2}"#, batch(&[Some("weather")])).unwrap();
        let answers = output.column::<List<Utf8>>("answers");
        assert_eq!(
            answers.values().iter().flatten().collect::<Vec<_>>(),
            [r#"[{"name":"n","arguments":{"a":1.0}}]"#, calls]
        );
    }

    #[test]
    fn bad_answers_are_told() {
        let item = |answers: &str| format!(r#"{{"pairs": [{{"query": "q", "answers": {answers}}}]}}"#);
        let bad = [
            ("Sun in Rome?", "there is no JSON in it".to_owned()),
            (r#"[{"query": "q"}]"#, "there is no list `pairs`".to_owned()),
            (r#"{"pairs": []}"#, "`pairs` has 0 items; there must be 1".to_owned()),
            (r#"{"pairs": [{"answers": []}]}"#, "query 1 of 1: there is no `query`".to_owned()),
            (r#"{"pairs": [{"query": "q"}]}"#, "query 1 of 1: there are no `answers`".to_owned()),
            (&item("{}"), "query 1 of 1: the calls are no list".to_owned()),
            (&item("[]"), "query 1 of 1: `answers` has no call".to_owned()),
            (&item(r#"[{"arguments": {}}]"#), "query 1 of 1: call 1: there is no `name`".to_owned()),
            (&item(r#"[{"name": "n"}]"#), "query 1 of 1: call 1: there are no `arguments`".to_owned()),
            (
                &item(r#"[{"name": "n", "arguments": [1]}]"#),
                "query 1 of 1: call 1: `arguments` is no object".to_owned(),
            ),
        ];
        for (text, reason) in bad {
            answers(&[text]);
            let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some("weather")])).unwrap();
            assert_eq!(reasons(&output), [format!("0: {reason}")]);
        }
    }

    #[test]
    fn samples_are_rows() {
        answers(&[ONE, ONE]);
        let output = test::run::<Step>(r#"{"model": "small", "samples": 2}"#, batch(&[Some("weather")])).unwrap();
        assert_eq!(output.rows(), Some(&[0, 0][..]));
        answers(&["?", ONE]);
        let params = r#"{"model": "small", "samples": 2, "grouped": true}"#;
        let output = test::run::<Step>(params, batch(&[Some("weather")])).unwrap();
        let queries: Vec<_> = output.column::<List<Utf8>>("query").values().iter().collect();
        assert_eq!(queries, [None, Some("Sun in Rome?")]);
    }

    #[test]
    fn wrong_parameters_are_told() {
        answers(&[]);
        let fault = test::run::<Step>(r#"{"model": "small", "number": 0}"#, batch(&[])).unwrap_err();
        assert_eq!(fault.message(), "parameter `number` is 0; it must be 1 or more");
    }
}
