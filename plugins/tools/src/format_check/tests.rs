use super::*;
use crate::test_util::{reasons, texts};

const WEATHER: &str = r#"{"type": "function", "function": {"name": "weather", "description": "…", "strict": true, "parameters": {
    "type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 10},
        "unit": {"enum": ["C", "F", 1]},
        "at": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"], "additionalProperties": false},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}, "uniqueItems": true, "maxItems": 2}}}}}"#;

const ADD: &str = r#"{"name": "add", "description": "…", "parameters": {
    "a": {"type": "int", "description": "…"}, "b": {"type": "List[float], optional", "description": "…"},
    "type": {"type": "str", "description": "…", "default": "plain"}}}"#;

fn run(answers: &[&str]) -> test::TestOutput {
    let tools: Vec<Option<&[Option<&str>]>> = answers.iter().map(|_| Some(&[Some(WEATHER), Some(ADD)][..])).collect();
    let batch = test::batch().utf8("answers", answers.iter().map(|text| Some(*text)));
    test::run::<FormatCheck>("{}", batch.column("tools", texts(&tools))).unwrap()
}

#[test]
fn calls_that_fit_are_kept() {
    let good = [
        r#"[{"name": "weather", "arguments": {"city": "Rome"}}]"#,
        r#"[{"name": "weather", "arguments": {"city": "Rome", "days": 3.0, "unit": 1.0, "at": {"lat": 41.9}, "tags": ["a", null]}}]"#,
        r#"[{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": {"a": 2, "b": [0.5, 1], "type": "x"}}]"#,
        r#"[{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}]"#,
    ];
    let output = run(&good);
    assert_eq!(output.values::<Utf8>("reason"), [None; 4]);
    assert_eq!(output.values::<Bool>("keep_row_after_format_check"), [Some(true); 4]);
}

#[test]
fn calls_that_do_not_fit_are_told() {
    let weather = |arguments: &str| format!(r#"[{{"name": "weather", "arguments": {{{arguments}}}}}]"#);
    let of = |arguments: &str, why: &str| (weather(arguments), format!("call 1: {why}"));
    let bad = [
        ("Rome".to_owned(), "`answers` is no JSON: no JSON at byte 0".to_owned()),
        ("{}".to_owned(), "the calls are no list".to_owned()),
        ("[]".to_owned(), "there is no call".to_owned()),
        (r#"[{"name": "weather"}]"#.to_owned(), "call 1: there are no `arguments`".to_owned()),
        (
            r#"[{"name": "add", "arguments": {"a": 1}}, {"name": "sum", "arguments": {}}]"#.to_owned(),
            "call 2: there is no function `sum`; there are `weather`, `add`".to_owned(),
        ),
        (r#"[{"name": "add", "arguments": {"b": []}}]"#.to_owned(), "call 1: the call of `add` has no `a`".to_owned()),
        (
            r#"[{"name": "add", "arguments": {"a": 1, "b": ["x"]}}]"#.to_owned(),
            "call 1: `b` of the call of `add` is [\"x\"]; it must be List[float], optional".to_owned(),
        ),
        of("", "the call of `weather` has no `city`"),
        of(r#""city": "Rome", "town": 1"#, "`weather` takes no argument `town`"),
        of(r#""city": 1"#, "`city` of the call of `weather` is 1; it must be string"),
        of(r#""city": """#, "`city` of the call of `weather` is \"\"; it must be at least 1 characters"),
        of(r#""city": "R", "days": 1.5"#, "`days` of the call of `weather` is 1.5; it must be integer"),
        of(r#""city": "R", "days": 11"#, "`days` of the call of `weather` is 11; it must be at most 10"),
        of(
            r#""city": "R", "unit": "K""#,
            "`unit` of the call of `weather` is \"K\"; it must be one of [\"C\",\"F\",1]",
        ),
        of(r#""city": "R", "at": {}"#, "`at` of the call of `weather` has no `lat`"),
        of(r#""city": "R", "at": {"lat": 1, "x": 1}"#, "`x` of `at` of the call of `weather` is not allowed"),
        of(
            r#""city": "R", "tags": ["a", 1]"#,
            "item 2 of `tags` of the call of `weather` is 1; it must be string or null",
        ),
        of(
            r#""city": "R", "tags": ["a", "a"]"#,
            "`tags` of the call of `weather` is [\"a\",\"a\"]; it has an item twice",
        ),
    ];
    let calls: Vec<&str> = bad.iter().map(|(call, _)| call.as_str()).collect();
    let output = run(&calls);
    let expected: Vec<_> = bad.iter().map(|(_, why)| Some(why.as_str())).collect();
    assert_eq!(output.values::<Utf8>("reason"), expected);
    assert_eq!(output.values::<Bool>("keep_row_after_format_check"), vec![Some(false); bad.len()]);
    assert_eq!(reasons(&output), [""; 0]);
}

#[test]
fn what_cannot_be_checked_is_rejected() {
    let with = |schema: &str| {
        format!(r#"[{{"name": "f", "parameters": {{"type": "object", "properties": {{"a": {schema}}}}}}}]"#)
    };
    let tools = [
        (None, "`tools` is null"),
        (Some("f(x)".to_owned()), "`tools` is no JSON: no JSON at byte 0"),
        (Some(r#"[{"name": "f"}, {"title": "g"}]"#.to_owned()), "`tools`, definition 2: there is no `name`"),
        (
            Some(with(r#"{"type": "string", "pattern": "^a"}"#)),
            "`tools`, definition 1: the `parameters` of `f` have `pattern: \"^a\"`, which `format-check` does not know",
        ),
        (
            Some(with(r#"{"type": "list", "items": {"type": "Foo"}}"#)),
            "`tools`, definition 1: the `parameters` of `f` have the type `\"Foo\"`, which `format-check` does not know",
        ),
        (
            Some(r#"{"name": "f", "parameters": 3}"#.to_owned()),
            "`tools`, definition 1: the `parameters` of `f` are no object",
        ),
    ];
    let batch = test::batch()
        .utf8("answers", tools.iter().map(|_| Some("[]")))
        .utf8("tools", tools.iter().map(|(text, _)| text.as_deref()));
    let output = test::run::<FormatCheck>("{}", batch).unwrap();
    let expected: Vec<_> = tools.iter().enumerate().map(|(row, (_, why))| format!("{row}: {why}")).collect();
    assert_eq!(reasons(&output), expected);
    assert_eq!(output.values::<Bool>("keep_row_after_format_check"), [None; 6]);
    let batch = test::batch().utf8("answers", [None::<&str>]).utf8("tools", [Some("[]")]);
    assert_eq!(reasons(&test::run::<FormatCheck>("{}", batch).unwrap()), ["0: `answers` is null"]);
}

#[test]
fn schemas_are_combined() {
    let tools = r#"[{"name": "f", "parameters": {"type": "object", "additionalProperties": {"type": "integer"}, "properties": {
        "a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        "c": {"allOf": [{"minimum": 1}, {"exclusiveMaximum": 3}]}, "d": {"not": {"const": {"x": 1, "y": 2}}},
        "e": {"type": "string", "nullable": true}, "f": false}}}]"#;
    let cases = [
        (r#""a": null, "b": 1.5, "c": 2, "d": 1, "e": null, "g": 7"#, None),
        (r#""a": 1"#, Some("`a` of the call of `f` is 1; no `anyOf` fits")),
        (r#""b": 1"#, Some("`b` of the call of `f` is 1; it must fit one of `oneOf` and no other")),
        (r#""c": 3"#, Some("`c` of the call of `f` is 3; it must be less than 3")),
        (
            r#""d": {"y": 2.0, "x": 1}"#,
            Some("`d` of the call of `f` is {\"y\":2.0,\"x\":1}; `not` says that it must not be"),
        ),
        (r#""g": "7""#, Some("`g` of the call of `f` is \"7\"; it must be integer")),
        (r#""f": 1"#, Some("`f` of the call of `f` is not allowed")),
    ];
    let calls = cases.map(|(arguments, _)| format!(r#"[{{"name": "f", "arguments": {{{arguments}}}}}]"#));
    let batch = test::batch()
        .utf8("answers", calls.iter().map(|call| Some(call.as_str())))
        .utf8("tools", calls.iter().map(|_| Some(tools)));
    let output = test::run::<FormatCheck>("{}", batch).unwrap();
    let expected = cases.map(|(_, why)| why.map(|why| format!("call 1: {why}")));
    assert_eq!(output.values::<Utf8>("reason"), expected.each_ref().map(|why| why.as_deref()));
}
