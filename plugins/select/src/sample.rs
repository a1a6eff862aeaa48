//! `select/sample`: exactly so many rows, each as likely as any other.
//!
//! The rows with the lowest hashes of seed and row number are kept (bottom-k sampling): a uniform sample without
//! replacement, and a smaller size keeps some of the rows that a greater one does. A kept row costs 16 bytes of the
//! sandbox's memory, however many rows there are.

use crate::columns::at_least_one;
use crate::random::{Lowest, hash};
use stillroom_sdk::*;

params! {
    /// Parameters of `sample`.
    pub struct SampleParams {
        /// How many rows to keep; all of them where there are fewer.
        pub size: u32,
        /// Another seed keeps other rows.
        pub seed: u64 = 0,
    }
}

/// The step.
pub struct Sample {
    seed: u64,
    /// None after the answer.
    kept: Option<Lowest>,
    /// Rows so far.
    rows: u32,
}

impl Step for Sample {
    const NAME: &str = "sample";
    const SUMMARY: &str = "Keep exactly so many rows, chosen uniformly by a seed, in their order.";
    const KIND: Kind = Kind::Global;
    type Params = SampleParams;

    fn open(params: SampleParams, schema: &mut Schema) -> Result<Self> {
        let size = at_least_one("size", params.size)?;
        schema.rows_any();
        Ok(Self { seed: params.seed, kept: Some(Lowest::new(size)), rows: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let end = self.rows + batch.len() as u32;
        if let Some(kept) = &mut self.kept {
            (self.rows..end).for_each(|row| kept.offer(hash(self.seed, u64::from(row)), row));
        }
        self.rows = end;
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        let Some(kept) = self.kept.take() else { return Ok(None) };
        let mut rows: Vec<u32> = kept.rows().collect();
        rows.sort_unstable();
        Ok(Some(Output::of_rows(rows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{answer, cut};

    fn kept(size: u32, seed: u64, rows: usize) -> Vec<u32> {
        let output = answer::<Sample>(format!(r#"{{"size": {size}, "seed": {seed}}}"#), vec![test::rows(rows)]);
        output.rows().unwrap().to_vec()
    }

    #[test]
    fn exactly_so_many_rows_are_kept_in_order() {
        let rows = kept(100, 0, 1000);
        assert_eq!(rows.len(), 100);
        assert!(rows.is_sorted_by(|a, b| a < b));
        assert_eq!(kept(5, 0, 3), [0, 1, 2]);
        assert_eq!(kept(1, 0, 1), [0]);
        assert_eq!(kept(1, 0, 0), []);
    }

    #[test]
    fn batches_do_not_matter() {
        let batch = || test::batch().int64("n", (0..100).map(Some));
        let whole = answer::<Sample>(r#"{"size": 7, "seed": 3}"#, vec![batch()]);
        for ends in [&[1, 2, 99][..], &[50, 50], &[33, 66]] {
            let output = answer::<Sample>(r#"{"size": 7, "seed": 3}"#, cut(&batch(), ends));
            assert_eq!(output.rows(), whole.rows());
        }
    }

    #[test]
    fn seeds_differ_and_sizes_nest() {
        assert_ne!(kept(20, 0, 1000), kept(20, 1, 1000));
        let more = kept(40, 0, 1000);
        assert!(kept(20, 0, 1000).iter().all(|row| more.contains(row)));
    }

    /// Rows and pairs of neighbours over many seeds: within five standard deviations.
    #[test]
    fn every_row_and_every_pair_is_as_likely() {
        let (rows, size, seeds) = (20, 5, 8000);
        let (mut singles, mut pairs) = (vec![0; rows], vec![0; rows]);
        for seed in 0..seeds {
            let kept = kept(size, seed, rows);
            for &row in &kept {
                singles[row as usize] += 1;
                pairs[row as usize] += i32::from(kept.contains(&((row + 1) % rows as u32)));
            }
        }
        for (counts, p) in [(singles, 0.25), (pairs, 0.25 * 4.0 / 19.0)] {
            let (mean, deviation) = (seeds as f64 * p, (seeds as f64 * p * (1.0 - p)).sqrt());
            assert!(counts.iter().all(|&count| (f64::from(count) - mean).abs() < 5.0 * deviation), "{counts:?}");
        }
    }

    #[test]
    fn no_size_is_refused() {
        let fault = test::run::<Sample>(r#"{"size": 0}"#, test::rows(1)).unwrap_err();
        assert_eq!(fault.message(), "parameter `size` must be at least 1");
    }
}
