//! Stillroom's built-in tasks that label: what a text is, what the texts of a cluster have in common, and answers to a
//! question that people would be asked in an annotation tool.

pub mod classify;
pub mod clusters;
pub mod fields;
mod labels;
#[cfg(test)]
mod test_util;

use stillroom_sdk::task::Asked;

stillroom_sdk::register!(Asked<classify::Classify>, clusters::Clusters, Asked<fields::Fields>);
