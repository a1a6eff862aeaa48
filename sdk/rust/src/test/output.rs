use crate::{Any, AnyArray, DataType, Rejection, Rows, Type};

/// What a step answered, checked.
#[derive(Clone, Debug)]
pub struct TestOutput {
    pub(super) len: usize,
    pub(super) columns: Vec<(String, AnyArray)>,
    pub(super) rows: Option<Vec<u32>>,
    pub(super) rejected: Vec<Rejection>,
}

impl TestOutput {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A column to read. Panics where it is missing or of another type.
    pub fn column<T: Type>(&self, name: &str) -> T::Column<'_> {
        find::<T>(&self.columns, name)
    }

    /// The values of a column. Panics where it is missing or of another type.
    pub fn values<'a, T: Type<Column<'a>: Rows<'a>>>(
        &'a self,
        name: &str,
    ) -> Vec<Option<<T::Column<'a> as Rows<'a>>::Item>> {
        self.column::<T>(name).iter().collect()
    }

    /// The type of a column. Panics where it is missing.
    pub fn data_type(&self, name: &str) -> &DataType {
        self.column::<Any>(name).data_type()
    }

    /// A column, for another batch. Panics where it is missing.
    pub fn array(&self, name: &str) -> AnyArray {
        self.column::<Any>(name).array().clone()
    }

    /// Where the rows came from, if the step says so.
    pub fn rows(&self) -> Option<&[u32]> {
        self.rows.as_deref()
    }

    /// The rows that are left to the quarantine.
    pub fn rejected(&self) -> &[Rejection] {
        &self.rejected
    }
}

#[expect(clippy::panic, reason = "a test is told what is wrong with it")]
pub(super) fn find<'a, T: Type>(columns: &'a [(String, AnyArray)], name: &str) -> T::Column<'a> {
    let Some((_, array)) = columns.iter().find(|(column, _)| column == name) else {
        panic!("there is no column `{name}`");
    };
    assert!(T::accepts(&array.data_type), "column `{name}` is {}, not {}", array.data_type, T::expected());
    T::view(array)
}
