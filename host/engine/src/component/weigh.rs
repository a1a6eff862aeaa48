//! What a component would cost to compile, before anything compiles it. A compiler's time and memory grow faster than the file.

use wasmparser::{Parser, Payload};

/// The largest function, in bytes of code.
const MAX_FUNCTION: usize = 8 << 20;

/// Modules and components within one another.
const MAX_DEPTH: usize = 20;

/// Whether it can be compiled at a cost that is bounded.
///
/// # Errors
/// Says what is too large.
pub(super) fn weigh(bytes: &[u8]) -> Result<(), String> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| format!("is not a valid component: {error}"))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("has modules or components more than {MAX_DEPTH} deep within one another"));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CodeSectionEntry(body) if body.range().len() > MAX_FUNCTION => {
                let size = body.range().len();
                return Err(format!("has a function of {size} bytes; {MAX_FUNCTION} are the most"));
            }
            _ => {}
        }
    }
    Ok(())
}
