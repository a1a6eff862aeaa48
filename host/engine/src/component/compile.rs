//! From a file's bytes to compiled code.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;

use wasmtime::component::Component;

use super::weigh::{Refused, weigh};
use super::{first_lines, plugin_error, speaks};
use crate::engine::WORKER_STACK_BYTES;
use crate::error::Result;
use crate::limits::LoadLimits;

/// The beginning of every WebAssembly file; a component and a module differ in the four bytes after it.
const MAGIC: &[u8] = b"\0asm";

/// The custom section in which a core module carries its component type.
const TYPE_SECTION: &[u8] = b"component-type";

/// What to do with a file that is damaged.
const BUILD_AGAIN: &str = "build it again, or fetch it again";

/// What is wrong with a file, and what to do.
struct Unfit {
    message: String,
    help: &'static str,
}

/// Compiles, or takes what was compiled before. On a thread of its own: a compiler cannot be interrupted, but nobody has to
/// wait for it.
pub(super) fn compile(wasm: &wasmtime::Engine, name: &str, bytes: &[u8], limits: &LoadLimits) -> Result<Component> {
    let unfit = |unfit: Unfit| plugin_error(name, unfit.message, unfit.help);
    let most = limits.component_bytes;
    if bytes.len() > most {
        let message = format!("more than {most} bytes, its limit");
        return Err(unfit(Unfit { message, help: "strip its debug sections" }));
    }
    check_magic(bytes).map_err(unfit)?;
    let (done, result) = std::sync::mpsc::channel();
    let (wasm, bytes) = (wasm.clone(), bytes.to_vec());
    let work = move || {
        let compiled = catch_unwind(AssertUnwindSafe(|| component(&wasm, &bytes)));
        // Nobody listens any more where it took too long.
        let _ = done.send(compiled);
    };
    let thread =
        std::thread::Builder::new().name("still-compile".to_owned()).stack_size(WORKER_STACK_BYTES).spawn(work);
    thread.map_err(|error| plugin_error(name, format!("cannot be compiled: {error}"), ""))?;
    match result.recv_timeout(limits.compile_time) {
        Ok(Ok(compiled)) => compiled.map_err(unfit),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
            let message = "makes the compiler panic".to_owned();
            Err(unfit(Unfit { message, help: "it is no plugin to be trusted" }))
        }
        Err(RecvTimeoutError::Timeout) => {
            let message = format!("takes longer to compile than its limit of {:?}", limits.compile_time);
            Err(unfit(Unfit { message, help: "`compile-time:` under the plugin's `limits:` is the limit" }))
        }
    }
}

fn check_magic(bytes: &[u8]) -> Result<(), Unfit> {
    if bytes.get(..4) != Some(MAGIC) {
        let message = "is not a WebAssembly file".to_owned();
        return Err(Unfit { message, help: "a plugin is a `.wasm` component" });
    }
    if is_module(bytes) && !has_type(bytes) {
        return Err(Unfit {
            message: "is a core module without a component type".to_owned(),
            help: "`still build` makes a component of it; or build it from sdk/wit with wit-bindgen",
        });
    }
    Ok(())
}

/// Whether a module says what component it is.
pub(super) fn has_type(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, TYPE_SECTION).is_some()
}

pub(super) fn is_module(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(&[1, 0, 0, 0])
}

/// Weighed first: neither of the two behind it bounds what it takes.
fn component(wasm: &wasmtime::Engine, bytes: &[u8]) -> Result<Component, Unfit> {
    weigh(bytes).map_err(|refused| match refused {
        Refused::Damaged(message) => Unfit { message, help: BUILD_AGAIN },
        Refused::TooLarge(message) => {
            Unfit { message, help: "it is no plugin to be trusted, or has to be built smaller" }
        }
    })?;
    let component = as_component(bytes)?;
    Component::from_binary(wasm, &component).map_err(|error| Unfit {
        message: format!("is not a valid component: {}", first_lines(&error)),
        help: BUILD_AGAIN,
    })
}

/// A core module is wrapped as the component that it says it is; so an author needs nothing but the language's compiler.
fn as_component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Unfit> {
    if !is_module(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    wit_component::ComponentEncoder::default()
        .module(bytes)
        .and_then(|encoder| encoder.validate(false).encode())
        .map(Cow::Owned)
        .map_err(|error| Unfit { message: format!("cannot be made a component: {error:#}"), help: speaks() })
}
