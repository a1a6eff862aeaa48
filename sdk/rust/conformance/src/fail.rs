use stillroom_sdk::*;

/// Rejects odd numbers.
pub struct RejectOdd(In<Int64>);

impl Step for RejectOdd {
    const NAME: &str = "reject-odd";
    const SUMMARY: &str = "Reject rows whose `n` is odd.";
    const COLUMNS: &[Column] = &[Column::required("n", &["int64"], "The number.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        Ok(Self(schema.input("n")?))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let rows = batch.column(self.0)?.iter().enumerate();
        let odd = rows.filter_map(|(row, n)| n.filter(|n| n % 2 != 0).map(|n| (row, n)));
        Ok(odd.fold(Output::empty(), |output, (row, n)| output.reject(row as u32, format!("{n} is odd"))))
    }
}

choices! {
    /// How to fail.
    pub enum How { Data, Plugin, Exception }
}

params! {
    /// Parameters of `fail`.
    pub struct FailParams {
        /// How to fail.
        pub how: How = How::Exception,
    }
}

/// Fails at the text `boom`.
pub struct Fail {
    text: In<Utf8>,
    how: How,
}

impl Step for Fail {
    const NAME: &str = "fail";
    const SUMMARY: &str = "Hand rows on, and fail at the text `boom`.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = FailParams;

    fn open(params: FailParams, schema: &mut Schema) -> Result<Self> {
        Ok(Self { text: schema.input("text")?, how: params.how })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        if !batch.column(self.text)?.iter().any(|text| text == Some("boom")) {
            return Ok(Output::empty());
        }
        match self.how {
            How::Data => Err(Fault::data("bad row: boom")),
            How::Plugin => Err(Fault::plugin("broken: boom")),
            How::Exception => panic!("exploded: boom"),
        }
    }
}
