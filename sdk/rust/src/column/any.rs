use crate::column::{Type, validity_of};
use crate::{AnyArray, Bits, Build, DataType, Fault, Result};

/// Marks a column of any type, for steps that move values without looking into them.
#[derive(Debug)]
pub enum Any {}

impl Type for Any {
    type Column<'a> = AnyColumn<'a>;

    fn accepts(data_type: &DataType) -> bool {
        !matches!(data_type, DataType::Other(_))
    }

    fn expected() -> String {
        "of a type that this plugin can read".to_owned()
    }

    fn view(array: &AnyArray) -> AnyColumn<'_> {
        AnyColumn { array }
    }
}

/// A column of any type. As an output it is handed on as it is, without a copy.
#[derive(Clone, Copy, Debug)]
pub struct AnyColumn<'a> {
    array: &'a AnyArray,
}

impl<'a> AnyColumn<'a> {
    /// What the values are.
    pub fn data_type(self) -> &'a DataType {
        &self.array.data_type
    }

    /// The number of rows.
    pub fn len(self) -> usize {
        self.array.len
    }

    /// Whether there is no row.
    pub fn is_empty(self) -> bool {
        self.array.len == 0
    }

    /// Whether the row has no value.
    pub fn is_null(self, row: usize) -> bool {
        match self.array.data_type {
            DataType::Null => true,
            _ => self.validity().is_some_and(|bits| !bits.get(row)),
        }
    }

    /// The validity bitmap (1 = has a value); none where no row is null, and for the type `null`.
    pub fn validity(self) -> Option<Bits<'a>> {
        validity_of(self.array)
    }

    /// The typed column, where it is of that type; else [`Fault::Plugin`].
    pub fn downcast<T: Type>(self) -> Result<T::Column<'a>> {
        match T::accepts(self.data_type()) {
            true => Ok(T::view(self.array)),
            false => Err(Fault::plugin(format!("a {} was read as {}", self.data_type(), T::expected()))),
        }
    }

    pub(crate) fn array(self) -> &'a AnyArray {
        self.array
    }
}

impl Build for AnyColumn<'_> {
    fn len(&self) -> usize {
        self.array.len
    }

    fn build(self) -> AnyArray {
        self.array.clone()
    }
}
