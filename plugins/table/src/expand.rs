//! `table/expand`: a list's items, each in a row of its own.

use crate::columns::{Lists, inputs, item_of, type_of};
use stillroom_sdk::*;

choices! {
    /// What becomes of a row without items: its lists are empty or null.
    pub enum Empty {
        /// It leaves the stream.
        Drop,
        /// It stays as one row whose values are null.
        Keep,
    }
}

params! {
    /// Parameters of `expand`.
    pub struct ExpandParams {
        /// The columns of lists. Of several, the first items of all make a row, then the second; a row whose lists are
        /// not of one length is rejected.
        pub columns: Vec<String>,
        /// What becomes of a row without items.
        pub empty: Empty = Empty::Drop,
        /// A column to make with each item's place in its list, from 0.
        pub index: Option<String>,
    }
}

/// The step.
pub struct Expand {
    columns: Vec<In<Any>>,
    params: ExpandParams,
}

impl Step for Expand {
    const NAME: &str = "expand";
    const SUMMARY: &str = "Give each item of a list column a row of its own.";
    type Params = ExpandParams;

    fn open(params: ExpandParams, schema: &mut Schema) -> Result<Self> {
        let columns = inputs(schema, "columns", &params.columns)?;
        for name in &params.columns {
            let data_type = type_of(schema, name)?;
            let item = item_of(data_type).cloned();
            let item =
                item.ok_or_else(|| Fault::params(format!("column `{name}` is {data_type}; it must be a list")))?;
            schema.output_field(name, item);
        }
        if let Some(index) = &params.index {
            schema.output::<Int32>(index);
        }
        schema.rows_any();
        Ok(Self { columns, params })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let lists = self.columns.iter().map(|&column| Lists::of(batch.column(column)?)).collect::<Result<Vec<_>>>()?;
        let (mut rows, mut index, mut output) = (Vec::new(), Int32Builder::new(), Output::empty());
        let mut places = vec![Vec::new(); lists.len()];
        for row in 0..batch.len() {
            let ranges: Vec<_> = lists.iter().map(|list| list.row(row)).collect();
            let count = ranges[0].len();
            if ranges.iter().any(|range| range.len() != count) {
                output = output.reject(row as u32, self.lengths(&ranges));
                continue;
            }
            let keep = count == 0 && matches!(self.params.empty, Empty::Keep);
            rows.extend(std::iter::repeat_n(row as u32, count + usize::from(keep)));
            (0..count as i32).map(Some).chain(keep.then_some(None)).for_each(|place| index.push(place));
            for ((places, range), list) in places.iter_mut().zip(ranges).zip(&lists) {
                // The null behind all items.
                let null = keep.then_some(list.items().len() as u32);
                places.extend(range.map(|item| item as u32).chain(null));
            }
        }
        for (list, places) in lists.iter().zip(&places) {
            output = output.with(gather(list.items(), places)?);
        }
        let output = if self.params.index.is_some() { output.with(index) } else { output };
        Ok(output.rows(rows))
    }
}

impl Expand {
    fn lengths(&self, ranges: &[std::ops::Range<usize>]) -> String {
        let lengths =
            self.params.columns.iter().zip(ranges).map(|(name, range)| format!("`{name}` has {}", range.len()));
        format!("the lists are not of one length: {}", lengths.collect::<Vec<_>>().join(", "))
    }
}

/// Items at places; the place behind the last one is null.
fn gather(items: AnyColumn<'_>, places: &[u32]) -> Result<AnyArray> {
    if !places.contains(&(items.len() as u32)) {
        return Ok(take(items, places));
    }
    let null = AnyArray::all_null(items.data_type().clone(), 1);
    Ok(take(Any::view(&concat(&[items, Any::view(&null)])?), places))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> test::TestBatch {
        let texts: Utf8Builder = ["a", "b", "c", "d"].into_iter().map(Some).collect();
        let numbers: Int64Builder = [Some(1), None, Some(3)].into_iter().collect();
        let batch = test::batch()
            .column("t", ListBuilder::<_>::from_lengths(texts, [Some(2), None, Some(0), Some(2)]).unwrap());
        batch.column("n", ListBuilder::<_, i64>::from_lengths(numbers, [Some(2), None, Some(0), Some(1)]).unwrap())
    }

    #[test]
    fn items_become_rows() {
        let output = test::run::<Expand>(r#"{"columns": ["t"], "index": "i"}"#, batch()).unwrap();
        assert_eq!(output.values::<Utf8>("t"), [Some("a"), Some("b"), Some("c"), Some("d")]);
        assert_eq!(output.values::<Int32>("i"), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(output.rows(), Some(&[0, 0, 3, 3][..]));
    }

    #[test]
    fn rows_without_items_may_stay() {
        let output = test::run::<Expand>(r#"{"columns": ["t"], "empty": "keep"}"#, batch()).unwrap();
        assert_eq!(output.values::<Utf8>("t"), [Some("a"), Some("b"), None, None, Some("c"), Some("d")]);
        assert_eq!(output.rows(), Some(&[0, 0, 1, 2, 3, 3][..]));
    }

    #[test]
    fn lists_go_hand_in_hand_or_are_rejected() {
        let output = test::run::<Expand>(r#"{"columns": ["t", "n"], "empty": "keep"}"#, batch()).unwrap();
        assert_eq!(output.values::<Int64>("n"), [Some(1), None, None, None]);
        assert_eq!(output.values::<Utf8>("t"), [Some("a"), Some("b"), None, None]);
        assert_eq!(output.rejected().len(), 1);
        assert_eq!(output.rejected()[0].reason, "the lists are not of one length: `t` has 2, `n` has 1");
    }

    #[test]
    fn a_column_that_is_no_list_is_refused() {
        let fault = test::run::<Expand>(r#"{"columns": ["t"]}"#, test::batch().int64("t", [None])).unwrap_err();
        assert_eq!(fault.message(), "column `t` is int64; it must be a list");
    }
}
