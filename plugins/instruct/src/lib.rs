//! Stillroom's built-in tasks that make instructions: of texts, of responses, of documents, and of nothing; and that revise
//! solutions.

mod answered;
pub mod backtranslate;
pub mod backtranslation_score;
pub mod clair;
pub mod genstruct;
pub mod magpie;
pub mod self_instruct;
#[cfg(test)]
mod test_util;

use stillroom_sdk::task::Asked;

stillroom_sdk::register!(
    Asked<self_instruct::SelfInstruct>,
    Asked<backtranslate::Backtranslate>,
    Asked<backtranslation_score::BacktranslationScore>,
    Asked<genstruct::Genstruct>,
    Asked<magpie::Magpie>,
    Asked<clair::Clair>,
);
