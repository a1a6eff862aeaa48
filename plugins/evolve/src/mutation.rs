use stillroom_sdk::{Fault, Result, choices, params};

use crate::lineage::Lineage;

const DEPTH: &str = include_str!("prompts/depth.txt");
const BREADTH: &str = include_str!("prompts/breadth.txt");
const QUALITY: &str = include_str!("prompts/quality.txt");

/// A way to rewrite a text.
#[derive(Debug, Clone)]
pub(crate) struct Mutation {
    pub(crate) name: String,
    template: String,
}

choices! {
    /// A way to evolve an instruction.
    pub enum Evolving {
        /// One more condition that the answer has to meet.
        Constraints,
        /// Deeper into the subject, or wider.
        Deepening,
        /// Something particular in the place of something general.
        Concretizing,
        /// A problem of one step becomes one of several.
        Reasoning,
        /// Another instruction of the same field, which is rarer.
        Breadth,
    }
}

choices! {
    /// A way to make an instruction more complex.
    pub enum Complicating {
        /// One more condition that the answer has to meet.
        Constraints,
        /// Deeper into the subject, or wider.
        Deepening,
        /// Something particular in the place of something general.
        Concretizing,
        /// A problem of one step becomes one of several.
        Reasoning,
    }
}

choices! {
    /// A way to make a response better.
    pub enum Improving {
        /// Of more use to who asked.
        Helpfulness,
        /// Closer to what was asked.
        Relevance,
        /// More of the reasons behind it.
        Depth,
        /// An idea, an example or a form that is not the obvious one.
        Creativity,
        /// More exact.
        Details,
    }
}

params! {
    /// A way of the pipeline's own.
    pub struct Template {
        /// What it is called in the column `mutations`.
        pub name: String,
        /// The prompt. `{instruction}` is replaced by the row's, where responses are evolved `{response}` too.
        pub prompt: String,
    }
}

impl From<Evolving> for Mutation {
    fn from(evolving: Evolving) -> Self {
        match evolving {
            Evolving::Constraints => Complicating::Constraints.into(),
            Evolving::Deepening => Complicating::Deepening.into(),
            Evolving::Concretizing => Complicating::Concretizing.into(),
            Evolving::Reasoning => Complicating::Reasoning.into(),
            Evolving::Breadth => Self::built_in(
                "breadth",
                BREADTH,
                "stay in the same field, but ask for something else, which people ask for less often.",
            ),
        }
    }
}

impl From<Complicating> for Mutation {
    fn from(complicating: Complicating) -> Self {
        let (name, method) = match complicating {
            Complicating::Constraints => {
                ("constraints", "add one condition or requirement that a good answer has to meet.")
            }
            Complicating::Deepening => {
                ("deepening", "where the instruction asks about something, ask for more depth or a wider view of it.")
            }
            Complicating::Concretizing => {
                ("concretizing", "replace something general in the instruction by something more particular.")
            }
            Complicating::Reasoning => {
                ("reasoning", "if one simple step of thought is enough for an answer, make several steps necessary.")
            }
        };
        Self::built_in(name, DEPTH, method)
    }
}

impl From<Improving> for Mutation {
    fn from(improving: Improving) -> Self {
        let (name, method) = match improving {
            Improving::Helpfulness => ("helpfulness", "make it of more use to the person who gave the instruction."),
            Improving::Relevance => {
                ("relevance", "bring it closer to what was asked; what does not belong to that is left out.")
            }
            Improving::Depth => ("depth", "go deeper: say why something is so, or what follows from it."),
            Improving::Creativity => {
                ("creativity", "bring in an idea, an example or a form of telling that is not the obvious one.")
            }
            Improving::Details => ("details", "make it more exact: add details where it is vague."),
        };
        Self::built_in(name, QUALITY, method)
    }
}

impl Mutation {
    fn built_in(name: &str, template: &str, method: &str) -> Self {
        Self { name: name.to_owned(), template: fill(template, &[("method", method)]) }
    }

    /// The built-in ones that are wanted, and those of the pipeline.
    pub(crate) fn all<M: Into<Self>>(wanted: Vec<M>, templates: Vec<Template>, fields: &[&str]) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = wanted.into_iter().map(Into::into).collect();
        for (place, Template { name, prompt }) in templates.into_iter().enumerate() {
            if let Some(field) = fields.iter().find(|field| !prompt.contains(&format!("{{{field}}}"))) {
                let why =
                    format!("parameter `templates[{place}].prompt` has no `{{{field}}}`: nothing would be evolved");
                return Err(Fault::params(why));
            }
            all.push(Self { name, template: prompt });
        }
        match all.is_empty() {
            true => Err(Fault::params("parameter `mutations` is empty; name one, or give one in `templates`")),
            false => Ok(all),
        }
    }

    /// What is asked to evolve a text once more.
    pub(crate) fn prompt(&self, lineage: &Lineage) -> String {
        fill(&self.template, &lineage.fields())
    }
}

/// A template with names in braces replaced. Braces in what replaces them are text, and so are other names.
pub(crate) fn fill(template: &str, fields: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template.trim_end();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let field = fields.iter().find_map(|(name, value)| {
            let behind = after.strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, behind))
        });
        let (value, behind) = field.unwrap_or(("{", after));
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_braces_are_replaced() {
        let fields = [("instruction", "{response} {"), ("response", "B")];
        assert_eq!(fill("{instruction}|{response}|{other}|{|{\n", &fields), "{response} {|B|{other}|{|{");
    }
}
