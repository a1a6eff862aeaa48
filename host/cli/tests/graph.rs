//! What `still check` and `still graph` say of a pipeline that is a graph.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::PathBuf;

use common::{failure, pipeline, stdout};

/// Two sources, a route, a join, data sets and parameters, in a file of this name.
fn branching(name: &str) -> String {
    let text = "\
name: letters
params:
  min: { type: int, default: 20, description: The least characters. }
  token: { secret: true }
dataset: { folder: \"out/$(token)\", test: 0.1 }
steps:
  - { id: read, source: { rows: [{ id: 1, body: One. }] } }
  - { id: more, source: { rows: [{ id: 2, body: Two. }] } }
  - { id: end, from: [read, more], concat: inputs }
  - id: split
    route: { where: { long: length(body) >= $(min) and body <> '\\\"$(token)' }, otherwise: rest }
  - { id: up, from: split.long, compute: { large: upper(body) } }
  - { id: low, from: split.long, compute: { small: lower(body) } }
  - { id: both, from: [up, low], join: outer, dataset: cases }
  - { id: write, from: split.rest, sink: out/rest.jsonl }
";
    pipeline(name, text)
}

#[test]
fn check_shows_parameters_ways_and_data_sets() {
    let file = branching("checked.yaml");
    let said = stdout(&["check", &file, "--set", "token=hunter2"]);
    for lines in [
        "parameters\n  min    int   20   the default  The least characters.\n  token  text  ***  --set\nread  source rows\n",
        "\nend  concat\n  from   read, more\n",
        "\nsplit  route long: length(body) >= 20",
        "\n  branches  long, rest\nup  compute large\n  from   split.long\n",
        "\nboth  join outer\n  from   up, low\n",
        "\nwrite  sink out/rest.jsonl\n  from   split.rest\n",
        "\ncolumns at the end of both\n  id: int64, body: utf8, large: utf8, small: utf8\n",
        "\ncolumns at the end of write\n  id: int64, body: utf8\n",
        "\ndata sets\n  cases (from both)  out/***/cases/train.parquet, out/***/cases/test.parquet\n",
        "\nletters: 8 steps, all well\n",
    ] {
        assert!(said.contains(lines), "{lines:?} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn check_says_nothing_of_what_a_plain_pipeline_has_not() {
    let text = "steps:\n  - { id: read, source: { rows: [{ n: 1 }] } }\n  - { id: keep, where: n > 0 }\n  - { id: write, sink: o.jsonl }\n";
    let said = stdout(&["check", &pipeline("plain.yaml", text)]);
    let expected = "read  source rows\n  makes  n: int64\nkeep  where n > 0\n  reads  n\nwrite  sink o.jsonl\n\
                    columns at the end\n  n: int64\n\nplain: 3 steps, all well\n";
    assert_eq!(said, expected);
}

#[test]
fn graph_is_a_mermaid_flowchart() {
    let said = stdout(&["graph", &branching("mermaid.yaml"), "--set", "token=hunter2"]);
    assert!(said.starts_with("flowchart TD\n"), "{said}");
    for line in [
        "n_read([\"read<br/>source rows\"])",
        "n_end[\"end<br/>concat\"]",
        "n_split{\"split<br/>route long: length(body) #62;= 20 and body #60;#62; '#92;#34;#42;#42;#42;'\"}",
        "n_both[\"both<br/>join outer\"]",
        "n_write[(\"write<br/>sink out/rest.jsonl\")]",
        "n_cases[(\"cases<br/>data set out#47;#42;#42;#42;#47;cases\")]",
        "n_read --> n_end",
        "n_more --> n_end",
        "n_end --> n_split",
        "n_split -->|\"long\"| n_up",
        "n_split -->|\"rest\"| n_write",
        "n_both --> n_cases",
    ] {
        assert!(said.lines().any(|one| one.trim() == line), "{line} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn graph_writes_an_svg_file() {
    let file = branching("svg.yaml");
    let svg = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("graph.svg");
    let said = stdout(&["graph", &file, "--set", "token=hunter2", "--svg", svg.to_str().unwrap()]);
    assert_eq!(said, format!("wrote {}: 8 steps\n", svg.display()));
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<svg xmlns=") && drawn.ends_with("</svg>\n"), "{drawn}");
    assert!(drawn.contains("<title>letters</title>") && drawn.contains("viewBox="), "{drawn}");
    for text in ["read", "more", "end", "split", "up", "low", "both", "write", "cases", "long", "rest", "join outer"] {
        assert!(drawn.contains(&format!(">{text}</text>")), "{text} in {drawn}");
    }
    assert!(!drawn.contains("hunter2") && !drawn.contains("<script"), "{drawn}");
    assert_eq!(stdout(&["graph", &file, "--set", "token=hunter2", "--svg", "-"]), drawn);

    let (code, message) = failure(&["graph", &file, "--set", "token=x", "--svg", "no/such/folder/a.svg"]);
    assert_eq!(code, 2);
    assert!(message.contains("cannot write no/such/folder/a.svg"), "{message}");
}
