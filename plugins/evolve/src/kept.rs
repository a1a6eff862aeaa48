use stillroom_sdk::task::{Asker, Cell, Columns};
use stillroom_sdk::{DataType, Fault, Result, choices};

use crate::answering::{Texts, answers};
use crate::lineage::{Line, Lineage};

choices! {
    /// What is kept of the evolutions.
    pub enum Keep {
        /// The last one.
        Last,
        /// All of them, in a list.
        All,
    }
}

/// What the columns hold of a text that evolved.
#[derive(Debug)]
pub(crate) struct Kept {
    all: bool,
    original: bool,
    answers: bool,
}

impl Kept {
    /// Declares the columns: `one` or `many` for the evolutions, then `mutations`, then answers.
    pub(crate) fn declare(
        (keep, original, answers): (Keep, bool, bool),
        (one, many): (&str, &str),
        columns: &mut Columns,
    ) -> Result<Self> {
        let all = keep == Keep::All;
        if original && !all {
            return Err(Fault::params("parameter `include-original` needs `keep: all`: of the last there is only one"));
        }
        let texts = || DataType::List(Box::new(DataType::Utf8));
        columns.add(if all { many } else { one }, if all { texts() } else { DataType::Utf8 });
        columns.add("mutations", texts());
        if answers {
            columns.add(if all { "answers" } else { "answer" }, if all { texts() } else { DataType::Utf8 });
        }
        Ok(Self { all, original, answers })
    }

    /// The cells of every row; where there are answers, they are asked for now.
    pub(crate) fn cells(&self, lines: Vec<Line>, asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let texts: Vec<_> =
            lines.iter().map(|line| line.as_ref().map(|line| self.texts(line)).map_err(Clone::clone)).collect();
        let answered = if self.answers { answers(&texts, asker) } else { Vec::new() };
        let mut answered = answered.into_iter();
        let row = |(line, texts): (Line, Texts)| {
            let answers = answered.next().transpose();
            let mut cells = vec![self.cell(texts?), Cell::from(line?.mutations())];
            cells.extend(answers?.map(|answers| self.cell(answers)));
            Ok(cells)
        };
        lines.into_iter().zip(texts).map(row).collect()
    }

    fn texts(&self, line: &Lineage) -> Vec<String> {
        match self.all {
            false => vec![line.now().to_owned()],
            true => {
                let original = self.original.then(|| line.original());
                original.into_iter().chain(line.evolutions()).map(str::to_owned).collect()
            }
        }
    }

    fn cell(&self, mut texts: Vec<String>) -> Cell {
        if self.all { texts.into() } else { texts.pop().into() }
    }
}
