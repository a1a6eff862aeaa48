//! What the benchmarks share: an engine, plugins, a column of text.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_schema::{Field, Schema};
use stillroom::{Engine, EngineOptions, Plugin, PluginOptions, Session};

/// As in the program `still`, natively and sandboxed alike: buffers of a batch's size are used again, not mapped anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What crosses the boundary in its benchmark, in bytes: more than a core's second-level cache holds.
pub const BLOB: usize = 4 << 20;

/// A batch as the host cuts it where the pipeline does not say otherwise, in bytes.
pub const BATCH: usize = 512 << 10;

/// A built-in plugin, or a test guest.
pub fn plugin(name: &str) -> Plugin {
    plugin_of(name, false)
}

/// The same, perhaps without a time limit.
pub fn plugin_of(name: &str, endless: bool) -> Plugin {
    let options = PluginOptions { endless, ..PluginOptions::default() };
    let engine =
        Engine::new(EngineOptions { threads: 1, ..EngineOptions::default() }).expect("the sandbox can be set up");
    match stillroom_builtin::PLUGINS.iter().find(|(builtin, _)| *builtin == name) {
        Some((name, bytes)) => Plugin::load(&engine, name, bytes, &options),
        None => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests");
            Plugin::load_file(&engine, &folder.join(name).with_extension("wasm"), &options)
        }
    }
    .expect("the plugin loads")
}

/// An opened step over the column `text`.
pub fn open(plugin: &Plugin, step: &str, params: &str, column: &ArrayRef) -> Session {
    let schema = Schema::new(vec![Field::new("text", column.data_type().clone(), true)]);
    Session::open(plugin, step, params, &schema).expect("the step opens")
}

/// About `bytes` bytes of English-looking words in rows of about 500 bytes, some capitals, some double spaces; seeded.
pub fn texts(bytes: usize) -> StringArray {
    let mut seed = 1_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let words: Vec<String> =
        (0..5000).map(|_| (0..2 + random(10)).map(|_| char::from(b'a' + random(26) as u8)).collect()).collect();
    let mut rows = Vec::new();
    while rows.len() * 500 < bytes {
        let mut row = String::new();
        while row.len() < 500 {
            let word = &words[random(5000) as usize];
            match random(10) {
                0 => row.extend(word.chars().map(|c| c.to_ascii_uppercase())),
                _ => row.push_str(word),
            }
            row.push_str(if rows.len().is_multiple_of(7) { "  " } else { " " });
        }
        rows.push(row);
    }
    StringArray::from(rows)
}

/// A column as the trait object that crosses.
pub fn column(texts: &StringArray) -> ArrayRef {
    Arc::new(texts.clone())
}
