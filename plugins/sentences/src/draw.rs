//! Options that are drawn for a row where the pipeline leaves them open.

use stillroom_sdk::task::Dice;
use stillroom_sdk::{Fault, Result};

/// What was given, else one of several. It is drawn either way, so that giving one option does not change the others.
pub(crate) fn drawn<T: Copy, const N: usize>(given: Option<T>, dice: &mut Dice, of: &[T; N]) -> T {
    let one = of[dice.below(N)];
    given.unwrap_or(one)
}

/// A language has a name.
pub(crate) fn language(parameter: &str, name: String) -> Result<String> {
    match name.trim() {
        "" => Err(Fault::params(format!("parameter `{parameter}` is empty; it must be a language, as in `English`"))),
        trimmed => Ok(trimmed.to_owned()),
    }
}
