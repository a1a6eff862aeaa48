//! The shared half of the sandbox: wasmtime's engine with our settings. One per process is enough.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasmtime::{Cache, CacheConfig, Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::{Error, Result};
use crate::limits::Limits;

/// The stack a guest may use, in bytes. wasmtime runs a guest on the calling thread's own stack, so a worker's is larger.
const GUEST_STACK_BYTES: usize = 512 << 10;

/// Stack of a worker thread, in bytes: the guest's share, and plenty for the host. (A *host* stack that overflows takes the process down.)
pub(crate) const WORKER_STACK_BYTES: usize = 8 << 20;

/// Instances that may wait for models at once, of all steps together.
pub(crate) const WAITING_INSTANCES: usize = 256;

/// Memory that a pooled slot keeps when an instance ends, in bytes: a new instance finds it mapped. About a batch.
const KEEP_RESIDENT_BYTES: usize = 2 << 20;

/// How often a guest that works is looked after. A call may take so much longer than its limit.
const TICK: Duration = Duration::from_millis(10);

/// A clock that ticks more often does nothing else.
const LEAST_TICK: Duration = Duration::from_micros(100);

/// Frames of a stack that is sampled; a trap's are wasmtime's own 20.
const SAMPLED_FRAMES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// Where compiled components are kept between runs.
#[derive(Debug, Clone, Default)]
pub enum CompileCache {
    /// In wasmtime's own cache folder (`$XDG_CACHE_HOME/wasmtime` or its like on macOS and Windows), which bounds itself.
    #[default]
    Default,
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: every start compiles.
    Off,
}

/// Settings of an [`Engine`].
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Worker threads. Default: one a core.
    pub threads: usize,
    /// Default: on.
    pub cache: CompileCache,
    /// Limits of every instance, where a pipeline says nothing else.
    pub limits: Limits,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            threads: available_parallelism().map_or(1, usize::from),
            cache: CompileCache::default(),
            limits: Limits::default(),
        }
    }
}

/// Compiles plugins and holds what all threads share. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) options: EngineOptions,
    /// How often guests that work are looked after.
    tick: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    /// By [`Way`]; each made when the first plugin of its way is loaded.
    sandboxes: [OnceLock<Sandbox>; 4],
    /// What guests that wait wait on.
    waiting: OnceLock<Runtime>,
}

impl Drop for Shared {
    /// Nobody waits for what a guest left behind: a lookup of a name, a file that never opens.
    fn drop(&mut self) {
        if let Some(runtime) = self.waiting.take() {
            runtime.shutdown_background();
        }
    }
}

/// How a plugin is compiled: what is compiled in cannot be left out later.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    /// Its calls cannot be interrupted: that they can is compiled into every loop.
    pub(crate) endless: bool,
    /// Its stacks have no source lines: to look them up takes some 10 ms a trap where there is debug information, and a step
    /// whose failures are quarantined may trap a hundred thousand times (8,900 rows/s with one bad row in a hundred, 72,000
    /// without the lines).
    pub(crate) terse: bool,
}

/// wasmtime's engine with our settings.
pub(crate) struct Sandbox {
    pub(crate) wasm: wasmtime::Engine,
    /// How often its clock has ticked.
    pub(crate) ticks: Arc<AtomicU64>,
    pooling: bool,
}

impl Engine {
    /// Sets up the sandbox: pooled instances where the address space allows, on-demand ones otherwise.
    ///
    /// # Errors
    /// Where the cache folder cannot be used, or this machine is not one that wasmtime compiles for.
    pub fn new(options: EngineOptions) -> Result<Self> {
        Self::with_clock(options, TICK)
    }

    /// The same with a clock that ticks more often than every 10 ms (every 0.1 ms at most), so that guests' stacks can be
    /// [sampled](crate::testing::Meter::sample).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(options: EngineOptions, tick: Duration) -> Result<Self> {
        let options = EngineOptions { threads: options.threads.max(1), ..options };
        let tick = tick.max(LEAST_TICK);
        let engine = Self {
            options,
            tick,
            shared: Arc::new(Shared { sandboxes: Default::default(), waiting: OnceLock::new() }),
        };
        engine.sandbox(Way::default())?;
        Ok(engine)
    }

    /// Worker threads of a run.
    pub fn threads(&self) -> usize {
        self.options.threads
    }

    /// Whether instances come from a pool.
    pub fn is_pooling(&self) -> bool {
        self.sandbox(Way::default()).is_ok_and(|sandbox| sandbox.pooling)
    }

    /// Whether guests' stacks may be looked at.
    pub(crate) fn is_sampling(&self) -> bool {
        self.tick < TICK
    }

    /// Where plugins live that are compiled in a way.
    pub(crate) fn sandbox(&self, way: Way) -> Result<&Sandbox> {
        let place = &self.shared.sandboxes[usize::from(way.endless) + 2 * usize::from(way.terse)];
        if let Some(sandbox) = place.get() {
            return Ok(sandbox);
        }
        let sandbox = Sandbox::new(&self.options, way, self.is_sampling())?;
        if !way.endless {
            tick(&sandbox, self.tick)?;
        }
        Ok(place.get_or_init(|| sandbox))
    }

    /// What guests that wait wait on: threads that watch the network and the clock, and work for those that ask models.
    pub(crate) fn waiting(&self) -> Result<&Runtime> {
        if let Some(runtime) = self.shared.waiting.get() {
            return Ok(runtime);
        }
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(self.options.threads)
            .thread_stack_size(WORKER_STACK_BYTES)
            .thread_name("still-waiting")
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Error::Engine {
            message: format!("the thread that waits for files and networks cannot be started: {error}"),
            help: None,
        })?;
        Ok(self.shared.waiting.get_or_init(|| runtime))
    }

    /// Waits for some work on the threads that wait.
    pub(crate) fn wait_for<R, F>(&self, work: impl FnOnce() -> F + Send) -> Result<R>
    where
        R: Send,
        F: Future<Output = R>,
    {
        let runtime = self.waiting()?;
        let waiting = || runtime.block_on(work());
        if tokio::runtime::Handle::try_current().is_err() {
            return Ok(waiting());
        }
        // A thread of somebody's own runtime, who plans or runs a pipeline there: it may not wait for another one.
        std::thread::scope(|threads| {
            let thread = std::thread::Builder::new().stack_size(WORKER_STACK_BYTES).spawn_scoped(threads, waiting);
            let thread = thread.map_err(|error| Error::Engine {
                message: format!("a thread that waits cannot be started: {error}"),
                help: None,
            })?;
            Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

impl Sandbox {
    fn new(options: &EngineOptions, way: Way, is_sampled: bool) -> Result<Self> {
        let mut config = config(&options.cache, way)?;
        if is_sampled {
            config.wasm_backtrace_max_frames(Some(SAMPLED_FRAMES));
        }
        let ticks = Arc::default();
        match wasmtime::Engine::new(config.clone().allocation_strategy(pool(options.threads))) {
            Ok(wasm) => Ok(Self { wasm, ticks, pooling: true }),
            Err(error) => {
                tracing::info!(%error, "no address space for pooled instances: they are made on demand");
                let wasm = wasmtime::Engine::new(&config).map_err(|error| Error::Engine {
                    message: format!("the sandbox cannot be set up: {error:#}"),
                    help: None,
                })?;
                Ok(Self { wasm, ticks, pooling: false })
            }
        }
    }
}

/// Advances the clock by which calls are interrupted, for as long as there is somebody to look at it.
fn tick(sandbox: &Sandbox, every: Duration) -> Result<()> {
    let (weak, ticks) = (sandbox.wasm.weak(), sandbox.ticks.clone());
    let ticking = move || {
        while let Some(wasm) = weak.upgrade() {
            // Counted first: who sees the tick sees its number.
            ticks.fetch_add(1, Ordering::SeqCst);
            wasm.increment_epoch();
            drop(wasm);
            std::thread::sleep(every);
        }
    };
    let clock = std::thread::Builder::new().name("still-clock".to_owned()).stack_size(64 << 10).spawn(ticking);
    clock.map(drop).map_err(|error| Error::Engine {
        message: format!("the thread that interrupts endless calls cannot be started: {error}"),
        help: None,
    })
}

fn config(cache: &CompileCache, way: Way) -> Result<Config> {
    let mut config = Config::new();
    config.epoch_interruption(!way.endless);
    config.wasm_backtrace_details(match way.terse {
        false => wasmtime::WasmBacktraceDetails::Enable,
        true => wasmtime::WasmBacktraceDetails::Disable,
    });
    // A component call costs 166 ns without the machinery for concurrent ones, 520 ns with it.
    config.concurrency_support(false);
    config.max_wasm_stack(GUEST_STACK_BYTES);
    let mut settings = CacheConfig::new();
    match cache {
        CompileCache::Off => return Ok(config),
        CompileCache::Default => {}
        CompileCache::Folder(folder) => {
            settings.with_directory(folder);
        }
    }
    match Cache::new(settings) {
        Ok(cache) => config.cache(Some(cache)),
        // A machine without a home folder still runs pipelines.
        Err(error) if matches!(cache, CompileCache::Default) => {
            tracing::warn!(%error, "no compile cache");
            &mut config
        }
        Err(error) => {
            return Err(Error::Engine {
                message: format!("the compile cache cannot be used: {error:#}"),
                help: Some("name another folder, or switch the cache off".to_owned()),
            });
        }
    };
    Ok(config)
}

/// A pool with room for 256 live steps a thread, and as many instances that wait for models, of all runs of this engine
/// together. It reserves address space only.
fn pool(threads: usize) -> InstanceAllocationStrategy {
    let slots = u32::try_from(threads.saturating_mul(256).saturating_add(WAITING_INSTANCES)).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(4))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(2))
        // One plugin is not to take the places of all others.
        .max_core_instances_per_component(64)
        .max_memories_per_component(8)
        .max_tables_per_component(16)
        .max_memory_size(4 << 30)
        .table_elements(100_000)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
    InstanceAllocationStrategy::Pooling(pool)
}
