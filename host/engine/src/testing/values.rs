//! From a column's value to JSON, with nothing lost.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType};
use serde_json::{Number, Value};

/// One value of a column.
pub(super) fn value(array: &dyn Array, row: usize) -> Result<Value, ArrowError> {
    use DataType::*;
    if array.is_null(row) || *array.data_type() == Null {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        Boolean => array.as_boolean().value(row).into(),
        Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        UInt8 => array.as_primitive::<UInt8Type>().value(row).into(),
        UInt16 => array.as_primitive::<UInt16Type>().value(row).into(),
        UInt32 => array.as_primitive::<UInt32Type>().value(row).into(),
        UInt64 => array.as_primitive::<UInt64Type>().value(row).into(),
        Float32 => single(array.as_primitive::<Float32Type>().value(row)),
        Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        Float16 | Dictionary(..) | Duration(_) => plainer(array, row)?,
        Utf8 => array.as_string::<i32>().value(row).into(),
        LargeUtf8 => array.as_string::<i64>().value(row).into(),
        Utf8View => array.as_string_view().value(row).into(),
        Binary => hex(array.as_binary::<i32>().value(row)),
        LargeBinary => hex(array.as_binary::<i64>().value(row)),
        BinaryView => hex(array.as_binary_view().value(row)),
        FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        List(_) => items(&array.as_list::<i32>().value(row))?,
        LargeList(_) => items(&array.as_list::<i64>().value(row))?,
        FixedSizeList(..) => items(&array.as_fixed_size_list().value(row))?,
        Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            let members = members.map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            Value::Object(members.collect::<Result<serde_json::Map<_, _>, ArrowError>>()?)
        }
        _ => Value::String(ArrayFormatter::try_new(array, &FormatOptions::default())?.value(row).try_to_string()?),
    })
}

/// Values that are those of another type.
fn plainer(array: &dyn Array, row: usize) -> Result<Value, ArrowError> {
    let as_type = match array.data_type() {
        DataType::Float16 => DataType::Float32,
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        _ => DataType::Int64,
    };
    value(&cast(&array.slice(row, 1), &as_type)?, 0)
}

fn items(list: &ArrayRef) -> Result<Value, ArrowError> {
    (0..list.len()).map(|at| value(list, at)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// With the digits that tell it from its neighbours of 32 bits, and no others.
fn single(number: f32) -> Value {
    float(number.to_string().parse().unwrap_or(f64::from(number)))
}

fn float(number: f64) -> Value {
    let word = if number.is_nan() {
        "NaN"
    } else if number.is_sign_negative() {
        "-inf"
    } else {
        "inf"
    };
    Number::from_f64(number).map_or_else(|| word.into(), Value::Number)
}

fn hex(bytes: &[u8]) -> Value {
    let mut text = String::with_capacity(2 * bytes.len());
    // Writing to a string does not fail.
    bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
    text.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Rows;

    #[test]
    fn what_is_written_is_read_and_the_other_way_round() {
        for (words, cells) in [
            ("bool", json!([true, false, null])),
            ("int8", json!([-128, 127, null])),
            ("int64", json!([i64::MIN, i64::MAX, 9_007_199_254_740_993_i64])),
            ("uint64", json!([u64::MAX, 0, null])),
            ("float16", json!([0.5, "NaN", "-inf"])),
            ("float32", json!([0.1, 16_777_216.0, "inf", -0.0])),
            ("float64", json!([0.1, 1e300, "NaN", null])),
            ("utf8", json!(["straße", "", null, "😀"])),
            ("large-utf8", json!(["a"])),
            ("utf8-view", json!(["a longer text than fits in a view", null])),
            ("binary", json!(["00ff", "", null])),
            ("binary-view", json!(["00ff"])),
            ("fixed-size-binary<2>", json!(["00ff", null])),
            ("date32", json!(["2024-02-29", null])),
            ("time64<us>", json!(["12:30:00.000001"])),
            ("timestamp<us>", json!(["2024-02-29T12:30:00.000001"])),
            ("duration<ms>", json!([1500, null])),
            ("decimal128<38, 9>", json!(["1.500000000"])),
            ("null", json!([null, null])),
            ("list<list<int64>>", json!([[[1, null], null, []], null, []])),
            ("fixed-size-list<float32, 2>", json!([[0.1, null], null])),
            ("struct<a: int64, b: list<utf8>>", json!([{ "a": 1, "b": ["x"] }, null, { "a": null, "b": null }])),
            ("dictionary<int32, utf8>", json!(["a", "b", "a", null])),
        ] {
            let cells = cells.as_array().unwrap();
            let text: String = cells.iter().map(|cell| format!("{}\n", json!({ "c": cell }))).collect();
            let types = [("c".to_owned(), words.to_owned())].into_iter().collect();
            let rows = Rows::parse("x", &text, &types).unwrap();
            assert_eq!(rows.columns(), [("c".to_owned(), words.to_owned())]);
            let values: Vec<String> = rows.values().unwrap().iter().map(|row| row["c"].to_string()).collect();
            let wanted: Vec<String> = cells.iter().map(ToString::to_string).collect();
            assert_eq!(values, wanted, "{words}");
        }
    }

    #[test]
    fn what_is_not_of_its_type_is_told_with_its_line() {
        for (words, cell, why) in [
            ("int64", "1.5", "1.5 is not an integer of int64"),
            ("int8", "128", "128 is not an integer of int8"),
            ("int64", "\"5\"", "\"5\" is not an integer of int64"),
            ("int64", "18446744073709551615", "is not an integer of int64"),
            ("utf8", "5", "5 is not a text"),
            ("binary", "\"0g\"", "is not a text in hex"),
            ("binary", "\"0\"", "is not a text in hex"),
            ("float64", "\"nan\"", "is not a number"),
            ("list<int64>", "[1, \"a\"]", "\"a\" is not an integer of int64"),
            ("struct<a: int64>", "{\"b\": 1}", "no member `b`"),
            ("date32", "\"2024-02-30\"", "2024-02-30"),
            ("int65", "1", "no type"),
        ] {
            let types = [("c".to_owned(), words.to_owned())].into_iter().collect();
            let text = format!("{{\"c\": null}}\n{{\"c\": {cell}}}\n");
            let error = Rows::parse("x.jsonl", &text, &types).unwrap_err().to_string();
            assert!(error.starts_with("x.jsonl") && error.contains(why), "{error}");
            assert!(words == "int65" || error.contains(":2, column `c`"), "{error}");
        }
    }

    #[test]
    fn the_same_value_is_written_the_same() {
        let types = [("c".to_owned(), "float32".to_owned())].into_iter().collect();
        let rows = Rows::parse("x", "{\"c\": 0.1}", &types).unwrap();
        let made = rows.values().unwrap()[0]["c"].clone();
        assert_eq!(rows.as_of_column("c", &json!(0.10000000149011612)).unwrap(), made);
        assert_ne!(rows.as_of_column("c", &json!(0.11)).unwrap(), made);
        assert!(rows.as_of_column("d", &json!(1)).unwrap_err().contains("no column `d`"));
    }
}
