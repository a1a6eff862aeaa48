//! OpenAI's form at Azure: a deployment in the path, a version behind it. A URL that ends in `/openai/v1` is of the
//! newer kind, which needs neither.

use reqwest::Url;
use serde_json::Value;

use super::super::ask::{Ask, Trouble};
use super::super::spec::OneModel;
use super::form::place;
use super::{Shape, openai, score};

/// The newest that is not a preview.
const VERSION: &str = "2024-10-21";

pub(super) fn url(model: &OneModel, shape: Shape) -> Result<Url, Trouble> {
    let mut segments = if is_plain(model) { vec![] } else { vec!["deployments", model.model.as_str()] };
    segments.extend(openai::segments(shape));
    below(model, &segments)
}

/// A place that hangs on no deployment.
pub(super) fn below(model: &OneModel, segments: &[&str]) -> Result<Url, Trouble> {
    if is_plain(model) {
        let mut url = place(&model.url, segments)?;
        if let Some(version) = &model.version {
            url.query_pairs_mut().append_pair("api-version", version);
        }
        return Ok(url);
    }
    let base = model.url.trim_end_matches('/');
    let base = base.strip_suffix("/openai").unwrap_or(base);
    let mut url = place(base, &[&["openai"], segments].concat())?;
    url.query_pairs_mut().append_pair("api-version", model.version.as_deref().unwrap_or(VERSION));
    Ok(url)
}

pub(super) fn is_plain(model: &OneModel) -> bool {
    model.url.trim_end_matches('/').ends_with("/openai/v1")
}

pub(super) fn body(model: &OneModel, ask: &Ask) -> Result<Value, Trouble> {
    match ask {
        Ask::Score { .. } => Err(score::none("Azure")),
        _ => openai::body(model, ask),
    }
}
