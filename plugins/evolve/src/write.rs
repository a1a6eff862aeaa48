//! `evolve/write`: instructions of nothing but some words and a length, which then evolve.
//!
//! Evol-Instruct without instructions to begin with: Xu et al., *WizardLM: Empowering Large Language Models to Follow
//! Complex Instructions*, 2023, arXiv:2304.12244. That an instruction is begun with random words and is to be of a certain
//! length is not the paper's but its first reimplementations'. Each row draws its words and its length from its `seed`; an
//! evolution that fails the checks, or that is too long, is dropped.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Dice, Row, Task};
use stillroom_sdk::*;

use crate::check;
use crate::instruct::ROUNDS;
use crate::kept::{Keep, Kept};
use crate::lineage::Lineage;
use crate::mutation::{Evolving, Mutation, Template, fill};
use crate::rounds::{Eliminated, Rounds};

const FRESH: &str = include_str!("prompts/fresh.txt");
const WORDS: &str = include_str!("words.txt");

/// Characters of an English word with the space behind it: models count words rather than characters.
const CHARS_OF_WORD: usize = 6;

params! {
    /// Parameters of `write`.
    pub struct WriteParams {
        /// How many evolutions there are after the first instruction.
        pub evolutions: u32 = 2,
        /// How many words an instruction begins with.
        pub words: u32 = 2,
        /// The words that are drawn from. About 400 plain English ones, where it is left out.
        pub word_list: Vec<String> = Vec::new(),
        /// The fewest characters of an instruction.
        pub min_length: u32 = 512,
        /// The most characters of an instruction.
        pub max_length: u32 = 1024,
        /// Whether the model answers it too.
        pub answers: bool = false,
        /// The mutations that a row's are drawn from.
        pub mutations: Vec<Evolving> = vec![
            Evolving::Constraints, Evolving::Deepening, Evolving::Concretizing, Evolving::Reasoning, Evolving::Breadth,
        ],
        /// Mutations of your own beside these.
        pub templates: Vec<Template> = Vec::new(),
        /// Whether the model is asked if an evolution has something new in it: one more request each.
        pub judge: bool = false,
    }
}

/// The task.
pub struct Write {
    seed: In<Int64>,
    rounds: Rounds,
    kept: Kept,
    words: usize,
    list: Vec<String>,
    lengths: (usize, usize),
}

/// What a row begins with.
struct Start<'a> {
    words: Vec<&'a str>,
    length: usize,
    dice: Dice,
}

impl Task for Write {
    const NAME: &str = "write";
    const SUMMARY: &str = "Write instructions from random words and evolve them: no data but seeds is needed.";
    const COLUMNS: &[Column] =
        &[Column::required("seed", &["int64"], "What a row's words, length and mutations are drawn by.")];
    type Params = WriteParams;

    fn open(params: WriteParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let list = word_list(&params)?;
        let lengths = (params.min_length as usize, params.max_length as usize);
        if lengths.0 > lengths.1 {
            let why = format!("parameter `min-length` is {}, and `max-length` only {}", lengths.0, lengths.1);
            return Err(Fault::params(why));
        }
        let mutations = Mutation::all(params.mutations, params.templates, &["instruction"])?;
        let rounds = Rounds::new(params.evolutions, mutations, Eliminated::Keep, params.judge)?.at_most(lengths.1);
        let seed = schema.input("seed")?;
        let kept = Kept::declare((Keep::Last, false, params.answers), ("instruction", "instructions"), columns)?;
        columns.add("seed_words", DataType::List(Box::new(DataType::Utf8)));
        Ok(Self { seed, rounds, kept, words: params.words as usize, list, lengths })
    }

    fn prompt(&self, _: Row<'_>) -> Result<Request, String> {
        Err(ROUNDS.to_owned())
    }

    fn parse(&self, _: Row<'_>, _: &Answer) -> Result<Vec<Cell>, String> {
        Err(ROUNDS.to_owned())
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let starts: Vec<Result<Start<'_>, String>> = rows.iter().map(|row| self.start(*row)).collect();
        let requests = starts.iter().map(|start| start.as_ref().map(Start::request).map_err(Clone::clone)).collect();
        let fresh = asker.ask_until(requests, |_, answer| self.first(answer));
        let line = |(start, fresh): (&Result<Start<'_>, String>, Result<String, String>)| {
            Ok(Lineage::new("instruction", fresh?, start.as_ref()?.dice.clone()))
        };
        let lines = self.rounds.run(starts.iter().zip(fresh).map(line).collect(), asker);
        let lines = lines.into_iter().map(|line| line.and_then(|line| self.long_enough(line))).collect();
        let cells = self.kept.cells(lines, asker);
        let with_words = |(cells, start): (Result<Vec<Cell>, String>, Result<Start<'_>, String>)| {
            let mut cells = cells?;
            cells.push(start?.words.into());
            Ok(cells)
        };
        cells.into_iter().zip(starts).map(with_words).collect()
    }
}

impl Write {
    fn start<'a>(&'a self, row: Row<'_>) -> Result<Start<'a>, String> {
        let seeds = row.batch.column(self.seed).map_err(|fault| fault.message().to_owned())?;
        let seed = seeds.get(row.index).ok_or("`seed` is null")?;
        let mut dice = Dice::of(seed as u64, &[], row);
        let mut left: Vec<&str> = self.list.iter().map(String::as_str).collect();
        let words = (0..self.words).map(|_| left.swap_remove(dice.below(left.len()))).collect();
        let (min, max) = self.lengths;
        let length = min + dice.below(max - min + 1);
        Ok(Start { words, length, dice })
    }

    fn first(&self, answer: &Answer) -> Result<String, String> {
        let text = check::evolution(&answer.text, "").and_then(|text| check::at_most(text, self.lengths.1));
        text.map_err(|why| format!("the first instruction: {why}"))
    }

    fn long_enough(&self, line: Lineage) -> Result<Lineage, String> {
        let (chars, (min, _)) = (line.now().chars().count(), self.lengths);
        match chars < min {
            true => Err(format!("the instruction has {chars} characters in the end, and `min-length` is {min}")),
            false => Ok(line),
        }
    }
}

impl Start<'_> {
    fn request(&self) -> Request {
        let words: Vec<String> = self.words.iter().map(|word| format!("\"{word}\"")).collect();
        let length = (self.length / CHARS_OF_WORD).max(1).to_string();
        Request::user(fill(FRESH, &[("words", &words.join(", ")), ("length", &length)]))
    }
}

/// The words that are drawn from; as many as are wanted at least.
fn word_list(params: &WriteParams) -> Result<Vec<String>> {
    let mut list = params.word_list.clone();
    if list.is_empty() {
        list = WORDS.split_whitespace().map(str::to_owned).collect();
    }
    match params.words as usize {
        0 => Err(Fault::params("parameter `words` is 0; it must be 1 or more")),
        words if words > list.len() => {
            let why = format!("parameter `words` is {words}, and there are only {} in `word-list`", list.len());
            Err(Fault::params(why))
        }
        _ => Ok(list),
    }
}

#[cfg(test)]
mod tests;
