//! `sentences/classification`: for a classification task a text, its class, and a class that it might be mistaken for. Wang et
//! al. 2024, arXiv:2401.00368.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::draw::{drawn, language};
use crate::examples::{TASK, task};
use crate::options::*;
use crate::texts::{differ, fill, read, schema};

params! {
    /// Parameters of `classification`.
    pub struct ClassificationParams {
        /// How easy it is to see what the text means. Drawn where it is left out, as `difficulty` is.
        pub clarity: Option<Clarity> = None,
        /// What a reader has to have learnt.
        pub difficulty: Option<Difficulty> = None,
        /// The language of all texts.
        pub language: String = "English".to_owned(),
        /// What the draws hang on, with the task.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Classification {
    task: TextIn,
    params: ClassificationParams,
}

const PROMPT: &str = include_str!("prompts/classification.txt");
const TEXTS: [&str; 3] = ["input_text", "label", "misleading_label"];

impl Task for Classification {
    const NAME: &str = "classification";
    const SUMMARY: &str =
        "Write an example of a classification: a text, its class, and one that it may be mistaken for.";
    const COLUMNS: &[Column] = &[TASK];
    type Params = ClassificationParams;

    fn open(mut params: ClassificationParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        params.language = language("language", params.language)?;
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { task: TextIn::take(schema, "task")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let ClassificationParams { clarity, difficulty, ref language, seed } = self.params;
        let (task, mut dice) = task(&self.task, seed, row)?;
        let values = [
            ("task", task),
            ("clarity", drawn(clarity, &mut dice, &CLARITIES).phrase()),
            ("difficulty", drawn(difficulty, &mut dice, &DIFFICULTIES).phrase()),
            ("language", language),
        ];
        Ok(Request::user(fill(PROMPT, &values)).schema(schema(&TEXTS)))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let texts = read(answer, &TEXTS)?;
        differ((TEXTS[1], &texts[1]), (TEXTS[2], &texts[2]))?;
        Ok(texts.into_iter().map(Cell::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{fault, golden, run, why};

    const ALL: &str = r#"{"model": "m", "clarity": "ambiguous", "difficulty": "college", "language": "French"}"#;

    fn batch() -> test::TestBatch {
        test::batch().utf8("task", [Some("Tell whether a letter is a complaint or a request.")])
    }

    #[test]
    fn what_is_asked() {
        golden::<Classification>("classification", ALL, batch());
        golden::<Classification>("classification-drawn", r#"{"model": "m"}"#, batch());
    }

    #[test]
    fn examples_are_read() {
        let answer = r#"{"input_text": "The tap drips.", "label": "complaint", "misleading_label": "request"}"#;
        let output = run::<Classification>(ALL, answer, batch()).unwrap();
        let values = TEXTS.map(|name| output.values::<Utf8>(name)[0]);
        assert_eq!(values, [Some("The tap drips."), Some("complaint"), Some("request")]);
        let samples = r#"{"model": "m", "samples": 2}"#;
        assert_eq!(run::<Classification>(samples, answer, batch()).unwrap().rows(), Some(&[0, 0][..]));
    }

    #[test]
    fn bad_answers_are_told() {
        for (answer, reason) in [
            ("complaint", "there is no JSON in it"),
            (r#"{"label": "complaint", "misleading_label": "request"}"#, "there is no `input_text`"),
            (
                r#"{"input_text": "The tap drips.", "label": "complaint", "misleading_label": "Complaint"}"#,
                "`misleading_label` is the same as `label`",
            ),
        ] {
            assert_eq!(why::<Classification>(ALL, answer, batch()), reason);
        }
    }

    #[test]
    fn nulls_and_wrong_parameters_are_told() {
        assert_eq!(why::<Classification>(ALL, "{}", test::batch().utf8("task", [None::<&str>])), "`task` is null");
        let difficulty = "parameter `difficulty` is \"hard\"; it must be one of `high-school`, `college`, `phd`";
        assert_eq!(fault::<Classification>(r#"{"model": "m", "difficulty": "hard"}"#, batch()), difficulty);
    }
}
