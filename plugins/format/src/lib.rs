//! Stillroom's built-in format steps: rows in the forms that training wants them in.
//!
//! A conversation is a `list<struct<role: utf8, content: utf8>>`. A row that lacks what its form needs is rejected with
//! the reason: nothing half made goes on.

mod columns;
pub mod conversation;
pub mod dpo;
pub mod examples;
mod opening;
mod pair;
pub mod prm;
pub mod sft;
pub mod template;
#[cfg(test)]
mod test_util;
mod turns;

stillroom_sdk::register!(
    conversation::Conversation,
    sft::Sft,
    sft::ChatSft,
    dpo::Dpo,
    dpo::ChatDpo,
    prm::Prm,
    examples::Examples,
    template::Template,
);
