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
mod tests {
    use stillroom_sdk::llm::Failure;
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{fault, golden, lists, model, reasons, says, texts};

    fn batch(rows: &[Option<&str>]) -> TestBatch {
        test::batch().utf8("instruction", rows.iter().copied())
    }

    fn one() -> TestBatch {
        batch(&[Some("Name a {colour}.")])
    }

    #[test]
    fn every_mutation_asks_what_its_golden_file_says() {
        for mutation in ["constraints", "deepening", "concretizing", "reasoning", "breadth"] {
            let asked = says(&["Name two."]);
            let params = format!(r#"{{"model": "small", "evolutions": 1, "mutations": ["{mutation}"]}}"#);
            let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
            assert_eq!(lists(&output, "mutations"), [mutation]);
            golden(&format!("instruct-{mutation}"), &asked);
        }
    }

    #[test]
    fn an_evolution_is_of_the_one_before() {
        let asked = says(&["Name two.", "Name three."]);
        let params = r#"{"model": "small", "evolutions": 2, "mutations": ["reasoning"]}"#;
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        assert_eq!(texts(&output, "evolved_instruction"), ["Name three."]);
        assert_eq!(lists(&output, "mutations"), ["reasoning|reasoning"]);
        golden("instruct-two", &asked);
    }

    #[test]
    fn all_are_kept_with_the_original_and_answered() {
        let asked = says(&["Name two.", "Name three.", "Red.", "Red, blue.", "Red, blue, green."]);
        let params = r#"{"model": "small", "evolutions": 2, "mutations": ["reasoning"], "keep": "all",
            "include-original": true, "answers": true}"#;
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        assert_eq!(lists(&output, "evolved_instructions"), ["Name a {colour}.|Name two.|Name three."]);
        assert_eq!(lists(&output, "answers"), ["Red.|Red, blue.|Red, blue, green."]);
        golden("instruct-answers", &asked);
        says(&["Name two.", "Red, blue."]);
        let params = r#"{"model": "small", "evolutions": 1, "answers": true}"#;
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        assert_eq!(texts(&output, "answer"), ["Red, blue."]);
    }

    #[test]
    fn a_failed_evolution_rejects_the_row_or_is_passed_over() {
        let params = |more: &str| format!(r#"{{"model": "small", "evolutions": 2, "mutations": ["reasoning"]{more}}}"#);
        says(&["Name two.", "name two!"]);
        let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
        let expected = "0: evolution 2 (`reasoning`): there is nothing new in it: it says the same in the same words; \
                        the answer was: name two!";
        assert_eq!(reasons(&output), [expected]);
        says(&["Name two.", "name two!"]);
        let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
        assert_eq!(texts(&output, "evolved_instruction"), ["Name two."]);
        assert_eq!(lists(&output, "mutations"), ["reasoning"]);
        says(&["", "Sorry, no."]);
        let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
        let expected = "0: no evolution stands the checks; evolution 2 (`reasoning`): it is a refusal, `sorry` in less \
                        than 80 words: Sorry, no.; the answer was: Sorry, no.";
        assert_eq!(reasons(&output), [expected]);
        // That nobody answers is no failed check.
        says(&["Name two."]);
        let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
        assert_eq!(reasons(&output), ["0: evolution 2 (`reasoning`): failed: nothing more is said"]);
    }

    #[test]
    fn the_model_judges_what_is_new() {
        let params = |more: &str| {
            let params = r#"{"model": "small", "evolutions": 1, "mutations": ["reasoning"], "judge": true"#;
            format!("{params}{more}}}")
        };
        let asked = says(&["Give me one.", r#"{"new": true}"#]);
        let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
        assert_eq!(texts(&output, "evolved_instruction"), ["Give me one."]);
        golden("instruct-judge", &asked);
        says(&["Give me one.", r#"{"new": false}"#]);
        let output = test::run::<Asked<Instruct>>(params(""), one()).unwrap();
        assert_eq!(reasons(&output), ["0: evolution 1 (`reasoning`): there is nothing new in it, as the model judges"]);
        says(&["Give me one.", r#"{"new": "yes"}"#]);
        let output = test::run::<Asked<Instruct>>(params(r#", "eliminated": "keep""#), one()).unwrap();
        let expected = "0: evolution 1 (`reasoning`): the judgement whether it is new: there is no `new` that is true \
                        or false; the answer was: {\"new\": \"yes\"}";
        assert_eq!(reasons(&output), [expected]);
    }

    #[test]
    fn an_answer_that_is_none_rejects_the_row() {
        says(&["Name two.", "Sorry."]);
        let params = r#"{"model": "small", "evolutions": 1, "answers": true}"#;
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        let expected = "0: the answer to instruction 0: it is a refusal, `sorry` in less than 80 words: Sorry.; the \
                        answer was: Sorry.";
        assert_eq!(reasons(&output), [expected]);
    }

    #[test]
    fn what_fails_is_asked_again_and_nulls_are_rejected() {
        let asked = says(&["", "Name two."]);
        let params = r#"{"model": "small", "evolutions": 1, "attempts": 2}"#;
        let output = test::run::<Asked<Instruct>>(params, batch(&[None, Some("Name a colour.")])).unwrap();
        assert_eq!(reasons(&output), ["0: `instruction` is null"]);
        assert_eq!(texts(&output, "evolved_instruction"), ["-", "Name two."]);
        assert_eq!(asked.borrow().len(), 2);
    }

    #[test]
    fn what_a_row_gets_hangs_on_its_text_sample_and_seed() {
        let draws = |params: &str, rows: &[Option<&str>]| {
            model(|prompt| Ok(format!("After: {}", prompt.len())));
            lists(&test::run::<Asked<Instruct>>(params, batch(rows)).unwrap(), "mutations")
        };
        let rows: Vec<String> = (0..40).map(|row| format!("Task {row}")).collect();
        let rows: Vec<Option<&str>> = rows.iter().map(|row| Some(row.as_str())).collect();
        let params = r#"{"model": "small", "evolutions": 1}"#;
        let all = draws(params, &rows);
        for mutation in ["constraints", "deepening", "concretizing", "reasoning", "breadth"] {
            assert!(all.iter().any(|drawn| drawn == mutation), "nobody draws {mutation}");
        }
        assert_eq!(draws(params, &rows[7..9]), all[7..9]);
        assert_ne!(draws(r#"{"model": "small", "evolutions": 1, "seed": 1}"#, &rows), all);
        let samples = draws(r#"{"model": "small", "evolutions": 1, "samples": 20}"#, &rows[..1]);
        assert_eq!(samples.len(), 20);
        assert!(samples.iter().any(|drawn| *drawn != samples[0]));
    }

    #[test]
    fn samples_are_rows_or_lists() {
        let params = |grouped: bool| {
            format!(r#"{{"model": "small", "evolutions": 1, "samples": 2, "grouped": {grouped}, "temperature": 0.5}}"#)
        };
        let asked = says(&["Name two.", "Name three."]);
        let output = test::run::<Asked<Instruct>>(params(false), one()).unwrap();
        assert_eq!(texts(&output, "evolved_instruction"), ["Name two.", "Name three."]);
        assert_eq!(output.rows().unwrap(), [0, 0]);
        assert!(asked.borrow().iter().all(|request| request.temperature == Some(0.5)));
        says(&["Name two.", ""]);
        let output = test::run::<Asked<Instruct>>(params(true), one()).unwrap();
        assert_eq!(lists(&output, "evolved_instruction"), ["Name two.|-"]);
    }

    #[test]
    fn templates_of_the_pipeline_are_drawn_too() {
        let asked = says(&["Nomme deux."]);
        let params = r#"{"model": "small", "evolutions": 1, "mutations": [],
            "templates": [{"name": "french", "prompt": "Translate: {instruction}"}]}"#;
        let output = test::run::<Asked<Instruct>>(params, one()).unwrap();
        assert_eq!(lists(&output, "mutations"), ["french"]);
        golden("instruct-template", &asked);
    }

    #[test]
    fn wrong_parameters_are_told() {
        model(|_| Err(Failure::Failed(String::new())));
        let why = |params: &str| fault::<Asked<Instruct>>(&format!(r#"{{"model": "small", {params}}}"#), one());
        assert_eq!(why(r#""seed": 1"#), "parameter `evolutions` is missing");
        assert_eq!(why(r#""evolutions": 0"#), "parameter `evolutions` is 0; it must be from 1 to 100");
        assert_eq!(
            why(r#""evolutions": 1, "mutations": []"#),
            "parameter `mutations` is empty; name one, or give one in `templates`"
        );
        assert_eq!(
            why(r#""evolutions": 1, "include-original": true"#),
            "parameter `include-original` needs `keep: all`: of the last there is only one"
        );
        assert_eq!(
            why(r#""evolutions": 1, "templates": [{"name": "a", "prompt": "b"}]"#),
            "parameter `templates[0].prompt` has no `{instruction}`: nothing would be evolved"
        );
        assert!(
            why(r#""evolutions": 1, "mutations": ["harder"]"#).starts_with("parameter `mutations[0]` is \"harder\"")
        );
    }
}
