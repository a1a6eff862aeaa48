//! What a row asks for: a template over its columns, and what the system says.

use stillroom_sdk::llm::Request;
use stillroom_sdk::task::{Row, Template, TextIn};
use stillroom_sdk::{Column, Result, Schema};

/// The columns of tasks that answer an instruction. The template may use others, or none of these.
pub(crate) const INSTRUCTION: Column =
    Column::optional("instruction", &["utf8"], "What is asked for. `template` may use other columns in its place.");
pub(crate) const SYSTEM_PROMPT: Column =
    Column::optional("system_prompt", &["utf8"], "What the system says, where a row has its own.");

pub(crate) struct Instruction {
    template: Template,
    system_in: Option<TextIn>,
    system: String,
}

impl Instruction {
    pub(crate) fn take(
        template: &str,
        columns: &[String],
        system: Option<String>,
        use_column: bool,
        schema: &mut Schema,
    ) -> Result<Self> {
        Ok(Self {
            template: Template::take("template", template, columns, schema)?,
            system_in: if use_column { TextIn::optional(schema, "system_prompt")? } else { None },
            system: system.unwrap_or_default(),
        })
    }

    /// The row's own system prompt, where it has one that is not empty, goes before the pipeline's.
    pub(crate) fn request(&self, row: Row<'_>) -> Result<Request, String> {
        let own = match &self.system_in {
            Some(system) => system.find(row)?.filter(|system| !system.trim().is_empty()),
            None => None,
        };
        Ok(Request::with_system(own.unwrap_or(&self.system), self.template.of(row)?))
    }
}
