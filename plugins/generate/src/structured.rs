//! The task `structured`: an instruction is answered with JSON that a schema describes.
//!
//! The schema goes with the request: a server that can keeps the model to it, and the host holds the answer against it in any
//! case.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Shape, Task, TextIn, json};
use stillroom_sdk::*;

use crate::instruction::{INSTRUCTION, Instruction, SYSTEM_PROMPT};

params! {
    /// Parameters of `structured`.
    pub struct StructuredParams {
        /// The JSON Schema of all answers; its properties are columns then. Otherwise each row has its own in the column
        /// `schema`.
        pub schema: Option<Value> = None,
        /// What the user says, with the row's columns in it: `{{ column }}`.
        pub template: String = "{{ instruction }}".to_owned(),
        /// The columns that the template may use; any, where it is empty.
        pub columns: Vec<String> = Vec::new(),
        /// What the system says to rows without a `system_prompt` of their own.
        pub system_prompt: Option<String> = None,
        /// Whether a column `system_prompt` is used, where there is one.
        pub use_system_prompt: bool = true,
    }
}

/// The step `structured`.
pub struct Structured {
    instruction: Instruction,
    schema: From,
}

/// Where the schema is from.
enum From {
    Param(Shape),
    Column(TextIn),
}

impl Task for Structured {
    const NAME: &str = "structured";
    const SUMMARY: &str = "Answer an instruction with JSON of a schema.";
    const COLUMNS: &[Column] = &[
        INSTRUCTION,
        SYSTEM_PROMPT,
        Column::optional("schema", &["utf8"], "The row's JSON Schema, where the parameter `schema` has none for all."),
    ];
    type Params = StructuredParams;

    fn open(params: StructuredParams, schema: &mut Schema, made: &mut Columns) -> Result<Self> {
        let StructuredParams { schema: given, template, columns, system_prompt, use_system_prompt } = params;
        made.add("generation", DataType::Utf8);
        let from = match given {
            Some(given) => {
                let shape = Shape::of("schema", &given)?;
                shape.columns().into_iter().for_each(|(name, data_type)| made.add(name, data_type));
                From::Param(shape)
            }
            None => From::Column(TextIn::optional(schema, "schema")?.ok_or_else(no_schema)?),
        };
        let instruction = Instruction::take(&template, &columns, system_prompt, use_system_prompt, schema)?;
        Ok(Self { instruction, schema: from })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let schema = match &self.schema {
            From::Param(shape) => shape.schema(),
            From::Column(schema) => schema.get(row)?,
        };
        match Value::parse(schema) {
            Ok(Value::Object(_)) => Ok(self.instruction.request(row)?.schema(schema)),
            Ok(_) => Err("`schema` is no JSON object".to_owned()),
            Err(fault) => Err(format!("`schema` is no JSON: {}", fault.message())),
        }
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let value = json(&answer.text)?;
        let mut cells = vec![Cell::Text(value.to_string())];
        if let From::Param(shape) = &self.schema {
            cells.extend(shape.cells(&value)?);
        }
        Ok(cells)
    }
}

fn no_schema() -> Fault {
    Fault::params(
        "there is no schema: give one for all rows with the parameter `schema`, or one a row in a column `schema` (of another \
         name: `columns: { schema: NAME }`)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{golden, reason};
    use stillroom_sdk::task::Asked;

    const PARAMS: &str = r#"{"model": "small", "schema": {"type": "object", "properties": {
        "name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name"]}}"#;

    fn run(params: &str, batch: test::TestBatch) -> Result<test::TestOutput> {
        test::run::<Asked<Structured>>(params, batch)
    }

    fn one() -> test::TestBatch {
        test::batch().utf8("instruction", [Some("Make somebody up.")])
    }

    #[test]
    fn a_schema_for_all_rows_makes_columns() {
        let asked = test::answering(["```json\n{ \"name\": \"Ada\",\n \"age\": 36 }\n```"]);
        let output = run(PARAMS, one()).unwrap();
        asked.assert_golden(golden("structured"));
        assert_eq!(output.values::<Utf8>("generation"), [Some(r#"{"name":"Ada","age":36}"#)]);
        assert_eq!(output.values::<Utf8>("name"), [Some("Ada")]);
        assert_eq!(output.values::<Int64>("age"), [Some(36)]);
    }

    #[test]
    fn bad_answers() {
        for (answer, why) in [
            ("I am sorry.", "there is no JSON in it; the answer was: I am sorry."),
            (r#"{"age": 3}"#, r#"there is no `name`; the answer was: {"age": 3}"#),
            (r#"{"name": 3}"#, r#"`name` is 3; it must be text; the answer was: {"name": 3}"#),
        ] {
            test::answering([answer]);
            assert_eq!(reason(&run(PARAMS, one()).unwrap()), why);
        }
    }

    #[test]
    fn a_schema_for_each_row() {
        let batch = |schema: Option<&str>| one().utf8("schema", [schema]);
        let asked = test::answering([r#"[1, 2]"#]);
        let output = run(r#"{"model": "small"}"#, batch(Some(r#"{"type": "array"}"#))).unwrap();
        assert_eq!(asked.requests(), [Request::user("Make somebody up.").schema(r#"{"type": "array"}"#)]);
        assert_eq!(output.values::<Utf8>("generation"), [Some("[1,2]")]);
        for (schema, why) in [
            (None, "`schema` is null"),
            (Some("[]"), "`schema` is no JSON object"),
            (Some("{x"), "`schema` is no JSON: no JSON at byte 1"),
        ] {
            assert_eq!(reason(&run(r#"{"model": "small"}"#, batch(schema)).unwrap()), why);
        }
    }

    #[test]
    fn what_is_wrong_is_told_before_a_row_moves() {
        test::answering(["{}"]);
        let message = |params: &str| run(params, one()).unwrap_err().message().to_owned();
        assert!(message(r#"{"model": "small"}"#).starts_with("there is no schema: give one for all rows"));
        assert_eq!(
            message(r#"{"model": "small", "schema": {"type": "array"}}"#),
            "parameter `schema` must be the schema of an object with its `properties`: each is a column"
        );
        assert_eq!(
            message(r#"{"model": "small", "schema": {"properties": {"generation": {"type": "string"}}}}"#),
            "the step would make two columns `generation`; name one of them otherwise"
        );
    }
}
