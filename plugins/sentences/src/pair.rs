//! `sentences/pair`: a sentence that belongs to another one, and on request one that does not, for contrastive training of
//! embedding models.
//!
//! The forms of the pairs are those that sentence embeddings are trained on: Reimers, Gurevych 2019, *Sentence-BERT: Sentence
//! Embeddings using Siamese BERT-Networks*, arXiv:1908.10084; queries written for a passage are of Nogueira, Yang, Lin, Cho 2019,
//! *Document Expansion by Query Prediction*, arXiv:1904.08375. Here a model writes the negative in the same answer as the positive,
//! so that it knows what it must not be.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::*;

use crate::texts::{differ, fill, read, schema};

choices! {
    /// How the positive belongs to the anchor.
    pub enum Action {
        /// It says the same in other words.
        Paraphrase,
        /// It means nearly the same.
        SemanticallySimilar,
        /// It is a query that the anchor answers.
        Query,
        /// It answers the anchor, which is a query.
        Answer,
    }
}

params! {
    /// Parameters of `pair`.
    pub struct PairParams {
        /// How the positive belongs to the anchor.
        pub action: Action,
        /// Whether there is a `negative` too.
        pub triplet: bool = false,
        /// Whether the negative is close to the anchor in words and subject.
        pub hard_negative: bool = false,
        /// What the model has to know of where the sentences stand and what they are for.
        pub context: String = String::new(),
    }
}

/// The task.
pub struct Pair {
    anchor: TextIn,
    params: PairParams,
}

const PROMPT: &str = include_str!("prompts/pair.txt");

impl Task for Pair {
    const NAME: &str = "pair";
    const SUMMARY: &str =
        "Write a sentence that belongs to an anchor (`positive`), and one that does not (`negative`).";
    const COLUMNS: &[Column] = &[Column::required("anchor", &["utf8"], "The sentence that the others go by.")];
    type Params = PairParams;

    fn open(params: PairParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        if params.hard_negative && !params.triplet {
            return Err(Fault::params("parameter `hard-negative` is for triplets: set `triplet: true` too"));
        }
        let anchor = TextIn::take(schema, "anchor")?;
        names(params.triplet).iter().for_each(|name| columns.add(*name, DataType::Utf8));
        Ok(Self { anchor, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let PairParams { action, triplet, hard_negative, ref context } = self.params;
        let about = match context.trim() {
            "" => String::new(),
            context => format!("What you should know of these texts: {context}\n\n"),
        };
        let negative = match triplet {
            true => format!("\nnegative: {}", action.negative(hard_negative)),
            false => String::new(),
        };
        let form = if triplet { r#"{"positive": "…", "negative": "…"}"# } else { r#"{"positive": "…"}"# };
        let values = [
            ("anchor", self.anchor.get(row)?),
            ("context", &about),
            ("positive", action.positive()),
            ("negative", &negative),
            ("form", form),
        ];
        Ok(Request::user(fill(PROMPT, &values)).schema(schema(names(triplet))))
    }

    fn parse(&self, row: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let texts = read(answer, names(self.params.triplet))?;
        differ(("anchor", self.anchor.get(row)?), ("positive", &texts[0]))?;
        if let [positive, negative] = &*texts {
            differ(("anchor", self.anchor.get(row)?), ("negative", negative))?;
            differ(("positive", positive), ("negative", negative))?;
        }
        Ok(texts.into_iter().map(Cell::from).collect())
    }
}

impl Action {
    fn positive(self) -> &'static str {
        match self {
            Self::Paraphrase => {
                "a text that says exactly what the anchor says, but in other words and, where possible, built otherwise."
            }
            Self::SemanticallySimilar => {
                "a text close to the anchor in meaning without repeating it: a reader would say that both speak of the same thing."
            }
            Self::Query => "what somebody would ask or type into a search to whom the anchor is the right answer.",
            Self::Answer => {
                "a text that answers the anchor, which is a question or a search query. It is correct and can stand alone."
            }
        }
    }

    fn negative(self, hard: bool) -> &'static str {
        match (self, hard) {
            (Self::Paraphrase | Self::SemanticallySimilar, false) => {
                "a text that speaks of something else than the anchor does."
            }
            (Self::Paraphrase | Self::SemanticallySimilar, true) => {
                "a text that has the anchor's subject and many of its words, but says something else, such as the opposite or another fact."
            }
            (Self::Query, false) => "a query to which the anchor is no answer, on another subject.",
            (Self::Query, true) => {
                "a query on the anchor's subject and with some of its words, to which the anchor is still no answer."
            }
            (Self::Answer, false) => "a statement on another subject, which does not answer the anchor.",
            (Self::Answer, true) => {
                "a text that looks like an answer to the anchor, on its subject and with some of its words, but does not answer what is asked."
            }
        }
    }
}

fn names(triplet: bool) -> &'static [&'static str] {
    if triplet { &["positive", "negative"] } else { &["positive"] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{fault, golden, run, why};

    fn batch() -> test::TestBatch {
        test::batch().utf8("anchor", [Some("A still parts {alcohol} from water.")])
    }

    #[test]
    fn what_is_asked() {
        golden::<Pair>("pair", r#"{"model": "m", "action": "query"}"#, batch());
        let triplet = r#"{"model": "m", "action": "paraphrase", "triplet": true, "hard-negative": true, "context": "Chemistry."}"#;
        golden::<Pair>("pair-triplet", triplet, batch());
    }

    #[test]
    fn every_action_has_words_of_its_own() {
        let params = |action| format!(r#"{{"model": "m", "action": "{action}", "triplet": true}}"#);
        let asked = |action| crate::test_util::requests::<Pair>(&params(action), batch()).remove(0).prompt;
        let all = ["paraphrase", "semantically-similar", "query", "answer"].map(asked);
        assert!((0..4).all(|one| (0..one).all(|other| all[one] != all[other])));
    }

    #[test]
    fn pairs_and_triplets_are_read() {
        let answer = r#"{"positive": " What does a still do? ", "negative": "What is a mill?"}"#;
        let output = run::<Pair>(r#"{"model": "m", "action": "query"}"#, answer, batch()).unwrap();
        assert_eq!(output.values::<Utf8>("positive"), [Some("What does a still do?")]);
        let output = run::<Pair>(r#"{"model": "m", "action": "query", "triplet": true}"#, answer, batch()).unwrap();
        assert_eq!(output.values::<Utf8>("negative"), [Some("What is a mill?")]);
        assert_eq!(output.values::<Utf8>("model_name"), [Some("test")]);
    }

    #[test]
    fn bad_answers_are_told() {
        let params = r#"{"model": "m", "action": "answer", "triplet": true}"#;
        for (answer, reason) in [
            ("Sure!", "there is no JSON in it"),
            (r#"{"positive": "Yes."}"#, "there is no `negative`"),
            (r#"{"positive": "Yes.", "negative": "yes."}"#, "`negative` is the same as `positive`"),
            (
                r#"{"positive": "a still parts {alcohol} from water.", "negative": "No."}"#,
                "`positive` is the same as `anchor`",
            ),
            (
                r#"{"positive": "No.", "negative": "A still parts {alcohol} from water."}"#,
                "`negative` is the same as `anchor`",
            ),
        ] {
            assert_eq!(why::<Pair>(params, answer, batch()), reason);
        }
    }

    #[test]
    fn nulls_are_rejected_unasked() {
        let batch = test::batch().utf8("anchor", [None::<&str>]);
        assert_eq!(why::<Pair>(r#"{"model": "m", "action": "query"}"#, "{}", batch), "`anchor` is null");
    }

    #[test]
    fn samples_are_rows_or_lists() {
        let answer = r#"{"positive": "What does a still do?"}"#;
        let output = run::<Pair>(r#"{"model": "m", "action": "query", "samples": 2}"#, answer, batch()).unwrap();
        assert_eq!(output.rows(), Some(&[0, 0][..]));
        let grouped = r#"{"model": "m", "action": "query", "samples": 2, "grouped": true}"#;
        let output = run::<Pair>(grouped, answer, batch()).unwrap();
        assert_eq!(output.data_type("positive").to_string(), "list<utf8>");
        assert_eq!(output.len(), 1);
    }

    #[test]
    fn wrong_parameters_are_told() {
        assert_eq!(fault::<Pair>(r#"{"model": "m"}"#, batch()), "parameter `action` is missing");
        let hard = r#"{"model": "m", "action": "query", "hard-negative": true}"#;
        assert_eq!(fault::<Pair>(hard, batch()), "parameter `hard-negative` is for triplets: set `triplet: true` too");
    }
}
