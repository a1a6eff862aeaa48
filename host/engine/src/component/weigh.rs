//! What a component would cost to compile, before anything compiles it. A compiler's time has a limit, but nothing bounds its
//! memory; so what it grows with has bounds here, well above what the largest known plugins need (CPython and SpiderMonkey:
//! 18 MB, functions of a few hundred kB).
//!
//! Measured with two compiling threads, as what the process grew by for one function. Worst for its size are indirect calls:
//! 150 kB of them took 550 MB and 40 s, which at the bound would be 1.9 GB, and longer than the time limit. Worst for its
//! locals are loops: 54 kB over 1000 locals took 320 MB, which at the bound would be 1.6 GB. Then branches over 1000 locals
//! (230 kB: 570 MB), tables of branches (2 MB: 1.2 GB), calls (1.1 MB: 320 MB), additions (2.1 MB: 280 MB). 100,000 empty
//! functions took 580 MB. Each compiling thread may have such a function in hand.

use wasmparser::{BinaryReaderError, FunctionBody, Parser, Payload};

/// The largest function, in bytes of code.
const MAX_FUNCTION: usize = 512 << 10;

/// The most that a function's bytes times its locals may be: which local has which value is known at every branch.
const MAX_FLOW: usize = 256 << 20;

/// Functions of all modules.
const MAX_FUNCTIONS: usize = 200_000;

/// Modules and components within one another.
const MAX_DEPTH: usize = 20;

/// Why a file is not given to the compiler.
pub(super) enum Refused {
    Damaged(String),
    TooLarge(String),
}

/// Whether it can be compiled at a cost that is bounded.
///
/// # Errors
/// Says what is too large, or where the file is damaged.
pub(super) fn weigh(bytes: &[u8]) -> Result<(), Refused> {
    let (mut depth, mut functions) = (0_usize, 0_usize);
    let invalid = |error: BinaryReaderError| Refused::Damaged(format!("is not a valid component: {error}"));
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let message = format!("has modules or components more than {MAX_DEPTH} deep within one another");
                    return Err(Refused::TooLarge(message));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CodeSectionStart { count, .. } => {
                functions = functions.saturating_add(count as usize);
                if functions > MAX_FUNCTIONS {
                    return Err(Refused::TooLarge(format!("has {functions} functions; {MAX_FUNCTIONS} are the most")));
                }
            }
            Payload::CodeSectionEntry(body) => weigh_function(&body).map_err(Refused::TooLarge)?,
            _ => {}
        }
    }
    Ok(())
}

fn weigh_function(body: &FunctionBody<'_>) -> Result<(), String> {
    let size = body.range().len();
    if size > MAX_FUNCTION {
        return Err(format!("has a function of {size} bytes; {MAX_FUNCTION} are the most"));
    }
    // What cannot be read is told by the compiler, with its place.
    let groups = body.get_locals_reader().into_iter().flatten().flatten();
    let locals = groups.fold(0_usize, |sum, (count, _)| sum.saturating_add(count as usize));
    if size.saturating_mul(locals) > MAX_FLOW {
        return Err(format!(
            "has a function of {size} bytes with {locals} locals: the product is too large to compile"
        ));
    }
    Ok(())
}
