//! `table/distinct`: the first row of each key.
//!
//! What is remembered of a key is its digest, XXH3 of 128 bits: of a billion different keys two have the same one with a
//! probability of 1.5 · 10⁻²¹ (n² / 2¹²⁹). XXH3 withstands chance, not an adversary who makes collisions on purpose; to
//! find duplicates among what such a one wrote, give the step a column of `text/hash` as its key.
//!
//! A distinct row costs 19 to 39 bytes of the sandbox's memory (16 and one of bookkeeping, in a table that is between
//! 44 % and 88 % full), and half as much more while the table doubles: a memory of 4 GiB holds a hundred million.

use crate::key::Keys;
use crate::sample::keys;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use stillroom_sdk::*;

params! {
    /// Parameters of `distinct`.
    pub struct DistinctParams {
        /// The columns whose values, nulls included, make rows the same. Floats that are not numbers are equal here.
        pub key: Vec<String> = vec!["text".to_owned()],
    }
}

/// The step.
pub struct Distinct {
    key: Vec<In<Any>>,
    seen: HashSet<u128, BuildHasherDefault<Digest>>,
}

impl Step for Distinct {
    const NAME: &str = "distinct";
    const SUMMARY: &str = "Drop rows whose key columns have the same values as those of a row before.";
    const KIND: Kind = Kind::Ordered;
    type Params = DistinctParams;

    fn open(params: DistinctParams, schema: &mut Schema) -> Result<Self> {
        let key = keys(schema, &params.key)?;
        schema.key(&key);
        schema.rows_any();
        Ok(Self { key, seen: HashSet::default() })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let mut keys = Keys::of(batch, &self.key)?;
        let mut rows = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            if self.seen.insert(keys.digest(row)?) {
                rows.push(row as u32);
            }
        }
        Ok(Output::of_rows(rows))
    }
}

/// A digest is its own hash.
#[derive(Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0 << 8 | u64::from(byte));
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_key_stays() {
        let rows = [
            (r#"{}"#, &[0, 1, 3, 5][..]),
            (r#"{"key": ["n"]}"#, &[0, 2, 4]),
            (r#"{"key": ["text", "n"]}"#, &[0, 1, 2, 3, 4, 5]),
        ];
        for (params, expected) in rows {
            let batch = test::batch().utf8("text", [Some("a"), Some("b"), Some("a"), None, None, Some("")]);
            let batch = batch.int64("n", [Some(1), Some(1), None, Some(1), Some(2), Some(1)]);
            assert_eq!(test::run::<Distinct>(params, batch).unwrap().rows(), Some(expected), "{params}");
        }
    }

    #[test]
    fn batches_remember_one_another() {
        let batch = |texts: [&str; 2]| test::batch().utf8("text", texts.map(Some));
        let mut step = test::Runner::open::<Distinct>("{}", &batch(["", ""]).fields()).unwrap();
        let rows = [(["a", "b"], &[0, 1][..]), (["b", "c"], &[1]), (["c", "a"], &[]), (["d", "d"], &[0])];
        for (texts, expected) in rows {
            assert_eq!(step.run(batch(texts)).unwrap().rows(), Some(expected), "{texts:?}");
        }
    }

    #[test]
    fn a_key_of_nothing_is_refused() {
        let batch = test::batch().utf8("text", [Some("")]);
        assert!(matches!(test::run::<Distinct>(r#"{"key": []}"#, batch), Err(Fault::Params(_))));
    }
}
