use serde_json::Value;

use super::*;

pub(super) const PIPELINE: &str = "\
name: corpus-$(lang)
batch-rows: $(rows)
dataset: { folder: 'out/$(lang)', test: $(share) }
params:
  lang: en
  rows: 100
  share: 0.5
  flag: true
  tags: [a, 7]
  size: { type: int, default: 3, min: 1, max: 9, description: How many., env: SIZE }
  form: { one-of: [nfc, nfkc], default: nfc }
  token: { secret: true, env: TOKEN }
steps:
  - id: read
    source: { rows: [{ text: '$(lang)', n: $(size), all: $(tags) }] }
  - id: keep
    where: lang = '$(lang)' and n > $(size) and cost = '$$(5)' and $5
  - id: call
    use: web/pages
    with: { token: $(token), auth: Bearer $(token), form: \"$(form)\", flag: $(flag), share: $(share), \"x-$(lang)\": $(rows) }
  - id: columns
    select: $(tags)
";

fn run(text: &str, settings: &Settings<'_>) -> String {
    match Pipeline::parse_with_settings("p.yaml", text, settings) {
        Ok(pipeline) => format!("no error: {:?}", pipeline.steps),
        Err(error) => format!("{} {}", error.source_code.name(), shown(&error)),
    }
}

fn set<'a>(arguments: &[&'a str]) -> Settings<'a> {
    Settings { set: arguments.to_vec(), ..Settings::default() }
}

fn with(pipeline: &Pipeline) -> Value {
    let Action::Use(uses) = &pipeline.step("call").unwrap().action else { panic!() };
    uses.parameters()
}

#[test]
fn values_take_their_places() {
    let pipeline = Pipeline::parse_with("p.yaml", PIPELINE, ["token=12", "size=5"]).unwrap();
    assert_eq!((pipeline.name.as_str(), pipeline.batch_rows), ("corpus-en", Some(100)));
    let dataset = pipeline.dataset.as_ref().unwrap();
    assert_eq!((dataset.folder.as_str(), dataset.test), ("out/en", Some(0.5)));
    let Action::Source(source) = &pipeline.steps[0].action else { panic!() };
    assert_eq!(source.rows.as_ref().unwrap().value, [json!({ "text": "en", "n": 5, "all": ["a", 7] })]);
    let Action::Where(text) = &pipeline.steps[1].action else { panic!() };
    assert_eq!(text.value, "lang = 'en' and n > 5 and cost = '$(5)' and $5");
    assert_eq!(
        with(&pipeline),
        json!({ "token": "12", "auth": "Bearer 12", "form": "nfc", "flag": true, "share": 0.5, "x-en": 100 })
    );
    assert!(matches!(&pipeline.steps[3].action, Action::Select(columns) if columns[1].value == "7"));
    // What was a reference has its place.
    assert_eq!(shown(&pipeline.error(pipeline.place_within(text, 3..4), "m", "l", None)), "17:12: m");
}

#[test]
fn the_first_to_say_is_heard() {
    let env = |name: &str| match name {
        "SIZE" => Some("7".to_owned()),
        "TOKEN" => Some("from-env".to_owned()),
        other => panic!("{other} was looked up"),
    };
    let file = Some(("p.json", r#"{"size": 8, "token": "from-file", "tags": ["z"]}"#));
    let read = |settings: Settings<'_>| {
        let pipeline = Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings).unwrap();
        let of = |name: &str| {
            let param = pipeline.params.iter().find(|param| param.name.value == name).unwrap();
            format!("{} by {}", param.value, param.origin)
        };
        format!("{}, {}, {}", of("size"), of("token"), of("tags"))
    };
    let none = Settings::default();
    let default = r#"["a",7] by the default"#;
    for (settings, expected) in [
        (Settings { set: vec!["token=t"], ..none.clone() }, format!("3 by the default, \"t\" by --set, {default}")),
        (Settings { env: Some(&env), ..none.clone() }, format!("7 by $SIZE, \"from-env\" by $TOKEN, {default}")),
        (
            Settings { env: Some(&env), params_file: file, ..none.clone() },
            "8 by the parameter file, \"from-file\" by the parameter file, [\"z\"] by the parameter file".into(),
        ),
        (
            Settings { env: Some(&env), params_file: file, set: vec!["size=9", "params.token=", "tags=[b]", "size=1"] },
            "1 by --set, \"\" by --set, [\"b\"] by --set".into(),
        ),
    ] {
        assert_eq!(read(settings), expected);
    }
    // What was given stays given.
    let settings = Settings { env: Some(&env), params_file: file, ..none };
    let mut pipeline = Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings).unwrap();
    pipeline.set_all(["size=2", "keep.where=n = $(size)"]).unwrap();
    assert!(matches!(&pipeline.steps[1].action, Action::Where(text) if text.value == "n = 2"));
    assert_eq!(with(&pipeline)["auth"], "Bearer from-file");
    assert!(pipeline.set("size=99").is_err());
    assert_eq!(pipeline.params[5].value, 2);
}

#[test]
fn texts_are_taken_as_they_stand() {
    let text = "params: {t: ''}\nsteps: [{id: call, use: t/x, with: {v: $(t)}}]";
    for (argument, expected) in [
        ("t=", ""),
        ("t=007", "007"),
        ("t=true", "true"),
        ("t=null", "null"),
        ("t=[a-z]+ # {", "[a-z]+ # {"),
        ("t='a''b'", "a'b"),
        ("t='a' = b", "'a' = b"),
        ("t=a=b", "a=b"),
        ("t=$(t)$$(", "$(t)$$("),
        ("params.t=x", "x"),
    ] {
        let pipeline = Pipeline::parse_with("p", text, [argument]).unwrap();
        assert_eq!(with(&pipeline), json!({ "v": expected }), "{argument}");
    }
    // Without parameters nothing is a reference.
    for params in ["", "params: {}\n"] {
        let text = format!("{params}steps: [{{id: call, use: t/x, with: {{v: '$(a', w: $$(x), x: $(y)}}}}]");
        assert_eq!(with(&Pipeline::parse("p", &text).unwrap()), json!({ "v": "$(a", "w": "$$(x)", "x": "$(y)" }));
    }
}

#[test]
fn bad_declarations() {
    let failures = failures(DECLARATIONS, |declaration| {
        run(&format!("params: {declaration}\nsteps: [{{id: a, where: x}}]"), &Settings::default())
    });
    assert!(failures.is_empty(), "{failures}");
}

/// What stands behind `params: `, and error.
const DECLARATIONS: &[(&str, &str)] = &[
    ("[a]", "p.yaml 1:9: expected a table, found a list"),
    ("", "p.yaml 1:7: expected a table, found nothing"),
    ("{a b: 1}", "p.yaml 1:10: the parameter `a b`: a parameter's name has letters, digits, `_` and `-`"),
    (
        "{a: }",
        "p.yaml 1:11: the parameter `a`: expected a default value, found nothing (where it has none, write a table, as in `{ type: text }`)",
    ),
    ("{a: [[1]]}", "p.yaml 1:14: the parameter `a`: expected text, a number, `true` or `false`"),
    ("{a: {typ: int}}", "p.yaml 1:14: the parameter `a`: unknown key `typ` (did you mean `type`?)"),
    (
        "{a: {type: number}}",
        "p.yaml 1:20: the parameter `a`: unknown value `number` (one of: `text`, `int`, `float`, `bool`, `list`)",
    ),
    ("{a: {type: int, default: x}}", "p.yaml 1:34: the parameter `a`: expected a whole number, found the text `x`"),
    ("{a: {type: int, default: 1.5}}", "p.yaml 1:34: the parameter `a`: expected a whole number, found the number 1.5"),
    (
        "{a: {type: bool, default: 'true'}}",
        "p.yaml 1:35: the parameter `a`: expected `true` or `false`, found the text `true`",
    ),
    ("{a: {type: list, default: x}}", "p.yaml 1:35: the parameter `a`: expected a list, found the text `x`"),
    ("{a: {type: float, default: x}}", "p.yaml 1:36: the parameter `a`: expected a number, found the text `x`"),
    ("{a: {default: 0, min: 1}}", "p.yaml 1:23: the parameter `a`: 0 is too small: it is 1 or more"),
    ("{a: {default: 2.5, max: 2}}", "p.yaml 1:23: the parameter `a`: 2.5 is too large: it is 2 or less"),
    ("{a: {default: 1, min: 3, max: 2}}", "p.yaml 1:39: the parameter `a`: `max` is less than `min`"),
    ("{a: {default: x, min: 3}}", "p.yaml 1:31: the parameter `a`: `min` goes with `int` and `float`"),
    ("{a: {default: x, min: y}}", "p.yaml 1:31: the parameter `a`: expected a number, found the text `y`"),
    (
        "{a: {default: nfd, one-of: [nfc, zzz]}}",
        "p.yaml 1:23: the parameter `a`: it cannot be `nfd` (did you mean `nfc`?)",
    ),
    ("{a: {default: [b, c], one-of: [b]}}", "p.yaml 1:23: the parameter `a`: it cannot be `c` (it is one of: `b`)"),
    (
        "{a: {default: 1, one-of: [1, x]}}",
        "p.yaml 1:38: the parameter `a`: expected a whole number, found the text `x`",
    ),
    ("{a: {one-of: []}}", "p.yaml 1:22: the parameter `a`: `one-of` names no value"),
    ("{a: {default: 1, env: 'A=B'}}", "p.yaml 1:31: the parameter `a`: `A=B` cannot be a variable's name"),
    ("{a: {type: int, secret: true}}", "p.yaml 1:20: the parameter `a`: a secret is text"),
    (
        "{a: {env: A}}",
        "p.yaml 1:10: the parameter `a`: it has no value (give it with `--set a=…`, in a parameter file as `a: …`, in the variable `A`, or as its `default:`)",
    ),
    (
        "{name: {type: int}}",
        "p.yaml 1:10: the parameter `name`: it has no value (give it with `--set params.name=…`, in a parameter file as `name: …`, or as its `default:`)",
    ),
    (
        "{a: {secret: true}}",
        "p.yaml 1:10: the parameter `a`: it has no value (give it with `--set a=…`, in a parameter file as `a: …`)",
    ),
    (
        "{a: {secret: true, default: hunter2}}",
        "p.yaml 1:37: the parameter `a`: a secret does not stand in a pipeline file (leave it out here, and give it with `env:`, in a parameter file or with `--set`)",
    ),
];

#[test]
fn bad_values() {
    let failures = failures(VALUES, |argument| run(PIPELINE, &set(&["token=hunter2", argument])));
    assert!(failures.is_empty(), "{failures}");
}

/// Argument and error.
const VALUES: &[(&str, &str)] = &[
    ("size=x", "--set 1:6: the parameter `size`: expected a whole number, found the text `x`"),
    ("size='5'", "--set 1:6: the parameter `size`: expected a whole number, found the text `5`"),
    ("size=0", "--set 1:6: the parameter `size`: 0 is too small: it is 1 or more"),
    ("size=", "--set 1:6: the parameter `size`: expected a whole number, found the text ``"),
    ("params.size=10", "--set 1:13: the parameter `size`: 10 is too large: it is 9 or less"),
    ("form=nfd", "--set 1:6: the parameter `form`: it cannot be `nfd` (did you mean `nfc`?)"),
    ("tags=a", "--set 1:6: the parameter `tags`: expected a list, found the text `a`"),
    ("tags=[a, {b: c}]", "--set 1:10: the parameter `tags`: expected text, a number, `true` or `false`"),
    ("tags=[a", "--set 1:6: the parameter `tags`: not YAML: unclosed bracket '['"),
    ("params.siez=1", "--set 1:8: no parameter has the name `siez` (did you mean `size`?)"),
    ("siez=1", "--set 1:1: unknown key `siez` (did you mean `size`?)"),
    ("params={}", "--set 1:1: `params` cannot be set (set each by its name: `name=value`)"),
    (
        "params.size.min=0",
        "--set 1:8: a parameter's value can be set, and nothing else of it (write `params.size=value`)",
    ),
    (
        "keep.where=x = $(lagn)",
        "--set 1:16: step `keep`: no parameter has the name `lagn` (did you mean `lang`?; write `$$(` where `$(` itself is meant)",
    ),
];

#[test]
fn bad_references() {
    let failures = failures(REFERENCES, |value| {
        run(&format!("params: {{lang: en, list: [a]}}\nsteps:\n- id: a\n  where: {value}"), &Settings::default())
    });
    assert!(failures.is_empty(), "{failures}");
    let file = "params: {a: b}\nsteps: [{id: s, use: t/x, with: {$(a): 1, b: 2}}]";
    assert_eq!(run(file, &Settings::default()), "p.yaml 2:43: step `s`: the key `b` stands twice");
    // Many references to a long value.
    let long = "x".repeat(1 << 20);
    let text = format!("params: {{a: {long}}}\nsteps: [{{id: s, where: '{}'}}]", "$(a)".repeat(100_000));
    assert!(run(&text, &Settings::default()).contains("the parameters' values come to more than 16 MiB"));
}

/// An expression and error.
const REFERENCES: &[(&str, &str)] = &[
    (
        "$(lagn)",
        "p.yaml 4:10: step `a`: no parameter has the name `lagn` (did you mean `lang`?; write `$$(` where `$(` itself is meant)",
    ),
    (
        "x = '$(zz)'",
        "p.yaml 4:15: step `a`: no parameter has the name `zz` (the parameters are: `lang`, `list`; write `$$(` where `$(` itself is meant)",
    ),
    ("x = $(lang", "p.yaml 4:14: step `a`: `$(` without `)` (write `$$(` where `$(` itself is meant)"),
    (
        "$()",
        "p.yaml 4:10: step `a`: no parameter has the name `` (the parameters are: `lang`, `list`; write `$$(` where `$(` itself is meant)",
    ),
    (
        "x in $(list)",
        "p.yaml 4:15: step `a`: the parameter `list` is a list, and no list fits in a text (a value that is `$(list)` and no more is the list)",
    ),
    ("$(list)", "p.yaml 4:10: step `a`: expected text, found a list"),
    ("[$(lang)]", "p.yaml 4:10: step `a`: expected text, found a list"),
];

#[test]
fn bad_files_of_parameters() {
    let failures = failures(FILES, |text| {
        let settings = Settings { params_file: Some(("v.yaml", text)), set: vec!["token=hunter2"], env: None };
        run(PIPELINE, &settings)
    });
    assert!(failures.is_empty(), "{failures}");
    let large = " ".repeat(MAX_BYTES + 1);
    let settings = Settings { params_file: Some(("v.yaml", &large)), ..Settings::default() };
    assert_eq!(run(PIPELINE, &settings), "v.yaml 1:1: larger than 4 MiB, too large for a parameter file");
    let settings = Settings { params_file: Some(("v.yaml", "x: 1")), ..Settings::default() };
    let none = "v.yaml 1:1: no parameter has the name `x` (the pipeline declares none: they stand under `params:`)";
    assert_eq!(run("steps: [{id: a, where: x}]", &settings), none);
    let settings = Settings { params_file: Some(("v.yaml", "# nothing yet\n")), set: vec!["token=t"], env: None };
    assert!(run(PIPELINE, &settings).starts_with("no error"));
}

/// Parameter file and error.
const FILES: &[(&str, &str)] = &[
    ("size: 4\nlnag: de", "v.yaml 2:1: no parameter has the name `lnag` (did you mean `lang`?)"),
    ("lang: de\nsize: big", "v.yaml 2:7: the parameter `size`: expected a whole number, found the text `big`"),
    (r#"{"size": 10}"#, "v.yaml 1:10: the parameter `size`: 10 is too large: it is 9 or less"),
    ("lang:", "v.yaml 1:5: the parameter `lang`: expected text, found nothing"),
    ("lang: a\nlang: b", "v.yaml 1:1: line 2: the key `lang` stands twice"),
    (
        "[lang]",
        "v.yaml 1:1: line 1: expected a table of parameters and their values (write `name: value` on each line)",
    ),
];

#[test]
fn bad_variables() {
    let size = |name: &str| (name == "SIZE").then(|| "many".to_owned());
    let settings = Settings { set: vec!["token=hunter2"], env: Some(&size), params_file: None };
    let expected = "$SIZE 1:1: the parameter `size`: from `$SIZE`: expected a whole number, found the text `many`";
    assert_eq!(run(PIPELINE, &settings), expected);
}

/// No error and nothing printed shows a secret, wherever it came from and whatever is wrong.
#[test]
fn secrets_are_not_shown() {
    const SECRET: &str = "hunter2-\"ä\\-correct-horse-battery-staple-and-much-more-so-that-it-is-cut";
    let rendered = |error: &PipelineError| {
        let chars = |text: &str| text.to_owned();
        let all = [
            error.message.clone(),
            error.help.clone().unwrap_or_default(),
            error.label.clone(),
            chars(error.source_code.inner()),
            chars(error.source_code.name()),
            format!("{error:?}"),
        ];
        all.join("\n")
    };
    let clean = |text: &str, what: &str| assert!(!text.contains("hunter2"), "{what}: {text}");
    let json = serde_json::to_string(SECRET).unwrap();
    let file = format!("size: 4\ntoken: {json}\nlang: 5\n");
    let bad_file = format!("tokne: {json}\n");
    let no_file = format!("token: {json}\n}}");
    let token = format!("token={SECRET}");
    let typo = format!("tokne={SECRET}");
    let step = format!("tokne.x={SECRET}");
    let env = |name: &str| (name == "TOKEN").then(|| SECRET.to_owned());
    let by_env = Settings { env: Some(&env), ..Settings::default() };
    for (settings, breakage) in [
        (set(&[&token]), "keep.where=$(token)$(nothing)"),
        (set(&[&token]), "read.source=$(token)"),
        (set(&[&token]), "read.source={path: a, format: $(token)}"),
        (set(&[&token]), "batch-rows=$(token)"),
        (set(&[&token]), "batch-rows=x$(token)"),
        (set(&[&token]), "keep.id=xx$(token)"),
        (set(&[&token]), "keep.from=$(token)"),
        (set(&[&token]), "call.with={$(token): 1, 'x-$(token)': 2, \"$(token)\": 3}"),
        (set(&[&token, "token=other"]), "size=x"),
        (set(&[&typo]), "size=2"),
        (set(&[&token, &step]), "size=2"),
        (by_env.clone(), "dataset.format=$(token)"),
        (Settings { params_file: Some(("v", &file)), ..Settings::default() }, "columns.select=[$(token), $(token)]"),
        (Settings { params_file: Some(("v", &file)), ..Settings::default() }, "lang=[$(token)]x"),
        (Settings { params_file: Some(("v", &bad_file)), ..by_env.clone() }, "size=2"),
        (Settings { params_file: Some(("v", &no_file)), ..Settings::default() }, "size=2"),
        (Settings { params_file: Some((SECRET, "size: no")), ..by_env.clone() }, "lang=x"),
    ] {
        let mut settings = settings;
        settings.set.push(breakage);
        match Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings) {
            Ok(_) => assert!(["lang=[$(token)]x", "read.source=$(token)"].contains(&breakage), "{breakage}"),
            Err(error) => {
                shown(&error);
                clean(&rendered(&error), breakage);
            }
        }
    }
    let quoted = format!("token={json}");
    for settings in
        [set(&[&token]), set(&[&quoted]), by_env, Settings { params_file: Some(("v", &file)), ..Settings::default() }]
    {
        let pipeline = Pipeline::parse_with_settings("p.yaml", PIPELINE, &settings).unwrap();
        assert_eq!(with(&pipeline)["auth"], format!("Bearer {SECRET}"));
        clean(&format!("{pipeline:?} {pipeline:#?}"), "Debug of the pipeline");
        clean(&format!("{:?} {:#?}", pipeline.params, pipeline.params), "Debug of the parameters");
        clean(&pipeline.redact(&format!("{SECRET} {}", json!({ "token": SECRET }))), "redact");
        assert_eq!(pipeline.redact(&json!([SECRET]).to_string()), "[\"***\"]");
        assert_eq!(pipeline.source_text(), PIPELINE);
        assert_eq!(pipeline.redact("nothing of it"), "nothing of it");
        let error =
            pipeline.error(pipeline.steps[1].id.place, format!("the answer was {SECRET}"), SECRET, Some(SECRET.into()));
        assert_eq!((shown(&error).as_str(), error.label.as_str()), ("16:9: the answer was *** (***)", "***"));
    }
    // In the file it is refused, and not shown either.
    for default in
        ["default: hunter2", "one-of: [hunter2]", "type: int, default: hunter2", "defalt: 1, default: hunter2"]
    {
        let text = format!("params: {{token: {{secret: true, {default}}}}}\nsteps: [{{id: a, where: x}}]");
        clean(&rendered(&Pipeline::parse("p", &text).unwrap_err()), default);
    }
    let copied = PIPELINE.replace("corpus-$(lang)", "about hunter2");
    let pipeline = Pipeline::parse_with("p", &copied, ["token=hunter2"]).unwrap();
    clean(&pipeline.source_text(), "the text");
}

#[test]
fn hostile_parameters_are_errors() {
    let many: String = (0..2_000).map(|i| format!("  p{i}: {{secret: true, default: x{i}}}\n")).collect();
    let list: Vec<String> = (0..100_000).map(|i| i.to_string()).collect();
    for text in [
        format!("params:\n{many}steps: [{{id: a, where: x}}]"),
        format!("params: {{a: {{secret: true, default: [{}]}}}}\nsteps: [{{id: a, where: x}}]", list.join(", ")),
        format!("params: {{{}: }}\nsteps: []", "x".repeat(1 << 20)),
        format!("params: {{a: {}1{}}}\nsteps: []", "[".repeat(60), "]".repeat(60)),
    ] {
        let error = Pipeline::parse("p", &text).unwrap_err();
        assert!(error.message.len() < 400, "{}", error.message);
        shown(&error);
    }
    let text = "params: {a: {secret: true}}\nsteps: [{id: a, where: x}]";
    let file: String = (0..50_000).map(|i| format!("x{i}: y{i}\n")).collect();
    let settings = Settings { params_file: Some(("v", &file)), ..Settings::default() };
    assert_eq!(run(text, &settings), "v -: no parameter has the name `x0` (the parameters are: `a`)");
}
