//! Which columns a step is told of: those that it declares or that the pipeline names, and no others.

#![allow(missing_docs, clippy::unwrap_used)]

use stillroom_tests::{Bench, explain};

/// What a step of the data `n`, `text`, `secret` reads; or what is wrong with it.
fn reads(plugins: &str, step: &str) -> Result<Vec<String>, String> {
    let bench = Bench::default();
    bench.write("in.jsonl", "{\"n\":1,\"text\":\"a\",\"secret\":\"s3cr3t\"}\n");
    let text = format!(
        "{plugins}\nsteps:\n  - {{ id: read, source: DIR/in.jsonl }}\n  - {{ id: step, use: {step} }}\n  - {{ id: write, sink: DIR/out.jsonl }}\n"
    );
    let plan = bench.plan(&text).map_err(|error| explain(&error))?;
    Ok(plan.steps()[1].reads.clone())
}

#[test]
fn a_step_that_takes_what_it_sees_sees_what_it_may() {
    let echo = "GUESTS/kinds.wasm/echo";
    for (plugins, more, expected) in [
        ("", "", &[][..]),
        ("plugins: { GUESTS/kinds.wasm: { columns: all } }", "", &["n", "text", "secret"]),
        ("plugins: { GUESTS/kinds.wasm: { columns: [text] } }", "", &["text"]),
        ("plugins: { GUESTS/kinds.wasm: { columns: [] } }", "", &[]),
        ("", ", columns: { n: n }", &["n"]),
        ("", ", columns: { body: text }", &["text"]),
        // What the pipeline says of the plugin is the last word.
        ("plugins: { GUESTS/kinds.wasm: { columns: [text] } }", ", columns: { n: n }", &["text"]),
    ] {
        assert_eq!(reads(plugins, &format!("{echo}{more}")).unwrap(), expected, "{plugins} {more}");
    }
}

#[test]
fn parameters_and_their_defaults_name_columns() {
    assert_eq!(reads("", "table/distinct, with: { key: [n, secret] }").unwrap(), ["n", "secret"]);
    assert_eq!(reads("", "table/distinct").unwrap(), ["text"]);
    assert_eq!(reads("", "select/top-k, with: { k: 1, score: n }").unwrap(), ["n"]);
}

#[test]
fn no_message_of_a_step_has_names_that_it_was_not_told() {
    let error = reads("", "table/distinct, with: { key: [n, nope] }").unwrap_err();
    assert!(error.contains("there is no column `nope`") && !error.contains("secret"), "{error}");
}

#[test]
fn a_step_that_wants_more_is_refused_and_the_way_to_allow_it_said() {
    let nosy = "GUESTS/kinds.wasm/nosy";
    let error = reads("", nosy).unwrap_err();
    for words in
        ["there is no column `secret`; the data has `n`", "does not declare it", "columns: [secret, …]", "at 4:"]
    {
        assert!(error.contains(words), "{words} in {error}");
    }
    let error = reads("plugins: { GUESTS/kinds.wasm: { columns: [n] } }", nosy).unwrap_err();
    assert!(error.contains("leaves out: add it there"), "{error}");
    assert_eq!(reads("plugins: { GUESTS/kinds.wasm: { columns: [n, secret] } }", nosy).unwrap(), ["secret"]);
}

#[test]
fn a_column_that_is_needed_and_not_allowed_is_an_error() {
    let error =
        reads("plugins: { GUESTS/kinds.wasm: { columns: [text] } }", "GUESTS/kinds.wasm/running-total").unwrap_err();
    assert!(error.contains("reads a column `n`") && error.contains("leaves out: add it there"), "{error}");
}
