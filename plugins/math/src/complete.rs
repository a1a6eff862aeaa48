//! `math/complete`: tells right steps of solutions from wrong ones by going on from each.
//!
//! Math-Shepherd's completer and labeller (Wang et al. 2023, *Math-Shepherd: Verify and Reinforce LLMs Step-by-step without
//! Human Annotations*, arXiv:2312.08935), in our own words. From each step but the last, N completions are asked for; those of all
//! rows, solutions and steps are under way together. A step's score is the share of completions that come to the golden
//! solution's answer; the last step's is 1 or 0, by the solution's own answer. With `estimation: hard` a step is right if a
//! single completion arrives, with `soft` if its score is above `threshold`.
//!
//! A completion that comes to no answer has not arrived, and is not asked for again. A request that fails rejects the row:
//! nobody knows what it would have come to.

mod labels;

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Row, Task, TextIn};
use stillroom_sdk::{Column, DataType, Fault, Result, Schema, choices, params};

use crate::answer::{is_same, last_answer};
use crate::solution::SolutionsIn;
use crate::solve::SYSTEM;
use crate::steps::form;
use crate::{INSTRUCTION, LISTS};
use labels::{Labels, Tree};

choices! {
    /// When a step is right.
    pub enum Estimation {
        /// One completion from it comes to the right answer.
        Hard,
        /// A share above `threshold` does.
        Soft,
    }
}

params! {
    /// Parameters of `complete`.
    pub struct CompleteParams {
        /// How many completions are asked for from each step.
        pub completions: u32 = 8,
        /// When a step is right.
        pub estimation: Estimation = Estimation::Hard,
        /// With `estimation: soft`: the share of completions that a right step is above.
        pub threshold: f64 = 0.5,
        /// What a right step ends with, and what a wrong one.
        pub tags: Vec<String> = vec!["+".to_owned(), "-".to_owned()],
        /// What the system says, in place of our own words.
        pub system_prompt: Option<String> = None,
        /// Rules for the steps, beside ours.
        pub extra_rules: Option<String> = None,
        /// Problems with solutions, to learn the form from.
        pub few_shots: Option<String> = None,
    }
}

/// The task.
pub struct Complete {
    instruction: TextIn,
    golden: Golden,
    solutions: SolutionsIn,
    params: CompleteParams,
}

enum Golden {
    Text(TextIn),
    Steps(SolutionsIn),
}

impl Task for Complete {
    const NAME: &str = "complete";
    const SUMMARY: &str = "Tag the steps of solutions as right or wrong, by completing the solution from each.";
    const COLUMNS: &[Column] = &[
        INSTRUCTION,
        Column::required(
            "golden_solution",
            GOLDEN,
            "A right solution: its steps, or a text. Its answer is what counts.",
        ),
        Column::required("solutions", LISTS, "Lists of texts: the steps of a solution; or lists of such lists."),
    ];
    type Params = CompleteParams;

    fn open(params: CompleteParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        check(&params)?;
        let solutions = SolutionsIn::take(schema, "solutions")?;
        let list = |item| DataType::List(Box::new(item));
        for (name, item) in [("solutions", DataType::Utf8), ("step_scores", DataType::Float64)] {
            columns.add(name, if solutions.is_nested() { list(list(item)) } else { list(item) });
        }
        let is_text =
            |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let golden = match schema.field("golden_solution").is_some_and(|field| is_text(&field.data_type)) {
            true => Golden::Text(TextIn::take(schema, "golden_solution")?),
            false => Golden::Steps(SolutionsIn::take(schema, "golden_solution")?),
        };
        Ok(Self { instruction: TextIn::take(schema, "instruction")?, golden, solutions, params })
    }

    /// The first of a row's requests.
    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let solutions = self.solutions.get(row)?;
        let first = solutions.first().ok_or("`solutions` has no solution")?;
        Ok(self.request(self.instruction.get(row)?, &first[..1]))
    }

    /// The answer that one completion comes to.
    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![last_answer(&answer.text).map(str::to_owned).into()])
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let completions = self.params.completions as usize;
        let (mut trees, mut requests) = (Vec::new(), Vec::new());
        for (place, row) in rows.iter().enumerate() {
            let tree = self.tree(*row);
            for (tree, begun) in tree.iter().flat_map(|tree| tree.begun().map(move |begun| (tree, begun))) {
                requests.extend(vec![(place, self.request(tree.instruction, begun)); completions]);
            }
            trees.push(tree);
        }
        let mut answers = asker.ask_many(requests).into_iter();
        let tagged = |tree: Result<Tree<'_>, String>| {
            let tree = tree?;
            let answers: Vec<_> = answers.by_ref().take(tree.begun().count() * completions).collect();
            self.cells(&tree, answers)
        };
        trees.into_iter().map(tagged).collect()
    }
}

const GOLDEN: &[&str] = &["list", "large-list", "fixed-size-list", "utf8"];

fn check(params: &CompleteParams) -> Result<()> {
    match params.tags.iter().map(|tag| tag.trim()).collect::<Vec<_>>().as_slice() {
        [right, wrong] if right != wrong && !right.is_empty() && !wrong.is_empty() => {}
        _ => return Err(Fault::params("parameter `tags` must be two different texts")),
    }
    if params.completions == 0 {
        return Err(Fault::params("parameter `completions` is 0; it must be 1 or more"));
    }
    match params.threshold {
        0.0..1.0 => Ok(()),
        other => Err(Fault::params(format!("parameter `threshold` is {other}; it must be 0 or more, and less than 1"))),
    }
}

impl Complete {
    fn tree<'a>(&self, row: Row<'a>) -> Result<Tree<'a>, String> {
        let solutions = self.solutions.get(row)?;
        if solutions.is_empty() {
            return Err("`solutions` has no solution".to_owned());
        }
        let golden = match &self.golden {
            Golden::Text(text) => text.get(row)?.to_owned(),
            Golden::Steps(steps) => steps.get(row)?.concat().join("\n"),
        };
        let golden =
            last_answer(&golden).ok_or("`golden_solution` does not say its answer (`The answer is: …`)")?.to_owned();
        Ok(Tree { instruction: self.instruction.get(row)?, golden, solutions })
    }

    fn request(&self, instruction: &str, begun: &[&str]) -> Request {
        let CompleteParams { system_prompt, extra_rules, few_shots, .. } = &self.params;
        let first = begun.len() + 1;
        let mut user =
            "Somebody has begun to solve the problem below. Go on from there to its answer: write the steps that \
                        follow, and none of those that are there.\n\n"
                .to_owned();
        user.push_str(&form(first));
        for (tag, text) in [("rules", extra_rules), ("examples", few_shots)] {
            if let Some(text) = text {
                user.push_str(&format!("\n\n<{tag}>\n{}\n</{tag}>", text.trim()));
            }
        }
        let begun = begun.join("\n");
        user.push_str(&format!("\n\n<problem>\n{instruction}\n</problem>\n\n<begun>\n{begun}\n</begun>"));
        Request::with_system(system_prompt.as_deref().unwrap_or(SYSTEM), user)
    }

    fn cells(&self, tree: &Tree<'_>, answers: Vec<Result<Answer, String>>) -> Result<Vec<Cell>, String> {
        let arrives = |answer: Answer| last_answer(&answer.text).is_some_and(|found| is_same(found, &tree.golden));
        let arrived = answers.into_iter().map(|answer| answer.map(arrives)).collect();
        let labels = Labels { tree, params: &self.params };
        let scores = labels.scores(arrived)?;
        let cells = |solution: (&Vec<&str>, Vec<f64>)| (labels.tagged(solution.0, &solution.1), Cell::from(solution.1));
        let (mut steps, mut scores): (Vec<Cell>, Vec<Cell>) = tree.solutions.iter().zip(scores).map(cells).unzip();
        if self.solutions.is_nested() {
            return Ok(vec![Cell::List(steps), Cell::List(scores)]);
        }
        Ok(vec![steps.pop().unwrap_or_default(), scores.pop().unwrap_or_default()])
    }
}

#[cfg(test)]
mod tests;
