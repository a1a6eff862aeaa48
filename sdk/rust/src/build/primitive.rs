use super::{Build, assemble, validity_of_parts};
use crate::bitmap::Validity;
use crate::column::Native;
use crate::{AnyArray, Bitmap, DataType, Result};

/// Builds a column of numbers. `i32` makes `int32` unless [`of`](Self::of) says `date32`, and so on.
#[derive(Clone, Debug)]
pub struct PrimitiveBuilder<N> {
    values: Vec<N>,
    validity: Validity,
    data_type: DataType,
}

impl<N: Native> PrimitiveBuilder<N> {
    /// No rows, of the number's own type.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// No rows, with room for some.
    pub fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), validity: Validity::default(), data_type: N::TYPE }
    }

    /// All rows at once, none of them null.
    pub fn from_values(values: Vec<N>) -> Self {
        Self { validity: Validity::new(None, values.len()), values, data_type: N::TYPE }
    }

    /// All rows at once; where `validity` has a 0 the row is null. [`Fault::Plugin`](crate::Fault) where their lengths
    /// differ.
    pub fn from_parts(values: Vec<N>, validity: Option<Bitmap>) -> Result<Self> {
        Ok(Self { validity: validity_of_parts(validity, values.len())?, values, data_type: N::TYPE })
    }

    /// Makes another type of the same numbers: a date, a time, a decimal. Panics where that has other numbers.
    #[must_use]
    pub fn of(mut self, data_type: DataType) -> Self {
        assert!(data_type.width() == size_of::<N>(), "{data_type} is not made of {:?}", N::TYPE);
        self.data_type = data_type;
        self
    }

    /// One row more.
    #[inline]
    pub fn push(&mut self, value: Option<N>) {
        self.values.push(value.unwrap_or(N::zeroed()));
        self.validity.push(value.is_some());
    }

    /// Many rows more, none of them null.
    pub fn extend_from_slice(&mut self, values: &[N]) {
        self.values.extend_from_slice(values);
        self.validity.extend_valid(values.len());
    }
}

impl<N: Native> Default for PrimitiveBuilder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Native> Build for PrimitiveBuilder<N> {
    fn len(&self) -> usize {
        self.values.len()
    }

    /// Copies the numbers once: memory of numbers cannot be given away as memory of bytes. Single bytes are not copied.
    fn build(self) -> AnyArray {
        let bytes = bytemuck::allocation::try_cast_vec(self.values)
            .unwrap_or_else(|(_, values)| bytemuck::cast_slice(&values).to_vec());
        assemble(self.data_type, self.validity, vec![bytes], vec![])
    }
}

impl<N: Native> Extend<Option<N>> for PrimitiveBuilder<N> {
    fn extend<I: IntoIterator<Item = Option<N>>>(&mut self, rows: I) {
        let rows = rows.into_iter();
        self.values.reserve(rows.size_hint().0);
        rows.for_each(|row| self.push(row));
    }
}

impl<N: Native> FromIterator<Option<N>> for PrimitiveBuilder<N> {
    fn from_iter<I: IntoIterator<Item = Option<N>>>(rows: I) -> Self {
        let mut builder = Self::new();
        builder.extend(rows);
        builder
    }
}

impl<N: Native> FromIterator<N> for PrimitiveBuilder<N> {
    fn from_iter<I: IntoIterator<Item = N>>(values: I) -> Self {
        Self::from_values(values.into_iter().collect())
    }
}

macro_rules! aliases {
    ($($alias:ident = $native:ty, $name:literal;)+) => { $(
        #[doc = concat!("Builds a column of `", $name, "`.")]
        pub type $alias = PrimitiveBuilder<$native>;
    )+ };
}

aliases! {
    Int8Builder = i8, "int8";
    Int16Builder = i16, "int16";
    Int32Builder = i32, "int32";
    Int64Builder = i64, "int64";
    UInt8Builder = u8, "uint8";
    UInt16Builder = u16, "uint16";
    UInt32Builder = u32, "uint32";
    UInt64Builder = u64, "uint64";
    Float16Builder = crate::F16, "float16";
    Float32Builder = f32, "float32";
    Float64Builder = f64, "float64";
    Decimal128Builder = i128, "decimal128<38, 0>";
}

/// Builds a column of truth values.
#[derive(Clone, Debug, Default)]
pub struct BoolBuilder {
    values: Bitmap,
    validity: Validity,
}

impl BoolBuilder {
    /// No rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// All rows at once; where `validity` has a 0 the row is null. [`Fault::Plugin`](crate::Fault) where their lengths
    /// differ.
    pub fn from_parts(values: Bitmap, validity: Option<Bitmap>) -> Result<Self> {
        Ok(Self { validity: validity_of_parts(validity, values.len())?, values })
    }

    /// One row more.
    #[inline]
    pub fn push(&mut self, value: Option<bool>) {
        self.values.push(value.unwrap_or(false));
        self.validity.push(value.is_some());
    }
}

impl Build for BoolBuilder {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn build(self) -> AnyArray {
        assemble(DataType::Bool, self.validity, vec![self.values.into_bytes()], vec![])
    }
}

impl FromIterator<Option<bool>> for BoolBuilder {
    fn from_iter<I: IntoIterator<Item = Option<bool>>>(rows: I) -> Self {
        let mut builder = Self::new();
        rows.into_iter().for_each(|row| builder.push(row));
        builder
    }
}

impl FromIterator<bool> for BoolBuilder {
    fn from_iter<I: IntoIterator<Item = bool>>(values: I) -> Self {
        let values: Bitmap = values.into_iter().collect();
        Self { validity: Validity::new(None, values.len()), values }
    }
}
