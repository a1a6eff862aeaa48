//! `sentences/short-matching`, `sentences/long-matching`: for a task two short texts, or two long ones, that belong together.
//! Wang et al. 2024, arXiv:2401.00368. Negatives are those of other rows, as is usual in contrastive training.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::draw::{drawn, language};
use crate::examples::{TASK, task};
use crate::options::num_words;
use crate::texts::{differ, fill, read, schema};

params! {
    /// Parameters of `short-matching`.
    pub struct ShortParams {
        /// The language of both texts.
        pub language: String = "English".to_owned(),
    }
}

params! {
    /// Parameters of `long-matching`.
    pub struct LongParams {
        /// The least words of each text. Drawn from 100, 200, 300, 400, 500 where it is left out.
        pub num_words: Option<u32> = None,
        /// The language of both texts.
        pub language: String = "English".to_owned(),
        /// What the draws hang on, with the task.
        pub seed: u64 = 42,
    }
}

/// The task `short-matching`.
pub struct ShortMatching {
    task: TextIn,
    params: ShortParams,
}

/// The task `long-matching`.
pub struct LongMatching {
    task: TextIn,
    params: LongParams,
}

const SHORT: &str = include_str!("prompts/short_matching.txt");
const LONG: &str = include_str!("prompts/long_matching.txt");
const TEXTS: [&str; 2] = ["input", "positive_document"];
const NUM_WORDS: [u32; 5] = [100, 200, 300, 400, 500];

impl Task for ShortMatching {
    const NAME: &str = "short-matching";
    const SUMMARY: &str = "Write two short texts that belong together by a task (`input`, `positive_document`).";
    const COLUMNS: &[Column] = &[TASK];
    type Params = ShortParams;

    fn open(mut params: ShortParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        params.language = language("language", params.language)?;
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { task: TextIn::take(schema, "task")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let values = [("task", self.task.get(row)?), ("language", &self.params.language)];
        Ok(Request::user(fill(SHORT, &values)).schema(schema(&TEXTS)))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        cells(answer)
    }
}

impl Task for LongMatching {
    const NAME: &str = "long-matching";
    const SUMMARY: &str = "Write two long texts that belong together by a task (`input`, `positive_document`).";
    const COLUMNS: &[Column] = &[TASK];
    type Params = LongParams;

    fn open(mut params: LongParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        params.num_words = num_words(params.num_words)?;
        params.language = language("language", params.language)?;
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { task: TextIn::take(schema, "task")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let (task, mut dice) = task(&self.task, self.params.seed, row)?;
        let num_words = drawn(self.params.num_words, &mut dice, &NUM_WORDS).to_string();
        let values = [("task", task), ("num_words", &num_words), ("language", &self.params.language)];
        Ok(Request::user(fill(LONG, &values)).schema(schema(&TEXTS)))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        cells(answer)
    }
}

fn cells(answer: &Answer) -> Result<Vec<Cell>, String> {
    let texts = read(answer, &TEXTS)?;
    differ((TEXTS[0], &texts[0]), (TEXTS[1], &texts[1]))?;
    Ok(texts.into_iter().map(Cell::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{fault, golden, run, why};

    const MODEL: &str = r#"{"model": "m"}"#;

    fn batch() -> test::TestBatch {
        test::batch().utf8("task", [Some("Given a dish, find its main ingredient.")])
    }

    #[test]
    fn what_is_asked() {
        golden::<ShortMatching>("short-matching", r#"{"model": "m", "language": "Latin"}"#, batch());
        golden::<LongMatching>("long-matching", r#"{"model": "m", "num-words": 60}"#, batch());
        golden::<LongMatching>("long-matching-drawn", MODEL, batch());
    }

    #[test]
    fn pairs_are_read() {
        let answer = r#"{"input": "Hummus", "positive_document": "Chickpeas"}"#;
        for output in [run::<ShortMatching>(MODEL, answer, batch()), run::<LongMatching>(MODEL, answer, batch())] {
            let output = output.unwrap();
            assert_eq!(output.values::<Utf8>("input"), [Some("Hummus")]);
            assert_eq!(output.values::<Utf8>("positive_document"), [Some("Chickpeas")]);
        }
        let samples = r#"{"model": "m", "samples": 2}"#;
        assert_eq!(run::<ShortMatching>(samples, answer, batch()).unwrap().rows(), Some(&[0, 0][..]));
        let grouped = r#"{"model": "m", "samples": 2, "grouped": true}"#;
        let output = run::<LongMatching>(grouped, answer, batch()).unwrap();
        assert_eq!(output.data_type("input").to_string(), "list<utf8>");
    }

    #[test]
    fn bad_answers_are_told() {
        for (answer, reason) in [
            ("Hummus: Chickpeas", "there is no JSON in it"),
            (r#"{"input": "Hummus"}"#, "there is no `positive_document`"),
            (r#"{"input": "Hummus", "positive_document": ["Chickpeas"]}"#, "`positive_document` is no text"),
            (r#"{"input": "Beans", "positive_document": "beans"}"#, "`positive_document` is the same as `input`"),
        ] {
            assert_eq!(why::<ShortMatching>(MODEL, answer, batch()), reason);
            assert_eq!(why::<LongMatching>(MODEL, answer, batch()), reason);
        }
    }

    #[test]
    fn nulls_and_wrong_parameters_are_told() {
        let null = || test::batch().utf8("task", [None::<&str>]);
        assert_eq!(why::<ShortMatching>(MODEL, "{}", null()), "`task` is null");
        assert_eq!(why::<LongMatching>(MODEL, "{}", null()), "`task` is null");
        let seed = fault::<ShortMatching>(r#"{"model": "m", "seed": 1}"#, batch());
        assert_eq!(seed, "unknown parameter `seed`; there are `language`");
        let none = fault::<LongMatching>(r#"{"model": "m", "num-words": 0}"#, batch());
        assert_eq!(none, "parameter `num-words` is 0; it must be 1 or more");
    }
}
