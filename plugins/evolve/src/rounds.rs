use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, json};
use stillroom_sdk::{Fault, Result, Value, choices};

use crate::check;
use crate::lineage::{Line, Lineage};
use crate::mutation::{Mutation, fill};

const JUDGE: &str = include_str!("prompts/judge.txt");

const VERDICT: &str =
    r#"{"type":"object","properties":{"new":{"type":"boolean"}},"required":["new"],"additionalProperties":false}"#;

/// The most evolutions of a text.
const MAX_EVOLUTIONS: u32 = 100;

choices! {
    /// What becomes of a row that an evolution of fails the checks.
    pub enum Eliminated {
        /// The row is rejected, with the reason.
        Reject,
        /// The text stays as it was, and the next evolution is of that. A row with no evolution at all is rejected.
        Keep,
    }
}

/// Several evolutions of each text, one after the other.
#[derive(Debug)]
pub(crate) struct Rounds {
    count: u32,
    mutations: Vec<Mutation>,
    eliminated: Eliminated,
    judge: bool,
    max_chars: usize,
}

/// What became of a row in a round.
type Turn = Result<String, Why>;

/// Why there is no evolution: it failed a check, or there was no answer.
enum Why {
    Eliminated(String),
    Failed(String),
}

impl Rounds {
    pub(crate) fn new(count: u32, mutations: Vec<Mutation>, eliminated: Eliminated, judge: bool) -> Result<Self> {
        if !(1..=MAX_EVOLUTIONS).contains(&count) {
            let why = format!("parameter `evolutions` is {count}; it must be from 1 to {MAX_EVOLUTIONS}");
            return Err(Fault::params(why));
        }
        Ok(Self { count, mutations, eliminated, judge, max_chars: usize::MAX })
    }

    /// With a length that no evolution may be beyond.
    pub(crate) fn at_most(mut self, chars: usize) -> Self {
        self.max_chars = chars;
        self
    }

    /// All rounds, each of one request for every text; one more where a model judges.
    pub(crate) fn run(&self, mut lines: Vec<Line>, asker: &mut Asker<'_>) -> Vec<Line> {
        for round in 1..=self.count {
            self.round(round, &mut lines, asker);
        }
        let evolved = |line: Lineage| match &line.dropped {
            Some(why) if line.evolutions().len() == 0 => Err(format!("no evolution stands the checks; {why}")),
            _ => Ok(line),
        };
        lines.into_iter().map(|line| line.and_then(evolved)).collect()
    }

    fn round(&self, round: u32, lines: &mut [Line], asker: &mut Asker<'_>) {
        let draw = |line: &mut Lineage| line.dice.one(&self.mutations);
        let mutations: Vec<_> = lines.iter_mut().map(|line| line.as_mut().ok().and_then(draw)).collect();
        let turns = self.turns(lines, &mutations, asker);
        let turns = if self.judge { judged(lines, turns, asker) } else { turns };
        for ((line, mutation), turn) in lines.iter_mut().zip(mutations).zip(turns) {
            let (Ok(lineage), Some(Mutation { name, .. })) = (line.as_mut(), mutation) else { continue };
            let at = |why: String| format!("evolution {round} (`{name}`): {why}");
            match turn {
                Ok(text) => lineage.evolve(text, name),
                Err(Why::Eliminated(why)) if self.eliminated == Eliminated::Keep => lineage.dropped = Some(at(why)),
                Err(Why::Eliminated(why) | Why::Failed(why)) => *line = Err(at(why)),
            }
        }
    }

    fn turns(&self, lines: &[Line], mutations: &[Option<&Mutation>], asker: &mut Asker<'_>) -> Vec<Turn> {
        let request = |(line, mutation): (&Line, &Option<&Mutation>)| match mutation {
            Some(mutation) => line.as_ref().map(|line| Request::user(mutation.prompt(line))).map_err(Clone::clone),
            None => Err("there is no mutation".to_owned()),
        };
        let requests = lines.iter().zip(mutations).map(request).collect();
        let mut eliminated: Vec<Option<String>> = vec![None; lines.len()];
        let answers = asker.ask_until(requests, |at, answer| {
            let read = self.read(&lines[at], answer);
            eliminated[at] = read.as_ref().err().cloned();
            read
        });
        let turn = |(answer, eliminated): (Result<String, String>, Option<String>)| {
            // A check's reason stands first, with the answer behind it; a failure to answer is told in other words.
            answer.map_err(|why| match eliminated.is_some_and(|check| why.starts_with(&check)) {
                true => Why::Eliminated(why),
                false => Why::Failed(why),
            })
        };
        answers.into_iter().zip(eliminated).map(turn).collect()
    }

    fn read(&self, line: &Line, answer: &Answer) -> Result<String, String> {
        let text = check::evolution(&answer.text, line.as_ref()?.now())?;
        check::at_most(text, self.max_chars)
    }
}

/// What a model says is nothing new is eliminated.
fn judged(lines: &[Line], turns: Vec<Turn>, asker: &mut Asker<'_>) -> Vec<Turn> {
    let request = |(line, turn): (&Line, &Turn)| match (line, turn) {
        (Ok(line), Ok(after)) => {
            let prompt = fill(JUDGE, &[("before", line.now()), ("after", after)]);
            Ok(Request::user(prompt).schema(VERDICT).temperature(0.0))
        }
        _ => Err(String::new()),
    };
    let requests = lines.iter().zip(&turns).map(request).collect();
    let verdicts = asker.ask_until(requests, |_, answer| is_new(answer));
    let judged = |(turn, verdict): (Turn, Result<bool, String>)| match (turn?, verdict) {
        (text, Ok(true)) => Ok(text),
        (_, Ok(false)) => Err(Why::Eliminated("there is nothing new in it, as the model judges".to_owned())),
        (_, Err(why)) => Err(Why::Failed(format!("the judgement whether it is new: {why}"))),
    };
    turns.into_iter().zip(verdicts).map(judged).collect()
}

fn is_new(answer: &Answer) -> Result<bool, String> {
    match json(&answer.text)?.get("new") {
        Some(Value::Bool(new)) => Ok(*new),
        _ => Err("there is no `new` that is true or false".to_owned()),
    }
}
