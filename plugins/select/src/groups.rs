//! Rows that have the same values in some columns.

use crate::columns::{half, inputs};
use std::collections::HashMap;
use stillroom_sdk::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tells groups apart by their values themselves, not by a hash: a group costs the bytes of its values and about sixty
/// more.
pub(crate) struct Groups {
    by: Vec<In<Any>>,
    known: HashMap<Box<[u8]>, usize>,
    key: Vec<u8>,
}

impl Groups {
    /// Takes the columns and makes them the step's key. Where there are none, all rows are of one group.
    pub(crate) fn open(schema: &mut Schema, names: &[String]) -> Result<Self> {
        let by = if names.is_empty() { Vec::new() } else { inputs(schema, "by", names)? };
        for name in names {
            if let Some(field) = schema.field(name).filter(|field| !is_key(&field.data_type)) {
                return Err(Fault::params(format!("column `{name}` is {}, which cannot make groups", field.data_type)));
            }
        }
        schema.key(&by);
        Ok(Self { by, known: HashMap::new(), key: Vec::new() })
    }

    /// The group of each row, counted in the order in which they came; `new` is told a group's hash under a seed.
    pub(crate) fn of(&mut self, batch: &Batch, seed: u64, mut new: impl FnMut(u64)) -> Result<Vec<usize>> {
        let columns = self.by.iter().map(|&column| batch.column(column)).collect::<Result<Vec<_>>>()?;
        let mut groups = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            self.key.clear();
            columns.iter().try_for_each(|column| encode(*column, row, &mut self.key))?;
            let group = self.known.get(self.key.as_slice()).copied();
            groups.push(group.unwrap_or_else(|| {
                new(xxh3_64_with_seed(&self.key, seed));
                self.known.insert(self.key.as_slice().into(), self.known.len());
                self.known.len() - 1
            }));
        }
        Ok(groups)
    }
}

/// Whether [`Groups`] can tell values of this type apart: those that are not nested.
fn is_key(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_key(values),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => false,
        DataType::Struct(_) | DataType::Other(_) => false,
        _ => true,
    }
}

/// Before a null, and before a value: its bytes, of a fixed width or after their length. So columns can stand behind
/// one another.
const NULL: u8 = 0;
const VALUE: u8 = 1;

fn encode(column: AnyColumn<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    macro_rules! encode {
        ($($marker:ident: $write:expr),+ $(,)?) => { $(
            if $marker::accepts(column.data_type()) {
                let value = column.downcast::<$marker>()?.get(row);
                out.push(if value.is_some() { VALUE } else { NULL });
                value.into_iter().for_each(|value| ($write)(value, out));
                return Ok(());
            }
        )+ };
    }
    encode!(
        Utf8: text, LargeUtf8: text, Utf8View: text,
        Bool: |value, out: &mut Vec<u8>| out.push(u8::from(value)),
        Int8: fixed(i8::to_le_bytes), Int16: fixed(i16::to_le_bytes),
        Int32: fixed(i32::to_le_bytes), Int64: fixed(i64::to_le_bytes),
        UInt8: fixed(u8::to_le_bytes), UInt16: fixed(u16::to_le_bytes),
        UInt32: fixed(u32::to_le_bytes), UInt64: fixed(u64::to_le_bytes),
        Date32: fixed(i32::to_le_bytes), Date64: fixed(i64::to_le_bytes),
        Time32: fixed(i32::to_le_bytes), Time64: fixed(i64::to_le_bytes),
        Timestamp: fixed(i64::to_le_bytes), Duration: fixed(i64::to_le_bytes),
        Decimal128: fixed(i128::to_le_bytes),
        Float32: float, Float64: float, Float16: |value, out: &mut Vec<u8>| float(half(value), out),
        Binary: bytes, LargeBinary: bytes, BinaryView: bytes, FixedSizeBinary: bytes,
        Null: |(), _: &mut Vec<u8>| (),
    );
    let entries = column.downcast::<Dictionary<Any>>()?;
    match entries.key(row) {
        Some(key) => encode(entries.values(), key, out)?,
        None => out.push(NULL),
    }
    Ok(())
}

fn fixed<V, const N: usize>(bytes: fn(V) -> [u8; N]) -> impl Fn(V, &mut Vec<u8>) {
    move |value, out| out.extend_from_slice(&bytes(value))
}

fn text(value: &str, out: &mut Vec<u8>) {
    bytes(value.as_bytes(), out);
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    out.extend_from_slice(value);
}

/// The two zeros are one, and so are all that are not numbers.
fn float(value: impl Into<f64>, out: &mut Vec<u8>) {
    let value = value.into();
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes no rows; `groups` says where each row belongs.
    struct Probe(Groups);

    params! {
        /// The columns.
        struct ProbeParams { by: Vec<String> }
    }

    impl Step for Probe {
        const NAME: &str = "probe";
        const SUMMARY: &str = "";
        type Params = ProbeParams;

        fn open(params: ProbeParams, schema: &mut Schema) -> Result<Self> {
            schema.output::<Int64>("group");
            Ok(Self(Groups::open(schema, &params.by)?))
        }

        fn process(&mut self, batch: &Batch) -> Result<Output> {
            let groups = self.0.of(batch, 0, |_| ())?;
            Ok(Output::of(Int64Builder::from_values(groups.iter().map(|&group| group as i64).collect())))
        }
    }

    fn groups(by: &str, batch: test::TestBatch) -> Vec<i64> {
        let output = test::run::<Probe>(format!(r#"{{"by": {by}}}"#), batch).unwrap();
        output.values::<Int64>("group").into_iter().flatten().collect()
    }

    fn group(column: impl Build) -> Vec<i64> {
        groups(r#"["c"]"#, test::batch().column("c", column))
    }

    #[test]
    fn values_make_groups() {
        assert_eq!(
            group([Some("a"), None, Some(""), Some("a"), None].into_iter().collect::<Utf8Builder>()),
            [0, 1, 2, 0, 1]
        );
        let floats = [Some(0.0), Some(-0.0), Some(f64::NAN), None, Some(-f64::NAN)];
        assert_eq!(group(floats.into_iter().collect::<Float64Builder>()), [0, 0, 1, 2, 1]);
        assert_eq!(
            group([Some(true), None, Some(false), Some(true)].into_iter().collect::<BoolBuilder>()),
            [0, 1, 2, 0]
        );
        let values: Utf8Builder = [Some("x"), Some("x"), None].into_iter().collect();
        let entries =
            dictionary([Some(0), Some(1), None, Some(2)].into_iter().collect::<Int8Builder>(), values).unwrap();
        assert_eq!(group(entries), [0, 0, 1, 1]);
        assert_eq!(group(AnyArray::all_null(DataType::Null, 2)), [0, 0]);
    }

    #[test]
    fn columns_do_not_run_into_one_another() {
        let batch = test::batch().utf8("a", [Some("x"), Some("xy"), Some("x"), None, Some("")]);
        let batch = batch.utf8("b", [Some("yz"), Some("z"), Some("yz"), Some(""), None]);
        assert_eq!(groups(r#"["a", "b"]"#, batch.clone()), [0, 1, 0, 2, 3]);
        assert_eq!(groups("[]", batch), [0; 5]);
    }

    #[test]
    fn nested_columns_are_refused() {
        let list = ListBuilder::<_>::from_lengths(Int64Builder::new(), [Some(0)]).unwrap();
        let fault = test::run::<Probe>(r#"{"by": ["c"]}"#, test::batch().column("c", list)).unwrap_err();
        assert_eq!(fault.message(), "column `c` is list<int64>, which cannot make groups");
    }
}
