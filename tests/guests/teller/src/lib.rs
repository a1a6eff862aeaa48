//! Asks for the log, and for nothing else.

use stillroom_sdk::*;

struct Tell {
    text: In<Utf8>,
}

impl Step for Tell {
    const NAME: &str = "tell";
    const SUMMARY: &str = "Writes each row's text to the log, `level:` in front.";
    const COLUMNS: &[Column] = &[Column::required("text", &["utf8"], "What to say.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let text = schema.input("text")?;
        log::info("open");
        Ok(Self { text })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        for (at, text) in batch.column(self.text)?.iter().enumerate() {
            match text.unwrap_or_default().split_once(':') {
                Some(("debug", text)) => log::row(at).debug(text),
                Some(("warn", text)) => log::row(at).warn(text),
                Some(("error", text)) => log::row(at).error(text),
                Some(("batch", text)) => log::error(text),
                Some(("flood", lines)) => {
                    for line in 0..lines.parse().unwrap_or(0) {
                        log::error(format!("line {line:07}"));
                    }
                }
                Some(("far", text)) => log::row(1_000_000).error(text),
                Some(("long", size)) => log::error("x".repeat(size.parse().unwrap_or(0))),
                _ => log::row(at).info(text.unwrap_or_default()),
            }
        }
        Ok(Output::empty())
    }
}

register!(Tell);
