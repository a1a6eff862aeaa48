use crate::{
    AnyArray, Bitmap, BoolBuilder, Build, DataType, Fault, Float64Builder, Int64Builder, ListBuilder, Result,
    StructBuilder, Utf8Builder,
};

/// A value that a task makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// None.
    #[default]
    Null,
    /// `bool`.
    Bool(bool),
    /// `int64`.
    Int(i64),
    /// `float64`.
    Float(f64),
    /// `utf8`.
    Text(String),
    /// `list`.
    List(Vec<Cell>),
    /// `struct`: its members in order.
    Struct(Vec<Cell>),
}

macro_rules! from {
    ($($type:ty => $cell:ident, $convert:expr;)+) => { $(
        impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Self::$cell($convert(value))
            }
        }
    )+ };
}

from! {
    bool => Bool, |value| value;
    i64 => Int, |value| value;
    f64 => Float, |value| value;
    String => Text, |value| value;
    &str => Text, str::to_owned;
}

impl<T: Into<Cell>> From<Vec<T>> for Cell {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A column of cells: `bool`, `int64`, `float64`, `utf8`, and lists and structs of these.
pub fn column(data_type: &DataType, cells: Vec<Cell>) -> Result<AnyArray> {
    let wrong = |cell: &Cell| Fault::plugin(format!("a task made {cell:?} where {data_type} was declared"));
    macro_rules! plain {
        ($builder:ty, $cell:ident) => {{
            let mut builder = <$builder>::default();
            for cell in cells {
                match cell {
                    Cell::Null => builder.push(None),
                    Cell::$cell(value) => builder.push(Some(value)),
                    other => return Err(wrong(&other)),
                }
            }
            Ok(builder.build())
        }};
    }
    match data_type {
        DataType::Bool => plain!(BoolBuilder, Bool),
        DataType::Int64 => plain!(Int64Builder, Int),
        DataType::Float64 => plain!(Float64Builder, Float),
        DataType::Utf8 => {
            let mut builder = Utf8Builder::default();
            for cell in &cells {
                match cell {
                    Cell::Null => builder.push(None::<&str>),
                    Cell::Text(text) => builder.push(Some(text.as_str())),
                    other => return Err(wrong(other)),
                }
            }
            Ok(builder.build())
        }
        DataType::List(item) => {
            let (mut items, mut lengths) = (Vec::new(), Vec::new());
            for cell in cells {
                match cell {
                    Cell::Null => lengths.push(None),
                    Cell::List(cells) => {
                        lengths.push(Some(cells.len()));
                        items.extend(cells);
                    }
                    other => return Err(wrong(&other)),
                }
            }
            ListBuilder::<_>::from_lengths(column(item, items)?, lengths)
        }
        DataType::Struct(members) => structs(members, cells, wrong),
        other => Err(Fault::plugin(format!("tasks make no {other}"))),
    }
}

fn structs(members: &[(String, DataType)], cells: Vec<Cell>, wrong: impl Fn(&Cell) -> Fault) -> Result<AnyArray> {
    let mut columns: Vec<Vec<Cell>> = vec![Vec::with_capacity(cells.len()); members.len()];
    let mut valid = Vec::with_capacity(cells.len());
    for cell in cells {
        valid.push(cell != Cell::Null);
        match cell {
            Cell::Null => columns.iter_mut().for_each(|column| column.push(Cell::Null)),
            Cell::Struct(cells) if cells.len() == members.len() => {
                columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
            }
            other => return Err(wrong(&other)),
        }
    }
    let mut builder = StructBuilder::new();
    for ((name, data_type), cells) in members.iter().zip(columns) {
        builder = builder.member(name.clone(), column(data_type, cells)?);
    }
    Ok(builder.validity(valid.into_iter().collect::<Bitmap>()).build())
}
