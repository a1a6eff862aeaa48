//! Stillroom's built-in steps that have a model judge: what is good, what is better, and why.
//!
//! A judge's answer is JSON of a schema that goes with the request, and is read strictly: a rating that is missing or out of
//! range is a reason to ask again, or to reject the row, and never a number that nobody gave.

pub mod critique;
pub mod pair;
pub mod prometheus;
mod read;
mod schema;
pub mod scorer;
#[cfg(test)]
mod test_util;
pub mod ultrafeedback;

use stillroom_sdk::Column;
use stillroom_sdk::task::Asked;

stillroom_sdk::register!(
    Asked<ultrafeedback::UltraFeedback>,
    Asked<prometheus::Prometheus>,
    Asked<scorer::Quality>,
    Asked<scorer::Complexity>,
    Asked<pair::Pair>,
    Asked<critique::Critique>,
);

/// What columns of lists are declared as, where the host needs to convert nothing.
const LISTS: &[&str] = &["list", "large-list", "fixed-size-list"];

const INSTRUCTION: Column = Column::required("instruction", &["utf8"], "What was asked for.");
