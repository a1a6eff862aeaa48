//! Models as a user meets them: a run that is killed at any moment pays for nothing twice, a key is nowhere to be found, and the
//! example makes its pairs.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::still;
use serde_json::{Value, json};
use stillroom_servers::faulty::{Asked, Faulty, Rules, example};

/// Kills of a run of 1,000 requests, and how often that is done.
const KILLS: usize = 10;
const RUNS: usize = 5;
const ROWS: usize = 1000;

/// An answer that was on its way to the disk when the process was killed is nobody's: the time from the server's last byte to
/// the file.
const ON_THE_WAY: Duration = Duration::from_millis(50);

fn pipeline(dir: &Path, url: &str, more: &str) -> String {
    let text = format!(
        "
name: asking
models:
  small: {{ url: '{url}', model: echo, rates: {{ in-flight: 64 }}{more} }}
steps:
  - {{ id: read, source: {dir}/in.jsonl }}
  - {{ id: ask, use: generate/text, with: {{ model: small }} }}
  - {{ id: write, sink: {dir}/out.jsonl }}
",
        dir = dir.display()
    );
    let file = dir.join("pipeline.yaml");
    fs::write(&file, text).unwrap();
    file.to_string_lossy().into_owned()
}

fn prompts(dir: &Path, rows: usize) {
    let line = |row: usize| json!({ "instruction": format!("prompt {row}") }).to_string() + "\n";
    fs::write(dir.join("in.jsonl"), (0..rows).map(line).collect::<String>()).unwrap();
}

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_still"))
        .args(arguments)
        .env("STILLROOM_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Numbers that look drawn.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn a_run_that_is_killed_asks_nothing_again_that_was_answered() {
    let mut draw = Draw(7);
    for run in 0..RUNS {
        let dir = tempfile::tempdir().unwrap();
        prompts(dir.path(), ROWS);
        let latency = Duration::from_millis(40);
        let server = Faulty::start(Rules { latency, ..Rules::default() }).unwrap();
        let began = Instant::now();
        let file = pipeline(dir.path(), &server.url(), "");
        let mut killed: Vec<Duration> = Vec::new();
        for _ in 0..KILLS {
            let before = server.requests().len();
            let until = before + draw.below((ROWS / KILLS) as u64) as usize;
            let mut child = start(&["run", &file, "--resume", "--checkpoint", "0"]);
            while server.requests().len() < until && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(draw.below(30)));
            child.kill().unwrap();
            child.wait().unwrap();
            killed.push(began.elapsed());
        }
        let output = still(&["run", &file, "--resume", "--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(dir.path().join("out.jsonl")).unwrap().lines().count(), ROWS);
        let mut answered: HashMap<String, Duration> = HashMap::new();
        let (mut again, mut on_the_way) = (Vec::new(), 0);
        for record in server.requests() {
            if let Some(when) = answered.get(&record.asked.hash) {
                // Both clocks begin with the server, but for the time of a line of code.
                let was_on_its_way = killed.iter().any(|kill| *when + ON_THE_WAY > *kill && *when < *kill + ON_THE_WAY);
                if was_on_its_way { on_the_way += 1 } else { again.push(record.asked.prompt()) }
            }
            if let Some(when) = record.answered {
                answered.entry(record.asked.hash.clone()).or_insert(when);
            }
        }
        assert!(again.is_empty(), "run {run}: asked again: {again:?}");
        assert!(on_the_way <= 64 * KILLS, "run {run}: {on_the_way} were on their way");
        let asked = server.requests().len();
        println!(
            "run {run}: {asked} requests for {ROWS} rows over {KILLS} kills, {on_the_way} answered within 50 ms of one"
        );
    }
}

#[test]
fn rows_that_ask_the_same_have_answers_of_their_own_also_after_a_kill() {
    const ROWS: usize = 400;
    let dir = tempfile::tempdir().unwrap();
    let line = json!({ "instruction": "the same for all" }).to_string() + "\n";
    fs::write(dir.path().join("in.jsonl"), line.repeat(ROWS)).unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let answer =
        move |_: &Asked, _: usize| format!("answer {}", count.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
    let latency = Duration::from_millis(30);
    let server = Faulty::start(Rules { latency, answer: Box::new(answer), ..Rules::default() }).unwrap();
    let file = pipeline(dir.path(), &server.url(), "");
    for kill in 1..=4 {
        let mut child = start(&["run", &file, "--resume", "--checkpoint", "0"]);
        while server.requests().len() < kill * ROWS / 6 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(100));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = still(&["run", &file, "--resume", "--quiet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = fs::read_to_string(dir.path().join("out.jsonl")).unwrap();
    let said: std::collections::HashSet<String> = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["generation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((rows.lines().count(), said.len()), (ROWS, ROWS), "no answer is two rows'");
}

/// All files below a folder, and their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => all.push((path.display().to_string(), fs::read(&path).unwrap())),
            }
        }
    }
    all
}

#[test]
fn a_key_is_nowhere_to_be_found() {
    const KEY: &str = "sk-very-secret-0123456789abcdef";
    let dir = tempfile::tempdir().unwrap();
    prompts(dir.path(), 30);
    // A server that repeats what it was sent, the key included.
    let server = Faulty::start(Rules {
        fault: Box::new(|asked: &Asked| match asked.prompt().ends_with(" 7") {
            true => stillroom_servers::faulty::Fault::Status(400, None),
            false => stillroom_servers::faulty::Fault::None,
        }),
        ..Rules::default()
    })
    .unwrap();
    let file = pipeline(dir.path(), &server.url(), ", key: { env: MY_KEY }");
    let report = dir.path().join("report.json");
    let runs = [vec!["check", &file], vec!["run", &file, "--report", report.to_str().unwrap(), "-v"]];
    let mut said = Vec::new();
    for arguments in runs {
        let output = Command::new(env!("CARGO_BIN_EXE_still"))
            .args(&arguments)
            .env("STILLROOM_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
            .env("MY_KEY", KEY)
            .env("STILLROOM_LOG", "trace")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        said.extend([output.stdout, output.stderr]);
    }
    let sent = |record: &stillroom_servers::faulty::Record| {
        record
            .asked
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("authorization") && value.contains(KEY))
    };
    assert!(!server.requests().is_empty() && server.requests().iter().all(sent), "the server is sent the key");
    assert!(fs::read_to_string(dir.path().join("out.jsonl")).unwrap().lines().count() == 29);
    let has_key = |bytes: &[u8]| bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
    let found: Vec<String> =
        files(dir.path()).into_iter().filter(|(_, bytes)| has_key(bytes)).map(|(path, _)| path).collect();
    assert!(found.is_empty(), "the key is in {found:?}");
    assert!(!said.iter().any(|bytes| has_key(bytes)), "the key is printed");
}

#[test]
fn the_preference_example_makes_its_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let rated = |asked: &Asked, sample: usize| {
        let Some(schema) = asked.schema() else { return asked.plain_answer(sample) };
        let mut answer = example(schema);
        for (at, item) in answer.get_mut("ratings").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            item["rating"] = json!(1 + at * 3);
        }
        answer.to_string()
    };
    let server = Faulty::start(Rules { answer: Box::new(rated), ..Rules::default() }).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("examples/preference/preference.yaml");
    let mut arguments = vec!["run".to_owned(), file.display().to_string()];
    let set = [
        ("instructions", root.join("examples/preference/instructions.jsonl").display().to_string()),
        ("out", dir.path().join("out").display().to_string()),
        ("first-url", server.url()),
        ("second-url", server.url()),
        ("judge-url", server.url()),
    ];
    set.iter().for_each(|(name, value)| arguments.extend(["--set".to_owned(), format!("{name}={value}")]));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = still(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Vec<String> = files(dir.path()).into_iter().map(|(path, _)| path).collect();
    assert!(made.iter().any(|path| path.ends_with("README.md")), "a card: {made:?}");
    assert!(made.iter().any(|path| path.contains("pairs") && path.ends_with(".parquet")), "{made:?}");
    let card = fs::read_to_string(made.iter().find(|path| path.ends_with("README.md")).unwrap()).unwrap();
    assert!(card.contains("pairs") && card.contains("rated"), "{card}");
    assert_eq!(server.requests().len(), 3 * 24, "two answers and a rating for each instruction");
}
