//! From JSON values to a column of a type, exactly or not at all.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, Int64Array, LargeListArray, ListArray, NullArray,
    PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, FieldRef, Fields};
use serde_json::Value;

/// What is wrong, and in which row.
type Wrong = (usize, String);

/// Nulls and values, in order.
type Cells<'a> = [Option<&'a Value>];

/// A column of these values.
pub(super) fn column(cells: &Cells<'_>, data_type: &DataType) -> Result<ArrayRef, Wrong> {
    use DataType::*;
    Ok(match data_type {
        Null => match cells.iter().position(Option::is_some) {
            Some(row) => return Err(unfit(row, cells, "null")),
            None => Arc::new(NullArray::new(cells.len())),
        },
        Boolean => Arc::new(BooleanArray::from(each(cells, "true or false", Value::as_bool)?)),
        Int8 => integers::<Int8Type>(cells, data_type)?,
        Int16 => integers::<Int16Type>(cells, data_type)?,
        Int32 => integers::<Int32Type>(cells, data_type)?,
        Int64 => integers::<Int64Type>(cells, data_type)?,
        UInt8 => integers::<UInt8Type>(cells, data_type)?,
        UInt16 => integers::<UInt16Type>(cells, data_type)?,
        UInt32 => integers::<UInt32Type>(cells, data_type)?,
        UInt64 => integers::<UInt64Type>(cells, data_type)?,
        Float32 => floats::<Float32Type>(cells, |number| number as f32)?,
        Float64 => floats::<Float64Type>(cells, |number| number)?,
        Float16 => converted(&floats::<Float32Type>(cells, |number| number as f32)?, data_type)?,
        Utf8 => Arc::new(StringArray::from(each(cells, "a text", Value::as_str)?)),
        Binary => {
            let bytes = each(cells, "a text in hex", |cell| cell.as_str().and_then(from_hex))?;
            Arc::new(BinaryArray::from_iter(bytes))
        }
        LargeUtf8 | Utf8View => converted(&column(cells, &Utf8)?, data_type)?,
        LargeBinary | BinaryView | FixedSizeBinary(_) => converted(&column(cells, &Binary)?, data_type)?,
        List(item) | LargeList(item) | FixedSizeList(item, _) => list(cells, item, data_type)?,
        Struct(fields) => structure(cells, fields)?,
        Dictionary(_, values) => converted(&column(cells, values)?, data_type)?,
        _ => written(cells, data_type)?,
    })
}

/// What each value is, where it is that.
fn each<'a, T>(cells: &Cells<'a>, wanted: &str, of: impl Fn(&'a Value) -> Option<T>) -> Result<Vec<Option<T>>, Wrong> {
    let one = |(row, cell): (usize, &Option<&'a Value>)| match cell {
        None => Ok(None),
        Some(value) => of(value).map(Some).ok_or_else(|| unfit(row, cells, wanted)),
    };
    cells.iter().enumerate().map(one).collect()
}

fn unfit(row: usize, cells: &Cells<'_>, wanted: &str) -> Wrong {
    let found = cells[row].map(Value::to_string).unwrap_or_default();
    let found: String = found.chars().take(80).collect();
    (row, format!("{found} is not {wanted}"))
}

fn integers<T: ArrowPrimitiveType>(cells: &Cells<'_>, data_type: &DataType) -> Result<ArrayRef, Wrong>
where
    T::Native: TryFrom<i128>,
{
    let whole = |cell: &Value| cell.as_i64().map(i128::from).or_else(|| cell.as_u64().map(i128::from));
    let of = |cell: &Value| whole(cell).and_then(|number| T::Native::try_from(number).ok());
    let words = crate::contract::data_type::to_text(data_type).unwrap_or_default();
    Ok(Arc::new(each(cells, &format!("an integer of {words}"), of)?.into_iter().collect::<PrimitiveArray<T>>()))
}

fn floats<T: ArrowPrimitiveType>(cells: &Cells<'_>, narrow: impl Fn(f64) -> T::Native) -> Result<ArrayRef, Wrong> {
    let of = |cell: &Value| match cell.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => cell.as_f64(),
    };
    let numbers = each(cells, "a number, \"NaN\", \"inf\" or \"-inf\"", of)?;
    Ok(Arc::new(numbers.into_iter().map(|number| number.map(&narrow)).collect::<PrimitiveArray<T>>()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Items of a column of lists of one size: a null has as many, and a type in a case can ask for billions.
const MOST_ITEMS: usize = 1 << 24;

fn list(cells: &Cells<'_>, item: &FieldRef, data_type: &DataType) -> Result<ArrayRef, Wrong> {
    let lists = each(cells, "a list", Value::as_array)?;
    let size = match data_type {
        DataType::FixedSizeList(_, size) => Some(*size as usize),
        _ => None,
    };
    let (mut items, mut rows, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    for (row, list) in lists.iter().enumerate() {
        let before = items.len();
        items.extend(list.iter().flat_map(|list| list.iter()).map(|item| Some(item).filter(|item| !item.is_null())));
        match (size, list) {
            (Some(size), None) if items.len().saturating_add(size) > MOST_ITEMS => {
                return Err(unfit(
                    row,
                    cells,
                    &format!("a list of so many ({size} items, and {MOST_ITEMS} are the most)"),
                ));
            }
            (Some(size), None) => items.extend(std::iter::repeat_n(None, size)),
            (Some(size), Some(list)) if list.len() != size => {
                return Err(unfit(row, cells, &format!("a list of {size}")));
            }
            _ => {}
        }
        lengths.push(items.len() - before);
        rows.resize(items.len(), row);
    }
    // What is wrong with an item is wrong with its row.
    let values = column(&items, item.data_type()).map_err(|(at, why)| (rows[at], why))?;
    let nulls = nulls(cells);
    let broken = |error: arrow_schema::ArrowError| (0, error.to_string());
    Ok(match data_type {
        DataType::LargeList(_) => Arc::new(
            LargeListArray::try_new(item.clone(), OffsetBuffer::from_lengths(lengths), values, nulls)
                .map_err(broken)?,
        ),
        DataType::FixedSizeList(_, size) => {
            Arc::new(FixedSizeListArray::try_new(item.clone(), *size, values, nulls).map_err(broken)?)
        }
        _ => Arc::new(
            ListArray::try_new(item.clone(), OffsetBuffer::from_lengths(lengths), values, nulls).map_err(broken)?,
        ),
    })
}

fn structure(cells: &Cells<'_>, fields: &Fields) -> Result<ArrayRef, Wrong> {
    let objects = each(cells, "an object", Value::as_object)?;
    for (row, object) in objects.iter().enumerate() {
        let mut names = object.iter().flat_map(|object| object.keys());
        if let Some(name) = names.find(|name| fields.find(name).is_none()) {
            return Err((row, format!("the struct has no member `{name}`")));
        }
    }
    let member = |field: &FieldRef| {
        let cells: Vec<Option<&Value>> = objects
            .iter()
            .map(|object| object.and_then(|object| object.get(field.name())).filter(|cell| !cell.is_null()))
            .collect();
        column(&cells, field.data_type())
    };
    let members = fields.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    let made = StructArray::try_new_with_length(fields.clone(), members, nulls(cells), cells.len());
    made.map(|made| Arc::new(made) as ArrayRef).map_err(|error| (0, error.to_string()))
}

fn nulls(cells: &Cells<'_>) -> Option<NullBuffer> {
    let nulls: NullBuffer = cells.iter().map(Option::is_some).collect();
    (nulls.null_count() > 0).then_some(nulls)
}

/// Types that are written as texts; or as integers, which count what the type counts.
fn written(cells: &Cells<'_>, data_type: &DataType) -> Result<ArrayRef, Wrong> {
    let mut present = cells.iter().flatten().peekable();
    if present.peek().is_some() && present.all(|cell| cell.is_i64()) && !matches!(data_type, DataType::Decimal128(..)) {
        let numbers = Int64Array::from(each(cells, "an integer", Value::as_i64)?);
        return converted(&(Arc::new(numbers) as ArrayRef), data_type);
    }
    let texts: Vec<Option<String>> = each(cells, "a text", |cell| match cell {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })?;
    converted(&(Arc::new(StringArray::from(texts)) as ArrayRef), data_type)
}

/// Cast, or in two steps where there is no cast in one.
fn converted(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, Wrong> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let direct = cast_with_options(array, data_type, &strict);
    let made = direct.or_else(|error| match array.data_type() {
        DataType::Int64 => cast_with_options(array, &DataType::Int32, &strict)
            .and_then(|array| cast_with_options(&array, data_type, &strict)),
        _ => Err(error),
    });
    made.map_err(|error| {
        let fails = |row: &usize| cast_with_options(&array.slice(*row, 1), data_type, &strict).is_err();
        ((0..array.len()).find(fails).unwrap_or(0), error.to_string())
    })
}
