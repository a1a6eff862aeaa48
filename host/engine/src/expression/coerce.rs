//! Two values of different types to one type that an operator can work on.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Datum, UInt32Array};
use arrow_cast::{CastOptions, can_cast_types, cast_with_options};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use arrow_select::take::take;

/// A column, or one value for all rows.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) array: ArrayRef,
    pub(super) scalar: bool,
}

impl Datum for Value {
    fn get(&self) -> (&dyn Array, bool) {
        (self.array.as_ref(), self.scalar)
    }
}

/// What is wrong with values, before it is known where in the expression they come from.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<ArrowError> for Problem {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::DivideByZero => {
                Self::new("division by zero").help("`nullif(x, 0)` makes null of a zero divisor")
            }
            ArrowError::ArithmeticOverflow(message) => {
                let message = message.trim_start_matches("Overflow happened on: ");
                Self::new(format!("integer overflow: {message}")).help("`cast(x as float)` makes room")
            }
            ArrowError::CastError(message)
            | ArrowError::ParseError(message)
            | ArrowError::ComputeError(message)
            | ArrowError::InvalidArgumentError(message) => Self::new(message),
            other => Self::new(other.to_string()),
        }
    }
}

impl Value {
    pub(super) fn column(array: ArrayRef) -> Self {
        Self { array, scalar: false }
    }

    /// The type, of a dictionary that of its values.
    pub(super) fn data_type(&self) -> &DataType {
        match self.array.data_type() {
            DataType::Dictionary(_, values) => values,
            other => other,
        }
    }

    /// As many values as there are rows.
    pub(super) fn into_array(self, rows: usize) -> Result<ArrayRef, Problem> {
        if !self.scalar {
            return Ok(self.array);
        }
        Ok(take(&self.array, &UInt32Array::from(vec![0; rows]), None)?)
    }

    /// A value that does not fit is an error.
    pub(super) fn cast(self, to: &DataType) -> Result<Self, Problem> {
        self.cast_or_null(to, false)
    }

    pub(super) fn cast_or_null(self, to: &DataType, lenient: bool) -> Result<Self, Problem> {
        if self.array.data_type() == to {
            return Ok(self);
        }
        if !can_cast_types(self.array.data_type(), to) {
            return Err(Problem::new(format!("{} cannot become {}", name(self.data_type()), name(to))));
        }
        let options = CastOptions { safe: lenient, ..CastOptions::default() };
        let array = cast_with_options(&self.array, to, &options)?;
        Ok(Self { array, scalar: self.scalar })
    }

    /// The same text without a dictionary around it; other types are refused in the name of `user`.
    pub(super) fn into_text(self, user: &str) -> Result<Self, Problem> {
        match self.data_type().clone() {
            DataType::Null => self.cast(&DataType::Utf8),
            text if text.is_string() => self.cast(&text),
            other => Err(Problem::new(format!("`{user}` wants text, not {}", name(&other)))
                .help("`cast(x as text)` makes text of it")),
        }
    }
}

/// A type's name as messages have it.
pub(super) fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "bool".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// Both sides of a comparison in one type.
pub(super) fn comparable(left: Value, right: Value) -> Result<(Value, Value), Problem> {
    let (l, r) = (left.data_type().clone(), right.data_type().clone());
    if l.is_nested() || r.is_nested() {
        return Err(Problem::new(format!("{} cannot be compared with {}", name(&l), name(&r))));
    }
    if l == r && l != DataType::Null {
        return Ok((left, right));
    }
    // A constant takes the column's type where it can, so that the column is not copied.
    if right.scalar
        && !left.scalar
        && let Some(right) = fitting(&right, &l)?
    {
        return Ok((left, right));
    }
    if left.scalar
        && !right.scalar
        && let Some(left) = fitting(&left, &r)?
    {
        return Ok((left, right));
    }
    let Some(common) = common(&l, &r) else {
        let problem = Problem::new(format!("{} cannot be compared with {}", name(&l), name(&r)));
        return Err(match (l.is_string(), r.is_string()) {
            (true, false) | (false, true) => problem.help("`cast(x as …)` changes a type; a number has no quotes"),
            _ => problem,
        });
    };
    Ok((left.cast(&common)?, right.cast(&common)?))
}

/// A constant in a column's type, if it means the same there.
fn fitting(constant: &Value, to: &DataType) -> Result<Option<Value>, Problem> {
    let from = constant.data_type();
    if from.is_integer() && to.is_integer() {
        let cast = constant.clone().cast_or_null(to, true)?;
        return Ok((cast.array.null_count() == constant.array.null_count()).then_some(cast));
    }
    if from.is_string() && is_read_from_text(to) {
        let cast = constant.clone().cast(to);
        let help = "write dates and times as in '2024-05-01' or '2024-05-01T12:00:00'";
        return cast.map(Some).map_err(|problem| problem.help(help));
    }
    (from.is_string() && to.is_string()).then(|| constant.clone().cast(to)).transpose()
}

fn is_read_from_text(data_type: &DataType) -> bool {
    use DataType::{Date32, Date64, Time32, Time64, Timestamp};
    matches!(data_type, Date32 | Date64 | Time32(_) | Time64(_) | Timestamp(..))
        || matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// The type of a column that is to hold several values.
pub(super) fn unified(values: &[Value]) -> Result<DataType, Problem> {
    let mut unified = DataType::Null;
    for value in values {
        let next = value.data_type();
        unified = match (common(&unified, next), &unified, next) {
            // Exact for comparing, but nobody wants decimals from integers.
            (Some(DataType::Decimal128(..)), l, r) if l.is_integer() && r.is_integer() => DataType::Int64,
            (Some(common), ..) => common,
            (None, ..) => {
                let message = format!("{} and {} cannot be one column", name(&unified), name(next));
                return Err(Problem::new(message).help("`cast(x as …)` changes a type"));
            }
        };
    }
    Ok(unified)
}

/// The type that holds every value of both.
fn common(l: &DataType, r: &DataType) -> Option<DataType> {
    use DataType::{Binary, BinaryView, Date32, Date64, Float64, LargeBinary, LargeUtf8, Null, Timestamp};
    Some(match (l, r) {
        (same, other) if same == other => same.clone(),
        (Null, other) | (other, Null) => other.clone(),
        _ if l.is_integer() && r.is_integer() => integers(l, r),
        _ if l.is_numeric() && r.is_numeric() => match (decimal(l), decimal(r)) {
            (Some(l), Some(r)) => wider(l, r),
            _ => Float64,
        },
        _ if l.is_string() && r.is_string() => LargeUtf8,
        (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => LargeBinary,
        (Date32 | Date64, Date32 | Date64) => Date64,
        (Date32 | Date64, Timestamp(..)) => r.clone(),
        (Timestamp(..), Date32 | Date64) => l.clone(),
        (Timestamp(l, l_zone), Timestamp(r, r_zone)) => {
            Timestamp(finer(*l, *r), l_zone.clone().or_else(|| r_zone.clone()))
        }
        _ => return None,
    })
}

fn integers(l: &DataType, r: &DataType) -> DataType {
    use DataType::{Decimal128, Int64, UInt64};
    match (l.is_unsigned_integer(), r.is_unsigned_integer()) {
        (true, true) => UInt64,
        _ if matches!(l, UInt64) || matches!(r, UInt64) => Decimal128(20, 0),
        _ => Int64,
    }
}

/// Precision and scale of a number that a decimal can hold exactly.
fn decimal(data_type: &DataType) -> Option<(u8, i8)> {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    match data_type {
        Decimal32(p, s) | Decimal64(p, s) | Decimal128(p, s) | Decimal256(p, s) => Some((*p, *s)),
        other => other.is_integer().then_some((20, 0)),
    }
}

fn wider((l_precision, l_scale): (u8, i8), (r_precision, r_scale): (u8, i8)) -> DataType {
    let scale = l_scale.max(r_scale);
    let whole = (i16::from(l_precision) - i16::from(l_scale)).max(i16::from(r_precision) - i16::from(r_scale));
    match u8::try_from(whole + i16::from(scale)) {
        Ok(precision) if precision <= 38 => DataType::Decimal128(precision.max(1), scale),
        _ => DataType::Decimal256(76, scale),
    }
}

fn finer(l: TimeUnit, r: TimeUnit) -> TimeUnit {
    let rank = |unit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if rank(l) >= rank(r) { l } else { r }
}

/// Both sides of `+ - * / %` in one type.
pub(super) fn computable(left: Value, right: Value) -> Result<(Value, Value), Problem> {
    let (l, r) = (left.data_type().clone(), right.data_type().clone());
    let common = match (&l, &r) {
        (DataType::Null, DataType::Null) => DataType::Int64,
        (DataType::Null, other) | (other, DataType::Null) if other.is_integer() => {
            if *other == DataType::UInt64 {
                DataType::UInt64
            } else {
                DataType::Int64
            }
        }
        (DataType::Null, other) | (other, DataType::Null) if other.is_numeric() => other.clone(),
        _ if l.is_integer() && r.is_integer() => {
            let unsigned = matches!(l, DataType::UInt64) || matches!(r, DataType::UInt64);
            let both = is_never_negative(&left) && is_never_negative(&right);
            if unsigned && both { DataType::UInt64 } else { DataType::Int64 }
        }
        _ if l.is_floating() && r.is_numeric() || r.is_floating() && l.is_numeric() => DataType::Float64,
        _ if l.is_numeric() && r.is_numeric() => return Ok((as_decimal(left)?, as_decimal(right)?)),
        _ if l.is_temporal() && r.is_temporal() => return Ok((left.cast(&l)?, right.cast(&r)?)),
        _ => return Err(not_numbers(&l, &r)),
    };
    Ok((left.cast(&common)?, right.cast(&common)?))
}

fn not_numbers(l: &DataType, r: &DataType) -> Problem {
    let problem = Problem::new(format!("no arithmetic over {} and {}", name(l), name(r)));
    match l.is_string() || r.is_string() {
        true => problem.help("`a || b` joins texts, `cast(x as float)` makes a number of text"),
        false => problem,
    }
}

fn is_never_negative(value: &Value) -> bool {
    let zero = || Value { array: Arc::new(arrow_array::Int64Array::from(vec![0])), scalar: true };
    value.data_type().is_unsigned_integer()
        || value.scalar && arrow_ord::cmp::gt_eq(value, &zero()).is_ok_and(|holds| holds.true_count() == 1)
}

fn as_decimal(value: Value) -> Result<Value, Problem> {
    if value.data_type().is_integer() { value.cast(&DataType::Decimal128(20, 0)) } else { Ok(value) }
}
