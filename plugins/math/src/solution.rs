//! Columns of solutions: lists of steps, or lists of such lists.

use stillroom_sdk::task::Row;
use stillroom_sdk::{
    Any, AnyColumn, DataType, Fault, FixedSizeList, In, LargeList, LargeUtf8, List, ListColumn, Result, Rows, Schema,
    Utf8, Utf8View,
};

/// A column of solutions.
#[derive(Debug)]
pub(crate) struct SolutionsIn {
    name: String,
    input: In<Any>,
    is_nested: bool,
}

impl SolutionsIn {
    /// Takes the column. [`Fault::Params`] where it is missing, or neither of the two.
    pub(crate) fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        let input = schema.input_dynamic(name)?;
        let found = schema.field(name).map_or(DataType::Null, |field| field.data_type.clone());
        let depth = item_of(&found).map(|item| (is_text(item), item_of(item).is_some_and(is_text)));
        match depth {
            Some((true, _)) => Ok(Self { name: name.to_owned(), input, is_nested: false }),
            Some((_, true)) => Ok(Self { name: name.to_owned(), input, is_nested: true }),
            _ => {
                let expected = "a list of text (the steps of a solution), or a list of such lists";
                Err(Fault::params(format!("column `{name}` is {found}; it must be {expected}")))
            }
        }
    }

    /// Whether a row has several solutions.
    pub(crate) fn is_nested(&self) -> bool {
        self.is_nested
    }

    /// The row's solutions, one where the column is not nested; a null, and a solution without steps, is a reason to reject it.
    pub(crate) fn get<'a>(&self, row: Row<'a>) -> Result<Vec<Vec<&'a str>>, String> {
        let name = &self.name;
        let column = row.batch.any_column(self.input).map_err(told)?;
        if !self.is_nested {
            return Ok(vec![steps(column, row.index, &format!("`{name}`"))?]);
        }
        let outer = lists(column).map_err(told)?;
        let solutions = outer.get(row.index).ok_or_else(|| format!("`{name}` is null"))?;
        let of = |(place, at)| steps(outer.values(), at, &format!("solution {} of `{name}`", place + 1));
        solutions.enumerate().map(of).collect()
    }
}

fn steps<'a>(column: AnyColumn<'a>, row: usize, what: &str) -> Result<Vec<&'a str>, String> {
    let lists = lists(column).map_err(told)?;
    let items = lists.get(row).ok_or_else(|| format!("{what} is null"))?;
    let step = |(place, item)| {
        let found = text(lists.values(), item).map_err(told)?;
        found.ok_or_else(|| format!("{what} has a null at place {place}"))
    };
    let steps: Vec<&str> = items.enumerate().map(step).collect::<Result<_, String>>()?;
    if steps.is_empty() { Err(format!("{what} has no steps")) } else { Ok(steps) }
}

fn lists(column: AnyColumn<'_>) -> Result<ListColumn<'_, Any>> {
    match column.data_type() {
        DataType::LargeList(_) => column.downcast::<LargeList<Any>>(),
        DataType::FixedSizeList(..) => column.downcast::<FixedSizeList<Any>>(),
        _ => column.downcast::<List<Any>>(),
    }
}

fn text(column: AnyColumn<'_>, row: usize) -> Result<Option<&str>> {
    Ok(match column.data_type() {
        DataType::LargeUtf8 => column.downcast::<LargeUtf8>()?.get(row),
        DataType::Utf8View => column.downcast::<Utf8View>()?.get(row),
        _ => column.downcast::<Utf8>()?.get(row),
    })
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

fn told(fault: Fault) -> String {
    fault.message().to_owned()
}
