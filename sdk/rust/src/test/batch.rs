use crate::array::RawArray;
use crate::{
    AnyArray, BinaryBuilder, BoolBuilder, Build, Field, Float64Builder, Int32Builder, Int64Builder, Type, Utf8Builder,
    check,
};

/// Columns for a step, by name.
#[derive(Clone, Debug, Default)]
pub struct TestBatch {
    len: Option<usize>,
    columns: Vec<(String, AnyArray)>,
}

/// A batch without columns yet.
pub fn batch() -> TestBatch {
    TestBatch::default()
}

/// A batch of no columns and so many rows: what a source gets.
pub fn rows(len: usize) -> TestBatch {
    TestBatch { len: Some(len), columns: Vec::new() }
}

impl TestBatch {
    /// A column of any type. Panics where it is not as long as those before, or breaks the contract.
    #[must_use]
    #[expect(clippy::panic, reason = "a test is told what is wrong with it")]
    pub fn column(mut self, name: &str, column: impl Build) -> Self {
        let array = column.build();
        if let Err(what) = lengths(&array).and_then(|()| check::array(&array)) {
            panic!("column `{name}` is no column: {what}");
        }
        assert_eq!(*self.len.get_or_insert(array.len), array.len, "column `{name}` has another length");
        self.columns.push((name.to_owned(), array));
        self
    }

    /// A column of `utf8`.
    #[must_use]
    pub fn utf8<S: AsRef<str>>(self, name: &str, rows: impl IntoIterator<Item = Option<S>>) -> Self {
        self.column(name, rows.into_iter().collect::<Utf8Builder>())
    }

    /// A column of `binary`.
    #[must_use]
    pub fn binary<S: AsRef<[u8]>>(self, name: &str, rows: impl IntoIterator<Item = Option<S>>) -> Self {
        self.column(name, rows.into_iter().collect::<BinaryBuilder>())
    }

    /// A column of `bool`.
    #[must_use]
    pub fn bool(self, name: &str, rows: impl IntoIterator<Item = Option<bool>>) -> Self {
        self.column(name, rows.into_iter().collect::<BoolBuilder>())
    }

    /// A column of `int32`.
    #[must_use]
    pub fn int32(self, name: &str, rows: impl IntoIterator<Item = Option<i32>>) -> Self {
        self.column(name, rows.into_iter().collect::<Int32Builder>())
    }

    /// A column of `int64`.
    #[must_use]
    pub fn int64(self, name: &str, rows: impl IntoIterator<Item = Option<i64>>) -> Self {
        self.column(name, rows.into_iter().collect::<Int64Builder>())
    }

    /// A column of `float64`.
    #[must_use]
    pub fn float64(self, name: &str, rows: impl IntoIterator<Item = Option<f64>>) -> Self {
        self.column(name, rows.into_iter().collect::<Float64Builder>())
    }

    /// Names and types of its columns: what `open` sees of the data.
    pub fn fields(&self) -> Vec<Field> {
        self.columns.iter().map(|(name, array)| Field::new(name.as_str(), array.data_type.clone())).collect()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len.unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of a column. Panics where it is missing or of another type.
    pub fn view<T: Type>(&self, name: &str) -> T::Column<'_> {
        super::output::find::<T>(&self.columns, name)
    }

    /// The arrays of some columns as they cross. Panics where one is missing.
    pub(super) fn raw(&self, fields: &[Field]) -> Vec<RawArray> {
        let mut arrays = Vec::new();
        for field in fields {
            let column = self.columns.iter().find(|(name, _)| *name == field.name);
            let (_, array) = column.expect("the batch has the columns that the step was opened for");
            assert_eq!(array.data_type, field.data_type, "column `{}` is not of the type of `open`", field.name);
            array.clone().lower(&mut arrays);
        }
        arrays
    }
}

/// Whether the buffers of a built array are as long as it says.
fn lengths(array: &AnyArray) -> Result<(), String> {
    let mut arrays = Vec::new();
    array.clone().lower(&mut arrays);
    AnyArray::lift(&array.data_type, &mut arrays.into_iter()).map(|_| ()).map_err(|fault| fault.to_string())
}
