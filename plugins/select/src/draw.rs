//! `select/draw`: rows that are each put together of several drawn at random, say examples to show in a prompt.
//!
//! Each output row draws by itself, so a row of the data may be in many of them. Within one no row comes twice, unless
//! `replacement` says so. What a row draws follows from the seed, its number and the number of the data's rows.
//!
//! The named columns of all rows stay in the sandbox's memory until the end, as large as they are.

use crate::columns::{at_least_one, inputs};
use crate::random::Random;
use std::collections::HashMap;
use stillroom_sdk::*;

params! {
    /// Parameters of `draw`.
    pub struct DrawParams {
        /// The columns that become lists of the drawn rows' values, under their own names.
        pub columns: Vec<String>,
        /// How many rows to draw for each output row; without `replacement` all where there are fewer.
        pub size: u32 = 2,
        /// How many output rows to make.
        pub samples: u32 = 100,
        /// Whether a row may be drawn more than once for an output row.
        pub replacement: bool = false,
        /// Another seed draws other rows.
        pub seed: u64 = 0,
    }
}

/// Drawn rows of one piece of the answer, unless a single output row has more.
const PIECE: usize = 4096;

/// The step.
pub struct Draw {
    params: DrawParams,
    columns: Vec<In<Any>>,
    batches: Vec<Batch>,
    /// Of each batch, the number of its first row; and behind them, the number of rows.
    starts: Vec<usize>,
    /// Output rows so far.
    made: u32,
}

impl Step for Draw {
    const NAME: &str = "draw";
    const SUMMARY: &str = "Make rows of lists, each of the values of several rows drawn at random.";
    const KIND: Kind = Kind::Global;
    type Params = DrawParams;

    fn open(params: DrawParams, schema: &mut Schema) -> Result<Self> {
        at_least_one("size", params.size)?;
        let columns = inputs(schema, "columns", &params.columns)?;
        for name in &params.columns {
            let item = schema.field(name).map(|field| field.data_type.clone()).unwrap_or(DataType::Null);
            schema.output_field(name, DataType::List(Box::new(item)));
        }
        schema.rows_any();
        Ok(Self { params, columns, batches: Vec::new(), starts: vec![0], made: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        if !batch.is_empty() {
            self.starts.push(self.rows() + batch.len());
            self.batches.push(batch.clone());
        }
        Ok(Output::empty())
    }

    fn finish(&mut self) -> Result<Option<Output>> {
        let end = self.params.samples.min(self.made + self.piece());
        if self.rows() == 0 || self.made == end {
            return Ok(None);
        }
        let (mut drawn, mut origins) = (Vec::new(), Vec::new());
        for sample in self.made..end {
            origins.push(drawn.len());
            self.draw(sample, &mut drawn);
        }
        self.made = end;
        let size = drawn.len() / origins.len();
        let mut output = Output::of_rows(origins.iter().map(|&first| drawn[first]).collect());
        for &column in &self.columns {
            let lengths = origins.iter().map(|_| Some(size));
            output = output.with(ListBuilder::<_>::from_lengths(self.gather(column, &drawn)?, lengths)?);
        }
        Ok(Some(output))
    }
}

impl Draw {
    fn rows(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Output rows of a piece of the answer.
    fn piece(&self) -> u32 {
        (PIECE / self.params.size as usize).max(1) as u32
    }

    /// Puts the rows of one output row behind those drawn before.
    fn draw(&self, sample: u32, drawn: &mut Vec<u32>) {
        let mut random = Random::new(self.params.seed, u64::from(sample));
        let (rows, size) = (self.rows() as u64, self.params.size);
        if self.params.replacement {
            drawn.extend((0..size).map(|_| random.below(rows) as u32));
            return;
        }
        // Fisher and Yates's shuffle as far as it is needed, of which only the places that changed are noted.
        let mut moved: HashMap<u64, u64> = HashMap::new();
        for place in 0..rows.min(u64::from(size)) {
            let other = place + random.below(rows - place);
            let at = |place: u64| moved.get(&place).copied().unwrap_or(place);
            let (row, displaced) = (at(other), at(place));
            drawn.push(row as u32);
            moved.insert(other, displaced);
        }
    }

    /// The values of a column at rows of all batches, in their order.
    fn gather(&self, column: In<Any>, rows: &[u32]) -> Result<AnyArray> {
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by_key(|&place| rows[place as usize]);
        let (mut parts, mut rest) = (Vec::new(), order.as_slice());
        for (batch, ends) in self.batches.iter().zip(self.starts.windows(2)) {
            let count = rest.partition_point(|&place| (rows[place as usize] as usize) < ends[1]);
            let (own, others) = rest.split_at(count);
            let own: Vec<u32> = own.iter().map(|&place| rows[place as usize] - ends[0] as u32).collect();
            if !own.is_empty() {
                parts.push(take(batch.column(column)?, &own));
            }
            rest = others;
        }
        let sorted = concat(&parts.iter().map(Any::view).collect::<Vec<_>>())?;
        let mut places = vec![0; rows.len()];
        order.iter().zip(0..).for_each(|(&place, at)| places[place as usize] = at);
        Ok(take(Any::view(&sorted), &places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{cut, pieces};

    fn batch(rows: i64) -> test::TestBatch {
        let text = |n: i64| (n % 5 != 4).then(|| format!("ä{n}"));
        test::batch().int64("n", (0..rows).map(Some)).utf8("t", (0..rows).map(text))
    }

    /// The drawn numbers of each output row; what else the output says is checked.
    fn drawn(params: &str, batches: Vec<test::TestBatch>) -> Vec<Vec<i64>> {
        let mut all = Vec::new();
        for piece in pieces::<Draw>(format!(r#"{{"columns": ["n", "t"]{params}}}"#), batches) {
            let (numbers, texts) = (piece.column::<List<Int64>>("n"), piece.column::<List<Utf8>>("t"));
            for (row, origin) in piece.rows().unwrap().iter().enumerate() {
                let row = numbers.value(row).zip(texts.value(row));
                let row = row.map(|(n, t)| (numbers.values().value(n), texts.values().get(t)));
                let row: Vec<(i64, Option<&str>)> = row.collect();
                assert!(row.iter().all(|(n, t)| *t == (n % 5 != 4).then(|| format!("ä{n}")).as_deref()));
                assert_eq!(row[0].0, i64::from(*origin));
                all.push(row.into_iter().map(|row| row.0).collect());
            }
        }
        all
    }

    #[test]
    fn rows_are_drawn_without_one_twice() {
        let rows = drawn(r#", "size": 5, "samples": 200"#, vec![batch(8)]);
        assert_eq!(rows.len(), 200);
        for row in &rows {
            let different: std::collections::BTreeSet<_> = row.iter().collect();
            assert_eq!((row.len(), different.len()), (5, 5), "{row:?}");
        }
        assert_ne!(rows[0], rows[1]);
        assert_eq!(drawn("", vec![batch(3)]).len(), 100);
    }

    #[test]
    fn every_row_is_as_likely_at_every_place() {
        let mut counts = [[0; 6]; 3];
        for row in drawn(r#", "size": 3, "samples": 12000"#, vec![batch(6)]) {
            row.iter().zip(&mut counts).for_each(|(n, counts)| counts[*n as usize] += 1);
        }
        // 2000 are expected, with a standard deviation of 41.
        assert!(counts.iter().flatten().all(|count| (1800..2200).contains(count)), "{counts:?}");
    }

    #[test]
    fn batches_do_not_matter_and_seeds_do() {
        for params in [r#", "samples": 5000"#, r#", "samples": 50, "size": 30, "replacement": true"#] {
            let whole = drawn(params, vec![batch(20)]);
            assert_eq!(drawn(params, cut(&batch(20), &[0, 1, 7, 7, 19])), whole, "{params}");
            assert_ne!(drawn(&format!(r#"{params}, "seed": 1"#), vec![batch(20)]), whole, "{params}");
        }
    }

    #[test]
    fn few_rows_are_all_drawn_unless_they_may_come_again() {
        let mut rows = drawn(r#", "size": 9, "samples": 3"#, vec![batch(3)]);
        rows.iter_mut().for_each(|row| row.sort_unstable());
        assert_eq!(rows, [[0, 1, 2], [0, 1, 2], [0, 1, 2]]);
        let rows = drawn(r#", "size": 9, "samples": 3, "replacement": true"#, vec![batch(3)]);
        assert!(rows.iter().all(|row| row.len() == 9));
        assert_eq!(drawn(r#", "size": 2, "samples": 2"#, vec![batch(1)]), [[0], [0]]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(drawn("", vec![batch(0)]).is_empty());
        assert!(drawn(r#", "samples": 0"#, vec![batch(3)]).is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for params in [r#"{}"#, r#"{"columns": []}"#, r#"{"columns": ["zzz"]}"#, r#"{"columns": ["n"], "size": 0}"#] {
            assert!(matches!(test::run::<Draw>(params, batch(1)), Err(Fault::Params(_))), "{params}");
        }
    }
}
