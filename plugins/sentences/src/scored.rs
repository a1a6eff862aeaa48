//! What `triplets` and `bitext` have in common: three texts, the second nearer to the first than the third is.

use stillroom_sdk::llm::Request;
use stillroom_sdk::task::{Dice, Row};
use stillroom_sdk::{Fault, Result, choices};

use crate::draw::drawn;
use crate::seeds::{Seeds, seeded};
use crate::texts::{fill, schema};

choices! {
    /// How long a text is.
    pub enum Unit {
        /// A sentence.
        Sentence,
        /// A phrase.
        Phrase,
        /// Several sentences.
        Passage,
    }
}

choices! {
    /// What a reader has to have learnt.
    pub enum Level {
        /// At elementary school.
        ElementarySchool,
        /// At high school.
        HighSchool,
        /// At college.
        College,
    }
}

/// The columns.
pub(crate) const TEXTS: [&str; 3] = ["S1", "S2", "S3"];

const UNITS: [Unit; 3] = [Unit::Sentence, Unit::Phrase, Unit::Passage];
const LEVELS: [Level; 3] = [Level::ElementarySchool, Level::HighSchool, Level::College];
const HIGH_SCORES: [f64; 3] = [4.0, 4.5, 5.0];
const LOW_SCORES: [f64; 3] = [2.5, 3.0, 3.5];

/// What both ask.
pub(crate) struct Asked {
    pub(crate) seeds: Seeds,
    pub(crate) unit: Option<Unit>,
    pub(crate) difficulty: Option<Level>,
    pub(crate) scores: Scores,
}

/// How near the second and the third text are to the first.
pub(crate) struct Scores {
    high: Option<f64>,
    low: Option<f64>,
}

impl Asked {
    pub(crate) fn request(&self, row: Row<'_>, template: &str, languages: &[(&str, &str)]) -> Result<Request, String> {
        let mut dice = self.seeds.dice(row)?;
        let unit = drawn(self.unit, &mut dice, &UNITS).phrase();
        let difficulty = drawn(self.difficulty, &mut dice, &LEVELS).phrase();
        let (high, low) = self.scores.drawn(&mut dice);
        let (high, low) = (high.to_string(), low.to_string());
        let options = [("unit", unit), ("difficulty", difficulty), ("high_score", &high), ("low_score", &low)];
        let values: Vec<_> = options.into_iter().chain(languages.iter().copied()).collect();
        Ok(seeded(Request::user(fill(template, &values)).schema(schema(&TEXTS)), &mut dice))
    }
}

impl Scores {
    /// Both on the scale, and whatever is drawn, the one above the other.
    pub(crate) fn checked(high: Option<f64>, low: Option<f64>) -> Result<Self> {
        for (name, score) in [("high-score", high), ("low-score", low)] {
            if let Some(score) = score.filter(|score| !(1.0..=5.0).contains(score)) {
                return Err(Fault::params(format!("parameter `{name}` is {score}; it must be from 1 to 5")));
            }
        }
        let (lowest_high, highest_low) = (high.unwrap_or(HIGH_SCORES[0]), low.unwrap_or(LOW_SCORES[2]));
        if lowest_high > highest_low {
            return Ok(Self { high, low });
        }
        Err(Fault::params(format!(
            "`low-score` may be {highest_low} and `high-score` {lowest_high}; it must be less: set both"
        )))
    }

    fn drawn(&self, dice: &mut Dice) -> (f64, f64) {
        let high = drawn(self.high, dice, &HIGH_SCORES);
        (high, drawn(self.low, dice, &LOW_SCORES))
    }
}

impl Unit {
    fn phrase(self) -> &'static str {
        match self {
            Self::Sentence => "sentences",
            Self::Phrase => "phrases",
            Self::Passage => "passages of several sentences each",
        }
    }
}

impl Level {
    fn phrase(self) -> &'static str {
        match self {
            Self::ElementarySchool => "what children learn at elementary school",
            Self::HighSchool => "a high school education",
            Self::College => "a college education",
        }
    }
}
