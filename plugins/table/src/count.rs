//! `table/count`: rows that hold nothing but a number, for steps that make something of nothing, such as tasks that a
//! language model thinks of.

use stillroom_sdk::*;

params! {
    /// Parameters of `count`.
    pub struct CountParams {
        /// The number of rows.
        pub rows: u64,
        /// The first row's number.
        pub start: i64 = 0,
    }
}

/// The step.
pub struct Count {
    next: i64,
    /// How many rows are still to be made.
    left: u64,
}

impl Step for Count {
    const NAME: &str = "count";
    const SUMMARY: &str = "Make numbered rows (`seed`), for steps that make something of each.";
    const KIND: Kind = Kind::Source;
    type Params = CountParams;

    fn open(params: CountParams, schema: &mut Schema) -> Result<Self> {
        let CountParams { rows, start } = params;
        let last = start.checked_add_unsigned(rows);
        last.ok_or_else(|| Fault::params(format!("{rows} rows from {start} on go beyond {}", i64::MAX)))?;
        schema.output::<Int64>("seed");
        Ok(Self { next: start, left: rows })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let count = self.left.min(batch.len() as u64);
        let end = self.next.saturating_add_unsigned(count);
        let seeds: Int64Builder = (self.next..end).map(Some).collect();
        (self.next, self.left) = (end, self.left - count);
        Ok(Output::of(seeds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(params: &str, batches: &[usize]) -> Vec<Vec<i64>> {
        let mut runner = test::Runner::open::<Count>(params, &[]).unwrap();
        let run = |&len| runner.run(test::rows(len)).unwrap().values::<Int64>("seed").into_iter().flatten().collect();
        batches.iter().map(run).collect()
    }

    #[test]
    fn rows_are_numbered_over_batches() {
        assert_eq!(seeds(r#"{"rows": 5}"#, &[2, 2, 2, 2]), [vec![0, 1], vec![2, 3], vec![4], vec![]]);
        assert_eq!(seeds(r#"{"rows": 3, "start": -1}"#, &[3, 3]), [vec![-1, 0, 1], vec![]]);
    }

    #[test]
    fn no_rows_are_the_end_at_once() {
        assert_eq!(seeds(r#"{"rows": 0}"#, &[10]), [vec![]]);
    }

    #[test]
    fn numbers_end_where_an_int64_does() {
        assert_eq!(seeds(r#"{"rows": 1, "start": 9223372036854775806}"#, &[5, 5]), [vec![i64::MAX - 1], vec![]]);
        let fault = test::run::<Count>(r#"{"rows": 2, "start": 9223372036854775806}"#, test::rows(1)).unwrap_err();
        assert_eq!(fault.message(), "2 rows from 9223372036854775806 on go beyond 9223372036854775807");
    }

    #[test]
    fn how_many_must_be_said() {
        let fault = test::run::<Count>("{}", test::rows(1)).unwrap_err();
        assert_eq!(fault.message(), "parameter `rows` is missing");
    }
}
