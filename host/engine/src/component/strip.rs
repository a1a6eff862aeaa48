//! A component without what only a debugger reads.

use std::ops::Range;

use wasmparser::{BinaryReaderError, Parser, Payload};

use super::plugin_error;
use crate::error::Result;

/// Names of functions that take more than this are left out, in bytes. They are what a trap's stack is readable by.
const MAX_NAMES: usize = 2 << 20;

/// The sections of a module and of a component within a component.
const NESTED: [u8; 2] = [1, 4];

/// The file without its debug information, and without what a linker left; functions keep their names. `name` is what
/// errors call it.
///
/// # Errors
/// [`PluginError`](crate::error::PluginError): it is no valid WebAssembly.
pub fn strip(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    stripped(bytes).map_err(|error| plugin_error(name, format!("is not valid WebAssembly: {error}"), ""))
}

fn stripped(bytes: &[u8]) -> std::result::Result<Vec<u8>, BinaryReaderError> {
    let mut outer: Vec<Vec<u8>> = Vec::new();
    let mut done = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { range, .. } => done.extend_from_slice(&bytes[range.clone()]),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => outer.push(std::mem::take(&mut done)),
            Payload::CustomSection(section) if is_needless(section.name(), section.data().len()) => {}
            Payload::End(_) => {
                // The end of the whole has nothing around it.
                let Some(around) = outer.pop() else { break };
                let inner = std::mem::replace(&mut done, around);
                push(&mut done, NESTED[usize::from(is_component(&inner))], &inner);
            }
            other => {
                if let Some((id, Range { start, end })) = other.as_section() {
                    push(&mut done, id, &bytes[start..end]);
                }
            }
        }
    }
    Ok(done)
}

fn is_needless(section: &str, size: usize) -> bool {
    let is_debug = section.starts_with(".debug_") || section.starts_with("reloc.");
    is_debug || matches!(section, "linking" | "external_debug_info") || (section == "name" && size > MAX_NAMES)
}

/// A module's header says layer 0, a component's layer 1.
fn is_component(bytes: &[u8]) -> bool {
    bytes.get(6) == Some(&1)
}

fn push(to: &mut Vec<u8>, section: u8, bytes: &[u8]) {
    to.push(section);
    let mut left = bytes.len();
    while left >= 0x80 {
        to.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    to.push(left as u8);
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
        let mut section = Vec::new();
        push(&mut section, id, bytes);
        section
    }

    fn custom(name: &str, size: usize) -> Vec<u8> {
        section(0, &[&[name.len() as u8], name.as_bytes(), &vec![7; size]].concat())
    }

    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
    }

    fn component(sections: &[Vec<u8>]) -> Vec<u8> {
        [b"\0asm\x0d\0\x01\0".to_vec(), sections.concat()].concat()
    }

    #[test]
    fn debug_information_goes_at_every_depth_and_all_else_stays() {
        let memory = || section(5, &[1, 0, 1]);
        let kept = [custom("name", 200), custom("producers", 3), memory()];
        let full =
            [custom("name", 200), custom(".debug_info", 3000), custom("producers", 3), memory(), custom("linking", 2)];
        let nest = |inner: &[Vec<u8>]| {
            component(&[
                section(4, &component(&[section(1, &module(inner))])),
                section(1, &module(inner)),
                custom("a", 1),
            ])
        };
        assert_eq!(stripped(&nest(&full)).unwrap(), nest(&kept));
        assert_eq!(stripped(&nest(&kept)).unwrap(), nest(&kept));
        assert_eq!(stripped(&module(&full)).unwrap(), module(&kept));
        assert_eq!(stripped(&module(&[custom("name", MAX_NAMES + 1)])).unwrap(), module(&[]));
    }

    #[test]
    fn what_is_no_webassembly_is_an_error() {
        assert!(strip("x", b"\0asm\x01\0\0\0\x05\xff").is_err());
        assert!(strip("x", b"MZ").is_err());
    }
}
