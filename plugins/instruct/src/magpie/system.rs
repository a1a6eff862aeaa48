use stillroom_sdk::task::{Dice, Row, TextIn};
use stillroom_sdk::{Fault, In, Int64, Result, Rows, Schema, params};

use super::talk::{Line, Talk};

/// Parts that chance is divided into, where weights are drawn by.
const PARTS: usize = 1 << 30;

params! {
    /// A system prompt among several.
    pub struct SystemPrompt {
        /// What it is called in `system_prompt_key`.
        pub name: String,
        /// What the system says.
        pub prompt: String,
        /// How often it is drawn, beside the others.
        pub weight: f64 = 1.0,
    }
}

/// Where rows have their system prompts from, and their chance.
#[derive(Debug)]
pub(super) struct Systems {
    column: Option<TextIn>,
    seeds: Option<In<Int64>>,
    seed: u64,
    one: Option<String>,
    several: Vec<SystemPrompt>,
}

impl Systems {
    pub(super) fn open(
        one: Option<String>,
        several: Vec<SystemPrompt>,
        seed: u64,
        schema: &mut Schema,
    ) -> Result<Self> {
        if one.is_some() && !several.is_empty() {
            return Err(Fault::params("there are both `system-prompt` and `system-prompts`; leave one of them out"));
        }
        for (place, SystemPrompt { name, weight, .. }) in several.iter().enumerate() {
            if *weight <= 0.0 {
                let why = format!("parameter `system-prompts[{place}].weight` is {weight}; it must be more than 0");
                return Err(Fault::params(why));
            }
            if several[..place].iter().any(|before| before.name == *name) {
                let why = format!("parameter `system-prompts[{place}].name` is `{name}`, which is there already");
                return Err(Fault::params(why));
            }
        }
        let column = TextIn::optional(schema, "system_prompt")?;
        let seeds = schema.optional_input("seed")?;
        Ok(Self { column, seeds, seed, one: one.filter(|one| !one.is_empty()), several })
    }

    /// Whether a column says which prompt was drawn.
    pub(super) fn have_keys(&self) -> bool {
        !self.several.is_empty()
    }

    /// The talk of a row, before anybody says anything. What the row has itself goes before what is drawn.
    pub(super) fn talk(&self, row: Row<'_>) -> Line {
        let own = self.column.as_ref().map(|column| column.find(row)).transpose()?.flatten();
        let own = own.filter(|own| !own.is_empty());
        let seed = self.row_seed(row)?.map(|seed| seed.to_string());
        let mut dice = Dice::of(self.seed, &[own.unwrap_or_default(), &seed.unwrap_or_default()], row);
        let drawn = if own.is_none() { self.draw(&mut dice) } else { None };
        let system = own.or(drawn.map(|drawn| drawn.prompt.as_str())).or(self.one.as_deref());
        let (system, key) = (system.map(str::to_owned), drawn.map(|drawn| drawn.name.clone()));
        Ok(Talk { system, key, turns: Vec::new(), dice })
    }

    fn row_seed(&self, row: Row<'_>) -> std::result::Result<Option<i64>, String> {
        let Some(seeds) = self.seeds else { return Ok(None) };
        let seeds = row.batch.column(seeds).map_err(|fault| fault.message().to_owned())?;
        seeds.get(row.index).map(Some).ok_or_else(|| "`seed` is null".to_owned())
    }

    fn draw(&self, dice: &mut Dice) -> Option<&SystemPrompt> {
        let all: f64 = self.several.iter().map(|prompt| prompt.weight).sum();
        let mut left = dice.below(PARTS) as f64 / PARTS as f64 * all;
        let found = self.several.iter().find(|prompt| {
            left -= prompt.weight;
            left < 0.0
        });
        found.or(self.several.last())
    }
}
