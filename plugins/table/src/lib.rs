//! Stillroom's built-in table steps: columns put together, lists taken apart, rows chosen.

mod columns;
pub mod combine;
pub mod distinct;
pub mod expand;
pub mod key;
pub mod merge;
pub mod sample;

stillroom_sdk::register!(
    combine::Combine,
    merge::Merge,
    expand::Expand,
    sample::Sample,
    sample::SampleByKey,
    distinct::Distinct,
);
