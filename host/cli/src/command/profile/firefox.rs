//! The Firefox profiler's processed profile format: tables of numbers that name each other, one thread.
//!
//! Written by hand, after what the crate `fxprof-processed-profile` 0.8 writes: with it the compiler in the sandbox would be
//! built with other features, for a page of JSON.

use std::time::Duration;

use serde_json::{Value, json};
use stillroom::testing::Samples;

/// Versions of the format. The profiler upgrades older ones by itself.
const VERSION: u32 = 24;
const PROCESSED_VERSION: u32 = 55;

/// Places in the list of categories.
const PLUGIN: usize = 0;
const HOST: usize = 1;

/// A profile of a step, looked at so often.
pub(super) fn profile(step: &str, samples: &Samples, every: Duration) -> Value {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "meta": {
            "version": VERSION,
            "preprocessedProfileVersion": PROCESSED_VERSION,
            "product": format!("still profile: {step}"),
            "processType": 0,
            "interval": millis(every),
            "startTime": 0.0,
            "debug": false,
            // Functions have the names that there are: nobody has to look for others.
            "symbolicated": true,
            "usesOnlyOneStackType": true,
            "sourceCodeIsNotOnSearchfox": true,
            "categories": [category("Plugin", "blue"), category("Host", "orange"), category("Other", "grey")],
            "sampleUnits": { "time": "ms", "eventDelay": "ms", "threadCPUDelta": "µs" },
            "extensions": { "length": 0, "id": [], "name": [], "baseURL": [] },
            "markerSchema": [],
            "pausedRanges": [],
        },
        "libs": [],
        "pages": [],
        "counters": [],
        "profilerOverhead": [],
        "threads": [thread(step, samples)],
    })
}

fn category(name: &str, color: &str) -> Value {
    json!({ "name": name, "color": color, "subcategories": ["Other"] })
}

fn thread(step: &str, samples: &Samples) -> Value {
    let (frames, stacks, taken) = (&samples.frames, &samples.stacks, &samples.taken);
    let categories: Vec<usize> = frames.iter().map(|frame| if frame.is_host { HOST } else { PLUGIN }).collect();
    let numbers: Vec<usize> = (0..frames.len()).collect();
    let (none, zeros) = (vec![Value::Null; frames.len()], vec![0; frames.len()]);
    let (no, minus) = (vec![false; frames.len()], vec![-1; frames.len()]);
    json!({
        "name": step,
        "processName": "still",
        "processType": "default",
        "isMainThread": true,
        "pid": "1",
        "tid": "1",
        "processStartupTime": 0.0,
        "processShutdownTime": null,
        "registerTime": 0.0,
        "unregisterTime": null,
        "showMarkersInTimeline": false,
        "pausedRanges": [],
        "stringArray": frames.iter().map(|frame| frame.name.as_str()).collect::<Vec<_>>(),
        "funcTable": {
            "length": frames.len(), "name": numbers, "isJS": no, "relevantForJS": no, "resource": minus,
            "fileName": none, "lineNumber": none, "columnNumber": none,
        },
        "frameTable": {
            "length": frames.len(), "func": numbers, "category": categories, "subcategory": zeros, "address": minus,
            "inlineDepth": zeros, "nativeSymbol": none, "innerWindowID": zeros, "line": none, "column": none,
        },
        "stackTable": {
            "length": stacks.len(),
            "prefix": stacks.iter().map(|stack| stack.around).collect::<Vec<_>>(),
            "frame": stacks.iter().map(|stack| stack.frame).collect::<Vec<_>>(),
        },
        "samples": {
            "length": taken.len(),
            "stack": taken.iter().map(|sample| sample.stack).collect::<Vec<_>>(),
            "timeDeltas": deltas(samples),
            "weightType": "samples",
            "weight": taken.iter().map(|sample| sample.ticks).collect::<Vec<_>>(),
        },
        "markers": {
            "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
        },
        "nativeSymbols": { "length": 0, "address": [], "functionSize": [], "libIndex": [], "name": [] },
        "resourceTable": { "length": 0, "lib": [], "name": [], "host": [], "type": [] },
    })
}

/// Milliseconds from one sample to the next.
fn deltas(samples: &Samples) -> Vec<f64> {
    let mut before = Duration::ZERO;
    let delta = |at: Duration| {
        let delta = at.saturating_sub(before);
        before = at;
        delta.as_secs_f64() * 1e3
    };
    samples.taken.iter().map(|sample| sample.at).map(delta).collect()
}
