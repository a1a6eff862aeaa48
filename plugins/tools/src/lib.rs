//! Stillroom's built-in steps for function calling, after APIGen: queries with the calls that answer them, and the checks that
//! tell good ones from bad ones.
//!
//! Liu et al. 2024, *APIGen: Automated Pipeline for Generating Verifiable and Diverse Function-Calling Datasets*,
//! arXiv:2406.18518. Three checks, one after the other: the format (`format-check`), the execution (a step of one's own, for it
//! runs one's own functions: see README.md), and whether calls and results are what the query wants (`semantic-check`).

mod call;
mod definition;
pub mod format_check;
mod input;
pub mod queries;
mod schema;
pub mod semantic_check;
#[cfg(test)]
mod test_util;

use stillroom_sdk::Column;
use stillroom_sdk::task::Asked;

stillroom_sdk::register!(Asked<queries::Queries>, format_check::FormatCheck, Asked<semantic_check::SemanticCheck>,);

const TEXT_OR_LIST: &[&str] = &["utf8", "list", "large-list", "fixed-size-list"];

const ANSWERS: Column =
    Column::required("answers", &["utf8"], "The calls, in JSON: a list of objects with `name` and `arguments`.");
