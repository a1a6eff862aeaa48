use bytemuck::Pod;

use crate::column::{Concrete, Rows, Type, validity_of};
use crate::{AnyArray, Bits, DataType};

/// A number as it lies in a buffer.
pub trait Native: Pod + PartialEq + std::fmt::Debug {
    /// The type that a builder of such numbers makes when it is not told another.
    const TYPE: DataType;
}

macro_rules! native {
    ($($native:ty => $data_type:expr),+ $(,)?) => {
        $( impl Native for $native { const TYPE: DataType = $data_type; } )+
    };
}

native!(
    i8 => DataType::Int8,
    i16 => DataType::Int16,
    i32 => DataType::Int32,
    i64 => DataType::Int64,
    u8 => DataType::UInt8,
    u16 => DataType::UInt16,
    u32 => DataType::UInt32,
    u64 => DataType::UInt64,
    F16 => DataType::Float16,
    f32 => DataType::Float32,
    f64 => DataType::Float64,
    i128 => DataType::Decimal128(38, 0),
);

/// The 16 bits of an IEEE 754 half; crate `half` computes with them (`half::f16::from_bits`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct F16(pub u16);

// SAFETY: `F16` is a `u16` and nothing else (`repr(transparent)`), and every bit pattern is one.
unsafe impl bytemuck::Zeroable for F16 {}
// SAFETY: as above; it has no padding and no interior mutability.
unsafe impl Pod for F16 {}

/// A column of numbers.
#[derive(Clone, Copy, Debug)]
pub struct PrimitiveColumn<'a, N> {
    values: &'a [N],
    validity: Option<Bits<'a>>,
    data_type: &'a DataType,
}

impl<'a, N: Native> PrimitiveColumn<'a, N> {
    /// All rows' values in one slice: the fast path. What a null's place holds is any number.
    pub fn values(self) -> &'a [N] {
        self.values
    }

    /// The type with its unit, time zone, precision and scale.
    pub fn data_type(self) -> &'a DataType {
        self.data_type
    }

    fn of(array: &'a AnyArray) -> Self {
        let values = numbers(array.bytes(1), array.len);
        Self { values, validity: validity_of(array), data_type: &array.data_type }
    }
}

impl<'a, N: Native> Rows<'a> for PrimitiveColumn<'a, N> {
    type Item = N;

    fn len(self) -> usize {
        self.values.len()
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    #[inline]
    fn value(self, row: usize) -> N {
        self.values[row]
    }
}

/// The first `count` numbers of a buffer, which is aligned and long enough ([`AnyArray::lift`]).
pub(crate) fn numbers<N: Native>(bytes: &[u8], count: usize) -> &[N] {
    bytemuck::cast_slice(&bytes[..count * size_of::<N>()])
}

/// Markers of numbers: how they are called, what lies in the buffer, and which types they stand for.
macro_rules! primitive {
    ($($(#[$doc:meta])* $marker:ident: $native:ty = $pattern:pat, $expected:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl Type for $marker {
            type Column<'a> = PrimitiveColumn<'a, $native>;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, $pattern)
            }

            fn expected() -> String {
                $expected.to_owned()
            }

            fn view(array: &AnyArray) -> Self::Column<'_> {
                PrimitiveColumn::of(array)
            }
        }
    )+ };
}

primitive! {
    /// `int8`.
    Int8: i8 = DataType::Int8, "int8";
    /// `int16`.
    Int16: i16 = DataType::Int16, "int16";
    /// `int32`.
    Int32: i32 = DataType::Int32, "int32";
    /// `int64`.
    Int64: i64 = DataType::Int64, "int64";
    /// `uint8`.
    UInt8: u8 = DataType::UInt8, "uint8";
    /// `uint16`.
    UInt16: u16 = DataType::UInt16, "uint16";
    /// `uint32`.
    UInt32: u32 = DataType::UInt32, "uint32";
    /// `uint64`.
    UInt64: u64 = DataType::UInt64, "uint64";
    /// `float16`, as its bits.
    Float16: F16 = DataType::Float16, "float16";
    /// `float32`.
    Float32: f32 = DataType::Float32, "float32";
    /// `float64`.
    Float64: f64 = DataType::Float64, "float64";
    /// `date32`: days since 1970-01-01.
    Date32: i32 = DataType::Date32, "date32";
    /// `date64`: milliseconds since 1970-01-01.
    Date64: i64 = DataType::Date64, "date64";
    /// `time32<s>` or `time32<ms>`: since midnight; the unit is in the column's type.
    Time32: i32 = DataType::Time32(_), "time32";
    /// `time64<us>` or `time64<ns>`: since midnight; the unit is in the column's type.
    Time64: i64 = DataType::Time64(_), "time64";
    /// `timestamp`: since 1970-01-01T00:00:00; unit and time zone are in the column's type.
    Timestamp: i64 = DataType::Timestamp(..), "timestamp";
    /// `duration`; the unit is in the column's type.
    Duration: i64 = DataType::Duration(_), "duration";
    /// `decimal128`: the number without its point; precision and scale are in the column's type.
    Decimal128: i128 = DataType::Decimal128(..), "decimal128";
}

/// Marker and type have the same name.
macro_rules! concrete {
    ($($marker:ident),+ $(,)?) => { $(
        impl Concrete for $marker {
            fn data_type() -> DataType {
                DataType::$marker
            }
        }
    )+ };
}

concrete!(Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float16, Float32, Float64, Date32, Date64);
concrete!(Bool, Null);

/// `bool`.
#[derive(Debug)]
pub enum Bool {}

/// A column of truth values.
#[derive(Clone, Copy, Debug)]
pub struct BoolColumn<'a> {
    values: Bits<'a>,
    validity: Option<Bits<'a>>,
}

impl Type for Bool {
    type Column<'a> = BoolColumn<'a>;

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Bool)
    }

    fn expected() -> String {
        "bool".to_owned()
    }

    fn view(array: &AnyArray) -> BoolColumn<'_> {
        BoolColumn { values: Bits::new(array.bytes(1), array.len), validity: validity_of(array) }
    }
}

impl<'a> BoolColumn<'a> {
    /// All rows' values, eight a byte. What a null's place holds is either.
    pub fn values(self) -> Bits<'a> {
        self.values
    }
}

impl<'a> Rows<'a> for BoolColumn<'a> {
    type Item = bool;

    fn len(self) -> usize {
        self.values.len()
    }

    #[inline]
    fn validity(self) -> Option<Bits<'a>> {
        self.validity
    }

    #[inline]
    fn value(self, row: usize) -> bool {
        self.values.get(row)
    }
}

/// `null`: no row has a value.
#[derive(Debug)]
pub enum Null {}

/// A column of nulls.
#[derive(Clone, Copy, Debug)]
pub struct NullColumn {
    len: usize,
}

impl Type for Null {
    type Column<'a> = NullColumn;

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::Null)
    }

    fn expected() -> String {
        "null".to_owned()
    }

    fn view(array: &AnyArray) -> NullColumn {
        NullColumn { len: array.len }
    }
}

impl<'a> Rows<'a> for NullColumn {
    type Item = ();

    fn len(self) -> usize {
        self.len
    }

    /// None: the type has no bitmap.
    fn validity(self) -> Option<Bits<'a>> {
        None
    }

    fn value(self, _: usize) {}

    fn is_null(self, _: usize) -> bool {
        true
    }
}
