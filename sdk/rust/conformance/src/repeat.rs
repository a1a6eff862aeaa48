use stillroom_sdk::*;

/// Every row as often as it says.
pub struct Repeat(In<Int64>);

impl Step for Repeat {
    const NAME: &str = "repeat";
    const SUMMARY: &str = "Every row `n` times, with the number of the copy.";
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "How often; null or negative is 0.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let n = schema.input("n")?;
        schema.rows_any();
        schema.output::<Int64>("copy");
        Ok(Self(n))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let (mut rows, mut copies) = (Vec::new(), Vec::new());
        for (row, n) in batch.column(self.0)?.iter().enumerate() {
            for copy in 0..n.unwrap_or(0) {
                rows.push(row as u32);
                copies.push(copy);
            }
        }
        Ok(Output::of(PrimitiveBuilder::from_values(copies)).rows(rows))
    }
}
