//! `sentences/retrieval`: for a search task a query, a document that has what it looks for, and one that has not. Wang et al.
//! 2024, arXiv:2401.00368. A row's options are drawn by its task, so the same task has the same ones in every run; several
//! samples of a row have different ones.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::draw::{drawn, language};
use crate::examples::{TASK, task};
use crate::options::*;
use crate::texts::{differ, fill, read, schema};

params! {
    /// Parameters of `retrieval`.
    pub struct RetrievalParams {
        /// How often people search for such a thing. Drawn where it is left out, as the others are.
        pub query_type: Option<QueryType> = None,
        /// How long the query is.
        pub query_length: Option<QueryLength> = None,
        /// How easy it is to see what the query means.
        pub clarity: Option<Clarity> = None,
        /// What a reader has to have learnt.
        pub difficulty: Option<Difficulty> = None,
        /// The least words of each document. Drawn from 50, 100, 200, 300, 400, 500.
        pub num_words: Option<u32> = None,
        /// The language of all texts.
        pub language: String = "English".to_owned(),
        /// What the draws hang on, with the task.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Retrieval {
    task: TextIn,
    params: RetrievalParams,
}

const PROMPT: &str = include_str!("prompts/retrieval.txt");
const TEXTS: [&str; 3] = ["user_query", "positive_document", "hard_negative_document"];

impl Task for Retrieval {
    const NAME: &str = "retrieval";
    const SUMMARY: &str = "Write an example of a search: a query, a document that fits, and one that only seems to.";
    const COLUMNS: &[Column] = &[TASK];
    type Params = RetrievalParams;

    fn open(mut params: RetrievalParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        params.num_words = num_words(params.num_words)?;
        params.language = language("language", params.language)?;
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { task: TextIn::take(schema, "task")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let RetrievalParams { query_type, query_length, clarity, difficulty, num_words, ref language, seed } =
            self.params;
        let (task, mut dice) = task(&self.task, seed, row)?;
        let values = [
            ("task", task),
            ("query_type", drawn(query_type, &mut dice, &QUERY_TYPES).phrase()),
            ("query_length", drawn(query_length, &mut dice, &QUERY_LENGTHS).phrase()),
            ("clarity", drawn(clarity, &mut dice, &CLARITIES).phrase()),
            ("difficulty", drawn(difficulty, &mut dice, &DIFFICULTIES).phrase()),
            ("num_words", &drawn(num_words, &mut dice, &NUM_WORDS).to_string()),
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
    use crate::test_util::{fault, golden, requests, run, why};

    const ALL: &str = r#"{"model": "m", "query-type": "common", "query-length": "medium", "clarity": "some-effort",
        "difficulty": "phd", "num-words": 80, "language": "Welsh"}"#;

    fn batch() -> test::TestBatch {
        test::batch().utf8("task", [Some("Given a symptom, find what it may be a sign of.")])
    }

    #[test]
    fn what_is_asked() {
        golden::<Retrieval>("retrieval", ALL, batch());
        golden::<Retrieval>("retrieval-drawn", r#"{"model": "m"}"#, batch());
    }

    #[test]
    fn one_option_does_not_change_the_others() {
        let prompt = |params| crate::test_util::text(&requests::<Retrieval>(params, batch())[0]);
        let (drawn, set) = (prompt(r#"{"model": "m"}"#), prompt(r#"{"model": "m", "num-words": 77}"#));
        let differ: Vec<_> = drawn.lines().zip(set.lines()).filter(|(one, other)| one != other).collect();
        assert_eq!(differ.len(), 1);
        assert!(differ[0].1.starts_with("Each document has at least 77 words."));
    }

    #[test]
    fn samples_are_drawn_each_and_the_same_in_every_run() {
        let asked = || requests::<Retrieval>(r#"{"model": "m", "samples": 8}"#, batch());
        assert_eq!(asked(), asked());
        assert!(asked().iter().any(|request| *request != asked()[0]));
    }

    #[test]
    fn examples_are_read() {
        let answer = r#"{"user_query": "q", "positive_document": "p", "hard_negative_document": "n"}"#;
        let output = run::<Retrieval>(ALL, answer, batch()).unwrap();
        let values = TEXTS.map(|name| output.values::<Utf8>(name)[0]);
        assert_eq!(values, [Some("q"), Some("p"), Some("n")]);
        let grouped = run::<Retrieval>(r#"{"model": "m", "samples": 2, "grouped": true}"#, answer, batch()).unwrap();
        assert_eq!(grouped.data_type("user_query").to_string(), "list<utf8>");
    }

    #[test]
    fn bad_answers_are_told() {
        for (answer, reason) in [
            (r#"{"user_query": "q", "positive_document": "p"}"#, "there is no `hard_negative_document`"),
            (
                r#"{"user_query": "q", "positive_document": "p", "hard_negative_document": "P"}"#,
                "`hard_negative_document` is the same as `positive_document`",
            ),
            (r#"{"user_query": "q", "positive_document": "p"#, "there is no JSON in it"),
        ] {
            assert_eq!(why::<Retrieval>(ALL, answer, batch()), reason);
        }
    }

    #[test]
    fn nulls_and_wrong_parameters_are_told() {
        assert_eq!(why::<Retrieval>(ALL, "{}", test::batch().utf8("task", [None::<&str>])), "`task` is null");
        let fault = |params| fault::<Retrieval>(params, batch());
        assert_eq!(fault(r#"{"model": "m", "num-words": 0}"#), "parameter `num-words` is 0; it must be 1 or more");
        let language = "parameter `language` is empty; it must be a language, as in `English`";
        assert_eq!(fault(r#"{"model": "m", "language": " "}"#), language);
        let clarity = "parameter `clarity` is \"dim\"; it must be one of `clear`, `some-effort`, `ambiguous`";
        assert_eq!(fault(r#"{"model": "m", "clarity": "dim"}"#), clarity);
    }
}
