//! Columns that prompts are made of, and what stands in answers.

use super::Row;
use crate::llm::{Message, Role};
use crate::{Any, Result, Schema, Struct, Value};
use crate::{
    AnyColumn, DataType, Fault, FixedSizeList, In, LargeList, LargeUtf8, List, ListColumn, Rows, Utf8, Utf8View,
};

/// A column of text, however it lies.
#[derive(Debug, Clone)]
pub struct TextIn {
    name: String,
    input: In<Any>,
}

/// A column of lists of text.
#[derive(Debug, Clone)]
pub struct TextsIn {
    name: String,
    input: In<Any>,
}

/// A column of conversations: lists of structs with the texts `role` and `content`.
#[derive(Debug, Clone)]
pub struct ChatIn {
    name: String,
    input: In<Any>,
}

impl TextIn {
    /// Takes the column. [`Fault::Params`] where it is missing or no text.
    pub fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        let input = take(schema, name, "text", is_text)?;
        Ok(Self { name: name.to_owned(), input })
    }

    /// Takes the column where the data has it.
    pub fn optional(schema: &mut Schema, name: &str) -> Result<Option<Self>> {
        schema.field(name).is_some().then(|| Self::take(schema, name)).transpose()
    }

    /// The row's text; that it is null is a reason to reject the row.
    pub fn get<'a>(&self, row: Row<'a>) -> Result<&'a str, String> {
        self.find(row)?.ok_or_else(|| format!("`{}` is null", self.name))
    }

    /// The row's text, or none where it is null.
    pub fn find<'a>(&self, row: Row<'a>) -> Result<Option<&'a str>, String> {
        text(row.batch.any_column(self.input).map_err(told)?, row.index).map_err(told)
    }
}

impl TextsIn {
    /// Takes the column. [`Fault::Params`] where it is missing or no list of text.
    pub fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        let input = take(schema, name, "a list of text", |data_type| item_of(data_type).is_some_and(is_text))?;
        Ok(Self { name: name.to_owned(), input })
    }

    /// Takes the column where the data has it.
    pub fn optional(schema: &mut Schema, name: &str) -> Result<Option<Self>> {
        schema.field(name).is_some().then(|| Self::take(schema, name)).transpose()
    }

    /// The row's texts; a null, of the list or in it, is a reason to reject the row.
    pub fn get<'a>(&self, row: Row<'a>) -> Result<Vec<&'a str>, String> {
        let item = |(place, item): (usize, Option<&'a str>)| {
            item.ok_or_else(|| format!("`{}` has a null at place {place}", self.name))
        };
        self.items(row)?.into_iter().enumerate().map(item).collect()
    }

    /// The row's texts, with none for a null among them: a sample that failed. That the list is null is a reason to reject
    /// the row.
    pub fn items<'a>(&self, row: Row<'a>) -> Result<Vec<Option<&'a str>>, String> {
        let lists = lists(row.batch.any_column(self.input).map_err(told)?).map_err(told)?;
        let items = lists.get(row.index).ok_or_else(|| format!("`{}` is null", self.name))?;
        items.map(|item| text(lists.values(), item).map_err(told)).collect()
    }
}

impl ChatIn {
    /// Takes the column. [`Fault::Params`] where it is missing or no conversation.
    pub fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        let expected = "a list of structs with the texts `role` and `content`";
        let input = take(schema, name, expected, |data_type| match item_of(data_type) {
            Some(DataType::Struct(members)) => {
                ["role", "content"].iter().all(|name| members.iter().any(|(member, of)| member == name && is_text(of)))
            }
            _ => false,
        })?;
        Ok(Self { name: name.to_owned(), input })
    }

    /// Takes the column where the data has it.
    pub fn optional(schema: &mut Schema, name: &str) -> Result<Option<Self>> {
        schema.field(name).is_some().then(|| Self::take(schema, name)).transpose()
    }

    /// The row's messages; a null, or a role that is none, is a reason to reject the row.
    pub fn get(&self, row: Row<'_>) -> Result<Vec<Message>, String> {
        let lists = lists(row.batch.any_column(self.input).map_err(told)?).map_err(told)?;
        let turns = lists.values().downcast::<Struct>().map_err(told)?;
        let member = |name: &str| turns.member::<Any>(name).map_err(told);
        let (roles, contents) = (member("role")?, member("content")?);
        let name = &self.name;
        let turn = |(place, turn)| {
            let role =
                text(roles, turn).map_err(told)?.ok_or_else(|| format!("turn {place} of `{name}` has no role"))?;
            let content = text(contents, turn).map_err(told)?;
            let content = content.ok_or_else(|| format!("turn {place} of `{name}` has no content"))?;
            let role = match role {
                "system" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => return Err(format!("turn {place} of `{name}` is of nobody we know: `{}`", clip(role, 40))),
            };
            Ok(Message { role, content: content.to_owned() })
        };
        let items = lists.get(row.index).ok_or_else(|| format!("`{name}` is null"))?;
        items.enumerate().map(turn).collect()
    }
}

/// The beginning of a text, in one line, of so many characters at the most.
pub fn clip(text: &str, most: usize) -> String {
    let mut clipped: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        clipped.push('…');
    }
    clipped
}

/// What stands in the first fence of three backticks; the whole text, trimmed, where there is none.
pub fn fenced(text: &str) -> &str {
    let Some((_, rest)) = text.split_once("```") else { return text.trim() };
    // What the fence says of its language stands on its own line.
    let rest = rest.split_once('\n').map_or(rest, |(_, rest)| rest);
    rest.split_once("```").map_or(rest, |(inside, _)| inside).trim()
}

/// The JSON in an answer: all of it, what stands in a fence, or what stands between the first and the last bracket.
pub fn json(text: &str) -> Result<Value, String> {
    let between = |open: char, close: char| {
        let (start, end) = (text.find(open)?, text.rfind(close)?);
        text.get(start..=end)
    };
    let tries = [Some(text.trim()), Some(fenced(text)), between('{', '}'), between('[', ']')];
    tries
        .into_iter()
        .flatten()
        .find_map(|text| Value::parse(text).ok())
        .ok_or_else(|| "there is no JSON in it".to_owned())
}

fn take(schema: &mut Schema, name: &str, expected: &str, accepts: fn(&DataType) -> bool) -> Result<In<Any>> {
    let input = schema.input_dynamic(name)?;
    match schema.field(name).filter(|field| !accepts(&field.data_type)) {
        Some(field) => Err(Fault::params(format!("column `{name}` is {}; it must be {expected}", field.data_type))),
        None => Ok(input),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn item_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

fn lists(column: AnyColumn<'_>) -> Result<ListColumn<'_, Any>> {
    match column.data_type() {
        DataType::LargeList(_) => column.downcast::<LargeList<Any>>(),
        DataType::FixedSizeList(..) => column.downcast::<FixedSizeList<Any>>(),
        _ => column.downcast::<List<Any>>(),
    }
}

pub(super) fn text(column: AnyColumn<'_>, row: usize) -> Result<Option<&str>> {
    Ok(match column.data_type() {
        DataType::LargeUtf8 => column.downcast::<LargeUtf8>()?.get(row),
        DataType::Utf8View => column.downcast::<Utf8View>()?.get(row),
        _ => column.downcast::<Utf8>()?.get(row),
    })
}

pub(super) fn told(fault: Fault) -> String {
    fault.message().to_owned()
}
