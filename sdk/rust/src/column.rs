//! Columns that are read: typed views of the buffers that the host sent.

mod any;
mod bytes;
mod nested;
mod primitive;

pub use any::{Any, AnyColumn};
pub use bytes::{
    Binary, BinaryColumn, BinaryView, Bytes, BytesColumn, FixedSizeBinary, FixedSizeBinaryColumn, LargeBinary,
    LargeBinaryColumn, LargeUtf8, LargeUtf8Column, Offset, Utf8, Utf8Column, Utf8View, ViewColumn,
};
pub use nested::{
    Dictionary, DictionaryColumn, FixedSizeList, LargeList, List, ListColumn, Offsets, Struct, StructColumn,
};
pub use primitive::{
    Bool, BoolColumn, Date32, Date64, Decimal128, Duration, F16, Float16, Float32, Float64, Int8, Int16, Int32, Int64,
    Native, Null, NullColumn, PrimitiveColumn, Time32, Time64, Timestamp, UInt8, UInt16, UInt32, UInt64,
};

pub(crate) use nested::key_at;
pub(crate) use primitive::numbers;

use crate::{AnyArray, Bits, DataType};

/// A column type of the data, as a marker: [`Utf8`], [`Int64`], [`List<Utf8>`](List), [`Any`].
pub trait Type: 'static {
    /// What reads such a column.
    type Column<'a>: Copy;

    /// Whether a column of the data is of this type.
    fn accepts(data_type: &DataType) -> bool;

    /// The type in words, for an error: `utf8`, `list<int64>`.
    fn expected() -> String;

    /// The reader of an array whose type is accepted.
    #[doc(hidden)]
    fn view(array: &AnyArray) -> Self::Column<'_>;
}

/// A column type that is settled by its marker alone, so that an output can be declared by it.
pub trait Concrete: Type {
    /// The type.
    fn data_type() -> DataType;
}

/// What all typed columns can: rows by index and in order. `row` is less than [`len`](Rows::len) throughout; more panics.
pub trait Rows<'a>: Copy + 'a {
    /// A row's value.
    type Item;

    /// The number of rows.
    fn len(self) -> usize;

    /// The validity bitmap (1 = has a value); none where no row is null.
    fn validity(self) -> Option<Bits<'a>>;

    /// The value at a row as if the row were not null: the fast path where there are no nulls. What a null's place holds
    /// is any value of the type.
    fn value(self, row: usize) -> Self::Item;

    /// Whether there is no row.
    fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether the row has no value.
    #[inline]
    fn is_null(self, row: usize) -> bool {
        self.validity().is_some_and(|bits| !bits.get(row))
    }

    /// The value at a row; none for a null.
    #[inline]
    fn get(self, row: usize) -> Option<Self::Item> {
        if self.is_null(row) { None } else { Some(self.value(row)) }
    }

    /// All rows in order.
    #[inline]
    fn iter(self) -> impl ExactSizeIterator<Item = Option<Self::Item>> + DoubleEndedIterator + 'a {
        (0..self.len()).map(move |row| self.get(row))
    }
}

/// The bits of an array's validity.
fn validity_of(array: &AnyArray) -> Option<Bits<'_>> {
    array.validity().map(|bytes| Bits::new(bytes, array.len))
}
