//! Every type through the sandbox and back: an Arrow file in, `echo` over every column, an Arrow file out, the same values.

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, FixedSizeBinaryBuilder, FixedSizeListBuilder, Float32Builder, Int64Builder, ListBuilder,
    StringBuilder, StringViewBuilder,
};
use arrow_array::types::{Float16Type, Int8Type, Int32Type};
use arrow_array::*;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema};
use stillroom_tests::Bench;

/// One column of each type, five rows, a null in each, extremes.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let long = "longer than the twelve bytes that a view holds inline";
    let mut lists = ListBuilder::new(ListBuilder::new(Int64Builder::new()));
    for row in [
        Some(vec![Some(vec![Some(i64::MIN), None]), None]),
        None,
        Some(vec![]),
        Some(vec![Some(vec![])]),
        Some(vec![Some(vec![Some(7)])]),
    ] {
        lists.append_option(row);
    }
    let mut vectors = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    for row in 0..5 {
        vectors.values().append_value(row as f32);
        vectors.values().append_value(f32::NAN);
        vectors.append(row != 2);
    }
    let mut ids = FixedSizeBinaryBuilder::new(3);
    for row in [Some(b"abc"), None, Some(b"\0\0\0"), Some(b"\xff\xfe\xfd"), Some(b"xyz")] {
        match row {
            Some(bytes) => ids.append_value(bytes).expect("three bytes"),
            None => ids.append_null(),
        }
    }
    let texts = vec![Some("é"), None, Some(""), Some(long), Some("日本語 😀")];
    let mut views = StringViewBuilder::new();
    let mut byte_views = BinaryViewBuilder::new();
    let mut plain = StringBuilder::new();
    for text in &texts {
        views.append_option(*text);
        byte_views.append_option(text.map(str::as_bytes));
        plain.append_option(*text);
    }
    let people = StructArray::from(vec![
        (Arc::new(Field::new("role", DataType::Utf8, true)), Arc::new(plain.finish_cloned()) as ArrayRef),
        (
            Arc::new(Field::new("odd \"name\", <1>", DataType::Int8, true)),
            Arc::new(Int8Array::from(vec![1, 2, 3, 4, 5])) as ArrayRef,
        ),
    ]);
    let halves =
        [1.5_f32, 0.0, -0.0, f32::INFINITY, f32::NAN].map(<Float16Type as ArrowPrimitiveType>::Native::from_f32);
    vec![
        ("null", Arc::new(NullArray::new(5))),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true), Some(true)]))),
        ("int8", Arc::new(Int8Array::from(vec![Some(i8::MIN), None, Some(0), Some(i8::MAX), Some(1)]))),
        ("int16", Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(0), Some(i16::MAX), Some(1)]))),
        ("int32", Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(0), Some(i32::MAX), Some(1)]))),
        (
            "int64",
            Arc::new(Int64Array::from(vec![
                Some(i64::MIN),
                None,
                Some(9_007_199_254_740_993),
                Some(i64::MAX),
                Some(1),
            ])),
        ),
        ("uint8", Arc::new(UInt8Array::from(vec![Some(u8::MAX), None, Some(0), Some(1), Some(2)]))),
        ("uint16", Arc::new(UInt16Array::from(vec![Some(u16::MAX), None, Some(0), Some(1), Some(2)]))),
        ("uint32", Arc::new(UInt32Array::from(vec![Some(u32::MAX), None, Some(0), Some(1), Some(2)]))),
        ("uint64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(0), Some(1), Some(2)]))),
        ("float16", Arc::new(PrimitiveArray::<Float16Type>::from_iter_values(halves))),
        ("float32", Arc::new(Float32Array::from(vec![Some(f32::NAN), None, Some(-0.0), Some(f32::MAX), Some(1.5)]))),
        (
            "float64",
            Arc::new(Float64Array::from(vec![Some(f64::NAN), None, Some(-0.0), Some(f64::MIN_POSITIVE), Some(1.5)])),
        ),
        ("utf8", Arc::new(StringArray::from(texts.clone()))),
        ("large-utf8", Arc::new(LargeStringArray::from(texts.clone()))),
        ("utf8-view", Arc::new(views.finish())),
        ("binary", Arc::new(BinaryArray::from(vec![Some(&b"\xff\0"[..]), None, Some(b""), Some(b"b"), Some(b"c")]))),
        (
            "large-binary",
            Arc::new(LargeBinaryArray::from(vec![Some(&b"\xff\0"[..]), None, Some(b""), Some(b"b"), Some(b"c")])),
        ),
        ("binary-view", Arc::new(byte_views.finish())),
        ("fixed-size-binary", Arc::new(ids.finish())),
        ("date32", Arc::new(Date32Array::from(vec![Some(-1), None, Some(0), Some(20_000), Some(1)]))),
        ("date64", Arc::new(Date64Array::from(vec![Some(-86_400_000), None, Some(0), Some(86_400_000), Some(0)]))),
        ("time32", Arc::new(Time32MillisecondArray::from(vec![Some(1), None, Some(0), Some(86_399_999), Some(1)]))),
        ("time64", Arc::new(Time64NanosecondArray::from(vec![Some(1), None, Some(0), Some(3), Some(1)]))),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from(vec![Some(i64::MIN), None, Some(0), Some(3), Some(1)]))),
        (
            "timestamp-zone",
            Arc::new(
                TimestampSecondArray::from(vec![Some(1), None, Some(0), Some(3), Some(1)])
                    .with_timezone("Europe/Berlin"),
            ),
        ),
        ("duration", Arc::new(DurationNanosecondArray::from(vec![Some(1), None, Some(0), Some(3), Some(1)]))),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(10_i128.pow(37)), None, Some(0), Some(-1), Some(1)])
                    .with_precision_and_scale(38, 9)
                    .expect("fits"),
            ),
        ),
        ("list", Arc::new(lists.finish())),
        ("fixed-size-list", Arc::new(vectors.finish())),
        ("struct", Arc::new(people)),
        (
            "dictionary",
            Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("a"), None, Some("b"), Some("a"), Some("é")])),
        ),
        (
            "dictionary-small",
            Arc::new(DictionaryArray::<Int8Type>::from_iter([Some("a"), None, Some("b"), Some("a"), Some("é")])),
        ),
    ]
}

fn batch(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())
        .expect("a batch")
}

fn write(bench: &Bench, batches: &[RecordBatch]) {
    let file = File::create(bench.path("in.arrow")).expect("a file");
    let mut writer = FileWriter::try_new(file, &batches[0].schema()).expect("a writer");
    batches.iter().for_each(|batch| writer.write(batch).expect("written"));
    writer.finish().expect("finished");
}

fn read(bench: &Bench) -> RecordBatch {
    let reader = FileReader::try_new(File::open(bench.path("out.arrow")).expect("there"), None).expect("an Arrow file");
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("a batch")).collect();
    arrow_select::concat::concat_batches(&schema, &batches).expect("one schema")
}

const ECHO: &str = "
plugins: { GUESTS/kinds.wasm: { columns: all } }
steps:
  - { id: read, source: DIR/in.arrow }
  - { id: echo, use: GUESTS/kinds.wasm/echo }
  - { id: write, sink: DIR/out.arrow }
";

/// Values as text: NaN is equal to itself there, and what differs is shown.
fn shown(batch: &RecordBatch) -> String {
    let columns = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| format!("{}: {column:#?}\n", field.name()))
        .collect::<Vec<_>>();
    columns.concat()
}

#[test]
fn every_type_comes_back_as_it_went() {
    let bench = Bench::default();
    let sent = batch(columns());
    write(&bench, std::slice::from_ref(&sent));
    bench.run(ECHO).expect("runs");
    let back = read(&bench);
    assert_eq!(shown(&back), shown(&sent));
    for (sent, back) in sent.schema().fields().iter().zip(back.schema().fields()) {
        assert_eq!(sent.data_type(), back.data_type());
    }
}

/// Slices begin in the middle of a byte, of offsets, of children; an empty batch has nothing at all.
#[test]
fn slices_and_empty_batches_come_back_too() {
    let whole = batch(columns());
    for (start, len) in [(1, 4), (3, 2), (4, 1), (2, 1)] {
        let bench = Bench::default();
        // `batch-rows` cuts slices inside the host.
        write(&bench, &[whole.slice(start, len), whole.slice(0, 0), whole.slice(0, 3)]);
        bench.run(&format!("batch-rows: 2{ECHO}")).expect("runs");
        let expected =
            arrow_select::concat::concat_batches(&whole.schema(), &[whole.slice(start, len), whole.slice(0, 3)])
                .expect("one schema");
        assert_eq!(shown(&read(&bench)), shown(&expected), "{start}..{}", start + len);
    }
}

/// What a step does not take is carried along, also where rows are repeated and dropped.
#[test]
fn every_type_is_carried_along() {
    let bench = Bench::default();
    let sent = batch(columns());
    write(&bench, std::slice::from_ref(&sent));
    bench.run(&ECHO.replace("kinds.wasm/echo", "kinds.wasm/repeat, with: { times: 2 }")).expect("runs");
    let back = read(&bench);
    let rows = UInt32Array::from(vec![0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    for (at, column) in sent.columns().iter().enumerate() {
        let expected = arrow_select::take::take(column, &rows, None).expect("takes");
        assert_eq!(format!("{:?}", back.column(at)), format!("{expected:?}"));
    }
}

#[test]
fn a_type_that_cannot_cross_is_carried_and_not_offered() {
    let bench = Bench::default();
    let intervals: ArrayRef = Arc::new(IntervalYearMonthArray::from(vec![1, 2, 3, 4, 5]));
    let sent = batch(vec![("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))), ("months", intervals)]);
    write(&bench, std::slice::from_ref(&sent));
    bench.run(ECHO).expect("runs");
    assert_eq!(shown(&read(&bench)), shown(&sent));
}
