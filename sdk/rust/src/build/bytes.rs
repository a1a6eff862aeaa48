use std::marker::PhantomData;

use super::{Build, assemble, rows_of_offsets, validity_of_parts};
use crate::bitmap::Validity;
use crate::column::{Bytes, Offset};
use crate::{AnyArray, Bitmap, DataType, Result};

/// Builds a column of text (`V` is `str`) or bytes (`V` is `[u8]`) that lie one behind the other.
///
/// Three ways to add a row, from plain to fast: [`push`](Self::push) a value, write it in place with
/// [`append_with`](Self::append_with), or write into [`values_mut`](Self::values_mut) and
/// [`finish_row`](Self::finish_row). Whole columns that were made in bulk: [`from_parts`](Self::from_parts).
#[derive(Clone, Debug)]
pub struct BytesBuilder<O, V: Bytes + ?Sized> {
    offsets: Vec<O>,
    values: V::Owned,
    validity: Validity,
}

/// Builds a column of `utf8`.
pub type Utf8Builder = BytesBuilder<i32, str>;
/// Builds a column of `large-utf8`.
pub type LargeUtf8Builder = BytesBuilder<i64, str>;
/// Builds a column of `binary`.
pub type BinaryBuilder = BytesBuilder<i32, [u8]>;
/// Builds a column of `large-binary`.
pub type LargeBinaryBuilder = BytesBuilder<i64, [u8]>;

impl<O: Offset, V: Bytes + ?Sized> BytesBuilder<O, V> {
    /// No rows.
    pub fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// No rows, with room for some, and for the bytes of all their values together.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(O::at(0));
        Self { offsets, values: V::with_capacity(bytes), validity: Validity::default() }
    }

    /// All rows at once: row `i` is `values[offsets[i]..offsets[i + 1]]`, and null where `validity` has a 0.
    ///
    /// [`Fault::Plugin`](crate::Fault) where the offsets do not lead from 0 to the end of the values, or the bitmap is
    /// not as long as the rows. That offsets grow and text is UTF-8 the host checks.
    pub fn from_parts(offsets: Vec<O>, values: Vec<u8>, validity: Option<Bitmap>) -> Result<AnyArray> {
        let rows = rows_of_offsets(&offsets, values.len())?;
        let validity = validity_of_parts(validity, rows)?;
        Ok(finish::<O, V>(offsets, values, validity))
    }

    /// One row more.
    #[inline]
    pub fn push(&mut self, value: Option<impl AsRef<V>>) {
        match value {
            Some(value) => self.push_value(value.as_ref()),
            None => self.push_null(),
        }
    }

    /// One row more, not null.
    #[inline]
    pub fn push_value(&mut self, value: &V) {
        value.append(&mut self.values);
        self.finish_row();
    }

    /// One null more.
    pub fn push_null(&mut self) {
        self.offsets.push(O::at(self.values.as_ref().len()));
        self.validity.push(false);
    }

    /// One row more, which `write` puts behind what the buffer holds. Panics where it made the buffer shorter.
    #[inline]
    pub fn append_with(&mut self, write: impl FnOnce(&mut V::Owned)) {
        write(&mut self.values);
        self.finish_row();
    }

    /// The buffer of all values, to write the next row behind what it holds.
    pub fn values_mut(&mut self) -> &mut V::Owned {
        &mut self.values
    }

    /// Ends a row that was written into [`values_mut`](Self::values_mut). Panics where the buffer is shorter than when
    /// the last row ended.
    #[inline]
    pub fn finish_row(&mut self) {
        let end = self.values.as_ref().len();
        assert!(self.offsets.last().is_some_and(|last| last.index() <= end), "a row took bytes away from those before");
        self.offsets.push(O::at(end));
        self.validity.push(true);
    }
}

impl<O: Offset, V: Bytes + ?Sized> Default for BytesBuilder<O, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: Offset, V: Bytes + ?Sized> Build for BytesBuilder<O, V> {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn build(self) -> AnyArray {
        finish::<O, V>(self.offsets, V::into_bytes(self.values), self.validity)
    }
}

impl<O: Offset, V: Bytes + ?Sized, S: AsRef<V>> FromIterator<Option<S>> for BytesBuilder<O, V> {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(rows: I) -> Self {
        let rows = rows.into_iter();
        let mut builder = Self::with_capacity(rows.size_hint().0, 0);
        rows.for_each(|row| builder.push(row));
        builder
    }
}

fn finish<O: Offset, V: Bytes + ?Sized>(offsets: Vec<O>, values: Vec<u8>, validity: Validity) -> AnyArray {
    let data_type = match size_of::<O>() {
        4 => V::SMALL,
        _ => V::LARGE,
    };
    assemble(data_type, validity, vec![bytemuck::cast_slice(&offsets).to_vec(), values], vec![])
}

/// Builds a column of `utf8-view` (`V` is `str`) or `binary-view` (`V` is `[u8]`).
#[derive(Clone, Debug)]
pub struct ViewBuilder<V: ?Sized> {
    views: Vec<[u8; 16]>,
    /// Values of more than 12 bytes; a buffer holds at most 2 GiB.
    values: Vec<u8>,
    validity: Validity,
    of: PhantomData<V>,
}

/// Builds a column of `utf8-view`.
pub type Utf8ViewBuilder = ViewBuilder<str>;
/// Builds a column of `binary-view`.
pub type BinaryViewBuilder = ViewBuilder<[u8]>;

impl<V: Bytes + ?Sized> ViewBuilder<V> {
    /// No rows.
    pub fn new() -> Self {
        Self { views: Vec::new(), values: Vec::new(), validity: Validity::default(), of: PhantomData }
    }

    /// One row more.
    pub fn push(&mut self, value: Option<impl AsRef<V>>) {
        match &value {
            Some(value) => self.push_bytes(value.as_ref().as_ref()),
            None => self.views.push([0; 16]),
        }
        self.validity.push(value.is_some());
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        let mut view = [0; 16];
        view[..4].copy_from_slice(&i32::at(bytes.len()).to_le_bytes());
        if bytes.len() <= 12 {
            view[4..4 + bytes.len()].copy_from_slice(bytes);
        } else {
            view[4..8].copy_from_slice(&bytes[..4]);
            view[12..].copy_from_slice(&i32::at(self.values.len()).to_le_bytes());
            self.values.extend_from_slice(bytes);
        }
        self.views.push(view);
    }
}

impl<V: Bytes + ?Sized> Default for ViewBuilder<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Bytes + ?Sized> Build for ViewBuilder<V> {
    fn len(&self) -> usize {
        self.views.len()
    }

    fn build(self) -> AnyArray {
        let variadic = Some(self.values).filter(|values| !values.is_empty());
        let buffers = [self.views.into_flattened()].into_iter().chain(variadic).collect();
        assemble(V::VIEW, self.validity, buffers, vec![])
    }
}

impl<V: Bytes + ?Sized, S: AsRef<V>> FromIterator<Option<S>> for ViewBuilder<V> {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(rows: I) -> Self {
        let mut builder = Self::new();
        rows.into_iter().for_each(|row| builder.push(row));
        builder
    }
}

/// Builds a column of `fixed-size-binary`.
#[derive(Clone, Debug)]
pub struct FixedSizeBinaryBuilder {
    values: Vec<u8>,
    size: u32,
    validity: Validity,
}

impl FixedSizeBinaryBuilder {
    /// No rows, each of which is to have `size` bytes.
    pub fn new(size: u32) -> Self {
        Self { values: Vec::new(), size, validity: Validity::default() }
    }

    /// One row more. Panics where the value is not of the size.
    pub fn push(&mut self, value: Option<impl AsRef<[u8]>>) {
        let size = self.size as usize;
        match &value {
            Some(value) => self.values.extend_from_slice(value.as_ref()),
            None => self.values.resize(self.values.len() + size, 0),
        }
        self.validity.push(value.is_some());
        assert!(self.values.len() == self.validity.len() * size, "every value must have {size} bytes");
    }
}

impl Build for FixedSizeBinaryBuilder {
    fn len(&self) -> usize {
        self.validity.len()
    }

    fn build(self) -> AnyArray {
        assemble(DataType::FixedSizeBinary(self.size), self.validity, vec![self.values], vec![])
    }
}
