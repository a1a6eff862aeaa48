//! How a model is to answer.

use super::super::super::Spanned;
use super::super::super::fault::Fault;
use super::super::super::written::{ParametersTable, TextOr};
use super::super::limits::within;
use super::within_range;
use crate::model::ask::Parameters;

pub(super) fn parameters(table: ParametersTable) -> Result<Parameters, Fault> {
    let share =
        |number: Option<Spanned<f64>>| number.map(|number| within_range(&number, 0.0..=1.0, "0 to 1")).transpose();
    let penalty =
        |number: Option<Spanned<f64>>| number.map(|number| within_range(&number, -2.0..=2.0, "-2 to 2")).transpose();
    let whole = |number: Option<Spanned<u64>>| {
        number.map(|number| within(number, 1..=u64::from(u32::MAX))).transpose().map(|n| n.map(|n| n as u32))
    };
    let temperature = table.temperature.map(|number| within_range(&number, 0.0..=5.0, "0 to 5")).transpose()?;
    let stop = match table.stop {
        None => Vec::new(),
        Some(Spanned { value: TextOr::Text(text), place }) => vec![Spanned::new(text, place)],
        Some(Spanned { value: TextOr::More(texts), .. }) => texts.0,
    };
    if let Some(empty) = stop.iter().find(|text| text.is_empty()) {
        return Err(Fault::new("every answer would end at an empty text").at(empty.place));
    }
    Ok(Parameters {
        temperature,
        top_p: share(table.top_p)?,
        top_k: whole(table.top_k)?,
        min_p: share(table.min_p)?,
        presence_penalty: penalty(table.presence_penalty)?,
        frequency_penalty: penalty(table.frequency_penalty)?,
        max_tokens: whole(table.max_tokens)?,
        stop: stop.into_iter().map(|text| text.value).collect(),
        seed: table.seed,
    })
}
