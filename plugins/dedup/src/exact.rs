//! `dedup/exact`: rows whose key is that of a row before.
//!
//! What is remembered of a key is its digest, XXH3 of 128 bits, as in `table/distinct`: of n different keys two have the
//! same one with a probability of n² / 2¹²⁹, which is 1.5 · 10⁻²¹ for a billion. That holds for chance, not for somebody who
//! makes collisions on purpose; against such a one let `text/hash` make a column of SHA-256, and take that for the key.
//!
//! A distinct key costs 19 to 39 bytes of the sandbox's memory, and half as much more while the table doubles. The key is
//! declared to the host, which may give several instances the rows of some keys each.

use crate::key::{Keys, is_key};
use crate::verdict::Mode;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use stillroom_sdk::*;

params! {
    /// Parameters of `exact`.
    pub struct ExactParams {
        /// The columns whose values, nulls included, make rows the same. Floats that are not numbers are equal here.
        pub key: Vec<String> = vec!["text".to_owned()],
        /// What becomes of a duplicate: `mark` makes the column `keep`.
        pub mode: Mode = Mode::Drop,
    }
}

/// The step.
pub struct Exact {
    key: Vec<In<Any>>,
    mode: Mode,
    seen: HashSet<u128, BuildHasherDefault<OwnHash>>,
}

impl Step for Exact {
    const NAME: &str = "exact";
    const SUMMARY: &str = "Drop or mark rows whose key columns have the same values as those of a row before.";
    const KIND: Kind = Kind::Ordered;
    type Params = ExactParams;

    fn open(params: ExactParams, schema: &mut Schema) -> Result<Self> {
        let key = crate::columns::inputs(schema, "key", &params.key)?;
        for name in &params.key {
            let data_type = crate::columns::type_of(schema, name)?;
            if !is_key(data_type) {
                return Err(Fault::params(format!("column `{name}` is {data_type}, which cannot be a key")));
            }
        }
        schema.key(&key);
        match params.mode {
            Mode::Drop => schema.rows_any(),
            Mode::Mark => schema.output::<Bool>("keep"),
        }
        Ok(Self { key, mode: params.mode, seen: HashSet::default() })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let mut keys = Keys::of(batch, &self.key)?;
        let keep = (0..batch.len()).map(|row| Ok(self.seen.insert(keys.digest(row)?)));
        let keep: Vec<bool> = keep.collect::<Result<_>>()?;
        Ok(match self.mode {
            Mode::Mark => Output::of(keep.into_iter().collect::<BoolBuilder>()),
            Mode::Drop => Output::of_rows((0..batch.len() as u32).filter(|&row| keep[row as usize]).collect()),
        })
    }
}

/// A digest hashes to half of itself.
#[derive(Default)]
pub(crate) struct OwnHash(u64);

impl Hasher for OwnHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> test::TestBatch {
        let batch = test::batch().utf8("text", [Some("a"), Some("b"), Some("a"), None, None, Some("")]);
        batch.int64("n", [Some(1), Some(1), None, Some(1), Some(2), Some(1)])
    }

    #[test]
    fn the_first_of_each_key_stays() {
        let rows = [
            (r#"{}"#, &[0, 1, 3, 5][..]),
            (r#"{"key": ["n"]}"#, &[0, 2, 4]),
            (r#"{"key": ["text", "n"]}"#, &[0, 1, 2, 3, 4, 5]),
        ];
        for (params, expected) in rows {
            assert_eq!(test::run::<Exact>(params, batch()).unwrap().rows(), Some(expected), "{params}");
        }
    }

    #[test]
    fn marking_keeps_every_row() {
        let output = test::run::<Exact>(r#"{"mode": "mark"}"#, batch()).unwrap();
        assert_eq!(output.rows(), None);
        assert_eq!(output.values::<Bool>("keep"), [true, true, false, true, false, true].map(Some));
    }

    #[test]
    fn batches_remember_one_another() {
        let batch = |texts: [&str; 2]| test::batch().utf8("text", texts.map(Some));
        let mut step = test::Runner::open::<Exact>("{}", &batch(["", ""]).fields()).unwrap();
        for (texts, expected) in [(["a", "b"], &[0, 1][..]), (["b", "c"], &[1]), (["c", "a"], &[]), (["d", "d"], &[0])]
        {
            assert_eq!(step.run(batch(texts)).unwrap().rows(), Some(expected), "{texts:?}");
        }
        let none = test::batch().utf8("text", [None::<&str>; 0]);
        assert_eq!(step.run(none).unwrap().rows(), Some(&[][..]));
    }

    #[test]
    fn a_key_of_nothing_is_refused() {
        for key in [r#"[]"#, r#"["text", "text"]"#, r#"["none"]"#] {
            let fault = test::run::<Exact>(format!(r#"{{"key": {key}}}"#), batch()).unwrap_err();
            assert!(matches!(fault, Fault::Params(_)), "{fault}");
        }
    }
}
