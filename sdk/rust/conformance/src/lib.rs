//! The conformance plugin in Rust: the same eleven steps as in every language.

mod echo;
mod fail;
mod numbers;
mod rebuild;
mod repeat;
mod settings;
mod shout;
mod totals;
mod words;

use stillroom_sdk::register;

register!(
    echo::Echo,
    rebuild::Rebuild,
    words::Words,
    repeat::Repeat,
    fail::RejectOdd,
    fail::Fail,
    totals::Total,
    totals::Running,
    numbers::Numbers,
    settings::Settings,
    shout::Shout
);
