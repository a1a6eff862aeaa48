//! `instruct/self-instruct`: instructions for an application, of a text.
//!
//! After Wang, Kordi, Mishra, Liu, Smith, Khashabi and Hajishirzi, *Self-Instruct: Aligning Language Models with
//! Self-Generated Instructions*, 2022, arXiv:2212.10560. The paper shows the model some instructions of a growing pool; here,
//! as in Distilabel, each row has a text that they are about, and the pipeline says what for and of which kind. What resembles
//! another too much is for `dedup` to find.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, TextIn, json};
use stillroom_sdk::*;

use crate::answered::{TEXT, fill, schema};

const PROMPT: &str = include_str!("prompts/self-instruct.txt");

params! {
    /// Parameters of `self-instruct`.
    pub struct SelfInstructParams {
        /// How many instructions there are for each text.
        pub count: u32 = 5,
        /// What the instructions are given to.
        pub application: String = "an AI assistant".to_owned(),
        /// What is wanted of the instructions.
        pub criteria: String = "- They begin with different verbs, and ask for different kinds of things.\n\
                                - Some are questions and some are orders, some are short and some are long.\n\
                                - They are neither offensive nor about anything that an assistant cannot do, such as to \
                                see, to hear or to act."
            .to_owned(),
    }
}

/// The task.
pub struct SelfInstruct {
    input: TextIn,
    params: SelfInstructParams,
}

impl Task for SelfInstruct {
    const NAME: &str = "self-instruct";
    const SUMMARY: &str = "Write instructions for an application, about each text (Self-Instruct).";
    const COLUMNS: &[Column] = &[Column::required("input", &["utf8"], "The text that they are about.")];
    type Params = SelfInstructParams;

    fn open(params: SelfInstructParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        if !(1..=100).contains(&params.count) {
            let why = format!("parameter `count` is {}; it must be from 1 to 100", params.count);
            return Err(Fault::params(why));
        }
        columns.add("instructions", DataType::List(Box::new(DataType::Utf8)));
        Ok(Self { input: TextIn::take(schema, "input")?, params })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let SelfInstructParams { count, application, criteria } = &self.params;
        let input = self.input.get(row)?;
        let fields =
            [("count", &*count.to_string()), ("application", application), ("criteria", criteria), ("input", input)];
        let list = format!(r#"{{"type":"array","items":{TEXT},"minItems":{count},"maxItems":{count}}}"#);
        Ok(Request::user(fill(PROMPT, &fields)).schema(schema(&[("instructions", &list)])))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        let answered = json(&answer.text)?;
        let items = match (answered.get("instructions"), &answered) {
            (Some(Value::Array(items)), _) | (None, Value::Array(items)) => items,
            (Some(_), _) => return Err("`instructions` is no list".to_owned()),
            (None, _) => return Err("there is no list `instructions`".to_owned()),
        };
        let (count, found) = (self.params.count as usize, items.len());
        if found != count {
            return Err(format!("there are {found} instructions, and {count} were asked for"));
        }
        let mut instructions: Vec<&str> = Vec::with_capacity(count);
        for (place, item) in items.iter().enumerate() {
            let text = item.as_str().ok_or_else(|| format!("instruction {place} is no text"))?.trim();
            match text {
                "" => return Err(format!("instruction {place} is empty")),
                text if instructions.contains(&text) => return Err(format!("instruction {place} is there twice")),
                text => instructions.push(text),
            }
        }
        Ok(vec![instructions.into()])
    }
}

#[cfg(test)]
mod tests {
    use stillroom_sdk::task::Asked;
    use stillroom_sdk::test::TestBatch;

    use super::*;
    use crate::test_util::{fault, golden, lists, reasons, says, why};

    type Step = Asked<SelfInstruct>;

    fn one() -> TestBatch {
        test::batch().utf8("input", [Some("Tea {count}")])
    }

    #[test]
    fn the_prompt_is_that_in_the_golden_file() {
        let asked = says(&[r#"{"instructions": ["Brew it.", " Why? "]}"#]);
        let batch = test::batch().utf8("input", [Some("Tea {count}"), None]);
        let output = test::run::<Step>(r#"{"model": "small", "count": 2}"#, batch).unwrap();
        assert_eq!(lists(&output, "instructions"), ["Brew it.|Why?", "-"]);
        assert_eq!(reasons(&output), ["1: `input` is null"]);
        golden("self-instruct", &asked);
    }

    #[test]
    fn what_is_wanted_is_the_pipelines() {
        let asked = says(&["```json\n[\"Brew it.\"]\n```"]);
        let params = r#"{"model": "small", "count": 1, "application": "a cook", "criteria": "Be rude."}"#;
        let output = test::run::<Step>(params, one()).unwrap();
        assert_eq!(lists(&output, "instructions"), ["Brew it."]);
        golden("self-instruct-own", &asked);
    }

    #[test]
    fn bad_answers_say_what_is_wrong() {
        let params = r#"{"model": "small", "count": 2}"#;
        let why = |answer: &str| why::<Step>(params, one(), answer);
        assert_eq!(why("Brew it."), "there is no JSON in it");
        assert_eq!(why(r#"{"tasks": []}"#), "there is no list `instructions`");
        assert_eq!(why(r#"{"instructions": "a"}"#), "`instructions` is no list");
        assert_eq!(why(r#"{"instructions": ["a"]}"#), "there are 1 instructions, and 2 were asked for");
        assert_eq!(why(r#"{"instructions": ["a", 3]}"#), "instruction 1 is no text");
        assert_eq!(why(r#"{"instructions": ["a", " "]}"#), "instruction 1 is empty");
        assert_eq!(why(r#"{"instructions": ["a", "a "]}"#), "instruction 1 is there twice");
    }

    #[test]
    fn wrong_parameters_are_told() {
        says(&[]);
        let why = fault::<Step>(r#"{"model": "small", "count": 0}"#, one());
        assert_eq!(why, "parameter `count` is 0; it must be from 1 to 100");
    }
}
