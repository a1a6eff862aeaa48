//! `instruct/backtranslate`: the instruction that a text responds to.
//!
//! The first half of Li, Yu, Zhou, Schick, Levy, Zettlemoyer, Weston and Lewis, *Self-Alignment with Instruction
//! Backtranslation*, 2023, arXiv:2308.06259. The paper trains a model of its own for it; here a chat model is asked.
//! `backtranslation-score` is the second half.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, json};
use stillroom_sdk::*;

use crate::answered::{TEXT, fill, schema, text};

const PROMPT: &str = include_str!("prompts/backtranslate.txt");

/// The task.
pub struct Backtranslate {
    generation: TextIn,
}

impl Task for Backtranslate {
    const NAME: &str = "backtranslate";
    const SUMMARY: &str = "Write the instruction that a text is the response to (instruction backtranslation).";
    const COLUMNS: &[Column] = &[Column::required("generation", &["utf8"], "The text.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("instruction", DataType::Utf8);
        Ok(Self { generation: TextIn::take(schema, "generation")? })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let prompt = fill(PROMPT, &[("generation", self.generation.get(row)?)]);
        Ok(Request::user(prompt).schema(schema(&[("instruction", TEXT)])))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![text(&json(&answer.text)?, "instruction")?.into()])
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;

    use super::*;
    use crate::test_util::{golden, reasons, says, texts, why};

    #[test]
    fn the_prompt_is_that_in_the_golden_file() {
        let asked = says(&[r#"{"instruction": " How is tea made? "}"#]);
        let batch = test::batch().utf8("generation", [Some("Boil {generation}."), None]);
        let output = test::run::<Asked<Backtranslate>>(r#"{"model": "small"}"#, batch).unwrap();
        assert_eq!(texts(&output, "instruction"), ["How is tea made?", "-"]);
        assert_eq!(reasons(&output), ["1: `generation` is null"]);
        golden("backtranslate", &asked);
    }

    #[test]
    fn bad_answers_say_what_is_wrong() {
        let batch = || test::batch().utf8("generation", [Some("Boil water.")]);
        let why = |answer: &str| why::<Asked<Backtranslate>>(r#"{"model": "small"}"#, batch(), answer);
        assert_eq!(why("How?"), "there is no JSON in it");
        assert_eq!(why("{}"), "there is no `instruction`");
        assert_eq!(why(r#"{"instruction": ["How?"]}"#), "`instruction` is no text");
        assert_eq!(why(r#"{"instruction": " "}"#), "`instruction` is empty");
    }
}
