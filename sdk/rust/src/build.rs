//! Columns that are made.

mod bytes;
mod nested;
mod primitive;

pub use bytes::{
    BinaryBuilder, BinaryViewBuilder, BytesBuilder, FixedSizeBinaryBuilder, LargeBinaryBuilder, LargeUtf8Builder,
    Utf8Builder, Utf8ViewBuilder, ViewBuilder,
};
pub use nested::{LargeListBuilder, ListBuilder, StructBuilder, dictionary, fixed_size_list};
pub use primitive::*;

use crate::array::Buffer;
use crate::bitmap::Validity;
use crate::{AnyArray, Bitmap, DataType, Fault, Result};

/// What an output column is made of: every builder, and what is a column already.
pub trait Build {
    /// The number of rows so far.
    fn len(&self) -> usize;

    /// Whether there is no row yet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The finished array.
    fn build(self) -> AnyArray;
}

impl Build for AnyArray {
    fn len(&self) -> usize {
        self.len
    }

    fn build(self) -> AnyArray {
        self
    }
}

/// An array of its parts; the bitmap goes before the other buffers.
pub(crate) fn assemble(
    data_type: DataType,
    validity: Validity,
    buffers: Vec<Vec<u8>>,
    children: Vec<AnyArray>,
) -> AnyArray {
    let (len, nulls) = (validity.len(), validity.nulls());
    let buffers = [validity.into_bytes()].into_iter().chain(buffers).map(Buffer::from).collect();
    AnyArray { data_type, len, nulls, buffers, children }
}

/// The validity of parts that an author has made; [`Fault::Plugin`] where the bitmap has another length.
fn validity_of_parts(bitmap: Option<Bitmap>, len: usize) -> Result<Validity> {
    match bitmap {
        Some(bitmap) if bitmap.len() != len => {
            Err(Fault::plugin(format!("a validity bitmap of {} bits for {len} rows", bitmap.len())))
        }
        bitmap => Ok(Validity::new(bitmap, len)),
    }
}

/// The rows between offsets that begin at 0 and end at `end`; else [`Fault::Plugin`].
fn rows_of_offsets<O: crate::column::Offset>(offsets: &[O], end: usize) -> Result<usize> {
    match offsets {
        [first, .., last] if first.index() == 0 && last.index() == end => Ok(offsets.len() - 1),
        [only] if only.index() == 0 && end == 0 => Ok(0),
        _ => Err(Fault::plugin(format!("offsets must lead from 0 to the end of the values, {end}"))),
    }
}
