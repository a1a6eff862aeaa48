//! `still`, the program: runs pipelines of sandboxed steps, checks them, and says what plugins can do.
//!
//! Everything that knows a terminal, an environment variable or a home folder is here; the work is the library's,
//! [`stillroom`]. In reading order: what was said ([`args`]), what is done about it ([`command`]), how a run is watched and
//! stopped ([`progress`], [`interrupt`]), and how things are shown ([`show`], [`failure`]).

use std::process::ExitCode;

use clap::Parser;

mod args;
mod command;

mod home;
mod interrupt;
mod log;
mod progress;

mod failure;
mod show;
mod terminal;

/// Large buffers go from batch to batch; this one keeps them, where the system's allocator unmaps and maps them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    log::start(args.verbose, args.is_quiet());
    command::dispatch(args).unwrap_or_else(|error| failure::report(&error))
}
