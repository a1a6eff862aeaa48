//! `tools/format-check`: whether calls are JSON, of functions that there are, with the arguments that these take.
//!
//! APIGen's first check (Liu et al. 2024, *APIGen: Automated Pipeline for Generating Verifiable and Diverse Function-Calling
//! Datasets*, arXiv:2406.18518). No model is asked. A function takes what its definition lists, and nothing else unless the
//! definition has `additionalProperties`. A definition with a keyword of JSON Schema that is not known here rejects the row:
//! half a check would look like a whole one.

use crate::call::{Call, calls};
use crate::definition::{Definition, check, definitions};
use crate::input::TextOrTexts;
use crate::{ANSWERS, TEXT_OR_LIST};
use stillroom_sdk::task::{Row, TextIn};
use stillroom_sdk::*;

/// The step.
pub struct FormatCheck {
    answers: TextIn,
    tools: TextOrTexts,
}

impl Step for FormatCheck {
    const NAME: &str = "format-check";
    const SUMMARY: &str = "Check whether calls are well formed and fit the definitions of their functions.";
    const COLUMNS: &[Column] = &[
        ANSWERS,
        Column::required("tools", TEXT_OR_LIST, "Definitions of the functions, in JSON: a list, or one a text."),
    ];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let (answers, tools) = (TextIn::take(schema, "answers")?, TextOrTexts::take(schema, "tools")?);
        schema.output::<Bool>("keep_row_after_format_check");
        schema.output::<Utf8>("reason");
        Ok(Self { answers, tools })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let (mut kept, mut reasons, mut rejected) = (BoolBuilder::new(), Utf8Builder::new(), Vec::new());
        for index in 0..batch.len() {
            let row = Row { batch, index, sample: 0 };
            let given = self.answers.get(row).and_then(|answers| Ok((answers, definitions(&self.tools.get(row)?)?)));
            match given.map(|(answers, definitions)| checked(answers, &definitions)) {
                Ok(result) => {
                    kept.push(Some(result.is_ok()));
                    reasons.push(result.err().as_deref());
                }
                Err(reason) => {
                    kept.push(None);
                    reasons.push(None::<&str>);
                    rejected.push(Rejection { row: index as u32, reason });
                }
            }
        }
        Ok(Output::of(kept).with(reasons).rejecting(rejected))
    }
}

fn checked(answers: &str, definitions: &[Definition]) -> Result<(), String> {
    let answers = Value::parse(answers).map_err(|fault| format!("`answers` is no JSON: {}", fault.message()))?;
    let calls = calls(&answers)?;
    if calls.is_empty() {
        return Err("there is no call".to_owned());
    }
    let one = |(place, call): (usize, &Call)| fits(call, definitions, &format!("call {}", place + 1));
    calls.iter().enumerate().try_for_each(one)
}

fn fits(call: &Call, definitions: &[Definition], what: &str) -> Result<(), String> {
    let Some(definition) = definitions.iter().find(|definition| definition.name == call.name) else {
        let names: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
        return Err(format!("{what}: there is no function `{}`; there are `{}`", call.name, names.join("`, `")));
    };
    let parameters = &definition.parameters;
    let is_known = |name: &str| parameters.get("properties").is_some_and(|known| known.get(name).is_some());
    let unknown = call.arguments.iter().find(|(name, _)| !is_known(name));
    if let Some((name, _)) = unknown.filter(|_| parameters.get("additionalProperties").is_none()) {
        return Err(format!("{what}: `{}` takes no argument `{name}`", call.name));
    }
    check(parameters, &Value::Object(call.arguments.clone()), &format!("the call of `{}`", call.name))
        .map_err(|why| format!("{what}: {why}"))
}

#[cfg(test)]
mod tests;
