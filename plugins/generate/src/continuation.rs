//! The task `continue`: a text is gone on with, by a model that gets it as it stands.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, Template};
use stillroom_sdk::*;

params! {
    /// Parameters of `continue`.
    pub struct ContinueParams {
        /// What the model goes on with, with the row's columns in it: `{{ column }}`.
        pub template: String = "{{ text }}".to_owned(),
        /// The columns that the template may use; any, where it is empty.
        pub columns: Vec<String> = Vec::new(),
        /// Texts at which the continuation ends.
        pub stop: Vec<String> = Vec::new(),
    }
}

/// The step `continue`.
pub struct Continue {
    template: Template,
    stop: Vec<String>,
}

impl Task for Continue {
    const NAME: &str = "continue";
    const SUMMARY: &str = "Go on with a text, with nothing put around it.";
    const COLUMNS: &[Column] =
        &[Column::optional("text", &["utf8"], "What is gone on with. `template` may use other columns in its place.")];
    type Params = ContinueParams;

    fn open(params: ContinueParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        columns.add("generation", DataType::Utf8);
        let template = Template::take("template", &params.template, &params.columns, schema)?;
        Ok(Self { template, stop: params.stop })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        Ok(self.stop.iter().fold(Request::text(self.template.of(row)?), Request::stop))
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        Ok(vec![answer.text.as_str().into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{golden, reason};
    use stillroom_sdk::task::Asked;

    #[test]
    fn the_request() {
        let asked = test::answering([" upon a time"]);
        let batch = test::batch().utf8("text", [Some("Once"), None]);
        let params = r#"{"model": "base", "stop": ["\n"], "max-tokens": 16}"#;
        let output = test::run::<Asked<Continue>>(params, batch).unwrap();
        asked.assert_golden(golden("continue"));
        assert_eq!(output.values::<Utf8>("generation")[0], Some(" upon a time"));
        assert_eq!(reason(&output), "`text` is null");
    }
}
