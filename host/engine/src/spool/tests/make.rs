//! Arrays of any type from a seed, for tests.

use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::*;
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit, UnionFields, UnionMode};

/// xorshift: the same numbers from the same seed.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = (self.0 | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end.max(1)
    }

    fn text(&mut self) -> String {
        let len = if self.below(8) == 0 { self.below(60) } else { self.below(6) };
        (0..len).map(|_| ['a', 'b', 'é', '木', '😀'][self.below(5)]).collect()
    }
}

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, true).with_metadata([("unit".to_owned(), "m".to_owned())]))
}

fn members(types: &[DataType]) -> Fields {
    types.iter().enumerate().map(|(at, data_type)| Field::new(format!("m{at}"), data_type.clone(), at != 1)).collect()
}

/// One of every kind of type.
pub(crate) fn types() -> Vec<DataType> {
    use DataType::*;
    let dictionary = |key, value| Dictionary(Box::new(key), Box::new(value));
    let union = |mode| {
        let fields = [(3, Arc::new(Field::new("a", Int32, true))), (7, Arc::new(Field::new("b", Utf8, true)))];
        Union(fields.into_iter().collect::<UnionFields>(), mode)
    };
    let runs = |value| {
        RunEndEncoded(Arc::new(Field::new("run_ends", Int32, false)), Arc::new(Field::new("values", value, true)))
    };
    vec![
        Null,
        Boolean,
        Int8,
        UInt16,
        Int32,
        UInt64,
        Float16,
        Float64,
        Date32,
        Time64(TimeUnit::Nanosecond),
        Timestamp(TimeUnit::Microsecond, Some("Europe/Bratislava".into())),
        Duration(TimeUnit::Second),
        Interval(IntervalUnit::MonthDayNano),
        Decimal128(30, 4),
        Decimal256(60, -2),
        FixedSizeBinary(5),
        Utf8,
        LargeUtf8,
        Binary,
        LargeBinary,
        Utf8View,
        BinaryView,
        List(item(Utf8)),
        LargeList(item(Int64)),
        List(item(List(item(Utf8View)))),
        FixedSizeList(item(Int16), 3),
        ListView(item(Utf8)),
        LargeListView(item(Int32)),
        Struct(members(&[Utf8, Int32, List(item(Boolean))])),
        Struct(Fields::empty()),
        List(item(Struct(members(&[Utf8, Float32])))),
        Map(Arc::new(Field::new("entries", Struct(map_members()), false)), false),
        dictionary(Int8, Utf8),
        dictionary(UInt32, Utf8View),
        dictionary(Int32, List(item(Int32))),
        List(item(dictionary(Int16, Utf8))),
        Struct(members(&[dictionary(Int8, Utf8), dictionary(Int8, LargeUtf8)])),
        runs(Utf8),
        runs(Int64),
        union(UnionMode::Sparse),
        union(UnionMode::Dense),
    ]
}

fn map_members() -> Fields {
    vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Int32, true)].into()
}

/// Columns of random types; now and then none.
pub(crate) fn schema(rng: &mut Rng) -> SchemaRef {
    let types = types();
    let columns = rng.below(5);
    let field = |at: usize, rng: &mut Rng| {
        let data_type = types[rng.below(types.len())].clone();
        let nullable = data_type == DataType::Null || rng.below(3) > 0;
        Field::new(format!("c{at}"), data_type, nullable).with_metadata([("at".to_owned(), at.to_string())])
    };
    let fields: Vec<Field> = (0..columns).map(|at| field(at, rng)).collect();
    Arc::new(Schema::new_with_metadata(fields, [("by".to_owned(), "test".to_owned())]))
}

/// A batch of random rows, often a slice of a larger one.
pub(crate) fn batch(rng: &mut Rng, schema: &SchemaRef, rows: usize) -> RecordBatch {
    let (before, behind) = if rng.below(2) == 0 { (0, 0) } else { (rng.below(20), rng.below(20)) };
    let len = before + rows + behind;
    let columns = schema.fields().iter().map(|field| array(rng, field.data_type(), len, field.is_nullable()));
    let columns = columns.map(|column| column.slice(before, rows)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).unwrap()
}

fn nulls(rng: &mut Rng, len: usize, nullable: bool) -> Option<NullBuffer> {
    match rng.below(4) {
        0 | 1 if nullable => Some(NullBuffer::from_iter((0..len).map(|_| rng.below(4) > 0))),
        2 if nullable => Some(NullBuffer::new_valid(len)),
        _ => None,
    }
}

fn lengths(rng: &mut Rng, len: usize) -> Vec<usize> {
    (0..len).map(|_| rng.below(4)).collect()
}

pub(crate) fn array(rng: &mut Rng, data_type: &DataType, len: usize, nullable: bool) -> ArrayRef {
    use DataType::*;
    let nulls = nulls(rng, len, nullable);
    match data_type {
        Null => Arc::new(NullArray::new(len)),
        Boolean => Arc::new(BooleanArray::new((0..len).map(|_| rng.below(2) == 0).collect(), nulls)),
        Utf8 => {
            let texts: Vec<String> = (0..len).map(|_| rng.text()).collect();
            let (offsets, values, _) = StringArray::from(texts).into_parts();
            Arc::new(StringArray::new(offsets, values, nulls))
        }
        LargeUtf8 | Binary | LargeBinary => {
            let texts = array(rng, &Utf8, len, nullable);
            arrow_cast::cast(&texts, data_type).unwrap()
        }
        Utf8View => {
            let mut views = StringViewBuilder::new().with_fixed_block_size(64);
            (0..len).for_each(|row| {
                views.append_option(nulls.as_ref().is_none_or(|n| n.is_valid(row)).then(|| rng.text()))
            });
            Arc::new(views.finish())
        }
        BinaryView => {
            let mut views = BinaryViewBuilder::new();
            (0..len).for_each(|row| {
                views.append_option(nulls.as_ref().is_none_or(|n| n.is_valid(row)).then(|| rng.text()))
            });
            Arc::new(views.finish())
        }
        List(_) | LargeList(_) | FixedSizeList(..) | ListView(_) | LargeListView(_) => {
            lists(rng, data_type, len, nulls)
        }
        Struct(fields) => {
            let columns = fields.iter().map(|field| array(rng, field.data_type(), len, field.is_nullable())).collect();
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, len).unwrap())
        }
        Map(entries, sorted) => {
            let lengths = lengths(rng, len);
            let values = array(rng, entries.data_type(), lengths.iter().sum(), false);
            let values = values.as_any().downcast_ref::<StructArray>().unwrap().clone();
            Arc::new(MapArray::new(entries.clone(), OffsetBuffer::from_lengths(lengths), values, nulls, *sorted))
        }
        Dictionary(key, value) => {
            let count = 1 + rng.below(6);
            let values = array(rng, value, count, nullable);
            let width = key.primitive_width().unwrap();
            let keys: Vec<u8> =
                (0..len).flat_map(|_| (rng.below(count) as u64).to_le_bytes().into_iter().take(width)).collect();
            let data = ArrayData::builder(data_type.clone()).len(len).nulls(nulls).add_buffer(Buffer::from_vec(keys));
            make_array(data.align_buffers(true).add_child_data(values.to_data()).build().unwrap())
        }
        RunEndEncoded(_, values) => {
            let ends: Vec<i32> = (1..=len as i32).filter(|end| rng.below(3) == 0 || *end == len as i32).collect();
            let values = array(rng, values.data_type(), ends.len(), nullable);
            Arc::new(RunArray::try_new(&Int32Array::from(ends), &values).unwrap())
        }
        Union(fields, mode) => union(rng, fields, *mode, len),
        _ => {
            let width = data_type.primitive_width().unwrap_or(5);
            let bytes: Vec<u8> = (0..len * width).map(|_| rng.below(256) as u8).collect();
            let data = ArrayData::builder(data_type.clone()).len(len).nulls(nulls).add_buffer(Buffer::from_vec(bytes));
            make_array(data.align_buffers(true).build().unwrap())
        }
    }
}

fn lists(rng: &mut Rng, data_type: &DataType, len: usize, nulls: Option<NullBuffer>) -> ArrayRef {
    use DataType::*;
    let lengths = lengths(rng, len);
    let sum = lengths.iter().sum();
    let mut values = |item: &Field, len| array(rng, item.data_type(), len, true);
    match data_type {
        List(item) => {
            Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths), values(item, sum), nulls))
        }
        LargeList(item) => {
            Arc::new(LargeListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths), values(item, sum), nulls))
        }
        FixedSizeList(item, size) => {
            let values = values(item, len * *size as usize);
            Arc::new(FixedSizeListArray::try_new_with_length(item.clone(), *size, values, nulls, len).unwrap())
        }
        ListView(item) => {
            let values = values(item, 20);
            let offsets: ScalarBuffer<i32> = lengths.iter().map(|len| (20 - len) as i32 / 2).collect();
            let sizes = lengths.iter().map(|len| *len as i32).collect();
            Arc::new(ListViewArray::new(item.clone(), offsets, sizes, values, nulls))
        }
        LargeListView(item) => {
            let values = values(item, 20);
            let offsets: ScalarBuffer<i64> = lengths.iter().map(|len| 3 * *len as i64).collect();
            let sizes = lengths.iter().map(|len| *len as i64).collect();
            Arc::new(LargeListViewArray::new(item.clone(), offsets, sizes, values, nulls))
        }
        other => panic!("{other} is no list"),
    }
}

fn union(rng: &mut Rng, fields: &UnionFields, mode: UnionMode, len: usize) -> ArrayRef {
    let ids: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
    let ids: ScalarBuffer<i8> = (0..len).map(|_| ids[rng.below(ids.len())]).collect();
    let count = |id: i8| ids.iter().filter(|one| **one == id).count();
    let dense = mode == UnionMode::Dense;
    let len_of = |id| if dense { count(id) } else { len };
    let children = fields.iter().map(|(id, field)| array(rng, field.data_type(), len_of(id), true)).collect();
    let offsets: ScalarBuffer<i32> =
        (0..len).map(|at| ids[..at].iter().filter(|one| **one == ids[at]).count() as i32).collect();
    let offsets = dense.then_some(offsets);
    Arc::new(UnionArray::try_new(fields.clone(), ids, offsets, children).unwrap())
}
