//! Real files, real processes.

mod damage;
mod measure;
mod multiset;
mod process;
mod upkeep;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{About, FILE, Key, Place, RunId, Store, Taken};
use crate::model::ask::{Finish, Reply, Usage, Words};

const ONE: RunId = RunId([1; 16]);
const TWO: RunId = RunId([2; 16]);

/// A folder, and the file's place in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept").join(FILE);
    (folder, path)
}

fn open(path: &Path, run: RunId) -> Store {
    Store::open(path, run, false).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn key(number: u64) -> Key {
    *blake3::hash(&number.to_le_bytes()).as_bytes()
}

fn place(number: u64) -> Place {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&number.to_be_bytes());
    place
}

fn words(text: &str) -> Reply {
    let usage = Usage { input: 10, output: 3 };
    let (text, model) = (text.to_owned(), "noise".to_owned());
    Reply::Words(Words { text, reasoning: None, finish: Finish::Stop, model, usage, logprobs: Vec::new() })
}

fn about() -> About {
    About { alias: "small".to_owned(), latency: Duration::from_millis(7) }
}

/// Takes where nothing may be, and keeps an answer there; its number.
fn pay(store: &Store, of: Key, at: Place, text: &str) -> u64 {
    wait(async {
        let Taken::Nothing(n) = store.take(of, at).await.unwrap() else { panic!("there is an answer") };
        store.keep(of, n, at, &words(text), about()).await.unwrap()
    })
}

fn take(store: &Store, of: Key, at: Place) -> Taken {
    wait(store.take(of, at)).unwrap()
}
