//! Columns whose type may be one of several, and rows that cannot be worked on.

use std::ops::Range;
use stillroom_sdk::*;

/// A row's value, or why there is none.
pub(crate) type Row<T> = std::result::Result<T, String>;

/// Takes a column of a type that `accepts` says yes to.
pub(crate) fn input(
    schema: &mut Schema,
    name: &str,
    expected: &str,
    accepts: fn(&DataType) -> bool,
) -> Result<In<Any>> {
    let input = schema.input_dynamic(name)?;
    match schema.field(name).filter(|field| !accepts(&field.data_type)) {
        Some(field) => Err(Fault::params(format!("column `{name}` is {}; it must be {expected}", field.data_type))),
        None => Ok(input),
    }
}

/// The type of a list's items.
pub(crate) fn item_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

/// What columns of lists are declared as, where the host needs to convert nothing.
pub(crate) const LISTS: &[&str] = &["list", "large-list", "fixed-size-list"];

/// A column of lists, whatever their offsets.
pub(crate) fn lists(column: AnyColumn<'_>) -> Result<ListColumn<'_, Any>> {
    match column.data_type() {
        DataType::LargeList(_) => column.downcast::<LargeList<Any>>(),
        DataType::FixedSizeList(..) => column.downcast::<FixedSizeList<Any>>(),
        _ => column.downcast::<List<Any>>(),
    }
}

/// Whether a type is text.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// A column of text, however it lies.
#[derive(Clone, Copy)]
pub(crate) enum Texts<'a> {
    Small(Utf8Column<'a>),
    Large(LargeUtf8Column<'a>),
    View(ViewColumn<'a, str>),
}

impl<'a> Texts<'a> {
    pub(crate) fn of(column: AnyColumn<'a>) -> Result<Self> {
        Ok(match column.data_type() {
            DataType::LargeUtf8 => Self::Large(column.downcast::<LargeUtf8>()?),
            DataType::Utf8View => Self::View(column.downcast::<Utf8View>()?),
            _ => Self::Small(column.downcast::<Utf8>()?),
        })
    }

    pub(crate) fn get(self, row: usize) -> Option<&'a str> {
        match self {
            Self::Small(column) => column.get(row),
            Self::Large(column) => column.get(row),
            Self::View(column) => column.get(row),
        }
    }
}

/// Takes a column of lists of text.
pub(crate) fn text_lists(schema: &mut Schema, name: &str) -> Result<In<Any>> {
    input(schema, name, "a list of text", |data_type| item_of(data_type).is_some_and(is_text))
}

/// A column of lists of text.
#[derive(Clone, Copy)]
pub(crate) struct TextLists<'a> {
    lists: ListColumn<'a, Any>,
    items: Texts<'a>,
}

impl<'a> TextLists<'a> {
    pub(crate) fn of(column: AnyColumn<'a>) -> Result<Self> {
        let lists = lists(column)?;
        Ok(Self { lists, items: Texts::of(lists.values())? })
    }

    /// The items of a row; none where the list is null.
    pub(crate) fn get(self, row: usize) -> Option<Vec<Option<&'a str>>> {
        self.lists.get(row).map(|items: Range<usize>| items.map(|item| self.items.get(item)).collect())
    }

    /// The items of a row, none of which is null.
    pub(crate) fn whole(self, row: usize, name: &str) -> Row<Vec<&'a str>> {
        let items = self.get(row).ok_or_else(|| format!("`{name}` is null"))?;
        let whole = |(place, item): (usize, Option<&'a str>)| {
            item.ok_or_else(|| format!("`{name}` has a null at place {place}"))
        };
        items.into_iter().enumerate().map(whole).collect()
    }
}

/// A text that a row cannot do without.
pub(crate) fn needed<'a>(column: Utf8Column<'a>, row: usize, name: &str) -> Row<&'a str> {
    column.get(row).ok_or_else(|| format!("`{name}` is null"))
}

/// Whether [`floats`] reads the type.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Float32 | DataType::Float64)
}

/// All rows as floats; none is a null, and what is not a number.
pub(crate) fn floats(column: AnyColumn<'_>) -> Result<Vec<Option<f64>>> {
    macro_rules! read {
        ($($marker:ident),+) => { $(
            if $marker::accepts(column.data_type()) {
                let values = column.downcast::<$marker>()?.iter();
                return Ok(values.map(|value| value.map(|value| value as f64).filter(|value| !value.is_nan())).collect());
            }
        )+ };
    }
    read!(Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64);
    Err(Fault::plugin(format!("a {} was read as numbers", column.data_type())))
}

/// The rows of a batch that cannot be worked on.
#[derive(Default)]
pub(crate) struct Rejections(Vec<Rejection>);

impl Rejections {
    /// The value, unless the row is rejected.
    pub(crate) fn sift<T>(&mut self, row: usize, value: Row<T>) -> Option<T> {
        value.map_err(|reason| self.0.push(Rejection { row: row as u32, reason })).ok()
    }

    /// Tells them with the batch's answer.
    pub(crate) fn tell(self, output: Output) -> Output {
        output.rejecting(self.0)
    }
}
