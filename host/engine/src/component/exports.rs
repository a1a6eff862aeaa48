//! Names of functions in a module that has no names: those that it exports.

use std::collections::HashMap;

use wasmparser::{ExternalKind, Parser, Payload};

/// What the function is called by which a host has memory allocated.
pub(crate) const ALLOCATE: &str = "cabi_realloc";

/// The exported functions, by number, of the module that can allocate: the one that holds the plugin's steps.
pub(super) fn exported(bytes: &[u8]) -> HashMap<u32, String> {
    let payloads = Parser::new(0).parse_all(bytes).flatten();
    let modules = payloads.filter_map(|payload| match payload {
        Payload::ExportSection(exports) => Some(exports),
        _ => None,
    });
    let mut named = modules.map(|exports| {
        let functions = exports.into_iter().flatten().filter(|export| export.kind == ExternalKind::Func);
        functions.map(|export| (export.index, export.name.to_owned())).collect::<HashMap<_, _>>()
    });
    named.find(|names| names.values().any(|name| name.starts_with(ALLOCATE))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_functions_have_names() {
        let text = |name: &str| [&[name.len() as u8], name.as_bytes()].concat();
        let export = |name: &str, kind: u8, index: u8| [text(name), vec![kind, index]].concat();
        let entries = [export("memory", 2, 0), export("cabi_realloc", 0, 3), export("a#process", 0, 7)].concat();
        let module = [b"\0asm\x01\0\0\0\x07".as_slice(), &[entries.len() as u8 + 1, 3], &entries].concat();
        let found = exported(&module);
        assert_eq!(found.len(), 2);
        assert_eq!((found[&3].as_str(), found[&7].as_str()), ("cabi_realloc", "a#process"));
        assert!(exported(b"MZ").is_empty());
    }
}
