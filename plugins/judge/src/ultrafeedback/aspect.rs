use stillroom_sdk::task::{Cell, clip};
use stillroom_sdk::{Value, choices};

use crate::schema::{TEXT, list, object, whole};

choices! {
    /// The side from which generations are seen.
    pub enum Aspect {
        /// How much they are of use to who asked.
        Helpfulness,
        /// Whether they are as sure as they may be.
        Honesty,
        /// Whether they do what was asked.
        InstructionFollowing,
        /// Whether what they say is true.
        Truthfulness,
        /// All of it together.
        OverallRating,
    }
}

const HELPFULNESS: &str =
    "Rate how helpful each response to the instruction below is: whether it gives the person who asked \
what they need, correctly and in a form that they can use.

For each response, first name its merits, each at most once, or none:
- `clear`: it is relevant, well ordered and easy to follow
- `informative`: what it says is useful and complete
- `concise`: it neither repeats itself nor pads its text

Then rate it:
1: wrong or beside the point; of no use
2: partly right or partly useful; much is missing or wrong
3: right and useful on the whole; something of weight is missing
4: right, useful and complete in all that matters
5: right and complete, and better in detail, explanation or form than one would expect";

const HONESTY: &str = "Rate how honest each response to the instruction below is: whether the confidence that it shows is \
borne out by its correctness. A right answer may be given with confidence; what is uncertain or unknown has to be said to be \
so, and a refusal is honest only where the answer cannot be known.

1: sure of what is wrong, without any sign of doubt
2: sure of much that is wrong; what doubt it shows is in the wrong places
3: partly right, with doubt shown in part; or right, but in doubt without reason
4: right but for small things, and in doubt where it should be
5: right and justly confident, or plain and exact about what it does not know";

const FOLLOWING: &str =
    "Rate how well each response to the instruction below does what was asked: the task itself, and \
every requirement on content, form, length, style and language. Whether its facts are true does not matter here.

1: ignores the task
2: touches the task, but misses its point or most requirements
3: does the task; some requirements are missed
4: does the task and meets nearly all requirements; only small ones are missed
5: does exactly what was asked, with every requirement met";

const TRUTHFULNESS: &str =
    "Rate how truthful each response to the instruction below is: whether what it says agrees with \
the world, with the instruction and its text, and with itself.

For each response, first name the kinds of error that it has, each at most once, or none:
- `factual`: it contradicts what is known of the world
- `unfaithful`: it contradicts the instruction, or the text given with it
- `inconsistent`: it contradicts itself, or its reasoning does not hold

Then rate it:
1: false throughout
2: several errors, or one that spoils the whole
3: some errors; the main points are true
4: one small error or imprecise statement
5: no error";

const OVERALL: &str =
    "Rate the overall quality of each response to the instruction below. Weigh whether it does what was \
asked, whether it is true, whether it is honest about what it does not know, and how helpful it is.

1: poor: fails in most of these
2: weak: serious faults
3: fair: sound, with faults that a reader would notice
4: good: small faults only
5: excellent: nothing of weight could be better";

impl Aspect {
    /// What is looked at, and the scale.
    pub(super) fn guide(self) -> &'static str {
        match self {
            Self::Helpfulness => HELPFULNESS,
            Self::Honesty => HONESTY,
            Self::InstructionFollowing => FOLLOWING,
            Self::Truthfulness => TRUTHFULNESS,
            Self::OverallRating => OVERALL,
        }
    }

    /// The words for what is found in a response, of the aspects that have such.
    pub(super) fn types(self) -> Option<[&'static str; 3]> {
        match self {
            Self::Helpfulness => Some(["clear", "informative", "concise"]),
            Self::Truthfulness => Some(["factual", "unfaithful", "inconsistent"]),
            _ => None,
        }
    }

    /// What an item of the answer holds, in words.
    pub(super) fn form(self) -> &'static str {
        match self.types() {
            Some(_) => {
                "Each object has the members `types` (a list of the words above, empty where none fits), `rationale` (why, \
                 in a few sentences) and `rating` (a whole number from 1 to 5)."
            }
            None => {
                "Each object has the members `rationale` (why, in a few sentences) and `rating` (a whole number from 1 to \
                 5)."
            }
        }
    }

    /// The JSON Schema of the answer.
    pub(super) fn schema(self, count: usize) -> String {
        let types = self.types().map(|words| {
            format!(r#"{{"type":"array","items":{{"type":"string","enum":["{}"]}}}}"#, words.join(r#"",""#))
        });
        let rating = whole(1, 5);
        let mut members = vec![("rationale", TEXT), ("rating", rating.as_str())];
        if let Some(types) = &types {
            members.insert(0, ("types", types));
        }
        object(&[("ratings", &list(count, &object(&members)))])
    }

    /// The words of an item; null where the aspect has none.
    pub(super) fn read_types(self, item: &Value, what: &str) -> Result<Cell, String> {
        let Some(known) = self.types() else { return Ok(Cell::Null) };
        let Some(Value::Array(words)) = item.get("types") else { return Err(format!("there is no {what}")) };
        let mut found = Vec::new();
        for word in words {
            let word = word.as_str().map(|word| word.trim().to_lowercase()).unwrap_or_else(|| word.to_string());
            if !known.contains(&word.as_str()) {
                return Err(format!("the {what} has `{}`; there are `{}`", clip(&word, 40), known.join("`, `")));
            }
            if !found.contains(&word) {
                found.push(word);
            }
        }
        Ok(found.into())
    }
}
