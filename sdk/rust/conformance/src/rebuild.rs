use stillroom_sdk::*;

use crate::echo::ColumnParams;

/// A column whose every value is read and built anew.
pub struct Rebuild(In<Any>);

impl Step for Rebuild {
    const NAME: &str = "rebuild";
    const SUMMARY: &str = "Read every value of a column and build the column anew.";
    type Params = ColumnParams;

    fn open(params: ColumnParams, schema: &mut Schema) -> Result<Self> {
        let column = schema.input_dynamic(&params.column)?;
        let data_type = schema.field(&params.column).map_or(DataType::Null, |field| field.data_type.clone());
        check(&data_type)?;
        schema.output_field(params.column, data_type);
        Ok(Self(column))
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        Ok(Output::of(rebuilt(batch.any_column(self.0)?)?))
    }
}

/// Refuses what [`rebuilt`] does not build.
fn check(data_type: &DataType) -> Result<()> {
    use DataType::*;
    match data_type {
        Bool | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float32 | Float64 => Ok(()),
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | Null => Ok(()),
        List(item) | LargeList(item) => check(item),
        Struct(members) => members.iter().try_for_each(|(_, member)| check(member)),
        other => Err(Fault::params(format!("a column of type {other} cannot be rebuilt"))),
    }
}

fn rebuilt(column: AnyColumn<'_>) -> Result<AnyArray> {
    macro_rules! copied {
        ($marker:ty, $builder:ty) => {
            column.downcast::<$marker>()?.iter().collect::<$builder>().build()
        };
    }
    Ok(match column.data_type() {
        DataType::Null => AnyArray::all_null(DataType::Null, column.len()),
        DataType::Bool => copied!(Bool, BoolBuilder),
        DataType::Int8 => copied!(Int8, PrimitiveBuilder<i8>),
        DataType::Int16 => copied!(Int16, PrimitiveBuilder<i16>),
        DataType::Int32 => copied!(Int32, PrimitiveBuilder<i32>),
        DataType::Int64 => copied!(Int64, PrimitiveBuilder<i64>),
        DataType::UInt8 => copied!(UInt8, PrimitiveBuilder<u8>),
        DataType::UInt16 => copied!(UInt16, PrimitiveBuilder<u16>),
        DataType::UInt32 => copied!(UInt32, PrimitiveBuilder<u32>),
        DataType::UInt64 => copied!(UInt64, PrimitiveBuilder<u64>),
        DataType::Float32 => copied!(Float32, PrimitiveBuilder<f32>),
        DataType::Float64 => copied!(Float64, PrimitiveBuilder<f64>),
        DataType::Utf8 => copied!(Utf8, Utf8Builder),
        DataType::LargeUtf8 => copied!(LargeUtf8, LargeUtf8Builder),
        DataType::Utf8View => copied!(Utf8View, Utf8ViewBuilder),
        DataType::Binary => copied!(Binary, BinaryBuilder),
        DataType::LargeBinary => copied!(LargeBinary, LargeBinaryBuilder),
        DataType::BinaryView => copied!(BinaryView, BinaryViewBuilder),
        DataType::List(_) => {
            let list = column.downcast::<List<Any>>()?;
            ListBuilder::<_, i32>::from_lengths(rebuilt(list.values())?, lengths(list))?
        }
        DataType::LargeList(_) => {
            let list = column.downcast::<LargeList<Any>>()?;
            LargeListBuilder::from_lengths(rebuilt(list.values())?, lengths(list))?
        }
        DataType::Struct(_) => structure(column.downcast::<Struct>()?)?,
        other => return Err(Fault::plugin(format!("{other} was not refused"))),
    })
}

/// How many items a row has. (Items may lie under a null, but the host sends none.)
fn lengths<'a>(list: ListColumn<'a, Any>) -> impl Iterator<Item = Option<usize>> + 'a {
    list.iter().map(|row| row.map(|items| items.len()))
}

fn structure(column: StructColumn<'_>) -> Result<AnyArray> {
    let mut builder = StructBuilder::new();
    for (at, (name, _)) in column.members().iter().enumerate() {
        builder = builder.member(name, rebuilt(column.member_at::<Any>(at)?)?);
    }
    let mut validity = Bitmap::with_capacity(column.len());
    (0..column.len()).for_each(|row| validity.push(!column.is_null(row)));
    Ok(builder.validity(validity).build())
}
