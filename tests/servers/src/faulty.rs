//! A model server that answers as it is told to, and fails as it is told to.
//!
//! By itself it speaks the chat protocols of OpenAI (and so of Azure and Mistral), Anthropic, Gemini, Cohere and
//! Bedrock, embeddings, scores, OpenAI's files and batches, and Anthropic's batches. With `upstream` it hands requests
//! on to a real server and fails in front of it. It does not stream. HTTP is written by hand here, for most of what
//! goes wrong is not to be had from a library.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

mod answer;
mod asked;
mod batch;
mod fault;
mod journal;
mod numbers;
mod schema;
mod talk;
mod wire;

pub use asked::Asked;
pub use fault::Fault;
pub use journal::Record;
pub use schema::example;

/// What is said to a request; the number is the sample's, where several are asked for at once.
pub type Say = Box<dyn Fn(&Asked, usize) -> String + Send + Sync>;

/// What goes wrong with a request.
pub type Fail = Box<dyn Fn(&Asked) -> Fault + Send + Sync>;

/// What the server does.
pub struct Rules {
    /// The port; 0 for a free one.
    pub port: u16,
    /// How long each answer takes, however many are asked for at once.
    pub latency: Duration,
    /// What is said to a request; the number is the sample's, where several are asked for at once.
    pub answer: Say,
    /// What goes wrong with a request.
    pub fault: Fail,
    /// The server that is asked instead, `http://HOST`: what comes behind in requests' paths is added to it.
    pub upstream: Option<String>,
    /// A file that gets a line of JSON when a request has come, and another when its answer has gone.
    pub log: Option<PathBuf>,
    /// How often a batch is asked about before it is done.
    pub polls: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            port: 0,
            latency: Duration::ZERO,
            answer: Box::new(Asked::plain_answer),
            fault: Box::new(|_| Fault::None),
            upstream: None,
            log: None,
            polls: 1,
        }
    }
}

/// A running server; it ends when this is dropped.
pub struct Faulty {
    address: SocketAddr,
    state: Arc<talk::State>,
    runtime: Option<Runtime>,
}

impl Faulty {
    /// Starts it; it listens when this returns.
    pub fn start(rules: Rules) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", rules.port))
            .with_context(|| format!("cannot listen at port {}", rules.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let state = Arc::new(talk::State::new(rules)?);
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(talk::listen(listener, Arc::clone(&state)));
        Ok(Self { address, state, runtime: Some(runtime) })
    }

    /// Its address up to and with `/v1`.
    pub fn url(&self) -> String {
        format!("{}/v1", self.root())
    }

    /// Its address without a path.
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order in which they came; lines of batches too.
    pub fn requests(&self) -> Vec<Record> {
        self.state.journal.records()
    }

    /// How many requests waited for their answers at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.journal.most_at_once()
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.address)
    }
}
