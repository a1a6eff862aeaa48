//! `table/sample`, `table/sample-by-key`: a share of the rows, the same every time.
//!
//! Each row is kept or dropped by itself (Bernoulli sampling), by a hash of the seed and the row's number or key: what is
//! kept does not hang on threads or batches, and a greater fraction keeps all rows that a smaller one does.

use crate::columns::{inputs, type_of};
use crate::key::{Keys, is_key};
use stillroom_sdk::*;

params! {
    /// Parameters of `sample`.
    pub struct SampleParams {
        /// The share of rows to keep, 0 to 1.
        pub fraction: f64,
        /// Another seed keeps other rows.
        pub seed: u64 = 0,
    }
}

/// The step `sample`.
pub struct Sample {
    params: SampleParams,
    /// Rows before this batch.
    before: u64,
}

impl Step for Sample {
    const NAME: &str = "sample";
    const SUMMARY: &str = "Keep a random share of the rows, by a seed and the rows' numbers.";
    const KIND: Kind = Kind::Ordered;
    type Params = SampleParams;

    fn open(params: SampleParams, schema: &mut Schema) -> Result<Self> {
        check(params.fraction)?;
        schema.rows_any();
        Ok(Self { params, before: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let SampleParams { fraction, seed } = self.params;
        let number = |row: u32| mix(mix(seed).wrapping_add(self.before + u64::from(row)));
        let rows = (0..batch.len() as u32).filter(|&row| keeps(number(row), fraction)).collect();
        self.before += batch.len() as u64;
        Ok(Output::of_rows(rows))
    }
}

params! {
    /// Parameters of `sample-by-key`.
    pub struct SampleByKeyParams {
        /// The share of keys to keep, 0 to 1.
        pub fraction: f64,
        /// Another seed keeps other keys.
        pub seed: u64 = 0,
        /// The columns of the key. Rows of one key stay or go together.
        pub key: Vec<String>,
    }
}

/// The step `sample-by-key`.
pub struct SampleByKey {
    key: Vec<In<Any>>,
    params: SampleByKeyParams,
}

impl Step for SampleByKey {
    const NAME: &str = "sample-by-key";
    const SUMMARY: &str = "Keep a random share of the keys and all rows of these, by a seed and the keys' values.";
    type Params = SampleByKeyParams;

    fn open(params: SampleByKeyParams, schema: &mut Schema) -> Result<Self> {
        check(params.fraction)?;
        let key = keys(schema, &params.key)?;
        schema.rows_any();
        Ok(Self { key, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let mut keys = Keys::of(batch, &self.key)?;
        let mut rows = Vec::new();
        for row in 0..batch.len() {
            if keeps(keys.hash(row, self.params.seed)?, self.params.fraction) {
                rows.push(row as u32);
            }
        }
        Ok(Output::of_rows(rows))
    }
}

/// Takes the columns of a key.
pub(crate) fn keys(schema: &mut Schema, names: &[String]) -> Result<Vec<In<Any>>> {
    let key = inputs(schema, "key", names)?;
    for name in names {
        let data_type = type_of(schema, name)?;
        if !is_key(data_type) {
            return Err(Fault::params(format!("column `{name}` is {data_type}, which cannot be a key")));
        }
    }
    Ok(key)
}

fn check(fraction: f64) -> Result<()> {
    if (0.0..=1.0).contains(&fraction) {
        Ok(())
    } else {
        Err(Fault::params("parameter `fraction` must be from 0 to 1"))
    }
}

/// The upper 53 bits of a hash, as a number from 0 to less than 1, against the fraction.
fn keeps(hash: u64, fraction: f64) -> bool {
    ((hash >> 11) as f64) < fraction * (1u64 << 53) as f64
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of the number decides on every bit.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(from: i64, to: i64) -> test::TestBatch {
        test::batch().int64("n", (from..to).map(Some))
    }

    fn kept(params: &str, splits: &[i64]) -> Vec<u32> {
        let mut step = test::Runner::open::<Sample>(params, &numbers(0, 0).fields()).unwrap();
        let batches = splits.windows(2).map(|ends| {
            let output = step.run(numbers(ends[0], ends[1])).unwrap();
            output.rows().unwrap().iter().map(|row| row + ends[0] as u32).collect::<Vec<_>>()
        });
        batches.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_share_is_kept_whatever_the_batches() {
        for (params, least, most) in [
            (r#"{"fraction": 0}"#, 0, 0),
            (r#"{"fraction": 0.1}"#, 900, 1100),
            (r#"{"fraction": 0.5, "seed": 7}"#, 4850, 5150),
            (r#"{"fraction": 1}"#, 10_000, 10_000),
        ] {
            let whole = kept(params, &[0, 10_000]);
            assert!((least..=most).contains(&whole.len()), "{params}: {}", whole.len());
            assert_eq!(kept(params, &[0, 1, 17, 5000, 5000, 10_000]), whole);
        }
    }

    #[test]
    fn seeds_differ_and_fractions_nest() {
        let rows = kept(r#"{"fraction": 0.2}"#, &[0, 1000]);
        assert_ne!(kept(r#"{"fraction": 0.2, "seed": 1}"#, &[0, 1000]), rows);
        let more = kept(r#"{"fraction": 0.4}"#, &[0, 1000]);
        assert!(rows.iter().all(|row| more.contains(row)));
    }

    #[test]
    fn rows_of_one_key_go_together() {
        let batch = test::batch().int64("n", (0..1000).map(|n| Some(n % 100)));
        let output = test::run::<SampleByKey>(r#"{"fraction": 0.3, "key": ["n"]}"#, batch).unwrap();
        let keys: std::collections::BTreeSet<_> = output.rows().unwrap().iter().map(|row| row % 100).collect();
        assert_eq!(output.rows().unwrap().len(), keys.len() * 10);
        assert!((15..=45).contains(&keys.len()), "{}", keys.len());
    }

    #[test]
    fn a_fraction_beyond_one_is_refused() {
        assert!(matches!(test::run::<Sample>(r#"{"fraction": 1.5}"#, numbers(0, 1)), Err(Fault::Params(_))));
    }
}
