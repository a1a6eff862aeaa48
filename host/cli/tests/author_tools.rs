//! `still bench`, `profile` and `docs` on real plugins. (`still dev` is in `dev.rs`.)

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

use common::{failure, stdout};
use serde_json::{Value, json};
use stillroom::testing::{Rows, Setup, open};
use stillroom::{CompileCache, Engine, EngineOptions, Plugin};

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").canonicalize().unwrap()
}

/// The test guest with a step of every kind.
fn kinds() -> String {
    guests().join("kinds.wasm").to_str().unwrap().to_owned()
}

fn temporary(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().unwrap().to_owned()
}

fn bench(step: &str, more: &[&str]) -> Value {
    // No time at all: the least number of calls.
    let arguments = ["bench", step, "--seconds", "0", "--rows", "300", "--batch-rows", "128", "--json"];
    serde_json::from_str(&stdout(&[&arguments, more].concat())).unwrap()
}

#[test]
fn bench_measures_a_step_of_every_kind() {
    let kinds = kinds();
    for (step, kind, more) in [
        ("text/normalise".to_owned(), "transform", &[][..]),
        ("text/chunk".to_owned(), "transform", &["--params", r#"{"size": 50}"#]),
        (format!("{kinds}/running-total"), "ordered", &[]),
        (format!("{kinds}/reverse"), "global", &[]),
        (format!("{kinds}/count"), "source", &["--params", r#"{"rows": 1000}"#]),
    ] {
        let figures = bench(&step, more);
        assert_eq!(figures["kind"], kind, "{step}: {figures:#}");
        assert_eq!(figures["rows"].as_u64(), (kind != "source").then_some(300), "{step}");
        assert!(figures["rows_per_second"].as_f64().unwrap() > 0.0, "{step}: {figures:#}");
        assert!(figures["rows_per_second_least"].as_f64() <= figures["rows_per_second_most"].as_f64(), "{step}");
        assert!(figures["memory_bytes"].as_u64().unwrap() > 0, "{step}");
        assert!(figures["runs"].as_u64().unwrap() >= 3, "{step}");
        let share = figures["boundary_share"].as_f64();
        assert_eq!(share.is_none(), kind == "global", "{step}: {figures:#}");
        assert!(share.is_none_or(|share| share > 0.0 && share <= 1.0), "{step}: {figures:#}");
    }
}

#[test]
fn bench_reads_rows_and_says_what_it_found() {
    let file = temporary("bench.jsonl");
    std::fs::write(&file, "{\"text\": \"a b\"}\n{\"text\": null}\n{\"text\": \"c\"}\n").unwrap();
    let words = stdout(&["bench", "text/stats", "--input", &file, "--seconds", "0"]);
    assert!(words.starts_with("text/stats  transform, 3 rows in batches of 8,192 rows\n"), "{words}");
    for line in ["\n  rows/s ", "\n  ns/row ", "\n  MB/s ", "\n  boundary ", "\n  memory "] {
        assert!(words.contains(line), "{line:?} in {words}");
    }
}

#[test]
fn what_cannot_be_measured_is_said() {
    let kinds = kinds();
    for (arguments, words) in [
        (&["bench", "text"][..], "say which step of text: text/STEP"),
        (&["bench", "text/normalize"], "text has no step `normalize`"),
        (&["profile", "nowhere.wasm/step"], "there is no file and no built-in plugin `nowhere.wasm`"),
        (&["bench", "text/normalise", "--params", "[]"], "a JSON object"),
        (&["bench", "text/normalise", "--params", r#"{"form": "x"}"#], "form"),
        (&["bench", "text/normalise", "--column", "x=int65"], "`int65` is no type"),
        (&["bench", "text/normalise", "--column", "x=list<utf8>"], "no rule to make a column `x` of type list<utf8>"),
        (&["bench", "text/normalise", "--rows", "0"], "1 to 100000000"),
        (&["bench", &format!("{kinds}/fail")], "cannot go on at n = 0"),
        (&["profile", &format!("{kinds}/fail"), "--params", r#"{"how": "fault"}"#], "will not work on 0"),
    ] {
        let (code, message) = failure(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(message.contains(words), "{words:?} in {message}");
    }
}

/// What the boundary is measured with: the same bytes in and out, for all that a step can answer.
#[test]
fn the_stand_in_takes_and_answers_the_same_bytes() {
    let cache = CompileCache::Folder(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let engine = Engine::new(EngineOptions { threads: 1, cache, ..EngineOptions::default() }).unwrap();
    let builtin = |name: &str| {
        let (_, bytes) = stillroom_builtin::PLUGINS.iter().find(|(known, _)| *known == name).unwrap();
        Plugin::from_bytes(&engine, name, bytes).unwrap()
    };
    let kinds = Plugin::from_file(&engine, kinds().as_ref()).unwrap();
    let texts = |rows| Rows::made(&[("text".to_owned(), "utf8".to_owned())], rows).unwrap();
    let numbers = |rows| Rows::made(&[("n".to_owned(), "int64".to_owned())], rows).unwrap();
    for (plugin, step, params, rows) in [
        (builtin("text"), "normalise", json!({}), Some(texts(1000))),
        (builtin("text"), "normalise", json!({}), Some(texts(1))),
        // Several rows of one, and where they came from.
        (builtin("text"), "chunk", json!({ "size": 50 }), Some(texts(100))),
        // Rows that are left out, with a reason.
        (builtin("text"), "gopher", json!({}), Some(texts(100))),
        (builtin("text"), "stats", json!({}), Some(texts(100))),
        (kinds.clone(), "fail", json!({ "how": "reject", "at": 3, "every": 10 }), Some(numbers(100))),
        (kinds.clone(), "running-total", json!({}), Some(numbers(5000))),
        (kinds, "count", json!({ "rows": 100 }), None),
    ] {
        let setup = Setup { step, params, ..Setup::default() };
        let trial = open(&plugin, &setup, rows.as_ref()).unwrap();
        let mut meter = trial.meter(rows.as_ref(), 5000).unwrap();
        let mut stand_in = meter.stand_in().unwrap().unwrap();
        let own = meter.lap().unwrap();
        assert!(own.bytes_out > 0 || own.rows > 0, "{step}");
        for _ in 0..3 {
            let its = stand_in.lap().unwrap();
            assert_eq!((its.rows, its.bytes_in, its.bytes_out), (own.rows, own.bytes_in, own.bytes_out), "{step}");
        }
        assert!(stand_in.stand_in().unwrap().is_some(), "{step}");
    }
}

#[test]
fn a_profile_is_of_the_form_that_the_firefox_profiler_opens() {
    let file = temporary("count.profile.json");
    let step = format!("{}/running-total", kinds());
    let words = stdout(&["profile", &step, "--seconds", "0.5", "-o", &file]);
    assert!(words.contains("  self   total  function") && words.contains("#process"), "{words}");
    assert!(words.contains(&format!("{file}: open it at profiler.firefox.com")), "{words}");

    let profile: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let meta = &profile["meta"];
    assert_eq!((meta["version"].as_u64(), meta["preprocessedProfileVersion"].as_u64()), (Some(24), Some(55)));
    assert_eq!((&meta["processType"], &meta["interval"]), (&json!(0), &json!(1.0)));
    assert_eq!(profile["threads"].as_array().unwrap().len(), 1);

    let thread = &profile["threads"][0];
    let length = |table: &str| thread[table]["length"].as_u64().unwrap() as usize;
    let column = |table: &str, name: &str| -> Vec<Option<u64>> {
        let column = thread[table][name].as_array().unwrap();
        assert_eq!(column.len(), length(table), "{table}.{name}");
        column.iter().map(Value::as_u64).collect()
    };
    // Every table's columns are of its length, and every number names something.
    for table in ["funcTable", "frameTable", "stackTable", "samples"] {
        let lists = thread[table].as_object().unwrap().iter().filter(|(_, list)| list.is_array());
        assert!(lists.clone().count() >= 2);
        lists.for_each(|(name, list)| assert_eq!(list.as_array().unwrap().len(), length(table), "{table}.{name}"));
    }
    let strings = thread["stringArray"].as_array().unwrap().len();
    assert!(column("funcTable", "name").into_iter().all(|name| (name.unwrap() as usize) < strings));
    assert!(column("frameTable", "func").into_iter().all(|func| (func.unwrap() as usize) < length("funcTable")));
    let categories = meta["categories"].as_array().unwrap().len();
    assert!(column("frameTable", "category").into_iter().all(|one| (one.unwrap() as usize) < categories));
    assert!(column("stackTable", "frame").into_iter().all(|frame| (frame.unwrap() as usize) < length("frameTable")));
    for (at, prefix) in column("stackTable", "prefix").into_iter().enumerate() {
        assert!(prefix.is_none_or(|prefix| (prefix as usize) < at), "a stack within one that comes later");
    }
    assert!(column("samples", "stack").into_iter().all(|stack| (stack.unwrap() as usize) < length("stackTable")));
    assert!(length("samples") > 0 && column("samples", "weight").into_iter().all(|weight| weight.unwrap() > 0));
    assert!(thread["samples"]["timeDeltas"].as_array().unwrap().iter().all(|delta| delta.as_f64().unwrap() >= 0.0));
}

#[test]
fn help_fits_a_terminal() {
    for verb in ["dev", "bench", "profile", "docs"] {
        let help = stdout(&[verb, "--help"]);
        assert!(help.contains("Examples:") && help.lines().all(|line| line.len() <= 100), "{help}");
    }
}

#[test]
fn docs_are_of_the_manifest_alone() {
    let page = stdout(&["docs", &kinds()]);
    assert!(page.starts_with("# kinds\n\n| step | kind | what it does |\n|---|---|---|\n"), "{page}");
    for words in [
        "| [`reverse`](#reverse) | global | ",
        "\nIt can compute, and nothing else.\n",
        "\n## running-total\n",
        "| `n` | `int64` | **required** | What to add up. |",
        "    use: ./kinds.wasm/running-total\n",
        "\nSource: makes rows.\n",
    ] {
        assert!(page.contains(words), "{words:?} in {page}");
    }
    assert!(!page.contains(guests().to_str().unwrap()), "where the file lies is nobody's business");

    let file = temporary("kinds.md");
    assert_eq!(stdout(&["docs", &kinds(), "-o", &file]), format!("wrote {file}\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
}

#[test]
fn docs_say_what_a_plugin_asks_for() {
    let page = stdout(&["docs", guests().join("able.wasm").to_str().unwrap()]);
    assert!(page.contains("a pipeline grants or does not:\n\n- `log`: write lines"), "{page}");
    assert!(page.contains("```yaml\nplugins:\n  ./able.wasm:\n    grants:\n      log: info\n"), "{page}");
}

/// `still docs --builtin -o docs/steps` writes them.
#[test]
fn the_pages_of_the_built_in_steps_are_up_to_date() {
    let folder = temporary("steps");
    stdout(&["docs", "--builtin", "-o", &folder]);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/steps");
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    };
    assert_eq!(names(folder.as_ref()), names(&kept), "`still docs --builtin -o docs/steps`");
    for name in names(&kept) {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(read(folder.as_ref()), read(&kept), "`still docs --builtin -o docs/steps` writes {name:?} anew");
    }
}
