//! Host to guest.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;

use crate::contract::v0_1::{ArrayParam, BatchParam};

/// Arrays flattened depth first into the contract's form; holds the buffers alive while a call borrows them.
pub(crate) struct Lowered {
    rows: u32,
    arrays: Vec<Flat>,
}

struct Flat {
    length: u32,
    null_count: u32,
    buffers: Vec<Buffer>,
}

impl Lowered {
    /// Flattens columns of `rows` rows each. Cheap: slices, no copies, but where a slice begins in mid-byte.
    pub(crate) fn new(rows: u32, columns: &[ArrayRef]) -> Self {
        let mut lowered = Self { rows, arrays: Vec::with_capacity(columns.len()) };
        for column in columns {
            lowered.push(&compact_views(column).to_data());
        }
        lowered
    }

    /// Bytes that will cross.
    pub(crate) fn bytes(&self) -> usize {
        self.arrays.iter().flat_map(|array| &array.buffers).map(Buffer::len).sum()
    }

    /// A digest of what will cross (XXH3, 64 bits), for what is to hang on the input.
    pub(crate) fn digest(&self, seed: u64) -> u64 {
        let mut digest = xxhash_rust::xxh3::Xxh3::with_seed(seed);
        digest.update(&self.rows.to_le_bytes());
        for array in &self.arrays {
            digest.update(&array.length.to_le_bytes());
            for buffer in &array.buffers {
                digest.update(&(buffer.len() as u64).to_le_bytes());
                digest.update(buffer);
            }
        }
        digest.digest()
    }

    /// Calls `f` with the batch as the bindings want it: borrowed, all the way down.
    pub(crate) fn with<R>(&self, f: impl FnOnce(BatchParam<'_>) -> R) -> R {
        let slices = self.slices();
        f(BatchParam { length: self.rows, arrays: &self.arrays(&slices) })
    }

    /// The buffers of each array, for [`arrays`](Self::arrays).
    pub(crate) fn slices(&self) -> Vec<Vec<&[u8]>> {
        self.arrays.iter().map(|array| array.buffers.iter().map(Buffer::as_slice).collect()).collect()
    }

    /// The arrays of a batch.
    pub(crate) fn arrays<'a>(&self, slices: &'a [Vec<&'a [u8]>]) -> Vec<ArrayParam<'a>> {
        let param = |(array, buffers): (&Flat, &'a Vec<&'a [u8]>)| ArrayParam {
            length: array.length,
            null_count: array.null_count,
            buffers,
        };
        self.arrays.iter().zip(slices).map(param).collect()
    }

    fn push(&mut self, data: &ArrayData) {
        let at = self.arrays.len();
        self.arrays.push(Flat { length: length(data), null_count: 0, buffers: Vec::new() });
        let mut buffers = Vec::with_capacity(3);
        if *data.data_type() != DataType::Null {
            let (null_count, validity) = validity(data.nulls());
            self.arrays[at].null_count = null_count;
            buffers.push(validity);
        }
        self.push_values(data, &mut buffers);
        self.arrays[at].buffers = buffers;
    }

    fn push_values(&mut self, data: &ArrayData, buffers: &mut Vec<Buffer>) {
        let (offset, len) = (data.offset(), data.len());
        match data.data_type() {
            DataType::Null => {}
            DataType::Boolean => buffers.push(bits(&BooleanBuffer::new(data.buffers()[0].clone(), offset, len))),
            DataType::Utf8 | DataType::Binary => bytes_of::<i32>(data, buffers),
            DataType::LargeUtf8 | DataType::LargeBinary => bytes_of::<i64>(data, buffers),
            DataType::Utf8View | DataType::BinaryView => {
                buffers.push(data.buffers()[0].slice_with_length(offset * 16, len * 16));
                buffers.extend_from_slice(&data.buffers()[1..]);
            }
            DataType::List(_) => self.list_of::<i32>(data, buffers),
            DataType::LargeList(_) => self.list_of::<i64>(data, buffers),
            DataType::FixedSizeList(_, size) => {
                let size = *size as usize;
                self.push(&data.child_data()[0].slice(offset * size, len * size));
            }
            DataType::Struct(_) => data.child_data().iter().for_each(|child| self.push(&child.slice(offset, len))),
            DataType::Dictionary(key, _) => {
                buffers.push(fixed_width(data, key.primitive_width().unwrap_or(0)));
                self.push(&data.child_data()[0]);
            }
            DataType::FixedSizeBinary(size) => buffers.push(fixed_width(data, *size as usize)),
            other => buffers.push(fixed_width(data, other.primitive_width().unwrap_or(0))),
        }
    }

    fn list_of<O: Offset>(&mut self, data: &ArrayData, buffers: &mut Vec<Buffer>) {
        let (offsets, first, last) = offsets_from_zero::<O>(data);
        buffers.push(offsets);
        self.push(&data.child_data()[0].slice(first, last - first));
    }
}

/// A sliced view array drags all its data buffers along; rewritten where it uses less than half of them.
fn compact_views(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => {
            let views = column.as_string_view();
            let held: usize = views.data_buffers().iter().map(Buffer::len).sum();
            if held > 2 * views.total_buffer_bytes_used() { std::sync::Arc::new(views.gc()) } else { column.clone() }
        }
        DataType::BinaryView => {
            let views = column.as_binary_view();
            let held: usize = views.data_buffers().iter().map(Buffer::len).sum();
            if held > 2 * views.total_buffer_bytes_used() { std::sync::Arc::new(views.gc()) } else { column.clone() }
        }
        _ => column.clone(),
    }
}

fn length(data: &ArrayData) -> u32 {
    // Batches are bounded far below this where they are made (`source`, `worker`).
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

fn validity(nulls: Option<&NullBuffer>) -> (u32, Buffer) {
    match nulls {
        Some(nulls) if nulls.null_count() > 0 => (nulls.null_count() as u32, bits(nulls.inner())),
        _ => (0, Buffer::from_vec(Vec::<u8>::new())),
    }
}

fn bits(bits: &BooleanBuffer) -> Buffer {
    // `sliced` starts at bit 0 and copies only where the slice does not begin on a byte.
    bits.sliced().slice_with_length(0, bits.len().div_ceil(8))
}

fn fixed_width(data: &ArrayData, width: usize) -> Buffer {
    data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width)
}

trait Offset: ArrowNativeType + std::ops::Sub<Output = Self> {}
impl Offset for i32 {}
impl Offset for i64 {}

fn bytes_of<O: Offset>(data: &ArrayData, buffers: &mut Vec<Buffer>) {
    let (offsets, first, last) = offsets_from_zero::<O>(data);
    buffers.push(offsets);
    buffers.push(data.buffers()[1].slice_with_length(first, last - first));
}

/// The offsets, first one 0; and where in the values the array begins and ends.
fn offsets_from_zero<O: Offset>(data: &ArrayData) -> (Buffer, usize, usize) {
    if data.is_empty() {
        return (Buffer::from_vec(vec![O::default()]), 0, 0);
    }
    let offsets = ScalarBuffer::<O>::new(data.buffers()[0].clone(), data.offset(), data.len() + 1);
    let (first, last) = (offsets[0], offsets[data.len()]);
    let from_zero = if first.as_usize() == 0 {
        offsets.inner().clone()
    } else {
        Buffer::from_vec(offsets.iter().map(|offset| *offset - first).collect::<Vec<O>>())
    };
    (from_zero, first.as_usize(), last.as_usize())
}
