//! A step in 15 lines. As a component:
//! `cargo build --profile plugin --target wasm32-unknown-unknown -p stillroom-sdk --example upper`.

use stillroom_sdk::*;

struct Upper {
    text: In<Utf8>,
}

impl Step for Upper {
    const NAME: &str = "upper";
    const SUMMARY: &str = "Upper-case a text column.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Upper { text })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let upper: Utf8Builder = batch.column(self.text)?.iter().map(|text| text.map(str::to_uppercase)).collect();
        Ok(Output::of(upper))
    }
}

register!(Upper);
