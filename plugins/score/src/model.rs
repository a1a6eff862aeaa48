//! What the steps have in common: asking, and columns of what came of it.

use stillroom_sdk::llm::{Model, Rating, Scored};
use stillroom_sdk::task::{Cell, Row, column};
use stillroom_sdk::*;

params! {
    /// The parameters of all these steps.
    pub struct ScoreParams {
        /// The model that is asked: a name under `models` of the pipeline.
        pub model: String,
    }
}

/// The columns that a step makes of each row's ratings.
pub(crate) type Made = Vec<(&'static str, DataType)>;

/// Declares the columns, and that of the model's name.
pub(crate) fn declare(made: &Made, schema: &mut Schema) {
    made.iter().for_each(|(name, data_type)| schema.output_field(*name, data_type.clone()));
    schema.output::<Utf8>("model_name");
}

/// Scores some texts of each row, all rows' together; `read` makes cells of the ratings of a row's texts.
pub(crate) fn answer(
    model: &Model,
    made: &Made,
    batch: &Batch,
    ask: impl Fn(Row<'_>) -> Result<Vec<Scored>, String>,
    read: impl Fn(Vec<Vec<Rating>>) -> Result<Vec<Cell>, String>,
) -> Result<Output> {
    let asked: Vec<_> = (0..batch.len()).map(|index| ask(Row { batch, index, sample: 0 })).collect();
    let counts: Vec<Result<usize, String>> =
        asked.iter().map(|texts| texts.as_ref().map(Vec::len).map_err(Clone::clone)).collect();
    let texts: Vec<Scored> = asked.into_iter().flatten().flatten().collect();
    let mut ratings = if texts.is_empty() { Vec::new() } else { model.score(&texts) }.into_iter();
    let mut columns: Vec<Vec<Cell>> = vec![Vec::new(); made.len() + 1];
    let mut rejected = Vec::new();
    for (row, count) in counts.into_iter().enumerate() {
        let cells = count.and_then(|count| {
            let of_row: Vec<_> = ratings.by_ref().take(count).collect();
            let of_row = of_row.into_iter().map(|rated| rated.map_err(|failure| failure.to_string()));
            read(of_row.collect::<Result<_, String>>().and_then(|of_row: Vec<_>| whole(of_row, count))?)
        });
        let cells = cells.map(|mut cells| {
            cells.push(model.served().into());
            cells
        });
        let cells = cells.unwrap_or_else(|why| {
            rejected.push(Rejection { row: row as u32, reason: why });
            vec![Cell::Null; made.len() + 1]
        });
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    let mut output = Output::empty().rejecting(rejected);
    let name = ("model_name", DataType::Utf8);
    for ((_, data_type), cells) in made.iter().chain([&name]).zip(columns) {
        output = output.with(column(data_type, cells)?);
    }
    Ok(output)
}

/// Whether each text has finite ratings.
fn whole(ratings: Vec<Vec<Rating>>, count: usize) -> Result<Vec<Vec<Rating>>, String> {
    if ratings.len() != count || ratings.iter().any(Vec::is_empty) {
        return Err("the model gave no score".to_owned());
    }
    match ratings.iter().flatten().all(|rating| rating.value.is_finite()) {
        true => Ok(ratings),
        false => Err("the model gave a score that is no number".to_owned()),
    }
}

/// The only score of a text.
pub(crate) fn only(ratings: &[Rating]) -> Result<f64, String> {
    match ratings {
        [rating] => Ok(rating.value),
        several => {
            let labels: Vec<String> = several.iter().map(|rating| format!("`{}`", rating.label)).collect();
            Err(format!("the model gives a score to each of {}: `score/classify` takes such", labels.join(", ")))
        }
    }
}
