//! The task `ask`: a template in, columns out.

use stillroom_sdk::llm::{Answer, Request};
use stillroom_sdk::task::{Cell, Columns, Row, Task, Template};
use stillroom_sdk::*;

use crate::output::Made;

params! {
    /// Parameters of `ask`.
    pub struct AskParams {
        /// What the user says, with the row's columns in it: `{{ column }}`.
        pub template: String,
        /// What the system says, with columns in it too.
        pub system: Option<String> = None,
        /// The columns that the templates may use; any, where it is empty.
        pub columns: Vec<String> = Vec::new(),
        /// A regular expression that finds what is wanted in an answer. Each of its named groups, `(?<name>…)`, is a column.
        pub pattern: Option<String> = None,
        /// Whether case does not matter in `pattern`.
        pub ignore_case: bool = false,
        /// Whether all places where `pattern` matches are taken, not the first one only. The columns are then lists.
        pub all: bool = false,
        /// The types of groups that are not text: their names, each with `int64`, `float64`, `bool` or `utf8`.
        pub types: Option<Value> = None,
        /// The JSON Schema of an object that answers have to be. Each of its properties is a column.
        pub schema: Option<Value> = None,
        /// The column of the whole answer, where there is neither `pattern` nor `schema`.
        pub output: Option<String> = None,
        /// Texts at which an answer ends.
        pub stop: Vec<String> = Vec::new(),
    }
}

/// The step `ask`.
pub struct Ask {
    template: Template,
    system: Option<Template>,
    made: Made,
    stop: Vec<String>,
}

impl Task for Ask {
    const NAME: &str = "ask";
    const SUMMARY: &str = "Ask what the pipeline file says, and make columns of the answer.";
    type Params = AskParams;

    fn open(params: AskParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        let template = Template::take("template", &params.template, &params.columns, schema)?;
        let system = params.system.as_deref();
        let system = system.map(|text| Template::take("system", text, &params.columns, schema)).transpose()?;
        let used = [Some(&template), system.as_ref()];
        let is_used = |column: &&String| used.iter().flatten().any(|of| of.columns().contains(&column.as_str()));
        if let Some(idle) = params.columns.iter().find(|column| !is_used(column)) {
            return Err(Fault::params(format!(
                "parameter `columns` has `{idle}`, which is nowhere in `template`; put `{{{{ {idle} }}}}` there, or leave it out"
            )));
        }
        let made = Made::of(&params)?;
        made.columns().into_iter().for_each(|(name, data_type)| columns.add(name, data_type));
        Ok(Self { template, system, made, stop: params.stop })
    }

    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        let system = self.system.as_ref().map(|system| system.of(row)).transpose()?.unwrap_or_default();
        let request = Request::with_system(&system, self.template.of(row)?);
        let request = self.stop.iter().fold(request, Request::stop);
        Ok(match &self.made {
            Made::Json(shape) => request.schema(shape.schema()),
            Made::Text(_) | Made::Found(_) => request,
        })
    }

    fn parse(&self, _: Row<'_>, answer: &Answer) -> Result<Vec<Cell>, String> {
        self.made.cells(&answer.text)
    }
}

#[cfg(test)]
mod tests;
