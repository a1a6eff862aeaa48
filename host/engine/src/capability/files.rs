//! `files`: folders, for reading or for writing too.
//!
//! A folder is a handle that the host opens; every path is taken from a handle, and WASI's implementation follows no `..`,
//! no absolute path and no symbolic link out of it.

use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::{FsPerms, WasiCtx};

use super::{Abilities, FolderGrant};
use crate::instance::Guest;

/// What the host keeps for an instance: the folders, opened.
pub(crate) fn context(folders: &[FolderGrant]) -> Result<WasiCtx, String> {
    let mut context = WasiCtx::builder();
    for FolderGrant { name, path, write } in folders {
        let permissions = if *write { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        context.preopened_dir(path, name, permissions).map_err(|error| {
            let why = error.root_cause();
            format!("the folder `{}`, granted as `{name}`, cannot be opened: {why}", path.display())
        })?;
    }
    Ok(context.build())
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str) -> Result<()> {
    match interface {
        "wasi:filesystem/preopens" => preopens::add_to_linker::<Guest, WasiFilesystem>(linker, folders),
        _ => types::add_to_linker::<Guest, WasiFilesystem>(linker, folders),
    }
}

fn folders(guest: &mut Guest) -> WasiFilesystemCtxView<'_> {
    let Abilities { wasi, table, .. } = guest.abilities();
    WasiFilesystemCtxView { ctx: wasi.filesystem(), table }
}
