//! Stillroom's built-in tasks that generate text: an instruction, a conversation or a beginning goes to a model, and what it
//! says is kept.

pub mod chat;
pub mod continuation;
mod instruction;
pub mod structured;
#[cfg(test)]
mod test_util;
pub mod text;
pub mod urial;

use stillroom_sdk::task::Asked;

stillroom_sdk::register!(
    Asked<text::Text>,
    Asked<chat::Chat>,
    Asked<structured::Structured>,
    Asked<urial::Urial>,
    Asked<continuation::Continue>,
);
