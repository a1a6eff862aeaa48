use crate::array::RawArray;
use crate::{Any, AnyArray, AnyColumn, Fault, Field, In, Result, Type};

/// Rows that a step gets: the columns that it took in `open`, and no others. A clone shares the buffers, so that a step
/// may keep a batch for later.
#[derive(Clone, Debug)]
pub struct Batch {
    len: usize,
    columns: Vec<AnyArray>,
}

impl Batch {
    /// The number of rows. For a source: the most rows that are wanted.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A column that was taken in `open`; [`Fault::Plugin`] where that was in another step.
    pub fn column<T: Type>(&self, input: In<T>) -> Result<T::Column<'_>> {
        self.view::<Any>(input.index())?.downcast::<T>()
    }

    /// The same column of whatever type, to gather from or to hand on.
    pub fn any_column<T: Type>(&self, input: In<T>) -> Result<AnyColumn<'_>> {
        self.view::<Any>(input.index())
    }

    /// The same column to put out again as it is, without a copy.
    pub fn take_column<T: Type>(&self, input: In<T>) -> Result<AnyArray> {
        self.view::<Any>(input.index()).map(|column| column.array().clone())
    }

    /// All columns, in the order in which they were taken.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = AnyColumn<'_>> {
        self.columns.iter().map(Any::view)
    }

    /// Takes what the host sent, checked for lengths.
    pub(crate) fn lift(length: u32, arrays: Vec<RawArray>, inputs: &[Field]) -> Result<Self> {
        let len = length as usize;
        let mut arrays = arrays.into_iter();
        let columns = inputs.iter().map(|field| AnyArray::lift(&field.data_type, &mut arrays));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        match arrays.next().is_none() && columns.iter().all(|column| column.len == len) {
            true => Ok(Self { len, columns }),
            false => Err(Fault::plugin("the host sent other columns than were taken")),
        }
    }

    fn view<T: Type>(&self, index: usize) -> Result<T::Column<'_>> {
        let column = self.columns.get(index).map(T::view);
        column.ok_or_else(|| Fault::plugin("a column was read that this step did not take"))
    }
}
