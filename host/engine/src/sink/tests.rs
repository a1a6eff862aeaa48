//! Round trips through every format, and what happens where nothing can be written.

use std::path::Path;

use arrow_array::types::{Int32Type, Int64Type, UInt16Type};
use arrow_array::*;
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema};
use proptest::prelude::*;

use super::*;
use crate::source::{SourceOptions, open};

mod resume;

fn options(path: &Path) -> SinkOptions {
    SinkOptions { path: path.to_path_buf(), format: None, compression: None, partial: None }
}

fn write(options: &SinkOptions, batches: &[RecordBatch]) -> Result<u64, SinkError> {
    let mut sink = create(options, batches[0].schema())?.sink;
    let encoder = sink.encoder();
    for (item, batch) in batches.iter().enumerate() {
        sink.write(encoder.encode(batch)?)?;
        sink.end_item(item as u64 + 1)?;
    }
    sink.close()?;
    sink.commit()
}

fn read(path: &Path, schema: &Schema) -> Vec<RecordBatch> {
    let types = schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    let paths = vec![path.to_str().unwrap().to_owned()];
    let mut source = open(&SourceOptions { paths, types, ..SourceOptions::default() }).unwrap();
    let mut batches = Vec::new();
    while let Some(work) = source.next().unwrap() {
        batches.extend(work().unwrap_or_else(|error| panic!("{error}")));
    }
    batches
}

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

/// Columns that every format can hold.
fn flat() -> Vec<(&'static str, ArrayRef)> {
    let micros = TimestampMicrosecondArray::from(vec![Some(1_714_521_600_123_456), None, Some(0)]);
    let decimals = Decimal128Array::from(vec![Some(12345), None, Some(-1)]).with_precision_and_scale(10, 2).unwrap();
    vec![
        ("i64", array(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
        ("u64", array(UInt64Array::from(vec![Some(0), None, Some(u64::MAX)]))),
        ("i8", array(Int8Array::from(vec![Some(-128), None, Some(127)]))),
        ("f64", array(Float64Array::from(vec![Some(0.1), None, Some(-1e300)]))),
        ("f32", array(Float32Array::from(vec![Some(0.1), None, Some(-1e30)]))),
        ("bool", array(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("text", array(StringArray::from(vec![Some("a,\"b\"\n\\\t\u{1}é😀"), None, Some("x")]))),
        ("large", array(LargeStringArray::from(vec![Some("y"), None, Some("z")]))),
        ("view", array(StringViewArray::from(vec![Some("a string that is not inline"), None, Some("z")]))),
        ("date", array(Date32Array::from(vec![Some(19_000), None, Some(-1)]))),
        ("micros", array(micros.clone().with_timezone("+00:00"))),
        ("naive", array(micros)),
        ("decimal", array(decimals)),
    ]
}

/// Columns for the formats that nest.
fn nested() -> Vec<(&'static str, ArrayRef)> {
    let lists = vec![Some(vec![Some(1), None]), None, Some(vec![])];
    let fields = Fields::from(vec![Field::new("x", DataType::Int64, true), Field::new("y", DataType::Utf8, true)]);
    let columns = vec![
        array(Int64Array::from(vec![Some(1), None, None])),
        array(StringArray::from(vec![Some("\""), None, None])),
    ];
    vec![
        ("list", array(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ("struct", array(StructArray::new(fields, columns, Some(NullBuffer::from(vec![true, false, true]))))),
    ]
}

fn batch(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// A small file in the format that its name says.
pub(crate) fn sample_file(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let values = DictionaryArray::<Int32Type>::from_iter([Some("a"), None, Some("b")]);
    let columns = flat().into_iter().chain(nested()).chain([("dictionary", array(values))]).collect();
    write(&options(&path), &[batch(columns)]).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn round_trips() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv", "a.csv.gz", "a.parquet", "a.arrow", "a.arrows"] {
        let path = folder.path().join("new").join(name);
        let columns = match name.contains("csv") {
            true => flat().into_iter().filter(|(name, _)| *name != "large").collect(),
            false => flat().into_iter().chain(nested()).collect(),
        };
        let written = batch(columns);
        let bytes = write(&options(&path), &[written.clone(), written.slice(1, 2)]).unwrap();
        assert_eq!(bytes, std::fs::metadata(&path).unwrap().len(), "{name}");
        let back = read(&path, &written.schema());
        let back = arrow_select::concat::concat_batches(&back[0].schema(), &back).unwrap();
        assert_eq!(back.slice(0, 3), written, "{name}");
        assert_eq!(back.slice(3, 2), written.slice(1, 2), "{name}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 8, "no temporary file is left");
}

#[test]
fn binary_and_dictionaries() {
    let folder = tempfile::tempdir().unwrap();
    let dictionary = DictionaryArray::<UInt16Type>::from_iter([Some("a"), None, Some("a")]);
    let written = batch(vec![
        ("binary", array(BinaryArray::from(vec![Some(b"\xff\x00".as_slice()), None, Some(b"")]))),
        ("dictionary", array(dictionary)),
    ]);
    for name in ["a.parquet", "a.arrow"] {
        let path = folder.path().join(name);
        write(&options(&path), std::slice::from_ref(&written)).unwrap();
        assert_eq!(read(&path, &written.schema()), std::slice::from_ref(&written), "{name}");
    }
    let path = folder.path().join("a.jsonl");
    write(&options(&path), &[written]).unwrap();
    let text = "{\"binary\":\"ff00\",\"dictionary\":\"a\"}\n{\"binary\":null,\"dictionary\":null}\n{\"binary\":\"\",\"dictionary\":\"a\"}\n";
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}

#[test]
fn jsonl_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let floats = Float64Array::from(vec![Some(f64::NAN), Some(f64::INFINITY), None]);
    let mut columns = vec![("n\"", array(floats))];
    columns.extend(flat().into_iter().filter(|(name, _)| ["text", "micros", "decimal"].contains(name)));
    write(&options(&path), &[batch(columns)]).unwrap();
    assert_eq!(
        std::fs::read_to_string(path).unwrap().lines().next().unwrap(),
        r#"{"n\"":null,"text":"a,\"b\"\n\\\t\u0001é😀","micros":"2024-05-01T00:00:00.123456Z","decimal":123.45}"#
    );
}

#[test]
fn empty_outputs_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let empty = batch(vec![("a", array(Int64Array::from(vec![1])))]).slice(0, 0);
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv", "a.parquet", "a.arrow", "a.arrows"] {
        let path = folder.path().join(name);
        write(&options(&path), std::slice::from_ref(&empty)).unwrap();
        assert!(read(&path, &empty.schema()).is_empty(), "{name}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("a.csv")).unwrap(), "a\n");
}

#[test]
fn nothing_half_written_stays() {
    let folder = tempfile::tempdir().unwrap();
    let rows = batch(flat());
    for name in ["a.jsonl", "a.csv", "a.parquet", "a.arrow"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "before").unwrap();
        let mut sink = create(&options(&path), rows.schema()).unwrap().sink;
        sink.write(sink.encoder().encode(&rows).unwrap()).unwrap();
        sink.close().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{name}");
        drop(sink);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    for format in [Format::Jsonl, Format::Csv, Format::Parquet, Format::Arrow] {
        let full = SinkOptions { format: Some(format), ..options(Path::new("/dev/full")) };
        let error = write(&full, &[batch(flat())]).unwrap_err();
        assert!(error.to_string().contains("the disk is full"), "{format:?}: {error}");
        assert!(error.help.is_some());
    }
    let null = SinkOptions { format: Some(Format::Jsonl), ..options(Path::new("/dev/null")) };
    assert!(write(&null, &[batch(flat())]).unwrap() > 0);
}

#[test]
fn bad_outputs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let said = |path: &str, columns| match write(&options(&folder.path().join(path)), &[batch(columns)]) {
        Ok(_) => panic!("{path} was written"),
        Err(error) => format!("{error} ({})", error.help.clone().unwrap_or_default()),
    };
    assert!(said("a.xyz", flat()).contains("say `format: jsonl`"));
    assert!(said("", flat()).contains("does not tell the format"));
    assert!(said("file/a.jsonl", flat()).contains("not a folder"));
    assert!(said("a.csv", nested()).contains("CSV cannot hold column `list`"));
    std::fs::create_dir(folder.path().join("b.jsonl")).unwrap();
    assert!(said("b.jsonl", flat()).contains("is a folder"));
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    write(&options(&path), &[batch(flat())]).unwrap();
    std::fs::write(folder.path().join("plain"), "").unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("a.jsonl"), mode("plain"));
}

proptest! {
    #[test]
    fn jsonl_there_and_back(
        rows in proptest::collection::vec(
            (
                any::<Option<i64>>(),
                proptest::option::of(any::<f64>().prop_filter("finite", |number| number.is_finite())),
                any::<Option<bool>>(),
                any::<Option<String>>(),
                any::<Option<Vec<Option<i64>>>>(),
            ),
            1..20,
        ),
    ) {
        let written = batch(vec![
            ("a", array(rows.iter().map(|row| row.0).collect::<Int64Array>())),
            ("b\"\\", array(rows.iter().map(|row| row.1).collect::<Float64Array>())),
            ("c", array(rows.iter().map(|row| row.2).collect::<BooleanArray>())),
            ("é", array(rows.iter().map(|row| row.3.clone()).collect::<StringArray>())),
            ("", array(ListArray::from_iter_primitive::<Int64Type, _, _>(rows.iter().map(|row| row.4.clone())))),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        write(&options(&path), std::slice::from_ref(&written)).unwrap();
        prop_assert_eq!(read(&path, &written.schema()), [written]);
    }
}

/// Found by fuzzing: the library divides by the size.
#[test]
fn values_of_no_bytes_are_an_error_of_parquet_and_no_panic() {
    let nothing = FixedSizeBinaryArray::try_new_with_len(0, Default::default(), None, 3).unwrap();
    let batch = RecordBatch::try_from_iter([("a", array(nothing))]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let error = write(&options(&path), &[batch]).unwrap_err();
    assert!(error.message.contains("Parquet cannot hold these columns"), "{error}");
    assert!(!path.exists());
}

/// Found by fuzzing: what lies beneath was written, and where that was nothing, the library panicked.
#[test]
fn a_dictionary_s_null_is_null_in_json() {
    let keys = || Int8Array::from(vec![Some(0), Some(1), None]);
    let words = DictionaryArray::new(keys(), array(StringArray::from(vec![Some("a"), None])));
    let nulls = DictionaryArray::new(keys(), array(NullArray::new(2)));
    let empty = DictionaryArray::new(Int8Array::from(vec![None; 3]), array(StringArray::new_null(0)));
    let columns = [("words", array(words)), ("nulls", array(nulls)), ("empty", array(empty))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let text = String::from_utf8(to_text(Format::Jsonl, &batch).unwrap()).unwrap();
    let null = "{\"words\":null,\"nulls\":null,\"empty\":null}\n";
    assert_eq!(text, format!("{{\"words\":\"a\",\"nulls\":null,\"empty\":null}}\n{null}{null}"));
    assert_eq!(crate::json::rows(&batch).unwrap().len(), 3);
}
