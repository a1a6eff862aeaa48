//! Stillroom's built-in steps for solving step by step: solutions, and which of their steps are right, without a person's
//! labels.
//!
//! Wang et al. 2023, *Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations*, arXiv:2312.08935. A
//! generator writes solutions (`solve`); a completer goes on from each of their steps several times, and a step from which the
//! right answer is reached is a right one (`complete`). `format/prm` makes training data of it.

mod answer;
pub mod complete;
mod solution;
pub mod solve;
mod steps;
#[cfg(test)]
mod test_util;

use stillroom_sdk::Column;
use stillroom_sdk::task::Asked;

stillroom_sdk::register!(Asked<solve::Solve>, Asked<complete::Complete>);

/// What columns of lists are declared as, where the host needs to convert nothing.
const LISTS: &[&str] = &["list", "large-list", "fixed-size-list"];

const INSTRUCTION: Column = Column::required("instruction", &["utf8"], "The problem.");
