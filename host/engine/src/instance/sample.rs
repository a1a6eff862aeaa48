//! Looking at a guest's stack at each tick of the clock that also ends its time.
//!
//! A tick that falls into the guest's own work is seen there, at its next loop or call. One that falls into the host's work
//! for a call is seen where the guest is called next: on entry to the function by which the host has memory allocated; or
//! not at all, and then it is counted when the call is over.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wasmtime::{FrameInfo, WasmBacktrace};

use super::{Instance, MAX_FRAME, clip_to, demangle};
use crate::component::{ALLOCATE, Code};
use crate::testing::{Frame, Sample, Samples, Stack};

/// The stacks of the host's own work.
const HANDING_OVER: usize = 0;
const TAKING_BACK: usize = 1;

/// Takes samples of all instances that it is given to. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sampler {
    ticks: Arc<AtomicU64>,
    recorder: Arc<Mutex<Recorder>>,
}

struct Recorder {
    start: Instant,
    /// What the plugin exports, by function.
    exports: Arc<HashMap<u32, String>>,
    /// Ticks that are accounted for.
    counted: u64,
    /// By module and function.
    frames: HashMap<(String, u32), usize>,
    /// By the stack around it and its own frame.
    stacks: HashMap<(Option<usize>, usize), usize>,
    samples: Samples,
}

impl Sampler {
    /// For instances of a plugin.
    pub(crate) fn new(code: &Code) -> Self {
        let host = |name: &str| Frame { name: name.to_owned(), is_host: true };
        let samples = Samples {
            frames: vec![host("(host) hands a batch over"), host("(host) takes an answer back")],
            stacks: [HANDING_OVER, TAKING_BACK].map(|frame| Stack { around: None, frame }).to_vec(),
            taken: Vec::new(),
        };
        let (frames, stacks) = (HashMap::new(), HashMap::new());
        let (start, exports) = (Instant::now(), code.names.clone());
        let recorder = Recorder { start, exports, counted: 0, frames, stacks, samples };
        Self { ticks: code.ticks.clone(), recorder: Arc::new(Mutex::new(recorder)) }
    }

    /// A call begins: what has passed since the last one is nobody's.
    pub(crate) fn begin(&self) {
        let now = self.ticks.load(Ordering::SeqCst);
        self.with(|recorder| recorder.counted = now);
    }

    /// A call is over. What the guest has not seen of it was the host's.
    pub(crate) fn end(&self) {
        let now = self.ticks.load(Ordering::SeqCst);
        self.with(|recorder| recorder.count(now, |_| TAKING_BACK));
    }

    /// What was seen so far.
    pub(crate) fn samples(&self) -> Samples {
        self.with(|recorder| recorder.samples.clone())
    }

    /// At a tick, while the guest is in hand.
    fn take(&self, backtrace: impl FnOnce() -> WasmBacktrace) {
        let now = self.ticks.load(Ordering::SeqCst);
        self.with(|recorder| recorder.count(now, |recorder| recorder.stack(&backtrace())));
    }

    fn with<R>(&self, f: impl FnOnce(&mut Recorder) -> R) -> R {
        f(&mut self.recorder.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Instance {
    /// From now on its stack is looked at, at each tick.
    pub(crate) fn sample(&mut self, sampler: &Sampler) {
        let sampler = sampler.clone();
        self.store.epoch_deadline_callback(move |store| {
            sampler.take(|| WasmBacktrace::force_capture(&store));
            Ok(store.data().deadline.tick(false))
        });
    }
}

impl Recorder {
    /// Notes the ticks since the last time.
    fn count(&mut self, now: u64, stack: impl FnOnce(&mut Self) -> usize) {
        let ticks = now.saturating_sub(self.counted);
        if ticks > 0 {
            self.counted = now;
            let stack = stack(self);
            self.samples.taken.push(Sample { at: self.start.elapsed(), stack, ticks });
        }
    }

    /// The number of a stack.
    fn stack(&mut self, backtrace: &WasmBacktrace) -> usize {
        if let [only] = backtrace.frames()
            && self.name(only).is_some_and(|name| is_hosts(&name))
        {
            return HANDING_OVER;
        }
        let mut around = None;
        for frame in backtrace.frames().iter().rev() {
            let module = frame.module().name().unwrap_or_default();
            let key = (module.to_owned(), frame.func_index());
            let known = self.frames.get(&key).copied();
            let frame = known.unwrap_or_else(|| self.frame(key, self.name(frame)));
            let next = self.samples.stacks.len();
            let stack = *self.stacks.entry((around, frame)).or_insert(next);
            if stack == next {
                self.samples.stacks.push(Stack { around, frame });
            }
            around = Some(stack);
        }
        around.unwrap_or(HANDING_OVER)
    }

    /// Its own name, or what it is exported as.
    fn name(&self, frame: &FrameInfo) -> Option<String> {
        let exported = || {
            let name = self.exports.get(&frame.func_index())?;
            frame.module().get_export(name).map(|_| name.clone())
        };
        frame.func_name().map(str::to_owned).or_else(exported)
    }

    /// A function that was not seen before.
    fn frame(&mut self, key: (String, u32), name: Option<String>) -> usize {
        let name = match name {
            Some(name) => demangle(&name),
            None if key.0.is_empty() => format!("function {}", key.1),
            None => format!("function {} of {}", key.1, key.0),
        };
        self.samples.frames.push(Frame { name: clip_to(name, MAX_FRAME), is_host: false });
        let number = self.samples.frames.len() - 1;
        self.frames.insert(key, number);
        number
    }
}

/// Whether a function is one by which the host has memory allocated, or given back.
fn is_hosts(name: &str) -> bool {
    name.contains(ALLOCATE) || name.contains("cabi_post")
}
