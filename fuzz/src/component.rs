//! Component bytes: what wasm-smith makes, and real plugins that were damaged.

use std::sync::OnceLock;

use arbitrary::{Arbitrary as _, Unstructured};
use stillroom::{CompileCache, Engine, EngineOptions, Plugin, fuzzing};

use crate::data::Data;
use crate::transfer;

/// Whole plugins: those of the corpus that are taken as they are.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/component");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let bytes = files.filter_map(|file| std::fs::read(file.path()).ok());
        bytes.filter(|bytes| bytes.starts_with(b"\0\0asm")).map(|bytes| bytes[1..].to_vec()).collect()
    })
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let options = EngineOptions { threads: 1, cache: CompileCache::Off, ..EngineOptions::default() };
        Engine::new(options).expect("a sandbox")
    })
}

/// One file.
pub fn component(data: &[u8]) {
    let data = &mut Data::new(data);
    let bytes = match data.byte() % 4 {
        0 => data.rest().to_vec(),
        1 => match wasm_smith::Module::arbitrary(&mut Unstructured::new(data.rest())) {
            Ok(module) => module.to_bytes(),
            Err(_) => return,
        },
        2 => match wasm_smith::Component::arbitrary(&mut Unstructured::new(data.rest())) {
            Ok(component) => component.to_bytes(),
            Err(_) => return,
        },
        _ => damaged(data),
    };
    match Plugin::load(engine(), "stranger", &bytes, &fuzzing::tight()) {
        Ok(plugin) => assert!(!plugin.steps().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn damaged(data: &mut Data<'_>) -> Vec<u8> {
    let seeds = seeds();
    let Some(seed) = seeds.get(data.below(seeds.len().max(1))) else { return Vec::new() };
    let mut bytes = seed.clone();
    for _ in 0..data.last_below(6) {
        transfer::tamper(data, &mut bytes);
    }
    bytes
}
