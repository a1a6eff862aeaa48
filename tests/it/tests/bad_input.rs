//! Everything a user may get wrong: each ends in an error that names the place, and leaves nothing half-written.

#![allow(clippy::panic)] // in what the tests share

use std::fs;

use stillroom::{Engine, Error, Plugin};
use stillroom_tests::{Bench, engine, explain};

const ROWS: &str = "{\"id\":1,\"text\":\"one\"}\n{\"id\":2,\"text\":\"two\"}\n";

/// A pipeline over `in.jsonl`, with one step in the middle.
fn with_step(step: &str) -> String {
    format!("steps:\n  - {{ id: read, source: DIR/in.jsonl }}\n  - {step}\n  - {{ id: write, sink: DIR/out.jsonl }}\n")
}

/// Runs a pipeline that must fail: what the error says; and nothing new is in the folder.
fn fails(bench: &Bench, text: &str) -> String {
    let before = bench.files();
    let error = bench.run(text).err().unwrap_or_else(|| panic!("must fail:\n{text}"));
    assert_eq!(bench.files(), before, "nothing half-written");
    explain(&error)
}

#[track_caller]
fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

#[test]
fn a_pipeline_that_is_wrong_is_told_where() {
    let cases: &[(&str, &[&str])] = &[
        (
            "{ id: a, use: text/normalise, colunms: { text: body } }",
            &["unknown key `colunms`", "at 3:", "did you mean `columns`"],
        ),
        ("{ id: a, use: text/normalize }", &["no step `normalize`", "at 3:", "did you mean `normalise`"]),
        ("{ id: a, use: txt/normalise }", &["no built-in plugin `txt`", "at 3:", "did you mean `text`"]),
        (
            "{ id: a, use: text/normalise, with: { from: nfc } }",
            &["no parameter `from`", "at 3:", "did you mean `form`"],
        ),
        ("{ id: a, use: text/normalise, with: { form: nfx } }", &["step `a`", "form", "nfc", "at 3:"]),
        (
            "{ id: a, use: text/normalise, columns: { text: txt } }",
            &["no column `txt`", "at 3:", "did you mean `text`"],
        ),
        ("{ id: a, use: text/normalise, columns: { txt: text } }", &["reads no column `txt`", "at 3:"]),
        ("{ id: a, use: text/normalise, columns: { text: id } }", &["column `id` is of type int64", "utf8", "at 3:"]),
        ("{ id: a, use: text/normalise, outputs: { txt: x } }", &["makes no column `txt`", "at 3:"]),
        ("{ id: a, use: text/hash, outputs: { hash: id } }\n  - { id: a, drop: [id] }", &["`a`", "at 4:"]),
        ("{ id: read, drop: [id] }", &["`read`", "at 3:"]),
        ("{ id: a, where: n_words > 3 }", &["n_words", "at 3:"]),
        ("{ id: a, where: id + 1 }", &["step `a`", "at 3:"]),
        ("{ id: a, where: id > }", &["step `a`", "at 3:"]),
        ("{ id: a, select: [id, txt] }", &["no column `txt`", "at 3:", "did you mean `text`"]),
        ("{ id: a, rename: { id: text } }", &["a column `id` already", "at 3:"]),
        ("{ id: a, source: DIR/in.jsonl }", &["the rows of `read` would go nowhere", "at 2:"]),
        ("{ id: a }", &["step `a`", "at 3:"]),
        ("{ id: a, use: ./missing.wasm/step }", &["missing.wasm", "cannot be read"]),
        ("{ id: a, use: GUESTS/kinds.wasm/count }", &["the rows of `read` would go nowhere", "at 2:"]),
    ];
    for (step, words) in cases {
        let bench = Bench::default();
        bench.write("in.jsonl", ROWS);
        says(&fails(&bench, &with_step(step)), words);
    }
}

#[test]
fn a_pipeline_without_beginning_or_end_is_refused() {
    let bench = Bench::default();
    bench.write("in.jsonl", ROWS);
    says(&fails(&bench, "steps:\n  - { id: write, sink: DIR/out.jsonl }\n"), &["no rows to work on", "at 2:"]);
    says(
        &fails(&bench, "steps:\n  - { id: read, source: DIR/in.jsonl }\n"),
        &["the rows of `read` would go nowhere", "at 2:"],
    );
    says(&fails(&bench, "steps: []\n"), &["steps"]);
}

#[test]
fn a_plugin_that_is_none_is_refused() {
    let bench = Bench::default();
    let core = [0, b'a', b's', b'm', 1, 0, 0, 0];
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty.wasm", Vec::new(), "is not a WebAssembly file"),
        ("text.wasm", b"#!/bin/sh\n".to_vec(), "is not a WebAssembly file"),
        ("core.wasm", core.to_vec(), "core module without a component type"),
        ("cut.wasm", fs::read(stillroom_tests::guest("kinds")).expect("the guest")[..5000].to_vec(), ""),
        ("component.wasm", component("(component)"), "does not export `stillroom:step/step`"),
        ("future.wasm", component(&exporting("stillroom:step/step@9.0.0")), "speaks contract version 9.0.0"),
        ("hollow.wasm", component(&exporting("stillroom:step/step@0.1.0")), "does not fit the contract"),
        (
            "grabby.wasm",
            component(&exporting("stillroom:step/step@0.1.0").replacen(
                "(component",
                "(component (import \"evil:net/socket\" (instance (export \"open\" (func))))",
                1,
            )),
            "imports `evil:net/socket`, which no host of ours offers and no pipeline can grant",
        ),
    ];
    for (name, bytes, message) in cases {
        let path = bench.write(name, bytes);
        let error = Plugin::from_file(engine(2), &path).err().unwrap_or_else(|| panic!("{name} loads"));
        assert!(matches!(error, Error::Plugin(_)), "{name}: {error:?}");
        says(&explain(&error), &[name, message]);
    }
}

/// A component in the text format.
fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn exporting(interface: &str) -> String {
    format!("(component (instance $i) (export \"{interface}\" (instance $i)))")
}

#[test]
fn an_input_that_cannot_be_read_is_named() {
    let write = "\n  - { id: write, sink: DIR/out.jsonl }\n";
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("in.jsonl", b"{\"a\":1}\n[1,2]\n", &["in.jsonl:2"]),
        ("in.jsonl", b"{\"a\":1}\n{\"a\":\n", &["in.jsonl:2"]),
        ("in.jsonl", b"{\"a\":\"x\"}\n{\"a\":\"\xff\"}\n", &["in.jsonl:2", "UTF-8"]),
        ("in.jsonl.gz", &GZIPPED[..GZIPPED.len() - 6], &["in.jsonl.gz"]),
        ("in.parquet", b"PAR1 is not enough", &["in.parquet"]),
        ("in.arrow", b"ARROW1\0\0neither", &["in.arrow"]),
        ("in.csv", b"a,b\n1,2\n3\n", &["in.csv:3"]),
    ];
    for (name, bytes, words) in cases {
        let bench = Bench::default();
        bench.write(name, bytes);
        let said = fails(&bench, &format!("steps:\n  - {{ id: read, source: DIR/{name} }}{write}"));
        says(&said, words);
    }
    let bench = Bench::default();
    says(&fails(&bench, &format!("steps:\n  - {{ id: read, source: DIR/none.jsonl }}{write}")), &["none.jsonl"]);
    says(&fails(&bench, &format!("steps:\n  - {{ id: read, source: \"DIR/*.jsonl\" }}{write}")), &["*.jsonl"]);
    fs::create_dir(bench.path("folder.jsonl")).expect("a folder");
    says(&fails(&bench, &format!("steps:\n  - {{ id: read, source: DIR/folder.jsonl }}{write}")), &["folder.jsonl"]);
}

/// `{"a":1}` and a line's end, gzipped.
const GZIPPED: &[u8] = &[
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x32, 0xac, 0xe5, 0x02, 0, 0x21, 0x3d,
    0xb0, 0x32, 0x08, 0, 0, 0,
];

#[test]
fn a_value_that_does_not_fit_late_in_the_file_is_named() {
    let bench = Bench::default();
    let mut rows: String = (0..5000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    rows += "{\"n\":\"many\"}\n";
    bench.write("in.jsonl", rows);
    let text = "steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/out.jsonl }\n";
    says(&fails(&bench, text), &["in.jsonl:5001", "n"]);
    let as_text = text.replace("source: DIR/in.jsonl", "source: { path: DIR/in.jsonl, types: { n: utf8 } }");
    assert_eq!(bench.run(&as_text).expect("every number is a text").rows_out, 5001);
}

#[test]
fn no_rows_are_fine() {
    let bench = Bench::default();
    bench.write("in.jsonl", "");
    let report = bench
        .run("steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/out.jsonl }\n")
        .expect("runs");
    assert_eq!((report.rows_in, bench.read("out.jsonl").as_str()), (0, ""));
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let bench = Bench::default();
    bench.write("in.jsonl", ROWS);
    bench.write("file", "");
    let text = "steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/file/out.jsonl }\n";
    says(&fails(&bench, text), &["file/out.jsonl"]);
    says(&fails(&bench, &text.replace("file/out.jsonl", "out.doc")), &["out.doc", "at 3:"]);
}

/// A real full disk: a tmpfs of 1 MiB. Needs root; elsewhere the case is `an_output_that_cannot_be_written_is_named`.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_fails_the_run_and_leaves_nothing() {
    use std::process::Command;
    let bench = Bench::default();
    let small = bench.path("small");
    fs::create_dir(&small).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&small).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a tmpfs cannot be mounted here");
        return;
    }
    let rows: String = (0..40_000).map(|n| format!("{{\"n\":{n},\"text\":\"{}\"}}\n", "x".repeat(100))).collect();
    bench.write("in.jsonl", rows);
    for name in ["out.jsonl", "out.csv", "out.arrow"] {
        let text =
            format!("steps:\n  - {{ id: read, source: DIR/in.jsonl }}\n  - {{ id: write, sink: DIR/small/{name} }}\n");
        let error = bench.run(&text).expect_err("the disk is full");
        let left: Vec<_> = fs::read_dir(&small).expect("the folder").collect();
        says(&explain(&error), &[name]);
        assert!(left.is_empty(), "{name}: {left:?}");
    }
    assert!(Command::new("umount").arg(&small).status().is_ok_and(|status| status.success()));
}

#[test]
fn an_engine_with_a_cache_folder_that_is_a_file_says_so() {
    let bench = Bench::default();
    let cache = stillroom::CompileCache::Folder(bench.write("file", "").join("cache"));
    let error = Engine::new(stillroom::EngineOptions { cache, ..Default::default() }).err();
    says(&explain(&error.expect("cannot be a folder")), &["compile cache"]);
}

#[test]
fn two_outputs_under_one_name_are_refused() {
    let bench = Bench::default();
    bench.write("in.jsonl", ROWS);
    let twice = with_step("{ id: also, sink: DIR/../DIRNAME/out.jsonl }").replace("DIRNAME", &bench.name());
    says(&fails(&bench, &twice), &["another step writes", "at 4:"]);
    let quarantine = format!("quarantine: DIR/./out.jsonl\n{}", with_step("{ id: a, drop: [id] }"));
    says(&fails(&bench, &quarantine), &["the quarantine and the sink `write` are both"]);
}

#[test]
fn a_format_that_cannot_hold_the_columns_is_found_before_the_first_row() {
    let bench = Bench::default();
    bench.write("in.jsonl", "{\"tags\":[\"a\"]}\n");
    let text = "steps:\n  - { id: read, source: DIR/in.jsonl }\n  - { id: write, sink: DIR/out.csv }\n";
    let error = bench.plan(text).err().expect("CSV holds no lists");
    says(&explain(&error), &["step `write`", "tags", "at 3:"]);
}

#[test]
fn a_failed_expression_names_the_rows_that_it_was_at() {
    let rows: String = (0..1000).map(|n| format!("{{\"n\":{n},\"d\":{}}}\n", n - 777)).collect();
    for threads in [1, 3] {
        let bench = Bench::default();
        bench.write("in.jsonl", &rows);
        let text = format!(
            "batch-rows: 100\n{}",
            with_step("{ id: some, where: n > 300 }\n  - { id: sum, compute: { q: n / d } }")
        );
        let error = bench.run_on(threads, &text).expect_err("divides by nothing");
        says(&explain(&error), &["step `sum`", "rows 700 to 799"]);
        assert_eq!(bench.files(), ["in.jsonl"]);
    }
}
