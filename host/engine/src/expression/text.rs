//! Functions over text that Arrow has no kernel for.

use std::sync::Arc;

use arrow_array::builder::GenericStringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, OffsetSizeTrait, StringArrayType};
use arrow_schema::DataType;
use arrow_string::concat_elements::concat_elements_dyn;
use arrow_string::regexp::regexp_is_match_scalar;

use super::coerce::{Problem, Value, comparable};

/// `$body` with `$texts` as the array of its own type.
macro_rules! with_texts {
    ($array:expr, |$texts:ident, $offset:ident| $body:expr) => {
        match $array.data_type() {
            DataType::Utf8 => {
                type $offset = i32;
                let $texts = $array.as_string::<i32>();
                $body
            }
            DataType::LargeUtf8 => {
                type $offset = i64;
                let $texts = $array.as_string::<i64>();
                $body
            }
            DataType::Utf8View => {
                type $offset = i64;
                let $texts = $array.as_string_view();
                $body
            }
            other => Err(Problem::new(format!("{other} is not text"))),
        }
    };
}

/// Characters.
pub(super) fn length(array: &dyn Array) -> Result<ArrayRef, Problem> {
    with_texts!(array, |texts, _O| Ok(count(texts, |text| text.chars().count())))
}

/// Bytes.
pub(super) fn bytes(array: &dyn Array) -> Result<ArrayRef, Problem> {
    with_texts!(array, |texts, _O| Ok(count(texts, str::len)))
}

fn count<'a>(texts: impl StringArrayType<'a>, of: impl Fn(&str) -> usize) -> ArrayRef {
    let counts = texts.iter().map(|text| text.map(|text| of(text).cast_signed() as i64));
    Arc::new(counts.collect::<Int64Array>())
}

/// In lower case.
pub(super) fn lower(array: &dyn Array) -> Result<ArrayRef, Problem> {
    with_texts!(array, |texts, O| recase::<O>(texts, str::make_ascii_lowercase, str::to_lowercase))
}

/// In upper case.
pub(super) fn upper(array: &dyn Array) -> Result<ArrayRef, Problem> {
    with_texts!(array, |texts, O| recase::<O>(texts, str::make_ascii_uppercase, str::to_uppercase))
}

/// ASCII is changed in a buffer that all rows share; only other text allocates.
fn recase<'a, O: OffsetSizeTrait>(
    texts: impl StringArrayType<'a>,
    ascii: fn(&mut str),
    other: fn(&str) -> String,
) -> Result<ArrayRef, Problem> {
    let mut scratch = String::new();
    build::<O>(texts, |text, builder| {
        if !text.is_ascii() {
            let text = other(text);
            return builder.append(&text);
        }
        scratch.clear();
        scratch.push_str(text);
        ascii(&mut scratch);
        builder.append(&scratch)
    })
}

/// Without white space at both ends.
pub(super) fn trim(array: &dyn Array) -> Result<ArrayRef, Problem> {
    with_texts!(array, |texts, O| build::<O>(texts, |text, builder| builder.append(text.trim())))
}

/// A builder that says so where the offsets' type is too small for all the text, instead of panicking.
struct Builder<O: OffsetSizeTrait> {
    builder: GenericStringBuilder<O>,
    bytes: usize,
}

impl<O: OffsetSizeTrait> Builder<O> {
    fn append(&mut self, text: &str) -> Result<(), Problem> {
        self.bytes += text.len();
        if O::from_usize(self.bytes).is_none() {
            return Err(Problem::new("more than 2 GiB of text in one batch").help("set a smaller `batch-rows`"));
        }
        self.builder.append_value(text);
        Ok(())
    }
}

fn build<'a, O: OffsetSizeTrait>(
    texts: impl StringArrayType<'a>,
    mut f: impl FnMut(&str, &mut Builder<O>) -> Result<(), Problem>,
) -> Result<ArrayRef, Problem> {
    let mut builder = Builder { builder: GenericStringBuilder::<O>::with_capacity(texts.len(), 0), bytes: 0 };
    for text in texts.iter() {
        match text {
            Some(text) => f(text, &mut builder)?,
            None => builder.builder.append_null(),
        }
    }
    Ok(Arc::new(builder.builder.finish()))
}

/// Whether a pattern, an array of one, is found in each text.
pub(super) fn matches(array: &dyn Array, pattern: &dyn Array) -> Result<ArrayRef, Problem> {
    let pattern = with_texts!(pattern, |texts, _O| Ok(texts.is_valid(0).then(|| texts.value(0).to_owned())))?;
    let Some(pattern) = pattern else {
        return Ok(Arc::new(arrow_array::BooleanArray::new_null(array.len())));
    };
    with_texts!(array, |texts, _O| Ok(Arc::new(regexp_is_match_scalar(texts, &pattern, None)?)))
}

/// `a || b`.
pub(super) fn concatenate(left: Value, right: Value, rows: usize) -> Result<Value, Problem> {
    let (left, right) = comparable(left.into_text("||")?, right.into_text("||")?)?;
    let scalar = left.scalar && right.scalar;
    let rows = if scalar { 1 } else { rows };
    let array = concat_elements_dyn(&left.into_array(rows)?, &right.into_array(rows)?)?;
    Ok(Value { array, scalar })
}
