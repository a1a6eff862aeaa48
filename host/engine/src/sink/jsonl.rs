//! JSON lines: an object per row, its keys in the columns' order.
//!
//! Compact, nulls written as `null`. Infinite numbers and NaN, which JSON lacks, are `null` too. Timestamps and dates are
//! in the form of RFC 3339, decimals are numbers, binary is hexadecimal, lists arrays, structs and maps objects.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::array::AnyDictionaryArray;
use arrow_array::cast::AsArray;
use arrow_array::{Array, GenericStringArray, OffsetSizeTrait, RecordBatch, StringViewArray};
use arrow_json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, FieldRef, SchemaRef};

use super::SinkOptions;
use super::text::Text as _;
use crate::error::SinkError;
use crate::source::jsonl::scan::plain;

/// The encoder of a sink of JSON lines.
pub(super) fn encoder(options: &SinkOptions, schema: &SchemaRef) -> Result<Rows, SinkError> {
    let rows = Rows::new(options, schema);
    rows.text(&RecordBatch::new_empty(schema.clone()))?; // fails for a type that JSON cannot have
    Ok(rows)
}

/// Rows as JSON text.
pub(super) struct Rows {
    path: PathBuf,
    options: EncoderOptions,
    /// What stands before each value: a brace or comma, the key, the colon.
    keys: Vec<Vec<u8>>,
}

impl Rows {
    fn new(options: &SinkOptions, schema: &SchemaRef) -> Self {
        let key = |(i, field): (usize, &FieldRef)| {
            let mut key = vec![if i == 0 { b'{' } else { b',' }];
            quote(field.name().as_bytes(), &mut key);
            key.push(b':');
            key
        };
        Self {
            path: options.path.clone(),
            options: EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(Strings)),
            keys: schema.fields().iter().enumerate().map(key).collect(),
        }
    }

    fn rows(&self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let encoders = columns.map(|(field, array)| make_encoder(field, array, &self.options));
        let mut encoders = encoders.collect::<Result<Vec<_>, _>>()?;
        let keys: usize = self.keys.iter().map(|key| key.len() + 8).sum();
        let values = batch.columns().iter().map(|array| array.to_data().get_slice_memory_size().unwrap_or(0));
        let mut out = Vec::with_capacity(values.sum::<usize>() + batch.num_rows() * (keys + 2));
        for row in 0..batch.num_rows() {
            for (key, encoder) in self.keys.iter().zip(&mut encoders) {
                out.extend_from_slice(key);
                match encoder.is_null(row) {
                    true => out.extend_from_slice(b"null"),
                    false => encoder.encode(row, &mut out),
                }
            }
            out.extend_from_slice(if encoders.is_empty() { b"{}\n" } else { b"}\n" });
        }
        Ok(out)
    }
}

impl super::text::Text for Rows {
    fn text(&self, batch: &RecordBatch) -> Result<Vec<u8>, SinkError> {
        self.rows(batch).map_err(|error| SinkError::new(&self.path, error))
    }
}

/// Writes strings faster than `arrow-json`, which escapes byte by byte; and
/// dictionaries as they are; everything else is left to it.
#[derive(Debug)]
pub(crate) struct Strings;

impl EncoderFactory for Strings {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Utf8 => Box::new(Plain(array.as_string::<i32>())),
            DataType::LargeUtf8 => Box::new(Plain(array.as_string::<i64>())),
            DataType::Utf8View => Box::new(View(array.as_string_view())),
            DataType::Dictionary(..) => Box::new(Words::new(field, array.as_any_dictionary(), options)?),
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.nulls().cloned())))
    }
}

struct Plain<'a, O: OffsetSizeTrait>(&'a GenericStringArray<O>);

impl<O: OffsetSizeTrait> Encoder for Plain<'_, O> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        quote(self.0.value(row).as_bytes(), out);
    }
}

struct View<'a>(&'a StringViewArray);

impl Encoder for View<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        quote(self.0.value(row).as_bytes(), out);
    }
}

/// A dictionary's values. `arrow-json` takes none of them for null: it writes what lies beneath, or panics.
struct Words<'a> {
    keys: Vec<usize>,
    values: NullableEncoder<'a>,
}

impl<'a> Words<'a> {
    fn new(
        field: &'a FieldRef,
        array: &'a dyn AnyDictionaryArray,
        options: &'a EncoderOptions,
    ) -> Result<Self, ArrowError> {
        // Without values there are nulls only, and no key is looked up.
        let keys = if array.values().is_empty() { Vec::new() } else { array.normalized_keys() };
        Ok(Self { keys, values: make_encoder(field, array.values(), options)? })
    }
}

impl Encoder for Words<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match self.keys.get(row) {
            Some(value) if !self.values.is_null(*value) => self.values.encode(*value, out),
            _ => out.extend_from_slice(b"null"),
        }
    }
}

/// Appends `text`, which is UTF-8, as a JSON string.
fn quote(mut text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    loop {
        let (as_is, rest) = text.split_at(plain(text));
        out.extend_from_slice(as_is);
        let Some((&byte, rest)) = rest.split_first() else { break };
        escape(byte, out);
        text = rest;
    }
    out.push(b'"');
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        8 => b'b',
        12 => b'f',
        _ => {
            let hex = |digit: u8| b"0123456789abcdef"[usize::from(digit)];
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
