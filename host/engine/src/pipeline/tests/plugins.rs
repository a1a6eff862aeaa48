use std::path::Path;
use std::time::Duration;

use super::*;
use crate::capability::{Capability, LogLevel};
use crate::limits::Limits;

pub(super) const PIPELINE: &str = r#"
limits: { memory: 512 MiB, time: 10 s, output: 64 MiB, output-rows: 100000, rejected-rows: 0, log: 4096, instances: 2 }
on-error: quarantine
seed: 7
plugins:
  ./quality.wasm:
    grants:
      log: info
      files: { read: [lexicon, { path: ../words, as: data/words }], write: [out/notes] }
      http:
        - { hosts: [api.example.com, "*.example.org:8443"], methods: [get, POST], private: true, response: 1 MiB, time: 5 s }
        - "http://localhost:8080"
      env: [API_BASE, NOT_THERE]
      clock: true
    columns: [text, lang]
    limits: { time: off, component: 256 MiB, compile-time: 10 min, table-elements: 10000 }
    pin: false
  text: { columns: all }
steps:
  - { id: a, use: ./quality.wasm/score, limits: { memory: 1 GiB }, on-error: skip, retries: 2 }
  - { id: b, use: text/normalise }
"#;

fn load(set: &[&str]) -> Pipeline {
    let env = |name: &str| (name == "API_BASE").then(|| "https://api".to_owned());
    let settings = Settings { set: set.to_vec(), env: Some(&env), ..Settings::default() };
    Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings).unwrap_or_else(|error| panic!("{}", shown(&error)))
}

#[test]
fn everything_that_can_be_said_of_a_plugin() {
    let pipeline = load(&[]);
    let plugin = pipeline.plugin("./quality.wasm").unwrap();
    let grants = &plugin.grants;
    assert_eq!(grants.log, Some(LogLevel::Info));
    let folders: Vec<_> = grants.files.iter().flatten().map(|f| (f.name.as_str(), f.path.as_path(), f.write)).collect();
    let folder = |name, path, write| (name, Path::new(path), write);
    assert_eq!(
        folders,
        [
            folder("lexicon", "lexicon", false),
            folder("data/words", "../words", false),
            folder("notes", "out/notes", true)
        ]
    );
    let http = grants.http.as_deref().unwrap();
    let hosts = |at: usize| {
        let hosts = http[at].hosts.iter().map(|host| format!("{}://{}:{}", host.scheme, host.name, host.port));
        hosts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        (hosts(0), http[0].methods.join(" "), http[0].private),
        ("http://localhost:8080".into(), "GET HEAD".into(), false)
    );
    assert_eq!(hosts(1), "https://api.example.com:443 https://*.example.org:8443");
    assert_eq!((http[1].methods.join(" "), http[1].private), ("GET POST".to_owned(), true));
    assert_eq!((http[1].response_bytes, http[1].time), (1 << 20, Duration::from_secs(5)));
    assert!(grants.clock && !grants.random && !grants.is_pure());
    assert_eq!(format!("{:?}", plugin.columns), r#"Some(These(["text", "lang"]))"#);
    assert!(plugin.endless && !plugin.pin);
    assert_eq!((plugin.load.component_bytes, plugin.load.compile_time), (256 << 20, Duration::from_secs(600)));
    assert_eq!(plugin.limits.table_elements, Some(10_000));
    let text = pipeline.plugin("text").unwrap();
    assert!(text.pin && Capability::ALL.iter().all(|capability| !text.grants.has(*capability)));
}

#[test]
fn the_nearest_limit_counts() {
    let pipeline = load(&["a.limits.output=1MiB", "limits.time=5s", "b.on-error=fail"]);
    let outer = pipeline.limits.over(Limits::default());
    assert_eq!((outer.memory_bytes, outer.time, outer.log_bytes), (512 << 20, Duration::from_secs(5), 4096));
    assert_eq!((outer.rejected_rows, outer.instances), (Some(0), Some(2)));
    let [a, b] = ["a", "b"].map(|id| pipeline.step(id).unwrap());
    let inner = a.limits.over(pipeline.plugin("./quality.wasm").unwrap().limits.over(outer));
    assert_eq!((inner.memory_bytes, inner.table_elements, inner.output_bytes), (1 << 30, 10_000, 1 << 20));
    assert_eq!((pipeline.on_error, a.on_error, a.retries), (OnError::Quarantine, Some(OnError::Skip), Some(2)));
    assert_eq!((b.on_error, b.retries, pipeline.seed), (Some(OnError::Fail), None, 7));
}

#[test]
fn variables_are_looked_up_once_and_never_shown() {
    let mut pipeline = load(&["plugins../quality.wasm.pin=true", "plugins.text.columns=[a]"]);
    let granted = |pipeline: &Pipeline| pipeline.plugin("./quality.wasm").unwrap().grants.env.clone().unwrap().0;
    let expected = [("API_BASE".to_owned(), "https://api".to_owned())];
    assert_eq!(granted(&pipeline), expected);
    pipeline.set("on-error=skip").unwrap();
    assert_eq!(granted(&pipeline), expected);
    assert!(pipeline.plugin("./quality.wasm").unwrap().pin);
    assert_eq!(format!("{:?}", pipeline.plugin("text").unwrap().columns), r#"Some(These(["a"]))"#);
    let all = format!("{pipeline:?}");
    assert!(all.contains("API_BASE") && !all.contains("https://api\""), "{all}");
    assert_eq!(pipeline.redact("it asks https://api for it"), "it asks *** for it");
    let none = Pipeline::parse("p.yaml", PIPELINE).unwrap();
    assert_eq!(granted(&none), []);
}

#[test]
fn paths_of_plugins_go_with_those_of_their_steps() {
    let mut pipeline = load(&[]);
    pipeline.map_paths(|path| format!("/home/{path}"));
    let plugin = pipeline.plugin("/home/./quality.wasm").unwrap();
    let Action::Use(uses) = &pipeline.steps[0].action else { panic!() };
    assert_eq!(uses.plugin, plugin.name);
    assert_eq!(plugin.grants.files.as_ref().unwrap()[0].path, Path::new("/home/lexicon"));
    assert!(pipeline.plugin("text").is_some());
}

#[test]
fn parameters_stand_in_limits_and_grants() {
    let text = "params: { time: 5 s, folders: [a, b], hosts: [h.example], level: warn, n: 3, way: skip }\n\
                limits: { time: $(time), output-rows: $(n), memory: \"$(n) MiB\" }\non-error: $(way)\n\
                plugins: { x.wasm: { grants: { log: $(level), files: $(folders), http: { hosts: $(hosts) } } } }\n\
                steps: [{ id: a, use: x.wasm/y, retries: $(n) }]";
    let pipeline = Pipeline::parse("p", text).unwrap_or_else(|error| panic!("{}", shown(&error)));
    let limits = pipeline.limits;
    assert_eq!(
        (limits.time, limits.output_rows, limits.memory),
        (Some(Duration::from_secs(5)), Some(3), Some(3 << 20))
    );
    assert_eq!((pipeline.on_error, pipeline.steps[0].retries), (OnError::Skip, Some(3)));
    let grants = &pipeline.plugin("x.wasm").unwrap().grants;
    assert_eq!((grants.log, grants.files.as_ref().unwrap().len()), (Some(LogLevel::Warn), 2));
    assert_eq!(grants.http.as_ref().unwrap()[0].hosts[0].name, "h.example");
}

#[test]
fn bad_plugins_and_limits() {
    let steps = "\nsteps: [{id: a, use: x.wasm/y}]";
    let run = |text: &str| match Pipeline::parse("p.yaml", &format!("{text}{steps}")) {
        Ok(pipeline) => format!("no error: {pipeline:?}"),
        Err(error) => shown(&error),
    };
    let failures = failures(BAD, run);
    assert!(failures.is_empty(), "{failures}");
}

/// What stands before `steps`, and the error.
const BAD: &[(&str, &str)] = &[
    ("limits: { memory: 0 }", "1:19: must be 64.0 KiB to 16.0 GiB"),
    ("limits: { memory: 1 }", "1:19: must be 64.0 KiB to 16.0 GiB"),
    ("limits: { memory: 99 EiB }", "1:19: must be 64.0 KiB to 16.0 GiB"),
    (
        "limits: { memory: much }",
        "1:19: `much` is not a size (a size is a number and a unit, as in `512 MiB` or `64 kB`, or a number of bytes)",
    ),
    (
        "limits: { memory: -5 MiB }",
        "1:19: `-5 MiB` is not a size (a size is a number and a unit, as in `512 MiB` or `64 kB`, or a number of bytes)",
    ),
    ("limits: { memory: [1] }", "1:19: expected text, found a list"),
    (
        "limits: { time: 10 }",
        "1:17: `10` is not a time (a time is a number and a unit, as in `10 s`, `500 ms` or `5 min`)",
    ),
    (
        "limits: { time: 0 }",
        "1:17: `0` is not a time (a time is a number and a unit, as in `10 s`, `500 ms` or `5 min`)",
    ),
    ("limits: { time: 0 s }", "1:17: must be 10 ms to 7 days"),
    ("limits: { time: 900 years }", "1:17: must be 10 ms to 7 days"),
    (
        "limits: { time: off }",
        "1:17: a time limit is switched off for a plugin by name (write it under `plugins:`, as in `plugins: { ./my.wasm: { limits: { time: off } } }`)",
    ),
    (
        "limits: { component: 1 MiB }",
        "1:22: `component` is a limit of a plugin, not of its steps (write it under `plugins:`, as in `plugins: { ./my.wasm: { limits: { component: … } } }`)",
    ),
    ("limits: { output-rows: 0 }", "1:24: must be 1 to 4294967295"),
    ("limits: { output-rows: many }", "1:24: expected a whole number, found the text `many`"),
    ("limits: { instances: 5000 }", "1:22: must be 1 to 1024"),
    ("limits: { table-elements: 100001 }", "1:27: must be 1 to 100000"),
    ("limits: { log: 0 }", "1:16: must be 1 B to 64.0 MiB"),
    ("limits: { memroy: 1 GiB }", "1:11: unknown key `memroy` (did you mean `memory`?)"),
    ("limits: 5", "1:9: expected a table, found the number 5"),
    ("on-error: ignore", "1:11: unknown value `ignore` (one of: `fail`, `quarantine`, `skip`)"),
    ("seed: x", "1:7: expected a whole number, found the text `x`"),
    ("plugins: { y.wasm: {} }", "1:12: no step uses the plugin `y.wasm` (did you mean `x.wasm`?)"),
    ("plugins: { text: {} }", "1:12: no step uses the plugin `text` (the steps use: `x.wasm`)"),
    ("plugins: { x.wasm: {}, x.wasm: {} }", "1:24: the key `x.wasm` stands twice"),
    ("plugins: { x.wasm: }", "1:18: expected a table, found nothing"),
    ("plugins: { x.wasm: { grant: {} } }", "1:22: unknown key `grant` (did you mean `grants`?)"),
    (
        "plugins: { x.wasm: { grants: { network: true } } }",
        "1:32: unknown key `network` (known keys: `log`, `files`, `http`, `env`, `clock`, `random`, `llm`, `embedding`)",
    ),
    (
        "plugins: { x.wasm: { grants: { log: loud } } }",
        "1:37: plugin `x.wasm`: unknown level `loud` (the levels are: `debug`, `info`, `warn`, `error`)",
    ),
    ("plugins: { x.wasm: { grants: { clock: now } } }", "1:39: expected `true` or `false`, found the text `now`"),
    ("plugins: { x.wasm: { grants: { files: true } } }", "1:39: expected a list or a table, found `true`"),
    (
        "plugins: { x.wasm: { grants: { files: [..] } } }",
        "1:40: plugin `x.wasm`: `..` does not say what the plugin calls it (write `{ path: …, as: NAME }`)",
    ),
    (
        "plugins: { x.wasm: { grants: { files: [{ path: a, as: b/../.. }] } } }",
        "1:55: plugin `x.wasm`: `b/../..` cannot be a folder's name for a plugin (a name is as in `lexicon` or `data/words`)",
    ),
    (
        "plugins: { x.wasm: { grants: { files: [{ path: a, as: /b }] } } }",
        "1:55: plugin `x.wasm`: `/b` cannot be a folder's name for a plugin (a name is as in `lexicon` or `data/words`)",
    ),
    (
        "plugins: { x.wasm: { grants: { files: { read: [a], write: [b/a] } } } }",
        "1:60: plugin `x.wasm`: two folders have the name `a` (`write` includes reading; two folders are told apart by `{ path: …, as: NAME }`)",
    ),
    ("plugins: { x.wasm: { grants: { files: [\"\"] } } }", "1:40: plugin `x.wasm`: the path is empty"),
    (
        "plugins: { x.wasm: { grants: { http: [\"ftp://a\"] } } }",
        "1:39: plugin `x.wasm`: `ftp://a`: `ftp` is neither `https` nor `http` (a host is as in `api.example.com`, `*.example.com`, `example.com:8443` or `http://localhost:8080`)",
    ),
    (
        "plugins: { x.wasm: { grants: { http: [\"a.b/c\"] } } }",
        "1:39: plugin `x.wasm`: `a.b/c`: a host has no path and no user; write `example.com` or `example.com:8443` (a host is as in `api.example.com`, `*.example.com`, `example.com:8443` or `http://localhost:8080`)",
    ),
    (
        "plugins: { x.wasm: { grants: { http: [\"a:0\"] } } }",
        "1:39: plugin `x.wasm`: `a:0`: the port is a number from 1 to 65535 (a host is as in `api.example.com`, `*.example.com`, `example.com:8443` or `http://localhost:8080`)",
    ),
    ("plugins: { x.wasm: { grants: { http: { hosts: [] } } } }", "1:47: plugin `x.wasm`: no host is named"),
    ("plugins: { x.wasm: { grants: { http: {} } } }", "1:38: the key `hosts` is missing"),
    (
        "plugins: { x.wasm: { grants: { http: { hosts: [a], methods: [CONNECT] } } } }",
        "1:62: plugin `x.wasm`: unknown method `CONNECT` (the methods are: `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`)",
    ),
    (
        "plugins: { x.wasm: { grants: { http: { hosts: [a], response: 0 } } } }",
        "1:62: plugin `x.wasm`: must be 1 B to 4.0 GiB",
    ),
    (
        "plugins: { x.wasm: { grants: { env: [A=b] } } }",
        "1:38: plugin `x.wasm`: `A=b` cannot be a variable's name (name variables of the environment, without their values)",
    ),
    ("plugins: { x.wasm: { grants: { env: [A, A] } } }", "1:41: plugin `x.wasm`: the variable `A` stands twice"),
    (
        "plugins: { x.wasm: { columns: text } }",
        "1:31: plugin `x.wasm`: expected `all` or a list of columns (one column is a list too: `columns: [text]`)",
    ),
    ("plugins: { x.wasm: { columns: [a, a] } }", "1:35: plugin `x.wasm`: the column `a` stands twice"),
    ("plugins: { x.wasm: { limits: { component: 1 } } }", "1:43: plugin `x.wasm`: must be 1.0 KiB to 4.0 GiB"),
];

#[test]
fn what_goes_with_a_plugins_step_alone() {
    let run = |text: &str| match Pipeline::parse("p.yaml", text) {
        Ok(pipeline) => format!("no error: {pipeline:?}"),
        Err(error) => shown(&error),
    };
    let cases: &[(&str, &str)] = &[
        (
            "steps: [{id: a, where: x, limits: {time: 1 s}}]",
            "1:35: step `a`: `limits` goes with `use`, not with `where`",
        ),
        ("steps: [{id: a, where: x, on-error: skip}]", "1:37: step `a`: `on-error` goes with `use`, not with `where`"),
        ("steps: [{id: a, source: x.csv, retries: 1}]", "1:41: step `a`: `retries` goes with `use`, not with `source`"),
        ("steps: [{id: a, use: b/c, retries: 101}]", "1:36: step `a`: must be 0 to 100"),
        (
            "plugins: {b: {limits: {time: off}}}\nsteps: [{id: a, use: b/c, limits: {time: 1 s}}]",
            "2:42: step `a`: the time limit of the plugin `b` is off (leave it out here, or there)",
        ),
    ];
    let failures = failures(cases, run);
    assert!(failures.is_empty(), "{failures}");
}
