use stillroom_sdk::*;

/// Says in the log what it sees.
pub struct Shout(In<Utf8>);

impl Step for Shout {
    const NAME: &str = "shout";
    const SUMMARY: &str = "Hand texts on, and tell the log of them.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Self(text))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        log::info(format!("{} rows", batch.len()));
        let text = batch.column(self.0)?;
        (0..text.len()).filter(|row| text.is_null(*row)).for_each(|row| log::row(row).warn("row has no text"));
        Ok(Output::of(batch.take_column(self.0)?))
    }
}
