//! Steps of the plugin `{{name}}`.

use stillroom_sdk::*;

params! {
    /// Parameters of `shout`.
    pub struct ShoutParams {
        /// What stands behind each text.
        pub mark: String = String::from("!"),
    }
}

/// Upper-cases a text column, with a mark behind each text.
struct Shout {
    text: In<Utf8>,
    mark: String,
}

impl Step for Shout {
    const NAME: &str = "shout";
    const SUMMARY: &str = "Upper-case a text column and put a mark behind each text.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "The text.")];
    type Params = ShoutParams;

    fn open(params: ShoutParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("text");
        Ok(Self { text, mark: params.mark })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let shout = |text: &str| text.to_uppercase() + &self.mark;
        let shouted: Utf8Builder = batch.column(self.text)?.iter().map(|text| text.map(shout)).collect();
        Ok(Output::of(shouted))
    }
}

register!(Shout);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shouts_and_leaves_nulls_alone() {
        let batch = test::batch().utf8("text", [Some("straße"), None]);
        let output = test::run::<Shout>(r#"{"mark": "?"}"#, batch).unwrap();
        assert_eq!(output.values::<Utf8>("text"), [Some("STRASSE?"), None]);
    }
}
