//! Stillroom's built-in step that embeds: `embed/text`.

pub mod text;

stillroom_sdk::register!(text::Text);
