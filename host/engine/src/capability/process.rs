//! What every guest has that was built for WASI, and what gives it no ability: streams and waiting, a standard input that is
//! at its end, no terminal, and an end of its own.

use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime::{Result, bail};
use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView};
use wasmtime_wasi::p2::bindings::cli::{
    exit, stdin, terminal_input, terminal_output, terminal_stderr, terminal_stdin, terminal_stdout,
};
use wasmtime_wasi::p2::bindings::io::{error, poll, streams};

use super::Abilities;
use crate::instance::Guest;

/// Streams and what can be waited for are WASI's own, over the instance's handles.
struct Handles;

impl HasData for Handles {
    type Data<'a> = &'a mut ResourceTable;
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str) -> Result<()> {
    match interface {
        "wasi:io/error" => error::add_to_linker::<Guest, Handles>(linker, handles),
        "wasi:io/poll" => poll::add_to_linker::<Guest, Handles>(linker, handles),
        "wasi:io/streams" => streams::add_to_linker::<Guest, Handles>(linker, handles),
        "wasi:cli/exit" => exit::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        "wasi:cli/stdin" => stdin::add_to_linker::<Guest, WasiCli>(linker, terminal),
        "wasi:cli/terminal-input" => terminal_input::add_to_linker::<Guest, WasiCli>(linker, terminal),
        "wasi:cli/terminal-output" => terminal_output::add_to_linker::<Guest, WasiCli>(linker, terminal),
        "wasi:cli/terminal-stdin" => terminal_stdin::add_to_linker::<Guest, WasiCli>(linker, terminal),
        "wasi:cli/terminal-stdout" => terminal_stdout::add_to_linker::<Guest, WasiCli>(linker, terminal),
        "wasi:cli/terminal-stderr" => terminal_stderr::add_to_linker::<Guest, WasiCli>(linker, terminal),
        // Diagnostics are linked for all.
        _ => Ok(()),
    }
}

fn handles(guest: &mut Guest) -> &mut ResourceTable {
    &mut guest.abilities().table
}

fn terminal(guest: &mut Guest) -> WasiCliCtxView<'_> {
    let Abilities { wasi, table, .. } = guest.abilities();
    WasiCliCtxView { ctx: wasi.cli(), table }
}

impl exit::Host for Abilities {
    fn exit(&mut self, status: Result<(), ()>) -> Result<()> {
        self.exit_with_code(u8::from(status.is_err()))
    }

    fn exit_with_code(&mut self, status: u8) -> Result<()> {
        bail!("called `exit` with status {status}; a step answers and does not end the process")
    }
}
