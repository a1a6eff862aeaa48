//! `evolve/instruct`: instructions become harder, or others, in several rounds.
//!
//! Evol-Instruct: Xu, Sun, Zheng, Geng, Zhao, Feng, Tao, Lin and Jiang, *WizardLM: Empowering Large Language Models to
//! Follow Complex Instructions*, 2023, arXiv:2304.12244. The mutations are the paper's but for the one that puts data of a
//! form into the prompt; each is as likely as the others. Of its four signs of a failed evolution, three are looked for in the
//! words (a refusal, nothing but stop words, words copied from the prompt). The first, that nothing is new, is seen by itself
//! only where the words are the same; `judge` asks the model, as the paper does. The paper puts what failed back into the
//! pool; that is `eliminated: keep`.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Dice, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::kept::{Keep, Kept};
use crate::lineage::Lineage;
use crate::mutation::{Evolving, Mutation, Template};
use crate::rounds::{Eliminated, Rounds};

params! {
    /// Parameters of `instruct`.
    pub struct InstructParams {
        /// How many evolutions there are, each of the one before.
        pub evolutions: u32,
        /// Which of them are kept.
        pub keep: Keep = Keep::Last,
        /// Whether the list of all of them begins with the instruction as it was.
        pub include_original: bool = false,
        /// Whether the model answers what is kept too.
        pub answers: bool = false,
        /// The mutations that a row's are drawn from.
        pub mutations: Vec<Evolving> = vec![
            Evolving::Constraints, Evolving::Deepening, Evolving::Concretizing, Evolving::Reasoning, Evolving::Breadth,
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
pub struct Instruct(Instructions);

impl Task for Instruct {
    const NAME: &str = "instruct";
    const SUMMARY: &str = "Evolve instructions: make them harder, or make others of their kind (Evol-Instruct).";
    const COLUMNS: &[Column] = &[INSTRUCTION];
    type Params = InstructParams;

    fn open(params: InstructParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
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

pub(crate) const INSTRUCTION: Column = Column::required("instruction", &["utf8"], "What is evolved.");

/// Why a task of several rounds has neither a single prompt nor a single answer.
pub(crate) const ROUNDS: &str = "this is asked in rounds";

/// Instructions that evolve: what `instruct` and `complexity` have in common.
pub(crate) struct Instructions {
    instruction: TextIn,
    rounds: Rounds,
    kept: Kept,
    seed: u64,
}

impl Instructions {
    pub(crate) fn open(
        rounds: Rounds,
        keep: (Keep, bool, bool),
        seed: u64,
        schema: &mut Schema,
        columns: &mut Columns,
    ) -> Result<Self> {
        let instruction = TextIn::take(schema, INSTRUCTION.name)?;
        let kept = Kept::declare(keep, ("evolved_instruction", "evolved_instructions"), columns)?;
        Ok(Self { instruction, rounds, kept, seed })
    }

    pub(crate) fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let line = |row: &Row<'_>| {
            let text = self.instruction.get(*row)?;
            Ok(Lineage::new("instruction", text, Dice::of(self.seed, &[text], *row)))
        };
        let lines = self.rounds.run(rows.iter().map(line).collect(), asker);
        self.kept.cells(lines, asker)
    }
}

#[cfg(test)]
mod tests;
