//! `select/top-k`: the rows with the largest or smallest values of a column, overall or in each group.
//!
//! Of equal values the first row's comes first; nulls and NaN come last. Whole numbers are compared as such, not as
//! floats. A kept row costs 16 bytes of the sandbox's memory, a group its values and about a hundred more.

use crate::columns::{at_least_one, input, is_ordered, ranks};
use crate::groups::Groups;
use std::collections::BinaryHeap;
use stillroom_sdk::*;

choices! {
    /// Which rows come first.
    pub enum Direction {
        /// Those with the largest values.
        Descending,
        /// Those with the smallest values.
        Ascending,
    }
}

params! {
    /// Parameters of `top-k`.
    pub struct TopKParams {
        /// How many rows to keep, of each group where there are groups; all where there are fewer.
        pub k: u32,
        /// The column of numbers, dates or times that decides.
        pub score: String = "score".to_owned(),
        /// Which values come first.
        pub order: Direction = Direction::Descending,
        /// The columns whose values, nulls included, make a group. Without any all rows are one.
        pub by: Vec<String> = Vec::new(),
        /// Rows come by rank, not in input order. Not with `by`.
        pub sort: bool = false,
        /// A column to make with each row's rank (in its group), from 1.
        pub rank: Option<String>,
    }
}

/// Sorts before another that comes later: without a value last, then by value, then by row.
type Entry = (bool, u64, u32);

/// The step.
pub struct TopK {
    params: TopKParams,
    score: In<Any>,
    groups: Groups,
    /// Of each group the first entries, the last of them on top.
    kept: Vec<BinaryHeap<Entry>>,
    rows: u32,
    done: bool,
}

impl Step for TopK {
    const NAME: &str = "top-k";
    const SUMMARY: &str = "Keep the rows with the largest or smallest values of a column, overall or in each group.";
    const KIND: Kind = Kind::Global;
    type Params = TopKParams;

    fn open(params: TopKParams, schema: &mut Schema) -> Result<Self> {
        at_least_one("k", params.k)?;
        if params.sort && !params.by.is_empty() {
            return Err(Fault::params(
                "parameter `sort` goes without `by`; `rank` says the place of a row in its group",
            ));
        }
        let score = input(schema, &params.score, "numbers, dates or times", is_ordered)?;
        let groups = Groups::open(schema, &params.by)?;
        if let Some(rank) = &params.rank {
            schema.output::<Int32>(rank);
        }
        schema.rows_any();
        Ok(Self { params, score, groups, kept: Vec::new(), rows: 0, done: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let kept = &mut self.kept;
        let groups = self.groups.of(batch, 0, |_| kept.push(BinaryHeap::new()))?;
        for (rank, group) in ranks(batch.column(self.score)?)?.into_iter().zip(groups) {
            let flip = if self.params.order == Direction::Descending { u64::MAX } else { 0 };
            let entry = (rank.is_none(), rank.map_or(0, |rank| rank ^ flip), self.rows);
            offer(&mut self.kept[group], entry, self.params.k as usize);
            self.rows += 1;
        }
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let mut rows: Vec<(u32, i32)> = Vec::new();
        for group in self.kept.drain(..) {
            rows.extend(group.into_sorted_vec().into_iter().zip(1..).map(|(entry, rank)| (entry.2, rank)));
        }
        if !self.params.sort {
            rows.sort_unstable();
        }
        let output = Output::of_rows(rows.iter().map(|row| row.0).collect());
        Ok(Some(match self.params.rank {
            Some(_) => output.with(rows.into_iter().map(|row| row.1).collect::<Int32Builder>()),
            None => output,
        }))
    }
}

fn offer(kept: &mut BinaryHeap<Entry>, entry: Entry, most: usize) {
    if kept.len() < most {
        kept.push(entry);
    } else if let Some(mut last) = kept.peek_mut()
        && entry < *last
    {
        *last = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{answer, cut};

    fn batch() -> test::TestBatch {
        let scores = [Some(2.0), None, Some(5.0), Some(f64::NAN), Some(2.0), Some(-1.0), Some(5.0), Some(0.0)];
        let groups = [Some("a"), Some("b"), Some("a"), Some("b"), None, Some("a"), Some("b"), None];
        test::batch().float64("score", scores).utf8("g", groups)
    }

    #[test]
    fn the_first_by_value_stay() {
        let rows: [(&str, &[u32]); 9] = [
            (r#""k": 1"#, &[2]),
            (r#""k": 3"#, &[0, 2, 6]),
            (r#""k": 3, "sort": true"#, &[2, 6, 0]),
            (r#""k": 7, "sort": true"#, &[2, 6, 0, 4, 7, 5, 1]),
            (r#""k": 100, "sort": true"#, &[2, 6, 0, 4, 7, 5, 1, 3]),
            (r#""k": 3, "order": "ascending", "sort": true"#, &[5, 7, 0]),
            (r#""k": 8, "order": "ascending", "sort": true"#, &[5, 7, 0, 4, 2, 6, 1, 3]),
            (r#""k": 1, "by": ["g"]"#, &[2, 4, 6]),
            (r#""k": 2, "by": ["g"], "order": "ascending""#, &[0, 1, 4, 5, 6, 7]),
        ];
        for (params, expected) in rows {
            let params = format!("{{{params}}}");
            assert_eq!(answer::<TopK>(&params, vec![batch()]).rows(), Some(expected), "{params}");
            assert_eq!(answer::<TopK>(&params, cut(&batch(), &[1, 4, 4, 6])).rows(), Some(expected), "{params}");
        }
    }

    #[test]
    fn ranks_are_told() {
        let ranks = |params: &str| {
            let output = answer::<TopK>(params, vec![batch()]);
            output.values::<Int32>("place").into_iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(ranks(r#"{"k": 4, "rank": "place"}"#), [3, 1, 4, 2]);
        assert_eq!(ranks(r#"{"k": 4, "rank": "place", "sort": true}"#), [1, 2, 3, 4]);
        assert_eq!(ranks(r#"{"k": 2, "rank": "place", "by": ["g"]}"#), [2, 2, 1, 1, 1, 2]);
    }

    #[test]
    fn whole_numbers_are_not_rounded() {
        let big = 1 << 53;
        let batch = test::batch().int64("score", [Some(big), Some(big + 1), Some(-big), Some(-big - 1)]);
        assert_eq!(answer::<TopK>(r#"{"k": 1}"#, vec![batch.clone()]).rows(), Some(&[1][..]));
        assert_eq!(answer::<TopK>(r#"{"k": 1, "order": "ascending"}"#, vec![batch]).rows(), Some(&[3][..]));
    }

    #[test]
    fn no_rows_have_no_ranks() {
        let empty = test::batch().float64("score", []);
        let output = answer::<TopK>(r#"{"k": 3, "rank": "rank"}"#, vec![empty]);
        assert!(output.is_empty() && output.values::<Int32>("rank").is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for params in [
            r#"{}"#,
            r#"{"k": 0}"#,
            r#"{"k": 1, "score": "g"}"#,
            r#"{"k": 1, "score": "zzz"}"#,
            r#"{"k": 1, "by": ["g"], "sort": true}"#,
            r#"{"k": 1, "by": ["g", "g"]}"#,
        ] {
            assert!(matches!(test::run::<TopK>(params, batch()), Err(Fault::Params(_))), "{params}");
        }
    }
}
