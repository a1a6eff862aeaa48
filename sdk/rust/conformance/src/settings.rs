use stillroom_sdk::*;

choices! {
    /// How careful to be.
    pub enum Mode { Fast, Careful }
}

params! {
    /// Parameters of every type.
    pub struct SettingsParams {
        /// A text; required.
        pub name: String,
        /// An integer that is not negative.
        pub count: u64 = 3,
        /// A number.
        pub ratio: f64 = 0.5,
        /// True or false.
        pub flag: bool = false,
        /// One of two.
        pub mode: Mode = Mode::Fast,
        /// Texts.
        pub tags: Vec<String> = Vec::new(),
    }
}

/// Says what it was told.
pub struct Settings {
    text: In<Utf8>,
    settings: String,
}

impl Step for Settings {
    const NAME: &str = "settings";
    const SUMMARY: &str = "The parameters in words, in every row.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "Any text.")];
    type Params = SettingsParams;

    fn open(params: SettingsParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        schema.output::<Utf8>("settings");
        let SettingsParams { name, count, ratio, flag, mode, tags } = params;
        let mode = match mode {
            Mode::Fast => "fast",
            Mode::Careful => "careful",
        };
        Ok(Self { text, settings: format!("{name} {count} {ratio} {flag} {mode} {}", tags.join(",")) })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let rows = batch.column(self.text)?.len();
        Ok(Output::of((0..rows).map(|_| Some(self.settings.as_str())).collect::<Utf8Builder>()))
    }
}
