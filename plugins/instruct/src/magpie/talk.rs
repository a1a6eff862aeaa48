use stillroom_sdk::task::Dice;

/// A row's talk; or why there is none, or no more.
pub(super) type Line = Result<Talk, String>;

/// What has been said.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) system: Option<String>,
    /// What the system prompt is called, where it was drawn.
    pub(super) key: Option<String>,
    pub(super) turns: Vec<(Speaker, String)>,
    pub(super) dice: Dice,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
}

impl Speaker {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}
