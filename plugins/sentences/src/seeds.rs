//! Rows that hold nothing but a number, each of which becomes something of its own.

use stillroom_sdk::llm::Request;
use stillroom_sdk::task::{Dice, Row};
use stillroom_sdk::{Column, In, Int64, Result, Rows, Schema};

/// The column of the numbers.
pub(crate) const SEED: Column =
    Column::required("seed", &["int64"], "A number for each row that is to be made, as `table/count` makes them.");

/// The column, and the step's own seed.
#[derive(Debug)]
pub(crate) struct Seeds {
    column: In<Int64>,
    seed: u64,
}

impl Seeds {
    pub(crate) fn take(schema: &mut Schema, seed: u64) -> Result<Self> {
        Ok(Self { column: schema.input("seed")?, seed })
    }

    /// The chance of a row.
    pub(crate) fn dice(&self, row: Row<'_>) -> Result<Dice, String> {
        let seeds = row.batch.column(self.column).map_err(|fault| fault.message().to_owned())?;
        let seed: i64 = seeds.get(row.index).ok_or("`seed` is null")?;
        Ok(Dice::of(self.seed, &[&seed.to_string()], row))
    }
}

/// A request with a seed of its own. Rows of the same options would otherwise make the same request, and a server whose
/// chance hangs on the seed alone would give them the same answer.
pub(crate) fn seeded(request: Request, dice: &mut Dice) -> Request {
    // What every server takes for a seed is a positive number of 32 bits.
    Request { seed: Some(dice.below(i32::MAX as usize) as u64), ..request }
}
