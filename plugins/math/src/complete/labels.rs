//! What completions say of steps.

use stillroom_sdk::task::Cell;

use super::{CompleteParams, Estimation};
use crate::answer::{is_same, last_answer};

/// A row: a problem, its answer, and the solutions that are to be tagged.
pub(super) struct Tree<'a> {
    pub(super) instruction: &'a str,
    pub(super) golden: String,
    pub(super) solutions: Vec<Vec<&'a str>>,
}

impl<'a> Tree<'a> {
    /// Where completions go on from: each solution up to each of its steps but the last.
    pub(super) fn begun(&self) -> impl Iterator<Item = &[&'a str]> {
        self.solutions.iter().flat_map(|steps| (1..steps.len()).map(|end| &steps[..end]))
    }
}

/// How a row's steps are judged.
pub(super) struct Labels<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) params: &'a CompleteParams,
}

impl Labels<'_> {
    /// The score of each step of each solution, from whether the completions arrived: those of one place after the other.
    pub(super) fn scores(&self, arrived: Vec<Result<bool, String>>) -> Result<Vec<Vec<f64>>, String> {
        let completions = self.params.completions as usize;
        let mut arrived = arrived.into_iter();
        let mut all = Vec::new();
        for (place, steps) in self.tree.solutions.iter().enumerate() {
            let mut scores = Vec::new();
            for step in 1..steps.len() {
                let of_step: Result<Vec<bool>, String> = arrived.by_ref().take(completions).collect();
                let of_step = of_step
                    .map_err(|why| format!("a completion from step {step} of solution {} failed: {why}", place + 1))?;
                let right = of_step.iter().filter(|arrived| **arrived).count();
                scores.push(right as f64 / completions as f64);
            }
            let own = steps.last().and_then(|step| last_answer(step));
            scores.push(if own.is_some_and(|own| is_same(own, &self.tree.golden)) { 1.0 } else { 0.0 });
            all.push(scores);
        }
        Ok(all)
    }

    /// The steps of a solution, each with its tag behind it.
    pub(super) fn tagged(&self, steps: &[&str], scores: &[f64]) -> Cell {
        let least = match self.params.estimation {
            Estimation::Hard => 0.0,
            Estimation::Soft => self.params.threshold,
        };
        let tag = |score: f64| &self.params.tags[usize::from(score <= least)];
        let tagged = steps.iter().zip(scores).map(|(step, score)| format!("{} {}", step.trim_end(), tag(*score)));
        tagged.collect::<Vec<_>>().into()
    }
}
