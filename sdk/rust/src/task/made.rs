use super::asker::Said;
use super::cell::column;
use super::{Cell, Settings};
use crate::{DataType, Fault, Output, Rejection, Result, Schema};

/// The columns that a task makes.
#[derive(Debug, Default)]
pub struct Columns {
    own: Vec<(String, DataType)>,
}

impl Columns {
    /// One more: `bool`, `int64`, `float64`, `utf8`, and lists and structs of these.
    pub fn add(&mut self, name: impl Into<String>, data_type: DataType) {
        self.own.push((name.into(), data_type));
    }

    /// One more, of conversations: `list<struct<role: utf8, content: utf8>>`.
    pub fn add_chat(&mut self, name: impl Into<String>) {
        let members = ["role", "content"].map(|member| (member.to_owned(), DataType::Utf8));
        self.add(name, DataType::List(Box::new(DataType::Struct(members.to_vec()))));
    }

    /// The task's own, then those that every task may have.
    fn all(&self, settings: &Settings) -> Vec<(String, DataType)> {
        let mut all = self.own.clone();
        all.push(("model_name".to_owned(), DataType::Utf8));
        if settings.raw {
            let texts = || DataType::List(Box::new(DataType::Utf8));
            all.extend([("raw_input".to_owned(), texts()), ("raw_output".to_owned(), texts())]);
        }
        if settings.usage {
            all.extend(["input_tokens", "output_tokens"].map(|name| (name.to_owned(), DataType::Int64)));
        }
        all
    }

    /// [`Fault::Params`] where two have one name, as where a parameter names one.
    pub(super) fn declare(&self, schema: &mut Schema, settings: &Settings) -> Result<()> {
        let all = self.all(settings);
        for (at, (name, _)) in all.iter().enumerate() {
            if all[..at].iter().any(|(other, _)| other == name) {
                return Err(Fault::params(format!(
                    "the step would make two columns `{name}`; name one of them otherwise"
                )));
            }
        }
        for (name, data_type) in all {
            let data_type = if settings.grouped { DataType::List(Box::new(data_type)) } else { data_type };
            schema.output_field(name, data_type);
        }
        if settings.samples > 1 && !settings.grouped {
            schema.rows_any();
        }
        Ok(())
    }

    /// The answers to all samples of all rows. A row is rejected where none of its samples succeeded.
    pub(super) fn output(
        &self,
        rows: usize,
        answers: Vec<Result<Vec<Cell>, String>>,
        said: Vec<Said>,
        settings: &Settings,
    ) -> Result<Output> {
        let samples = settings.samples as usize;
        if answers.len() != rows * samples {
            return Err(Fault::plugin(format!("a task gave {} answers to {} samples", answers.len(), rows * samples)));
        }
        let mut made = Vec::with_capacity(answers.len());
        for (answer, said) in answers.into_iter().zip(said) {
            made.push(match answer {
                Ok(cells) if cells.len() != self.own.len() => {
                    let (made, declared) = (cells.len(), self.own.len());
                    return Err(Fault::plugin(format!("a task made {made} cells where {declared} were declared")));
                }
                Ok(cells) => Ok(with_said(cells, said, settings)),
                Err(why) => Err(why),
            });
        }
        let rejected = rejected(&made, samples);
        match (samples, settings.grouped) {
            (_, true) => self.grouped(made, rejected, settings),
            (1, false) => self.alike(made, rejected, settings),
            (_, false) => self.each(made, rejected, settings),
        }
    }

    /// One row for each row.
    fn alike(&self, made: Vec<Made>, rejected: Vec<Rejection>, settings: &Settings) -> Result<Output> {
        let all = self.all(settings);
        let rows = made.into_iter().map(|made| made.unwrap_or_else(|_| vec![Cell::Null; all.len()]));
        Ok(columns(&all, rows, false)?.rejecting(rejected))
    }

    /// One row for each row, its samples in lists.
    fn grouped(&self, made: Vec<Made>, rejected: Vec<Rejection>, settings: &Settings) -> Result<Output> {
        let all = self.all(settings);
        let rows = made.chunks(settings.samples as usize).map(|samples| {
            let cell = |column: usize| {
                samples.iter().map(move |made| match made {
                    Ok(cells) => cells[column].clone(),
                    Err(_) => Cell::Null,
                })
            };
            (0..all.len()).map(|column| Cell::List(cell(column).collect())).collect()
        });
        Ok(columns(&all, rows, true)?.rejecting(rejected))
    }

    /// One row for each sample that succeeded.
    fn each(&self, made: Vec<Made>, rejected: Vec<Rejection>, settings: &Settings) -> Result<Output> {
        let samples = settings.samples as usize;
        let succeeded = made.iter().enumerate().filter(|(_, made)| made.is_ok());
        let origins = succeeded.map(|(at, _)| (at / samples) as u32).collect();
        let output = columns(&self.all(settings), made.into_iter().flatten(), false)?;
        Ok(output.rows(origins).rejecting(rejected))
    }
}

type Made = Result<Vec<Cell>, String>;

fn with_said(mut cells: Vec<Cell>, said: Said, settings: &Settings) -> Vec<Cell> {
    cells.push(said.model.into());
    if settings.raw {
        cells.extend([Cell::from(said.asked), Cell::from(said.answered)]);
    }
    if settings.usage {
        cells.extend([Cell::Int(said.input_tokens), Cell::Int(said.output_tokens)]);
    }
    cells
}

fn rejected(made: &[Made], samples: usize) -> Vec<Rejection> {
    let mut rejected = Vec::new();
    for (row, samples) in made.chunks(samples).enumerate() {
        if let Some(Err(why)) = samples.first().filter(|_| samples.iter().all(Result::is_err)) {
            let reason = if samples.len() == 1 { why.clone() } else { format!("no sample has an answer: {why}") };
            rejected.push(Rejection { row: row as u32, reason });
        }
    }
    rejected
}

/// Rows of cells as columns.
fn columns(all: &[(String, DataType)], rows: impl Iterator<Item = Vec<Cell>>, grouped: bool) -> Result<Output> {
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); all.len()];
    for row in rows {
        cells.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    let mut output = Output::empty();
    for ((_, data_type), cells) in all.iter().zip(cells) {
        let list = DataType::List(Box::new(data_type.clone()));
        output = output.with(column(if grouped { &list } else { data_type }, cells)?);
    }
    Ok(output)
}
