//! Guest to host. Everything is checked: counts against the signature, lengths against buffers, offsets monotone and in
//! range, UTF-8, bitmaps, dictionary keys, row numbers. What fails is an `Err` with the reason, never a panic.

use arrow_array::{ArrayRef, Decimal128Array, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::decimal::validate_decimal_precision;
use arrow_data::{ArrayData, ArrayDataBuilder};
use arrow_schema::{DataType, Field};

use crate::contract::v0_1::{ArrayResult, BatchResult};

type Checked<T> = Result<T, String>;

/// The columns of an output, typed as `fields` say, all of the batch's length.
pub(crate) fn lift_columns(batch: BatchResult, fields: &[Field]) -> Checked<Vec<ArrayRef>> {
    let rows = batch.length as usize;
    let mut arrays = batch.arrays.into_iter();
    let columns = fields
        .iter()
        .map(|field| lift_column(&mut arrays, field, rows).map_err(|why| format!("column `{}`: {why}", field.name())))
        .collect::<Checked<Vec<_>>>()?;
    match arrays.count() {
        0 => Ok(columns),
        more => Err(format!("{more} more arrays than the {} columns of the signature need", fields.len())),
    }
}

/// The row numbers of an output: `rows` little-endian u32s, each below `input_rows`.
pub(crate) fn check_rows(bytes: &[u8], rows: usize, input_rows: usize) -> Checked<Vec<u32>> {
    if bytes.len() != rows * 4 {
        return Err(format!("`rows` is {} bytes long where {rows} output rows need {}", bytes.len(), rows * 4));
    }
    bytes
        .chunks_exact(4)
        .map(|number| {
            let row = u32::from_le_bytes([number[0], number[1], number[2], number[3]]);
            if (row as usize) < input_rows {
                Ok(row)
            } else {
                Err(format!("`rows` names input row {row} where there are {input_rows}"))
            }
        })
        .collect()
}

fn lift_column(arrays: &mut impl Iterator<Item = ArrayResult>, field: &Field, rows: usize) -> Checked<ArrayRef> {
    let data = lift_array(arrays, field.data_type(), Length::Exactly(rows))?;
    if !field.is_nullable() && data.null_count() > 0 {
        return Err(format!("{} nulls in a column that is signed as never null", data.null_count()));
    }
    Ok(make_array(data))
}

/// How long an array has to be.
#[derive(Clone, Copy)]
enum Length {
    Exactly(usize),
    AtLeast(usize),
}

impl Length {
    fn check(self, length: usize) -> Checked<()> {
        match self {
            Self::Exactly(wanted) if length != wanted => Err(format!("{length} values where {wanted} are due")),
            Self::AtLeast(least) if length < least => Err(format!("{length} values where at least {least} are due")),
            _ => Ok(()),
        }
    }
}

/// One array and its children, depth first. `parse` bounds the depth of types, so the recursion is bounded.
fn lift_array(arrays: &mut impl Iterator<Item = ArrayResult>, data_type: &DataType, due: Length) -> Checked<ArrayData> {
    let array = arrays.next().ok_or("fewer arrays than the signature needs")?;
    let length = array.length as usize;
    due.check(length)?;
    if *data_type == DataType::Null {
        return if array.buffers.is_empty() {
            Ok(ArrayData::new_null(data_type, length))
        } else {
            Err("buffers in a null column".into())
        };
    }

    let mut buffers: Vec<Buffer> = array.buffers.into_iter().map(Buffer::from_vec).collect();
    if buffers.is_empty() {
        return Err("no validity buffer (an empty one has its place all the same)".into());
    }
    let nulls = lift_nulls(buffers.remove(0), length, array.null_count as usize)?;
    check_sizes(data_type, length, &buffers)?;
    let children = lift_children(arrays, data_type, length, &buffers)?;

    let data = ArrayDataBuilder::new(data_type.clone())
        .len(length)
        .nulls(nulls)
        .buffers(if takes_no_offsets_when_empty(data_type, length, &buffers) {
            zero_offset(data_type, buffers)
        } else {
            buffers
        })
        .child_data(children)
        .align_buffers(true)
        .build() // full validation: offsets, UTF-8, views, dictionary keys
        .map_err(|error| error.to_string())?;
    if let DataType::Decimal128(precision, scale) = data_type {
        // Parquet would cut a wider one off. (The array's own check takes a scale below zero for one above the precision.)
        let fits = |decimal| validate_decimal_precision(decimal, *precision, *scale).map_err(|error| error.to_string());
        Decimal128Array::from(data.clone()).iter().flatten().try_for_each(fits)?;
    }
    Ok(data)
}

fn lift_nulls(validity: Buffer, length: usize, null_count: usize) -> Checked<Option<NullBuffer>> {
    if null_count == 0 && validity.is_empty() {
        return Ok(None);
    }
    if validity.len() != length.div_ceil(8) {
        return Err(format!("a validity bitmap of {} bytes for {length} values", validity.len()));
    }
    let nulls = NullBuffer::new(BooleanBuffer::new(validity, 0, length));
    if nulls.null_count() != null_count {
        return Err(format!("{} nulls in the validity bitmap where null-count says {null_count}", nulls.null_count()));
    }
    Ok(Some(nulls))
}

/// Buffers after the validity: how many there are and how long each one is. Arrow checks what is inside them.
fn check_sizes(data_type: &DataType, length: usize, buffers: &[Buffer]) -> Checked<()> {
    let offsets = |width: usize| Some((length + 1) * width);
    let first = match data_type {
        DataType::Boolean => Some(length.div_ceil(8)),
        DataType::Utf8 | DataType::Binary | DataType::List(_) => offsets(4),
        DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) => offsets(8),
        DataType::Utf8View | DataType::BinaryView => Some(length * 16),
        DataType::FixedSizeBinary(size) => Some(length * usize::try_from(*size).unwrap_or(0)),
        DataType::Struct(_) | DataType::FixedSizeList(..) => None,
        DataType::Dictionary(key, _) => key.primitive_width().map(|width| width * length),
        other => {
            Some(other.primitive_width().ok_or_else(|| format!("a column of type {other} cannot cross"))? * length)
        }
    };
    let count = match data_type {
        DataType::Utf8 | DataType::Binary | DataType::LargeUtf8 | DataType::LargeBinary => 2..=2,
        DataType::Utf8View | DataType::BinaryView => 1..=usize::MAX,
        DataType::Struct(_) | DataType::FixedSizeList(..) => 0..=0,
        _ => 1..=1,
    };
    if !count.contains(&buffers.len()) {
        return Err(format!("{} buffers after the validity where {} are due", buffers.len(), count.start()));
    }
    match (first, buffers.first()) {
        (Some(due), Some(buffer)) if buffer.len() != due && !(length == 0 && buffer.is_empty()) => {
            Err(format!("a buffer of {} bytes where {length} values need {due}", buffer.len()))
        }
        _ => Ok(()),
    }
}

fn lift_children(
    arrays: &mut impl Iterator<Item = ArrayResult>,
    data_type: &DataType,
    length: usize,
    buffers: &[Buffer],
) -> Checked<Vec<ArrayData>> {
    let mut child = |data_type: &DataType, due| lift_array(arrays, data_type, due);
    match data_type {
        DataType::List(item) => Ok(vec![child(item.data_type(), Length::AtLeast(last_offset::<4>(buffers)?))?]),
        DataType::LargeList(item) => Ok(vec![child(item.data_type(), Length::AtLeast(last_offset::<8>(buffers)?))?]),
        DataType::FixedSizeList(item, size) => {
            let values = length * usize::try_from(*size).unwrap_or(0);
            Ok(vec![child(item.data_type(), Length::Exactly(values))?])
        }
        DataType::Struct(fields) => {
            fields.iter().map(|field| child(field.data_type(), Length::Exactly(length))).collect()
        }
        DataType::Dictionary(_, values) => Ok(vec![child(values, Length::AtLeast(0))?]),
        _ => Ok(Vec::new()),
    }
}

fn last_offset<const WIDTH: usize>(buffers: &[Buffer]) -> Checked<usize> {
    let bytes = buffers.first().map(Buffer::as_slice).unwrap_or_default();
    let Some(last) = bytes.len().checked_sub(WIDTH).and_then(|at| bytes.get(at..)) else { return Ok(0) };
    let mut wide = [0; 8];
    wide[..WIDTH].copy_from_slice(last);
    usize::try_from(u64::from_le_bytes(wide)).map_err(|_| "an offset past the end of memory".to_owned())
}

/// An array of no values may leave its offsets out; Arrow wants the one.
fn takes_no_offsets_when_empty(data_type: &DataType, length: usize, buffers: &[Buffer]) -> bool {
    length == 0
        && buffers.first().is_some_and(Buffer::is_empty)
        && matches!(
            data_type,
            DataType::Utf8
                | DataType::Binary
                | DataType::List(_)
                | DataType::LargeUtf8
                | DataType::LargeBinary
                | DataType::LargeList(_)
        )
}

fn zero_offset(data_type: &DataType, mut buffers: Vec<Buffer>) -> Vec<Buffer> {
    let wide = matches!(data_type, DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_));
    buffers[0] = if wide { Buffer::from_vec(vec![0_i64]) } else { Buffer::from_vec(vec![0_i32]) };
    buffers
}
