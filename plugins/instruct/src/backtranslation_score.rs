//! `instruct/backtranslation-score`: how good an example an instruction and its response are, from 1 to 5.
//!
//! The curation of Li, Yu, Zhou, Schick, Levy, Zettlemoyer, Weston and Lewis, *Self-Alignment with Instruction
//! Backtranslation*, 2023, arXiv:2308.06259, which keeps the pairs with the best scores and trains on them. The reason is
//! asked for before the score, so that the score can follow from it.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, clip, json};
use stillroom_sdk::*;

use crate::answered::{TEXT, fill, schema, text};

const PROMPT: &str = include_str!("prompts/backtranslation-score.txt");

const SCORE: &str = r#"{"type":"integer","minimum":1,"maximum":5}"#;

/// The task.
pub struct BacktranslationScore {
    instruction: TextIn,
    generation: TextIn,
}

impl Task for BacktranslationScore {
    const NAME: &str = "backtranslation-score";
    const SUMMARY: &str = "Score from 1 to 5 how good a response is to its instruction, with the reason.";
    const COLUMNS: &[Column] = &[
        Column::required("instruction", &["utf8"], "What was asked, or may have been."),
        Column::required("generation", &["utf8"], "The response."),
    ];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("score", DataType::Int64);
        columns.add("reason", DataType::Utf8);
        let (instruction, generation) = (TextIn::take(schema, "instruction")?, TextIn::take(schema, "generation")?);
        Ok(Self { instruction, generation })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let fields = [("instruction", self.instruction.get(row)?), ("generation", self.generation.get(row)?)];
        Ok(Request::user(fill(PROMPT, &fields)).schema(schema(&[("reason", TEXT), ("score", SCORE)])))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let answered = json(&answer.text)?;
        let written = match answered.get("score") {
            Some(Value::Number(score) | Value::String(score)) => score.trim(),
            Some(_) => return Err("`score` is no number".to_owned()),
            None => return Err("there is no `score`".to_owned()),
        };
        let score = written.parse::<i64>().ok().filter(|score| (1..=5).contains(score));
        let score =
            score.ok_or_else(|| format!("`score` is {}, and no whole number from 1 to 5", clip(written, 40)))?;
        Ok(vec![score.into(), text(&answered, "reason")?.into()])
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{golden, reasons, says, texts, why};

    type Step = Asked<BacktranslationScore>;

    fn one() -> TestBatch {
        test::batch().utf8("instruction", [Some("How {generation}?")]).utf8("generation", [Some("Boil.")])
    }

    #[test]
    fn the_prompt_is_that_in_the_golden_file() {
        let asked = says(&["Here it is:\n```json\n{\"reason\": \"Short.\", \"score\": 4}\n```"]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, one()).unwrap();
        assert_eq!(output.values::<Int64>("score"), [Some(4)]);
        assert_eq!(texts(&output, "reason"), ["Short."]);
        golden("backtranslation-score", &asked);
    }

    #[test]
    fn nulls_are_rejected() {
        says(&[]);
        let batch = test::batch().utf8("instruction", [None, Some("a")]).utf8("generation", [Some("b"), None]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch).unwrap();
        assert_eq!(reasons(&output), ["0: `instruction` is null", "1: `generation` is null"]);
    }

    #[test]
    fn bad_answers_say_what_is_wrong() {
        let why = |answer: &str| why::<Step>(r#"{"model": "small"}"#, one(), answer);
        assert_eq!(why("Score: 4"), "there is no JSON in it");
        assert_eq!(why(r#"{"reason": "a"}"#), "there is no `score`");
        assert_eq!(why(r#"{"reason": "a", "score": null}"#), "`score` is no number");
        assert_eq!(why(r#"{"reason": "a", "score": 6}"#), "`score` is 6, and no whole number from 1 to 5");
        assert_eq!(why(r#"{"reason": "a", "score": 3.5}"#), "`score` is 3.5, and no whole number from 1 to 5");
        assert_eq!(why(r#"{"score": 3}"#), "there is no `reason`");
        assert_eq!(why(r#"{"reason": "", "score": 3}"#), "`reason` is empty");
    }
}
