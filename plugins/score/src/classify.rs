//! The step `classify`: what a text is, by a model that gives each class a score.

use stillroom_sdk::llm::{Model, Rating, Scored};
use stillroom_sdk::task::{Cell, Row, TextIn};
use stillroom_sdk::*;

use crate::model::{Made, ScoreParams, answer, declare};

/// The step `classify`.
pub struct Classify {
    model: Model,
    made: Made,
    text: TextIn,
}

impl Step for Classify {
    const NAME: &str = "classify";
    const SUMMARY: &str = "Say of which class a text is, by a classifier.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = ScoreParams;

    fn open(params: ScoreParams, schema: &mut Schema) -> Result<Self> {
        let class = [("label", DataType::Utf8), ("score", DataType::Float64)];
        let class = class.map(|(name, data_type)| (name.to_owned(), data_type)).to_vec();
        let scores = DataType::List(Box::new(DataType::Struct(class)));
        let made = vec![("label", DataType::Utf8), ("score", DataType::Float64), ("scores", scores)];
        declare(&made, schema);
        Ok(Self { text: TextIn::take(schema, "text")?, model: Model::named(&params.model)?, made })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let ask = |row: Row<'_>| Ok(vec![Scored { query: None, text: self.text.get(row)?.to_owned() }]);
        answer(&self.model, &self.made, batch, ask, |ratings| cells(&ratings[0]))
    }
}

/// The likeliest class, its score, and the scores of all: the likeliest first, the model's order where two are equal.
fn cells(ratings: &[Rating]) -> Result<Vec<Cell>, String> {
    if ratings.iter().any(|rating| rating.label.is_empty()) {
        return Err("the model names no class: `score/reward` takes a single score".to_owned());
    }
    let mut sorted: Vec<&Rating> = ratings.iter().collect();
    sorted.sort_by(|one, other| other.value.total_cmp(&one.value));
    let best = sorted.first().ok_or("the model gave no score")?;
    let (label, score) = (best.label.as_str().into(), best.value.into());
    let class = |rating: &&Rating| Cell::Struct(vec![rating.label.as_str().into(), rating.value.into()]);
    Ok(vec![label, score, Cell::List(sorted.iter().map(class).collect())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use stillroom_sdk::llm::score_with;

    #[test]
    fn the_likeliest_class_and_all_scores() {
        score_with(|_, scored| {
            let labels = if scored.text == "bare" { ["", ""] } else { ["cold", "warm"] };
            Ok([0.25, 0.75]
                .into_iter()
                .zip(labels)
                .map(|(value, label)| Rating { label: label.to_owned(), value })
                .collect())
        });
        let batch = test::batch().utf8("text", [Some("a"), None, Some("bare")]);
        let output = test::run::<Classify>(r#"{"model": "judge"}"#, batch).unwrap();
        assert_eq!(output.values::<Utf8>("label"), [Some("warm"), None, None]);
        assert_eq!(output.values::<Float64>("score"), [Some(0.75), None, None]);
        let scores = output.column::<List<Struct>>("scores").values();
        let labels = scores.member::<Utf8>("label").unwrap().iter().collect::<Vec<_>>();
        assert_eq!(labels, [Some("warm"), Some("cold")]);
        assert_eq!(scores.member::<Float64>("score").unwrap().values(), [0.75, 0.25]);
        let reasons: Vec<&str> = output.rejected().iter().map(|rejection| rejection.reason.as_str()).collect();
        assert_eq!(reasons, ["`text` is null", "the model names no class: `score/reward` takes a single score"]);
    }
}
