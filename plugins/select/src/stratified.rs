//! `select/stratified`: a uniform sample of each stratum, that is of the rows with the same values in some columns.
//!
//! Strata have no bearing on one another: what is kept of one follows from the seed, its values, and its rows' order.
//! A `size` keeps so many rows of each, or all where there are fewer. A `fraction` of n rows keeps `fraction · n`,
//! rounded to the nearest whole number (a half upwards), but at least `at-least`. As in `select/sample` the lowest
//! hashes are kept, so a smaller share is part of a greater one.
//!
//! With `size` a kept row costs 16 bytes of the sandbox's memory, with `fraction` every row 4.

use crate::columns::at_least_one;
use crate::groups::Groups;
use crate::random::{Lowest, hash};
use stillroom_sdk::*;

params! {
    /// Parameters of `stratified`.
    pub struct StratifiedParams {
        /// The columns whose values, nulls included, make a stratum.
        pub by: Vec<String>,
        /// How many rows to keep of each stratum; all where there are fewer. Either this or `fraction`.
        pub size: Option<u32>,
        /// The share of rows to keep of each stratum, 0 to 1, rounded to the nearest number of rows.
        pub fraction: Option<f64>,
        /// With `fraction`: the fewest rows to keep of a stratum that has so many.
        pub at_least: u32 = 1,
        /// Another seed keeps other rows.
        pub seed: u64 = 0,
    }
}

/// How much of a stratum is kept.
#[derive(Clone, Copy)]
enum Share {
    Size(usize),
    Fraction { fraction: f64, at_least: usize },
}

/// The step.
pub struct Stratified {
    groups: Groups,
    share: Share,
    seed: u64,
    strata: Vec<Stratum>,
    rows: u32,
    done: bool,
}

/// The rows of a stratum, as long as it must know them.
struct Stratum {
    seed: u64,
    seen: u64,
    kept: Kept,
}

enum Kept {
    Lowest(Lowest),
    /// All of them: how many are wanted shows at the end.
    All(Vec<u32>),
}

impl Step for Stratified {
    const NAME: &str = "stratified";
    const SUMMARY: &str = "Keep a number or a share of the rows of each stratum, chosen uniformly by a seed.";
    const KIND: Kind = Kind::Global;
    type Params = StratifiedParams;

    fn open(params: StratifiedParams, schema: &mut Schema) -> Result<Self> {
        if params.by.is_empty() {
            return Err(Fault::params("parameter `by` names no column"));
        }
        let groups = Groups::open(schema, &params.by)?;
        schema.rows_any();
        let share = share(&params)?;
        Ok(Self { groups, share, seed: params.seed, strata: Vec::new(), rows: 0, done: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let (share, strata) = (self.share, &mut self.strata);
        let groups = self.groups.of(batch, self.seed, |seed| strata.push(Stratum::new(seed, share)))?;
        for group in groups {
            self.strata[group].offer(self.rows);
            self.rows += 1;
        }
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for stratum in self.strata.drain(..) {
            rows.extend(stratum.choose(self.share).rows());
        }
        rows.sort_unstable();
        Ok(Some(Output::of_rows(rows)))
    }
}

fn share(params: &StratifiedParams) -> Result<Share> {
    match (params.size, params.fraction) {
        (Some(size), None) => at_least_one("size", size).map(Share::Size),
        (None, Some(fraction)) if (0.0..=1.0).contains(&fraction) => {
            Ok(Share::Fraction { fraction, at_least: params.at_least as usize })
        }
        (None, Some(_)) => Err(Fault::params("parameter `fraction` must be from 0 to 1")),
        _ => Err(Fault::params("either parameter `size` or `fraction` must be given")),
    }
}

impl Stratum {
    fn new(seed: u64, share: Share) -> Self {
        let kept = match share {
            Share::Size(size) => Kept::Lowest(Lowest::new(size)),
            Share::Fraction { .. } => Kept::All(Vec::new()),
        };
        Self { seed, seen: 0, kept }
    }

    fn offer(&mut self, row: u32) {
        match &mut self.kept {
            Kept::Lowest(lowest) => lowest.offer(hash(self.seed, self.seen), row),
            Kept::All(rows) => rows.push(row),
        }
        self.seen += 1;
    }

    fn choose(self, share: Share) -> Lowest {
        match self.kept {
            Kept::Lowest(lowest) => lowest,
            Kept::All(rows) => {
                let mut lowest = Lowest::new(share.of(rows.len()));
                rows.iter().zip(0..).for_each(|(&row, place)| lowest.offer(hash(self.seed, place), row));
                lowest
            }
        }
    }
}

impl Share {
    fn of(self, rows: usize) -> usize {
        match self {
            Self::Size(size) => size,
            Self::Fraction { fraction, at_least } => ((fraction * rows as f64).round() as usize).max(at_least),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{answer, cut};

    /// 60 rows `a`, 30 `b`, 9 null, 1 `c`, all mixed.
    fn batch() -> test::TestBatch {
        test::batch().utf8("lang", (0..100).map(name))
    }

    fn name(row: usize) -> Option<&'static str> {
        match row * 37 % 100 {
            0..60 => Some("a"),
            60..90 => Some("b"),
            90..99 => None,
            _ => Some("c"),
        }
    }

    /// The rows kept of `a`, `b`, null and `c`.
    fn counts(params: &str) -> [usize; 4] {
        let output = answer::<Stratified>(params, vec![batch()]);
        assert!(output.rows().unwrap().is_sorted_by(|a, b| a < b));
        let of = |wanted| output.rows().unwrap().iter().filter(|row| name(**row as usize) == wanted).count();
        [of(Some("a")), of(Some("b")), of(None), of(Some("c"))]
    }

    #[test]
    fn each_stratum_has_its_share() {
        for (params, expected) in [
            (r#"{"by": ["lang"], "size": 5}"#, [5, 5, 5, 1]),
            (r#"{"by": ["lang"], "size": 1000}"#, [60, 30, 9, 1]),
            (r#"{"by": ["lang"], "fraction": 0.1}"#, [6, 3, 1, 1]),
            (r#"{"by": ["lang"], "fraction": 0.5}"#, [30, 15, 5, 1]),
            (r#"{"by": ["lang"], "fraction": 0.1, "at-least": 0}"#, [6, 3, 1, 0]),
            (r#"{"by": ["lang"], "fraction": 0.1, "at-least": 4}"#, [6, 4, 4, 1]),
            (r#"{"by": ["lang"], "fraction": 0, "at-least": 0}"#, [0; 4]),
            (r#"{"by": ["lang"], "fraction": 1}"#, [60, 30, 9, 1]),
        ] {
            assert_eq!(counts(params), expected, "{params}");
        }
    }

    #[test]
    fn batches_do_not_matter_and_seeds_do() {
        for params in [r#"{"by": ["lang"], "size": 5}"#, r#"{"by": ["lang"], "fraction": 0.3}"#] {
            let whole = answer::<Stratified>(params, vec![batch()]);
            let parts = answer::<Stratified>(params, cut(&batch(), &[1, 17, 17, 64]));
            assert_eq!(parts.rows(), whole.rows(), "{params}");
            let seed = params.replace('}', r#", "seed": 1}"#);
            assert_ne!(answer::<Stratified>(seed, vec![batch()]).rows(), whole.rows(), "{params}");
        }
    }

    /// As an instance has it that is given some of the keys.
    #[test]
    fn strata_have_no_bearing_on_one_another() {
        let rows: Vec<usize> = (0..100).filter(|&row| name(row) == Some("b")).collect();
        for params in [r#"{"by": ["lang"], "size": 5}"#, r#"{"by": ["lang"], "fraction": 0.3}"#] {
            let whole = answer::<Stratified>(params, vec![batch()]);
            let whole = whole.rows().unwrap().iter().map(|&row| row as usize).filter(|&row| name(row) == Some("b"));
            let alone =
                answer::<Stratified>(params, vec![test::batch().utf8("lang", rows.iter().map(|&row| name(row)))]);
            let alone = alone.rows().unwrap().iter().map(|&row| rows[row as usize]);
            assert_eq!(alone.collect::<Vec<_>>(), whole.collect::<Vec<_>>(), "{params}");
        }
    }

    #[test]
    fn sizes_and_shares_nest() {
        let rows = |params: &str| answer::<Stratified>(params, vec![batch()]).rows().unwrap().to_vec();
        let more = rows(r#"{"by": ["lang"], "fraction": 0.5}"#);
        assert!(rows(r#"{"by": ["lang"], "fraction": 0.2}"#).iter().all(|row| more.contains(row)));
    }

    #[test]
    fn no_rows_are_no_rows() {
        let empty = test::batch().utf8("lang", std::iter::empty::<Option<&str>>());
        assert!(answer::<Stratified>(r#"{"by": ["lang"], "size": 5}"#, vec![empty]).is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for params in [
            r#"{"by": [], "size": 5}"#,
            r#"{"by": ["lang"]}"#,
            r#"{"by": ["lang"], "size": 5, "fraction": 0.5}"#,
            r#"{"by": ["lang"], "size": 0}"#,
            r#"{"by": ["lang"], "fraction": 1.1}"#,
            r#"{"by": ["zzz"], "size": 5}"#,
        ] {
            assert!(matches!(test::run::<Stratified>(params, batch()), Err(Fault::Params(_))), "{params}");
        }
    }
}
