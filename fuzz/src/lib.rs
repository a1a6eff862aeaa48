//! Fuzz targets: hostile input for everything that a stranger can hand to Stillroom.
//!
//! A target is a function of bytes that returns; whatever else it does is a finding. Three things run them: the test `bounded`
//! on every machine, over the corpus and so many inputs made from a seed; the program `stillroom-fuzz`, which does the same for
//! as long as one likes; and `cargo xtask fuzz`, where libFuzzer looks which inputs reach new code.

pub mod component;
mod damage;
mod data;
mod drive;
mod make;
pub mod sources;
pub mod text;
pub mod transfer;

pub use drive::{Found, begin, corpus, replay, run, soak};

/// What is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, that of its corpus too.
    pub name: &'static str,
    /// One input.
    pub run: fn(&[u8]),
    /// Inputs of the bounded test: a second or two of them.
    pub bounded: u64,
    /// The longest input that is made up.
    pub longest: usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "transfer", run: transfer::transfer, bounded: 100_000, longest: 160 },
    Target { name: "signature", run: text::signature, bounded: 50_000, longest: 200 },
    Target { name: "manifest", run: text::manifest, bounded: 20_000, longest: 300 },
    Target { name: "pipeline", run: text::pipeline, bounded: 10_000, longest: 600 },
    Target { name: "expression", run: text::expression, bounded: 20_000, longest: 60 },
    Target { name: "jsonl", run: sources::jsonl, bounded: 10_000, longest: 300 },
    Target { name: "csv", run: sources::csv, bounded: 10_000, longest: 300 },
    Target { name: "parquet", run: sources::parquet, bounded: 4_000, longest: 200 },
    Target { name: "arrow", run: sources::arrow, bounded: 10_000, longest: 200 },
    Target { name: "component", run: component::component, bounded: 150, longest: 400 },
    Target { name: "cache_entry", run: transfer::cache_entry, bounded: 20_000, longest: 160 },
    Target { name: "journal", run: text::journal, bounded: 20_000, longest: 200 },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
