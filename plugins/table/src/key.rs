//! The values of a row's key columns as bytes that are the same exactly when the values are, and their hash.

use stillroom_sdk::*;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

/// The key columns of a batch, to hash row by row.
pub(crate) struct Keys<'a> {
    columns: Vec<AnyColumn<'a>>,
    bytes: Vec<u8>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(batch: &'a Batch, columns: &[In<Any>]) -> Result<Self> {
        let columns = columns.iter().map(|&column| batch.column(column)).collect::<Result<_>>()?;
        Ok(Self { columns, bytes: Vec::new() })
    }

    /// XXH3 of 128 bits.
    pub(crate) fn digest(&mut self, row: usize) -> Result<u128> {
        self.encode(row).map(xxh3_128)
    }

    /// XXH3 of 64 bits.
    pub(crate) fn hash(&mut self, row: usize, seed: u64) -> Result<u64> {
        self.encode(row).map(|bytes| xxh3_64_with_seed(bytes, seed))
    }

    fn encode(&mut self, row: usize) -> Result<&[u8]> {
        self.bytes.clear();
        self.columns.iter().try_for_each(|column| encode(*column, row, &mut self.bytes))?;
        Ok(&self.bytes)
    }
}

const NULL: u8 = 0;
const VALUE: u8 = 1;

/// Whether [`Keys`] can tell values of this type apart.
pub(crate) fn is_key(data_type: &DataType) -> bool {
    match data_type {
        DataType::Other(_) => false,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => is_key(item),
        DataType::Struct(members) => members.iter().all(|member| is_key(&member.1)),
        DataType::Dictionary(_, values) => is_key(values),
        _ => true,
    }
}

/// A null is one byte. A value is another, then its bytes: of a fixed width, or after their length. So no row's bytes
/// begin those of another, and columns can stand behind one another.
fn encode(column: AnyColumn<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    if column.is_null(row) {
        out.push(NULL);
        return Ok(());
    }
    macro_rules! value {
        ($marker:ident, $bytes:expr) => {{
            let value = column.downcast::<$marker>()?.value(row);
            out.push(VALUE);
            out.extend_from_slice($bytes(value).as_ref());
        }};
    }
    macro_rules! bytes {
        ($marker:ident) => {{
            let value: &[u8] = column.downcast::<$marker>()?.value(row).as_ref();
            out.push(VALUE);
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
            out.extend_from_slice(value);
        }};
    }
    match column.data_type() {
        DataType::Null => {}
        DataType::Bool => value!(Bool, |value| [u8::from(value)]),
        DataType::Int8 => value!(Int8, i8::to_le_bytes),
        DataType::Int16 => value!(Int16, i16::to_le_bytes),
        DataType::Int32 => value!(Int32, i32::to_le_bytes),
        DataType::Int64 => value!(Int64, i64::to_le_bytes),
        DataType::UInt8 => value!(UInt8, u8::to_le_bytes),
        DataType::UInt16 => value!(UInt16, u16::to_le_bytes),
        DataType::UInt32 => value!(UInt32, u32::to_le_bytes),
        DataType::UInt64 => value!(UInt64, u64::to_le_bytes),
        DataType::Float16 => value!(Float16, |value: F16| value.0.to_le_bytes()),
        DataType::Float32 => value!(Float32, |value| float(f64::from(value))),
        DataType::Float64 => value!(Float64, float),
        DataType::Date32 => value!(Date32, i32::to_le_bytes),
        DataType::Date64 => value!(Date64, i64::to_le_bytes),
        DataType::Time32(_) => value!(Time32, i32::to_le_bytes),
        DataType::Time64(_) => value!(Time64, i64::to_le_bytes),
        DataType::Timestamp(..) => value!(Timestamp, i64::to_le_bytes),
        DataType::Duration(_) => value!(Duration, i64::to_le_bytes),
        DataType::Decimal128(..) => value!(Decimal128, i128::to_le_bytes),
        DataType::Utf8 => bytes!(Utf8),
        DataType::LargeUtf8 => bytes!(LargeUtf8),
        DataType::Utf8View => bytes!(Utf8View),
        DataType::Binary => bytes!(Binary),
        DataType::LargeBinary => bytes!(LargeBinary),
        DataType::BinaryView => bytes!(BinaryView),
        DataType::FixedSizeBinary(_) => bytes!(FixedSizeBinary),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => return list(column, row, out),
        DataType::Struct(_) => return members(column.downcast::<Struct>()?, row, out),
        DataType::Dictionary(..) => return entry(column.downcast::<Dictionary<Any>>()?, row, out),
        DataType::Other(name) => return Err(Fault::plugin(format!("a {name} cannot be a key"))),
    }
    Ok(())
}

/// A float's bytes: the two zeros are one, and so are all that are not numbers.
fn float(value: f64) -> [u8; 8] {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    value.to_le_bytes()
}

fn list(column: AnyColumn<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let lists = crate::columns::Lists::of(column)?;
    let items = lists.row(row);
    out.push(VALUE);
    out.extend_from_slice(&(items.len() as u64).to_le_bytes());
    items.into_iter().try_for_each(|item| encode(lists.items(), item, out))
}

fn members(column: StructColumn<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    out.push(VALUE);
    (0..column.members().len()).try_for_each(|member| encode(column.member_at::<Any>(member)?, row, out))
}

/// A dictionary's value, whatever its key.
fn entry(column: DictionaryColumn<'_, Any>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    match column.key(row) {
        Some(key) => encode(column.values(), key, out),
        None => {
            out.push(NULL);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a column, by which of those before they equal.
    struct Same {
        column: In<Any>,
    }

    impl Step for Same {
        const NAME: &str = "same";
        const SUMMARY: &str = "";
        type Params = NoParams;
        fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
            schema.output::<Int32>("same");
            Ok(Self { column: schema.input("key")? })
        }
        fn process(&mut self, batch: &Batch) -> Result<Output> {
            let mut keys = Keys::of(batch, &[self.column])?;
            let digests = (0..batch.len()).map(|row| keys.digest(row)).collect::<Result<Vec<_>>>()?;
            let first = |digest| digests.iter().position(|other| other == digest).map(|at| at as i32);
            Ok(Output::of(digests.iter().map(first).collect::<Int32Builder>()))
        }
    }

    fn same(key: impl Build) -> Vec<i32> {
        let output = test::run::<Same>("{}", test::batch().column("key", key)).unwrap();
        output.values::<Int32>("same").into_iter().flatten().collect()
    }

    #[test]
    fn values_are_told_apart_in_every_type() {
        let texts = || [Some("a"), Some(""), None, Some("a"), None, Some("\0")].into_iter();
        assert_eq!(same(texts().collect::<Utf8Builder>()), [0, 1, 2, 0, 2, 5]);
        assert_eq!(same(texts().collect::<LargeUtf8Builder>()), [0, 1, 2, 0, 2, 5]);
        assert_eq!(same(texts().collect::<Utf8ViewBuilder>()), [0, 1, 2, 0, 2, 5]);
        let floats = [Some(0.0), Some(-0.0), Some(f64::NAN), Some(-f64::NAN), Some(1.0), None];
        assert_eq!(same(floats.into_iter().collect::<Float64Builder>()), [0, 0, 2, 2, 4, 5]);
        assert_eq!(same([Some(false), Some(true), None].into_iter().collect::<BoolBuilder>()), [0, 1, 2]);
        assert_eq!(same([Some(0), None, Some(1), Some(0)].into_iter().collect::<Int64Builder>()), [0, 1, 2, 0]);
        assert_eq!(
            same(PrimitiveBuilder::from_values(vec![1i64, 2, 1]).of(DataType::Timestamp(TimeUnit::Second, None))),
            [0, 1, 0]
        );
        assert_eq!(same(AnyArray::all_null(DataType::Null, 2)), [0, 0]);
    }

    #[test]
    fn nested_values_are_told_apart() {
        let items = || {
            [Some("a"), Some("b"), Some("a"), None, Some("ab"), Some("a"), Some("b")]
                .into_iter()
                .collect::<Utf8Builder>()
        };
        let lengths = [Some(2), None, Some(0), Some(2), Some(1), Some(2)];
        assert_eq!(same(ListBuilder::<_>::from_lengths(items(), lengths).unwrap()), [0, 1, 2, 3, 4, 0]);
        let keys = || PrimitiveBuilder::from_values(vec![2i32, 0, 1, 3, 4, 6]);
        assert_eq!(same(dictionary(keys(), items()).unwrap()), [0, 0, 2, 3, 4, 2]);
        let structs = StructBuilder::new().member("x", items()).member("y", items());
        assert_eq!(same(structs), [0, 1, 0, 3, 4, 0, 1]);
    }
}
