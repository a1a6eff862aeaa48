//! `evolve/complexity`: instructions become more complex, in several rounds.
//!
//! Evol-Complexity: Liu, Zeng, He, Jiang and He, *What Makes Good Data for Alignment? A Comprehensive Study of Automatic
//! Data Selection in Instruction Tuning*, 2023, arXiv:2312.15685 (Deita): the in-depth half of Evol-Instruct, so that every
//! evolution is a more complex form of the one before. `keep: all` with `include-original` is what its scorer is trained on.
//! The checks are those of `instruct`.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Row, Task};
use stillroom_sdk::*;

use crate::instruct::{INSTRUCTION, Instructions, ROUNDS};
use crate::kept::Keep;
use crate::mutation::{Complicating, Mutation, Template};
use crate::rounds::{Eliminated, Rounds};

params! {
    /// Parameters of `complexity`.
    pub struct ComplexityParams {
        /// How many evolutions there are, each of the one before.
        pub evolutions: u32,
        /// Which of them are kept.
        pub keep: Keep = Keep::Last,
        /// Whether the list of all of them begins with the instruction as it was.
        pub include_original: bool = false,
        /// Whether the model answers what is kept too.
        pub answers: bool = false,
        /// The mutations that a row's are drawn from.
        pub mutations: Vec<Complicating> = vec![
            Complicating::Constraints, Complicating::Deepening, Complicating::Concretizing, Complicating::Reasoning,
        ],
        /// Mutations of your own beside these.
        pub templates: Vec<Template> = Vec::new(),
        /// What becomes of a row where an evolution fails the checks.
        pub eliminated: Eliminated = Eliminated::Reject,
        /// Whether the model is asked if an evolution has something new in it: one more request each.
        pub judge: bool = false,
        /// What the draw hangs on, beside the row's text.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Complexity(Instructions);

impl Task for Complexity {
    const NAME: &str = "complexity";
    const SUMMARY: &str = "Evolve instructions: make them more complex (Deita's Evol-Complexity).";
    const COLUMNS: &[Column] = &[INSTRUCTION];
    type Params = ComplexityParams;

    fn open(params: ComplexityParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let mutations = Mutation::all(params.mutations, params.templates, &["instruction"])?;
        let rounds = Rounds::new(params.evolutions, mutations, params.eliminated, params.judge)?;
        let keep = (params.keep, params.include_original, params.answers);
        Ok(Self(Instructions::open(rounds, keep, params.seed, schema, columns)?))
    }

    fn prompt(&self, _: Row<'_>) -> Result<Request, String> {
        Err(ROUNDS.to_owned())
    }

    fn parse(&self, _: Row<'_>, _: &Answer) -> Result<Vec<Cell>, String> {
        Err(ROUNDS.to_owned())
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        self.0.answer(rows, asker)
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;

    use super::*;
    use crate::test_util::{fault, golden, lists, model, reasons, says};

    #[test]
    fn the_prompts_are_those_in_the_golden_file() {
        let batch = test::batch().utf8("instruction", [Some("Name a colour."), None]);
        let asked = says(&["Name two.", "Name three."]);
        let params = r#"{"model": "small", "evolutions": 2, "keep": "all", "include-original": true}"#;
        let output = test::run::<Asked<Complexity>>(params, batch).unwrap();
        assert_eq!(lists(&output, "evolved_instructions"), ["Name a colour.|Name two.|Name three.", "-"]);
        assert_eq!(reasons(&output), ["1: `instruction` is null"]);
        golden("complexity", &asked);
    }

    #[test]
    fn nothing_evolves_in_breadth() {
        let rows: Vec<String> = (0..60).map(|row| format!("Task {row}")).collect();
        let batch = test::batch().utf8("instruction", rows.iter().map(Some));
        model(|prompt| Ok(format!("After: {}", prompt.len())));
        let output = test::run::<Asked<Complexity>>(r#"{"model": "small", "evolutions": 1}"#, batch.clone()).unwrap();
        let drawn = lists(&output, "mutations");
        for mutation in ["constraints", "deepening", "concretizing", "reasoning"] {
            assert!(drawn.iter().any(|drawn| drawn == mutation), "nobody draws {mutation}");
        }
        let why = fault::<Asked<Complexity>>(r#"{"model": "m", "evolutions": 1, "mutations": ["breadth"]}"#, batch);
        assert!(why.contains("one of `constraints`, `deepening`, `concretizing`, `reasoning`"), "{why}");
    }
}
