//! `sentences/triplets`, `sentences/bitext`: three texts of which the second is nearer to the first than the third is, in one
//! language, or as translations. Wang et al. 2024, arXiv:2401.00368. Each row, which is nothing but a seed, becomes a triplet.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task};
use stillroom_sdk::*;

use crate::draw::language;
use crate::scored::{Asked, Level, Scores, TEXTS, Unit};
use crate::seeds::{SEED, Seeds};
use crate::texts::{differ, read};

params! {
    /// Parameters of `triplets`.
    pub struct TripletsParams {
        /// How long each text is. Drawn where it is left out, as the others are.
        pub unit: Option<Unit> = None,
        /// What a reader has to have learnt.
        pub difficulty: Option<Level> = None,
        /// How near S2 is to S1, from 1 to 5. Drawn from 4, 4.5, 5.
        pub high_score: Option<f64> = None,
        /// How near S3 is to S1, less than `high-score`. Drawn from 2.5, 3, 3.5.
        pub low_score: Option<f64> = None,
        /// The language of all texts.
        pub language: String = "English".to_owned(),
        /// What the draws hang on, with the row's own seed.
        pub seed: u64 = 42,
    }
}

params! {
    /// Parameters of `bitext`.
    pub struct BitextParams {
        /// The language of S2 and S3.
        pub target_language: String,
        /// The language of S1.
        pub source_language: String = "English".to_owned(),
        /// How long each text is. Drawn where it is left out, as the others are.
        pub unit: Option<Unit> = None,
        /// What a reader has to have learnt.
        pub difficulty: Option<Level> = None,
        /// How good a translation S2 is, from 1 to 5. Drawn from 4, 4.5, 5.
        pub high_score: Option<f64> = None,
        /// How good a translation S3 is, less than `high-score`. Drawn from 2.5, 3, 3.5.
        pub low_score: Option<f64> = None,
        /// What the draws hang on, with the row's own seed.
        pub seed: u64 = 42,
    }
}

/// The task `triplets`.
pub struct Triplets {
    asked: Asked,
    language: String,
}

/// The task `bitext`.
pub struct Bitext {
    asked: Asked,
    source: String,
    target: String,
}

const MONOLINGUAL: &str = include_str!("prompts/triplets.txt");
const BILINGUAL: &str = include_str!("prompts/bitext.txt");

impl Task for Triplets {
    const NAME: &str = "triplets";
    const SUMMARY: &str =
        "Write three texts in one language, the second nearer to the first than the third (`S1`, `S2`, `S3`).";
    const COLUMNS: &[Column] = &[SEED];
    type Params = TripletsParams;

    fn open(params: TripletsParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let TripletsParams { unit, difficulty, high_score, low_score, language: spoken, seed } = params;
        let scores = Scores::checked(high_score, low_score)?;
        let asked = Asked { seeds: Seeds::take(schema, seed)?, unit, difficulty, scores };
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { asked, language: language("language", spoken)? })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        self.asked.request(row, MONOLINGUAL, &[("language", &self.language)])
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let texts = read(answer, &TEXTS)?;
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            differ((TEXTS[one], &texts[one]), (TEXTS[other], &texts[other]))?;
        }
        Ok(texts.into_iter().map(Cell::from).collect())
    }
}

impl Task for Bitext {
    const NAME: &str = "bitext";
    const SUMMARY: &str = "Write a text, a good translation of it and a worse one (`S1`, `S2`, `S3`).";
    const COLUMNS: &[Column] = &[SEED];
    type Params = BitextParams;

    fn open(params: BitextParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let BitextParams { target_language, source_language, unit, difficulty, high_score, low_score, seed } = params;
        let scores = Scores::checked(high_score, low_score)?;
        let (source, target) =
            (language("source-language", source_language)?, language("target-language", target_language)?);
        if source.to_lowercase() == target.to_lowercase() {
            let what =
                format!("both languages are `{target}`; texts in one language are what `sentences/triplets` makes");
            return Err(Fault::params(what));
        }
        let asked = Asked { seeds: Seeds::take(schema, seed)?, unit, difficulty, scores };
        TEXTS.iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { asked, source, target })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let languages = [("source_language", &*self.source), ("target_language", &*self.target)];
        self.asked.request(row, BILINGUAL, &languages)
    }

    /// A phrase may be the same in two languages, so S1 is not compared.
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

    const ONE: &str = r#"{"model": "m", "unit": "passage", "difficulty": "college", "high-score": 4.5, "low-score": 2,
        "language": "Finnish"}"#;
    const TWO: &str = r#"{"model": "m", "target-language": "German", "unit": "phrase", "difficulty": "elementary-school",
        "high-score": 5, "low-score": 3.5}"#;

    fn batch() -> test::TestBatch {
        test::batch().int64("seed", [Some(0)])
    }

    #[test]
    fn what_is_asked() {
        golden::<Triplets>("triplets", ONE, batch());
        golden::<Bitext>("bitext", TWO, batch());
        let seeds = || test::batch().int64("seed", [Some(0), Some(1)]);
        golden::<Triplets>("triplets-drawn", r#"{"model": "m"}"#, seeds());
        golden::<Bitext>("bitext-drawn", r#"{"model": "m", "target-language": "German"}"#, seeds());
    }

    #[test]
    fn rows_and_samples_have_seeds_of_their_own() {
        let seeds = || test::batch().int64("seed", [Some(0), Some(1)]);
        let asked = || requests::<Triplets>(r#"{"model": "m", "samples": 2}"#, seeds());
        let mut all: Vec<u64> = asked().iter().map(|request| request.seed.unwrap()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!((asked(), all.len()), (asked(), 4));
    }

    #[test]
    fn triplets_are_read() {
        let answer = r#"{"S1": "a", "S2": "b", "s3": "c"}"#;
        let values = |output: test::TestOutput| TEXTS.map(|name| output.values::<Utf8>(name)[0].unwrap().to_owned());
        assert_eq!(values(run::<Triplets>(ONE, answer, batch()).unwrap()), ["a", "b", "c"]);
        assert_eq!(values(run::<Bitext>(TWO, answer, batch()).unwrap()), ["a", "b", "c"]);
        let same = r#"{"S1": "Berlin", "S2": "Berlin", "S3": "Bonn"}"#;
        assert_eq!(values(run::<Bitext>(TWO, same, batch()).unwrap()), ["Berlin", "Berlin", "Bonn"]);
        let grouped = r#"{"model": "m", "samples": 2, "grouped": true}"#;
        let output = run::<Triplets>(grouped, answer, batch()).unwrap();
        assert_eq!(output.data_type("S1").to_string(), "list<utf8>");
    }

    #[test]
    fn bad_answers_are_told() {
        for (answer, reason) in [
            ("S1: a", "there is no JSON in it"),
            (r#"{"S1": "a", "S2": "b"}"#, "there is no `S3`"),
            (r#"{"S1": "a", "S2": "b", "S3": "B"}"#, "`S3` is the same as `S2`"),
        ] {
            assert_eq!(why::<Triplets>(ONE, answer, batch()), reason);
            assert_eq!(why::<Bitext>(TWO, answer, batch()), reason);
        }
        let same = r#"{"S1": "a", "S2": "A", "S3": "c"}"#;
        assert_eq!(why::<Triplets>(ONE, same, batch()), "`S2` is the same as `S1`");
    }

    #[test]
    fn nulls_and_wrong_parameters_are_told() {
        assert_eq!(why::<Triplets>(ONE, "{}", test::batch().int64("seed", [None])), "`seed` is null");
        let one = |params| fault::<Triplets>(params, batch());
        assert_eq!(one(r#"{"model": "m", "high-score": 6}"#), "parameter `high-score` is 6; it must be from 1 to 5");
        let less = "`low-score` may be 3.5 and `high-score` 3; it must be less: set both";
        assert_eq!(one(r#"{"model": "m", "high-score": 3}"#), less);
        let two = |params| fault::<Bitext>(params, batch());
        assert_eq!(two(r#"{"model": "m"}"#), "parameter `target-language` is missing");
        let same = "both languages are `english`; texts in one language are what `sentences/triplets` makes";
        assert_eq!(two(r#"{"model": "m", "target-language": "english"}"#), same);
    }
}
