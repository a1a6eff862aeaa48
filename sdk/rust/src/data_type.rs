mod parse;

use std::fmt;

/// A column's name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name that the step uses.
    pub name: String,
    /// What its values are.
    pub data_type: DataType,
    /// Whether it may hold nulls.
    pub nullable: bool,
}

impl Field {
    /// A column that may hold nulls.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, nullable: true }
    }
}

/// An Arrow type. [`Display`](fmt::Display) and [`FromStr`](std::str::FromStr) speak the contract's words:
/// `list<struct<role: utf8, content: utf8>>`. Everything nested is nullable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Arrow's")]
pub enum DataType {
    Null,
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
    Utf8,
    LargeUtf8,
    Utf8View,
    Binary,
    LargeBinary,
    BinaryView,
    /// Every value has so many bytes.
    FixedSizeBinary(u32),
    /// Days since 1970-01-01, in 32 bits.
    Date32,
    /// Milliseconds since 1970-01-01, in 64 bits.
    Date64,
    /// Since midnight, in seconds or milliseconds.
    Time32(TimeUnit),
    /// Since midnight, in micro- or nanoseconds.
    Time64(TimeUnit),
    /// Since 1970-01-01T00:00:00, in UTC where a time zone (to show it in) is given and of an unnamed clock elsewhere.
    Timestamp(TimeUnit, Option<String>),
    Duration(TimeUnit),
    /// Precision (digits in all) and scale (digits after the point).
    Decimal128(u8, i8),
    List(Box<DataType>),
    LargeList(Box<DataType>),
    /// Every value has so many items.
    FixedSizeList(Box<DataType>, u32),
    /// Names and types of the members.
    Struct(Vec<(String, DataType)>),
    /// The type of the keys (an integer), and of the values that they stand for.
    Dictionary(Box<DataType>, Box<DataType>),
    /// A type that this SDK has no reader for, in the host's words.
    Other(String),
}

/// The unit of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeUnit {
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// The types that are one word.
static WORDS: [(&str, DataType); 21] = [
    ("null", DataType::Null),
    ("bool", DataType::Bool),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float16", DataType::Float16),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("utf8", DataType::Utf8),
    ("large-utf8", DataType::LargeUtf8),
    ("utf8-view", DataType::Utf8View),
    ("binary", DataType::Binary),
    ("large-binary", DataType::LargeBinary),
    ("binary-view", DataType::BinaryView),
    ("date32", DataType::Date32),
    ("date64", DataType::Date64),
];

static UNITS: [(&str, TimeUnit); 4] = [
    ("s", TimeUnit::Second),
    ("ms", TimeUnit::Millisecond),
    ("us", TimeUnit::Microsecond),
    ("ns", TimeUnit::Nanosecond),
];

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(UNITS[*self as usize].0)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FixedSizeBinary(size) => write!(f, "fixed-size-binary<{size}>"),
            Self::Time32(unit) => write!(f, "time32<{unit}>"),
            Self::Time64(unit) => write!(f, "time64<{unit}>"),
            Self::Timestamp(unit, None) => write!(f, "timestamp<{unit}>"),
            Self::Timestamp(unit, Some(zone)) => write!(f, "timestamp<{unit}, {zone}>"),
            Self::Duration(unit) => write!(f, "duration<{unit}>"),
            Self::Decimal128(precision, scale) => write!(f, "decimal128<{precision}, {scale}>"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::LargeList(item) => write!(f, "large-list<{item}>"),
            Self::FixedSizeList(item, size) => write!(f, "fixed-size-list<{item}, {size}>"),
            Self::Struct(members) => write_members(f, members),
            Self::Dictionary(key, value) => write!(f, "dictionary<{key}, {value}>"),
            Self::Other(text) => f.write_str(text),
            word => f.write_str(WORDS.iter().find(|(_, of)| of == word).map_or("?", |(text, _)| text)),
        }
    }
}

fn write_members(f: &mut fmt::Formatter<'_>, members: &[(String, DataType)]) -> fmt::Result {
    f.write_str("struct<")?;
    for (index, (name, data_type)) in members.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        match is_bare(name) {
            true => write!(f, "{comma}{name}: {data_type}")?,
            false => write!(f, "{comma}{}: {data_type}", crate::json::quoted(name))?,
        }
    }
    f.write_str(">")
}

fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_bare_char)
}

/// ASCII alone: a name in quotes is never wrong, and the tables of all letters are 3 kB of every component.
fn is_bare_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl DataType {
    /// Whether values are whole numbers of a size, signed or not.
    pub fn is_integer(&self) -> bool {
        use DataType::*;
        matches!(self, Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64)
    }

    /// The types of the arrays that follow this one's.
    pub(crate) fn children(&self) -> Vec<&DataType> {
        match self {
            Self::List(item) | Self::LargeList(item) | Self::FixedSizeList(item, _) => vec![item],
            Self::Struct(members) => members.iter().map(|(_, data_type)| data_type).collect(),
            Self::Dictionary(_, values) => vec![values],
            _ => Vec::new(),
        }
    }

    /// How its buffers are laid out.
    pub(crate) fn layout(&self) -> Layout {
        use DataType::*;
        match self {
            Null | Other(_) => Layout::Null,
            Bool => Layout::Bits,
            Int8 | UInt8 => Layout::Fixed(1),
            Int16 | UInt16 | Float16 => Layout::Fixed(2),
            Int32 | UInt32 | Float32 | Date32 | Time32(_) => Layout::Fixed(4),
            Int64 | UInt64 | Float64 | Date64 | Time64(_) | Timestamp(..) | Duration(_) => Layout::Fixed(8),
            Decimal128(..) => Layout::Fixed(16),
            FixedSizeBinary(size) => Layout::Fixed(*size as usize),
            Utf8 | Binary => Layout::Bytes(4),
            LargeUtf8 | LargeBinary => Layout::Bytes(8),
            Utf8View | BinaryView => Layout::Views,
            List(_) => Layout::List(4),
            LargeList(_) => Layout::List(8),
            FixedSizeList(_, size) => Layout::FixedList(*size as usize),
            Struct(_) => Layout::Struct,
            Dictionary(key, _) => Layout::Dictionary(key.width()),
        }
    }

    /// Bytes of one value of a fixed width, else 0.
    pub(crate) fn width(&self) -> usize {
        match self.layout() {
            Layout::Fixed(width) => width,
            _ => 0,
        }
    }
}

/// How the buffers behind the validity bitmap are laid out. The numbers are bytes, except where said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// No buffer at all.
    Null,
    Bits,
    Fixed(usize),
    /// Offsets of a width, then values.
    Bytes(usize),
    Views,
    /// Offsets of a width.
    List(usize),
    /// Items a row.
    FixedList(usize),
    Struct,
    /// Keys of a width.
    Dictionary(usize),
}
