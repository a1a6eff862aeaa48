//! `instruct/magpie`: instructions, responses and conversations out of nothing but a model's own form of a chat.
//!
//! Xu, Jiang, Niu, Deng, Poovendran, Choi and Lin, *Magpie: Alignment Data Synthesis from Scratch by Prompting Aligned LLMs
//! with Nothing*, 2024, arXiv:2406.08464. A chat model that is given the beginning of a user's turn as text goes on as
//! the user; then it is given the beginning of its own. Every turn is asked for as text, so the server has to go on with text
//! as it stands, and `template` has to be the model's. Other than with Distilabel, a conversation of several turns has no
//! system prompt unless one is given.

mod system;
mod talk;
mod template;

use stillroom_sdk::llm::{Answer, Finish, Request};
use stillroom_sdk::task::{Asker, Cell, Columns, Row, Task};
use stillroom_sdk::*;

pub use system::SystemPrompt;
use system::Systems;
use talk::{Line, Speaker, Talk};
use template::Form;
pub use template::{Parts, Template};

/// The most turns of a conversation.
const MAX_TURNS: u32 = 100;

choices! {
    /// What becomes of a turn that ends only because it may have no more tokens.
    pub enum CutOff {
        /// The row is rejected.
        Reject,
        /// It is taken as it is.
        Keep,
    }
}

params! {
    /// Parameters of `magpie`.
    pub struct MagpieParams {
        /// The form of the model's chats.
        pub template: Template = Template::Llama3,
        /// Its parts, where it is none of these.
        pub parts: Option<Parts> = None,
        /// Whether the text begins with the model's token for a beginning. Most servers put it there themselves.
        pub begin_token: bool = false,
        /// How many turns the user has.
        pub turns: u32 = 1,
        /// Whether the user has the last word.
        pub end_with_user: bool = false,
        /// Whether there is only an instruction, and no response.
        pub only_instruction: bool = false,
        /// What the system says, in rows that have no `system_prompt`.
        pub system_prompt: Option<String> = None,
        /// Several such prompts, of which each row draws one; the column `system_prompt_key` says which.
        pub system_prompts: Vec<SystemPrompt> = Vec::new(),
        /// Whether the system prompt is kept: at the beginning of `conversation`, or in `system_prompt` where there is none.
        pub include_system_prompt: bool = false,
        /// What becomes of a turn that ends only because it may have no more tokens.
        pub cut_off: CutOff = CutOff::Reject,
        /// What draws hang on, beside the row's own `seed` and `system_prompt`.
        pub seed: u64 = 42,
    }
}

/// The task.
pub struct Magpie {
    form: Form,
    systems: Systems,
    turns: u32,
    end_with_user: bool,
    only_instruction: bool,
    include_system_prompt: bool,
    cut_off: CutOff,
}

impl Task for Magpie {
    const NAME: &str = "magpie";
    const SUMMARY: &str = "Have a chat model write instructions, or whole conversations, out of nothing (Magpie).";
    const COLUMNS: &[Column] = &[
        Column::optional("system_prompt", &["utf8"], "What the system says in this row."),
        Column::optional("seed", &["int64"], "What is drawn by. Rows that are alike without it ask for the same."),
    ];
    type Params = MagpieParams;

    fn open(params: MagpieParams, schema: &mut Schema, columns: &mut Columns) -> Result<Self> {
        check(&params)?;
        let MagpieParams { turns, end_with_user, only_instruction, include_system_prompt, cut_off, .. } = params;
        let form = Form::of(params.template, params.parts, params.begin_token)?;
        let systems = Systems::open(params.system_prompt, params.system_prompts, params.seed, schema)?;
        match (only_instruction, turns) {
            (true, _) => columns.add("instruction", DataType::Utf8),
            (false, 1) => ["instruction", "response"].into_iter().for_each(|name| columns.add(name, DataType::Utf8)),
            (false, _) => columns.add_chat("conversation"),
        }
        if include_system_prompt && turns == 1 {
            columns.add("system_prompt", DataType::Utf8);
        }
        if systems.have_keys() {
            columns.add("system_prompt_key", DataType::Utf8);
        }
        Ok(Self { form, systems, turns, end_with_user, only_instruction, include_system_prompt, cut_off })
    }

    /// The first turn.
    fn prompt(&self, row: Row<'_>) -> Result<Request, String> {
        Ok(self.form.request(&mut self.systems.talk(row)?, Speaker::User))
    }

    fn parse(&self, _: Row<'_>, _: &Answer) -> Result<Vec<Cell>, String> {
        Err("this is asked in turns".to_owned())
    }

    fn answer(&self, rows: &[Row<'_>], asker: &mut Asker<'_>) -> Vec<Result<Vec<Cell>, String>> {
        let mut talks: Vec<Line> = rows.iter().map(|row| self.systems.talk(*row)).collect();
        for turn in 1..=self.turns {
            self.speak(Speaker::User, turn, &mut talks, asker);
            if !(self.only_instruction || self.end_with_user && turn == self.turns) {
                self.speak(Speaker::Assistant, turn, &mut talks, asker);
            }
        }
        talks.into_iter().map(|talk| Ok(self.cells(talk?))).collect()
    }
}

impl Magpie {
    /// One turn of every talk that is going on.
    fn speak(&self, speaker: Speaker, turn: u32, talks: &mut [Line], asker: &mut Asker<'_>) {
        let request = |talk: &mut Line| match talk {
            Ok(talk) => Ok(self.form.request(talk, speaker)),
            Err(why) => Err(why.clone()),
        };
        let requests = talks.iter_mut().map(request).collect();
        let answers = asker.ask_until(requests, |_, answer| self.said(answer));
        for (talk, answer) in talks.iter_mut().zip(answers) {
            let Ok(talking) = talk else { continue };
            match answer {
                Ok(text) => talking.turns.push((speaker, text)),
                Err(why) => *talk = Err(format!("turn {turn} of the {}: {why}", speaker.name())),
            }
        }
    }

    fn said(&self, answer: &Answer) -> Result<String, String> {
        let text = self.form.cut(answer.text.trim_start()).trim();
        match answer.finish {
            _ if text.is_empty() => Err("nothing is said".to_owned()),
            Finish::Length if self.cut_off == CutOff::Reject => {
                Err("it was cut off where it may have no more tokens (`max-tokens`, `cut-off`)".to_owned())
            }
            _ => Ok(text.to_owned()),
        }
    }

    fn cells(&self, talk: Talk) -> Vec<Cell> {
        let Talk { system, key, turns, .. } = talk;
        let mut cells = Vec::new();
        if self.turns == 1 {
            cells.extend(turns.into_iter().map(|(_, text)| Cell::Text(text)));
            cells.extend(self.include_system_prompt.then(|| system.into()));
        } else {
            let system = system.filter(|_| self.include_system_prompt).map(|text| ("system", text));
            let turns = turns.into_iter().map(|(speaker, text)| (speaker.name(), text));
            let turn = |(role, text): (&str, String)| Cell::Struct(vec![role.into(), text.into()]);
            cells.push(Cell::List(system.into_iter().chain(turns).map(turn).collect()));
        }
        cells.extend(self.systems.have_keys().then(|| key.into()));
        cells
    }
}

fn check(params: &MagpieParams) -> Result<()> {
    let why = match params.turns {
        turns if !(1..=MAX_TURNS).contains(&turns) => {
            format!("parameter `turns` is {turns}; it must be from 1 to {MAX_TURNS}")
        }
        1 if params.end_with_user => {
            "parameter `end-with-user` needs `turns: 2` or more; of one turn it is `only-instruction`".to_owned()
        }
        2.. if params.only_instruction => "parameter `only-instruction` needs `turns: 1`".to_owned(),
        _ => return Ok(()),
    };
    Err(Fault::params(why))
}

#[cfg(test)]
mod tests;
