//! The task `text`: an instruction is answered.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task};
use stillroom_sdk::*;

use crate::instruction::{INSTRUCTION, Instruction, SYSTEM_PROMPT};

params! {
    /// Parameters of `text`.
    pub struct TextParams {
        /// What the user says, with the row's columns in it: `{{ column }}`.
        pub template: String = "{{ instruction }}".to_owned(),
        /// The columns that the template may use; any, where it is empty.
        pub columns: Vec<String> = Vec::new(),
        /// What the system says to rows without a `system_prompt` of their own.
        pub system_prompt: Option<String> = None,
        /// Whether a column `system_prompt` is used, where there is one.
        pub use_system_prompt: bool = true,
        /// Texts at which an answer ends.
        pub stop: Vec<String> = Vec::new(),
    }
}

/// The step `text`.
pub struct Text {
    instruction: Instruction,
    stop: Vec<String>,
}

impl Task for Text {
    const NAME: &str = "text";
    const SUMMARY: &str = "Answer an instruction.";
    const COLUMNS: &[Column] = &[INSTRUCTION, SYSTEM_PROMPT];
    type Params = TextParams;

    fn open(params: TextParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("generation", DataType::Utf8);
        let TextParams { template, columns, system_prompt, use_system_prompt, stop } = params;
        let instruction = Instruction::take(&template, &columns, system_prompt, use_system_prompt, schema)?;
        Ok(Self { instruction, stop })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        Ok(self.stop.iter().fold(self.instruction.request(row)?, Request::stop))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![answer.text.as_str().into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{golden, reason};
    use stillroom_sdk::task::Asked;

    fn run(params: &str, batch: test::TestBatch) -> Result<test::TestOutput> {
        test::run::<Asked<Text>>(params, batch)
    }

    #[test]
    fn the_request() {
        let batch = test::batch()
            .utf8("instruction", [Some("Name a tea."), Some("And a coffee.")])
            .utf8("system_prompt", [Some("Be brief."), None]);
        let asked = test::answering(["Assam", " Bourbon\n"]);
        let params = r#"{"model": "small", "system-prompt": "Be kind.", "temperature": 0.5, "stop": ["\n\n"]}"#;
        let output = run(params, batch).unwrap();
        asked.assert_golden(golden("text"));
        assert_eq!(output.values::<Utf8>("generation"), [Some("Assam"), Some(" Bourbon\n")]);
        assert_eq!(output.values::<Utf8>("model_name"), [Some("test"), Some("test")]);
    }

    #[test]
    fn a_template_over_columns() {
        let batch = test::batch().utf8("city", [Some("Bonn"), None]).int64("days", [Some(3), Some(4)]);
        let asked = test::answering(["…"]);
        let params = r#"{"model": "small", "template": "{{ days }} days in {{city}}?", "columns": ["city", "days"]}"#;
        let output = run(params, batch).unwrap();
        assert_eq!(asked.requests(), [Request::user("3 days in Bonn?")]);
        assert_eq!(reason(&output), "`city` is null");
    }

    #[test]
    fn the_column_of_system_prompts_may_be_left_out() {
        let batch = test::batch().utf8("instruction", [Some("a")]).utf8("system_prompt", [Some("b")]);
        let asked = test::answering(["c"]);
        run(r#"{"model": "small", "use-system-prompt": false}"#, batch).unwrap();
        assert_eq!(asked.requests(), [Request::user("a")]);
    }

    #[test]
    fn samples() {
        let batch = || test::batch().utf8("instruction", [Some("a"), None, Some("b")]);
        test::answering(["1", "2", "3", "4"]);
        let output = run(r#"{"model": "small", "samples": 2}"#, batch()).unwrap();
        assert_eq!(output.values::<Utf8>("generation"), ["1", "2", "3", "4"].map(Some));
        assert_eq!(output.rows(), Some(&[0, 0, 2, 2][..]));
        assert_eq!(reason(&output), "no sample has an answer: `instruction` is null");
        test::answering(["1", "2", "3"]);
        let output = run(r#"{"model": "small", "samples": 2, "grouped": true}"#, batch()).unwrap();
        let generations = output.column::<List<Utf8>>("generation");
        let of = |row| generations.get(row).unwrap().map(|at| generations.values().get(at)).collect::<Vec<_>>();
        assert_eq!((of(0), of(2)), (vec![Some("1"), Some("2")], vec![Some("3"), None]));
    }

    #[test]
    fn what_is_wrong_is_told_before_a_row_moves() {
        test::answering(["a"]);
        let message = |params: &str| {
            let batch = test::batch().utf8("instruction", [Some("a")]).utf8("when", [Some("b")]);
            run(params, batch).unwrap_err().message().to_owned()
        };
        assert_eq!(
            message(r#"{"model": "small", "template": "{{ instructions }}"}"#),
            "parameter `template`: there is no column `instructions`; did you mean `instruction`? (the step knows of \
             `instruction`, `when`)"
        );
        assert_eq!(message("{}"), "parameter `model` is missing");
        assert!(message(r#"{"model": "small", "prompt": "a"}"#).starts_with("unknown parameter `prompt`; there are"));
    }
}
