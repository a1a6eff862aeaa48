//! Files that are no plugin, or cost more to load than anyone should pay.

use std::path::Path;
use std::time::Duration;

use stillroom::{CompileCache, Engine, EngineOptions, Error, LoadLimits, Plugin, PluginOptions};
use stillroom_tests::{Bench, engine, guest};

use crate::common::{goes_on, is_clean, says};
use crate::module::{Module, type_section};

/// Loads bytes that must not load. What it says is clean, and the engine goes on.
#[track_caller]
fn refused(of: &str, bytes: &[u8], words: &str) {
    let error = Plugin::from_bytes(engine(2), of, bytes).err().unwrap_or_else(|| panic!("{of} loads"));
    assert!(matches!(error, Error::Plugin(_)), "{of}: {error:?}");
    is_clean(of, &error);
    says(of, &error, words);
    assert!(error.to_string().contains(of), "{of} is not named: {error:.500}");
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The guest as a component, and not as the core module that the host wraps.
fn real_component() -> Vec<u8> {
    let module = std::fs::read(guest("trivial")).expect("the guest");
    let mut encoder = wit_component::ComponentEncoder::default().module(&module).expect("a module");
    encoder.encode().expect("a component")
}

/// A module with something more in it.
fn with(fields: &str) -> Vec<u8> {
    Module { fields: fields.to_owned(), ..Module::honest() }.bytes()
}

#[test]
fn truncated_files_are_refused() {
    for (kind, whole) in [("module", Module::honest().bytes()), ("component", real_component())] {
        Plugin::from_bytes(engine(2), kind, &whole).unwrap_or_else(|error| panic!("{error}"));
        for part in 0..50 {
            refused(&format!("truncated {kind}"), &whole[..whole.len() * part / 50], "");
        }
    }
    goes_on("truncated files");
}

/// Some of them still load: a bit of a text or of a constant is nobody's fault. None brings the host down.
#[test]
fn damaged_files_are_refused_or_harmless() {
    let whole = real_component();
    // A fixed sequence of places (a linear congruential generator), so that what fails once fails again.
    let mut seed = 0x5eed_u64;
    let mut next = move |end: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % end
    };
    let mut refusals = 0;
    for _ in 0..40 {
        let mut damaged = whole.clone();
        for _ in 0..3 {
            let (byte, bit) = (next(whole.len()), next(8));
            damaged[byte] ^= 1 << bit;
        }
        if let Err(error) = load_within("damaged", &damaged) {
            is_clean("damaged", &error);
            refusals += 1;
        }
    }
    assert!(refusals > 0, "nothing was damaged");
    goes_on("damaged files");
}

/// A damaged constant may make `describe` endless: it has a second.
fn load_within(name: &str, bytes: &[u8]) -> Result<Plugin, Error> {
    let limits = stillroom::Limits { time: Duration::from_secs(1), ..Default::default() };
    Plugin::load(engine(2), name, bytes, &PluginOptions { limits: Some(limits), ..PluginOptions::default() })
}

#[test]
fn what_is_no_plugin_is_refused() {
    let step = |version: &str| {
        component(&format!("(component (instance $i) (export \"stillroom:step/step@{version}\" (instance $i)))"))
    };
    let magic = |more: &[u8]| [b"\0asm", more].concat();
    let native = std::fs::read(std::env::current_exe().expect("this test")).expect("this test");
    refused("nothing", b"", "is not a WebAssembly file");
    refused("a script", b"#!/bin/sh\nrm -rf /\n", "is not a WebAssembly file");
    refused("a program", &native[..1 << 16], "is not a WebAssembly file");
    refused("precompiled", &precompiled(), "is not a WebAssembly file");
    refused("a header", b"\0asm", "");
    refused("another layer", &magic(&[9, 0, 9, 0]), "");
    refused("a future component", &magic(&[0xff, 0, 1, 0]), "");
    refused("a bare module", &component("(module)"), "core module without a component type");
    refused("only a type", &[component("(module)"), type_section()].concat(), "cannot be made a component");
    refused("a forged type", &[&component("(module)")[..], b"\0\x0f\x0ecomponent-type"].concat(), "");
    refused("two types", &[Module::honest().bytes(), type_section(), vec![0; 9]].concat(), "");
    refused("an empty component", &component("(component)"), "does not export `stillroom:step/step`");
    refused("of the future", &step("9.0.0"), "speaks contract version 9.0.0");
    refused("of no version", &step("0.2.0"), "speaks contract version 0.2.0");
    refused("hollow", &step("0.1.0"), "does not fit the contract");
    goes_on("what is no plugin");
}

/// What wasmtime's own compiler would leave on a disk, as its header says.
fn precompiled() -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\xc8".as_slice(), &[0; 56], b".wasmtime.engine\0", &[0x90; 4096]].concat()
}

#[test]
fn functions_of_other_types_are_refused() {
    let exporting = |functions: &str| {
        component(&format!(
            "(component
               (core module $m (func (export \"f\") (result i32) (i32.const 0)))
               (core instance $c (instantiate $m))
               (func $f (result u32) (canon lift (core func $c \"f\")))
               (instance $i {functions})
               (export \"stillroom:step/step@0.1.0\" (instance $i)))"
        ))
    };
    refused("without steps", &exporting("(export \"describe\" (func $f))"), "the function `open` is missing");
    let all = ["describe", "open", "process", "finish"].map(|name| format!("(export \"{name}\" (func $f))")).join(" ");
    refused("of other types", &exporting(&all), "the function `describe`");
    goes_on("functions of other types");
}

#[test]
fn imports_that_nobody_offers_are_refused() {
    for import in ["wasi:sockets/tcp@0.2.0", "wasi:http/outgoing-handler@0.2.0", "evil:net/socket", "a:b/c@1.0.0"] {
        let text = format!(
            "(component (import \"{import}\" (instance (export \"open\" (func))))
               (instance $i) (export \"stillroom:step/step@0.1.0\" (instance $i)))"
        );
        refused(import, &component(&text), import);
    }
    let long = format!("a:b/{}", "c".repeat(50_000));
    let text = format!(
        "(component (import \"{long}\" (instance (export \"open\" (func)))) (instance $i) (export \"stillroom:step/step@0.1.0\" (instance $i)))"
    );
    refused("a long import", &component(&text), "");
    refused("a func", &component("(component (import \"f\" (func)))"), "");
    goes_on("imports that nobody offers");
}

/// Proposals that this host has no use for, and one that it has.
#[test]
fn proposals_are_refused_or_fine() {
    let gc = "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))";
    refused("gc", &with(gc), "");
    refused(
        "shared memory",
        &Module { memory: "(export \"memory\") 4 8 shared".into(), ..Module::honest() }.bytes(),
        "",
    );
    refused("atomics", &with("(func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"), "");
    refused("a wide memory", &Module { memory: "(export \"memory\") i64 4".into(), ..Module::honest() }.bytes(), "");
    let simd = "(func (drop (i8x16.add (v128.const i64x2 0 0) (v128.const i64x2 0 0))))";
    Plugin::from_bytes(engine(2), "simd", &with(simd)).unwrap_or_else(|error| panic!("{error}"));
    goes_on("proposals");
}

#[test]
fn what_costs_too_much_to_compile_is_refused() {
    refused("a deep component", &nested(1000), "deep within one another");
    refused("a large function", &with(&adding(400_000)), "bytes; ");
    refused("many locals", &with(&format!("(func (local {}))", "i32 ".repeat(60_000))), "");
    refused("many functions", &with(&"(func)".repeat(300_000)), "functions; ");
    refused("many branches", &with(&branching(30_000)), "too large to compile");
    refused("many memories", &with(&"(memory 1)".repeat(99)), "");
    refused("many tables", &with(&"(table 1 funcref)".repeat(99)), "");
    refused("more tables", &with(&"(table 1 funcref)".repeat(200)), "");
    refused("a long name", &with(&format!("(func (export \"{}\"))", "a".repeat(1 << 20))), "");
    for (of, fields) in [
        ("globals", "(global i32 (i32.const 0))".repeat(20_000)),
        ("data segments", "(data \"\")".repeat(90_000)),
        ("a large custom section", format!("(@custom \"name\" \"{}\")", "\\ff".repeat(4 << 20))),
        ("custom sections", "(@custom \"name\" \"\\00\\ff\\ff\\ff\\ff\\0f\")".repeat(10_000)),
    ] {
        if let Err(error) = Plugin::from_bytes(engine(2), of, &with(&fields)) {
            is_clean(of, &error);
        }
    }
    goes_on("what costs too much to compile");
}

#[test]
fn a_file_that_is_too_large_or_takes_too_long_is_refused() {
    let bench = Bench::default();
    let load = |limits: LoadLimits, path: &Path| {
        let cold = EngineOptions { threads: 1, cache: CompileCache::Off, ..EngineOptions::default() };
        let engine = Engine::new(cold).expect("the sandbox can be set up");
        let error = Plugin::load_file(&engine, path, &PluginOptions { load: limits, ..PluginOptions::default() }).err();
        let error = error.expect("must not load");
        is_clean("too large", &error);
        error
    };
    let path = bench.write("honest.wasm", Module::honest().bytes());
    let small = LoadLimits { component_bytes: 100, ..LoadLimits::default() };
    says("too large", &load(small, &path), "more than 100 bytes, its limit");
    says("no end", &load(small, Path::new("/dev/zero")), "more than 100 bytes, its limit");
    let short = LoadLimits { compile_time: Duration::ZERO, ..LoadLimits::default() };
    says("too slow", &load(short, &path), "takes longer to compile than its limit of 0ns");
    goes_on("a file that is too large");
}

/// Debug information that is none, and names for a terminal: they are read when the guest traps.
#[test]
fn forged_debug_information_is_harmless() {
    let names = b"\x00\x00\x01\x40\x01\x00\x3c\x1b[2Jcleared\x07".to_vec();
    for section in [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges", "name"] {
        let mut junk: Vec<u8> = if section == "name" { names.clone() } else { (0..=255).cycle().take(5000).collect() };
        let mut bytes = {
            let mut module = Module::honest();
            *module.body(crate::cases::Phase::Describe) = "unreachable".into();
            module.bytes()
        };
        let mut custom = vec![section.len() as u8];
        custom.extend(section.as_bytes());
        custom.append(&mut junk);
        bytes.push(0);
        let mut size = custom.len();
        while size >= 128 {
            bytes.push(size as u8 | 128);
            size >>= 7;
        }
        bytes.push(size as u8);
        bytes.extend(custom);
        refused(section, &bytes, "");
    }
    goes_on("forged debug information");
}

/// Components within one another, by their bytes: a text so deep would be the text format's own trouble.
fn nested(depth: usize) -> Vec<u8> {
    let header = b"\0asm\x0d\0\x01\0";
    let mut component = header.to_vec();
    for _ in 0..depth {
        let mut outer = header.to_vec();
        outer.push(4);
        let mut size = component.len();
        while size >= 128 {
            outer.push(size as u8 | 128);
            size >>= 7;
        }
        outer.push(size as u8);
        outer.extend(component);
        component = outer;
    }
    component
}

/// A function of so many additions, seven bytes each.
fn adding(times: usize) -> String {
    format!("(func (local i32) {})", "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(times))
}

/// A function of so many branches, each of which sets one of a thousand locals.
fn branching(times: usize) -> String {
    let one =
        |at: usize| format!("(if (local.get {}) (then (local.set {} (local.get {}))))", at % 997, at % 991, at % 983);
    format!("(func (local {}) {})", "i32 ".repeat(1000), (0..times).map(one).collect::<String>())
}

/// What compiling costs, for the bounds in `component/weigh.rs`: `KIND=adding SIZE=100000 cargo test … measure -- --ignored`.
#[test]
#[ignore = "measures"]
fn measure() {
    let kind = std::env::var("KIND").unwrap_or_default();
    let size: usize = std::env::var("SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(1);
    let fields = match kind.as_str() {
        "adding" => adding(size),
        "calling" => format!(
            "(func {})",
            "(drop (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))".repeat(size)
        ),
        "indirect" => format!("(table $t 4 funcref) (func {})", "(call_indirect $t (i32.const 0))".repeat(size)),
        "loading" => format!("(func (local i32) {})", "(local.set 0 (i32.load (local.get 0)))".repeat(size)),
        "branching" => branching(size),
        "looping" => {
            let one = |at: usize| {
                format!(
                    "(loop (local.set {} (i32.add (local.get {}) (local.get {}))) (br_if 0 (local.get {})))",
                    at % 991,
                    at % 983,
                    at % 977,
                    at % 997
                )
            };
            format!("(func (local {}) {})", "i32 ".repeat(1000), (0..size).map(one).collect::<String>())
        }
        "locals" => format!("(func (local {}))", "i64 ".repeat(40_000)).repeat(size),
        "tables" => format!(
            "(func (param i32) {})",
            format!("(block (br_table {} (local.get 0)))", "0 ".repeat(1000)).repeat(size)
        ),
        _ => "(func)".repeat(size),
    };
    let bytes = with(&fields);
    drop(fields);
    let cold = EngineOptions { threads: 2, cache: CompileCache::Off, ..EngineOptions::default() };
    let engine = Engine::new(cold).expect("the sandbox can be set up");
    let rss = |what: &str| {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        status.lines().find(|line| line.starts_with(what)).unwrap_or_default().to_owned()
    };
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let (before, start) = (rss("VmRSS"), std::time::Instant::now());
    let result = Plugin::from_bytes(&engine, "measured", &bytes).map(drop);
    let said = result.err().map(|error| error.to_string()).unwrap_or_default();
    println!("{kind} {size}: {} bytes, {:?}, {before}, {} {said}", bytes.len(), start.elapsed(), rss("VmHWM"));
}
