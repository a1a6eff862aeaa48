//! Columns that parameters name.

use stillroom_sdk::*;

/// Takes the columns that the parameter `param` names: at least one, none twice.
pub(crate) fn inputs(schema: &mut Schema, param: &str, names: &[String]) -> Result<Vec<In<Any>>> {
    if names.is_empty() {
        return Err(Fault::params(format!("parameter `{param}` names no column")));
    }
    if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(Fault::params(format!("parameter `{param}` names `{}` twice", twice.1)));
    }
    names.iter().map(|name| schema.input_dynamic(name)).collect()
}

/// The type of a column that was taken.
pub(crate) fn type_of<'a>(schema: &'a Schema, name: &str) -> Result<&'a DataType> {
    let field = schema.field(name).map(|field| &field.data_type);
    field.ok_or_else(|| Fault::params(format!("there is no column `{name}`")))
}

/// The type of a list's items.
pub(crate) fn item_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

/// A column of lists, whatever their offsets.
#[derive(Clone, Copy)]
pub(crate) struct Lists<'a>(ListColumn<'a, Any>);

impl<'a> Lists<'a> {
    pub(crate) fn of(column: AnyColumn<'a>) -> Result<Self> {
        Ok(Self(match column.data_type() {
            DataType::LargeList(_) => column.downcast::<LargeList<Any>>()?,
            DataType::FixedSizeList(..) => column.downcast::<FixedSizeList<Any>>()?,
            _ => column.downcast::<List<Any>>()?,
        }))
    }

    /// The items of all rows.
    pub(crate) fn items(self) -> AnyColumn<'a> {
        self.0.values()
    }

    /// Where a row's items are; a null row has none.
    pub(crate) fn row(self, row: usize) -> std::ops::Range<usize> {
        self.0.get(row).unwrap_or(0..0)
    }
}
