//! `table/merge`: the values of a row's columns as one list.

use crate::columns::{Lists, inputs, item_of, type_of};
use stillroom_sdk::*;

params! {
    /// Parameters of `merge`.
    pub struct MergeParams {
        /// The columns, in order. All are of one type, or lists of it: of a list, every item goes into the merged one.
        pub from: Vec<String>,
        /// The column to make.
        pub output: String = "merged".to_owned(),
        /// Whether nulls are left out. (A null list has no items in any case.)
        pub skip_nulls: bool = false,
    }
}

/// The step.
pub struct Merge {
    from: Vec<In<Any>>,
    item: DataType,
    skip_nulls: bool,
}

impl Step for Merge {
    const NAME: &str = "merge";
    const SUMMARY: &str = "Put the values of several columns, and the items of lists, into one list.";
    type Params = MergeParams;

    fn open(params: MergeParams, schema: &mut Schema) -> Result<Self> {
        let from = inputs(schema, "from", &params.from)?;
        let item = item_type(schema, &params.from)?;
        schema.output_field(params.output, DataType::List(Box::new(item.clone())));
        Ok(Self { from, item, skip_nulls: params.skip_nulls })
    }

    fn process(&mut self, batch: &Batch) -> Result<Output> {
        let columns = self.from.iter().map(|&column| Part::of(batch.column(column)?, &self.item));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        // All items of all columns behind one another, of which each row takes its own.
        let all = concat(&columns.iter().map(Part::items).collect::<Vec<_>>())?;
        let all = Any::view(&all);
        let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(batch.len()));
        for row in 0..batch.len() {
            let (start, mut base) = (places.len(), 0);
            for column in &columns {
                places.extend(column.row(row).map(|item| base + item as u32));
                base += column.items().len() as u32;
            }
            if self.skip_nulls {
                let kept = places.split_off(start);
                places.extend(kept.into_iter().filter(|&place| !all.is_null(place as usize)));
            }
            lengths.push(Some(places.len() - start));
        }
        Ok(Output::of(ListBuilder::<_>::from_lengths(take(all, &places), lengths)?))
    }
}

/// The one type of all columns, or of the items of those that are lists.
fn item_type(schema: &Schema, names: &[String]) -> Result<DataType> {
    let types = names.iter().map(|name| type_of(schema, name)).collect::<Result<Vec<_>>>()?;
    let agree = |item: &DataType| types.iter().all(|&other| other == item || item_of(other) == Some(item));
    // Lists alone may be meant as such only where no list of their items can be made.
    let items = types.iter().filter_map(|&data_type| item_of(data_type)).chain(types.iter().copied());
    items.into_iter().find(|item| agree(item)).cloned().ok_or_else(|| {
        let found: Vec<_> = names.iter().zip(&types).map(|(name, found)| format!("`{name}` is {found}")).collect();
        Fault::params(format!("columns to merge must be of one type or lists of it: {}", found.join(", ")))
    })
}

/// A column that is merged.
enum Part<'a> {
    Values(AnyColumn<'a>),
    Lists(Lists<'a>),
}

impl<'a> Part<'a> {
    fn of(column: AnyColumn<'a>, item: &DataType) -> Result<Self> {
        Ok(if column.data_type() == item { Self::Values(column) } else { Self::Lists(Lists::of(column)?) })
    }

    fn items(&self) -> AnyColumn<'a> {
        match self {
            Self::Values(values) => *values,
            Self::Lists(lists) => lists.items(),
        }
    }

    fn row(&self, row: usize) -> std::ops::Range<usize> {
        match self {
            Self::Values(_) => row..row + 1,
            Self::Lists(lists) => lists.row(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(params: &str) -> Result<Vec<Vec<Option<String>>>> {
        let items: Utf8Builder = ["x", "y", "z"].into_iter().map(Some).collect();
        let batch = test::batch().utf8("a", [Some("a1"), None, Some("a3")]).utf8("b", [Some("b1"), Some("b2"), None]);
        let batch = batch.column("list", ListBuilder::<_>::from_lengths(items, [Some(2), None, Some(1)]).unwrap());
        let output = test::run::<Merge>(params, batch.int64("n", [None; 3]))?;
        let lists = output.column::<List<Utf8>>("merged");
        let row = |range: std::ops::Range<usize>| range.map(|i| lists.values().get(i).map(str::to_owned)).collect();
        Ok(lists.iter().map(|range| row(range.unwrap())).collect())
    }

    #[test]
    fn values_and_items_become_one_list() {
        let rows = [
            (r#"{"from": ["a", "b"]}"#, "a1,b1;-,b2;a3,-"),
            (r#"{"from": ["list", "b"]}"#, "x,y,b1;b2;z,-"),
            (r#"{"from": ["b", "list", "a"], "skip-nulls": true}"#, "b1,x,y,a1;b2;z,a3"),
            (r#"{"from": ["list"]}"#, "x,y;;z"),
        ];
        for (params, expected) in rows {
            let rows = run(params).unwrap();
            let text = |row: &Vec<Option<String>>| {
                row.iter().map(|v| v.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(",")
            };
            assert_eq!(rows.iter().map(text).collect::<Vec<_>>().join(";"), expected, "{params}");
        }
    }

    #[test]
    fn types_must_agree() {
        let fault = run(r#"{"from": ["a", "n"]}"#).unwrap_err();
        assert_eq!(fault.message(), "columns to merge must be of one type or lists of it: `a` is utf8, `n` is int64");
    }
}
