//! `instruct/clair`: a solution made better with as few changes as that takes.
//!
//! Contrastive Learning from AI Revisions: D'Oosterlinck, Xu, Develder, Demeester, Singh, Potts, Kiela and Mehri,
//! *Anchored Preference Optimization and Contrastive Revisions: Addressing Underspecification in Alignment*, 2024,
//! arXiv:2408.06266. The revision and what it revises are a pair of chosen and rejected that differ in little else than
//! what makes one the better.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, json};
use stillroom_sdk::*;

use crate::answered::{TEXT, fill, schema, text};

const SYSTEM: &str = include_str!("prompts/clair-system.txt");
const PROMPT: &str = include_str!("prompts/clair.txt");

params! {
    /// Parameters of `clair`.
    pub struct ClairParams {
        /// The system prompt: whose eyes a solution is seen with. An empty one is none.
        pub system_prompt: String = SYSTEM.trim_end().to_owned(),
    }
}

/// The task.
pub struct Clair {
    task: TextIn,
    solution: TextIn,
    system: String,
}

impl Task for Clair {
    const NAME: &str = "clair";
    const SUMMARY: &str = "Revise a solution so that it becomes better and little else changes (CLAIR).";
    const COLUMNS: &[Column] = &[
        Column::required("task", &["utf8"], "What was to be done."),
        Column::required("student_solution", &["utf8"], "The solution that is revised."),
    ];
    type Params = ClairParams;

    fn open(params: ClairParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("revision", DataType::Utf8);
        columns.add("rational", DataType::Utf8);
        let (task, solution) = (TextIn::take(schema, "task")?, TextIn::take(schema, "student_solution")?);
        Ok(Self { task, solution, system: params.system_prompt })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let fields = [("task", self.task.get(row)?), ("student_solution", self.solution.get(row)?)];
        let schema = schema(&[("rational", TEXT), ("revision", TEXT)]);
        Ok(Request::with_system(&self.system, fill(PROMPT, &fields)).schema(schema))
    }

    fn parse(&self, row: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let answered = json(&answer.text)?;
        let (revision, rational) = (text(&answered, "revision")?, text(&answered, "rational")?);
        match revision == self.solution.get(row)?.trim() {
            true => Err("`revision` is the solution as it was".to_owned()),
            false => Ok(vec![revision.into(), rational.into()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{golden, reasons, says, texts, why};

    type Step = Asked<Clair>;

    const GOOD: &str = r#"{"rational": "2 + 2 is 4.", "revision": "It is 4."}"#;

    fn one() -> TestBatch {
        test::batch().utf8("task", [Some("2 + 2")]).utf8("student_solution", [Some("It is {task}.")])
    }

    #[test]
    fn the_prompt_is_that_in_the_golden_file() {
        let asked = says(&[GOOD]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, one()).unwrap();
        assert_eq!(texts(&output, "revision"), ["It is 4."]);
        assert_eq!(texts(&output, "rational"), ["2 + 2 is 4."]);
        golden("clair", &asked);
    }

    #[test]
    fn the_system_prompt_may_be_another_or_none() {
        let asked = says(&[GOOD, GOOD]);
        test::run::<Step>(r#"{"model": "small", "system-prompt": "Be kind."}"#, one()).unwrap();
        test::run::<Step>(r#"{"model": "small", "system-prompt": ""}"#, one()).unwrap();
        golden("clair-system", &asked);
    }

    #[test]
    fn bad_answers_and_nulls_say_what_is_wrong() {
        let why = |answer: &str| why::<Step>(r#"{"model": "small"}"#, one(), answer);
        assert_eq!(why("It is 4."), "there is no JSON in it");
        assert_eq!(why(r#"{"revision": "It is 4."}"#), "there is no `rational`");
        assert_eq!(why(r#"{"rational": "a"}"#), "there is no `revision`");
        assert_eq!(why(r#"{"rational": "a", "revision": 4}"#), "`revision` is no text");
        assert_eq!(why(r#"{"rational": "a", "revision": " It is {task}. "}"#), "`revision` is the solution as it was");
        let batch = test::batch().utf8("task", [None, Some("a")]).utf8("student_solution", [Some("b"), None]);
        let output = test::run::<Step>(r#"{"model": "small"}"#, batch).unwrap();
        assert_eq!(reasons(&output), ["0: `task` is null", "1: `student_solution` is null"]);
    }

    #[test]
    fn samples_are_rows_or_lists() {
        says(&[GOOD, "no"]);
        let output = test::run::<Step>(r#"{"model": "small", "samples": 2}"#, one()).unwrap();
        assert_eq!((texts(&output, "revision"), output.rows()), (vec!["It is 4.".to_owned()], Some(&[0][..])));
        says(&[GOOD, "no"]);
        let output = test::run::<Step>(r#"{"model": "small", "samples": 2, "grouped": true}"#, one()).unwrap();
        assert_eq!(crate::test_util::lists(&output, "revision"), ["It is 4.|-"]);
    }
}
