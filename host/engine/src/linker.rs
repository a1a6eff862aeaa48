//! What a guest may import: nothing by default but a way to explain itself.
//!
//! WASI is linked interface by interface, and only those that the component imports: one that was not granted is not there.

use std::collections::BTreeSet;

use wasmtime::component::{HasSelf, Linker};

use crate::capability::{self, Capability, Grants};
use crate::contract::DIAGNOSTICS_INTERFACE;
use crate::contract::v0_1::diagnostics;
use crate::instance::Guest;

/// The log's own interface.
const LOG_INTERFACE: &str = "stillroom:step/log@0.1.0";

/// The interface of requests.
const HTTP_INTERFACE: &str = "stillroom:step/http@0.1.0";

/// The interface of words and scores of models.
const LLM_INTERFACE: &str = "stillroom:step/llm@0.1.0";

/// The interface of vectors of models.
const EMBEDDING_INTERFACE: &str = "stillroom:step/embedding@0.1.0";

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

/// What an import is, by its interface's name and version.
pub(crate) fn import(name: &str) -> Import {
    match interface(name) {
        DIAGNOSTICS_INTERFACE => Import::Harmless,
        LOG_INTERFACE | "wasi:cli/stdout" | "wasi:cli/stderr" => Import::Of(Capability::Log),
        HTTP_INTERFACE => Import::Of(Capability::Http),
        LLM_INTERFACE => Import::Of(Capability::Llm),
        EMBEDDING_INTERFACE => Import::Of(Capability::Embedding),
        "wasi:cli/environment" => Import::Of(Capability::Env),
        "wasi:filesystem/preopens" | "wasi:filesystem/types" => Import::Of(Capability::Files),
        "wasi:clocks/monotonic-clock" | "wasi:clocks/wall-clock" => Import::Of(Capability::Clock),
        "wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed" => Import::Of(Capability::Random),
        "wasi:io/error" | "wasi:io/poll" | "wasi:io/streams" | "wasi:cli/exit" | "wasi:cli/stdin" => Import::Harmless,
        "wasi:cli/terminal-input" | "wasi:cli/terminal-output" => Import::Harmless,
        "wasi:cli/terminal-stdin" | "wasi:cli/terminal-stdout" | "wasi:cli/terminal-stderr" => Import::Harmless,
        _ => Import::Unknown,
    }
}

/// An interface's name, of WASI's 0.2 without the version: guests import 0.2.0 and 0.2.12 side by side, and wasmtime's linker
/// takes one for the other.
fn interface(name: &str) -> &str {
    match name.split_once("@0.2.") {
        Some((interface, patch))
            if interface.starts_with("wasi:") && !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()) =>
        {
            interface
        }
        // What has no version, or another one, is none of those above.
        _ if name.starts_with("wasi:") => "",
        _ => name,
    }
}

/// Whether a guest with this import needs something of the host beside a way to explain itself.
pub(crate) fn is_ability(name: &str) -> bool {
    name != DIAGNOSTICS_INTERFACE
}

/// Whether a guest with this import may have to wait, and so is called on a stack of its own. WASI's streams wait even to
/// be closed.
pub(crate) fn waits(name: &str) -> bool {
    !matches!(name, DIAGNOSTICS_INTERFACE | LOG_INTERFACE)
}

/// A linker with what is granted, for a component with these imports.
pub(crate) fn linker(
    engine: &wasmtime::Engine,
    imports: &[String],
    grants: &Grants,
) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    diagnostics::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    // Two versions of an interface are linked once.
    let mut linked = BTreeSet::new();
    for name in imports.iter().filter(|name| is_allowed(name, grants)) {
        if linked.insert(interface(name)) {
            link(&mut linker, import(name), interface(name))?;
        }
    }
    Ok(linker)
}

/// Loading refuses what is not granted; it is not linked either.
fn is_allowed(name: &str, grants: &Grants) -> bool {
    match import(name) {
        Import::Harmless | Import::Of(Capability::Clock | Capability::Random) => true,
        Import::Of(capability) => grants.has(capability),
        Import::Unknown => false,
    }
}

fn link(linker: &mut Linker<Guest>, import: Import, interface: &str) -> wasmtime::Result<()> {
    match import {
        Import::Of(Capability::Log) => capability::log::link(linker, interface),
        Import::Of(Capability::Files) => capability::files::link(linker, interface),
        Import::Of(Capability::Http) => capability::http::link(linker),
        Import::Of(Capability::Llm) => capability::llm::link(linker),
        Import::Of(Capability::Embedding) => capability::llm::link_embedding(linker),
        Import::Of(Capability::Env) => capability::env::link(linker),
        Import::Of(Capability::Clock) => capability::clock::link(linker, interface),
        Import::Of(Capability::Random) => capability::random::link(linker, interface),
        // Their own files link them.
        Import::Harmless => capability::process::link(linker, interface),
        Import::Unknown => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_what_their_whole_name_says() {
        for (name, expected) in [
            ("stillroom:step/diagnostics@0.1.0", Import::Harmless),
            ("stillroom:step/log@0.1.0", Import::Of(Capability::Log)),
            ("stillroom:step/log@0.2.0", Import::Unknown),
            ("stillroom:step/http@0.1.0", Import::Of(Capability::Http)),
            ("stillroom:step/llm@0.1.0", Import::Of(Capability::Llm)),
            ("stillroom:step/embedding@0.1.0", Import::Of(Capability::Embedding)),
            ("stillroom:step/llm@0.2.0", Import::Unknown),
            ("wasi:cli/stderr@0.2.0", Import::Of(Capability::Log)),
            ("wasi:cli/terminal-stdout@0.2.6", Import::Harmless),
            ("wasi:cli/command@0.2.6", Import::Unknown),
            ("wasi:clocks/wall-clock@0.2.12", Import::Of(Capability::Clock)),
            ("wasi:clocks/wall-clock@0.2.0-rc-2023-11-10", Import::Unknown),
            ("wasi:clocks/wall-clock@0.2.", Import::Unknown),
            ("wasi:clocks/wall-clock@0.3.0", Import::Unknown),
            ("wasi:clocks/wall-clock", Import::Unknown),
            ("wasi:filesystem/types@0.2.3", Import::Of(Capability::Files)),
            ("wasi:sockets/tcp@0.2.0", Import::Unknown),
            ("wasi:http/outgoing-handler@0.2.0", Import::Unknown),
            ("evil:cli/stderr@0.2.0", Import::Unknown),
        ] {
            assert_eq!(import(name), expected, "{name}");
        }
    }

    #[test]
    fn a_guest_that_only_logs_does_not_wait() {
        assert!(!waits(DIAGNOSTICS_INTERFACE) && !waits(LOG_INTERFACE));
        assert!(waits(HTTP_INTERFACE) && waits("wasi:cli/stdout@0.2.0") && waits("wasi:random/random@0.2.0"));
    }
}
