//! Every type goes in through a step and comes out again: as it is, by `take`, and by `concat`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use stillroom_sdk::*;

/// Hands a column on, its rows backwards, and the column behind itself.
struct Mirror {
    column: In<Any>,
}

impl Step for Mirror {
    const NAME: &str = "mirror";
    const SUMMARY: &str = "Every way to move a column without looking into it.";
    type Params = NoParams;

    fn open(_: NoParams, schema: &mut Schema) -> Result<Self> {
        let data_type = schema.fields()[0].data_type.clone();
        for name in ["same", "back", "twice"] {
            schema.output_field(name, data_type.clone());
        }
        Ok(Self { column: schema.input_dynamic("column")? })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let column = batch.any_column(self.column)?;
        let back: Vec<u32> = (0..column.len() as u32).rev().collect();
        let twice = concat(&[column, column])?;
        assert_eq!(twice.len(), 2 * column.len());
        let probe = test::batch().column("column", twice);
        let second: Vec<u32> = (column.len() as u32..2 * column.len() as u32).collect();
        let second = take(probe.view::<Any>("column"), &second);
        Ok(Output::of(batch.take_column(self.column)?).with(take(column, &back)).with(second))
    }
}

/// What `get` says of each row must hold for the column itself, for its copy, and backwards for the mirrored one.
fn moves<T>(column: impl Build, expected: &[Option<impl std::fmt::Debug + Clone>])
where
    T: Type,
    for<'a> T::Column<'a>: Rows<'a, Item: std::fmt::Debug>,
{
    let output = test::run::<Mirror>("{}", test::batch().column("column", column)).unwrap();
    let shown: Vec<String> = expected.iter().map(|row| format!("{row:?}")).collect();
    let read = |name: &str| -> Vec<String> {
        let column = output.column::<T>(name);
        assert_eq!(column.iter().filter(Option::is_none).count(), column.validity().map_or(0, Bits::count_zeros));
        column.iter().map(|row| format!("{row:?}")).collect()
    };
    assert_eq!(read("same"), shown);
    assert_eq!(read("twice"), shown);
    assert_eq!(read("back").into_iter().rev().collect::<Vec<_>>(), shown);
}

/// With nulls, without, and without rows.
fn numbers<T, N>(data_type: Option<DataType>, extremes: &[N])
where
    N: Native,
    T: Type,
    for<'a> T::Column<'a>: Rows<'a, Item = N>,
{
    let of = |builder: PrimitiveBuilder<N>| match &data_type {
        Some(data_type) => builder.of(data_type.clone()),
        None => builder,
    };
    let mut rows: Vec<Option<N>> = extremes.iter().copied().map(Some).collect();
    moves::<T>(of(rows.iter().copied().collect()), &rows);
    rows.insert(1, None);
    rows.extend([None; 9]);
    moves::<T>(of(rows.iter().copied().collect()), &rows);
    moves::<T>(of(PrimitiveBuilder::new()), &[] as &[Option<N>]);
    moves::<T>(of([None, None].into_iter().collect::<PrimitiveBuilder<N>>()), &[None::<N>, None]);
}

#[test]
fn integers() {
    numbers::<Int8, i8>(None, &[i8::MIN, -1, 0, i8::MAX]);
    numbers::<Int16, i16>(None, &[i16::MIN, -1, 0, i16::MAX]);
    numbers::<Int32, i32>(None, &[i32::MIN, -1, 0, i32::MAX]);
    numbers::<Int64, i64>(None, &[i64::MIN, -1, (1 << 53) + 1, i64::MAX]);
    numbers::<UInt8, u8>(None, &[0, 1, u8::MAX]);
    numbers::<UInt16, u16>(None, &[0, 1, u16::MAX]);
    numbers::<UInt32, u32>(None, &[0, 1, u32::MAX]);
    numbers::<UInt64, u64>(None, &[0, (1 << 53) + 1, u64::MAX]);
}

#[test]
fn floats_keep_nan_and_signs() {
    numbers::<Float16, F16>(None, &[F16(0x7e00), F16(0x8000), F16(0x3c00)]);
    numbers::<Float32, f32>(None, &[f32::NAN, -0.0, f32::MIN_POSITIVE, f32::INFINITY]);
    numbers::<Float64, f64>(None, &[f64::NAN, -0.0, f64::EPSILON, f64::NEG_INFINITY]);
}

#[test]
fn times_and_decimals() {
    use TimeUnit::*;
    numbers::<Date32, i32>(Some(DataType::Date32), &[-719_162, 0, i32::MAX]);
    numbers::<Date64, i64>(Some(DataType::Date64), &[i64::MIN, 0]);
    numbers::<Time32, i32>(Some(DataType::Time32(Millisecond)), &[0, 86_399_999]);
    numbers::<Time64, i64>(Some(DataType::Time64(Nanosecond)), &[0, 86_399_999_999_999]);
    numbers::<Timestamp, i64>(Some(DataType::Timestamp(Microsecond, Some("Europe/Berlin".into()))), &[-1, i64::MAX]);
    numbers::<Duration, i64>(Some(DataType::Duration(Second)), &[i64::MIN, 1]);
    numbers::<Decimal128, i128>(Some(DataType::Decimal128(38, 9)), &[i128::MIN, -1, 10_i128.pow(37)]);
}

#[test]
fn bool_and_null() {
    let rows = [Some(true), None, Some(false), Some(true), None, Some(true), Some(true), Some(false), Some(true)];
    moves::<Bool>(rows.into_iter().collect::<BoolBuilder>(), &rows);
    moves::<Bool>([true, false].into_iter().collect::<BoolBuilder>(), &[Some(true), Some(false)]);
    moves::<Bool>(BoolBuilder::new(), &[] as &[Option<bool>]);
    let output =
        test::run::<Mirror>("{}", test::batch().column("column", AnyArray::all_null(DataType::Null, 3))).unwrap();
    assert_eq!(output.values::<Null>("back"), [None, None, None]);
}

const TEXTS: [Option<&str>; 7] =
    [Some("a"), None, Some(""), Some("straße 🦀"), Some("longer than twelve bytes"), Some("日本語"), Some("👩‍👩‍👧‍👦 family")];

#[test]
fn text_in_three_forms() {
    moves::<Utf8>(TEXTS.into_iter().collect::<Utf8Builder>(), &TEXTS);
    moves::<LargeUtf8>(TEXTS.into_iter().collect::<LargeUtf8Builder>(), &TEXTS);
    moves::<Utf8View>(TEXTS.into_iter().collect::<Utf8ViewBuilder>(), &TEXTS);
    moves::<Utf8>(Utf8Builder::new(), &[] as &[Option<&str>]);
    moves::<Utf8View>(Utf8ViewBuilder::new(), &[] as &[Option<&str>]);
}

#[test]
fn bytes_in_four_forms() {
    let rows: [Option<&[u8]>; 4] = [Some(&[0xff, 0, 0xfe]), None, Some(&[]), Some(&[7; 40])];
    moves::<Binary>(rows.into_iter().collect::<BinaryBuilder>(), &rows);
    moves::<LargeBinary>(rows.into_iter().collect::<LargeBinaryBuilder>(), &rows);
    moves::<BinaryView>(rows.into_iter().collect::<BinaryViewBuilder>(), &rows);

    let rows: [Option<[u8; 3]>; 3] = [Some([1, 2, 3]), None, Some([0xff; 3])];
    let mut builder = FixedSizeBinaryBuilder::new(3);
    rows.iter().for_each(|row| builder.push(*row));
    moves::<FixedSizeBinary>(builder, &rows);
}

#[test]
fn bulk_access_is_the_buffers() {
    let batch = test::batch().utf8("text", TEXTS).int64("n", [Some(1), None, Some(3), None, None, None, Some(7)]);
    let text = batch.view::<Utf8>("text");
    assert_eq!(text.values(), TEXTS.into_iter().flatten().collect::<String>());
    assert_eq!(text.offsets()[..3], [0, 1, 1]);
    assert!(text.is_null(1) && !text.is_null(2));
    assert_eq!(batch.view::<Int64>("n").values()[2], 3);
    assert_eq!(batch.view::<Int64>("n").validity().map(Bits::count_zeros), Some(4));
    assert_eq!(text.iter().rev().flatten().next(), Some("👩‍👩‍👧‍👦 family"));
}

#[test]
fn builders_of_bytes_have_three_ways() {
    let mut builder = Utf8Builder::with_capacity(4, 16);
    builder.push(Some(String::from("pushed")));
    builder.append_with(|text| text.push_str("appended"));
    builder.values_mut().push_str("in ");
    builder.values_mut().push_str("place");
    builder.finish_row();
    builder.push_null();
    builder.push_value("");
    let batch = test::batch().column("text", builder);
    let rows: Vec<_> = batch.view::<Utf8>("text").iter().collect();
    assert_eq!(rows, [Some("pushed"), Some("appended"), Some("in place"), None, Some("")]);
}

#[test]
fn parts_are_checked_for_length() {
    let bits = |bits: &[bool]| Some(bits.iter().copied().collect::<Bitmap>());
    let text = Utf8Builder::from_parts(vec![0, 1, 3], b"abc".to_vec(), bits(&[true, false])).unwrap();
    assert_eq!((text.len(), text.null_count()), (2, 1));
    assert!(Utf8Builder::from_parts(vec![0, 1], b"abc".to_vec(), None).is_err());
    assert!(Utf8Builder::from_parts(vec![], vec![], None).is_err());
    assert!(Utf8Builder::from_parts(vec![0, 3], b"abc".to_vec(), bits(&[true, true])).is_err());
    assert!(Int64Builder::from_parts(vec![1, 2], bits(&[true])).is_err());
    assert!(BoolBuilder::from_parts([true].into_iter().collect(), bits(&[])).is_err());
    assert!(fixed_size_list(2, Int64Builder::from_values(vec![1, 2, 3]), None).is_err());
}
