//! What becomes of an answer.

use stillroom_sdk::task::{Cell, Shape, json};
use stillroom_sdk::{DataType, Fault, Result};

use crate::ask::AskParams;
use crate::pattern::Pattern;

/// What is made of an answer.
pub(crate) enum Made {
    /// A column of the whole.
    Text(String),
    /// What a regular expression finds.
    Found(Pattern),
    /// What a schema says.
    Json(Shape),
}

impl Made {
    pub(crate) fn of(params: &AskParams) -> Result<Self> {
        let AskParams { pattern, ignore_case, all, types, schema, output, .. } = params;
        match (pattern, schema) {
            (Some(_), Some(_)) => {
                return Err(Fault::params(
                    "there are both `pattern` and `schema`: an answer is read in one way; leave one out",
                ));
            }
            (None, _) if types.is_some() || *ignore_case || *all => {
                let name = if types.is_some() {
                    "types"
                } else if *all {
                    "all"
                } else {
                    "ignore-case"
                };
                return Err(Fault::params(format!("parameter `{name}` is about `pattern`, which is not there")));
            }
            (_, _) if output.is_some() && (pattern.is_some() || schema.is_some()) => {
                return Err(Fault::params(
                    "parameter `output` names the column of a whole answer; with `pattern` the groups name the columns, with \
                     `schema` its properties. Leave `output` out; `raw: true` keeps what was answered",
                ));
            }
            _ => {}
        }
        match (pattern, schema) {
            (Some(pattern), _) => Pattern::of(pattern, *ignore_case, *all, types.as_ref()).map(Self::Found),
            (_, Some(schema)) => Shape::of("schema", schema).map(Self::Json),
            (None, None) => Ok(Self::Text(output.clone().unwrap_or_else(|| "answer".to_owned()))),
        }
    }

    pub(crate) fn columns(&self) -> Vec<(String, DataType)> {
        match self {
            Self::Text(name) => vec![(name.clone(), DataType::Utf8)],
            Self::Found(pattern) => pattern.columns(),
            Self::Json(shape) => shape.columns(),
        }
    }

    pub(crate) fn cells(&self, answer: &str) -> Result<Vec<Cell>, String> {
        match self {
            Self::Text(_) => Ok(vec![answer.into()]),
            Self::Found(pattern) => pattern.cells(answer),
            Self::Json(shape) => shape.cells(&json(answer)?),
        }
    }
}
