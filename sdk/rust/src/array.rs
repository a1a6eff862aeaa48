use std::rc::Rc;

use crate::data_type::Layout;
use crate::{DataType, Fault, Result};

/// One array of any type, with its children: what an output is made of.
///
/// It can be handed on, gathered from and nested in others; its values are read through a [`Batch`](crate::Batch) only,
/// because what a step builds is not checked before the host has it. A clone shares the buffers.
#[derive(Clone, Debug)]
pub struct AnyArray {
    pub(crate) data_type: DataType,
    pub(crate) len: usize,
    pub(crate) nulls: usize,
    /// As the contract orders them: the validity bitmap (empty where there are no nulls), then the type's own.
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) children: Vec<AnyArray>,
}

/// An array as it crosses: `array` of the contract.
#[derive(Clone, Debug, Default)]
#[doc(hidden)]
#[allow(unreachable_pub, reason = "the generated bindings have it in a public signature")]
pub struct RawArray {
    /// Rows.
    pub length: u32,
    /// Rows without a value.
    pub null_count: u32,
    /// Bytes in the columnar format's order.
    pub buffers: Vec<Vec<u8>>,
}

impl AnyArray {
    /// What its values are.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of rows without a value.
    pub fn null_count(&self) -> usize {
        self.nulls
    }

    /// `len` rows of a type, none of which has a value.
    pub fn all_null(data_type: DataType, len: usize) -> Self {
        let zeros = |bytes| Buffer::from(vec![0; bytes]);
        let bitmap = if data_type.layout() == Layout::Null { 0 } else { len.div_ceil(8) };
        let buffers = match data_type.layout() {
            Layout::Null => vec![],
            Layout::Bits => vec![zeros(bitmap), zeros(bitmap)],
            Layout::Fixed(width) | Layout::Dictionary(width) => vec![zeros(bitmap), zeros(len * width)],
            Layout::Bytes(width) => vec![zeros(bitmap), zeros((len + 1) * width), zeros(0)],
            Layout::Views => vec![zeros(bitmap), zeros(len * 16)],
            Layout::List(width) => vec![zeros(bitmap), zeros((len + 1) * width)],
            Layout::FixedList(_) | Layout::Struct => vec![zeros(bitmap)],
        };
        let children = data_type.children().into_iter().map(|child| match data_type.layout() {
            Layout::FixedList(items) => Self::all_null(child.clone(), len * items),
            Layout::Struct => Self::all_null(child.clone(), len),
            _ => Self::all_null(child.clone(), 0),
        });
        Self { children: children.collect(), data_type, len, nulls: len, buffers }
    }

    /// The bytes of a buffer. Every type has as many as its layout says (checked in [`AnyArray::lift`]).
    pub(crate) fn bytes(&self, buffer: usize) -> &[u8] {
        self.buffers[buffer].as_slice()
    }

    /// The validity bitmap, where there are nulls.
    pub(crate) fn validity(&self) -> Option<&[u8]> {
        (self.nulls > 0 && !self.buffers.is_empty()).then(|| self.bytes(0))
    }

    /// Takes a column, depth first, out of the arrays that the host sent, and checks that its buffers are as long as its
    /// lengths and last offsets say, so that reading it is a matter of slices.
    pub(crate) fn lift(data_type: &DataType, arrays: &mut impl Iterator<Item = RawArray>) -> Result<Self> {
        let raw = arrays.next().ok_or_else(|| Fault::plugin("the host sent too few arrays"))?;
        let children = data_type.children().into_iter().map(|child| Self::lift(child, arrays));
        let children = children.collect::<Result<Vec<_>>>()?;
        let buffers = raw.buffers.into_iter().map(Buffer::from).collect();
        let (len, nulls) = (raw.length as usize, raw.null_count as usize);
        let mut array = Self { data_type: data_type.clone(), len, nulls, buffers, children };
        match array.settle() {
            true => Ok(array),
            false => Err(Fault::plugin(format!("the host sent a {data_type} whose buffers do not fit its length"))),
        }
    }

    /// Puts the array, depth first, where it crosses from.
    pub(crate) fn lower(self, arrays: &mut Vec<RawArray>) {
        let buffers = self.buffers.into_iter().map(Buffer::into_vec).collect();
        arrays.push(RawArray { length: self.len as u32, null_count: self.nulls as u32, buffers });
        self.children.into_iter().for_each(|child| child.lower(arrays));
    }

    /// Aligns the buffers for their type; says whether their lengths fit.
    fn settle(&mut self) -> bool {
        let (len, layout) = (self.len, self.data_type.layout());
        if layout == Layout::Null {
            return self.buffers.is_empty();
        }
        let nulls_fit = self.nulls == 0 || (self.nulls <= len && self.has(0, len.div_ceil(8)));
        nulls_fit && !self.buffers.is_empty() && self.settle_values(layout)
    }

    fn settle_values(&mut self, layout: Layout) -> bool {
        let len = self.len;
        match layout {
            Layout::Null => true,
            Layout::Bits => self.has(1, len.div_ceil(8)),
            Layout::Fixed(width) | Layout::Dictionary(width) => self.align(width) && self.has(1, len * width),
            Layout::Bytes(width) => self.settle_offsets(width).is_some_and(|end| self.has(2, end)),
            Layout::Views => self.has(1, len * 16),
            Layout::List(width) => self.settle_offsets(width).is_some_and(|end| self.children[0].len >= end),
            Layout::FixedList(items) => self.children[0].len == len * items,
            Layout::Struct => self.children.iter().all(|child| child.len == len),
        }
    }

    /// The last offset. No row needs no offset, but a reader is glad of the first one.
    fn settle_offsets(&mut self, width: usize) -> Option<usize> {
        if self.len == 0 && self.buffers.get(1)?.as_slice().is_empty() {
            self.buffers[1] = Buffer::from(vec![0; width]);
        }
        let fits = self.align(width) && self.has(1, (self.len + 1) * width);
        let last = fits.then(|| &self.bytes(1)[self.len * width..(self.len + 1) * width])?;
        match width {
            4 => usize::try_from(i32::from_le_bytes(last.try_into().ok()?)).ok(),
            _ => usize::try_from(i64::from_le_bytes(last.try_into().ok()?)).ok(),
        }
    }

    fn align(&mut self, width: usize) -> bool {
        match self.buffers.get_mut(1) {
            Some(buffer) => buffer.align(if width.is_power_of_two() { width.min(16) } else { 1 }),
            None => return false,
        }
        true
    }

    fn has(&self, buffer: usize, bytes: usize) -> bool {
        self.buffers.get(buffer).is_some_and(|buffer| buffer.as_slice().len() >= bytes)
    }
}

/// Bytes that arrays share. They begin where the type's alignment wants it.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    bytes: Rc<Vec<u8>>,
    start: usize,
}

impl Buffer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Copies the bytes to an aligned place where they are not at one. In a guest only `decimal128` ever is not: the
    /// allocator gives 8 bytes of alignment.
    fn align(&mut self, alignment: usize) {
        let bytes = self.as_slice();
        if bytes.as_ptr().align_offset(alignment) == 0 {
            return;
        }
        let mut copy: Vec<u8> = Vec::with_capacity(bytes.len() + alignment);
        let start = copy.as_ptr().align_offset(alignment);
        copy.resize(start, 0);
        copy.extend_from_slice(bytes);
        *self = Self { bytes: Rc::new(copy), start };
    }

    /// The bytes themselves; a copy where another array has them too.
    fn into_vec(self) -> Vec<u8> {
        let Self { bytes, start } = self;
        let mut bytes = Rc::unwrap_or_clone(bytes);
        bytes.drain(..start);
        bytes
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: Rc::new(bytes), start: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{AnyArray, Buffer, RawArray};
    use crate::{Any, DataType, Decimal128, Rows, Type};

    #[test]
    fn misaligned_buffers_are_moved_and_leave_without_their_padding() {
        for start in 0..16 {
            let mut bytes = vec![0; start];
            bytes.extend(0..32);
            let mut buffer = Buffer { bytes: bytes.into(), start };
            buffer.align(16);
            assert_eq!(buffer.as_slice().as_ptr().align_offset(16), 0);
            assert_eq!(buffer.into_vec(), (0..32).collect::<Vec<u8>>());
        }
    }

    fn lift(data_type: &str, arrays: &[(u32, u32, &[usize])]) -> bool {
        let raw = |&(length, null_count, sizes): &(u32, u32, &[usize])| RawArray {
            length,
            null_count,
            buffers: sizes.iter().map(|&size| vec![0; size]).collect(),
        };
        let data_type: DataType = data_type.parse().unwrap();
        AnyArray::lift(&data_type, &mut arrays.iter().map(raw)).is_ok()
    }

    #[test]
    fn buffers_that_are_too_short_are_refused() {
        assert!(lift("int64", &[(3, 0, &[0, 24])]));
        assert!(lift("int64", &[(3, 1, &[1, 24])]));
        assert!(lift("utf8", &[(0, 0, &[0, 0, 0])]));
        assert!(lift("null", &[(7, 7, &[])]));
        assert!(lift("list<utf8>", &[(1, 0, &[0, 8]), (0, 0, &[0, 4, 0])]));
        for (data_type, arrays) in [
            ("int64", &[(3, 0, &[0, 23][..])][..]),
            ("int64", &[(9, 1, &[1, 72])]),
            ("int64", &[(3, 4, &[1, 24])]),
            ("int64", &[(0, 0, &[])]),
            ("bool", &[(9, 0, &[0, 1])]),
            ("utf8", &[(1, 0, &[0, 4, 0])]),
            ("utf8", &[(1, 0, &[0, 8])]),
            ("utf8-view", &[(1, 0, &[0, 8])]),
            ("decimal128<38, 0>", &[(1, 0, &[0, 8])]),
            ("null", &[(0, 0, &[0])]),
            ("list<utf8>", &[(1, 0, &[0, 8])]),
            ("struct<a: int8>", &[(2, 0, &[0]), (1, 0, &[0, 1])]),
            ("fixed-size-list<int8, 2>", &[(2, 0, &[0]), (3, 0, &[0, 3])]),
        ] {
            assert!(!lift(data_type, arrays), "{data_type} {arrays:?}");
        }
    }

    #[test]
    fn offsets_beyond_the_values_are_refused() {
        let buffers = vec![vec![], [0_i32, 5].into_iter().flat_map(i32::to_le_bytes).collect(), vec![b'a'; 4]];
        let raw = RawArray { length: 1, null_count: 0, buffers };
        assert!(AnyArray::lift(&DataType::Utf8, &mut [raw].into_iter()).is_err());
    }

    #[test]
    fn decimals_are_read_wherever_they_lie() {
        let raw = RawArray { length: 1, null_count: 0, buffers: vec![vec![], (-5_i128).to_le_bytes().to_vec()] };
        let array = AnyArray::lift(&DataType::Decimal128(38, 0), &mut [raw].into_iter()).unwrap();
        assert_eq!(Any::view(&array).downcast::<Decimal128>().unwrap().get(0), Some(-5));
    }
}
