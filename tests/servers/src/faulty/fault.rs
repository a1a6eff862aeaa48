//! What can go wrong with a request.

use std::time::Duration;

/// What happens to one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fault {
    /// Nothing: it is answered.
    #[default]
    None,
    /// A status instead of an answer, at once, with a message in the protocol's own form; `Retry-After` as it is to be
    /// written.
    Status(u16, Option<String>),
    /// An answer whose first byte comes so much later.
    Slow(Duration),
    /// Another text than the rules' answer: one that breaks the schema, for example.
    Says(String),
    /// An answer of so many words, whatever the request's limit.
    Long(usize),
    /// A complete HTTP answer whose JSON ends in the middle.
    Malformed,
    /// The connection ends after half of the answer.
    Cut,
    /// The connection ends without a byte.
    Close,
    /// Half of the answer, and then nothing more; the connection stays open.
    Stall,
    /// An answer that goes on until the client has gone: a JSON string, piece after piece.
    Endless,
}

impl Fault {
    /// A name for logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Status(..) => "status",
            Self::Slow(_) => "slow",
            Self::Says(_) => "says",
            Self::Long(_) => "long",
            Self::Malformed => "malformed",
            Self::Cut => "cut",
            Self::Close => "close",
            Self::Stall => "stall",
            Self::Endless => "endless",
        }
    }
}
