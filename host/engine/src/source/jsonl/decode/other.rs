//! Values that are not flat strings, numbers or booleans: `arrow-json` reads them, made stricter.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_json::ReaderBuilder;
use arrow_json::reader::{ArrayDecoder, DecoderContext, DecoderFactory, Tape, TapeElement};
use arrow_schema::{ArrowError, FieldRef};

use super::build::Unfit;

/// A column of any type, as lines of JSON.
#[derive(Default)]
pub(super) struct Other {
    json: Vec<u8>,
    rows: usize,
}

impl Other {
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn push(&mut self, json: &[u8]) {
        self.json.extend_from_slice(json);
        self.json.push(b'\n');
        self.rows += 1;
    }

    pub(super) fn finish(self, field: &FieldRef) -> Result<ArrayRef, Unfit> {
        match read(field, &self.json, self.rows) {
            Ok(array) if array.len() == self.rows => Ok(array),
            result => {
                let row = self.json.split(|&byte| byte == b'\n').position(|json| read(field, json, 1).is_err());
                let message = result.map_or_else(|error| error.to_string(), |_| "not one value per row".into());
                let message = message.strip_prefix("Json error: ").unwrap_or(&message).into();
                Err(Unfit::Value { row: row.unwrap_or(0), message, data_type: field.data_type().to_string() })
            }
        }
    }
}

/// Reads `rows` values.
fn read(field: &FieldRef, json: &[u8], rows: usize) -> Result<ArrayRef, ArrowError> {
    let builder = ReaderBuilder::new_with_field(field.clone()).with_batch_size(rows).with_strict_mode(true);
    let mut decoder = builder.with_decoder_factory(Arc::new(Strict)).build_decoder()?;
    decoder.decode(json)?;
    let batch = decoder.flush()?.ok_or_else(|| ArrowError::JsonError("no value".into()))?;
    Ok(batch.column(0).clone())
}

/// Numbers as they are: `arrow-json` would make 1.5 the integer 1, and "1" a number.
#[derive(Debug)]
struct Strict;

impl DecoderFactory for Strict {
    fn make_default_decoder(
        &self,
        context: &DecoderContext,
        field: &FieldRef,
        nullable: bool,
    ) -> Result<Option<Box<dyn ArrayDecoder>>, ArrowError> {
        let integer = field.data_type().is_integer();
        if !integer && !field.data_type().is_floating() {
            return Ok(None);
        }
        let inner = context.make_builtin_decoder(field, nullable)?;
        Ok(Some(Box::new(Numbers { inner, integer })))
    }
}

struct Numbers {
    inner: Box<dyn ArrayDecoder>,
    integer: bool,
}

impl ArrayDecoder for Numbers {
    fn decode(&mut self, tape: &Tape<'_>, places: &[u32]) -> Result<ArrayRef, ArrowError> {
        for &place in places {
            match tape.get(place) {
                TapeElement::Number(text) if self.integer && tape.get_string(text).contains(['.', 'e', 'E']) => {
                    return Err(ArrowError::JsonError(format!("{} is not an integer", tape.get_string(text))));
                }
                TapeElement::String(text) => {
                    return Err(ArrowError::JsonError(format!(
                        "the string {:?} is not a number",
                        tape.get_string(text)
                    )));
                }
                _ => {}
            }
        }
        self.inner.decode(tape, places)
    }
}
