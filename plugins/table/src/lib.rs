//! Stillroom's built-in table steps: columns put together, lists taken apart, rows chosen or made.

mod columns;
pub mod combine;
pub mod count;
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
    count::Count,
);
