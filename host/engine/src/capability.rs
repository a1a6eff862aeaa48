//! What a step may do beyond computing. Nothing is granted by default; what is not granted is not linked.
//!
//! A component's imports are its requests, a pipeline's [`Grants`] the answer. Every capability is a file of the same
//! shape: what is granted, what the host keeps for an instance, what is linked, what it answers.

pub(crate) mod clock;
pub(crate) mod env;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod llm;
pub(crate) mod log;
pub(crate) mod process;
pub(crate) mod random;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use self::clock::Clock;
use self::env::Env;
use self::http::Http;
use self::llm::Llm;
use self::log::Log;
use self::random::Random;
use crate::limits::{Limits, Rest};
use crate::model::Models;

/// Most handles (files, streams, what can be waited for) of an instance.
const MAX_HANDLES: usize = 1024;

/// Something that a step may ask to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Write to the log.
    Log,
    /// Read, and perhaps write, files in named folders.
    Files,
    /// Ask named hosts over HTTP.
    Http,
    /// Read named variables of the environment.
    Env,
    /// Know the time. Without it there is a clock that only counts how often it was asked.
    Clock,
    /// Have real randomness. Without it there are numbers that hang on the input alone.
    Random,
    /// Ask language models, which the pipeline declares, for words and scores.
    Llm,
    /// Ask models for the vectors of texts.
    Embedding,
}

/// What a pipeline lets a plugin do.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// The log, from this level on.
    pub log: Option<LogLevel>,
    /// Folders; none of them is a grant too: of a file system that is empty.
    pub files: Option<Vec<FolderGrant>>,
    /// Hosts.
    pub http: Option<Vec<HttpGrant>>,
    /// Variables and their values.
    pub env: Option<EnvGrant>,
    /// The machine's clocks.
    pub clock: bool,
    /// The machine's randomness.
    pub random: bool,
    /// Models that it may ask for words and scores, by the names that the pipeline declares them under.
    pub llm: Option<Vec<String>>,
    /// Models that it may ask for vectors.
    pub embedding: Option<Vec<String>>,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What only the step's author wants to know.
    Debug,
    /// What happens.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
}

/// A folder that a step sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderGrant {
    /// What the step knows it by.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether the step may also write in it.
    pub write: bool,
}

/// Requests that a step may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGrant {
    /// Methods, in capitals.
    pub methods: Vec<String>,
    /// Where to.
    pub hosts: Vec<HttpHost>,
    /// Whether the addresses may be those of private networks and of this machine.
    pub private: bool,
    /// The largest answer, in bytes.
    pub response_bytes: usize,
    /// The longest that a request may take, in all. (It is never longer than what is left of the step's call.)
    pub time: Duration,
}

/// Hosts: one by its name, or with `*.` in front all below it; at one port; by `https`, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHost {
    /// `http` or `https`.
    pub scheme: String,
    /// In lower case, `*.` in front where it stands for all below.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// Variables of the environment and their values, which are shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvGrant(pub Vec<(String, String)>);

impl fmt::Debug for EnvGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Log, Self::Files, Self::Http, Self::Env, Self::Clock, Self::Random, Self::Llm, Self::Embedding];

    /// What a pipeline calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Files => "files",
            Self::Http => "http",
            Self::Env => "env",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Llm => "llm",
            Self::Embedding => "embedding",
        }
    }

    /// In plain words, what a plugin that asks for it could do.
    pub fn could(self) -> &'static str {
        match self {
            Self::Log => "write lines into the run's log, as many as its limit allows",
            Self::Files => "read files in the folders that the pipeline names, and change them where it says so",
            Self::Http => "send what it sees to the hosts that the pipeline names, and read their answers",
            Self::Env => "read the variables of the environment that the pipeline names",
            Self::Clock => "know the time; without a grant, count how often it asked",
            Self::Random => "draw random numbers; without a grant, numbers that hang on its input alone",
            Self::Llm => {
                "send what it sees to the models that the pipeline names, read their answers, and spend what those cost; it \
                 sees neither their keys nor their addresses"
            }
            Self::Embedding => {
                "send what it sees to the models that the pipeline names, to get vectors, and spend what those cost; it sees \
                 neither their keys nor their addresses"
            }
        }
    }
}

impl Grants {
    /// Whether it is granted; of folders, hosts, variables and models perhaps none.
    pub fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::Log => self.log.is_some(),
            Capability::Files => self.files.is_some(),
            Capability::Http => self.http.is_some(),
            Capability::Env => self.env.is_some(),
            Capability::Clock => self.clock,
            Capability::Random => self.random,
            Capability::Llm => self.llm.is_some(),
            Capability::Embedding => self.embedding.is_some(),
        }
    }

    /// Whether what a step answers can hang on more than its input.
    pub fn is_pure(&self) -> bool {
        Capability::ALL.iter().all(|capability| *capability == Capability::Log || !self.has(*capability))
    }
}

/// A call into a guest, as its abilities need to know it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    /// The number of the piece of input that the batch came from.
    pub(crate) item: u64,
    /// The batch's first row within it.
    pub(crate) first_row: u64,
    /// Rows of the batch.
    pub(crate) rows: u64,
    /// What randomness hangs on, where none is granted.
    pub(crate) seed: u64,
    /// When the call has to be over.
    pub(crate) deadline: Option<Instant>,
    /// Which call of an instance it is that sees all of them in order.
    pub(crate) call: u64,
    /// Whether rows move, and so models may be asked.
    pub(crate) may_ask: bool,
}

/// What a call used of its abilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// Bytes that it said to the log.
    pub(crate) log_bytes: u64,
    /// Bytes that it said beyond the limit, and that nobody heard.
    pub(crate) log_dropped: u64,
}

/// What the host keeps for one instance that imports more than a way to explain itself.
pub(crate) struct Abilities {
    /// What the instance has handles of.
    table: ResourceTable,
    /// WASI's own implementation: of files, of an empty standard input, of the real clocks.
    wasi: WasiCtx,
    log: Log,
    http: Http,
    llm: Llm,
    env: Env,
    clock: Clock,
    random: Random,
}

impl Abilities {
    /// For an instance of a step; `step` is the id that the log shows.
    pub(crate) fn new(
        grants: &Arc<Grants>,
        step: &str,
        limits: &Limits,
        models: &Arc<Models>,
        rest: Rest,
    ) -> Result<Self, String> {
        let files = files::context(grants.files.as_deref().unwrap_or_default())?;
        Ok(Self { llm: Llm::new(grants, models, step, rest), ..Self::of(grants, step, limits, files) })
    }

    fn of(grants: &Arc<Grants>, step: &str, limits: &Limits, wasi: WasiCtx) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            table,
            wasi,
            log: Log::new(grants.log, step, limits.log_bytes),
            http: Http::new(grants, limits.output_bytes),
            llm: Llm::default(),
            env: Env::new(grants),
            clock: Clock::new(grants.clock),
            random: Random::new(grants.random),
        }
    }

    /// Before each call.
    pub(crate) fn begin(&mut self, moment: Moment) {
        self.log.begin(moment);
        self.http.begin(moment.deadline);
        self.llm.begin(moment);
        self.clock.begin();
        self.random.begin(moment.seed);
    }

    /// After a call that failed.
    pub(crate) fn forget(&mut self) {
        self.llm.forget();
    }

    /// After each call, also one that failed.
    pub(crate) fn end(&mut self) -> Used {
        self.log.end()
    }
}

impl Default for Abilities {
    /// Those of an instance that is granted nothing.
    fn default() -> Self {
        Self::of(&Arc::default(), "", &Limits::default(), WasiCtx::builder().build())
    }
}
