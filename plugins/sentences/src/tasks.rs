//! `sentences/tasks`: tasks for an embedding model, of which examples are then written. Wang et al. 2024, arXiv:2401.00368: the
//! tasks are thought of in a prompt of their own, so that examples are spread over them and not only over one prompt's chance.
//!
//! Each row, which is nothing but a seed, is asked for a list; `table/expand` makes rows of it, and `table/distinct` leaves
//! out what several lists have.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{self, Cell, Columns, Row, Task};
use stillroom_sdk::*;

use crate::seeds::{SEED, Seeds, seeded};
use crate::texts::{fill, find, text};

choices! {
    /// The kind of task.
    pub enum Category {
        /// A short query, and documents that answer it.
        TextRetrieval,
        /// Two short texts that belong together.
        TextMatchingShort,
        /// Two long texts that belong together.
        TextMatchingLong,
        /// A long text, and one of a few classes.
        TextClassification,
    }
}

params! {
    /// Parameters of `tasks`.
    pub struct TasksParams {
        /// The kind of task.
        pub category: Category,
        /// How many tasks a row's list is to have.
        pub number: u32 = 20,
        /// With each row's own seed: the seed of its request, for servers that know such a thing.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Tasks {
    seeds: Seeds,
    category: Category,
    number: u32,
}

const PROMPT: &str = include_str!("prompts/tasks.txt");

/// The most tasks of one answer.
const MAX_NUMBER: u32 = 200;

const SCHEMA: &str = concat!(
    r#"{"type":"object","properties":{"tasks":{"type":"array","items":{"type":"string"}}},"#,
    r#""required":["tasks"],"additionalProperties":false}"#
);

impl Task for Tasks {
    const NAME: &str = "tasks";
    const SUMMARY: &str = "Think of tasks for an embedding model, such as searches or classifications (`tasks`).";
    const COLUMNS: &[Column] = &[SEED];
    type Params = TasksParams;

    fn open(params: TasksParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let TasksParams { category, number, seed } = params;
        if !(1..=MAX_NUMBER).contains(&number) {
            return Err(Fault::params(format!("parameter `number` is {number}; it must be from 1 to {MAX_NUMBER}")));
        }
        columns.add("tasks", DataType::List(Box::new(DataType::Utf8)));
        Ok(Self { seeds: Seeds::take(schema, seed)?, category, number })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let (kind, examples) = self.category.phrases();
        let values = [("number", &*self.number.to_string()), ("kind", kind), ("examples", examples)];
        Ok(seeded(Request::user(fill(PROMPT, &values)).schema(SCHEMA), &mut self.seeds.dice(row)?))
    }

    /// Fewer or more than were asked for are tasks all the same.
    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let value = task::json(&answer.text)?;
        let items = match &value {
            Value::Array(items) => items,
            Value::Object(members) => match find(members, "tasks") {
                Some(Value::Array(items)) => items,
                Some(_) => return Err("`tasks` is no list".to_owned()),
                None => return Err("there is no `tasks`".to_owned()),
            },
            _ => return Err("it is no JSON object".to_owned()),
        };
        if items.is_empty() {
            return Err("`tasks` has no task".to_owned());
        }
        let task = |(place, item)| text(Some(item), &format!("tasks[{place}]"));
        let tasks = items.iter().enumerate().map(task).collect::<Result<Vec<_>, _>>()?;
        Ok(vec![tasks.into()])
    }
}

impl Category {
    /// The kind, and examples of it.
    fn phrases(self) -> (&'static str, &'static str) {
        match self {
            Self::TextRetrieval => (
                "search. A short text is given, and documents are wanted that have what it looks for.",
                "- Given a symptom in a patient's words, find the pages of a health guide that explain it.\n\
                 - Given a line of an error log, find the threads in which somebody solved it.",
            ),
            Self::TextMatchingShort => (
                "short texts that belong together. A word, a phrase or a sentence is given, and another one is wanted that \
                 goes with it.",
                "- Given the name of a dish, find its main ingredient.\n\
                 - Given the first half of a proverb, find the second half.",
            ),
            Self::TextMatchingLong => (
                "long texts that belong together. A text of several sentences is given, and another one is wanted that goes \
                 with it.",
                "- Given the report of a traffic accident, find the report of another one with the same cause.\n\
                 - Given a review of a novel, find another reader's review that comes to the same judgement.",
            ),
            Self::TextClassification => (
                "classification. A text is given, and one of a few classes is wanted, which the task names.",
                "- Decide whether a letter to a landlord is a complaint, a notice or a request.\n\
                 - Tell which of the trades of a building site a work report comes from: mason, joiner, plumber or painter.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{fault, golden, requests, run, why};

    const PARAMS: &str = r#"{"model": "m", "category": "text-retrieval"}"#;

    fn batch() -> test::TestBatch {
        test::batch().int64("seed", [Some(0)])
    }

    #[test]
    fn what_is_asked() {
        golden::<Tasks>("tasks", PARAMS, batch());
        for category in ["text-matching-short", "text-matching-long", "text-classification"] {
            let params = format!(r#"{{"model": "m", "category": "{category}", "number": 3}}"#);
            golden::<Tasks>(&format!("tasks-{category}"), &params, batch());
        }
    }

    #[test]
    fn each_row_has_a_seed_of_its_own() {
        let rows = || test::batch().int64("seed", [Some(0), Some(1)]);
        let seeds =
            |params| requests::<Tasks>(params, rows()).into_iter().map(|request| request.seed).collect::<Vec<_>>();
        let (one, again) = (seeds(PARAMS), seeds(PARAMS));
        let other = seeds(r#"{"model": "m", "category": "text-retrieval", "seed": 7}"#);
        assert_eq!(one, again);
        assert!(one[0] != one[1] && one[0] != other[0]);
        assert_eq!(seeds(r#"{"model": "m", "category": "text-retrieval", "samples": 2}"#).len(), 4);
    }

    #[test]
    fn lists_are_read() {
        for answer in [r#"{"tasks": [" One. ", "Two."]}"#, "```\n[\"One.\", \"Two.\"]\n```"] {
            let output = run::<Tasks>(PARAMS, answer, batch()).unwrap();
            let tasks = output.column::<List<Utf8>>("tasks");
            assert_eq!(tasks.values().iter().collect::<Vec<_>>(), [Some("One."), Some("Two.")]);
        }
    }

    #[test]
    fn bad_answers_are_told() {
        for (answer, reason) in [
            ("1. One\n2. Two", "there is no JSON in it"),
            ("7", "it is no JSON object"),
            (r#"{"list": ["One."]}"#, "there is no `tasks`"),
            (r#"{"tasks": "One."}"#, "`tasks` is no list"),
            (r#"{"tasks": []}"#, "`tasks` has no task"),
            (r#"{"tasks": ["One.", ""]}"#, "`tasks[1]` is empty"),
            (r#"{"tasks": [{"task": "One."}]}"#, "`tasks[0]` is no text"),
        ] {
            assert_eq!(why::<Tasks>(PARAMS, answer, batch()), reason);
        }
    }

    #[test]
    fn samples_may_be_grouped() {
        let grouped = r#"{"model": "m", "category": "text-retrieval", "samples": 2, "grouped": true}"#;
        let output = run::<Tasks>(grouped, r#"{"tasks": ["One."]}"#, batch()).unwrap();
        assert_eq!(output.data_type("tasks").to_string(), "list<list<utf8>>");
    }

    #[test]
    fn nulls_and_wrong_parameters_are_told() {
        assert_eq!(why::<Tasks>(PARAMS, "{}", test::batch().int64("seed", [None])), "`seed` is null");
        let none = r#"{"model": "m", "category": "text-retrieval", "number": 0}"#;
        assert_eq!(fault::<Tasks>(none, batch()), "parameter `number` is 0; it must be from 1 to 200");
    }
}
