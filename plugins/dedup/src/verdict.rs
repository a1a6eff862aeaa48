//! What becomes of rows that are duplicates: the columns and the rows of an answer.

use stillroom_sdk::*;

choices! {
    /// What becomes of a duplicate.
    pub enum Mode {
        /// It is left out.
        Drop,
        /// It stays, and columns say what it is.
        Mark,
    }
}

/// Rows that are told at a time by a step that answers at its end, so that what follows has batches of some size.
pub(crate) const PART: usize = 16_384;

impl Mode {
    /// Declares the columns `keep` and `duplicate-of` where rows are marked.
    pub(crate) fn declare(self, schema: &mut Schema) {
        schema.rows_any();
        if self == Self::Mark {
            schema.output::<Bool>("keep");
            schema.output::<UInt64>("duplicate-of");
        }
    }

    /// The answer for these rows, each with its place in the answer's count of rows and the row that it is a duplicate of.
    pub(crate) fn answer(self, rows: impl Iterator<Item = (u32, Option<u64>)>) -> Output {
        if self == Self::Drop {
            return Output::of_rows(rows.filter(|row| row.1.is_none()).map(|row| row.0).collect());
        }
        let (rows, of): (Vec<u32>, Vec<Option<u64>>) = rows.unzip();
        let keep: BoolBuilder = of.iter().map(Option::is_none).collect();
        Output::of(keep).with(of.into_iter().collect::<UInt64Builder>()).rows(rows)
    }
}
