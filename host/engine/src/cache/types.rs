//! Types as text that tells any two of them apart, and stays the same from build to build. Metadata is not part of it.

use std::fmt::Write;

use arrow_schema::{DataType, Field, UnionMode};

pub(super) fn fields_text(fields: &[Field]) -> String {
    let mut text = String::new();
    fields.iter().for_each(|field| write_field(field, &mut text));
    text
}

pub(super) fn type_text(data_type: &DataType) -> String {
    let mut text = String::new();
    write_type(data_type, &mut text);
    text
}

/// Names are quoted with what is special in them escaped, so that no name looks like the end of one.
fn write_field(field: &Field, text: &mut String) {
    let _ = write!(text, "{:?}{}", field.name(), if field.is_nullable() { "?" } else { "!" });
    write_type(field.data_type(), text);
    text.push(';');
}

fn write_type(data_type: &DataType, text: &mut String) {
    let (name, fields): (&str, Vec<&Field>) = match data_type {
        DataType::List(item) => ("list", vec![item]),
        DataType::LargeList(item) => ("large-list", vec![item]),
        DataType::ListView(item) => ("list-view", vec![item]),
        DataType::LargeListView(item) => ("large-list-view", vec![item]),
        DataType::FixedSizeList(item, size) => {
            let _ = write!(text, "{size} of ");
            ("fixed-size-list", vec![item])
        }
        DataType::Map(entries, sorted) => (if *sorted { "sorted-map" } else { "map" }, vec![entries]),
        DataType::Struct(fields) => ("struct", fields.iter().map(AsRef::as_ref).collect()),
        DataType::RunEndEncoded(ends, values) => ("runs", vec![ends, values]),
        DataType::Union(fields, mode) => {
            let ids: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
            let _ = write!(text, "{ids:?} of ");
            let name = if *mode == UnionMode::Dense { "dense-union" } else { "sparse-union" };
            (name, fields.iter().map(|(_, field)| field.as_ref()).collect())
        }
        DataType::Dictionary(key, value) => {
            text.push_str("dictionary<");
            write_type(key, text);
            text.push(',');
            write_type(value, text);
            text.push('>');
            return;
        }
        // A single word, or one with numbers, a unit or a quoted zone.
        plain => {
            let _ = write!(text, "{plain:?}");
            return;
        }
    };
    text.push_str(name);
    text.push('<');
    fields.into_iter().for_each(|field| write_field(field, text));
    text.push('>');
}
