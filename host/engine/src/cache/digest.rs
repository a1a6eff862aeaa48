//! What columns hold, as 32 bytes: the same for the same types and values, however the arrays are sliced, encoded in
//! dictionaries or runs, and whatever lies under their nulls. BLAKE3, because a guest may have chosen the values.

use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryViewType, ByteArrayType, ByteViewType, GenericBinaryType, GenericStringType};
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType, StringViewType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, GenericListArray, GenericListViewArray, OffsetSizeTrait, UInt64Array, UnionArray,
};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, ToByteSlice};
use arrow_schema::{ArrowError, DataType, UnionFields};
use arrow_select::filter::filter;
use arrow_select::take::take;

use super::types::type_text;
use super::{InputKey, hash_part};
use crate::error::Result;
use crate::worker::arrow;

/// Bytes that are gathered before they are hashed: BLAKE3 is fast over many at a time.
const GATHERED: usize = 64 << 10;

/// Digest of the columns' types and values. `before` chains it to what a step that remembers was given before.
///
/// 1.5 GB/s over 512 KiB of text, 2.0 over as much in numbers, 1.2 over 32 KiB, where BLAKE3 alone makes 2.1 to 3.0 (a core
/// of a machine that was three times overloaded).
pub(crate) fn digest_columns(rows: usize, columns: &[ArrayRef], before: Option<&InputKey>) -> Result<InputKey> {
    let mut digest = Digest::new("stillroom 2026 columns of a step's input");
    digest.bytes(&[u8::from(before.is_some())]);
    digest.bytes(before.map_or(&[], |key| &key.0));
    digest.number(rows as u64);
    digest.number(columns.len() as u64);
    for column in columns {
        hash_part(&mut digest.hasher, type_text(column.data_type()).as_bytes());
        digest.number(column.len() as u64);
        digest.array(column.as_ref()).map_err(arrow)?;
    }
    Ok(InputKey(digest.finish()))
}

/// Takes arrays in, so that what was taken in can be told apart from anything else by reading it from the front.
struct Digest {
    hasher: blake3::Hasher,
}

impl Digest {
    fn new(purpose: &str) -> Self {
        Self { hasher: blake3::Hasher::new_derive_key(purpose) }
    }

    fn finish(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn bits(&mut self, bits: &BooleanBuffer) {
        let words: Vec<u64> = bits.bit_chunks().iter_padded().collect();
        self.bytes(words.to_byte_slice());
    }

    /// Which rows are null, and then those that are not: what lies under a null is nobody's.
    fn array(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        match array.data_type() {
            DataType::Null => return Ok(()),
            DataType::Dictionary(..) => return self.dictionary(array),
            DataType::RunEndEncoded(ends, _) => {
                return match ends.data_type() {
                    DataType::Int16 => self.runs::<Int16Type>(array),
                    DataType::Int32 => self.runs::<Int32Type>(array),
                    _ => self.runs::<Int64Type>(array),
                };
            }
            DataType::Union(fields, _) => return self.union(array.as_union(), fields),
            _ => {}
        }
        let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
            self.bytes(&[0]);
            return self.values(array);
        };
        self.bytes(&[1]);
        self.bits(nulls.inner());
        let present = filter(array, &BooleanArray::new(nulls.inner().clone(), None))?;
        self.values(present.as_ref())
    }

    /// An array without nulls.
    fn values(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        match array.data_type() {
            DataType::Boolean => self.bits(array.as_boolean().values()),
            DataType::Utf8 => self.texts::<GenericStringType<i32>>(array),
            DataType::LargeUtf8 => self.texts::<GenericStringType<i64>>(array),
            DataType::Binary => self.texts::<GenericBinaryType<i32>>(array),
            DataType::LargeBinary => self.texts::<GenericBinaryType<i64>>(array),
            DataType::Utf8View => self.views::<StringViewType>(array),
            DataType::BinaryView => self.views::<BinaryViewType>(array),
            DataType::List(_) => return self.list(array.as_list::<i32>()),
            DataType::LargeList(_) => return self.list(array.as_list::<i64>()),
            DataType::ListView(_) => return self.list_view(array.as_list_view::<i32>()),
            DataType::LargeListView(_) => return self.list_view(array.as_list_view::<i64>()),
            DataType::Map(..) => {
                let map = array.as_map();
                let (first, last) = self.offsets(map.value_offsets());
                return self.array(&map.entries().slice(first, last - first));
            }
            DataType::FixedSizeList(_, size) => {
                let len = array.len() * usize::try_from(*size).unwrap_or(0);
                return self.array(array.as_fixed_size_list().values().slice(0, len).as_ref());
            }
            DataType::Struct(_) => {
                return array.as_struct().columns().iter().try_for_each(|column| self.array(column.as_ref()));
            }
            DataType::FixedSizeBinary(width) => self.fixed(array, usize::try_from(*width).unwrap_or(0)),
            other => self.fixed(array, other.primitive_width().unwrap_or(0)),
        }
        Ok(())
    }

    fn fixed(&mut self, array: &dyn Array, width: usize) {
        let data = array.to_data();
        if let [values] = data.buffers() {
            self.bytes(&values[data.offset() * width..(data.offset() + data.len()) * width]);
        }
    }

    /// Offsets as if the first one were 0; and where the values begin and end.
    fn offsets<O: OffsetSizeTrait>(&mut self, offsets: &[O]) -> (usize, usize) {
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        if first == O::zero() {
            self.bytes(offsets.to_byte_slice());
        } else {
            let moved: Vec<O> = offsets.iter().map(|offset| *offset - first).collect();
            self.bytes(moved.to_byte_slice());
        }
        (first.as_usize(), last.as_usize())
    }

    fn texts<T: ByteArrayType>(&mut self, array: &dyn Array) {
        let texts = array.as_bytes::<T>();
        let (first, last) = self.offsets(texts.value_offsets());
        self.bytes(&texts.value_data()[first..last]);
    }

    fn views<T: ByteViewType>(&mut self, array: &dyn Array) {
        let views = array.as_byte_view::<T>();
        // The low half of a view is the value's length.
        let lengths: Vec<u32> = views.views().iter().map(|view| *view as u32).collect();
        self.bytes(lengths.to_byte_slice());
        let mut gathered = Vec::with_capacity(GATHERED);
        for row in 0..views.len() {
            let value: &[u8] = views.value(row).as_ref();
            if gathered.len() + value.len() > GATHERED {
                self.bytes(&gathered);
                gathered.clear();
            }
            if value.len() > GATHERED { self.bytes(value) } else { gathered.extend_from_slice(value) }
        }
        self.bytes(&gathered);
    }

    fn list<O: OffsetSizeTrait>(&mut self, list: &GenericListArray<O>) -> Result<(), ArrowError> {
        let (first, last) = self.offsets(list.value_offsets());
        self.array(list.values().slice(first, last - first).as_ref())
    }

    /// A list view's rows lie anywhere in its values: they are put one after the other.
    fn list_view<O: OffsetSizeTrait>(&mut self, list: &GenericListViewArray<O>) -> Result<(), ArrowError> {
        self.bytes(list.sizes().to_byte_slice());
        let ranges = list.offsets().iter().zip(list.sizes().iter());
        let items = ranges.flat_map(|(at, size)| at.as_usize() as u64..(*at + *size).as_usize() as u64);
        let items = UInt64Array::from_iter_values(items);
        self.array(take(list.values(), &items, None)?.as_ref())
    }

    /// Of which kind each row is, and then the rows of each kind.
    fn union(&mut self, union: &UnionArray, fields: &UnionFields) -> Result<(), ArrowError> {
        let ids = union.type_ids();
        self.bytes(ids.inner().as_slice());
        for (id, _) in fields.iter() {
            let rows = (0..union.len()).filter(|row| ids[*row] == id).map(|row| union.value_offset(row) as u64);
            let rows = UInt64Array::from_iter_values(rows);
            self.array(take(union.child(id), &rows, None)?.as_ref())?;
        }
        Ok(())
    }

    /// A dictionary's rows by their values: which key stands for which value is nobody's concern.
    fn dictionary(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        let dictionary = array.as_any_dictionary();
        let (values, mut known) = (dictionary.values(), vec![None; dictionary.values().len()]);
        let mut runs = Runs::default();
        if values.is_empty() {
            // All rows are null then; arrow refuses to look at their keys.
            runs.add(array.len() as u64, NULL);
            runs.finish(self);
            return Ok(());
        }
        for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
            if dictionary.keys().is_null(row) {
                runs.add(1, NULL);
                continue;
            }
            let value = match known[key] {
                Some(value) => value,
                None => *known[key].insert(one_value(values, key)?),
            };
            runs.add(1, value);
        }
        runs.finish(self);
        Ok(())
    }

    fn runs<R: RunEndIndexType>(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        let Some(array) = array.as_run_opt::<R>() else {
            return Err(ArrowError::CastError("a run array of another type".into()));
        };
        let (mut runs, mut before) = (Runs::default(), 0);
        let first = array.run_ends().get_start_physical_index();
        for (at, end) in array.run_ends().sliced_values().enumerate() {
            let end = end.as_usize();
            if end > before {
                runs.add((end - before) as u64, one_value(array.values(), first + at)?);
            }
            before = end;
        }
        runs.finish(self);
        Ok(())
    }
}

/// Stands for a null among digests of values. No value has it: that would be a preimage of zero.
const NULL: [u8; 32] = [0; 32];

fn one_value(values: &ArrayRef, at: usize) -> Result<[u8; 32], ArrowError> {
    let value = values.slice(at, 1);
    if value.logical_nulls().is_some_and(|nulls| nulls.null_count() > 0) {
        return Ok(NULL);
    }
    let mut digest = Digest::new("stillroom 2026 a value that rows share");
    digest.array(value.as_ref())?;
    Ok(digest.finish())
}

/// Digests of values, one for all equal neighbours.
#[derive(Default)]
struct Runs {
    bytes: Vec<u8>,
    value: [u8; 32],
    len: u64,
}

impl Runs {
    fn add(&mut self, len: u64, value: [u8; 32]) {
        if self.value != value {
            self.close();
            self.value = value;
        }
        self.len += len;
    }

    fn close(&mut self) {
        if self.len > 0 {
            self.bytes.extend_from_slice(&self.len.to_le_bytes());
            self.bytes.extend_from_slice(&self.value);
            self.len = 0;
        }
    }

    fn finish(mut self, digest: &mut Digest) {
        self.close();
        digest.number(self.bytes.len() as u64);
        digest.bytes(&self.bytes);
    }
}
