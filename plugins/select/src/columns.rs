//! Columns that parameters name, and the numbers in them.

use stillroom_sdk::*;

/// Takes the columns that the parameter `param` names: at least one, none twice.
pub(crate) fn inputs(schema: &mut Schema, param: &str, names: &[String]) -> Result<Vec<In<Any>>> {
    if names.is_empty() {
        return Err(Fault::params(format!("parameter `{param}` names no column")));
    }
    if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(Fault::params(format!("parameter `{param}` names `{}` twice", twice.1)));
    }
    names.iter().map(|name| schema.input_dynamic(name)).collect()
}

/// Takes a column of a type that `accepts` says yes to.
pub(crate) fn input(
    schema: &mut Schema,
    name: &str,
    expected: &str,
    accepts: fn(&DataType) -> bool,
) -> Result<In<Any>> {
    let input = schema.input_dynamic(name)?;
    match schema.field(name).filter(|field| !accepts(&field.data_type)) {
        Some(field) => Err(Fault::params(format!("column `{name}` is {}; it must be {expected}", field.data_type))),
        None => Ok(input),
    }
}

/// [`Fault::Params`] where a count is 0.
pub(crate) fn at_least_one(param: &str, count: u32) -> Result<usize> {
    match count {
        0 => Err(Fault::params(format!("parameter `{param}` must be at least 1"))),
        count => Ok(count as usize),
    }
}

/// The rest of a function for each type that a column may have: reads all rows, each by what stands for its type.
macro_rules! read {
    ($column:ident: $($marker:ident => $read:expr),+ $(,)?) => { $(
        if $marker::accepts($column.data_type()) {
            return Ok($column.downcast::<$marker>()?.iter().map(|value| value.and_then($read)).collect());
        }
    )+ };
}

/// Whether [`floats`] reads the type.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

/// All rows as floats. None is a null, and what is no finite number.
pub(crate) fn floats(column: AnyColumn<'_>) -> Result<Vec<Option<f64>>> {
    fn finite(value: impl Into<f64>) -> Option<f64> {
        Some(value.into()).filter(|value| value.is_finite())
    }
    read!(column:
        Float32 => finite, Float64 => finite, Float16 => |value| finite(half(value)),
        Int8 => finite, Int16 => finite, Int32 => finite, Int64 => |value| Some(value as f64),
        UInt8 => finite, UInt16 => finite, UInt32 => finite, UInt64 => |value| Some(value as f64),
    );
    Err(Fault::plugin(format!("a {} was read as numbers", column.data_type())))
}

/// Whether [`ranks`] reads the type.
pub(crate) fn is_ordered(data_type: &DataType) -> bool {
    use DataType::{Date32, Date64, Duration, Time32, Time64, Timestamp};
    is_number(data_type) || matches!(data_type, Date32 | Date64 | Time32(_) | Time64(_) | Timestamp(..) | Duration(_))
}

/// All rows as numbers that sort as the values of the column do, none of which is rounded. None is a null or NaN.
pub(crate) fn ranks(column: AnyColumn<'_>) -> Result<Vec<Option<u64>>> {
    fn signed(value: impl Into<i64>) -> Option<u64> {
        Some(value.into() as u64 ^ 1 << 63)
    }
    fn unsigned(value: impl Into<u64>) -> Option<u64> {
        Some(value.into())
    }
    read!(column:
        Float32 => float, Float64 => float, Float16 => |value| float(half(value)),
        Int8 => signed, Int16 => signed, Int32 => signed, Int64 => signed,
        UInt8 => unsigned, UInt16 => unsigned, UInt32 => unsigned, UInt64 => unsigned,
        Date32 => signed, Date64 => signed, Time32 => signed, Time64 => signed, Timestamp => signed, Duration => signed,
    );
    Err(Fault::plugin(format!("a {} was read as numbers", column.data_type())))
}

/// The bits of a positive float sort as it does; those of a negative one the other way round. The two zeros are one.
fn float(value: impl Into<f64>) -> Option<u64> {
    let value = value.into() + 0.0;
    let bits = value.to_bits();
    (!value.is_nan()).then_some(if bits >> 63 == 0 { bits | 1 << 63 } else { !bits })
}

/// An IEEE 754 half as a single.
pub(crate) fn half(F16(bits): F16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction as f32 / (1 << 24) as f32,
        31 => f32::from_bits(0x7f80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

/// The type of a list's items.
pub(crate) fn item_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

/// A column of lists, whatever their offsets.
pub(crate) fn lists(column: AnyColumn<'_>) -> Result<ListColumn<'_, Any>> {
    match column.data_type() {
        DataType::LargeList(_) => column.downcast::<LargeList<Any>>(),
        DataType::FixedSizeList(..) => column.downcast::<FixedSizeList<Any>>(),
        _ => column.downcast::<List<Any>>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_sort_as_the_values_do() {
        let sorted = |array: AnyArray| ranks(Any::view(&array)).unwrap().windows(2).all(|pair| pair[0] < pair[1]);
        let tiny = f64::from_bits(1);
        let floats = vec![f64::NEG_INFINITY, -1e300, -1.0, -tiny, 0.0, tiny, 0.5, 2.0, f64::INFINITY];
        assert!(sorted(Float64Builder::from_values(floats).build()));
        assert!(sorted(Float32Builder::from_values(vec![-2.0, -1.5, 0.0, 3.25]).build()));
        assert!(sorted(Int64Builder::from_values(vec![i64::MIN, -1, 0, i64::MAX - 1, i64::MAX]).build()));
        assert!(sorted(UInt64Builder::from_values(vec![0, u64::MAX - 1, u64::MAX]).build()));
        assert!(sorted(Int32Builder::from_values(vec![-7, 7]).of(DataType::Date32).build()));
        assert_eq!(float(-0.0), float(0.0));
        assert_eq!(float(f64::NAN), None);
    }

    #[test]
    fn halves_are_read() {
        let rows = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x8000, 0.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in rows {
            assert_eq!(half(F16(bits)), value, "{bits:#x}");
        }
        assert!(half(F16(0x7e00)).is_nan());
    }

    #[test]
    fn what_is_no_number_is_none() {
        let array =
            [Some(1.5), None, Some(f64::NAN), Some(f64::INFINITY)].into_iter().collect::<Float64Builder>().build();
        assert_eq!(floats(Any::view(&array)).unwrap(), [Some(1.5), None, None, None]);
        assert!(floats(Any::view(&["x"].into_iter().map(Some).collect::<Utf8Builder>().build())).is_err());
    }
}
