use serde_json::json;

use super::*;

mod graph;
mod models;
mod params;
mod plugins;
mod schema;

/// `LINE:COLUMN: message (help)`, as far as there is one.
fn shown(error: &PipelineError) -> String {
    let text = error.source_code.inner();
    let place = error.span.map_or("-".to_owned(), |span| {
        assert!(text.is_char_boundary(span.offset()) && text.is_char_boundary(span.offset() + span.len()));
        let before = &text[..span.offset()];
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("{}:{column}", before.matches('\n').count() + 1)
    });
    let help = error.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{place}: {}{help}", error.message)
}

fn failures<'a>(cases: &[(&'a str, &str)], run: impl Fn(&'a str) -> String) -> String {
    let mut failures = String::new();
    for (text, expected) in cases {
        let found = run(text);
        if found != *expected {
            failures += &format!("{text}\n  expected {expected}\n  found    {found}\n");
        }
    }
    failures
}

#[test]
fn bad_files() {
    let run = |text: &str| match Pipeline::parse("p.yaml", text) {
        Ok(pipeline) => format!("no error: {:?}", pipeline.steps),
        Err(error) => shown(&error),
    };
    let failures = failures(BAD, run);
    assert!(failures.is_empty(), "{failures}");
}

/// File and error.
const BAD: &[(&str, &str)] = &[
    // YAML.
    ("", "1:1: the file is empty (a pipeline has at least `steps:`)"),
    ("# nothing\n", "1:1: the file is empty (a pipeline has at least `steps:`)"),
    ("steps: [", "1:8: not YAML: unclosed bracket '['"),
    (
        "steps:\n\t- id: a",
        "2:2: not YAML: tabs disallowed within this context (block indentation) (YAML is indented with spaces, not tabs)",
    ),
    ("steps: [a]\n---\nsteps: [b]", "2:1: a second YAML document (a file holds one: leave out `---`)"),
    ("steps: *a", "1:8: not YAML: while parsing node, found unknown anchor"),
    ("steps: &a [*a]", "1:12: an alias cannot stand within what it names"),
    ("steps: !!map {}", "1:14: the YAML tag `!!map` means nothing here"),
    ("? [a]\n: b", "1:3: a key must be text"),
    ("name: a\nname: b\nsteps: []", "2:1: the key `name` stands twice"),
    ("just text", "1:1: expected a table, found the text `just text`"),
    ("[a, b]", "1:1: expected a table, found a list"),
    // Keys.
    ("setps: []", "1:1: unknown key `setps` (did you mean `steps`?)"),
    ("name: a", "1:1: the key `steps` is missing"),
    ("steps: []", "1:8: `steps` is empty (a pipeline begins with a step that has `source:`)"),
    ("steps:", "1:6: expected a list, found nothing"),
    ("steps: {}", "1:8: expected a list, found a table"),
    ("steps: [1]", "1:9: expected a table, found the number 1"),
    ("batch-rows: 0\nsteps: [{id: a, where: b}]", "1:13: must be 1 or more"),
    ("batch-rows: many\nsteps: []", "1:13: expected a whole number, found the text `many`"),
    ("batch-rows: -1\nsteps: []", "1:13: expected a whole number, found the number -1"),
    ("batch-rows: 1.5\nsteps: []", "1:13: expected a whole number, found the number 1.5"),
    ("name: [a]\nsteps: []", "1:7: expected text, found a list"),
    // Steps.
    (
        "steps:\n- id: a\n  use: text/trim\n  colunms: {a: b}",
        "4:3: step `a`: unknown key `colunms` (did you mean `columns`?)",
    ),
    ("steps:\n- use: text/trim", "2:3: the key `id` is missing"),
    (
        "steps:\n- id: a",
        "2:7: step `a`: the step does nothing (give it one of `source`, `use`, `where`, `compute`, `select`, `drop`, `rename`, `route`, `concat`, `join`, `sink`)",
    ),
    ("steps:\n- id: a\n  where:", "3:8: step `a`: expected text, found nothing"),
    (
        "steps:\n- id: a b\n  where: x",
        "2:7: step `a b`: `a b` cannot be a step's id (an id has letters, digits, `_` and `-`)",
    ),
    (
        "steps:\n- {id: a, where: x}\n- {id: b, where: x}\n- {id: a, where: x}",
        "4:8: two steps have the id `a` (the first is on line 2)",
    ),
    (
        "steps:\n- id: a\n  where: x\n  use: text/trim",
        "4:8: step `a`: the step has two actions, `where` and `use` (make a step of each)",
    ),
    ("steps:\n- id: a\n  where: x\n  with: {b: 1}", "4:9: step `a`: `with` goes with `use`, not with `where`"),
    ("steps:\n- id: a\n  where: [x]", "3:10: step `a`: expected text, found a list"),
    (
        "steps:\n- id: a\n  use: trim",
        "3:8: step `a`: `trim` does not name a plugin and a step (write PLUGIN/STEP, as in `text/normalise` or `./quality.wasm/gopher`)",
    ),
    (
        "steps:\n- id: a\n  use: ./a.wasm",
        "3:8: step `a`: `./a.wasm` names a plugin but no step of it (write `./a.wasm/STEP`)",
    ),
    (
        "steps:\n- id: a\n  use: /x",
        "3:8: step `a`: `/x` does not name a plugin and a step (write PLUGIN/STEP, as in `text/normalise` or `./quality.wasm/gopher`)",
    ),
    (
        "steps:\n- id: a\n  use: t/x\n  with: {n: 99999999999999999999}",
        "4:13: step `a`: the number `99999999999999999999` does not fit in 64 bits (put it in quotes if it is text)",
    ),
    ("steps:\n- id: a\n  use: t/x\n  with: [n]", "4:9: step `a`: expected a table, found a list"),
    ("steps:\n- id: a\n  use: t/x\n  columns: {text: [body]}", "4:19: step `a`: expected text, found a list"),
    ("steps:\n- id: a\n  select: []", "3:11: step `a`: no column is named"),
    ("steps:\n- id: a\n  select: b", "3:11: step `a`: expected a list, found the text `b`"),
    ("steps:\n- id: a\n  drop: [b, c, b]", "3:16: step `a`: the column `b` stands twice"),
    ("steps:\n- id: a\n  rename: {b: c, b: d}", "3:18: the key `b` stands twice"),
    ("steps:\n- id: a\n  compute: {}", "3:12: step `a`: no column is named"),
    // Sources and sinks.
    ("steps:\n- id: a\n  source: 5", "3:11: step `a`: expected a path or a table, found the number 5"),
    ("steps:\n- id: a\n  source: [b]", "3:11: step `a`: expected a path or a table, found a list"),
    (
        "steps:\n- id: a\n  source: {}",
        "3:11: step `a`: the source has no path (give it one of `path`, `files`, `jsonl`, `csv`, `parquet`, `arrow`, `rows`)",
    ),
    ("steps:\n- id: a\n  source: ''", "3:11: step `a`: the path is empty"),
    ("steps:\n- id: a\n  source: {path: []}", "3:18: step `a`: no path is named"),
    ("steps:\n- id: a\n  source: {path: b, files: c}", "3:28: step `a`: the source has two paths, `path` and `files`"),
    ("steps:\n- id: a\n  source: {fils: c}", "3:12: step `a`: unknown key `fils` (did you mean `files`?)"),
    (
        "steps:\n- id: a\n  source: {path: b, format: json}",
        "3:29: step `a`: unknown value `json` (did you mean `jsonl`?)",
    ),
    (
        "steps:\n- id: a\n  source: {jsonl: b, format: csv}",
        "3:30: step `a`: `jsonl` says the format, and `format` another",
    ),
    (
        "steps:\n- id: a\n  source: {path: '-'}",
        "3:18: step `a`: `-` needs a format (write `{ path: \"-\", format: jsonl }`)",
    ),
    (
        "steps:\n- id: a\n  source: {path: b.jsonl, delimiter: ';'}",
        "3:38: step `a`: `delimiter` goes with `csv`, not with `jsonl`",
    ),
    (
        "steps:\n- id: a\n  source: {path: b.csv, delimiter: ';;'}",
        "3:36: step `a`: `;;` cannot be a delimiter (a delimiter is one ASCII character, as in `;` or `\"\\t\"`)",
    ),
    (
        "steps:\n- id: a\n  source: {path: b.csv, header: yes}",
        "3:33: step `a`: expected `true` or `false`, found the text `yes`",
    ),
    (
        "steps:\n- id: a\n  source: {path: b.csv, capture: x}",
        "3:34: step `a`: `capture` goes with `files`, not with `csv`",
    ),
    ("steps:\n- id: a\n  source: {path: b.csv, sample-rows: 0}", "3:38: step `a`: must be 1 or more"),
    (
        "steps:\n- id: a\n  sink: out.txt",
        "3:9: step `a`: the format of `out.txt` is not known (end it in .jsonl, .csv, .parquet or .arrow, or write `{ path: …, format: … }`)",
    ),
    ("steps:\n- id: a\n  sink: {format: csv}", "3:9: step `a`: the key `path` is missing"),
    ("steps:\n- id: a\n  sink: {path: o, format: files}", "3:27: step `a`: `files` can be read, not written"),
    ("steps:\n- id: a\n  sink: '-'", "3:9: step `a`: `-` needs a format (write `{ path: \"-\", format: jsonl }`)"),
    (
        "steps:\n- id: a\n  sink: {path: o.csv, compression: zip}",
        "3:36: step `a`: unknown value `zip` (did you mean `gzip`?)",
    ),
];

#[test]
fn bad_sets() {
    let run = |argument: &str| match pipeline().set(argument) {
        Ok(()) => "no error".into(),
        Err(error) => format!("{} {}", error.source_code.name(), shown(&error)),
    };
    let failures = failures(BAD_SETS, run);
    assert!(failures.is_empty(), "{failures}");
}

const PIPELINE: &str = "\
name: corpus
steps:
  - id: read
    source: { files: '~/*.md', capture: '(?<crate>.*)' }
  - id: clean
    use: text/normalise
    with: { form: nfkc, limit: 3 }
    columns: { text: body }
  - id: keep
    where: |
      n > 1
  - id: write
    sink: out.parquet
";

fn pipeline() -> Pipeline {
    Pipeline::parse("dir/p.yaml", PIPELINE).unwrap()
}

/// Argument and error.
const BAD_SETS: &[(&str, &str)] = &[
    ("", "--set 1:1: `--set` has no `=` (write `step.key=value`, as in `read.source=in.jsonl`)"),
    ("read.source", "--set 1:1: `--set` has no `=` (write `step.key=value`, as in `read.source=in.jsonl`)"),
    ("=1", "--set 1:1: `--set` names nothing (write `step.key=value`, as in `read.source=in.jsonl`)"),
    ("read.=1", "--set 1:6: `--set` names nothing (write `step.key=value`, as in `read.source=in.jsonl`)"),
    ("raed.source=1", "--set 1:1: no step has the id `raed` (did you mean `read`?)"),
    ("steps=[]", "--set 1:1: `steps` cannot be set (write `step.key=value`, as in `read.source=in.jsonl`)"),
    ("steps.read=1", "--set 1:1: no step has the id `steps` (the steps are: `read`, `clean`, `keep`, `write`)"),
    ("batch-rosw=1", "--set 1:1: unknown key `batch-rosw` (did you mean `batch-rows`?)"),
    ("batch-rows=many", "--set 1:12: expected a whole number, found the text `many`"),
    ("read.sorce=1", "--set 1:6: step `read`: unknown key `sorce` (did you mean `source`?)"),
    ("read.source.fiels=1", "--set 1:13: step `read`: unknown key `fiels` (did you mean `files`?)"),
    ("read.source.format=json", "--set 1:20: step `read`: unknown value `json` (did you mean `jsonl`?)"),
    (
        "keep.select=[a]",
        "--set 1:13: step `keep`: the step has two actions, `where` and `select` (make a step of each)",
    ),
    (
        "keep.where.x=1",
        "--set 1:12: `x` is within something that is not a table (set the whole of it: `step.key=[a, b]`)",
    ),
    ("clean.columns.text=[a]", "--set 1:20: step `clean`: expected text, found a list"),
    ("clean.limit=[1", "--set 1:13: not YAML: unclosed bracket '['"),
    (
        "write.sink=out.txt",
        "--set 1:12: step `write`: the format of `out.txt` is not known (end it in .jsonl, .csv, .parquet or .arrow, or write `{ path: …, format: … }`)",
    ),
];

#[test]
fn sets() {
    let set = |arguments: &[&str]| {
        let mut pipeline = pipeline();
        pipeline.set_all(arguments.iter().copied()).unwrap();
        pipeline
    };
    let source = |arguments: &[&str]| match &set(arguments).steps[0].action {
        Action::Source(source) => {
            (source.paths.iter().map(|path| path.value.clone()).collect::<Vec<_>>().join(" "), source.format)
        }
        other => panic!("{other:?}"),
    };
    // A plain value replaces the path and leaves the rest; a path key replaces the other.
    assert_eq!(source(&["read.source=a b.jsonl"]), ("a b.jsonl".into(), Some(Format::Files)));
    assert_eq!(source(&["read.source.path=a.csv", "read.source.capture=null"]), ("a.csv".into(), None));
    assert_eq!(source(&["read.source={path: [a.csv, b.csv]}"]), ("a.csv b.csv".into(), None));
    assert_eq!(source(&["read.source={path: a}", "read.source=b.csv"]), ("b.csv".into(), None));
    let pipeline = set(&["write.sink.compression=zstd", "write.sink=other.parquet"]);
    let Action::Sink(sink) = &pipeline.steps[3].action else { panic!() };
    assert_eq!((sink.path.as_str(), sink.compression), ("other.parquet", Some(Compression::Zstd)));

    let with = |argument: &str| match &set(&[argument]).steps[1].action {
        Action::Use(uses) => uses.parameters(),
        other => panic!("{other:?}"),
    };
    for (argument, expected) in [
        ("clean.limit=4", json!({ "form": "nfkc", "limit": 4 })),
        ("clean.limit='4'", json!({ "form": "nfkc", "limit": "4" })),
        ("clean.limit=", json!({ "form": "nfkc", "limit": "" })),
        ("clean.limit=null", json!({ "form": "nfkc", "limit": null })),
        ("clean.limit=a: b # c", json!({ "form": "nfkc", "limit": "a: b # c" })),
        ("clean.limit={a: [1, x]}", json!({ "form": "nfkc", "limit": { "a": [1, "x"] } })),
        ("clean.with.where=2", json!({ "form": "nfkc", "limit": 3, "where": 2 })),
        ("clean.new.inner=2", json!({ "form": "nfkc", "limit": 3, "new": { "inner": 2 } })),
        ("clean.with={}", json!({})),
    ] {
        assert_eq!(with(argument), expected, "{argument}");
    }

    let pipeline = set(&["batch-rows=7", "keep.where='a' = b", "name=12", "clean.outputs.text=cleaned"]);
    assert_eq!((pipeline.batch_rows, pipeline.name.as_str()), (Some(7), "12"));
    let Action::Where(expression) = &pipeline.steps[2].action else { panic!() };
    assert_eq!(expression.value, "'a' = b");
    let error = pipeline.error(pipeline.place_within(expression, 6..7), "no", "here", None);
    assert_eq!((error.source_code.name(), shown(&error).as_str()), ("--set", "1:18: no"));
    // What was not set still points into the file.
    let error = pipeline.error(pipeline.steps[3].id.place, "no", "here", None);
    assert_eq!((error.source_code.name(), shown(&error).as_str()), ("dir/p.yaml", "12:9: no"));
}

#[test]
fn a_failed_set_changes_nothing() {
    let mut pipeline = pipeline();
    assert!(pipeline.set("clean.columns.text=[a]").is_err());
    pipeline.set("clean.limit=4").unwrap();
    assert_eq!(pipeline.step("clean").unwrap().action.key(), "use");
}

#[test]
fn reads_every_action() {
    let text = "\
description: all
batch-bytes: 1000
quarantine: ~/rejects.jsonl
steps:
- {id: a, source: in.csv.gz}
- {id: b, source: {path: [x, '-'], format: csv, delimiter: \"\\t\", header: false, types: {n: int64}, sample-rows: 9}}
- {id: c, use: ~/q.wasm/gopher, with: {big: 18446744073709551615, low: -9223372036854775808, f: 1e3, hex: 0xff}}
- {id: d, where: true}
- {id: 007, compute: {one: 1, both: a and b}}
- {id: f, select: [x, 1, yes]}
- {id: g, drop: [\"it's\"]}
- {id: h, rename: {new: old}}
- {id: i, sink: {path: '-', format: jsonl, compression: none}}
";
    let mut pipeline = Pipeline::parse("dir/all.yaml", text).unwrap();
    pipeline.map_paths(|path| path.replace('~', "/home/x"));
    assert_eq!(pipeline.name, "all");
    assert_eq!(pipeline.quarantine.as_deref(), Some("/home/x/rejects.jsonl"));
    assert_eq!(pipeline.steps[4].id.value, "007");
    let [a, b, c, d, e, f, ..] = pipeline.steps.as_slice() else { panic!() };
    let Action::Source(source) = &a.action else { panic!() };
    assert_eq!(source.format_of(&source.paths[0]), Some(Format::Csv));
    let Action::Source(source) = &b.action else { panic!() };
    assert_eq!((source.csv.delimiter, source.csv.header, source.sample_rows), (Some(b'\t'), false, Some(9)));
    assert_eq!(source.types.get("n").map(|t| t.value.as_str()), Some("int64"));
    let Action::Use(uses) = &c.action else { panic!() };
    assert_eq!((uses.plugin.as_str(), uses.step.as_str()), ("/home/x/q.wasm", "gopher"));
    assert_eq!(uses.parameters(), json!({ "big": u64::MAX, "low": i64::MIN, "f": 1e3, "hex": 255 }));
    assert!(matches!(&d.action, Action::Where(text) if text.value == "true"));
    assert!(matches!(&e.action, Action::Compute(columns) if columns["one"].value == "1"));
    assert!(matches!(&f.action, Action::Select(columns) if columns[2].value == "yes"));
}

#[test]
fn points_within_expressions() {
    for (written, at) in [
        ("n > lagn", "3:14: m"),
        ("'n > lagn'", "3:15: m"),
        ("\"n > lagn\"", "3:15: m"),
        ("|\n    n > lagn", "4:9: m"),
        // Where YAML moved the bytes, the whole.
        (">\n    n >\n    lagn", "4:5: m"),
        ("\"n\\x20> lagn\"", "3:10: m"),
    ] {
        let pipeline = Pipeline::parse("p", &format!("steps:\n- id: k\n  where: {written}\n")).unwrap();
        let Action::Where(expression) = &pipeline.steps[0].action else { panic!() };
        let error = pipeline.error(pipeline.place_within(expression, 4..8), "m", "l", None);
        assert_eq!(shown(&error), at, "{written}");
    }
}

#[test]
fn never_points_within_a_character() {
    let pipeline = Pipeline::parse("p", "steps:\n- id: k\n  where: größe\n").unwrap();
    let Action::Where(expression) = &pipeline.steps[0].action else { panic!() };
    for (start, end) in [(2, 3), (3, 4), (7, 9), (99, 100), (usize::MAX, usize::MAX), (4, 1)] {
        shown(&pipeline.error(pipeline.place_within(expression, start..end), "m", "l", None));
    }
}

#[test]
fn anchors_are_copies() {
    let text = "steps:\n- {id: a, select: &c [x, y]}\n- {id: b, drop: *c}\n";
    let pipeline = Pipeline::parse("p", text).unwrap();
    assert!(matches!(&pipeline.steps[1].action, Action::Drop(columns) if columns.len() == 2));
}

#[test]
fn hostile_texts_are_errors() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (outer, inner) in ('b'..='i').zip('a'..) {
        laughs +=
            &format!("{outer}: &{outer} [*{inner}, *{inner}, *{inner}, *{inner}, *{inner}, *{inner}, *{inner}]\n");
    }
    for text in [
        laughs,
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(10_000),
        "a:\n ".repeat(1_000),
        format!("steps: [{}]", "{id: a, where: b},".repeat(100_000)),
        "x".repeat(MAX_BYTES + 1),
        "\u{feff}\u{0}\u{1b}".into(),
        "steps: \"\\uD800\"".into(),
    ] {
        assert!(Pipeline::parse("p", &text).is_err());
    }
    assert!(Pipeline::parse("p", &format!("\u{feff}{PIPELINE}")).is_ok());
    assert!(Pipeline::parse("p", &PIPELINE.replace('\n', "\r\n")).is_ok());
}

/// Damaged files and arguments: an answer or an error whose place lies within the text.
#[test]
fn no_text_panics() {
    const PIECES: [&str; 22] = [
        "$(", "$(lang)", "\n", "  ", "- ", ": ", "{", "}", "[", "]", "'", "\"", "|", ">", "&a", "*a", "# ", "!", "ü",
        "?", "\t", "---",
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for round in 0..4_000 {
        let mut text = if round % 2 == 0 { PIPELINE.to_owned() } else { params::PIPELINE.to_owned() };
        for _ in 0..1 + next(3) {
            let mut at = next(text.len().max(1));
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match next(3) {
                0 => text.insert_str(at, PIECES[next(PIECES.len())]),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.truncate(at),
            }
        }
        let settings = Settings { set: vec!["token=hunter2"], params_file: Some(("v", &text)), env: None };
        for settings in [&Settings::default(), &settings] {
            if let Err(error) = Pipeline::parse_with_settings("p", &text, settings) {
                shown(&error);
            }
        }
        if let Err(error) = Pipeline::parse_with_settings("p", params::PIPELINE, &settings) {
            assert!(!shown(&error).contains("hunter2"));
        }
        let start = text.char_indices().nth(next(20)).map_or(0, |(start, _)| start);
        if let Err(error) = pipeline().set(&text[start..].chars().take(30).collect::<String>()) {
            shown(&error);
        }
    }
}

#[test]
fn loads_files() {
    let error = Pipeline::load("/does/not/exist.yaml").unwrap_err();
    assert!(error.message.starts_with("cannot read the pipeline file `/does/not/exist.yaml`: "), "{error}");
    let path = std::env::temp_dir().join(format!("stillroom-{}.yaml", std::process::id()));
    std::fs::write(&path, b"steps:\n- id: \xff").unwrap();
    let error = Pipeline::load(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert!(error.message.ends_with("is not UTF-8 text: invalid bytes on line 2"), "{error}");
}
