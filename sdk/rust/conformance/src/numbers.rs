use stillroom_sdk::*;

params! {
    /// Parameters of `numbers`.
    pub struct NumbersParams {
        /// How many rows.
        pub count: u32 = 5,
    }
}

/// Makes rows.
pub struct Numbers {
    next: i64,
    end: i64,
}

impl Step for Numbers {
    const NAME: &str = "numbers";
    const SUMMARY: &str = "Rows whose `n` counts from 0.";
    const KIND: Kind = Kind::Source;
    type Params = NumbersParams;

    fn open(params: NumbersParams, schema: &mut Schema) -> Result<Self> {
        schema.output::<Int64>("n");
        Ok(Self { next: 0, end: i64::from(params.count) })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let end = self.end.min(self.next + batch.len() as i64);
        let numbers = (self.next..end).collect();
        self.next = end;
        Ok(Output::of(PrimitiveBuilder::<i64>::from_values(numbers)))
    }
}
