//! The program from outside: what it prints where, and its exit codes. Whole pipelines are in `tests/it`.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::{failure, pipeline, stdout, still};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn help_names_every_command_and_what_it_means() {
    let help = stdout(&["--help"]);
    for words in
        ["Usage: still [OPTIONS] <COMMAND>", "Runs a pipeline\n", "Examples:", "Exit codes:", "130  stopped by Ctrl-C"]
    {
        assert!(help.contains(words), "{words:?} in {help}");
    }
    for verb in [
        "run",
        "check",
        "graph",
        "inspect",
        "lock",
        "steps",
        "schema",
        "completions",
        "dev",
        "bench",
        "profile",
        "docs",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} in {help}");
        assert!(stdout(&[verb, "--help"]).contains(&format!("Usage: still {verb}")));
    }
    let run = stdout(&["run", "--help"]);
    for option in [
        "--set <[STEP.]KEY=VALUE>",
        "--resume",
        "--limit <ROWS>",
        "--threads <N>",
        "--report <FILE>",
        "--quiet",
        "--no-cache",
    ] {
        assert!(run.contains(option), "{option} in {run}");
    }
    assert!(help.lines().chain(run.lines()).all(|line| line.len() <= 100), "a line is too wide");
}

#[test]
fn wrong_usage_exits_with_2() {
    for (arguments, words) in [
        (&[][..], "Usage:"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["run"], "<FILE>"),
        (&["run", "a.yaml", "--thread", "2"], "--threads"),
        (&["run", "a.yaml", "--threads", "0"], "1..=1024"),
        (&["run", "a.yaml", "--limit", "many"], "--limit"),
        (&["completions", "cmd.exe"], "possible values"),
    ] {
        let (code, message) = failure(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(message.contains(words), "{words:?} in {message}");
    }
}

#[test]
fn schema_is_json_schema() {
    let schema = json(&stdout(&["schema"]));
    assert!(schema["properties"]["steps"].is_object(), "{schema:#}");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(stdout(&["completions", shell]).contains("inspect"), "{shell}");
    }
}

#[test]
fn steps_lists_the_catalogue() {
    let list = stdout(&["steps"]);
    assert!(list.starts_with("step "), "{list}");
    assert!(list.lines().any(|line| line.starts_with("text/normalise ") && line.contains("transform")), "{list}");

    let text = json(&stdout(&["steps", "text", "--json"]));
    let steps = text.as_array().unwrap();
    assert!(steps.iter().all(|step| step["plugin"] == "text"), "{text:#}");
    assert!(steps.iter().any(|step| step["name"] == "normalise"), "{text:#}");
}

#[test]
fn steps_shows_one_in_full() {
    let step = stdout(&["steps", "text/normalise"]);
    assert!(step.starts_with("text/normalise - transform"), "{step}");
    assert!(step.contains("Parameters (with:)") && step.contains("Columns (columns:)"), "{step}");

    let (code, message) = failure(&["steps", "text/normalize"]);
    assert_eq!(code, 2);
    assert!(message.contains("did you mean `text/normalise`?"), "{message}");
}

#[test]
fn inspect_says_what_a_plugin_can_do() {
    let words = stdout(&["inspect", "text"]);
    assert!(words.starts_with("text (built in)\n"), "{words}");
    assert!(words.contains("\n  can      compute"), "{words}");
    assert!(words.contains("\nnormalise - transform"), "{words}");

    assert!(words.contains("\n  can      compute, and nothing else\n"), "{words}");

    let value = json(&stdout(&["inspect", "text", "--json"]));
    assert_eq!(value["sha256"].as_str().unwrap().len(), 64);
    assert!(value["bytes"].as_u64().unwrap() > 1000);
    assert!(value["imports"].is_array() && value["steps"][0]["params"].is_object(), "{value:#}");
}

#[test]
fn inspect_of_what_is_no_plugin() {
    let text = pipeline("plugin.wasm", "this is not wasm");
    for (plugin, words) in
        [("no-such-plugin", "built in are `"), ("./no/such.wasm", "there is no file"), (&text, "plugin.wasm")]
    {
        let (code, message) = failure(&["inspect", plugin]);
        assert_eq!(code, 2, "{plugin}");
        assert!(message.starts_with("error: ") && message.contains(words), "{message}");
    }
}

#[test]
fn errors_show_the_place_in_plain_text() {
    let file = pipeline("unknown.yaml", "steps:\n  - id: read\n    sourse: in.jsonl\n");
    for verb in ["run", "check", "graph"] {
        let (code, message) = failure(&[verb, &file]);
        assert_eq!(code, 2, "{verb}");
        assert!(message.starts_with("error: "), "{message}");
        assert!(message.contains("unknown.yaml:3:5"), "{message}");
        assert!(message.contains("    sourse: in.jsonl\n") && message.contains("help: "), "{message}");
        assert!(message.is_ascii() && !message.contains('\x1b'), "{message:?}");
    }
}

#[test]
fn a_wrong_set_is_shown_where_it_was_said() {
    let file = pipeline("set.yaml", "steps:\n  - id: read\n    source: in.jsonl\n");
    let (code, message) = failure(&["check", &file, "--set", "raed.source=other.jsonl"]);
    assert_eq!(code, 2);
    assert!(message.contains("--set:1:1") && message.contains("raed"), "{message}");
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_the_run() {
    let file = pipeline("report.yaml", "steps:\n  - id: read\n    source: missing.jsonl\n");
    let (code, message) = failure(&["run", &file, "--report", "no/such/folder/report.json"]);
    assert_eq!(code, 2);
    assert!(message.contains("cannot write no/such/folder/report.json"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_still")).arg("schema").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("error: standard output cannot be written: No space left"), "{message}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_still"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

/// A pipeline in which a step of a test guest goes wrong in its own way.
fn going_wrong(name: &str, how: &str) -> (String, PathBuf) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let guest =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/kinds.wasm").canonicalize().unwrap();
    let guest = guest.to_str().unwrap();
    let out = folder.join("out.jsonl");
    let text = format!(
        "batch-rows: 10\nplugins: {{ {guest}: {{ pin: false }} }}\nsteps:\n  - {{ id: count, use: {guest}/count, with: {{ rows: 100 }} }}\n  - {{ id: fail, use: {guest}/fail, with: {{ how: {how}, at: 55 }} }}\n  - {{ id: write, sink: {} }}\n",
        out.to_str().unwrap()
    );
    (pipeline(&format!("{name}.yaml"), &text), folder)
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

#[test]
fn a_rejected_row_exits_with_1_and_says_where_it_is() {
    let (file, folder) = going_wrong("rejects", "reject");
    let output = still(&["run", &file]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("rejects.quarantine.jsonl"), "{said}");
    assert_eq!(files(&folder), ["out.jsonl", "rejects.quarantine.jsonl"]);
}

/// As [`going_wrong`], with more to say of it in the pipeline.
fn going_wrong_with(name: &str, how: &str, more: &str) -> (String, PathBuf) {
    let (file, folder) = going_wrong(name, how);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{more}\n{text}")).unwrap();
    (file, folder)
}

#[test]
fn rows_that_a_step_fails_on_are_set_aside_and_counted() {
    let (file, folder) = going_wrong_with("aside", "panic", "on-error: quarantine");
    let output = still(&["run", &file, "-v"]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("warning: 1 row failed in step fail, in quarantine"), "{said}");
    assert!(said.contains("peak ") && said.contains(" 1 GiB ") && said.contains(" 30.0 s "), "{said}");
    assert_eq!(files(&folder), ["aside.quarantine.jsonl", "out.jsonl"]);
    assert_eq!(std::fs::read_to_string(folder.join("out.jsonl")).unwrap().lines().count(), 99);

    let output = still(&["run", &file, "--set", "fail.on-error=skip"]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 row failed in step fail, left out (on-error: skip)"), "{said}");
    let (code, said) = failure(&["run", &file, "--set", "on-error=fail"]);
    assert!(code == 2 && said.contains("cannot go on at n = 55"), "{said}");
}

#[test]
fn check_says_what_each_plugin_gets() {
    let more = "limits: { memory: 2 MiB }";
    let (file, _) = going_wrong_with("gets", "panic", more);
    let text = std::fs::read_to_string(&file).unwrap();
    let more = "{ pin: false, grants: { http: [api.example.com], env: [NOT_SET_ANYWHERE] }, limits: { time: off, log: 1 KiB } }";
    std::fs::write(&file, text.replace("{ pin: false }", more)).unwrap();
    let words = stdout(&["check", &file]).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "kinds.wasm SHA-256 ",
        "..., not pinned",
        "is granted http, and does not ask for it: leave it out",
        "is granted env, and does not ask for it: leave it out",
        "can compute, and nothing else",
        "reads n",
        "limit: memory 2 MiB instead of 1 GiB",
        "limit: log 1 KiB instead of 64 KiB",
        "its time limit is OFF",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
}

#[test]
fn a_step_that_traps_exits_with_2_and_says_what_and_where() {
    let (file, folder) = going_wrong("traps", "panic");
    let (code, said) = failure(&["run", &file]);
    assert_eq!(code, 2, "{said}");
    for words in ["step `fail` failed on batch 5 (rows 50 to 59)", "cannot go on at n = 55", "lib.rs:"] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert!(files(&folder).is_empty());
}

/// Even in a guest that never comes back.
#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_run_within_a_second_and_leaves_nothing() {
    let (file, folder) = going_wrong("stuck", "loop");
    let mut running =
        Command::new(env!("CARGO_BIN_EXE_still")).args(["run", &file]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while files(&folder).is_empty() {
        assert!(begun.elapsed().as_secs() < 30, "the run does not begin");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let interrupted = std::time::Instant::now();
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let status = running.wait().unwrap();
    assert!(interrupted.elapsed().as_millis() < 1000, "{:?}", interrupted.elapsed());
    assert_eq!(status.code(), Some(130));
    assert_eq!(files(&folder), Vec::<String>::new());
}

const PARAMETERS: &str = "
name: parameters
params:
  least: { type: int, default: 2, min: 0 }
  word: { type: text, secret: true, env: STILLROOM_TEST_WORD }
steps:
  - { id: read, source: { rows: [ { n: 1, text: One }, { n: 2, text: Two }, { n: 3, text: Three } ] } }
  - { id: some, where: n >= $(least) }
  - { id: marked, compute: { is_it: \"text = '$(word)'\" } }
  - { id: write, sink: { path: \"-\", format: jsonl } }
";

#[test]
fn parameters_come_from_the_command_line_a_file_and_the_environment() {
    let file = pipeline("parameters.yaml", PARAMETERS);
    let params = pipeline("values.yaml", "least: 3\n");
    let run = |arguments: &[&str]| {
        let mut still = Command::new(env!("CARGO_BIN_EXE_still"));
        still.args(["run", "--quiet", "--results", "off", &file]).args(arguments).env("STILLROOM_TEST_WORD", "Three");
        String::from_utf8(still.output().unwrap().stdout).unwrap()
    };
    assert_eq!(run(&[]).lines().count(), 2);
    assert_eq!(run(&["--set", "least=1"]).lines().count(), 3);
    assert_eq!(run(&["--params", &params]), "{\"n\":3,\"text\":\"Three\",\"is_it\":true}\n");
    let (code, words) = failure(&["check", &file]);
    assert_eq!(code, 2);
    assert!(words.contains("word") && words.contains("STILLROOM_TEST_WORD"), "{words}");
}

#[test]
fn a_dry_run_shows_each_step_and_writes_nothing() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dry.jsonl");
    let text = PARAMETERS.replace("{ path: \"-\", format: jsonl }", out.to_str().unwrap());
    let file = pipeline("dry.yaml", &text);
    let words = stdout(&["run", &file, "--dry-run", "2", "--set", "word=Two"]);
    for part in ["read  source rows: 2 rows", "some  where n >= 2: 1 row", "is_it", "true", "nothing was written"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(!words.contains("'Two'"), "{words}");
    assert!(!out.exists());
}

#[test]
fn kept_results_are_listed_verified_and_removed() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kept-results");
    let _ = std::fs::remove_dir_all(&folder);
    let place = ["--results-dir", folder.to_str().unwrap()];
    let text = "steps:\n  - { id: read, source: { rows: [ { text: ONE }, { text: two } ] } }\n  - { id: low, use: text/normalise, with: { case: lower } }\n  - { id: write, sink: { path: \"-\", format: jsonl } }\n";
    let file = pipeline("kept.yaml", text);
    let run = [&["run", "--quiet", "--results", "always", &file], &place[..]].concat();
    assert_eq!(stdout(&run), stdout(&run));
    let cache = |arguments: &[&str]| stdout(&[&["cache"], arguments, &place[..]].concat());
    let list = cache(&["list"]);
    assert!(list.contains("text/normalise") && list.contains("lower"), "{list}");
    assert_eq!(json(&cache(&["list", "--json"]))[0]["entries"], 1);
    assert_eq!(cache(&["verify"]), "all results are sound\n");
    assert!(cache(&["prune"]).starts_with("removed 1 result"));
    assert_eq!(cache(&["list"]), "no results are kept\n");
}

/// A plugin that asks for everything, and a pipeline that says what it gets.
fn asking(name: &str, grants: &str) -> String {
    let guest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/able.wasm").canonicalize().unwrap();
    let guest = guest.to_str().unwrap();
    let text = format!(
        "plugins: {{ {guest}: {{ pin: false, grants: {grants} }} }}\nsteps:\n  - {{ id: read, source: {{ rows: [{{ command: env }}] }} }}\n  - {{ id: able, use: {guest}/able }}\n  - {{ id: write, sink: {{ path: \"-\", format: jsonl }} }}\n"
    );
    pipeline(&format!("{name}.yaml"), &text)
}

#[test]
fn what_a_plugin_asks_for_has_to_be_granted() {
    let guest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/able.wasm").canonicalize().unwrap();
    let words = stdout(&["inspect", guest.to_str().unwrap()]);
    assert!(
        words.contains("what a pipeline grants it of what it asks for") && words.contains("http: [HOST]"),
        "{words}"
    );
    let (code, words) = failure(&["check", &asking("asks-in-vain", "{ log: info }")]);
    assert_eq!(code, 2, "{words}");
    for part in ["asks for `files`, `http`, `env`, which nobody granted", "env: [NAME]"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let file = asking("asks", "{ log: info, files: [], http: [a.example], env: [STILLROOM_TEST_GRANT] }");
    let words = stdout(&["check", &file]);
    for part in ["asks for http, and gets it: GET/HEAD https://a.example", "STILLROOM_TEST_GRANT (not set)"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let mut run = Command::new(env!("CARGO_BIN_EXE_still"));
    run.args(["run", &file, "--quiet"]).env("STILLROOM_TEST_GRANT", "a value of its own").env("STILLROOM_OTHER", "x");
    let rows = String::from_utf8(run.output().unwrap().stdout).unwrap();
    assert!(rows.contains("STILLROOM_TEST_GRANT") && !rows.contains("STILLROOM_OTHER"), "{rows}");
}
