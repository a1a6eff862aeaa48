//! Conversations: read and made.

use crate::columns::{Row, Texts, input, is_text, item_of, lists};
use stillroom_sdk::*;

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn<'a> {
    pub(crate) role: &'a str,
    pub(crate) content: &'a str,
}

impl<'a> Turn<'a> {
    pub(crate) fn system(content: &'a str) -> Self {
        Self { role: "system", content }
    }

    pub(crate) fn user(content: &'a str) -> Self {
        Self { role: "user", content }
    }

    pub(crate) fn assistant(content: &'a str) -> Self {
        Self { role: "assistant", content }
    }
}

/// Takes a column of conversations. Other members of a turn than `role` and `content` may be there; nobody reads them.
pub(crate) fn conversations(schema: &mut Schema, name: &str) -> Result<In<Any>> {
    let expected = "a list of structs with the texts `role` and `content`";
    input(schema, name, expected, |data_type| match item_of(data_type) {
        Some(DataType::Struct(members)) => {
            ["role", "content"].iter().all(|name| members.iter().any(|(member, of)| member == name && is_text(of)))
        }
        _ => false,
    })
}

/// A column of conversations.
#[derive(Clone, Copy)]
pub(crate) struct Conversations<'a> {
    lists: ListColumn<'a, Any>,
    turns: StructColumn<'a>,
    roles: Texts<'a>,
    contents: Texts<'a>,
}

impl<'a> Conversations<'a> {
    pub(crate) fn of(column: AnyColumn<'a>) -> Result<Self> {
        let lists = lists(column)?;
        let turns = lists.values_as::<Struct>()?;
        let member = |name| Texts::of(turns.member::<Any>(name)?);
        Ok(Self { lists, turns, roles: member("role")?, contents: member("content")? })
    }

    /// The turns of a row.
    pub(crate) fn row(self, row: usize, name: &str) -> Row<Vec<Turn<'a>>> {
        let turns = self.lists.get(row).ok_or_else(|| format!("`{name}` is null"))?;
        turns
            .enumerate()
            .map(|(place, turn)| self.turn(turn).map_err(|what| format!("turn {place} of `{name}` {what}")))
            .collect()
    }

    fn turn(self, turn: usize) -> std::result::Result<Turn<'a>, &'static str> {
        if self.turns.is_null(turn) {
            return Err("is null");
        }
        let role = self.roles.get(turn).ok_or("has no role")?;
        Ok(Turn { role, content: self.contents.get(turn).ok_or("has no content")? })
    }
}

/// Builds a column of conversations.
#[derive(Default)]
pub(crate) struct ConversationBuilder {
    roles: Utf8Builder,
    contents: Utf8Builder,
    lengths: Vec<Option<usize>>,
}

impl ConversationBuilder {
    /// The type of the column.
    pub(crate) fn data_type() -> DataType {
        let members = ["role", "content"].map(|name| (name.to_owned(), DataType::Utf8));
        DataType::List(Box::new(DataType::Struct(members.to_vec())))
    }

    /// One row more; none is null.
    pub(crate) fn push<'a>(&mut self, turns: Option<impl IntoIterator<Item = Turn<'a>>>) {
        let before = self.roles.len();
        let is_some = turns.is_some();
        for turn in turns.into_iter().flatten() {
            self.roles.push_value(turn.role);
            self.contents.push_value(turn.content);
        }
        self.lengths.push(is_some.then_some(self.roles.len() - before));
    }

    pub(crate) fn build(self) -> Result<AnyArray> {
        let turns = StructBuilder::new().member("role", self.roles).member("content", self.contents);
        ListBuilder::<_>::from_lengths(turns, self.lengths)
    }
}
