//! Model servers for tests.
//!
//! [`llama`], [`llama_embedding`] and [`llama_rerank`] are llama.cpp's own server over a model that [`gguf`] writes:
//! its words are noise, the protocol is real. [`second`] is LiteLLM's gateway in front of these: another implementation
//! of OpenAI's protocol, and of Anthropic's and Gemini's; what it says comes from llama.cpp. [`third`] is tinygrad's
//! server: another engine with the same model, that knows neither schemas nor log-probabilities, and does not say so.
//! Each is started once a process, when it is first asked for.
//!
//! [`faulty`] is a server of our own that answers as it is told to, or fails as it is told to, alone or in front of
//! another one.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, process};

use anyhow::{Context, Result};
use serde_json::json;

pub mod faulty;
pub mod gguf;
pub mod http;
pub mod python;
mod server;

pub use server::Server;

/// llama.cpp and its server in one library (34 MB).
const LLAMA: &str = "xllamacpp==2026.10.11549";

/// What the gateway needs, all of it, by `pip freeze`; `litellm[proxy]` would be three times as large.
const SECOND: &str = include_str!("litellm.txt");

/// An engine and a server without a single dependency (2.5 MB). 0.14.0 lacks one of its own modules.
const THIRD: &str = "tinygrad==0.13.0";

/// The name by which all servers know their model.
pub const MODEL: &str = "tiny";

/// The key that [`second`] asks for.
pub const SECOND_KEY: &str = "sk-second-0123456789";

/// llama.cpp's server with a chat model: `/v1/chat/completions`, `/v1/completions`, `/v1/messages`, `/v1/responses`.
pub fn llama() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_llama("chat", gguf::Kind::Chat).expect("llama.cpp's server starts"))
}

/// llama.cpp's server for `/v1/embeddings`.
pub fn llama_embedding() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_llama("embedding", gguf::Kind::Chat).expect("llama.cpp's server starts"))
}

/// llama.cpp's server for `/v1/rerank`.
pub fn llama_rerank() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_llama("rerank", gguf::Kind::Rerank).expect("llama.cpp's server starts"))
}

/// LiteLLM's gateway; it asks [`llama`] and its like, and asks for [`SECOND_KEY`].
///
/// Beside [`MODEL`] it has `tiny-embedding`, `tiny-rerank`, and `fixed`, which always says the same.
pub fn second() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_second().expect("LiteLLM's gateway starts"))
}

/// tinygrad's server, `/v1/chat/completions` alone; only on x86-64, and one request after the other.
///
/// It passes over `response_format`, `logprobs`, `n` and `seed` without a word: who asks has to check the answer.
pub fn third() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_third().expect("tinygrad's server starts"))
}

fn start_llama(used: &str, kind: gguf::Kind) -> Result<Server> {
    let python = python::environment("llama", LLAMA)?;
    let model = model(kind)?;
    Server::start(&format!("llama-{used}"), &python, include_str!("llama.py"), &[&model, Path::new(used)])
}

fn start_second() -> Result<Server> {
    let python = python::environment("litellm", SECOND)?;
    let model = |name: &str, provider: &str, base: &str| {
        let how = json!({"model": format!("{provider}/{MODEL}"), "api_base": base, "api_key": "none"});
        json!({"model_name": name, "litellm_params": how})
    };
    let fixed = json!({"model": "openai/fixed", "api_key": "none", "mock_response": "always the same"});
    let config = json!({
        "model_list": [
            model(MODEL, "openai", llama().url()),
            model("tiny-embedding", "openai", llama_embedding().url()),
            model("tiny-rerank", "hosted_vllm", llama_rerank().root()),
            json!({"model_name": "fixed", "litellm_params": fixed}),
        ],
        "general_settings": {"master_key": SECOND_KEY},
        "litellm_settings": {"num_retries": 0, "telemetry": false},
    });
    // JSON is YAML too.
    let config = kept(&format!("litellm-{}.yaml", process::id()), config.to_string().as_bytes())?;
    Server::start("litellm", &python, include_str!("litellm.py"), &[&config])
}

fn start_third() -> Result<Server> {
    let python = python::environment("tinygrad", THIRD)?;
    Server::start("tinygrad", &python, include_str!("tinygrad.py"), &[&model(gguf::Kind::Chat)?])
}

fn model(kind: gguf::Kind) -> Result<PathBuf> {
    kept(&format!("{kind:?}.gguf"), &gguf::bytes(kind, 7))
}

/// A file under `target/servers`, never half of it.
fn kept(name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = python::folder()?.join(name);
    let part = path.with_added_extension(process::id().to_string());
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
