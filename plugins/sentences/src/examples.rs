//! What the steps have in common that write an example of a task.

use stillroom_sdk::Column;
use stillroom_sdk::task::{Dice, Row, TextIn};

/// The column of the tasks.
pub(crate) const TASK: Column =
    Column::required("task", &["utf8"], "What the example is of, in a sentence; as `tasks` makes them.");

/// The row's task, and the chance that goes with it.
pub(crate) fn task<'a>(column: &TextIn, seed: u64, row: Row<'a>) -> Result<(&'a str, Dice), String> {
    let task = column.get(row)?;
    Ok((task, Dice::of(seed, &[task], row)))
}
