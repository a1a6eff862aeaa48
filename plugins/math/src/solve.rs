//! `math/solve`: solutions of a problem, step by step.
//!
//! Math-Shepherd's generator (Wang et al. 2023, *Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human
//! Annotations*, arXiv:2312.08935), in our own words. Without `candidates` it is one solution, to be trusted: `golden_solution`.
//! With `candidates: M` it is M solutions, each asked for alone as in the paper, all of all rows together: `solutions`. A
//! solution is a list of its steps.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::{Column, DataType, Fault, Result, Schema, params};

use crate::INSTRUCTION;
use crate::steps::{form, steps};

params! {
    /// Parameters of `solve`.
    pub struct SolveParams {
        /// How many solutions there are to a problem, in `solutions`. Without it there is one, in `golden_solution`.
        pub candidates: Option<u32> = None,
        /// What the system says, in place of our own words.
        pub system_prompt: Option<String> = None,
        /// Rules for the steps, beside ours.
        pub extra_rules: Option<String> = None,
        /// Problems with solutions, to learn the form from.
        pub few_shots: Option<String> = None,
    }
}

/// The task.
pub struct Solve {
    instruction: TextIn,
    params: SolveParams,
}

/// What the system says of solving.
pub(crate) const SYSTEM: &str = "You solve problems step by step, as a good teacher writes a solution on the board: each step small, \
    correct and easy to check.";

impl Task for Solve {
    const NAME: &str = "solve";
    const SUMMARY: &str = "Solve a problem step by step, once or several times.";
    const COLUMNS: &[Column] = &[INSTRUCTION];
    type Params = SolveParams;

    fn open(params: SolveParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let steps = DataType::List(Box::new(DataType::Utf8));
        match params.candidates {
            None => columns.add("golden_solution", steps),
            Some(0) => return Err(Fault::params("parameter `candidates` is 0; it must be 1 or more")),
            Some(_) => columns.add("solutions", DataType::List(Box::new(steps))),
        }
        Ok(Self { instruction: TextIn::take(schema, "instruction")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let SolveParams { system_prompt, extra_rules, few_shots, .. } = &self.params;
        let mut user = "Solve the problem below.\n\n".to_owned();
        user.push_str(&form(1));
        for (tag, text) in [("rules", extra_rules), ("examples", few_shots)] {
            if let Some(text) = text {
                user.push_str(&format!("\n\n<{tag}>\n{}\n</{tag}>", text.trim()));
            }
        }
        user.push_str(&format!("\n\n<problem>\n{}\n</problem>", self.instruction.get(row)?));
        Ok(Request::with_system(system_prompt.as_deref().unwrap_or(SYSTEM), user))
    }

    /// The steps of one solution.
    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![steps(&answer.text, 1)?.into()])
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let candidates = self.params.candidates.unwrap_or(1) as usize;
        let (mut asked, mut requests) = (Vec::new(), Vec::new());
        for (place, row) in rows.iter().enumerate() {
            asked.push(self.prompt(*row).map(|request| requests.extend(vec![(place, request); candidates])));
        }
        let mut solutions = asker.ask_many_until(requests, |_, answer| steps(&answer.text, 1)).into_iter();
        let of_row = |asked: Result<(), String>| {
            asked?;
            let solutions: Vec<_> = solutions.by_ref().take(candidates).collect();
            self.cells(solutions)
        };
        asked.into_iter().map(of_row).collect()
    }
}

impl Solve {
    fn cells(&self, solutions: Vec<Result<Vec<String>, String>>) -> Result<Vec<Cell>, String> {
        if self.params.candidates.is_none() {
            return solutions.into_iter().map(|steps| steps.map(Cell::from)).collect();
        }
        let count = solutions.len();
        let one = |(place, steps): (usize, Result<Vec<String>, String>)| {
            steps.map_err(|why| format!("solution {} of {count}: {why}", place + 1))
        };
        let solutions: Vec<Vec<String>> = solutions.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
        Ok(vec![solutions.into()])
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::{List, Rows, Utf8, test};

    use super::*;
    use crate::test_util::{answers, golden, reasons};

    type Step = Asked<Solve>;

    const GOOD: &str = "Step 1: 1 + 1 = 2\nStep 2: 2 · 2 = 4. The answer is: 4";
    const OTHER: &str = "Step 1: The answer is: 5";

    fn batch(problems: &[Option<&str>]) -> test::TestBatch {
        test::batch().utf8("instruction", problems.iter().copied())
    }

    #[test]
    fn what_is_asked() {
        let asked = answers(&[GOOD]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some("(1 + 1) · 2?"), None])).unwrap();
        golden("solve", &asked);
        let steps = output.column::<List<Utf8>>("golden_solution");
        let expected = ["Step 1: 1 + 1 = 2", "Step 2: 2 · 2 = 4. The answer is: 4"];
        assert_eq!(steps.values().iter().flatten().collect::<Vec<_>>(), expected);
        assert_eq!(reasons(&output), ["1: `instruction` is null"]);
        let asked = answers(&[GOOD]);
        let params =
            r#"{"model": "small", "extra-rules": "Use fractions.", "few-shots": "1?\nStep 1: The answer is: 1"}"#;
        test::run::<Step>(params, batch(&[Some("(1 + 1) · 2?")])).unwrap();
        golden("solve-full", &asked);
    }

    #[test]
    fn several_solutions_are_asked_for_together() {
        let asked = answers(&[GOOD, OTHER, OTHER, GOOD]);
        let params = r#"{"model": "small", "candidates": 2}"#;
        let output = test::run::<Step>(params, batch(&[Some("a"), None, Some("b")])).unwrap();
        assert_eq!(asked.borrow().len(), 4);
        let solutions = output.column::<List<List<Utf8>>>("solutions");
        let lengths: Vec<_> = solutions.values().iter().flatten().map(|steps| steps.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
        assert_eq!(reasons(&output), ["1: `instruction` is null"]);
    }

    #[test]
    fn bad_answers_are_told_and_asked_for_again() {
        answers(&[GOOD, "It is 5."]);
        let params = r#"{"model": "small", "candidates": 2}"#;
        let output = test::run::<Step>(params, batch(&[Some("a")])).unwrap();
        assert_eq!(reasons(&output), ["0: solution 2 of 2: there is no `Step 1:`"]);
        let asked = answers(&[GOOD, "It is 5.", OTHER]);
        let params = r#"{"model": "small", "candidates": 2, "attempts": 2}"#;
        let output = test::run::<Step>(params, batch(&[Some("a")])).unwrap();
        assert_eq!(reasons(&output), [""; 0]);
        assert_eq!(asked.borrow().len(), 3);
        answers(&["Step 1: so"]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch(&[Some("a")])).unwrap();
        assert_eq!(reasons(&output), ["0: the last step does not say `The answer is:`"]);
    }

    #[test]
    fn samples_are_rows_or_lists() {
        answers(&[GOOD, OTHER]);
        let output = test::run::<Step>(r#"{"model": "small", "samples": 2}"#, batch(&[Some("a")])).unwrap();
        assert_eq!(output.rows(), Some(&[0, 0][..]));
        answers(&[GOOD, "?"]);
        let params = r#"{"model": "small", "samples": 2, "grouped": true}"#;
        let output = test::run::<Step>(params, batch(&[Some("a")])).unwrap();
        let samples = output.column::<List<List<Utf8>>>("golden_solution").values();
        assert_eq!([samples.is_null(0), samples.is_null(1)], [false, true]);
    }

    #[test]
    fn wrong_parameters_are_told() {
        answers(&[]);
        let fault = test::run::<Step>(r#"{"model": "small", "candidates": 0}"#, batch(&[])).unwrap_err();
        assert_eq!(fault.message(), "parameter `candidates` is 0; it must be 1 or more");
    }
}
