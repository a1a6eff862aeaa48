//! What an example may be like. The values are those of the paper.

use stillroom_sdk::{Fault, Result, choices};

choices! {
    /// How often people ask such a thing.
    pub enum QueryType {
        /// Hardly ever.
        ExtremelyLongTail,
        /// Rarely.
        LongTail,
        /// Often.
        Common,
    }
}

choices! {
    /// How long a query is.
    pub enum QueryLength {
        /// Fewer than 5 words.
        Short,
        /// 5 to 15 words.
        Medium,
        /// 10 words or more.
        Long,
    }
}

choices! {
    /// How easy it is to see what a text means.
    pub enum Clarity {
        /// It is plain.
        Clear,
        /// With some effort.
        SomeEffort,
        /// It can be taken in several ways.
        Ambiguous,
    }
}

choices! {
    /// What a reader has to have learnt.
    pub enum Difficulty {
        /// At high school.
        HighSchool,
        /// At college.
        College,
        /// For a PhD.
        Phd,
    }
}

/// What may be drawn.
pub(crate) const QUERY_TYPES: [QueryType; 3] = [QueryType::ExtremelyLongTail, QueryType::LongTail, QueryType::Common];
pub(crate) const QUERY_LENGTHS: [QueryLength; 3] = [QueryLength::Short, QueryLength::Medium, QueryLength::Long];
pub(crate) const CLARITIES: [Clarity; 3] = [Clarity::Clear, Clarity::SomeEffort, Clarity::Ambiguous];
pub(crate) const DIFFICULTIES: [Difficulty; 3] = [Difficulty::HighSchool, Difficulty::College, Difficulty::Phd];
pub(crate) const NUM_WORDS: [u32; 6] = [50, 100, 200, 300, 400, 500];

impl QueryType {
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::ExtremelyLongTail => "Hardly anybody has ever searched for this.",
            Self::LongTail => "Few people search for this.",
            Self::Common => "Many people search for this.",
        }
    }
}

impl QueryLength {
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Short => "It has fewer than 5 words.",
            Self::Medium => "It has 5 to 15 words.",
            Self::Long => "It has 10 words or more.",
        }
    }
}

impl Clarity {
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Clear => "What it means is plain.",
            Self::SomeEffort => "One has to think a little to see what it means.",
            Self::Ambiguous => "It can be taken in more than one way.",
        }
    }
}

impl Difficulty {
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::HighSchool => "a high school education",
            Self::College => "a college education in its field",
            Self::Phd => "a PhD in its field",
        }
    }
}

/// A number of words that a text can have.
pub(crate) fn num_words(given: Option<u32>) -> Result<Option<u32>> {
    match given {
        Some(0) => Err(Fault::params("parameter `num-words` is 0; it must be 1 or more")),
        given => Ok(given),
    }
}
