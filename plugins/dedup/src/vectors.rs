//! Columns of vectors: which rows have one that can be compared, and where all of them lie.

pub(crate) mod kernel;

use crate::columns::{Lists, item_of};
use crate::simd::F32x4;
use stillroom_sdk::*;

/// Vectors of a block: what is compared with what in one go.
pub(crate) const BLOCK: usize = 32;

/// Vectors of one dimension, behind one another in blocks. What the last block has no vectors for is zeros.
#[derive(Default)]
pub(crate) struct Matrix {
    blocks: Vec<Vec<F32x4>>,
    /// Fours of a vector; zeros fill the last.
    fours: usize,
    len: usize,
}

impl Matrix {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn blocks(&self) -> &[Vec<F32x4>] {
        &self.blocks
    }

    /// Vectors in a block.
    pub(crate) fn rows_of(&self, block: usize) -> usize {
        (self.len - block * BLOCK).min(BLOCK)
    }

    /// One vector more, as long as those before.
    pub(crate) fn push(&mut self, vector: &[f32]) {
        let fours = vector.chunks(4).map(|chunk| {
            let mut four = [0.0; 4];
            four[..chunk.len()].copy_from_slice(chunk);
            F32x4::new(four)
        });
        let fours: Vec<F32x4> = fours.collect();
        self.push_fours(&fours);
    }

    /// The same of a vector that lies in a matrix.
    pub(crate) fn push_fours(&mut self, vector: &[F32x4]) {
        let (at, len) = (self.len % BLOCK, vector.len());
        if at == 0 {
            self.fours = len;
            self.blocks.push(vec![F32x4::new([0.0; 4]); BLOCK * len]);
        }
        if let Some(block) = self.blocks.last_mut() {
            block[at * len..][..len].copy_from_slice(vector);
        }
        self.len += 1;
    }

    /// One vector.
    pub(crate) fn get(&self, row: usize) -> &[F32x4] {
        &self.blocks[row / BLOCK][row % BLOCK * self.fours..][..self.fours]
    }

    /// No vectors.
    pub(crate) fn clear(&mut self) {
        (self.len, self.fours) = (0, 0);
        self.blocks.clear();
    }
}

/// Reads vectors of one dimension, which is that of the first one, and makes them one long where asked to.
pub(crate) struct Reader {
    dimension: Option<usize>,
    unit: bool,
    vector: Vec<f32>,
}

impl Reader {
    pub(crate) fn new(unit: bool) -> Self {
        Self { dimension: None, unit, vector: Vec::new() }
    }

    /// A row's vector, or why it cannot be compared.
    pub(crate) fn read(&mut self, column: &Floats<'_>, row: usize) -> Result<&[f32], String> {
        if column.column.is_null(row) {
            return Err("the vector is null".to_owned());
        }
        column.copy(row, &mut self.vector)?;
        let (len, dimension) = (self.vector.len(), self.dimension.unwrap_or(self.vector.len()));
        if len == 0 {
            return Err("the vector has no numbers".to_owned());
        }
        if len != dimension {
            return Err(format!("the vector has {len} numbers; those of the rows before have {dimension}"));
        }
        if !self.vector.iter().all(|number| number.is_finite()) {
            return Err("the vector has a number that is not finite in 32 bits".to_owned());
        }
        if self.unit {
            unit(&mut self.vector)?;
        }
        self.dimension = Some(dimension);
        Ok(&self.vector)
    }
}

/// Makes a vector one long.
fn unit(vector: &mut [f32]) -> Result<(), String> {
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if length == 0.0 {
        return Err("the vector is all zeros and points nowhere".to_owned());
    }
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    Ok(())
}

/// A column of lists of floats.
#[derive(Clone, Copy)]
pub(crate) struct Floats<'a> {
    column: AnyColumn<'a>,
    lists: Lists<'a>,
    items: Items<'a>,
}

#[derive(Clone, Copy)]
enum Items<'a> {
    Single(PrimitiveColumn<'a, f32>),
    Double(PrimitiveColumn<'a, f64>),
}

impl<'a> Floats<'a> {
    /// Takes a column of this name; [`Fault::Params`] where it is not one of lists of floats.
    pub(crate) fn input(schema: &mut Schema, name: &str) -> Result<In<Any>> {
        let input = schema.input::<Any>(name)?;
        match schema.field(name).map(|field| &field.data_type) {
            Some(found) if !matches!(item_of(found), Some(DataType::Float32 | DataType::Float64)) => {
                Err(Fault::params(format!("column `{name}` is {found}; it must be list<float32> or list<float64>")))
            }
            _ => Ok(input),
        }
    }

    pub(crate) fn of(column: AnyColumn<'a>) -> Result<Self> {
        let lists = Lists::of(column)?;
        let items = match lists.items().data_type() {
            DataType::Float64 => Items::Double(lists.items().downcast::<Float64>()?),
            _ => Items::Single(lists.items().downcast::<Float32>()?),
        };
        Ok(Self { column, lists, items })
    }

    /// A row's numbers in place of what `out` holds; an error where one of them is null.
    pub(crate) fn copy(&self, row: usize, out: &mut Vec<f32>) -> Result<(), String> {
        let range = self.lists.row(row);
        let items = self.lists.items();
        if items.validity().is_some() && range.clone().any(|item| items.is_null(item)) {
            return Err("the list has a null in it".to_owned());
        }
        out.clear();
        match self.items {
            Items::Single(numbers) => out.extend_from_slice(&numbers.values()[range]),
            Items::Double(numbers) => out.extend(numbers.values()[range].iter().map(|&number| number as f32)),
        }
        Ok(())
    }
}
