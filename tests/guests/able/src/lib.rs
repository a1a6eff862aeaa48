//! Does with each capability what its input's rows say: a row is a command, parts of it stand between `|`, and the answer is
//! a row of text.

#[cfg(target_family = "wasm")]
mod command;

use stillroom_sdk::*;

struct Able {
    command: In<Utf8>,
}

impl Step for Able {
    const NAME: &str = "able";
    const SUMMARY: &str = "Does what each row says.";
    const COLUMNS: &[Column] = &[Column::required("command", &["utf8"], "What to do.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let command = schema.input("command")?;
        schema.output::<Utf8>("answer");
        Ok(Self { command })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let answers: Utf8Builder = batch.column(self.command)?.iter().map(|command| command.map(answer)).collect();
        Ok(Output::of(answers))
    }
}

/// Ordered: the same, and where one of the rows comes to nothing it panics, once it has tried all.
struct Resolute(In<Utf8>);

impl Step for Resolute {
    const NAME: &str = "resolute";
    const SUMMARY: &str = "Does what each row says, in order, and panics where that fails.";
    const KIND: Kind = Kind::Ordered;
    const COLUMNS: &[Column] = &[Column::required("command", &["utf8"], "What to do.")];
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        schema.input("command").map(Self)
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let answers: Vec<String> = batch.column(self.0)?.iter().flatten().map(answer).collect();
        if let Some(failed) = answers.iter().find(|answer| answer.starts_with("error")) {
            #[allow(clippy::panic)] // that is what it is for
            {
                panic!("{failed}");
            }
        }
        Ok(Output::empty())
    }
}

register!(Able, Resolute);

#[cfg(target_family = "wasm")]
fn answer(command: &str) -> String {
    command::obey(command).unwrap_or_else(|why| format!("error {why}"))
}

#[cfg(not(target_family = "wasm"))]
fn answer(command: &str) -> String {
    format!("error no {command} outside of the sandbox")
}
