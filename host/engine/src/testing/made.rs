//! Rows to measure with: those of a file, or made by a rule.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;

use super::rows::Rows;
use crate::contract::data_type;
use crate::error::{Error, Result};
use crate::source::{self, SourceOptions};
use crate::worker::arrow;

/// Bytes of a text that is made.
const TEXT_BYTES: usize = 200;

/// Its words.
const WORDS: [&str; 16] = [
    "The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy", "Dog", "and", "Then", "runs", "Away", "from",
    "Every", "Hound",
];

impl Rows {
    /// The first rows of a file in any format that a pipeline reads, by its name.
    ///
    /// # Errors
    /// [`SourceError`](crate::error::SourceError): as a run that reads it.
    pub fn read(path: &str, most: usize) -> Result<Self> {
        let mut source = source::open(&SourceOptions { paths: vec![path.to_owned()], ..SourceOptions::default() })?;
        let (mut left, mut read) = (most, Vec::new());
        while left > 0 {
            let Some(work) = source.next()? else { break };
            for batch in work()? {
                let batch = batch.slice(0, batch.num_rows().min(left));
                left -= batch.num_rows();
                read.push(batch);
            }
        }
        concat_batches(&source.schema(), &read).map(Self::of).map_err(arrow)
    }

    /// So many rows of columns of these names and types: texts of 200 bytes, of words in upper and lower case, and numbers
    /// that count the rows. They are always the same.
    ///
    /// # Errors
    /// A type that there is no rule for.
    pub fn made(columns: &[(String, String)], rows: usize) -> Result<Self> {
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (name, words) in columns {
            let made = data_type::parse(words).ok().and_then(|data_type| made(&data_type, rows));
            let array = made.ok_or_else(|| Error::Engine {
                message: format!("there is no rule to make a column `{name}` of type {words}"),
                help: Some("give rows that have it: `--input FILE`".to_owned()),
            })?;
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
        batch.map(Self::of).map_err(arrow)
    }
}

fn made(data_type: &DataType, rows: usize) -> Option<ArrayRef> {
    use DataType::{Binary, Boolean, LargeBinary, LargeUtf8, Utf8, Utf8View};
    let plain: ArrayRef = match data_type {
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary => {
            Arc::new(StringArray::from_iter_values((0..rows).map(text)))
        }
        Boolean => Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row % 2))),
        // Small ones wrap round.
        other if other.is_integer() || other.is_floating() => {
            Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row % 100)))
        }
        _ => return None,
    };
    cast(&plain, data_type).ok()
}

/// Words joined by single spaces, cut at so many bytes.
fn text(row: usize) -> String {
    let mut text = String::with_capacity(TEXT_BYTES + 8);
    for word in (0..).map(|word| WORDS[(row * 7 + word * 13) % WORDS.len()]) {
        text.push_str(word);
        if text.len() >= TEXT_BYTES {
            break;
        }
        text.push(' ');
    }
    text.truncate(TEXT_BYTES);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_follow_the_rule() {
        let columns = [("text", "utf8"), ("n", "uint8"), ("flag", "bool")];
        let columns = columns.map(|(name, words)| (name.to_owned(), words.to_owned()));
        let rows = Rows::made(&columns, 1000).unwrap().values().unwrap();
        let texts: Vec<&str> = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
        assert!(texts.iter().all(|text| text.len() == 200));
        assert!(texts[0].starts_with("The from Then lazy Jumps quick"), "{}", texts[0]);
        assert!(texts[1].starts_with("lazy Jumps quick Every"), "{}", texts[1]);
        assert_eq!(texts[0], texts[16]);
        assert_eq!((rows[7]["n"].as_u64(), rows[7]["flag"].as_bool()), (Some(7), Some(true)));
        let error = Rows::made(&[("x".to_owned(), "list<utf8>".to_owned())], 1).unwrap_err();
        assert!(error.to_string().contains("column `x` of type list<utf8>"), "{error}");
    }
}
