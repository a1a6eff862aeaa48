use stillroom_sdk::*;

const NUMBER: &[Column] = &[Column::required("n", &["int64"], "What to add up.")];

fn add(total: i64, n: i64) -> Result<i64> {
    total.checked_add(n).ok_or_else(|| Fault::data(format!("{total} + {n} is more than 64 bits hold")))
}

/// Adds all rows up.
pub struct Total {
    n: In<Int64>,
    total: i64,
    rows: i64,
    answered: bool,
}

impl Step for Total {
    const NAME: &str = "total";
    const SUMMARY: &str = "One row: the sum of `n`, and how many rows there were.";
    const KIND: Kind = Kind::Global;
    const COLUMNS: &[Column] = NUMBER;
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.output::<Int64>("total");
        schema.output::<Int64>("rows");
        Ok(Self { n, total: 0, rows: 0, answered: false })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        self.total = batch.column(self.n)?.iter().flatten().try_fold(self.total, add)?;
        self.rows += batch.len() as i64;
        Ok(Output::empty())
    }

    /// A row of the answer comes from one of the input: where there was none, there is nothing to answer with.
    fn finish(&mut self) -> Result<Option<Output>> {
        if std::mem::replace(&mut self.answered, true) || self.rows == 0 {
            return Ok(None);
        }
        let column = |number| PrimitiveBuilder::from_values(vec![number]);
        Ok(Some(Output::of(column(self.total)).with(column(self.rows)).rows(vec![0])))
    }
}

/// Adds rows up as they come.
pub struct Running {
    n: In<Int64>,
    sum: i64,
}

impl Step for Running {
    const NAME: &str = "running";
    const SUMMARY: &str = "The sum of `n` so far.";
    const KIND: Kind = Kind::Ordered;
    const COLUMNS: &[Column] = NUMBER;
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.output::<Int64>("sum");
        Ok(Self { n, sum: 0 })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let mut sums = Vec::with_capacity(batch.len());
        for n in batch.column(self.n)?.iter() {
            self.sum = add(self.sum, n.unwrap_or(0))?;
            sums.push(self.sum);
        }
        Ok(Output::of(PrimitiveBuilder::from_values(sums)))
    }
}
