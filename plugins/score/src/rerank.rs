//! The step `rerank`: how well documents answer a query, by a reranker.

use stillroom_sdk::llm::{Model, Rating, Scored};
use stillroom_sdk::task::{Cell, Row, TextIn, TextsIn};
use stillroom_sdk::*;

use crate::model::{Made, ScoreParams, answer, declare, only};

/// The step `rerank`.
pub struct Rerank {
    model: Model,
    made: Made,
    query: TextIn,
    documents: TextsIn,
}

impl Step for Rerank {
    const NAME: &str = "rerank";
    const SUMMARY: &str = "Score documents by how well they answer a query, and order them.";
    const COLUMNS: &[Column] = &[
        Column::required("query", &["utf8"], "The query."),
        Column::required("documents", &["list", "large-list", "fixed-size-list"], "The documents: a list of text."),
    ];
    type Params = ScoreParams;

    fn open(params: ScoreParams, schema: &mut Schema) -> Result<Self> {
        let list = |item| DataType::List(Box::new(item));
        let made = vec![("scores", list(DataType::Float64)), ("order", list(DataType::Int64))];
        declare(&made, schema);
        let (query, documents) = (TextIn::take(schema, "query")?, TextsIn::take(schema, "documents")?);
        Ok(Self { model: Model::named(&params.model)?, made, query, documents })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let ask = |row: Row<'_>| {
            let query = self.query.get(row)?;
            let scored = |text: &str| Scored { query: Some(query.to_owned()), text: text.to_owned() };
            Ok(self.documents.get(row)?.into_iter().map(scored).collect())
        };
        answer(&self.model, &self.made, batch, ask, cells)
    }
}

/// The score of each document, and their places from 0 with the best first; of equal ones the first goes before.
fn cells(ratings: Vec<Vec<Rating>>) -> Result<Vec<Cell>, String> {
    let scores: Vec<f64> = ratings.iter().map(|of| only(of)).collect::<Result<_, _>>()?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|one, other| scores[*other].total_cmp(&scores[*one]));
    let order: Vec<i64> = order.into_iter().map(|place| place as i64).collect();
    Ok(vec![scores.into(), order.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use stillroom_sdk::llm::score_with;

    #[test]
    fn documents_are_scored_and_ordered() {
        score_with(|_, scored| {
            assert_eq!(scored.query.as_deref(), Some("q"));
            Ok(vec![Rating { label: String::new(), value: scored.text.len() as f64 }])
        });
        let texts: Utf8Builder = ["bb", "a", "ccc", "dd"].into_iter().map(Some).collect();
        let documents = ListBuilder::<_>::from_lengths(texts, [Some(4), Some(0), None]).unwrap();
        let batch = test::batch().utf8("query", [Some("q"); 3]).column("documents", documents);
        let output = test::run::<Rerank>(r#"{"model": "judge"}"#, batch).unwrap();
        let scores = output.column::<List<Float64>>("scores");
        assert_eq!((scores.get(0), scores.get(1)), (Some(0..4), Some(4..4)));
        assert_eq!(scores.values().values(), [2.0, 1.0, 3.0, 2.0]);
        assert_eq!(output.column::<List<Int64>>("order").values().values(), [2, 0, 3, 1]);
        assert_eq!(output.rejected()[0].reason, "`documents` is null");
    }
}
