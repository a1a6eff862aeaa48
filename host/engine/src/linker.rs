//! What a guest may import: nothing by default but a way to explain itself.

use wasmtime::component::{HasSelf, Linker};

use crate::capability::{Capability, Grants};
use crate::contract::DIAGNOSTICS_INTERFACE;
use crate::contract::v0_1::diagnostics;
use crate::instance::Guest;

/// What an import is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Import {
    /// It gives no ability: it is always linked.
    Harmless,
    /// It is a request.
    Of(Capability),
    /// There is no such thing here.
    Unknown,
}

/// What an import is, by its interface's name with or without a version.
pub(crate) fn import(name: &str) -> Import {
    match name {
        DIAGNOSTICS_INTERFACE => Import::Harmless,
        _ => Import::Unknown,
    }
}

/// Whether a guest with this import may have to wait, and so is called on a stack of its own.
pub(crate) fn waits(name: &str) -> bool {
    !matches!(import(name), Import::Harmless | Import::Of(Capability::Log))
}

/// A linker with what is granted, for a component with these imports.
pub(crate) fn linker(
    engine: &wasmtime::Engine,
    _imports: &[String],
    _grants: &Grants,
) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    diagnostics::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}
