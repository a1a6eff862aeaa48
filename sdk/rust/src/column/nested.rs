use std::marker::PhantomData;
use std::ops::Range;

use crate::column::bytes::Offset;
use crate::column::primitive::{Native, numbers};
use crate::column::{AnyColumn, Concrete, Rows, Type, validity_of};
use crate::{Any, AnyArray, Bits, DataType, Fault, Result};

/// `list<T>`.
#[derive(Debug)]
pub struct List<T>(PhantomData<T>);
/// `large-list<T>`.
#[derive(Debug)]
pub struct LargeList<T>(PhantomData<T>);
/// `fixed-size-list<T, n>`.
#[derive(Debug)]
pub struct FixedSizeList<T>(PhantomData<T>);

/// Where a list's rows lie in its child.
#[derive(Clone, Copy, Debug)]
pub enum Offsets<'a> {
    /// Row `i` is `offsets[i]..offsets[i + 1]`, one more than rows.
    Small(&'a [i32]),
    /// The same in a large list.
    Large(&'a [i64]),
    /// Every row has so many items.
    Fixed(usize),
}

/// A column of lists: each row is a range of the items of all rows.
pub struct ListColumn<'a, T: Type> {
    items: T::Column<'a>,
    offsets: Offsets<'a>,
    len: usize,
    validity: Option<Bits<'a>>,
}

impl<T: Type> Clone for ListColumn<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Type> Copy for ListColumn<'_, T> {}

impl<'a, T: Type> ListColumn<'a, T> {
    /// The items of all rows, one behind the other.
    pub fn values(self) -> T::Column<'a> {
        self.items
    }

    /// Where the rows lie in [`values`](Self::values).
    pub fn offsets(self) -> Offsets<'a> {
        self.offsets
    }

    fn of(array: &'a AnyArray) -> Self {
        let items = T::view(&array.children[0]);
        let offsets = match &array.data_type {
            DataType::List(_) => Offsets::Small(numbers(array.bytes(1), array.len + 1)),
            DataType::FixedSizeList(_, size) => Offsets::Fixed(*size as usize),
            _ => Offsets::Large(numbers(array.bytes(1), array.len + 1)),
        };
        Self { items, offsets, len: array.len, validity: validity_of(array) }
    }
}

impl<'a, T: Type> Rows<'a> for ListColumn<'a, T> {
    type Item = Range<usize>;

    fn len(self) -> usize {
        self.len
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    /// Where the row's items lie in [`values`](Self::values).
    #[inline]
    fn value(self, row: usize) -> Range<usize> {
        match self.offsets {
            Offsets::Small(offsets) => offsets[row].index()..offsets[row + 1].index(),
            Offsets::Large(offsets) => offsets[row].index()..offsets[row + 1].index(),
            Offsets::Fixed(size) => row * size..(row + 1) * size,
        }
    }
}

macro_rules! list {
    ($($marker:ident = $pattern:pat => $item:ident, $expected:literal;)+) => { $(
        impl<T: Type> Type for $marker<T> {
            type Column<'a> = ListColumn<'a, T>;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, $pattern if T::accepts($item))
            }

            fn expected() -> String {
                format!($expected, T::expected())
            }

            fn view(array: &AnyArray) -> Self::Column<'_> {
                ListColumn::of(array)
            }
        }
    )+ };
}

list! {
    List = DataType::List(item) => item, "list<{}>";
    LargeList = DataType::LargeList(item) => item, "large-list<{}>";
    FixedSizeList = DataType::FixedSizeList(item, _) => item, "fixed-size-list<{}, …>";
}

impl<T: Concrete> Concrete for List<T> {
    fn data_type() -> DataType {
        DataType::List(Box::new(T::data_type()))
    }
}

impl<T: Concrete> Concrete for LargeList<T> {
    fn data_type() -> DataType {
        DataType::LargeList(Box::new(T::data_type()))
    }
}

/// `struct`, of any members.
#[derive(Debug)]
pub enum Struct {}

/// A column of structs: one column for each member, all as long as this one.
#[derive(Clone, Copy, Debug)]
pub struct StructColumn<'a> {
    array: &'a AnyArray,
}

impl Type for Struct {
    type Column<'a> = StructColumn<'a>;

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Struct(_))
    }

    fn expected() -> String {
        "struct".to_owned()
    }

    fn view(array: &AnyArray) -> StructColumn<'_> {
        StructColumn { array }
    }
}

impl<'a> StructColumn<'a> {
    /// The member of a name. [`Fault::Data`] where there is none, or it is of another type.
    pub fn member<T: Type>(self, name: &str) -> Result<T::Column<'a>> {
        let index = self.members().iter().position(|(member, _)| member == name);
        let index = index.ok_or_else(|| Fault::data(format!("{} has no member `{name}`", self.array.data_type)))?;
        self.member_at::<T>(index)
    }

    /// The member at a place in [`members`](Self::members). [`Fault::Data`] where it is of another type.
    pub fn member_at<T: Type>(self, index: usize) -> Result<T::Column<'a>> {
        let member = &self.array.children[index];
        match T::accepts(&member.data_type) {
            true => Ok(T::view(member)),
            false => Err(Fault::data(format!(
                "member `{}` is {}; it must be {}",
                self.members()[index].0,
                member.data_type,
                T::expected()
            ))),
        }
    }

    /// The members' names and types.
    pub fn members(self) -> &'a [(String, DataType)] {
        match &self.array.data_type {
            DataType::Struct(members) => members,
            _ => &[],
        }
    }
}

impl<'a> Rows<'a> for StructColumn<'a> {
    /// The row's place in the members.
    type Item = usize;

    fn len(self) -> usize {
        self.array.len
    }

    fn validity(self) -> Option<Bits<'a>> {
        validity_of(self.array)
    }

    fn value(self, row: usize) -> usize {
        row
    }
}

/// `dictionary<_, T>`, with keys of any integer.
#[derive(Debug)]
pub struct Dictionary<T>(PhantomData<T>);

/// A column whose rows are keys into a column of distinct values.
pub struct DictionaryColumn<'a, T: Type> {
    keys: &'a AnyArray,
    values: T::Column<'a>,
}

impl<T: Type> Clone for DictionaryColumn<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Type> Copy for DictionaryColumn<'_, T> {}

impl<T: Type> Type for Dictionary<T> {
    type Column<'a> = DictionaryColumn<'a, T>;

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Dictionary(_, values) if T::accepts(values))
    }

    fn expected() -> String {
        format!("dictionary<…, {}>", T::expected())
    }

    fn view(array: &AnyArray) -> Self::Column<'_> {
        DictionaryColumn { keys: array, values: T::view(&array.children[0]) }
    }
}

impl<'a, T: Type> DictionaryColumn<'a, T> {
    /// The distinct values.
    pub fn values(self) -> T::Column<'a> {
        self.values
    }

    /// Where the row's value lies in [`values`](Self::values); none for a row that is null itself.
    #[inline]
    pub fn key(self, row: usize) -> Option<usize> {
        let is_null = validity_of(self.keys).is_some_and(|bits| !bits.get(row));
        if is_null { None } else { Some(key_at(self.keys, row)) }
    }

    /// The number of rows.
    pub fn len(self) -> usize {
        self.keys.len
    }

    /// Whether there is no row.
    pub fn is_empty(self) -> bool {
        self.keys.len == 0
    }
}

impl<'a, T: Type<Column<'a>: Rows<'a>>> DictionaryColumn<'a, T> {
    /// The value that the row stands for; none where the row or its value is null.
    #[inline]
    pub fn get(self, row: usize) -> Option<<T::Column<'a> as Rows<'a>>::Item> {
        self.key(row).and_then(|key| self.values.get(key))
    }

    /// All rows in order, resolved.
    pub fn iter(
        self,
    ) -> impl ExactSizeIterator<Item = Option<<T::Column<'a> as Rows<'a>>::Item>> + DoubleEndedIterator {
        (0..self.len()).map(move |row| self.get(row))
    }
}

/// The key of a row of a dictionary, whatever integer it is.
pub(crate) fn key_at(array: &AnyArray, row: usize) -> usize {
    fn read<N: Native>(array: &AnyArray, row: usize) -> N {
        numbers(array.bytes(1), array.len)[row]
    }
    match array.data_type.layout() {
        crate::data_type::Layout::Dictionary(1) => read::<u8>(array, row) as usize,
        crate::data_type::Layout::Dictionary(2) => read::<u16>(array, row) as usize,
        crate::data_type::Layout::Dictionary(4) => read::<u32>(array, row) as usize,
        _ => read::<u64>(array, row) as usize,
    }
}

impl<'a> ListColumn<'a, Any> {
    /// The items as a column of their type; [`Fault::Plugin`] where they are of another.
    pub fn values_as<T: Type>(self) -> Result<T::Column<'a>> {
        AnyColumn::downcast::<T>(self.items)
    }
}
