//! The functions by name.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Datum};
use arrow_schema::{ArrowError, DataType};
use arrow_select::nullif::nullif;
use arrow_string::like;

use super::coerce::{Problem, Value, comparable, name};
use super::evaluate::{compare, is_true};
use super::term::Comparison;
use super::text;

/// A function; `coalesce` and `cast` are none, because they do not take all their arguments as they are.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How many it takes.
    pub(super) arguments: RangeInclusive<usize>,
    /// From arguments (as many as it takes) and the batch's rows.
    pub(super) run: fn(Vec<Value>, usize) -> Result<Value, Problem>,
}

/// All functions.
pub(super) static FUNCTIONS: [Function; 14] = [
    Function { name: "length", arguments: 1..=1, run: |arguments, _| each("length", arguments, text::length) },
    Function {
        name: "octet_length",
        arguments: 1..=1,
        run: |arguments, _| each("octet_length", arguments, text::bytes),
    },
    Function { name: "lower", arguments: 1..=1, run: |arguments, _| each("lower", arguments, text::lower) },
    Function { name: "upper", arguments: 1..=1, run: |arguments, _| each("upper", arguments, text::upper) },
    Function { name: "trim", arguments: 1..=1, run: |arguments, _| each("trim", arguments, text::trim) },
    Function { name: "contains", arguments: 2..=2, run: |arguments, _| both("contains", arguments, like::contains) },
    Function {
        name: "starts_with",
        arguments: 2..=2,
        run: |arguments, _| both("starts_with", arguments, like::starts_with),
    },
    Function { name: "ends_with", arguments: 2..=2, run: |arguments, _| both("ends_with", arguments, like::ends_with) },
    Function { name: "regexp_like", arguments: 2..=2, run: regexp_like },
    Function { name: "abs", arguments: 1..=1, run: abs },
    Function { name: "round", arguments: 1..=2, run: round },
    Function { name: "floor", arguments: 1..=1, run: |arguments, _| floats("floor", arguments, f64::floor) },
    Function { name: "ceil", arguments: 1..=1, run: |arguments, _| floats("ceil", arguments, f64::ceil) },
    Function { name: "nullif", arguments: 2..=2, run: null_if },
];

/// The function of that name, in lower case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

fn only(arguments: Vec<Value>) -> Result<Value, Problem> {
    arguments.into_iter().next().ok_or_else(|| Problem::new("an argument is missing"))
}

fn two(arguments: Vec<Value>) -> Result<(Value, Value), Problem> {
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(first), Some(second)) => Ok((first, second)),
        _ => Err(Problem::new("an argument is missing")),
    }
}

fn each(
    name: &str,
    arguments: Vec<Value>,
    kernel: fn(&dyn Array) -> Result<ArrayRef, Problem>,
) -> Result<Value, Problem> {
    let value = only(arguments)?;
    let is_list = matches!(value.data_type(), DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    if name == "length" && is_list {
        let array = arrow_string::length::length(&value.array)?;
        return Value { array, scalar: value.scalar }.cast(&DataType::Int64);
    }
    let value = value.into_text(name)?;
    Ok(Value { array: kernel(&value.array)?, scalar: value.scalar })
}

type Match = fn(&dyn Datum, &dyn Datum) -> Result<arrow_array::BooleanArray, ArrowError>;

fn both(name: &str, arguments: Vec<Value>, kernel: Match) -> Result<Value, Problem> {
    let (text, part) = two(arguments)?;
    let (text, part) = comparable(text.into_text(name)?, part.into_text(name)?)?;
    Ok(Value { array: Arc::new(kernel(&text, &part)?), scalar: text.scalar && part.scalar })
}

fn regexp_like(arguments: Vec<Value>, _: usize) -> Result<Value, Problem> {
    let (text, pattern) = two(arguments)?;
    let (text, pattern) = (text.into_text("regexp_like")?, pattern.into_text("regexp_like")?);
    if !pattern.scalar {
        return Err(Problem::new("the pattern must be a constant"));
    }
    Ok(Value { array: text::matches(&text.array, &pattern.array)?, scalar: text.scalar })
}

/// Numbers as `int64`, `uint64` or `float64`.
fn number(user: &str, value: Value) -> Result<Value, Problem> {
    let to = match value.data_type() {
        DataType::UInt64 => DataType::UInt64,
        integer if integer.is_integer() => DataType::Int64,
        other if other.is_numeric() || *other == DataType::Null => DataType::Float64,
        other => return Err(Problem::new(format!("`{user}` wants a number, not {}", name(other)))),
    };
    value.cast(&to)
}

fn abs(arguments: Vec<Value>, _: usize) -> Result<Value, Problem> {
    let value = number("abs", only(arguments)?)?;
    let array: ArrayRef = match value.data_type() {
        DataType::Int64 => Arc::new(value.array.as_primitive::<Int64Type>().try_unary::<_, Int64Type, _>(|n| {
            n.checked_abs().ok_or_else(|| ArrowError::ArithmeticOverflow(format!("abs({n})")))
        })?),
        DataType::Float64 => Arc::new(value.array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
        _ => value.array,
    };
    Ok(Value { array, scalar: value.scalar })
}

/// Integers stay as they are.
fn floats(name: &str, arguments: Vec<Value>, f: impl Fn(f64) -> f64) -> Result<Value, Problem> {
    let value = number(name, only(arguments)?)?;
    if *value.data_type() != DataType::Float64 {
        return Ok(value);
    }
    let array = Arc::new(value.array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f));
    Ok(Value { array, scalar: value.scalar })
}

fn round(mut arguments: Vec<Value>, _: usize) -> Result<Value, Problem> {
    let Some(digits) = (arguments.len() == 2).then(|| arguments.pop()).flatten() else {
        return floats("round", arguments, f64::round);
    };
    let problem = || Problem::new("the digits must be a constant from 0 to 15");
    let digits = digits.scalar.then(|| digits.cast(&DataType::Int64)).ok_or_else(problem)??;
    let digits = digits.array.as_primitive::<Int64Type>();
    match digits.is_valid(0).then(|| digits.value(0)).and_then(|digits| i32::try_from(digits).ok()) {
        Some(digits @ 0..=15) => {
            let scale = 10f64.powi(digits);
            // Past 2^53 there are no digits to round, and scaling could overflow.
            let is_whole = |x: f64| x.abs() >= 9_007_199_254_740_992.0;
            floats("round", arguments, |x| if is_whole(x) { x } else { (x * scale).round() / scale })
        }
        _ => Err(problem()),
    }
}

fn null_if(arguments: Vec<Value>, rows: usize) -> Result<Value, Problem> {
    let (value, other) = two(arguments)?;
    let equal = compare(Comparison::Equal, value.clone(), other)?.into_array(rows)?;
    let array = value.into_array(rows)?;
    if *array.data_type() == DataType::Null {
        return Ok(Value::column(array));
    }
    Ok(Value::column(nullif(&array, &is_true(equal.as_boolean()))?))
}
