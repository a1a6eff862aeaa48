//! `select/deita`: the filter of DEITA, which keeps rows that are complex, good and unlike others.
//!
//! Liu et al. 2023, *What Makes Good Data for Alignment? A Comprehensive Study of Automatic Data Selection in
//! Instruction Tuning*, arXiv:2312.15685. A row's score is its instruction's complexity times its response's quality.
//! Rows are gone through by falling score, and one is kept whose distance to its nearest neighbour is at least a
//! threshold, until the budget is used up.
//!
//! Which neighbours count is told by `neighbours`. The paper's are the rows kept so far (`kept`), so that of many like
//! rows the best one stays; its authors' code drops a row whose cosine *similarity* to one of these is above 0.9,
//! which is a `diversity-threshold` of 0.1 here. Distilabel's are all rows of the data (`all`, the default here), so
//! that of two like rows both go.
//!
//! Distilabel 1.5.3 is followed in this: the distance without `normalize-embeddings` is 1 minus the dot product; a row
//! one score of which is missing has the other; one without either has 0. This differs:
//!
//! - A score of 0 is a score, and makes the product 0; in Distilabel it counts as missing.
//! - Without a `data-budget` there is no limit; there it is an error.
//! - A row without any neighbour has no distance (null), and passes; there the distance is infinite.
//! - Rows of one score are gone through in input order, there too; NaN counts as missing here.
//! - Vectors are `float32`: distances agree to six digits or so.
//!
//! All distances take time that grows with the square of the rows, those to the kept with rows times kept rows. A row
//! costs 4 bytes of the sandbox's memory for each number of its vector, and about thirty more.

use crate::columns::{floats, input, is_number};
use crate::vectors::{Metric, Vectors};
use stillroom_sdk::*;

choices! {
    /// How vectors are compared.
    pub enum DistanceMetric {
        /// 1 minus the cosine; without `normalize-embeddings` 1 minus the dot product.
        Cosine,
        /// The sum of the differences.
        Manhattan,
    }
}

choices! {
    /// Whom a row is compared with.
    pub enum Neighbours {
        /// All other rows.
        All,
        /// The rows that were kept before it.
        Kept,
    }
}

params! {
    /// Parameters of `deita`.
    pub struct DeitaParams {
        /// The most rows to keep; without it there is no limit.
        pub data_budget: Option<u32>,
        /// A row is kept whose nearest neighbour is at least so far.
        pub diversity_threshold: f64 = 0.9,
        /// Whether vectors are made to have a length of 1 before they are compared.
        pub normalize_embeddings: bool = true,
        /// How vectors are compared.
        pub distance_metric: DistanceMetric = DistanceMetric::Cosine,
        /// Whom a row is compared with.
        pub neighbours: Neighbours = Neighbours::All,
        /// The column of the instruction's complexity.
        pub instruction_score: String = "evol_instruction_score".to_owned(),
        /// The column of the response's quality.
        pub response_score: String = "evol_response_score".to_owned(),
        /// The column of vectors: lists of numbers, as many in each.
        pub embedding: String = "embedding".to_owned(),
    }
}

/// The step.
pub struct Deita {
    params: DeitaParams,
    scores: [In<Any>; 2],
    embedding: In<Any>,
    vectors: Vectors,
    /// Of each vector's row.
    scored: Vec<Score>,
    rejected: Vec<Rejection>,
    rows: u32,
    done: bool,
}

/// A row's score, and which of the two columns it is of.
struct Score {
    value: f64,
    with: [bool; 2],
}

/// A row that stays: which vector it has, and how far the nearest one is.
type Kept = (usize, f32);

impl Step for Deita {
    const NAME: &str = "deita";
    const SUMMARY: &str = "Keep rows of high complexity and quality whose embeddings are far from others (DEITA).";
    const KIND: Kind = Kind::Global;
    type Params = DeitaParams;

    fn open(params: DeitaParams, schema: &mut Schema) -> Result<Self> {
        let mut score = |name: &str| input(schema, name, "numbers", is_number);
        let scores = [score(&params.instruction_score)?, score(&params.response_score)?];
        let (embedding, vectors) = Vectors::open(schema, &params.embedding, params.normalize_embeddings)?;
        schema.output::<Float64>("deita_score");
        schema.output::<Float64>("nearest_neighbor_distance");
        schema.output::<List<Utf8>>("deita_score_computed_with");
        schema.rows_any();
        let (scored, rejected) = (Vec::new(), Vec::new());
        Ok(Self { params, scores, embedding, vectors, scored, rejected, rows: 0, done: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let [instruction, response] = self.scores;
        let scores = [floats(batch.column(instruction)?)?, floats(batch.column(response)?)?];
        let before = self.vectors.len();
        self.rejected.extend(self.vectors.read(batch.column(self.embedding)?, self.rows)?);
        for row in &self.vectors.rows()[before..] {
            let row = (row - self.rows) as usize;
            self.scored.push(Score::of([scores[0][row], scores[1][row]]));
        }
        self.rows += batch.len() as u32;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let kept = match self.params.neighbours {
            Neighbours::All => self.among_all(),
            Neighbours::Kept => self.among_kept(),
        };
        let rows = kept.iter().map(|(index, _)| self.vectors.rows()[*index]).collect();
        let scores = kept.iter().map(|(index, _)| self.scored[*index].value).collect();
        let distances = kept.iter().map(|(_, nearest)| Some(f64::from(*nearest)).filter(|nearest| nearest.is_finite()));
        let output = Output::of(Float64Builder::from_values(scores)).with(distances.collect::<Float64Builder>());
        let rejected = std::mem::take(&mut self.rejected);
        Ok(Some(output.with(self.computed_with(&kept)).rows(rows).rejecting(rejected)))
    }
}

impl Score {
    fn of(scores: [Option<f64>; 2]) -> Self {
        let product = scores.iter().flatten().product();
        let with = scores.map(|score| score.is_some());
        Self { value: if with.contains(&true) { product } else { 0.0 }, with }
    }
}

impl Deita {
    /// The vectors by falling score.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.vectors.len()).collect();
        order.sort_by(|a, b| self.scored[*b].value.total_cmp(&self.scored[*a].value));
        order
    }

    fn budget(&self) -> usize {
        self.params.data_budget.map_or(usize::MAX, |budget| budget as usize)
    }

    fn is_far(&self, distance: f32) -> bool {
        f64::from(distance) >= self.params.diversity_threshold
    }

    fn metric(&self) -> Metric {
        match self.params.distance_metric {
            DistanceMetric::Cosine => Metric::Cosine,
            DistanceMetric::Manhattan => Metric::Manhattan,
        }
    }

    fn among_all(&self) -> Vec<Kept> {
        let nearest = self.vectors.nearest(self.metric());
        let kept = self.order().into_iter().map(|index| (index, nearest[index]));
        kept.filter(|(_, nearest)| self.is_far(*nearest)).take(self.budget()).collect()
    }

    fn among_kept(&self) -> Vec<Kept> {
        let mut kept: Vec<Kept> = Vec::new();
        for index in self.order() {
            if kept.len() >= self.budget() {
                break;
            }
            let distances = kept.iter().map(|(other, _)| self.vectors.distance(self.metric(), index, *other));
            let nearest = distances.fold(f32::INFINITY, f32::min);
            if self.is_far(nearest) {
                kept.push((index, nearest));
            }
        }
        kept
    }

    fn computed_with(&self, kept: &[Kept]) -> impl Build {
        let names = [&self.params.instruction_score, &self.params.response_score];
        let mut lists = ListBuilder::<_>::new(Utf8Builder::new());
        for (index, _) in kept {
            let names = names.iter().zip(self.scored[*index].with).filter(|(_, with)| *with);
            names.for_each(|(name, _)| lists.values().push_value(name));
            lists.finish_row();
        }
        lists
    }
}

#[cfg(test)]
mod tests;
