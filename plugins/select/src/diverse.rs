//! `select/diverse`: rows whose embeddings are far from one another.
//!
//! Greedy k-centre: after a first row, always the one that is farthest from those chosen. No other choice of so many
//! rows has a covering radius of less than half (Gonzalez 1985, *Clustering to minimize the maximum intercluster
//! distance*); Sener and Savarese 2018, *Active Learning for Convolutional Neural Networks: A Core-Set Approach*,
//! arXiv:1708.00489, choose training data so. The cosine distance of two vectors is half the square of the straight
//! line between them when both have length 1, so that by either measure the same row is farthest.
//!
//! Of rows that are equally far the first comes first, so what is chosen first also is the answer for a smaller
//! `size`. Time grows with rows times `size`. A row costs 4 bytes of the sandbox's memory for each number of its
//! vector, and 8 more.

use crate::columns::at_least_one;
use crate::random::Random;
use crate::vectors::{Metric, Vectors};
use stillroom_sdk::*;

choices! {
    /// How vectors are compared.
    pub enum Measure {
        /// 1 minus the cosine.
        Cosine,
        /// The straight line.
        Euclidean,
    }
}

choices! {
    /// Where to begin.
    pub enum Start {
        /// With the first row that has a good vector.
        First,
        /// With a row that the seed chooses.
        Random,
    }
}

params! {
    /// Parameters of `diverse`.
    pub struct DiverseParams {
        /// How many rows to keep; all of them where there are fewer.
        pub size: u32,
        /// The column of vectors: lists of numbers, as many in each.
        pub embedding: String = "embedding".to_owned(),
        /// How vectors are compared.
        pub metric: Measure = Measure::Cosine,
        /// Where to begin.
        pub start: Start = Start::First,
        /// With `start: random`: another seed begins elsewhere.
        pub seed: u64 = 0,
        /// Rows come as they were chosen, not in input order.
        pub sort: bool = false,
        /// A column to make with each row's distance to the nearest of those chosen before it; null for the first.
        pub distance: Option<String>,
    }
}

/// The step.
pub struct Diverse {
    params: DiverseParams,
    embedding: In<Any>,
    vectors: Vectors,
    rejected: Vec<Rejection>,
    rows: u32,
    done: bool,
}

impl Step for Diverse {
    const NAME: &str = "diverse";
    const SUMMARY: &str = "Keep exactly so many rows whose embeddings are far from one another (greedy k-centre).";
    const KIND: Kind = Kind::Global;
    type Params = DiverseParams;

    fn open(params: DiverseParams, schema: &mut Schema) -> Result<Self> {
        at_least_one("size", params.size)?;
        let (embedding, vectors) = Vectors::open(schema, &params.embedding, params.metric == Measure::Cosine)?;
        if let Some(distance) = &params.distance {
            schema.output::<Float64>(distance);
        }
        schema.rows_any();
        Ok(Self { params, embedding, vectors, rejected: Vec::new(), rows: 0, done: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.rejected.extend(self.vectors.read(batch.column(self.embedding)?, self.rows)?);
        self.rows += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let mut chosen = self.choose();
        if !self.params.sort {
            chosen.sort_by_key(|(index, _)| *index);
        }
        let rows = chosen.iter().map(|(index, _)| self.vectors.rows()[*index]).collect();
        let output = Output::of_rows(rows).rejecting(std::mem::take(&mut self.rejected));
        let distances = chosen.into_iter().map(|(_, distance)| distance.map(f64::from));
        Ok(Some(match self.params.distance {
            Some(_) => output.with(distances.collect::<Float64Builder>()),
            None => output,
        }))
    }
}

impl Diverse {
    /// The vectors chosen, in that order, and how far each was from those before.
    fn choose(&self) -> Vec<(usize, Option<f32>)> {
        let rows = self.vectors.len();
        let mut far = vec![f32::INFINITY; rows];
        let mut chosen = Vec::new();
        let mut next = self.first();
        for _ in 0..rows.min(self.params.size as usize) {
            chosen.push((next, Some(far[next]).filter(|distance| distance.is_finite())));
            next = self.farthest(next, &mut far);
        }
        chosen
    }

    fn first(&self) -> usize {
        match (self.params.start, self.vectors.len()) {
            (Start::First, _) | (_, 0) => 0,
            (Start::Random, rows) => Random::new(self.params.seed, 0).below(rows as u64) as usize,
        }
    }

    /// Takes down how far each is from the chosen ones, now that this one is among them; the one that is farthest.
    fn farthest(&self, chosen: usize, far: &mut [f32]) -> usize {
        let metric = match self.params.metric {
            Measure::Cosine => Metric::Cosine,
            Measure::Euclidean => Metric::Euclidean,
        };
        far[chosen] = f32::NEG_INFINITY;
        let mut farthest = 0;
        for index in 0..far.len() {
            if far[index] > 0.0 {
                far[index] = far[index].min(self.vectors.distance(metric, index, chosen));
            }
            if far[index] > far[farthest] {
                farthest = index;
            }
        }
        farthest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{answer, cut};

    fn batch(points: &[[f32; 2]]) -> test::TestBatch {
        let items = Float32Builder::from_values(points.concat());
        test::batch().column("embedding", fixed_size_list(2, items, None).unwrap())
    }

    fn line() -> test::TestBatch {
        batch(&[0.0, 1.0, 2.0, 10.0, 2.0, 6.0].map(|x| [x, 0.0]))
    }

    #[test]
    fn the_farthest_is_next() {
        let rows: [(&str, &[u32]); 5] = [
            (r#"{"size": 1, "metric": "euclidean"}"#, &[0]),
            (r#"{"size": 3, "metric": "euclidean", "sort": true}"#, &[0, 3, 5]),
            (r#"{"size": 3, "metric": "euclidean"}"#, &[0, 3, 5]),
            (r#"{"size": 5, "metric": "euclidean", "sort": true}"#, &[0, 3, 5, 2, 1]),
            (r#"{"size": 9, "metric": "euclidean", "sort": true}"#, &[0, 3, 5, 2, 1, 4]),
        ];
        for (params, expected) in rows {
            assert_eq!(answer::<Diverse>(params, vec![line()]).rows(), Some(expected), "{params}");
            assert_eq!(answer::<Diverse>(params, cut(&line(), &[1, 4, 4])).rows(), Some(expected), "{params}");
        }
    }

    #[test]
    fn distances_are_told() {
        let params = r#"{"size": 9, "metric": "euclidean", "sort": true, "distance": "far"}"#;
        let output = answer::<Diverse>(params, vec![line()]);
        assert_eq!(output.values::<Float64>("far"), [None, Some(10.0), Some(4.0), Some(2.0), Some(1.0), Some(0.0)]);
        let output = answer::<Diverse>(params.replace("true", "false"), vec![line()]);
        assert_eq!(output.values::<Float64>("far"), [None, Some(1.0), Some(2.0), Some(10.0), Some(0.0), Some(4.0)]);
    }

    #[test]
    fn cosine_looks_at_directions_alone() {
        let output = answer::<Diverse>(
            r#"{"size": 3, "sort": true}"#,
            vec![batch(&[[1.0, 0.0], [100.0, 0.0], [0.0, 3.0], [-0.5, 0.0], [2.0, 2.0]])],
        );
        assert_eq!(output.rows(), Some(&[0, 3, 2][..]));
    }

    #[test]
    fn a_seed_may_choose_the_start() {
        let start = |seed| {
            let params = format!(r#"{{"size": 1, "start": "random", "seed": {seed}, "metric": "euclidean"}}"#);
            answer::<Diverse>(params, vec![line()]).rows().unwrap()[0]
        };
        let starts: std::collections::BTreeSet<u32> = (0..100).map(start).collect();
        assert_eq!(starts.len(), 6);
        assert_eq!(start(7), start(7));
    }

    #[test]
    fn rows_without_a_good_vector_are_rejected() {
        let output = answer::<Diverse>(r#"{"size": 5}"#, vec![batch(&[[0.0, 0.0], [1.0, 1.0], [f32::NAN, 0.0]])]);
        assert_eq!(output.rows(), Some(&[1][..]));
        assert_eq!(output.rejected().iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [0, 2]);
        let output = answer::<Diverse>(r#"{"size": 5}"#, vec![batch(&[[0.0, 0.0]])]);
        assert!(output.is_empty() && output.rejected().len() == 1);
        assert!(answer::<Diverse>(r#"{"size": 5, "start": "random", "distance": "d"}"#, vec![batch(&[])]).is_empty());
    }

    #[test]
    fn a_column_of_other_things_is_refused() {
        let fault = test::run::<Diverse>(r#"{"size": 1}"#, test::batch().int64("embedding", [None])).unwrap_err();
        assert_eq!(fault.message(), "column `embedding` is int64; it must be a list of numbers");
        assert!(matches!(test::run::<Diverse>(r#"{"size": 0}"#, line()), Err(Fault::Params(_))));
    }
}
