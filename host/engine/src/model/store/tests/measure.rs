//! Figures: `cargo test --release --workspace --lib store::tests::measure -- --ignored --nocapture`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{ONE, RunId, TWO, about, folder, key, open, place, words};
use crate::model::store::{Store, Taken};

const ANSWERS: u64 = 200_000;

#[test]
#[ignore = "for figures"]
fn measure() {
    let (_folder, path) = folder();
    let text = "a word or two ".repeat(70);
    let asked = |what: &str, store: Store, at_once: u64, of: fn(u64) -> u64| {
        let start = Instant::now();
        run(Arc::new(store), at_once, of, &text);
        eprintln!("{what}, {at_once} at once: {:.0}/s", ANSWERS as f64 / start.elapsed().as_secs_f64());
    };
    asked("taken and kept, 1 kB", open(&path, ONE), 256, |number| number);
    asked("found", open(&path, TWO), 256, |number| number);
    asked("found again, the same run", open(&path, TWO), 256, |number| number);
    let (_other, path) = folder();
    asked("taken and kept, all the same key", open(&path, ONE), 256, |_| 7);
    asked("found, all the same key", open(&path, RunId([3; 16])), 256, |_| 7);
    let (_other, path) = folder();
    asked("taken and kept, 1 kB", open(&path, ONE), 16, |number| number);
    eprintln!("{} bytes an answer", std::fs::metadata(&path).unwrap().len() / ANSWERS);
}

fn run(store: Arc<Store>, at_once: u64, of: fn(u64) -> u64, text: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let reply = Arc::new(words(text));
    let all: Vec<_> = (0..at_once)
        .map(|_| {
            let (store, next, reply) = (store.clone(), next.clone(), reply.clone());
            runtime.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= ANSWERS {
                        return;
                    }
                    let (of, at) = (key(of(number)), place(number));
                    if let Taken::Nothing(n) = store.take(of, at).await.unwrap() {
                        store.keep(of, n, at, &reply, about()).await.unwrap();
                    }
                }
            })
        })
        .collect();
    all.into_iter().for_each(|task| runtime.block_on(task).unwrap());
}
