//! A run that is killed at any moment and gone on with ends with the bytes of an undisturbed one.
//!
//! Real processes, killed by the system (SIGKILL on Unix) at moments drawn from a seeded generator; between two attempts
//! what lies on the disk is at times damaged as a power cut or a bad disk would.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

/// Kills of each graph.
const KILLS: usize = 36;

/// A route whose branches do different things, meet in their origins' order, an ordered step and two global ones.
const ROUTED: &str = "
name: routed
batch-rows: 250
steps:
  - { id: read, source: IN/docs.jsonl }
  - id: split
    route: { where: { long: length(text) > 180, short: length(text) <= 120 }, otherwise: rest }
  - { id: upper, from: split.long, compute: { text: upper(text) } }
  - { id: words, from: split.short, use: text/stats }
  - { id: all, from: [upper, words, split.rest], concat: origin }
  - { id: once, use: table/distinct, with: { key: [text] } }
  - { id: marked, sink: OUT/marked.jsonl }
  - { id: sign, use: dedup/minhash, with: { permutations: 64 } }
  - { id: cluster, use: dedup/minhash-cluster, with: { threshold: 0.6 } }
  - { id: away, drop: [signature] }
  - { id: back, use: GUESTS/kinds.wasm/reverse, columns: { n: n } }
  - { id: write, sink: OUT/kept.parquet }
";

/// Branches that drop rows meet by origin; rows are rejected; what is left becomes data sets with a test split.
const JOINED: &str = "
name: joined
batch-rows: 250
dataset: { folder: OUT/sets, format: jsonl, test: 0.2, seed: 4 }
steps:
  - { id: read, source: IN/docs.jsonl }
  - { id: picky, use: GUESTS/kinds.wasm/fail, with: { how: reject, at: 77 } }
  - { id: even, from: picky, where: n % 2 = 0 }
  - { id: measured, use: text/stats }
  - { id: total, from: picky, use: GUESTS/kinds.wasm/running-total }
  - { id: both, from: [even, measured], concat: origin }
  - { id: side, from: [picky, total], join: left }
  - { id: few, from: both, use: select/sample, with: { size: 4000, seed: 1 } }
  - { id: spread, from: side, route: { branches: [a, b, c], pick: 2, seed: 9 } }
";

/// Two sources one after the other, and a join of streams that do not come in the same items.
const COLLECTED: &str = "
name: collected
batch-rows: 250
steps:
  - { id: one, source: IN/docs.jsonl }
  - { id: two, source: IN/more.jsonl }
  - { id: all, from: [one, two], concat: inputs }
  - { id: last, use: GUESTS/kinds.wasm/reverse }
  - { id: rank, compute: { size: length(text) } }
  - { id: slim, select: [n, size] }
  - { id: odd, from: all, where: n % 3 = 1 }
  - { id: clean, use: text/normalise, outputs: { text: clean } }
  - { id: beside, from: [clean, rank], join: outer }
  - { id: write, sink: OUT/all.jsonl.zst }
  - { id: slimmer, from: slim, sink: OUT/slim.arrow }
";

#[test]
fn a_route_and_global_steps() {
    survives("routed", ROUTED, 11);
}

#[test]
fn a_join_rejects_and_data_sets() {
    survives("joined", JOINED, 22);
}

#[test]
fn two_sources_and_a_join_of_different_items() {
    survives("collected", COLLECTED, 33);
}

struct Bench {
    folder: PathBuf,
    file: PathBuf,
    threads: usize,
    checkpoint: &'static str,
}

impl Bench {
    fn new(name: &str, text: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("in/docs.jsonl"), docs(12_000, 1)).unwrap();
        fs::write(folder.join("in/more.jsonl"), docs(5_000, 2)).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = text
            .replace("GUESTS", &root.join("target/guests").to_string_lossy())
            .replace("IN/", &format!("{}/in/", folder.display()))
            .replace("OUT/", &format!("{}/out/", folder.display()));
        let file = folder.join("pipeline.yaml");
        fs::write(&file, text).unwrap();
        Self { folder, file, threads: 2, checkpoint: "0" }
    }

    fn start(&self, resume: bool) -> Child {
        let mut still = Command::new(env!("CARGO_BIN_EXE_still"));
        still.arg("run").arg(&self.file).args(["--quiet", "--checkpoint", self.checkpoint, "--memory", "200KB"]);
        still.arg("--report").arg(self.folder.join("report.json"));
        still.args(["--threads", &self.threads.to_string()]);
        if resume {
            still.arg("--resume");
        }
        let compiled = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        still
            .args(["--results", "off"])
            .env("STILLROOM_CACHE_DIR", compiled)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        still.stderr(fs::File::create(self.folder.join("stderr")).unwrap()).spawn().unwrap()
    }

    /// Runs to the end; answers whether it did.
    fn finish(&self, mut run: Child) {
        let status = run.wait().unwrap();
        let said = fs::read_to_string(self.folder.join("stderr")).unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "{status}: {said}");
    }

    /// What each step did with its rows.
    fn account(&self) -> Vec<String> {
        let report = fs::read_to_string(self.folder.join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let counts = ["id", "rows_in", "rows_out", "dropped", "repeated", "merged", "rejected"];
        let step = |step: &serde_json::Value| counts.map(|key| step[key].to_string()).join(" ");
        let steps = report["steps"].as_array().unwrap().iter().map(step);
        steps.chain([report["rows_in"].to_string(), report["rows_out"].to_string()]).collect()
    }

    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }
}

fn survives(name: &str, text: &str, seed: u64) {
    let mut bench = Bench::new(name, text);
    bench.finish(bench.start(false)); // compiles the plugins
    let expected = files(&bench.out());
    assert!(expected.len() >= 2, "{:?}", expected.keys());
    let account = bench.account();
    let start = Instant::now();
    fs::remove_dir_all(bench.out()).unwrap();
    bench.finish(bench.start(false));
    let time = start.elapsed();
    assert_same(&expected, &files(&bench.out()), "a second run");

    let mut random = Random(seed);
    let (mut kills, mut rounds) = (0, 0);
    while kills < KILLS {
        let _ = fs::remove_dir_all(bench.out());
        rounds += 1;
        let mut resume = false;
        let mut story = String::new();
        // A run that is gone on with may be killed again.
        loop {
            bench.threads = 1 + random.below(3) as usize;
            bench.checkpoint = ["0", "0", "0.03", "0.1"][random.below(4) as usize];
            let mut run = bench.start(resume);
            sleep(time.mul_f64(random.below(1000) as f64 / 800.0));
            if run.try_wait().unwrap().is_some() || random.below(4) == 0 {
                bench.finish(run);
                break;
            }
            let how = random.below(4);
            end(&mut run, how == 0);
            kills += 1;
            story += &format!(" {}({})", if how == 0 { "stopped" } else { "killed" }, bench.threads);
            story += &damage(&bench.out(), &mut random);
            resume = true;
        }
        assert_same(&expected, &files(&bench.out()), &format!("{name}, round {rounds}:{story}"));
        assert_eq!(account, bench.account(), "{name}, round {rounds}:{story}");
    }
}

/// Kills a run, or asks it to stop as Ctrl-C does.
fn end(run: &mut Child, politely: bool) {
    #[cfg(unix)]
    if politely && let Ok(id) = i32::try_from(run.id()) {
        // SAFETY: a signal to a child of ours that has not been waited for: its number is no other's.
        unsafe { libc::kill(id, libc::SIGINT) };
        let code = run.wait().unwrap().code();
        // None: it had not come so far as to listen.
        return assert!(matches!(code, None | Some(0 | 1 | 130)), "{code:?}");
    }
    let _ = politely;
    run.kill().unwrap();
    run.wait().unwrap();
}

/// What a power cut or a bad disk may do to what nobody has closed: one time in three.
fn damage(out: &Path, random: &mut Random) -> String {
    let Some(folder) = fs::read_dir(out).ok().and_then(|entries| {
        entries.flatten().map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with(".still-run"))
    }) else {
        return String::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.extend(
        fs::read_dir(out)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file() && path.to_string_lossy().contains("still-partial")),
    );
    files.retain(|file| !file.ends_with("manifest.json"));
    files.sort();
    let file = &files[random.below(files.len() as u64) as usize];
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let mut bytes = fs::read(file).unwrap();
    let what = match random.below(9) {
        0 => {
            bytes.extend_from_slice(b"0123 torn");
            "longer"
        }
        1 if !bytes.is_empty() => {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
            "cut"
        }
        2 if !bytes.is_empty() => {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 0x20;
            "flipped"
        }
        _ => return String::new(),
    };
    fs::write(file, bytes).unwrap();
    format!(" {name} {what}")
}

/// Every file in a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                all.insert(name, fs::read(path).unwrap());
            }
        }
    }
    all
}

fn assert_same(expected: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>, story: &str) {
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{story}");
    for (name, bytes) in expected {
        let other = &found[name];
        let at = bytes.iter().zip(other).position(|(one, other)| one != other);
        assert!(bytes == other, "{name} differs from byte {at:?} ({} and {} bytes): {story}", bytes.len(), other.len());
    }
}

/// Rows with words of a small vocabulary: some texts are alike, some are the same.
fn docs(rows: u64, seed: u64) -> String {
    const WORDS: [&str; 12] =
        ["still", "room", "water", "rose", "herb", "copper", "steam", "drop", "glass", "root", "leaf", "salt"];
    let mut random = Random(seed);
    let mut text = String::new();
    for n in 0..rows {
        let mut row = Random(random.below(rows / 2));
        let words: Vec<&str> = (0..5 + row.below(40)).map(|_| WORDS[row.below(12) as usize]).collect();
        text += &format!("{{\"n\": {n}, \"text\": \"{}\"}}\n", words.join(" "));
    }
    text
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
