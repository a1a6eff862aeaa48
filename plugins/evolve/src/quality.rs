//! `evolve/quality`: responses become better, in several rounds.
//!
//! Evol-Quality: Liu, Zeng, He, Jiang and He, *What Makes Good Data for Alignment? A Comprehensive Study of Automatic Data
//! Selection in Instruction Tuning*, 2023, arXiv:2312.15685 (Deita). Its five ways are helpfulness, relevance, depth,
//! creativity and details. The checks are those of `instruct`, which the paper does not have for responses: a response that
//! stayed the same is none that is better.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Dice, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::instruct::ROUNDS;
use crate::kept::{Keep, Kept};
use crate::lineage::Lineage;
use crate::mutation::{Improving, Mutation, Template};
use crate::rounds::{Eliminated, Rounds};

params! {
    /// Parameters of `quality`.
    pub struct QualityParams {
        /// How many evolutions there are, each of the one before.
        pub evolutions: u32,
        /// Which of them are kept.
        pub keep: Keep = Keep::Last,
        /// Whether the list of all of them begins with the response as it was.
        pub include_original: bool = false,
        /// The ways that a row's are drawn from.
        pub mutations: Vec<Improving> = vec![
            Improving::Helpfulness, Improving::Relevance, Improving::Depth, Improving::Creativity, Improving::Details,
        ],
        /// Ways of your own beside these.
        pub templates: Vec<Template> = Vec::new(),
        /// What becomes of a row where an evolution fails the checks.
        pub eliminated: Eliminated = Eliminated::Reject,
        /// Whether the model is asked if an evolution has something new in it: one more request each.
        pub judge: bool = false,
        /// What the draw hangs on, beside the row's texts.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Quality {
    instruction: TextIn,
    response: TextIn,
    rounds: Rounds,
    kept: Kept,
    seed: u64,
}

impl Task for Quality {
    const NAME: &str = "quality";
    const SUMMARY: &str = "Evolve responses: make them better in one of several ways at a time (Deita's Evol-Quality).";
    const COLUMNS: &[Column] = &[
        Column::required("instruction", &["utf8"], "What was asked."),
        Column::required("response", &["utf8"], "What is evolved."),
    ];
    type Params = QualityParams;

    fn open(params: QualityParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let mutations = Mutation::all(params.mutations, params.templates, &["instruction", "response"])?;
        let rounds = Rounds::new(params.evolutions, mutations, params.eliminated, params.judge)?;
        let (instruction, response) = (TextIn::take(schema, "instruction")?, TextIn::take(schema, "response")?);
        let keep = (params.keep, params.include_original, false);
        let kept = Kept::declare(keep, ("evolved_response", "evolved_responses"), columns)?;
        Ok(Self { instruction, response, rounds, kept, seed: params.seed })
    }

    fn prompt(&self, _: Row<'_>) -> Result<Request, String> {
        Err(ROUNDS.to_owned())
    }

    fn parse(&self, _: Row<'_>, _: &Answer) -> Result<Vec<Cell>, String> {
        Err(ROUNDS.to_owned())
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let line = |row: &Row<'_>| {
            let (instruction, response) = (self.instruction.get(*row)?, self.response.get(*row)?);
            let dice = Dice::of(self.seed, &[instruction, response], *row);
            Ok(Lineage::new("response", response, dice).beside("instruction", instruction))
        };
        let lines = self.rounds.run(rows.iter().map(line).collect(), asker);
        self.kept.cells(lines, asker)
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{fault, golden, lists, reasons, says, texts};

    fn one() -> TestBatch {
        test::batch().utf8("instruction", [Some("Name a colour.")]).utf8("response", [Some("Red {instruction}.")])
    }

    #[test]
    fn every_way_asks_what_its_golden_file_says() {
        for way in ["helpfulness", "relevance", "depth", "creativity", "details"] {
            let asked = says(&["Blue."]);
            let params = format!(r#"{{"model": "small", "evolutions": 1, "mutations": ["{way}"]}}"#);
            let output = test::run::<Asked<Quality>>(params, one()).unwrap();
            assert_eq!(texts(&output, "evolved_response"), ["Blue."]);
            assert_eq!(lists(&output, "mutations"), [way]);
            golden(&format!("quality-{way}"), &asked);
        }
    }

    #[test]
    fn the_instruction_stays_and_the_response_evolves() {
        let asked = says(&["Blue.", "<response>\nBlue, like the sea.\n</response>"]);
        let params = r#"{"model": "small", "evolutions": 2, "mutations": ["depth"], "keep": "all",
            "include-original": true}"#;
        let output = test::run::<Asked<Quality>>(params, one()).unwrap();
        assert_eq!(lists(&output, "evolved_responses"), ["Red {instruction}.|Blue.|Blue, like the sea."]);
        golden("quality-two", &asked);
    }

    #[test]
    fn nulls_and_responses_that_stay_the_same_are_rejected() {
        let batch = test::batch().utf8("instruction", [None, Some("a"), Some("Name a colour.")]);
        let batch = batch.utf8("response", [Some("x"), None, Some("Red.")]);
        says(&["red"]);
        let params = r#"{"model": "small", "evolutions": 1, "mutations": ["depth"]}"#;
        let output = test::run::<Asked<Quality>>(params, batch).unwrap();
        let same = "2: evolution 1 (`depth`): there is nothing new in it: it says the same in the same words; the \
                    answer was: red";
        assert_eq!(reasons(&output), ["0: `instruction` is null", "1: `response` is null", same]);
    }

    #[test]
    fn a_template_needs_both_texts() {
        says(&[]);
        let params = r#"{"model": "small", "evolutions": 1, "templates": [{"name": "a", "prompt": "{response}"}]}"#;
        let expected = "parameter `templates[0].prompt` has no `{instruction}`: nothing would be evolved";
        assert_eq!(fault::<Asked<Quality>>(params, one()), expected);
    }
}
