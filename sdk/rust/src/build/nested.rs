use super::{Build, PrimitiveBuilder, assemble, rows_of_offsets, validity_of_parts};
use crate::bitmap::Validity;
use crate::column::{Native, Offset};
use crate::{AnyArray, Bitmap, DataType, Fault, Result};

/// Builds a column of `list` (`large-list` where `O` is `i64`): items go into [`values`](Self::values), then
/// [`finish_row`](Self::finish_row) ends the row.
#[derive(Clone, Debug)]
pub struct ListBuilder<B, O = i32> {
    values: B,
    offsets: Vec<O>,
    validity: Validity,
}

/// Builds a column of `large-list`.
pub type LargeListBuilder<B> = ListBuilder<B, i64>;

impl<B: Build, O: Offset> ListBuilder<B, O> {
    /// No rows; `values` builds the items and is empty.
    pub fn new(values: B) -> Self {
        Self { values, offsets: vec![O::at(0)], validity: Validity::default() }
    }

    /// All rows at once: the items of all rows one behind the other, and how many of them belong to each row (none: it is
    /// null). [`Fault::Plugin`] where these are not as many as there are items.
    pub fn from_lengths(values: B, lengths: impl IntoIterator<Item = Option<usize>>) -> Result<AnyArray> {
        let (mut offsets, mut validity, mut end) = (vec![O::at(0)], Validity::default(), 0);
        for length in lengths {
            end += length.unwrap_or(0);
            offsets.push(O::at(end));
            validity.push(length.is_some());
        }
        rows_of_offsets(&offsets, values.len())?;
        Ok(Self { values, offsets, validity }.build())
    }

    /// All rows at once: row `i` has the items `offsets[i]..offsets[i + 1]`, and is null where `validity` has a 0.
    /// [`Fault::Plugin`] where the offsets do not lead from 0 to the number of items, or the bitmap is not as long as the
    /// rows.
    pub fn from_parts(offsets: Vec<O>, values: B, validity: Option<Bitmap>) -> Result<AnyArray> {
        let rows = rows_of_offsets(&offsets, values.len())?;
        let validity = validity_of_parts(validity, rows)?;
        Ok(Self { values, offsets, validity }.build())
    }

    /// What builds the items.
    pub fn values(&mut self) -> &mut B {
        &mut self.values
    }

    /// Ends a row: it has the items that came since the last row ended.
    pub fn finish_row(&mut self) {
        self.end_row(true);
    }

    /// One null more. Items that came since the last row ended are in it, unseen.
    pub fn push_null(&mut self) {
        self.end_row(false);
    }

    fn end_row(&mut self, valid: bool) {
        self.offsets.push(O::at(self.values.len()));
        self.validity.push(valid);
    }
}

impl<B: Build, O: Offset> Build for ListBuilder<B, O> {
    fn len(&self) -> usize {
        self.validity.len()
    }

    fn build(self) -> AnyArray {
        let values = self.values.build();
        let item = Box::new(values.data_type.clone());
        let data_type = if size_of::<O>() == 4 { DataType::List(item) } else { DataType::LargeList(item) };
        assemble(data_type, self.validity, vec![bytemuck::cast_slice(&self.offsets).to_vec()], vec![values])
    }
}

/// A column of lists of `size` items: those of all rows, one behind the other, null where `validity` has a 0.
/// [`Fault::Plugin`] where the items are not a multiple of `size`, or the bitmap is not as long as the rows.
pub fn fixed_size_list(size: u32, values: impl Build, validity: Option<Bitmap>) -> Result<AnyArray> {
    let rows = values.len().checked_div(size as usize).unwrap_or(0);
    if rows * size as usize != values.len() {
        return Err(Fault::plugin(format!("{} items do not make lists of {size}", values.len())));
    }
    let values = values.build();
    let data_type = DataType::FixedSizeList(Box::new(values.data_type.clone()), size);
    Ok(assemble(data_type, validity_of_parts(validity, rows)?, vec![], vec![values]))
}

/// A column whose rows are keys into distinct values. [`Fault::Plugin`] where the keys are no integers. That keys are in
/// range the host checks.
pub fn dictionary<N: Native>(keys: PrimitiveBuilder<N>, values: impl Build) -> Result<AnyArray> {
    let (mut keys, values) = (keys.build(), values.build());
    if !keys.data_type.is_integer() {
        return Err(Fault::plugin(format!("the keys of a dictionary are integers, not {}", keys.data_type)));
    }
    keys.data_type = DataType::Dictionary(Box::new(keys.data_type), Box::new(values.data_type.clone()));
    keys.children = vec![values];
    Ok(keys)
}

/// Builds a column of structs out of finished columns, one for each member.
#[derive(Clone, Debug, Default)]
pub struct StructBuilder {
    names: Vec<String>,
    members: Vec<AnyArray>,
    validity: Option<Bitmap>,
}

impl StructBuilder {
    /// One without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// One member more. Panics where it is not as long as those before.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, column: impl Build) -> Self {
        let column = column.build();
        assert!(self.members.first().is_none_or(|first| first.len == column.len), "members must be of one length");
        self.names.push(name.into());
        self.members.push(column);
        self
    }

    /// Where `validity` has a 0 the row is null. Panics where it is not as long as the members.
    #[must_use]
    pub fn validity(mut self, validity: Bitmap) -> Self {
        assert!(self.members.iter().all(|member| member.len == validity.len()), "members must be as long as validity");
        self.validity = Some(validity);
        self
    }
}

impl Build for StructBuilder {
    fn len(&self) -> usize {
        self.members.first().map_or(self.validity.as_ref().map_or(0, Bitmap::len), |member| member.len)
    }

    fn build(self) -> AnyArray {
        let validity = Validity::new(self.validity.clone(), self.len());
        let types = self.members.iter().map(|member| member.data_type.clone());
        let data_type = DataType::Struct(self.names.into_iter().zip(types).collect());
        assemble(data_type, validity, vec![], self.members)
    }
}
