//! Signatures of many rows, to compare any two.

use crate::mix::mix;
use stillroom_sdk::{Any, PrimitiveColumn};
use stillroom_sdk::{AnyColumn, DataType, Fault, FixedSizeList, Native, Result, Rows, Type, UInt8, UInt16, UInt32};

/// Signatures behind one another, whatever their numbers. A row that is null has none and is not counted.
pub(crate) trait Store {
    /// Takes the signatures of a column. Calls `each` with every row and its signature's hash of each band.
    fn extend(&mut self, column: AnyColumn<'_>, bands: super::Bands, each: &mut dyn FnMut(usize, &[u64]))
    -> Result<()>;

    /// In how many numbers two signatures agree.
    fn agreeing(&self, one: u32, other: u32) -> usize;
}

/// A store for a column of this type, that keeps what it hashes or not; and how many numbers a signature has, of how many
/// bits.
pub(crate) fn of(data_type: &DataType, keep: bool) -> Result<(Box<dyn Store>, usize, u32)> {
    if let DataType::FixedSizeList(item, width) = data_type {
        let len = *width as usize;
        match **item {
            _ if len == 0 => {}
            DataType::UInt8 => return Ok((Box::new(Numbers::<UInt8, u8>::new(len, keep)), len, 8)),
            DataType::UInt16 => return Ok((Box::new(Numbers::<UInt16, u16>::new(len, keep)), len, 16)),
            DataType::UInt32 => return Ok((Box::new(Numbers::<UInt32, u32>::new(len, keep)), len, 32)),
            _ => {}
        }
    }
    Err(Fault::params(format!("column `signature` is {data_type}; it must be what `minhash` makes of a text")))
}

/// Signatures a piece: memory grows by pieces, and nothing is copied while it does.
const PIECE: usize = 4096;

struct Numbers<T, N> {
    pieces: Vec<Vec<N>>,
    len: usize,
    keep: bool,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T, N> Numbers<T, N> {
    fn new(len: usize, keep: bool) -> Self {
        Self { pieces: Vec::new(), len, keep, of: std::marker::PhantomData }
    }

    fn get(&self, signature: u32) -> &[N] {
        let (piece, at) = (signature as usize / PIECE, signature as usize % PIECE);
        &self.pieces[piece][at * self.len..][..self.len]
    }
}

impl<T, N: Native + Into<u64>> Numbers<T, N> {
    fn push(&mut self, signature: &[N]) {
        let room = PIECE * self.len;
        match self.pieces.last_mut() {
            Some(last) if last.len() < room => last.extend_from_slice(signature),
            _ => {
                let mut piece = Vec::with_capacity(room);
                piece.extend_from_slice(signature);
                self.pieces.push(piece);
            }
        }
    }
}

impl<T, N> Store for Numbers<T, N>
where
    T: for<'a> Type<Column<'a> = PrimitiveColumn<'a, N>>,
    N: Native + Into<u64>,
{
    fn extend(
        &mut self,
        column: AnyColumn<'_>,
        bands: super::Bands,
        each: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<()> {
        let lists = column.downcast::<FixedSizeList<Any>>()?;
        let values = lists.values_as::<T>()?.values();
        let mut hashes = vec![0; bands.bands];
        for (row, items) in lists.iter().enumerate() {
            let Some(items) = items else { continue };
            let signature = &values[items];
            hashes.iter_mut().zip(signature.chunks(bands.rows)).for_each(|(hash, band)| *hash = hash_of(band));
            each(row, &hashes);
            if self.keep {
                self.push(signature);
            }
        }
        Ok(())
    }

    fn agreeing(&self, one: u32, other: u32) -> usize {
        self.get(one).iter().zip(self.get(other)).filter(|(a, b)| a == b).count()
    }
}

/// The numbers are hashes themselves: a step each that puts them together, and the mixing once.
fn hash_of<N: Copy + Into<u64>>(band: &[N]) -> u64 {
    let step = |state: u64, &number: &N| (state.rotate_left(23) ^ number.into()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mix(band.iter().fold(0x243f_6a88_85a3_08d3, step))
}
