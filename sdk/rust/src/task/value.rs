use super::Row;
use super::read::{text, told};
use crate::{
    Any, AnyColumn, Bool, DataType, Fault, FixedSizeList, Float32, Float64, In, Int8, Int16, Int32, Int64, LargeList,
    List, ListColumn, Result, Rows, Schema, Struct, UInt8, UInt16, UInt32, UInt64, Value,
};

/// A column of whatever JSON can say: text, numbers, bools, and lists and structs of these.
#[derive(Debug, Clone)]
pub struct ValueIn {
    name: String,
    input: In<Any>,
}

impl ValueIn {
    /// Takes the column. [`Fault::Params`] where it is missing or of a type that JSON has no word for.
    pub fn take(schema: &mut Schema, name: &str) -> Result<Self> {
        let input = schema.input_dynamic(name)?;
        match schema.field(name).filter(|field| !is_json(&field.data_type)) {
            Some(field) => Err(Fault::params(format!(
                "column `{name}` is {}; it must be text, numbers, bools, or lists or structs of these",
                field.data_type
            ))),
            None => Ok(Self { name: name.to_owned(), input }),
        }
    }

    /// What the data calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The row's value; null where it is that.
    pub fn value(&self, row: Row<'_>) -> Result<Value, String> {
        json(row.batch.any_column(self.input).map_err(told)?, row.index).map_err(told)
    }

    /// The row's value as text: text as it is, all else as JSON. That it is null is a reason to reject the row.
    pub fn get(&self, row: Row<'_>) -> Result<String, String> {
        match self.value(row)? {
            Value::Null => Err(format!("`{}` is null", self.name)),
            Value::String(text) => Ok(text),
            value => Ok(value.to_string()),
        }
    }
}

fn is_json(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Null | Bool | Float32 | Float64 | Utf8 | LargeUtf8 | Utf8View => true,
        List(item) | LargeList(item) | FixedSizeList(item, _) => is_json(item),
        Struct(members) => members.iter().all(|(_, member)| is_json(member)),
        other => other.is_integer(),
    }
}

/// A row of a column as JSON. A float that is no number has no word there: it is null.
fn json(column: AnyColumn<'_>, row: usize) -> Result<Value> {
    macro_rules! number {
        ($marker:ty) => {
            column.downcast::<$marker>()?.get(row).map(|number| Value::Number(number.to_string()))
        };
    }
    macro_rules! float {
        ($marker:ty) => {{
            let number = column.downcast::<$marker>()?.get(row).filter(|number| number.is_finite());
            number.map(|number| Value::Number(number.to_string()))
        }};
    }
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let value = match column.data_type() {
        DataType::Bool => column.downcast::<Bool>()?.get(row).map(Value::Bool),
        DataType::Int8 => number!(Int8),
        DataType::Int16 => number!(Int16),
        DataType::Int32 => number!(Int32),
        DataType::Int64 => number!(Int64),
        DataType::UInt8 => number!(UInt8),
        DataType::UInt16 => number!(UInt16),
        DataType::UInt32 => number!(UInt32),
        DataType::UInt64 => number!(UInt64),
        DataType::Float32 => float!(Float32),
        DataType::Float64 => float!(Float64),
        DataType::List(_) => Some(items(column.downcast::<List<Any>>()?, row)?),
        DataType::LargeList(_) => Some(items(column.downcast::<LargeList<Any>>()?, row)?),
        DataType::FixedSizeList(..) => Some(items(column.downcast::<FixedSizeList<Any>>()?, row)?),
        DataType::Struct(members) => {
            let structs = column.downcast::<Struct>()?;
            let member = |(at, (name, _)): (usize, &(String, DataType))| {
                Ok((name.clone(), json(structs.member_at::<Any>(at)?, row)?))
            };
            Some(Value::Object(members.iter().enumerate().map(member).collect::<Result<_>>()?))
        }
        _ => text(column, row)?.map(|text| Value::String(text.to_owned())),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn items(lists: ListColumn<'_, Any>, row: usize) -> Result<Value> {
    let items = lists.get(row).unwrap_or(0..0);
    items.map(|item| json(lists.values(), item)).collect::<Result<_>>().map(Value::Array)
}
