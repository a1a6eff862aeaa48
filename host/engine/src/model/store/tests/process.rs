//! Processes that keep answers, share a file, and are killed. They are this test program, run again for [`child`] alone.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::{ONE, RunId, TWO, about, folder, key, open, place, take, wait, words};
use crate::model::store::{Store, Taken, stats};

/// Tells a child what to do: the file, the run and how many answers.
const TOLD: &str = "STILLROOM_TEST_STORE";

#[test]
#[ignore = "what the other tests start"]
fn child() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let mut parts = told.split('|');
    let path = parts.next().unwrap();
    let [run, count] = [(); 2].map(|()| parts.next().unwrap().parse::<u64>().unwrap());
    let store = Arc::new(open(Path::new(path), RunId([run as u8; 16])));
    // Sixteen at a time, so that transactions have several orders.
    for first in (0..count).step_by(16) {
        wait(async {
            let keep = |number| tokio::spawn(keep(store.clone(), number));
            let all: Vec<_> = (first..count.min(first + 16)).map(keep).collect();
            for kept in all {
                println!("kept {}", kept.await.unwrap());
            }
        });
    }
}

async fn keep(store: Arc<Store>, number: u64) -> u64 {
    if let Taken::Nothing(n) = store.take(key(number), place(number)).await.unwrap() {
        store.keep(key(number), n, place(number), &words(&number.to_string()), about()).await.unwrap();
    }
    number
}

fn start(path: &Path, run: u64, count: u64) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "model::store::tests::process::child", "--ignored", "--nocapture"]);
    child.env(TOLD, format!("{}|{run}|{count}", path.display()));
    child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The number in a line that is whole.
fn number(line: &str) -> Option<u64> {
    line.strip_suffix('\n')?.rsplit_once("kept ")?.1.parse().ok()
}

#[test]
fn what_a_killed_process_was_told_is_kept_is_kept() {
    let (_folder, path) = folder();
    let mut told = 0;
    for round in 1..=5u64 {
        let mut child = start(&path, 1, u64::MAX);
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let mut last = None;
        // Each round begins at 0 and gets further than the one before, which a run that forgets would not.
        while last < Some(told + 30 * round) {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the child ended");
            last = number(&line).or(last);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        told = rest.split_inclusive('\n').filter_map(number).next_back().or(last).unwrap();
        let store = open(&path, ONE);
        for number in 0..=told {
            let answer = Taken::Answer(0, words(&number.to_string()));
            assert_eq!(take(&store, key(number), place(number)), answer, "{number} of {told} in round {round}");
        }
    }
}

#[test]
fn processes_that_share_a_file_keep_all_that_each_of_them_paid_for() {
    let (_folder, path) = folder();
    let children: Vec<Child> = (1..=3).map(|run| start(&path, run, 300)).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap().matches("kept ").count(), 300);
    }
    let spent: u64 = [ONE, TWO, RunId([3; 16])]
        .map(|run| wait(open(&path, run).spent()).unwrap().iter().map(|spent| spent.answers).sum::<u64>())
        .iter()
        .sum();
    let stats = stats(&path).unwrap();
    assert_eq!(stats.asked, 300);
    assert_eq!(stats.answers, spent);
    for run in [ONE, TWO] {
        let store = open(&path, run);
        (0..300).for_each(|number| {
            let Taken::Answer(_, reply) = take(&store, key(number), place(number)) else { panic!("{number} is gone") };
            assert_eq!(reply, words(&number.to_string()));
        });
    }
}
